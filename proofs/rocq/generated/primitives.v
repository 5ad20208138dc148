(* Generated from spec/src by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require p256 ccm ecdsa.
Local Open Scope Z_scope.

Class Primitives : Type := {
  p256_Scalar : Type;
  p256_Point : Type;
  p256_scalar : (list Z) -> (Rust.result p256_Scalar p256.P256Error);
  p256_point : (list Z) -> (list Z) -> (Rust.result p256_Point p256.P256Error);
  p256_decompress : (list Z) -> (Rust.result p256_Point p256.P256Error);
  p256_public_key : p256_Scalar -> (Rust.result p256_Point p256.P256Error);
  p256_ecdh : p256_Scalar -> p256_Point -> (Rust.result (list Z) p256.P256Error);
  p256_encode_x : p256_Point -> (list Z);
  p256_is_x_coordinate : (list Z) -> bool;
  ccm_seal : ccm.CcmParameters -> (list Z) -> (list Z) -> (list Z) -> (list Z) -> (Rust.result (list Z) ccm.CcmError);
  ccm_open : ccm.CcmParameters -> (list Z) -> (list Z) -> (list Z) -> (list Z) -> (Rust.result (list Z) ccm.CcmError);
  ecdsa_sign : p256_Scalar -> (list Z) -> (Rust.result (list Z) ecdsa.EcdsaError);
  ecdsa_verify : p256_Point -> (list Z) -> (list Z) -> bool
}.
