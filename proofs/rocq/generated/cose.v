(* Generated from spec/src/cose.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require bytes cbor error fields primitives.
Local Open Scope Z_scope.

Section Specification.
Context {P : primitives.Primitives}.

Record Sign1 : Type := {
  Sign1_protected : list Z;
  Sign1_payload : list Z;
  Sign1_signature : list Z
}.
Definition Sign1_with_protected (r : Sign1) (value : list Z) : Sign1 :=
  Build_Sign1 value r.(Sign1_payload) r.(Sign1_signature).
Definition Sign1_with_payload (r : Sign1) (value : list Z) : Sign1 :=
  Build_Sign1 r.(Sign1_protected) value r.(Sign1_signature).
Definition Sign1_with_signature (r : Sign1) (value : list Z) : Sign1 :=
  Build_Sign1 r.(Sign1_protected) r.(Sign1_payload) value.
#[global] Instance Sign1_default : Rust.Default Sign1 := Build_Sign1 Rust.default Rust.default Rust.default.

Definition sig_structure (protected : list Z) (external_aad : list Z) (payload : list Z) : list Z :=
  bytes.concat_all [cbor.encode_array_head 4;
   cbor.encode_tstr (Rust.str "Signature1");
   cbor.encode_bstr protected;
   cbor.encode_bstr (bytes.utf8 external_aad);
   cbor.encode_bstr payload].

Definition sign (key : primitives.p256_Scalar) (protected : list Z) (external_aad : list Z) (payload : list Z) : option Sign1 :=
  let?? signature := Rust.ok (primitives.ecdsa_sign key (sig_structure protected external_aad payload)) in
  Some {|
    Sign1_protected := protected;
    Sign1_payload := payload;
    Sign1_signature := signature
  |}.

Definition verify (key : primitives.p256_Point) (external_aad : list Z) (object : Sign1) : bool :=
  primitives.ecdsa_verify key (sig_structure object.(Sign1_protected) external_aad object.(Sign1_payload)) object.(Sign1_signature).

Definition encode (object : Sign1) : list Z :=
  bytes.concat_all [cbor.encode_array_head 4;
   cbor.encode_bstr object.(Sign1_protected);
   cbor.encode_map_head 0;
   cbor.encode_bstr object.(Sign1_payload);
   cbor.encode_bstr object.(Sign1_signature)].

Definition read (input : list Z) (at_ : Z) : Rust.result (fields.Read Sign1) error.Reject :=
  let? at_ := Rust.map_err error.Reject_from (cbor.read_array_of input at_ 4) in
  let? protected := Rust.map_err error.Reject_from (fields.read_bstr input at_ 0 Rust.usize_MAX) in
  let? at_ := Rust.map_err error.Reject_from (cbor.read_map_of input protected.(fields.Read_next) 0) in
  let? payload := Rust.map_err error.Reject_from (fields.read_bstr input at_ 0 Rust.usize_MAX) in
  let? signature := Rust.map_err error.Reject_from (fields.read_bstr input payload.(fields.Read_next) 64 64) in
  let value := {|
    Sign1_protected := protected.(fields.Read_value);
    Sign1_payload := payload.(fields.Read_value);
    Sign1_signature := signature.(fields.Read_value)
  |} in
  Ok {|
    fields.Read_value := value;
    fields.Read_next := signature.(fields.Read_next)
  |}.

End Specification.
