(* Generated from spec/src/node.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require cbor error fields params weakening primitives sha256 cose credential cwt merkle message transcript key_schedule gateway.
Local Open Scope Z_scope.

Section Specification.
Context {P : primitives.Primitives}.

Record Prekey : Type := {
  Prekey_y : option (list Z);
  Prekey_public : list Z
}.
Definition Prekey_with_y (r : Prekey) (value : option (list Z)) : Prekey :=
  Build_Prekey value r.(Prekey_public).
Definition Prekey_with_public (r : Prekey) (value : list Z) : Prekey :=
  Build_Prekey r.(Prekey_y) value.
#[global] Instance Prekey_default : Rust.Default Prekey := Build_Prekey Rust.default Rust.default.

Record Batch : Type := {
  Batch_epoch : Z;
  Batch_suite : Z;
  Batch_header : list Z;
  Batch_token : list Z;
  Batch_prekeys : list Prekey
}.
Definition Batch_with_epoch (r : Batch) (value : Z) : Batch :=
  Build_Batch value r.(Batch_suite) r.(Batch_header) r.(Batch_token) r.(Batch_prekeys).
Definition Batch_with_suite (r : Batch) (value : Z) : Batch :=
  Build_Batch r.(Batch_epoch) value r.(Batch_header) r.(Batch_token) r.(Batch_prekeys).
Definition Batch_with_header (r : Batch) (value : list Z) : Batch :=
  Build_Batch r.(Batch_epoch) r.(Batch_suite) value r.(Batch_token) r.(Batch_prekeys).
Definition Batch_with_token (r : Batch) (value : list Z) : Batch :=
  Build_Batch r.(Batch_epoch) r.(Batch_suite) r.(Batch_header) value r.(Batch_prekeys).
Definition Batch_with_prekeys (r : Batch) (value : list Prekey) : Batch :=
  Build_Batch r.(Batch_epoch) r.(Batch_suite) r.(Batch_header) r.(Batch_token) value.
#[global] Instance Batch_default : Rust.Default Batch := Build_Batch Rust.default Rust.default Rust.default Rust.default Rust.default.

Record Stored : Type := {
  Stored_epoch : Z;
  Stored_index : Z;
  Stored_initiate : list Z;
  Stored_confirm : list Z
}.
Definition Stored_with_epoch (r : Stored) (value : Z) : Stored :=
  Build_Stored value r.(Stored_index) r.(Stored_initiate) r.(Stored_confirm).
Definition Stored_with_index (r : Stored) (value : Z) : Stored :=
  Build_Stored r.(Stored_epoch) value r.(Stored_initiate) r.(Stored_confirm).
Definition Stored_with_initiate (r : Stored) (value : list Z) : Stored :=
  Build_Stored r.(Stored_epoch) r.(Stored_index) value r.(Stored_confirm).
Definition Stored_with_confirm (r : Stored) (value : list Z) : Stored :=
  Build_Stored r.(Stored_epoch) r.(Stored_index) r.(Stored_initiate) value.
#[global] Instance Stored_default : Rust.Default Stored := Build_Stored Rust.default Rust.default Rust.default Rust.default.

Record Node : Type := {
  Node_credential : list Z;
  Node_key : list Z;
  Node_insist_on_refresh : bool;
  Node_last_epoch : Z;
  Node_batches : list Batch;
  Node_outbox : list Stored;
  Node_clients : list (list Z);
  Node_authorities : list (list Z);
  Node_weakening : weakening.Weakening;
  Node_remains : list (list Z)
}.
Definition Node_with_credential (r : Node) (value : list Z) : Node :=
  Build_Node value r.(Node_key) r.(Node_insist_on_refresh) r.(Node_last_epoch) r.(Node_batches) r.(Node_outbox) r.(Node_clients) r.(Node_authorities) r.(Node_weakening) r.(Node_remains).
Definition Node_with_key (r : Node) (value : list Z) : Node :=
  Build_Node r.(Node_credential) value r.(Node_insist_on_refresh) r.(Node_last_epoch) r.(Node_batches) r.(Node_outbox) r.(Node_clients) r.(Node_authorities) r.(Node_weakening) r.(Node_remains).
Definition Node_with_insist_on_refresh (r : Node) (value : bool) : Node :=
  Build_Node r.(Node_credential) r.(Node_key) value r.(Node_last_epoch) r.(Node_batches) r.(Node_outbox) r.(Node_clients) r.(Node_authorities) r.(Node_weakening) r.(Node_remains).
Definition Node_with_last_epoch (r : Node) (value : Z) : Node :=
  Build_Node r.(Node_credential) r.(Node_key) r.(Node_insist_on_refresh) value r.(Node_batches) r.(Node_outbox) r.(Node_clients) r.(Node_authorities) r.(Node_weakening) r.(Node_remains).
Definition Node_with_batches (r : Node) (value : list Batch) : Node :=
  Build_Node r.(Node_credential) r.(Node_key) r.(Node_insist_on_refresh) r.(Node_last_epoch) value r.(Node_outbox) r.(Node_clients) r.(Node_authorities) r.(Node_weakening) r.(Node_remains).
Definition Node_with_outbox (r : Node) (value : list Stored) : Node :=
  Build_Node r.(Node_credential) r.(Node_key) r.(Node_insist_on_refresh) r.(Node_last_epoch) r.(Node_batches) value r.(Node_clients) r.(Node_authorities) r.(Node_weakening) r.(Node_remains).
Definition Node_with_clients (r : Node) (value : list (list Z)) : Node :=
  Build_Node r.(Node_credential) r.(Node_key) r.(Node_insist_on_refresh) r.(Node_last_epoch) r.(Node_batches) r.(Node_outbox) value r.(Node_authorities) r.(Node_weakening) r.(Node_remains).
Definition Node_with_authorities (r : Node) (value : list (list Z)) : Node :=
  Build_Node r.(Node_credential) r.(Node_key) r.(Node_insist_on_refresh) r.(Node_last_epoch) r.(Node_batches) r.(Node_outbox) r.(Node_clients) value r.(Node_weakening) r.(Node_remains).
Definition Node_with_weakening (r : Node) (value : weakening.Weakening) : Node :=
  Build_Node r.(Node_credential) r.(Node_key) r.(Node_insist_on_refresh) r.(Node_last_epoch) r.(Node_batches) r.(Node_outbox) r.(Node_clients) r.(Node_authorities) value r.(Node_remains).
Definition Node_with_remains (r : Node) (value : list (list Z)) : Node :=
  Build_Node r.(Node_credential) r.(Node_key) r.(Node_insist_on_refresh) r.(Node_last_epoch) r.(Node_batches) r.(Node_outbox) r.(Node_clients) r.(Node_authorities) r.(Node_weakening) value.
#[global] Instance Node_default : Rust.Default Node := Build_Node Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default.

Record Accepted : Type := {
  Accepted_suite : Z;
  Accepted_epoch : Z;
  Accepted_index : Z;
  Accepted_mode : Z;
  Accepted_x : list Z;
  Accepted_client : list Z;
  Accepted_early_data : list Z;
  Accepted_th_3 : list Z;
  Accepted_prk_2 : list Z;
  Accepted_early_secret : list Z;
  Accepted_initiate : list Z
}.
Definition Accepted_with_suite (r : Accepted) (value : Z) : Accepted :=
  Build_Accepted value r.(Accepted_epoch) r.(Accepted_index) r.(Accepted_mode) r.(Accepted_x) r.(Accepted_client) r.(Accepted_early_data) r.(Accepted_th_3) r.(Accepted_prk_2) r.(Accepted_early_secret) r.(Accepted_initiate).
Definition Accepted_with_epoch (r : Accepted) (value : Z) : Accepted :=
  Build_Accepted r.(Accepted_suite) value r.(Accepted_index) r.(Accepted_mode) r.(Accepted_x) r.(Accepted_client) r.(Accepted_early_data) r.(Accepted_th_3) r.(Accepted_prk_2) r.(Accepted_early_secret) r.(Accepted_initiate).
Definition Accepted_with_index (r : Accepted) (value : Z) : Accepted :=
  Build_Accepted r.(Accepted_suite) r.(Accepted_epoch) value r.(Accepted_mode) r.(Accepted_x) r.(Accepted_client) r.(Accepted_early_data) r.(Accepted_th_3) r.(Accepted_prk_2) r.(Accepted_early_secret) r.(Accepted_initiate).
Definition Accepted_with_mode (r : Accepted) (value : Z) : Accepted :=
  Build_Accepted r.(Accepted_suite) r.(Accepted_epoch) r.(Accepted_index) value r.(Accepted_x) r.(Accepted_client) r.(Accepted_early_data) r.(Accepted_th_3) r.(Accepted_prk_2) r.(Accepted_early_secret) r.(Accepted_initiate).
Definition Accepted_with_x (r : Accepted) (value : list Z) : Accepted :=
  Build_Accepted r.(Accepted_suite) r.(Accepted_epoch) r.(Accepted_index) r.(Accepted_mode) value r.(Accepted_client) r.(Accepted_early_data) r.(Accepted_th_3) r.(Accepted_prk_2) r.(Accepted_early_secret) r.(Accepted_initiate).
Definition Accepted_with_client (r : Accepted) (value : list Z) : Accepted :=
  Build_Accepted r.(Accepted_suite) r.(Accepted_epoch) r.(Accepted_index) r.(Accepted_mode) r.(Accepted_x) value r.(Accepted_early_data) r.(Accepted_th_3) r.(Accepted_prk_2) r.(Accepted_early_secret) r.(Accepted_initiate).
Definition Accepted_with_early_data (r : Accepted) (value : list Z) : Accepted :=
  Build_Accepted r.(Accepted_suite) r.(Accepted_epoch) r.(Accepted_index) r.(Accepted_mode) r.(Accepted_x) r.(Accepted_client) value r.(Accepted_th_3) r.(Accepted_prk_2) r.(Accepted_early_secret) r.(Accepted_initiate).
Definition Accepted_with_th_3 (r : Accepted) (value : list Z) : Accepted :=
  Build_Accepted r.(Accepted_suite) r.(Accepted_epoch) r.(Accepted_index) r.(Accepted_mode) r.(Accepted_x) r.(Accepted_client) r.(Accepted_early_data) value r.(Accepted_prk_2) r.(Accepted_early_secret) r.(Accepted_initiate).
Definition Accepted_with_prk_2 (r : Accepted) (value : list Z) : Accepted :=
  Build_Accepted r.(Accepted_suite) r.(Accepted_epoch) r.(Accepted_index) r.(Accepted_mode) r.(Accepted_x) r.(Accepted_client) r.(Accepted_early_data) r.(Accepted_th_3) value r.(Accepted_early_secret) r.(Accepted_initiate).
Definition Accepted_with_early_secret (r : Accepted) (value : list Z) : Accepted :=
  Build_Accepted r.(Accepted_suite) r.(Accepted_epoch) r.(Accepted_index) r.(Accepted_mode) r.(Accepted_x) r.(Accepted_client) r.(Accepted_early_data) r.(Accepted_th_3) r.(Accepted_prk_2) value r.(Accepted_initiate).
Definition Accepted_with_initiate (r : Accepted) (value : list Z) : Accepted :=
  Build_Accepted r.(Accepted_suite) r.(Accepted_epoch) r.(Accepted_index) r.(Accepted_mode) r.(Accepted_x) r.(Accepted_client) r.(Accepted_early_data) r.(Accepted_th_3) r.(Accepted_prk_2) r.(Accepted_early_secret) value.
#[global] Instance Accepted_default : Rust.Default Accepted := Build_Accepted Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default.

Inductive Incoming : Type :=
| Incoming_Repeated (a0 : list Z)
| Incoming_Accepted (a0 : Accepted).

Record Identified : Type := {
  Identified_credential : list Z;
  Identified_key : credential.CoseKey
}.
Definition Identified_with_credential (r : Identified) (value : list Z) : Identified :=
  Build_Identified value r.(Identified_key).
Definition Identified_with_key (r : Identified) (value : credential.CoseKey) : Identified :=
  Build_Identified r.(Identified_credential) value.
#[global] Instance Identified_default : Rust.Default Identified := Build_Identified Rust.default Rust.default.

Record Confirmed : Type := {
  Confirmed_confirm : list Z;
  Confirmed_session_secret : list Z
}.
Definition Confirmed_with_confirm (r : Confirmed) (value : list Z) : Confirmed :=
  Build_Confirmed value r.(Confirmed_session_secret).
Definition Confirmed_with_session_secret (r : Confirmed) (value : list Z) : Confirmed :=
  Build_Confirmed r.(Confirmed_confirm) value.
#[global] Instance Confirmed_default : Rust.Default Confirmed := Build_Confirmed Rust.default Rust.default.

Record Ephemeral : Type := {
  Ephemeral_public : list Z;
  Ephemeral_ee : list Z
}.
Definition Ephemeral_with_public (r : Ephemeral) (value : list Z) : Ephemeral :=
  Build_Ephemeral value r.(Ephemeral_ee).
Definition Ephemeral_with_ee (r : Ephemeral) (value : list Z) : Ephemeral :=
  Build_Ephemeral r.(Ephemeral_public) value.
#[global] Instance Ephemeral_default : Rust.Default Ephemeral := Build_Ephemeral Rust.default Rust.default.

Definition is_erased (node : Node) (epoch : Z) (index : Z) : bool :=
  let erased := false in
  let erased := Rust.for_each node.(Node_batches) (fun batch erased =>
    let erased := if (batch.(Batch_epoch) =? epoch) && (index <? (Rust.len batch.(Batch_prekeys))) then
      let erased := Rust.is_none ((Rust.index batch.(Batch_prekeys) index).(Prekey_y)) in
      erased
    else erased in
    erased) erased in
  erased.

Definition is_consistent (node : Node) : bool :=
  let consistent := Rust.len node.(Node_batches) <=? 2 in
  let consistent := Rust.for_range 0 (Rust.len node.(Node_batches)) (fun i consistent =>
    let '(batch, count) := (Rust.index node.(Node_batches) i, Rust.len ((Rust.index node.(Node_batches) i).(Batch_prekeys))) in
    let depth := (Rust.trailing_zeros count) in
    let consistent := (((consistent && (params.is_suite batch.(Batch_suite))) && (1 <=? batch.(Batch_epoch))) && ((Rust.u64 (batch.(Batch_epoch) + i)) =? node.(Node_last_epoch))) && (merkle.is_batch count depth) in
    consistent) consistent in
  let consistent := Rust.for_each node.(Node_outbox) (fun stored consistent =>
    let consistent := consistent && (is_erased node stored.(Stored_epoch) stored.(Stored_index)) in
    consistent) consistent in
  consistent.

Definition publication (node : Node) : Rust.result (list Z) error.Reject :=
  let? batch := Rust.ok_or (Rust.first node.(Node_batches)) error.Reject_EpochUnknown in
  let ys := Rust.zeros 0 in
  let ys := Rust.for_each batch.(Batch_prekeys) (fun prekey ys =>
    let ys := ys ++ prekey.(Prekey_public) in
    ys) ys in
  let? key := Rust.or (primitives.p256_scalar node.(Node_key)) (Err error.Reject_InvalidKey) in
  let? t1 := message.parse_header batch.(Batch_header) (sha256.sha256 node.(Node_credential)) in
  let header := message.bound_header node.(Node_weakening) t1 in
  let? signed := Rust.ok_or (cose.sign key (gateway.batch_protected tt) params.BATCH_AAD header) error.Reject_BrokenRandomness in
  Ok (message.encode_publication {|
    message.Publication_batch := cose.Sign1_with_payload signed batch.(Batch_header);
    message.Publication_ys := ys
  |}).

Definition publish (node : Node) (suite : Z) (depth : Z) (not_after : Z) (token : list Z) (ys : list (list Z)) : Rust.result (Node * (list Z)) error.Reject :=
  let? epoch := Rust.ok_or (Rust.checked_add_u64 node.(Node_last_epoch) 1) error.Reject_EpochExhausted in
  let prekeys := [] in
  let keys := [] in
  let all_scalars := Rust.len ys =? (Rust.usize (Z.shiftl 1 depth)) in
  let '(keys, prekeys, all_scalars) := Rust.for_each ys (fun y '(keys, prekeys, all_scalars) =>
    let '(keys, prekeys, all_scalars) := match (Rust.and_then (primitives.p256_scalar y) primitives.p256_public_key) with
    | Ok point =>
        let public := primitives.p256_encode_x point in
        let keys := keys ++ [public] in
        let prekeys := prekeys ++ [{| Prekey_y := Some y; Prekey_public := public |}] in
        (keys, prekeys, all_scalars)
    | Err _ =>
        let all_scalars := false in
        (keys, prekeys, all_scalars)
    end in
    (keys, prekeys, all_scalars)) (keys, prekeys, all_scalars) in
  if negb all_scalars then
    Err error.Reject_BrokenRandomness
  else
    let header := message.encode_header {|
      message.Header_suite := suite;
      message.Header_node := sha256.sha256 node.(Node_credential);
      message.Header_epoch := epoch;
      message.Header_not_after := not_after;
      message.Header_depth := depth;
      message.Header_root := merkle.root node.(Node_weakening) keys depth;
      message.Header_mailbox := sha256.sha256 token
    |} in
    let next := node in
    let next := Node_with_last_epoch next epoch in
    let next := Node_with_batches next [] in
    let next := Node_with_batches next (next.(Node_batches) ++ [{|
      Batch_epoch := epoch;
      Batch_suite := suite;
      Batch_header := header;
      Batch_token := token;
      Batch_prekeys := prekeys
    |}]) in
    let next := if negb (Rust.is_empty node.(Node_batches)) then
      let next := Node_with_batches next (next.(Node_batches) ++ [(Rust.index node.(Node_batches) 0)]) in
      next
    else next in
    let next := Node_with_outbox next [] in
    let next := Rust.for_each node.(Node_outbox) (fun stored next =>
      let next := if (Rust.u64 (epoch - stored.(Stored_epoch))) <=? 1 then
        let next := Node_with_outbox next (next.(Node_outbox) ++ [stored]) in
        next
      else next in
      next) next in
    let? publication := publication next in
    Ok (next, publication).

