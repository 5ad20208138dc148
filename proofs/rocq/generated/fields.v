(* Generated from spec/src/fields.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require cbor.
Local Open Scope Z_scope.

Record Read (T : Type) : Type := {
  Read_value : T;
  Read_next : Z
}.
Arguments Build_Read {T}.
Arguments Read_value {T}.
Arguments Read_next {T}.

Definition read_uint (input : list Z) (at_ : Z) : Rust.result (Read Z) cbor.CborError :=
  let? (value, next) := cbor.read_uint input at_ in
  Ok {| Read_value := value; Read_next := next |}.

Definition read_int (input : list Z) (at_ : Z) : Rust.result (Read Z) cbor.CborError :=
  let? (value, next) := cbor.read_int input at_ in
  Ok {| Read_value := value; Read_next := next |}.

Definition read_bstr (input : list Z) (at_ : Z) (least : Z) (most : Z) : Rust.result (Read (list Z)) cbor.CborError :=
  let? (value, next) := cbor.read_bstr input at_ in
  if (least <=? Rust.len value) && (Rust.len value <=? most) then
    Ok {| Read_value := value; Read_next := next |}
  else
    Err cbor.CborError_Malformed.

Definition read_tstr (input : list Z) (at_ : Z) (most : Z) : Rust.result (Read (list Z)) cbor.CborError :=
  let? (value, next) := cbor.read_tstr input at_ in
  if (1 <=? Rust.len value) && (Rust.len value <=? most) then
    Ok {| Read_value := value; Read_next := next |}
  else
    Err cbor.CborError_Malformed.

Definition expect_int (input : list Z) (at_ : Z) (value : Z) : Rust.result Z cbor.CborError :=
  let major := (if value <? 0 then
    cbor.NINT
  else
    cbor.UINT) in
  let argument := (if value <? 0 then
    Rust.u64 (Z.lnot value)
  else
    Rust.u64 value) in
  let? (head, next) := cbor.read_head_of input at_ major in
  if head.(cbor.Head_argument) =? argument then
    Ok next
  else
    Err cbor.CborError_Malformed.
