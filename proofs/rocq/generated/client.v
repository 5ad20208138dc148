(* Generated from spec/src/client.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require error params weakening primitives sha256 cose credential merkle message transcript key_schedule gateway node.
Local Open Scope Z_scope.

Section Specification.
Context {P : primitives.Primitives}.

Record Client : Type := {
  Client_id_cred : list Z;
  Client_credential : list Z;
  Client_key : list Z;
  Client_weakening : weakening.Weakening
}.
Definition Client_with_id_cred (r : Client) (value : list Z) : Client :=
  Build_Client value r.(Client_credential) r.(Client_key) r.(Client_weakening).
Definition Client_with_credential (r : Client) (value : list Z) : Client :=
  Build_Client r.(Client_id_cred) value r.(Client_key) r.(Client_weakening).
Definition Client_with_key (r : Client) (value : list Z) : Client :=
  Build_Client r.(Client_id_cred) r.(Client_credential) value r.(Client_weakening).
Definition Client_with_weakening (r : Client) (value : weakening.Weakening) : Client :=
  Build_Client r.(Client_id_cred) r.(Client_credential) r.(Client_key) value.
#[global] Instance Client_default : Rust.Default Client := Build_Client Rust.default Rust.default Rust.default Rust.default.

Record Request : Type := {
  Request_node : list Z;
  Request_highest_epoch : Z;
  Request_now : Z;
  Request_refresh : bool;
  Request_early_data : list Z;
  Request_x : list Z
}.
Definition Request_with_node (r : Request) (value : list Z) : Request :=
  Build_Request value r.(Request_highest_epoch) r.(Request_now) r.(Request_refresh) r.(Request_early_data) r.(Request_x).
Definition Request_with_highest_epoch (r : Request) (value : Z) : Request :=
  Build_Request r.(Request_node) value r.(Request_now) r.(Request_refresh) r.(Request_early_data) r.(Request_x).
Definition Request_with_now (r : Request) (value : Z) : Request :=
  Build_Request r.(Request_node) r.(Request_highest_epoch) value r.(Request_refresh) r.(Request_early_data) r.(Request_x).
Definition Request_with_refresh (r : Request) (value : bool) : Request :=
  Build_Request r.(Request_node) r.(Request_highest_epoch) r.(Request_now) value r.(Request_early_data) r.(Request_x).
Definition Request_with_early_data (r : Request) (value : list Z) : Request :=
  Build_Request r.(Request_node) r.(Request_highest_epoch) r.(Request_now) r.(Request_refresh) value r.(Request_x).
Definition Request_with_x (r : Request) (value : list Z) : Request :=
  Build_Request r.(Request_node) r.(Request_highest_epoch) r.(Request_now) r.(Request_refresh) r.(Request_early_data) value.
#[global] Instance Request_default : Rust.Default Request := Build_Request Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default.

Record AwaitingConfirm : Type := {
  AwaitingConfirm_weakening : weakening.Weakening;
  AwaitingConfirm_suite : Z;
  AwaitingConfirm_refresh : bool;
  AwaitingConfirm_node : list Z;
  AwaitingConfirm_epoch : Z;
  AwaitingConfirm_index : Z;
  AwaitingConfirm_x : list Z;
  AwaitingConfirm_es : list Z;
  AwaitingConfirm_ss : list Z;
  AwaitingConfirm_th_0 : list Z;
  AwaitingConfirm_th_1 : list Z;
  AwaitingConfirm_th_2 : list Z;
  AwaitingConfirm_th_3 : list Z;
  AwaitingConfirm_prk_1 : list Z;
  AwaitingConfirm_prk_2 : list Z;
  AwaitingConfirm_id_key : key_schedule.AeadKey;
  AwaitingConfirm_early_data_key : key_schedule.AeadKey;
  AwaitingConfirm_early_secret : list Z;
  AwaitingConfirm_initiate : list Z
}.
Definition AwaitingConfirm_with_weakening (r : AwaitingConfirm) (value : weakening.Weakening) : AwaitingConfirm :=
  Build_AwaitingConfirm value r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_suite (r : AwaitingConfirm) (value : Z) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) value r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_refresh (r : AwaitingConfirm) (value : bool) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) value r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_node (r : AwaitingConfirm) (value : list Z) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) value r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_epoch (r : AwaitingConfirm) (value : Z) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) value r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_index (r : AwaitingConfirm) (value : Z) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) value r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_x (r : AwaitingConfirm) (value : list Z) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) value r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_es (r : AwaitingConfirm) (value : list Z) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) value r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_ss (r : AwaitingConfirm) (value : list Z) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) value r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_th_0 (r : AwaitingConfirm) (value : list Z) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) value r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_th_1 (r : AwaitingConfirm) (value : list Z) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) value r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_th_2 (r : AwaitingConfirm) (value : list Z) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) value r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_th_3 (r : AwaitingConfirm) (value : list Z) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) value r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_prk_1 (r : AwaitingConfirm) (value : list Z) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) value r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_prk_2 (r : AwaitingConfirm) (value : list Z) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) value r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_id_key (r : AwaitingConfirm) (value : key_schedule.AeadKey) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) value r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_early_data_key (r : AwaitingConfirm) (value : key_schedule.AeadKey) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) value r.(AwaitingConfirm_early_secret) r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_early_secret (r : AwaitingConfirm) (value : list Z) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) value r.(AwaitingConfirm_initiate).