Definition publish_requires (node : Node) (suite : Z) (depth : Z) (not_after : Z) (token : list Z) (ys : list (list Z)) : bool :=
  (params.is_suite suite) && (is_consistent node).

Definition publish_ensures (node : Node) (suite : Z) (depth : Z) (not_after : Z) (token : list Z) (ys : list (list Z)) (result : Rust.result (Node * (list Z)) error.Reject) : bool :=
  match result with
  | Ok (next, _) => (is_consistent next) && ((Rust.u64 (next.(Node_last_epoch) - 1)) =? node.(Node_last_epoch))
  | Err _ => true
  end.

Definition find_batch (node : Node) (initiate : message.Initiate) : Rust.result Z error.Reject :=
  if 1 <? initiate.(message.Initiate_flags) then
    Err error.Reject_UnknownFlags
  else if node.(Node_last_epoch) <? initiate.(message.Initiate_epoch) then
    Err error.Reject_EpochUnknown
  else if (initiate.(message.Initiate_epoch) <? 1) || (1 <? (Rust.u64 (node.(Node_last_epoch) - initiate.(message.Initiate_epoch)))) then
    Err error.Reject_EpochTooOld
  else
    let place := (Rust.u64 (node.(Node_last_epoch) - initiate.(message.Initiate_epoch))) in
    let? batch := Rust.ok_or (Rust.get node.(Node_batches) place) error.Reject_EpochTooOld in
    if initiate.(message.Initiate_index) <? (Rust.len batch.(Batch_prekeys)) then
      Ok place
    else
      Err error.Reject_IndexOutOfRange.

