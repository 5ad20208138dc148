(* Generated from spec/src/gateway.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require bytes cbor error params weakening primitives sha256 cose credential merkle message.
Local Open Scope Z_scope.

Section Specification.
Context {P : primitives.Primitives}.

Definition batch_protected (_ : unit) : list Z :=
  bytes.concat_all [cbor.encode_map_head 1; cbor.encode_uint 1; cbor.encode_int params.ES256].

Definition check_batch (batch : cose.Sign1) (node : list Z) : Rust.result message.Header error.Reject :=
  if Rust.eqb batch.(cose.Sign1_protected) (batch_protected tt) then
    message.parse_header batch.(cose.Sign1_payload) node
  else
    Err error.Reject_UnsupportedAlgorithm.

Definition prekeys (ys : list Z) : list (list Z) :=
  let keys := [] in
  let keys := Rust.for_range 0 (Rust.len ys / 32) (fun i keys =>
    let keys := keys ++ [(Rust.slice ys (Rust.usize (32 * i)) 32)] in
    keys) keys in
  keys.

Definition is_storable (header : message.Header) (highest_epoch : Z) (now : Z) : bool :=
  ((1 <=? header.(message.Header_epoch)) && (highest_epoch <? header.(message.Header_epoch))) && (now <=? header.(message.Header_not_after)).

Definition check_publication (publication : list Z) (node : list Z) (highest_epoch : Z) (now : Z) : Rust.result message.Header error.Reject :=
  let? credential := Rust.map_err (fun _ => error.Reject_InvalidCredential) (credential.parse node) in
  let? publication := message.parse_publication publication in
  let? header := check_batch publication.(message.Publication_batch) (sha256.sha256 node) in
  if (header.(message.Header_epoch) <? 1) || (header.(message.Header_epoch) <=? highest_epoch) then
    Err error.Reject_EpochRollback
  else if header.(message.Header_not_after) <? now then
    Err error.Reject_Expired
  else if negb (Rust.len publication.(message.Publication_ys) =? (Rust.usize (Z.shiftl 32 header.(message.Header_depth)))) then
    Err error.Reject_PrekeyCount
  else
    let? t1 := credential.point_of credential.(credential.Credential_key) in
    if negb (cose.verify t1 params.BATCH_AAD publication.(message.Publication_batch)) then
      Err error.Reject_BadSignature
    else if negb (Rust.eqb (merkle.root weakening.Weakening_NONE (prekeys publication.(message.Publication_ys)) header.(message.Header_depth)) header.(message.Header_root)) then
      Err error.Reject_RootMismatch
    else
      Ok header.

Definition check_publication_ensures (publication : list Z) (node : list Z) (highest_epoch : Z) (now : Z) (result : Rust.result message.Header error.Reject) : bool :=
  match result with
  | Ok header => (message.is_header header) && (is_storable header highest_epoch now)
  | Err _ => true
  end.

Definition offer (publication : list Z) (node : list Z) (index : Z) : Rust.result (list Z) error.Reject :=
  let? publication := message.parse_publication publication in
  let? header := check_batch publication.(message.Publication_batch) (sha256.sha256 node) in
  let keys := prekeys publication.(message.Publication_ys) in
  if ((Rust.u64 (Z.shiftl 1 header.(message.Header_depth))) <=? index) || (negb (Rust.len keys =? (Rust.usize (Z.shiftl 1 header.(message.Header_depth))))) then
    Err error.Reject_IndexOutOfRange
  else
    Ok (message.encode_offer {|
      message.Offer_batch := publication.(message.Publication_batch);
      message.Offer_index := index;
      message.Offer_y := (Rust.index keys index);
      message.Offer_path := merkle.path weakening.Weakening_NONE keys header.(message.Header_depth) index
    |}).

Definition check_initiate (initiate : list Z) (epoch : Z) (depth : Z) : Rust.result message.Initiate error.Reject :=
  let? initiate := message.parse_initiate initiate in
  if negb (initiate.(message.Initiate_epoch) =? epoch) then
    Err error.Reject_EpochUnknown
  else if (Rust.u64 (Z.shiftl 1 depth)) <=? initiate.(message.Initiate_index) then
    Err error.Reject_IndexOutOfRange
  else
    Ok initiate.

Definition check_confirm (confirm : list Z) (epoch : Z) (depth : Z) : Rust.result message.Confirm error.Reject :=
  let? confirm := message.parse_confirm confirm in
  if negb (confirm.(message.Confirm_epoch) =? epoch) then
    Err error.Reject_EpochUnknown
  else if (Rust.u64 (Z.shiftl 1 depth)) <=? confirm.(message.Confirm_index) then
    Err error.Reject_IndexOutOfRange
  else
    Ok confirm.

End Specification.
