(* Generated from spec/src/weakening.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
Local Open Scope Z_scope.

Record Weakening : Type := {
  Weakening_unsigned_prekeys : bool;
  Weakening_no_path_check : bool;
  Weakening_leaf_without_index : bool;
  Weakening_path_without_sides : bool;
  Weakening_node_unbound : bool;
  Weakening_th_0_without_node : bool;
  Weakening_epoch_unbound : bool;
  Weakening_suite_unbound : bool;
  Weakening_th_0_without_suite : bool;
  Weakening_flags_unbound : bool;
  Weakening_client_unbound : bool;
  Weakening_th_4_without_mode : bool;
  Weakening_th_4_without_th_3 : bool;
  Weakening_no_ss : bool;
  Weakening_no_es : bool;
  Weakening_no_ee : bool;
  Weakening_prekey_reused : bool;
  Weakening_prekey_kept : bool;
  Weakening_downgrade_accepted : bool;
  Weakening_cwt_without_audience : bool;
  Weakening_cwt_unverified : bool
}.
Definition Weakening_with_unsigned_prekeys (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening value r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_no_path_check (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) value r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_leaf_without_index (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) value r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_path_without_sides (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) value r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_node_unbound (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) value r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_th_0_without_node (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) value r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_epoch_unbound (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) value r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_suite_unbound (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) value r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_th_0_without_suite (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) value r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_flags_unbound (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) value r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_client_unbound (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) value r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_th_4_without_mode (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) value r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_th_4_without_th_3 (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) value r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_no_ss (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) value r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_no_es (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) value r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_no_ee (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) value r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_prekey_reused (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) value r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_prekey_kept (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) value r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_downgrade_accepted (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) value r.(Weakening_cwt_without_audience) r.(Weakening_cwt_unverified).
Definition Weakening_with_cwt_without_audience (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) value r.(Weakening_cwt_unverified).
Definition Weakening_with_cwt_unverified (r : Weakening) (value : bool) : Weakening :=
  Build_Weakening r.(Weakening_unsigned_prekeys) r.(Weakening_no_path_check) r.(Weakening_leaf_without_index) r.(Weakening_path_without_sides) r.(Weakening_node_unbound) r.(Weakening_th_0_without_node) r.(Weakening_epoch_unbound) r.(Weakening_suite_unbound) r.(Weakening_th_0_without_suite) r.(Weakening_flags_unbound) r.(Weakening_client_unbound) r.(Weakening_th_4_without_mode) r.(Weakening_th_4_without_th_3) r.(Weakening_no_ss) r.(Weakening_no_es) r.(Weakening_no_ee) r.(Weakening_prekey_reused) r.(Weakening_prekey_kept) r.(Weakening_downgrade_accepted) r.(Weakening_cwt_without_audience) value.
#[global] Instance Weakening_default : Rust.Default Weakening := Build_Weakening Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default.
#[global] Instance Weakening_eqb : Rust.Eqb Weakening :=
  fun a b => Rust.eqb a.(Weakening_unsigned_prekeys) b.(Weakening_unsigned_prekeys) && Rust.eqb a.(Weakening_no_path_check) b.(Weakening_no_path_check) && Rust.eqb a.(Weakening_leaf_without_index) b.(Weakening_leaf_without_index) && Rust.eqb a.(Weakening_path_without_sides) b.(Weakening_path_without_sides) && Rust.eqb a.(Weakening_node_unbound) b.(Weakening_node_unbound) && Rust.eqb a.(Weakening_th_0_without_node) b.(Weakening_th_0_without_node) && Rust.eqb a.(Weakening_epoch_unbound) b.(Weakening_epoch_unbound) && Rust.eqb a.(Weakening_suite_unbound) b.(Weakening_suite_unbound) && Rust.eqb a.(Weakening_th_0_without_suite) b.(Weakening_th_0_without_suite) && Rust.eqb a.(Weakening_flags_unbound) b.(Weakening_flags_unbound) && Rust.eqb a.(Weakening_client_unbound) b.(Weakening_client_unbound) && Rust.eqb a.(Weakening_th_4_without_mode) b.(Weakening_th_4_without_mode) && Rust.eqb a.(Weakening_th_4_without_th_3) b.(Weakening_th_4_without_th_3) && Rust.eqb a.(Weakening_no_ss) b.(Weakening_no_ss) && Rust.eqb a.(Weakening_no_es) b.(Weakening_no_es) && Rust.eqb a.(Weakening_no_ee) b.(Weakening_no_ee) && Rust.eqb a.(Weakening_prekey_reused) b.(Weakening_prekey_reused) && Rust.eqb a.(Weakening_prekey_kept) b.(Weakening_prekey_kept) && Rust.eqb a.(Weakening_downgrade_accepted) b.(Weakening_downgrade_accepted) && Rust.eqb a.(Weakening_cwt_without_audience) b.(Weakening_cwt_without_audience) && Rust.eqb a.(Weakening_cwt_unverified) b.(Weakening_cwt_unverified).

Definition Weakening_NONE : Weakening :=
  {|
    Weakening_unsigned_prekeys := false;
    Weakening_no_path_check := false;
    Weakening_leaf_without_index := false;
    Weakening_path_without_sides := false;
    Weakening_node_unbound := false;
    Weakening_th_0_without_node := false;
    Weakening_epoch_unbound := false;
    Weakening_suite_unbound := false;
    Weakening_th_0_without_suite := false;
    Weakening_flags_unbound := false;
    Weakening_client_unbound := false;
    Weakening_th_4_without_mode := false;
    Weakening_th_4_without_th_3 := false;
    Weakening_no_ss := false;
    Weakening_no_es := false;
    Weakening_no_ee := false;
    Weakening_prekey_reused := false;
    Weakening_prekey_kept := false;
    Weakening_downgrade_accepted := false;
    Weakening_cwt_without_audience := false;
    Weakening_cwt_unverified := false
  |}.

Definition dropped (input : list Z) (left_out : bool) : list Z :=
  if left_out then
    Rust.zeros 0
  else
    input.

Definition replaced (value : list Z) (left_out : bool) (instead : list Z) : list Z :=
  if left_out then
    instead
  else
    value.