Definition repeated (node : Node) (message : list Z) (initiate : message.Initiate) : option (list Z) :=
  let digest := sha256.sha256 message in
  let found := None in
  let found := Rust.for_each node.(Node_outbox) (fun stored found =>
    let found := if ((stored.(Stored_epoch) =? initiate.(message.Initiate_epoch)) && (stored.(Stored_index) =? initiate.(message.Initiate_index))) && (Rust.eqb stored.(Stored_initiate) digest) then
      let found := Some stored.(Stored_confirm) in
      found
    else found in
    found) found in
  found.

Definition is_vouched (node : Node) (authority : list Z) (token : cose.Sign1) (claims : cwt.Claims) : Rust.result bool error.Reject :=
  let signed := cose.Sign1_with_payload token (cwt.bound_claims node.(Node_weakening) claims) in
  let? t1 := credential.parse authority in
  let? t2 := credential.point_of t1.(credential.Credential_key) in
  Ok (cose.verify t2 params.CWT_AAD signed).

Definition by_kid (pinned : list (list Z)) (kid : list Z) : option (list Z) :=
  let found := None in
  let found := Rust.for_each pinned (fun credential found =>
    let found := if Rust.is_ok_and (credential.parse credential) (fun c => Rust.eqb c.(credential.Credential_key).(credential.CoseKey_kid) kid) then
      let found := Some credential in
      found
    else found in
    found) found in
  found.

