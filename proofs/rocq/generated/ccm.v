(* Generated from spec/src/ccm.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
Local Open Scope Z_scope.

Record CcmParameters : Type := {
  CcmParameters_tag_length : Z;
  CcmParameters_nonce_length : Z
}.
Definition CcmParameters_with_tag_length (r : CcmParameters) (value : Z) : CcmParameters :=
  Build_CcmParameters value r.(CcmParameters_nonce_length).
Definition CcmParameters_with_nonce_length (r : CcmParameters) (value : Z) : CcmParameters :=
  Build_CcmParameters r.(CcmParameters_tag_length) value.
#[global] Instance CcmParameters_default : Rust.Default CcmParameters := Build_CcmParameters Rust.default Rust.default.
#[global] Instance CcmParameters_eqb : Rust.Eqb CcmParameters :=
  fun a b => Rust.eqb a.(CcmParameters_tag_length) b.(CcmParameters_tag_length) && Rust.eqb a.(CcmParameters_nonce_length) b.(CcmParameters_nonce_length).

Inductive CcmError : Type :=
| CcmError_Parameters
| CcmError_KeyLength
| CcmError_NonceLength
| CcmError_MessageTooLong
| CcmError_NotAuthentic.
#[global] Instance CcmError_eqb : Rust.Eqb CcmError :=
  fun a b => match a, b with
    | CcmError_Parameters, CcmError_Parameters => true
    | CcmError_KeyLength, CcmError_KeyLength => true
    | CcmError_NonceLength, CcmError_NonceLength => true
    | CcmError_MessageTooLong, CcmError_MessageTooLong => true
    | CcmError_NotAuthentic, CcmError_NotAuthentic => true
    | _, _ => false
    end.

Definition AES_CCM_16_64_128 : CcmParameters :=
  {| CcmParameters_tag_length := 8; CcmParameters_nonce_length := 13 |}.

Definition AES_CCM_16_128_128 : CcmParameters :=
  {| CcmParameters_tag_length := 16; CcmParameters_nonce_length := 13 |}.
