(* Generated from spec/src/params.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
Local Open Scope Z_scope.

Definition VERSION : Z :=
  1.

Definition PROTOCOL : list Z :=
  Rust.str "DKE-v1".

Definition LABEL_PREFIX : list Z :=
  Rust.str "DKE-v1 ".

Definition BATCH_AAD : list Z :=
  Rust.str "DKE-v1 batch".

Definition CWT_AAD : list Z :=
  Rust.str "DKE-v1 cwt".

Definition ES256 : Z :=
  (-7).

Definition EPOCH_MAX_CLAIM : Z :=
  (-70001).

Definition KCWT : Z :=
  13.

Definition DEPTH_MAX : Z :=
  8.

Definition DATA_MAX : Z :=
  1024.

Definition CALL_NUMBER : Z :=
  8.

Definition CALL_DATA_MAX : Z :=
  Rust.usize (((DATA_MAX - 1) - (1 + CALL_NUMBER)) - 3).

Definition OUTCOME_DATA_MAX : Z :=
  Rust.usize (((DATA_MAX - 1) - 1) - 3).

Definition CALL_TRIES : Z :=
  4.

Definition NAME_MAX : Z :=
  64.

Definition KID_MAX : Z :=
  16.

Definition CT_1_MIN : Z :=
  9.

Definition CT_1_MAX : Z :=
  355.

Definition CT_DATA_MIN : Z :=
  8.

Definition TOKEN : Z :=
  16.

Definition EXPORT_LABEL_MAX : Z :=
  64.

Definition EXPORT_CONTEXT_MAX : Z :=
  65535.

Definition is_suite (number : Z) : bool :=
  (number =? 2) || (number =? 3).

Definition tag_length (suite : Z) : Z :=
  if suite =? 2 then
    8
  else
    16.

Definition tag_length_requires (suite : Z) : bool :=
  is_suite suite.