Definition identify (node : Node) (id_cred : list Z) (epoch : Z) : Rust.result Identified error.Reject :=
  if Rust.eqb (cbor.peek_major id_cred 0) (Some cbor.BSTR) then
    let? kid := Rust.map_err error.Reject_from (fields.read_bstr id_cred 0 1 params.KID_MAX) in
    let? _ := Rust.map_err error.Reject_from (cbor.read_end id_cred kid.(fields.Read_next)) in
    let? credential := Rust.ok_or (by_kid node.(Node_clients) kid.(fields.Read_value)) error.Reject_UnknownClient in
    let? t1 := credential.parse credential in
    let key := t1.(credential.Credential_key) in
    Ok {| Identified_credential := credential; Identified_key := key |}
  else
    let? t2 := Rust.map_err error.Reject_from (cbor.read_map_of id_cred 0 1) in
    let? at_ := Rust.map_err error.Reject_from (fields.expect_int id_cred t2 params.KCWT) in
    let? token := cose.read id_cred at_ in
    let? _ := Rust.map_err error.Reject_from (cbor.read_end id_cred token.(fields.Read_next)) in
    let? kid := cwt.parse_protected token.(fields.Read_value).(cose.Sign1_protected) in
    let? authority := Rust.ok_or (by_kid node.(Node_authorities) kid) error.Reject_UnknownAuthority in
    let? claims := cwt.parse_claims token.(fields.Read_value).(cose.Sign1_payload) in
    let? t4 := credential.parse node.(Node_credential) in
    if negb (Rust.eqb claims.(cwt.Claims_audience) t4.(credential.Credential_subject)) then
      Err error.Reject_WrongAudience
    else if claims.(cwt.Claims_epoch_max) <? epoch then
      Err error.Reject_CwtExpired
    else
      let? t7 := (if (negb node.(Node_weakening).(weakening.Weakening_cwt_unverified)) then
        let? t6 := is_vouched node authority token.(fields.Read_value) claims in
        Ok (negb t6)
      else Ok false) in
      if t7 then
        Err error.Reject_BadSignature
      else
        Ok {|
          Identified_credential := token.(fields.Read_value).(cose.Sign1_payload);
          Identified_key := claims.(cwt.Claims_key)
        |}.

