(* Generated from spec/src/ecdsa.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
Local Open Scope Z_scope.

Inductive EcdsaError : Type :=
| EcdsaError_InvalidKey
| EcdsaError_NoNonce.
#[global] Instance EcdsaError_eqb : Rust.Eqb EcdsaError :=
  fun a b => match a, b with
    | EcdsaError_InvalidKey, EcdsaError_InvalidKey => true
    | EcdsaError_NoNonce, EcdsaError_NoNonce => true
    | _, _ => false
    end.
