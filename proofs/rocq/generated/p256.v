(* Generated from spec/src/p256.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
Local Open Scope Z_scope.

Inductive P256Error : Type :=
| P256Error_InvalidScalar
| P256Error_InvalidPoint
| P256Error_Infinity.
#[global] Instance P256Error_eqb : Rust.Eqb P256Error :=
  fun a b => match a, b with
    | P256Error_InvalidScalar, P256Error_InvalidScalar => true
    | P256Error_InvalidPoint, P256Error_InvalidPoint => true
    | P256Error_Infinity, P256Error_Infinity => true
    | _, _ => false
    end.