Definition authenticate (node : Node) (batch : Batch) (y : primitives.p256_Scalar) (message : list Z) (initiate : message.Initiate) : Rust.result Accepted error.Reject :=
  let '(w, suite) := (node.(Node_weakening), batch.(Batch_suite)) in
  let? point := Rust.or (primitives.p256_decompress initiate.(message.Initiate_x)) (Err error.Reject_InvalidPoint) in
  let? es := Rust.or (primitives.p256_ecdh y point) (Err error.Reject_InvalidPoint) in
  let public := (Rust.index batch.(Batch_prekeys) initiate.(message.Initiate_index)).(Prekey_public) in
  let own := sha256.sha256 node.(Node_credential) in
  let? t1 := message.parse_header batch.(Batch_header) own in
  let header := message.bound_header w t1 in
  let th_0 := transcript.th_0 w suite own header initiate.(message.Initiate_index) public in
  let th_1 := transcript.th_1 w th_0 initiate.(message.Initiate_flags) initiate.(message.Initiate_x) in
  let prk_1 := key_schedule.prk_1 th_1 es in
  let? id_cred := Rust.ok_or (key_schedule.open suite (key_schedule.id_key prk_1 th_1) th_1 initiate.(message.Initiate_ct_1)) error.Reject_IdentityNotAuthentic in
  let? client := identify node id_cred initiate.(message.Initiate_epoch) in
  let? t2 := credential.point_of client.(Identified_key) in
  let? ss := Rust.or (primitives.p256_ecdh y t2) (Err error.Reject_InvalidPoint) in
  let th_2 := transcript.th_2 w th_1 initiate.(message.Initiate_ct_1) (sha256.sha256 client.(Identified_credential)) in
  let prk_2 := key_schedule.prk_2 w prk_1 th_2 ss in
  if (Rust.usize (params.DATA_MAX + params.tag_length suite)) <? Rust.len initiate.(message.Initiate_ct_2) then
    Err error.Reject_DataTooLong
  else
    let? early_data := Rust.ok_or (key_schedule.open suite (key_schedule.early_data_key prk_2 th_2) th_2 initiate.(message.Initiate_ct_2)) error.Reject_EarlyDataNotAuthentic in
    let th_3 := transcript.th_3 th_2 initiate.(message.Initiate_ct_2) in
    let refresh := (initiate.(message.Initiate_flags) =? 1) || node.(Node_insist_on_refresh) in
    Ok {|
      Accepted_suite := suite;
      Accepted_epoch := initiate.(message.Initiate_epoch);
      Accepted_index := initiate.(message.Initiate_index);
      Accepted_mode := (if refresh then
        1
      else
        0);
      Accepted_x := initiate.(message.Initiate_x);
      Accepted_client := client.(Identified_credential);
      Accepted_early_data := early_data;
      Accepted_early_secret := key_schedule.early_secret prk_2 th_3;
      Accepted_th_3 := th_3;
      Accepted_prk_2 := prk_2;
      Accepted_initiate := message
    |}.

