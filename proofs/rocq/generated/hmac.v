(* Generated from spec/src/hmac.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require bytes sha256.
Local Open Scope Z_scope.

Definition IPAD : Z :=
  0x36.

Definition OPAD : Z :=
  0x5c.

Definition is_authenticable (text : list Z) : bool :=
  (Rust.u128 ((Rust.len text) + sha256.BLOCK_LENGTH)) <? (Rust.u128 (Z.shiftl 1 61)).

Definition key_block (key : list Z) : list Z :=
  let short := (if sha256.BLOCK_LENGTH <? Rust.len key then
    sha256.sha256 key
  else
    key) in
  bytes.concat short (bytes.zeros (Rust.usize (sha256.BLOCK_LENGTH - Rust.len short))).

Definition key_block_ensures (key : list Z) (k0 : list Z) : bool :=
  Rust.len k0 =? sha256.BLOCK_LENGTH.

Definition repeat (octet : Z) : list Z :=
  let block := bytes.zeros sha256.BLOCK_LENGTH in
  let block := Rust.for_range 0 sha256.BLOCK_LENGTH (fun i block =>
    let block := Rust.update block i (octet) in
    block) block in
  block.

Definition hmac_sha256 (key : list Z) (text : list Z) : list Z :=
  let k0 := key_block key in
  let inner := bytes.concat (bytes.xor k0 (repeat IPAD)) text in
  let inner_hash := sha256.sha256 inner in
  sha256.sha256 (bytes.concat_all [bytes.xor k0 (repeat OPAD); inner_hash]).

Definition hmac_sha256_requires (key : list Z) (text : list Z) : bool :=
  is_authenticable text.

Definition hmac_sha256_ensures (key : list Z) (text : list Z) (mac : list Z) : bool :=
  Rust.len mac =? sha256.DIGEST_LENGTH.
