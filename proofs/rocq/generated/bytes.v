(* Generated from spec/src/bytes.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
Local Open Scope Z_scope.

Definition bytes (octets : list Z) : list Z :=
  octets.

Definition bytes_ensures (octets : list Z) (result : list Z) : bool :=
  Rust.len result =? Rust.len octets.

Definition utf8 (text : list Z) : list Z :=
  bytes text.

Definition utf8_ensures (text : list Z) (result : list Z) : bool :=
  Rust.len result =? Rust.len text.

Definition empty (_ : unit) : list Z :=
  Rust.zeros 0.

Definition empty_ensures (_ : unit) (result : list Z) : bool :=
  Rust.len result =? 0.

Definition zeros (length : Z) : list Z :=
  Rust.zeros length.

Definition zeros_ensures (length : Z) (result : list Z) : bool :=
  Rust.len result =? length.

Definition single (octet : Z) : list Z :=
  bytes [octet].

Definition single_ensures (octet : Z) (result : list Z) : bool :=
  Rust.len result =? 1.

Definition concat (a : list Z) (b : list Z) : list Z :=
  a ++ b.

Definition concat_ensures (a : list Z) (b : list Z) (result : list Z) : bool :=
  Rust.len result =? (Rust.usize (Rust.len a + Rust.len b)).

Definition concat_all (parts : list (list Z)) : list Z :=
  let joined := empty tt in
  let joined := Rust.for_range 0 (Rust.len parts) (fun i joined =>
    let joined := concat joined (Rust.index parts i) in
    joined) joined in
  joined.

Definition byte_at (b : list Z) (index : Z) : option Z :=
  if index <? Rust.len b then
    Some (Rust.index b index)
  else
    None.

Definition byte_at_ensures (b : list Z) (index : Z) (result : option Z) : bool :=
  Rust.eqb (Rust.is_some result) (index <? Rust.len b).

Definition pad_with_zeros (b : list Z) (block : Z) : list Z :=
  concat b (zeros ((Rust.usize (block - (Rust.len b mod block))) mod block)).

Definition pad_with_zeros_requires (b : list Z) (block : Z) : bool :=
  0 <? block.

Definition pad_with_zeros_ensures (b : list Z) (block : Z) (result : list Z) : bool :=
  ((Rust.len result mod block) =? 0) && ((Rust.usize (Rust.len result - Rust.len b)) <? block).

Definition big_endian (value : Z) (length : Z) : list Z :=
  let result := zeros length in
  let rest := value in
  let '(result, rest) := Rust.for_range 0 length (fun i '(result, rest) =>
    let result := Rust.update result (Rust.usize ((length - 1) - i)) (Rust.u8 (Z.land rest 0xff)) in
    let rest := Z.shiftr rest 8 in
    (result, rest)) (result, rest) in
  result.

Definition big_endian_ensures (value : Z) (length : Z) (result : list Z) : bool :=
  Rust.len result =? length.

Definition from_big_endian (b : list Z) : Z :=
  let value := 0 in
  let value := Rust.for_range 0 (Rust.len b) (fun i value =>
    let value := Z.lor (Rust.u64 (Z.shiftl value 8)) (Rust.index b i) in
    value) value in
  value.

Definition equal (a : list Z) (b : list Z) : bool :=
  Rust.eqb a b.

Definition has_length (b : list Z) (length : Z) : bool :=
  Rust.len b =? length.

Definition is_range (b : list Z) (start : Z) (length : Z) : bool :=
  (start <=? Rust.len b) && (length <=? (Rust.usize (Rust.len b - start))).

Definition slice (b : list Z) (start : Z) (length : Z) : option (list Z) :=
  if is_range b start length then
    Some (Rust.slice b start length)
  else
    None.

Definition slice_ensures (b : list Z) (start : Z) (length : Z) (result : option (list Z)) : bool :=
  Rust.eqb (Rust.is_some result) (is_range b start length).

Definition min (a : Z) (b : Z) : Z :=
  if a <? b then
    a
  else
    b.

Definition prefix (b : list Z) (length : Z) : list Z :=
  Rust.slice b 0 (min length (Rust.len b)).

Definition prefix_ensures (b : list Z) (length : Z) (result : list Z) : bool :=
  Rust.len result =? min length (Rust.len b).

Definition suffix (b : list Z) (start : Z) : list Z :=
  let from := min start (Rust.len b) in
  Rust.slice b from (Rust.usize (Rust.len b - from)).

Definition suffix_ensures (b : list Z) (start : Z) (result : list Z) : bool :=
  Rust.len result =? (Rust.usize (Rust.len b - min start (Rust.len b))).

Definition xor (a : list Z) (b : list Z) : list Z :=
  let result := zeros (min (Rust.len a) (Rust.len b)) in
  let result := Rust.for_range 0 (Rust.len result) (fun i result =>
    let result := Rust.update result i (Z.lxor (Rust.index a i) (Rust.index b i)) in
    result) result in
  result.

Definition xor_ensures (a : list Z) (b : list Z) (result : list Z) : bool :=
  Rust.len result =? min (Rust.len a) (Rust.len b).