Definition accept (node : Node) (message : list Z) : Rust.result (Node * Incoming) error.Reject :=
  let? initiate := message.parse_initiate message in
  let? place := find_batch node initiate in
  let index := initiate.(message.Initiate_index) in
  match (repeated node message initiate) with
  | Some confirm => Ok (node, Incoming_Repeated confirm)
  | None =>
      let batch := Rust.index node.(Node_batches) place in
      let secret := ((Rust.index batch.(Batch_prekeys) index).(Prekey_y)) in
      let? y := Rust.ok_or (Rust.option_and_then secret (fun y => Rust.ok (primitives.p256_scalar y))) error.Reject_PrekeyConsumed in
      let? accepted := authenticate node batch y message initiate in
      let next := node in
      let next := Node_with_batches next (Rust.update next.(Node_batches) place (Batch_with_prekeys (Rust.index next.(Node_batches) place) (Rust.update ((Rust.index next.(Node_batches) place).(Batch_prekeys)) index (Prekey_with_y (Rust.index ((Rust.index next.(Node_batches) place).(Batch_prekeys)) index) (if node.(Node_weakening).(weakening.Weakening_prekey_reused) then
        secret
      else
        None))))) in
      let next := if node.(Node_weakening).(weakening.Weakening_prekey_kept) then
        let next := Node_with_remains next (next.(Node_remains) ++ Rust.to_list secret) in
        next
      else next in
      Ok (next, Incoming_Accepted accepted)
  end.