Definition AwaitingConfirm_with_initiate (r : AwaitingConfirm) (value : list Z) : AwaitingConfirm :=
  Build_AwaitingConfirm r.(AwaitingConfirm_weakening) r.(AwaitingConfirm_suite) r.(AwaitingConfirm_refresh) r.(AwaitingConfirm_node) r.(AwaitingConfirm_epoch) r.(AwaitingConfirm_index) r.(AwaitingConfirm_x) r.(AwaitingConfirm_es) r.(AwaitingConfirm_ss) r.(AwaitingConfirm_th_0) r.(AwaitingConfirm_th_1) r.(AwaitingConfirm_th_2) r.(AwaitingConfirm_th_3) r.(AwaitingConfirm_prk_1) r.(AwaitingConfirm_prk_2) r.(AwaitingConfirm_id_key) r.(AwaitingConfirm_early_data_key) r.(AwaitingConfirm_early_secret) value.
#[global] Instance AwaitingConfirm_default : Rust.Default AwaitingConfirm := Build_AwaitingConfirm Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default.

Record Established : Type := {
  Established_mode : Z;
  Established_answer : list Z;
  Established_ee : list Z;
  Established_th_4 : list Z;
  Established_th_5 : list Z;
  Established_prk_3 : list Z;
  Established_confirm_key : key_schedule.AeadKey;
  Established_session_secret : list Z
}.
Definition Established_with_mode (r : Established) (value : Z) : Established :=
  Build_Established value r.(Established_answer) r.(Established_ee) r.(Established_th_4) r.(Established_th_5) r.(Established_prk_3) r.(Established_confirm_key) r.(Established_session_secret).
Definition Established_with_answer (r : Established) (value : list Z) : Established :=
  Build_Established r.(Established_mode) value r.(Established_ee) r.(Established_th_4) r.(Established_th_5) r.(Established_prk_3) r.(Established_confirm_key) r.(Established_session_secret).
Definition Established_with_ee (r : Established) (value : list Z) : Established :=
  Build_Established r.(Established_mode) r.(Established_answer) value r.(Established_th_4) r.(Established_th_5) r.(Established_prk_3) r.(Established_confirm_key) r.(Established_session_secret).
Definition Established_with_th_4 (r : Established) (value : list Z) : Established :=
  Build_Established r.(Established_mode) r.(Established_answer) r.(Established_ee) value r.(Established_th_5) r.(Established_prk_3) r.(Established_confirm_key) r.(Established_session_secret).
Definition Established_with_th_5 (r : Established) (value : list Z) : Established :=
  Build_Established r.(Established_mode) r.(Established_answer) r.(Established_ee) r.(Established_th_4) value r.(Established_prk_3) r.(Established_confirm_key) r.(Established_session_secret).
Definition Established_with_prk_3 (r : Established) (value : list Z) : Established :=
  Build_Established r.(Established_mode) r.(Established_answer) r.(Established_ee) r.(Established_th_4) r.(Established_th_5) value r.(Established_confirm_key) r.(Established_session_secret).
