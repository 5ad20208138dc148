(* Generated from spec/src/credential.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require bytes cbor error fields params primitives.
Local Open Scope Z_scope.

Section Specification.
Context {P : primitives.Primitives}.

Record CoseKey : Type := {
  CoseKey_kid : list Z;
  CoseKey_x : list Z;
  CoseKey_y : list Z
}.
Definition CoseKey_with_kid (r : CoseKey) (value : list Z) : CoseKey :=
  Build_CoseKey value r.(CoseKey_x) r.(CoseKey_y).
Definition CoseKey_with_x (r : CoseKey) (value : list Z) : CoseKey :=
  Build_CoseKey r.(CoseKey_kid) value r.(CoseKey_y).
Definition CoseKey_with_y (r : CoseKey) (value : list Z) : CoseKey :=
  Build_CoseKey r.(CoseKey_kid) r.(CoseKey_x) value.
#[global] Instance CoseKey_default : Rust.Default CoseKey := Build_CoseKey Rust.default Rust.default Rust.default.

Record Credential : Type := {
  Credential_subject : list Z;
  Credential_key : CoseKey
}.
Definition Credential_with_subject (r : Credential) (value : list Z) : Credential :=
  Build_Credential value r.(Credential_key).
Definition Credential_with_key (r : Credential) (value : CoseKey) : Credential :=
  Build_Credential r.(Credential_subject) value.
#[global] Instance Credential_default : Rust.Default Credential := Build_Credential Rust.default Rust.default.

Definition encode_key (key : CoseKey) : list Z :=
  bytes.concat_all [cbor.encode_map_head 5;
   bytes.concat_all [cbor.encode_uint 1; cbor.encode_uint 2];
   bytes.concat_all [cbor.encode_uint 2; cbor.encode_bstr key.(CoseKey_kid)];
   bytes.concat_all [cbor.encode_int (-1); cbor.encode_uint 1];
   bytes.concat_all [cbor.encode_int (-2); cbor.encode_bstr key.(CoseKey_x)];
   bytes.concat_all [cbor.encode_int (-3); cbor.encode_bstr key.(CoseKey_y)]].

Definition read_key (input : list Z) (at_ : Z) : Rust.result (fields.Read CoseKey) error.Reject :=
  let? at_ := Rust.map_err error.Reject_from (cbor.read_map_of input at_ 5) in
  let? t1 := Rust.map_err error.Reject_from (fields.expect_int input at_ 1) in
  let? at_ := Rust.map_err error.Reject_from (fields.expect_int input t1 2) in
  let? t2 := Rust.map_err error.Reject_from (fields.expect_int input at_ 2) in
  let? kid := Rust.map_err error.Reject_from (fields.read_bstr input t2 1 params.KID_MAX) in
  let? t3 := Rust.map_err error.Reject_from (fields.expect_int input kid.(fields.Read_next) (-1)) in
  let? at_ := Rust.map_err error.Reject_from (fields.expect_int input t3 1) in
  let? t4 := Rust.map_err error.Reject_from (fields.expect_int input at_ (-2)) in
  let? x := Rust.map_err error.Reject_from (fields.read_bstr input t4 32 32) in
  let? t5 := Rust.map_err error.Reject_from (fields.expect_int input x.(fields.Read_next) (-3)) in
  let? y := Rust.map_err error.Reject_from (fields.read_bstr input t5 32 32) in
  Ok {|
    fields.Read_value := {|
      CoseKey_kid := kid.(fields.Read_value);
      CoseKey_x := x.(fields.Read_value);
      CoseKey_y := y.(fields.Read_value)
    |};
    fields.Read_next := y.(fields.Read_next)
  |}.

Definition encode (credential : Credential) : list Z :=
  bytes.concat_all [cbor.encode_map_head 2;
   cbor.encode_uint 2;
   cbor.encode_tstr_bytes credential.(Credential_subject);
   cbor.encode_uint 8;
   cbor.encode_map_head 1;
   cbor.encode_uint 1;
   encode_key credential.(Credential_key)].

Definition point_of (key : CoseKey) : Rust.result primitives.p256_Point error.Reject :=
  Rust.or (primitives.p256_point key.(CoseKey_x) key.(CoseKey_y)) (Err error.Reject_InvalidPoint).

Definition parse (input : list Z) : Rust.result Credential error.Reject :=
  let? at_ := Rust.map_err error.Reject_from (cbor.read_map_of input 0 2) in
  let? t1 := Rust.map_err error.Reject_from (fields.expect_int input at_ 2) in
  let? subject := Rust.map_err error.Reject_from (fields.read_tstr input t1 params.NAME_MAX) in
  let? t2 := Rust.map_err error.Reject_from (fields.expect_int input subject.(fields.Read_next) 8) in
  let? at_ := Rust.map_err error.Reject_from (cbor.read_map_of input t2 1) in
  let? t3 := Rust.map_err error.Reject_from (fields.expect_int input at_ 1) in
  let? key := read_key input t3 in
  let? _ := Rust.map_err error.Reject_from (cbor.read_end input key.(fields.Read_next)) in
  let credential := {|
    Credential_subject := subject.(fields.Read_value);
    Credential_key := key.(fields.Read_value)
  |} in
  let? _ := point_of credential.(Credential_key) in
  Ok credential.

End Specification.