Definition accept_requires (node : Node) (message : list Z) : bool :=
  is_consistent node.

Definition accept_ensures (node : Node) (message : list Z) (result : Rust.result (Node * Incoming) error.Reject) : bool :=
  match result with
  | Ok (next, Incoming_Accepted accepted) => (((is_consistent next) && (is_erased next accepted.(Accepted_epoch) accepted.(Accepted_index))) && (negb (is_erased node accepted.(Accepted_epoch) accepted.(Accepted_index)))) && (Rust.len accepted.(Accepted_early_data) <=? params.DATA_MAX)
  | Ok (next, Incoming_Repeated _) => is_consistent next
  | Err _ => true
  end.

Definition ephemeral (x : list Z) (z : list Z) : Rust.result Ephemeral error.Reject :=
  let? z := Rust.or (primitives.p256_scalar z) (Err error.Reject_BrokenRandomness) in
  let? t1 := Rust.or (primitives.p256_public_key z) (Err error.Reject_BrokenRandomness) in
  let public := primitives.p256_encode_x t1 in
  let? point := Rust.or (primitives.p256_decompress x) (Err error.Reject_InvalidPoint) in
  let? t2 := Rust.or (primitives.p256_ecdh z point) (Err error.Reject_InvalidPoint) in
  Ok {| Ephemeral_public := public; Ephemeral_ee := t2 |}.