Definition Established_with_confirm_key (r : Established) (value : key_schedule.AeadKey) : Established :=
  Build_Established r.(Established_mode) r.(Established_answer) r.(Established_ee) r.(Established_th_4) r.(Established_th_5) r.(Established_prk_3) value r.(Established_session_secret).
Definition Established_with_session_secret (r : Established) (value : list Z) : Established :=
  Build_Established r.(Established_mode) r.(Established_answer) r.(Established_ee) r.(Established_th_4) r.(Established_th_5) r.(Established_prk_3) r.(Established_confirm_key) value.
#[global] Instance Established_default : Rust.Default Established := Build_Established Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default.

Record CheckedOffer : Type := {
  CheckedOffer_suite : Z;
  CheckedOffer_epoch : Z;
  CheckedOffer_index : Z;
  CheckedOffer_header : list Z;
  CheckedOffer_y : list Z;
  CheckedOffer_point : primitives.p256_Point
}.
Definition CheckedOffer_with_suite (r : CheckedOffer) (value : Z) : CheckedOffer :=
  Build_CheckedOffer value r.(CheckedOffer_epoch) r.(CheckedOffer_index) r.(CheckedOffer_header) r.(CheckedOffer_y) r.(CheckedOffer_point).
Definition CheckedOffer_with_epoch (r : CheckedOffer) (value : Z) : CheckedOffer :=
  Build_CheckedOffer r.(CheckedOffer_suite) value r.(CheckedOffer_index) r.(CheckedOffer_header) r.(CheckedOffer_y) r.(CheckedOffer_point).
Definition CheckedOffer_with_index (r : CheckedOffer) (value : Z) : CheckedOffer :=
  Build_CheckedOffer r.(CheckedOffer_suite) r.(CheckedOffer_epoch) value r.(CheckedOffer_header) r.(CheckedOffer_y) r.(CheckedOffer_point).
Definition CheckedOffer_with_header (r : CheckedOffer) (value : list Z) : CheckedOffer :=
  Build_CheckedOffer r.(CheckedOffer_suite) r.(CheckedOffer_epoch) r.(CheckedOffer_index) value r.(CheckedOffer_y) r.(CheckedOffer_point).
Definition CheckedOffer_with_y (r : CheckedOffer) (value : list Z) : CheckedOffer :=
  Build_CheckedOffer r.(CheckedOffer_suite) r.(CheckedOffer_epoch) r.(CheckedOffer_index) r.(CheckedOffer_header) value r.(CheckedOffer_point).
Definition CheckedOffer_with_point (r : CheckedOffer) (value : primitives.p256_Point) : CheckedOffer :=
  Build_CheckedOffer r.(CheckedOffer_suite) r.(CheckedOffer_epoch) r.(CheckedOffer_index) r.(CheckedOffer_header) r.(CheckedOffer_y) value.

Definition is_usable (offer : CheckedOffer) (request : Request) : bool :=
  ((((params.is_suite offer.(CheckedOffer_suite)) && (1 <=? offer.(CheckedOffer_epoch))) && (request.(Request_highest_epoch) <=? offer.(CheckedOffer_epoch))) && (offer.(CheckedOffer_index) <? (Rust.u64 (Z.shiftl 1 params.DEPTH_MAX)))) && (primitives.p256_is_x_coordinate offer.(CheckedOffer_y)).

