(* Generated from spec/src/sha256.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require bytes.
Local Open Scope Z_scope.

Definition DIGEST_LENGTH : Z :=
  32.

Definition BLOCK_LENGTH : Z :=
  64.

Definition INITIAL_HASH_VALUE : list Z :=
  [0x6a09e667;
   0xbb67ae85;
   0x3c6ef372;
   0xa54ff53a;
   0x510e527f;
   0x9b05688c;
   0x1f83d9ab;
   0x5be0cd19].

Definition K : list Z :=
  [0x428a2f98;
   0x71374491;
   0xb5c0fbcf;
   0xe9b5dba5;
   0x3956c25b;
   0x59f111f1;
   0x923f82a4;
   0xab1c5ed5;
   0xd807aa98;
   0x12835b01;
   0x243185be;
   0x550c7dc3;
   0x72be5d74;
   0x80deb1fe;
   0x9bdc06a7;
   0xc19bf174;
   0xe49b69c1;
   0xefbe4786;
   0x0fc19dc6;
   0x240ca1cc;
   0x2de92c6f;
   0x4a7484aa;
   0x5cb0a9dc;
   0x76f988da;
   0x983e5152;
   0xa831c66d;
   0xb00327c8;
   0xbf597fc7;
   0xc6e00bf3;
   0xd5a79147;
   0x06ca6351;
   0x14292967;
   0x27b70a85;
   0x2e1b2138;
   0x4d2c6dfc;
   0x53380d13;
   0x650a7354;
   0x766a0abb;
   0x81c2c92e;
   0x92722c85;
   0xa2bfe8a1;
   0xa81a664b;
   0xc24b8b70;
   0xc76c51a3;
   0xd192e819;
   0xd6990624;
   0xf40e3585;
   0x106aa070;
   0x19a4c116;
   0x1e376c08;
   0x2748774c;
   0x34b0bcb5;
   0x391c0cb3;
   0x4ed8aa4a;
   0x5b9cca4f;
   0x682e6ff3;
   0x748f82ee;
   0x78a5636f;
   0x84c87814;
   0x8cc70208;
   0x90befffa;
   0xa4506ceb;
   0xbef9a3f7;
   0xc67178f2].

Definition is_hashable (message : list Z) : bool :=
  (Rust.len message) <? (Rust.u128 (Z.shiftl 1 61)).

Definition pad (message : list Z) : list Z :=
  let ended := bytes.concat_all [message; bytes.bytes [0x80]; bytes.zeros 8] in
  let zero_count := Rust.usize (Rust.len (bytes.pad_with_zeros ended BLOCK_LENGTH) - Rust.len ended) in
  let bit_length := bytes.big_endian (Rust.u64 (Z.shiftl (Rust.len message) 3)) 8 in
  bytes.concat_all [message; bytes.bytes [0x80]; bytes.zeros zero_count; bit_length].

Definition ch (x : Z) (y : Z) (z : Z) : Z :=
  Z.lxor (Z.land x y) (Z.land (Rust.u32 (Z.lnot x)) z).

Definition maj (x : Z) (y : Z) (z : Z) : Z :=
  Z.lxor (Z.lxor (Z.land x y) (Z.land x z)) (Z.land y z).

Definition big_sigma_0 (x : Z) : Z :=
  Z.lxor (Z.lxor (Rust.rotate_right_u32 x 2) (Rust.rotate_right_u32 x 13)) (Rust.rotate_right_u32 x 22).

Definition big_sigma_1 (x : Z) : Z :=
  Z.lxor (Z.lxor (Rust.rotate_right_u32 x 6) (Rust.rotate_right_u32 x 11)) (Rust.rotate_right_u32 x 25).

Definition sigma_0 (x : Z) : Z :=
  Z.lxor (Z.lxor (Rust.rotate_right_u32 x 7) (Rust.rotate_right_u32 x 18)) (Z.shiftr x 3).

Definition sigma_1 (x : Z) : Z :=
  Z.lxor (Z.lxor (Rust.rotate_right_u32 x 17) (Rust.rotate_right_u32 x 19)) (Z.shiftr x 10).

Definition message_schedule (block : list Z) : list Z :=
  let w := Rust.zeros 64 in
  let w := Rust.for_range 0 16 (fun t w =>
    let w := Rust.update w t (Rust.u32_from_be_bytes [Rust.index block (Rust.usize (4 * t));
     Rust.index block (Rust.usize ((4 * t) + 1));
     Rust.index block (Rust.usize ((4 * t) + 2));
     Rust.index block (Rust.usize ((4 * t) + 3))]) in
    w) w in
  let w := Rust.for_range 16 64 (fun t w =>
    let w := Rust.update w t (Rust.u32 ((Rust.u32 ((Rust.u32 ((sigma_1 (Rust.index w (Rust.usize (t - 2)))) + (Rust.index w (Rust.usize (t - 7))))) + (sigma_0 (Rust.index w (Rust.usize (t - 15)))))) + (Rust.index w (Rust.usize (t - 16))))) in
    w) w in
  w.

Definition compress (hash : list Z) (block : list Z) : list Z :=
  let w := message_schedule block in
  let '(a, b, c, d) := (Rust.index hash 0, Rust.index hash 1, Rust.index hash 2, Rust.index hash 3) in
  let '(e, f, g, h) := (Rust.index hash 4, Rust.index hash 5, Rust.index hash 6, Rust.index hash 7) in
  let '(h, g, f, e, d, c, b, a) := Rust.for_range 0 64 (fun t '(h, g, f, e, d, c, b, a) =>
    let t1 := Rust.u32 ((Rust.u32 ((Rust.u32 ((Rust.u32 (h + (big_sigma_1 e))) + (ch e f g))) + (Rust.index K t))) + (Rust.index w t)) in
    let t2 := Rust.u32 ((big_sigma_0 a) + (maj a b c)) in
    let h := g in
    let g := f in
    let f := e in
    let e := Rust.u32 (d + t1) in
    let d := c in
    let c := b in
    let b := a in
    let a := Rust.u32 (t1 + t2) in
    (h, g, f, e, d, c, b, a)) (h, g, f, e, d, c, b, a) in
  let working := [a; b; c; d; e; f; g; h] in
  let next := hash in
  let next := Rust.for_range 0 8 (fun i next =>
    let next := Rust.update next i (Rust.u32 ((Rust.index working i) + (Rust.index hash i))) in
    next) next in
  next.

Definition sha256 (message : list Z) : list Z :=
  let padded := pad message in
  let hash := INITIAL_HASH_VALUE in
  let hash := Rust.for_range 0 (Rust.num_exact_chunks padded BLOCK_LENGTH) (fun i hash =>
    let hash := compress hash (Rust.get_exact_chunk padded BLOCK_LENGTH i) in
    hash) hash in
  let digest := bytes.zeros DIGEST_LENGTH in
  let digest := Rust.for_range 0 8 (fun i digest =>
    let digest := Rust.set_exact_chunk digest 4 i (bytes.big_endian (Rust.index hash i) 4) in
    digest) digest in
  digest.

Definition sha256_requires (message : list Z) : bool :=
  is_hashable message.

Definition sha256_ensures (message : list Z) (digest : list Z) : bool :=
  Rust.len digest =? DIGEST_LENGTH.