Definition confirm (node : Node) (accepted : Accepted) (answer : list Z) (z : list Z) : Rust.result (Node * Confirmed) error.Reject :=
  if params.DATA_MAX <? Rust.len answer then
    Err error.Reject_DataTooLong
  else
    let w := node.(Node_weakening) in
    let? t2 := (if accepted.(Accepted_mode) =? 1 then
      let? t1 := ephemeral accepted.(Accepted_x) z in
      Ok (Some t1)
    else
      Ok None) in
    let fresh := t2 in
    let public_z := (match fresh with
    | Some fresh => fresh.(Ephemeral_public)
    | None => Rust.zeros 0
    end) in
    let th_4 := transcript.th_4 w accepted.(Accepted_th_3) accepted.(Accepted_mode) public_z in
    let prk_3 := (match fresh with
    | Some fresh => key_schedule.prk_3_refresh w accepted.(Accepted_prk_2) th_4 fresh.(Ephemeral_ee)
    | None => key_schedule.prk_3_basic accepted.(Accepted_prk_2) th_4
    end) in
    let ct_3 := key_schedule.seal accepted.(Accepted_suite) (key_schedule.confirm_key prk_3 th_4) th_4 answer in
    let session_secret := key_schedule.session_secret prk_3 (transcript.th_5 th_4 ct_3) in
    let confirm := message.encode_confirm {|
      message.Confirm_epoch := accepted.(Accepted_epoch);
      message.Confirm_index := accepted.(Accepted_index);
      message.Confirm_z := public_z;
      message.Confirm_ct_3 := ct_3
    |} in
    let next := node in
    let next := Node_with_outbox next (next.(Node_outbox) ++ [{|
      Stored_epoch := accepted.(Accepted_epoch);
      Stored_index := accepted.(Accepted_index);
      Stored_initiate := sha256.sha256 accepted.(Accepted_initiate);
      Stored_confirm := confirm
    |}]) in
    Ok (next, {|
      Confirmed_confirm := confirm;
      Confirmed_session_secret := session_secret
    |}).

Definition confirm_requires (node : Node) (accepted : Accepted) (answer : list Z) (z : list Z) : bool :=
  (is_consistent node) && (is_erased node accepted.(Accepted_epoch) accepted.(Accepted_index)).

Definition confirm_ensures (node : Node) (accepted : Accepted) (answer : list Z) (z : list Z) (result : Rust.result (Node * Confirmed) error.Reject) : bool :=
  match result with
  | Ok (next, _) => ((is_consistent next) && (Rust.len next.(Node_outbox) =? (Rust.usize (Rust.len node.(Node_outbox) + 1)))) && (Rust.len answer <=? params.DATA_MAX)
  | Err _ => true
  end.

Definition acknowledged (node : Node) (epoch : Z) (index : Z) : Node :=
  let next := node in
  let next := Node_with_outbox next [] in
  let next := Rust.for_each node.(Node_outbox) (fun stored next =>
    let next := if (negb (stored.(Stored_epoch) =? epoch)) || (negb (stored.(Stored_index) =? index)) then
      let next := Node_with_outbox next (next.(Node_outbox) ++ [stored]) in
      next
    else next in
    next) next in
  next.

Definition acknowledged_requires (node : Node) (epoch : Z) (index : Z) : bool :=
  is_consistent node.

Definition acknowledged_ensures (node : Node) (epoch : Z) (index : Z) (next : Node) : bool :=
  (is_consistent next) && (Rust.len next.(Node_outbox) <=? Rust.len node.(Node_outbox)).

End Specification.