Definition check_offer (w : weakening.Weakening) (offer : list Z) (request : Request) : Rust.result CheckedOffer error.Reject :=
  let? node := Rust.map_err (fun _ => error.Reject_InvalidCredential) (credential.parse request.(Request_node)) in
  let? offer := message.parse_offer offer in
  let? header := gateway.check_batch offer.(message.Offer_batch) (sha256.sha256 request.(Request_node)) in
  let signed := cose.Sign1_with_payload offer.(message.Offer_batch) (message.bound_header w header) in
  if (header.(message.Header_epoch) <? 1) || (header.(message.Header_epoch) <? request.(Request_highest_epoch)) then
    Err error.Reject_EpochRollback
  else if header.(message.Header_not_after) <? request.(Request_now) then
    Err error.Reject_Expired
  else if (Rust.u64 (Z.shiftl 1 header.(message.Header_depth))) <=? offer.(message.Offer_index) then
    Err error.Reject_IndexOutOfRange
  else if negb (Rust.len offer.(message.Offer_path) =? (Rust.usize (sha256.DIGEST_LENGTH * header.(message.Header_depth)))) then
    Err error.Reject_PathLength
  else
    let? t3 := (if (negb w.(weakening.Weakening_unsigned_prekeys)) then
      let? t2 := credential.point_of node.(credential.Credential_key) in
      Ok (negb (cose.verify t2 params.BATCH_AAD signed))
    else Ok false) in
    if t3 then
      Err error.Reject_BadSignature
    else if (negb w.(weakening.Weakening_no_path_check)) && (negb (Rust.eqb (merkle.root_of_path w offer.(message.Offer_index) offer.(message.Offer_y) offer.(message.Offer_path)) header.(message.Header_root))) then
      Err error.Reject_RootMismatch
    else
      let? point := Rust.or (primitives.p256_decompress offer.(message.Offer_y)) (Err error.Reject_InvalidPoint) in
      Ok {|
        CheckedOffer_suite := header.(message.Header_suite);
        CheckedOffer_epoch := header.(message.Header_epoch);
        CheckedOffer_index := offer.(message.Offer_index);
        CheckedOffer_header := signed.(cose.Sign1_payload);
        CheckedOffer_y := offer.(message.Offer_y);
        CheckedOffer_point := point
      |}.

Definition check_offer_ensures (w : weakening.Weakening) (offer : list Z) (request : Request) (result : Rust.result CheckedOffer error.Reject) : bool :=
  match result with
  | Ok offer => is_usable offer request
  | Err _ => true
  end.

Definition initiate (client : Client) (request : Request) (offer : list Z) : Rust.result AwaitingConfirm error.Reject :=
  if params.DATA_MAX <? Rust.len request.(Request_early_data) then
    Err error.Reject_DataTooLong
  else
    let w := client.(Client_weakening) in
    let? offer := check_offer w offer request in
    let? x := Rust.or (primitives.p256_scalar request.(Request_x)) (Err error.Reject_BrokenRandomness) in
    let? c := Rust.or (primitives.p256_scalar client.(Client_key)) (Err error.Reject_InvalidKey) in
    let node := sha256.sha256 request.(Request_node) in
    let suite := offer.(CheckedOffer_suite) in
    let flags := (if request.(Request_refresh) then
      1
    else
      0) in
    let? t1 := Rust.or (primitives.p256_public_key x) (Err error.Reject_BrokenRandomness) in
    let public_x := primitives.p256_encode_x t1 in
    let? es := Rust.or (primitives.p256_ecdh x offer.(CheckedOffer_point)) (Err error.Reject_InvalidPoint) in
    let? ss := Rust.or (primitives.p256_ecdh c offer.(CheckedOffer_point)) (Err error.Reject_InvalidPoint) in
    let th_0 := transcript.th_0 w suite node offer.(CheckedOffer_header) offer.(CheckedOffer_index) offer.(CheckedOffer_y) in
    let th_1 := transcript.th_1 w th_0 flags public_x in
    let prk_1 := key_schedule.prk_1 th_1 es in
    let id_key := key_schedule.id_key prk_1 th_1 in
    let ct_1 := key_schedule.seal suite id_key th_1 client.(Client_id_cred) in
    let th_2 := transcript.th_2 w th_1 ct_1 (sha256.sha256 client.(Client_credential)) in
    let prk_2 := key_schedule.prk_2 w prk_1 th_2 ss in
    let early_data_key := key_schedule.early_data_key prk_2 th_2 in
    let ct_2 := key_schedule.seal suite early_data_key th_2 request.(Request_early_data) in
    let th_3 := transcript.th_3 th_2 ct_2 in
    let early_secret := key_schedule.early_secret prk_2 th_3 in
    let message := {|
      message.Initiate_flags := flags;
      message.Initiate_epoch := offer.(CheckedOffer_epoch);
      message.Initiate_index := offer.(CheckedOffer_index);
      message.Initiate_x := public_x;
      message.Initiate_ct_1 := ct_1;
      message.Initiate_ct_2 := ct_2
    |} in
    Ok {|
      AwaitingConfirm_weakening := w;
      AwaitingConfirm_suite := suite;
      AwaitingConfirm_refresh := request.(Request_refresh);
      AwaitingConfirm_node := node;
      AwaitingConfirm_epoch := offer.(CheckedOffer_epoch);
      AwaitingConfirm_index := offer.(CheckedOffer_index);
      AwaitingConfirm_x := request.(Request_x);
      AwaitingConfirm_es := es;
      AwaitingConfirm_ss := ss;
      AwaitingConfirm_th_0 := th_0;
      AwaitingConfirm_th_1 := th_1;
      AwaitingConfirm_th_2 := th_2;
      AwaitingConfirm_th_3 := th_3;
      AwaitingConfirm_prk_1 := prk_1;
      AwaitingConfirm_prk_2 := prk_2;
      AwaitingConfirm_id_key := id_key;
      AwaitingConfirm_early_data_key := early_data_key;
      AwaitingConfirm_early_secret := early_secret;
      AwaitingConfirm_initiate := message.encode_initiate message
    |}.

Definition is_end_of (established : Established) (pending : AwaitingConfirm) : bool :=
  ((established.(Established_mode) =? 1) || (negb pending.(AwaitingConfirm_refresh))) && (Rust.len established.(Established_answer) <=? params.DATA_MAX).

Definition open_confirm (pending : AwaitingConfirm) (confirm : message.Confirm) (mode : Z) (ee : list Z) (th_4 : list Z) (prk_3 : list Z) : Rust.result Established error.Reject :=
  let confirm_key := key_schedule.confirm_key prk_3 th_4 in
  let? answer := Rust.ok_or (key_schedule.open pending.(AwaitingConfirm_suite) confirm_key th_4 confirm.(message.Confirm_ct_3)) error.Reject_ConfirmNotAuthentic in
  let th_5 := transcript.th_5 th_4 confirm.(message.Confirm_ct_3) in
  let session_secret := key_schedule.session_secret prk_3 th_5 in
  Ok {|
    Established_mode := mode;
    Established_answer := answer;
    Established_ee := ee;
    Established_th_4 := th_4;
    Established_th_5 := th_5;
    Established_prk_3 := prk_3;
    Established_confirm_key := confirm_key;
    Established_session_secret := session_secret
  |}.

Definition finish (pending : AwaitingConfirm) (confirm : list Z) : Rust.result Established error.Reject :=
  let? confirm := message.parse_confirm confirm in
  let w := pending.(AwaitingConfirm_weakening) in
  let refreshed := Rust.len confirm.(message.Confirm_z) =? 32 in
  if (negb (confirm.(message.Confirm_epoch) =? pending.(AwaitingConfirm_epoch))) || (negb (confirm.(message.Confirm_index) =? pending.(AwaitingConfirm_index))) then
    Err error.Reject_WrongExchange
  else if ((negb w.(weakening.Weakening_downgrade_accepted)) && pending.(AwaitingConfirm_refresh)) && (negb refreshed) then
    Err error.Reject_Downgrade
  else if (Rust.usize (params.DATA_MAX + params.tag_length pending.(AwaitingConfirm_suite))) <? Rust.len confirm.(message.Confirm_ct_3) then
    Err error.Reject_DataTooLong
  else if refreshed then
    let? x := Rust.or (primitives.p256_scalar pending.(AwaitingConfirm_x)) (Err error.Reject_InvalidKey) in
    let? z := Rust.or (primitives.p256_decompress confirm.(message.Confirm_z)) (Err error.Reject_InvalidPoint) in
    let? ee := Rust.or (primitives.p256_ecdh x z) (Err error.Reject_InvalidPoint) in
    let th_4 := transcript.th_4 w pending.(AwaitingConfirm_th_3) 1 confirm.(message.Confirm_z) in
    let prk_3 := key_schedule.prk_3_refresh w pending.(AwaitingConfirm_prk_2) th_4 ee in
    open_confirm pending confirm 1 ee th_4 prk_3
  else
    let th_4 := transcript.th_4 w pending.(AwaitingConfirm_th_3) 0 confirm.(message.Confirm_z) in
    let prk_3 := key_schedule.prk_3_basic pending.(AwaitingConfirm_prk_2) th_4 in
    open_confirm pending confirm 0 (Rust.zeros 0) th_4 prk_3.

Definition finish_ensures (pending : AwaitingConfirm) (confirm : list Z) (result : Rust.result Established error.Reject) : bool :=
  match result with
  | Ok established => is_end_of established pending
  | Err _ => true
  end.

End Specification.
