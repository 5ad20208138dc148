(* Generated from spec/src/message.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require bytes cbor error fields params weakening primitives sha256 cose credential.
Local Open Scope Z_scope.

Section Specification.
Context {P : primitives.Primitives}.

Record Header : Type := {
  Header_suite : Z;
  Header_node : list Z;
  Header_epoch : Z;
  Header_not_after : Z;
  Header_depth : Z;
  Header_root : list Z;
  Header_mailbox : list Z
}.
Definition Header_with_suite (r : Header) (value : Z) : Header :=
  Build_Header value r.(Header_node) r.(Header_epoch) r.(Header_not_after) r.(Header_depth) r.(Header_root) r.(Header_mailbox).
Definition Header_with_node (r : Header) (value : list Z) : Header :=
  Build_Header r.(Header_suite) value r.(Header_epoch) r.(Header_not_after) r.(Header_depth) r.(Header_root) r.(Header_mailbox).
Definition Header_with_epoch (r : Header) (value : Z) : Header :=
  Build_Header r.(Header_suite) r.(Header_node) value r.(Header_not_after) r.(Header_depth) r.(Header_root) r.(Header_mailbox).
Definition Header_with_not_after (r : Header) (value : Z) : Header :=
  Build_Header r.(Header_suite) r.(Header_node) r.(Header_epoch) value r.(Header_depth) r.(Header_root) r.(Header_mailbox).
Definition Header_with_depth (r : Header) (value : Z) : Header :=
  Build_Header r.(Header_suite) r.(Header_node) r.(Header_epoch) r.(Header_not_after) value r.(Header_root) r.(Header_mailbox).
Definition Header_with_root (r : Header) (value : list Z) : Header :=
  Build_Header r.(Header_suite) r.(Header_node) r.(Header_epoch) r.(Header_not_after) r.(Header_depth) value r.(Header_mailbox).
Definition Header_with_mailbox (r : Header) (value : list Z) : Header :=
  Build_Header r.(Header_suite) r.(Header_node) r.(Header_epoch) r.(Header_not_after) r.(Header_depth) r.(Header_root) value.
#[global] Instance Header_default : Rust.Default Header := Build_Header Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default.

Record Publication : Type := {
  Publication_batch : cose.Sign1;
  Publication_ys : list Z
}.
Definition Publication_with_batch (r : Publication) (value : cose.Sign1) : Publication :=
  Build_Publication value r.(Publication_ys).
Definition Publication_with_ys (r : Publication) (value : list Z) : Publication :=
  Build_Publication r.(Publication_batch) value.
#[global] Instance Publication_default : Rust.Default Publication := Build_Publication Rust.default Rust.default.

Record Offer : Type := {
  Offer_batch : cose.Sign1;
  Offer_index : Z;
  Offer_y : list Z;
  Offer_path : list Z
}.
Definition Offer_with_batch (r : Offer) (value : cose.Sign1) : Offer :=
  Build_Offer value r.(Offer_index) r.(Offer_y) r.(Offer_path).
Definition Offer_with_index (r : Offer) (value : Z) : Offer :=
  Build_Offer r.(Offer_batch) value r.(Offer_y) r.(Offer_path).
Definition Offer_with_y (r : Offer) (value : list Z) : Offer :=
  Build_Offer r.(Offer_batch) r.(Offer_index) value r.(Offer_path).
Definition Offer_with_path (r : Offer) (value : list Z) : Offer :=
  Build_Offer r.(Offer_batch) r.(Offer_index) r.(Offer_y) value.
#[global] Instance Offer_default : Rust.Default Offer := Build_Offer Rust.default Rust.default Rust.default Rust.default.

Record Initiate : Type := {
  Initiate_flags : Z;
  Initiate_epoch : Z;
  Initiate_index : Z;
  Initiate_x : list Z;
  Initiate_ct_1 : list Z;
  Initiate_ct_2 : list Z
}.
Definition Initiate_with_flags (r : Initiate) (value : Z) : Initiate :=
  Build_Initiate value r.(Initiate_epoch) r.(Initiate_index) r.(Initiate_x) r.(Initiate_ct_1) r.(Initiate_ct_2).
Definition Initiate_with_epoch (r : Initiate) (value : Z) : Initiate :=
  Build_Initiate r.(Initiate_flags) value r.(Initiate_index) r.(Initiate_x) r.(Initiate_ct_1) r.(Initiate_ct_2).
Definition Initiate_with_index (r : Initiate) (value : Z) : Initiate :=
  Build_Initiate r.(Initiate_flags) r.(Initiate_epoch) value r.(Initiate_x) r.(Initiate_ct_1) r.(Initiate_ct_2).
Definition Initiate_with_x (r : Initiate) (value : list Z) : Initiate :=
  Build_Initiate r.(Initiate_flags) r.(Initiate_epoch) r.(Initiate_index) value r.(Initiate_ct_1) r.(Initiate_ct_2).
Definition Initiate_with_ct_1 (r : Initiate) (value : list Z) : Initiate :=
  Build_Initiate r.(Initiate_flags) r.(Initiate_epoch) r.(Initiate_index) r.(Initiate_x) value r.(Initiate_ct_2).
Definition Initiate_with_ct_2 (r : Initiate) (value : list Z) : Initiate :=
  Build_Initiate r.(Initiate_flags) r.(Initiate_epoch) r.(Initiate_index) r.(Initiate_x) r.(Initiate_ct_1) value.
#[global] Instance Initiate_default : Rust.Default Initiate := Build_Initiate Rust.default Rust.default Rust.default Rust.default Rust.default Rust.default.

Record Confirm : Type := {
  Confirm_epoch : Z;
  Confirm_index : Z;
  Confirm_z : list Z;
  Confirm_ct_3 : list Z
}.
Definition Confirm_with_epoch (r : Confirm) (value : Z) : Confirm :=
  Build_Confirm value r.(Confirm_index) r.(Confirm_z) r.(Confirm_ct_3).
Definition Confirm_with_index (r : Confirm) (value : Z) : Confirm :=
  Build_Confirm r.(Confirm_epoch) value r.(Confirm_z) r.(Confirm_ct_3).
Definition Confirm_with_z (r : Confirm) (value : list Z) : Confirm :=
  Build_Confirm r.(Confirm_epoch) r.(Confirm_index) value r.(Confirm_ct_3).
Definition Confirm_with_ct_3 (r : Confirm) (value : list Z) : Confirm :=
  Build_Confirm r.(Confirm_epoch) r.(Confirm_index) r.(Confirm_z) value.
#[global] Instance Confirm_default : Rust.Default Confirm := Build_Confirm Rust.default Rust.default Rust.default Rust.default.

Definition encode_header (header : Header) : list Z :=
  bytes.concat_all [cbor.encode_array_head 8;
   cbor.encode_uint params.VERSION;
   cbor.encode_uint header.(Header_suite);
   cbor.encode_bstr header.(Header_node);
   cbor.encode_uint header.(Header_epoch);
   cbor.encode_uint header.(Header_not_after);
   cbor.encode_uint header.(Header_depth);
   cbor.encode_bstr header.(Header_root);
   cbor.encode_bstr header.(Header_mailbox)].

Definition bound_header (w : weakening.Weakening) (header : Header) : list Z :=
  encode_header (Header_with_epoch (Header_with_node (Header_with_suite header (if w.(weakening.Weakening_suite_unbound) then
    0
  else
    header.(Header_suite))) (if w.(weakening.Weakening_node_unbound) then
    Rust.zeros sha256.DIGEST_LENGTH
  else
    header.(Header_node))) (if w.(weakening.Weakening_epoch_unbound) then
    0
  else
    header.(Header_epoch))).

Definition is_header (header : Header) : bool :=
  ((((params.is_suite header.(Header_suite)) && (header.(Header_depth) <=? params.DEPTH_MAX)) && (Rust.len header.(Header_node) =? sha256.DIGEST_LENGTH)) && (Rust.len header.(Header_root) =? sha256.DIGEST_LENGTH)) && (Rust.len header.(Header_mailbox) =? sha256.DIGEST_LENGTH).

Definition parse_header (input : list Z) (node : list Z) : Rust.result Header error.Reject :=
  let? t1 := Rust.map_err error.Reject_from (cbor.read_array_of input 0 8) in
  let? version := Rust.map_err error.Reject_from (fields.read_uint input t1) in
  let? suite := Rust.map_err error.Reject_from (fields.read_uint input version.(fields.Read_next)) in
  let? credential := Rust.map_err error.Reject_from (fields.read_bstr input suite.(fields.Read_next) sha256.DIGEST_LENGTH sha256.DIGEST_LENGTH) in
  let? epoch := Rust.map_err error.Reject_from (fields.read_uint input credential.(fields.Read_next)) in
  let? not_after := Rust.map_err error.Reject_from (fields.read_uint input epoch.(fields.Read_next)) in
  let? depth := Rust.map_err error.Reject_from (fields.read_uint input not_after.(fields.Read_next)) in
  let? root := Rust.map_err error.Reject_from (fields.read_bstr input depth.(fields.Read_next) sha256.DIGEST_LENGTH sha256.DIGEST_LENGTH) in
  let? mailbox := Rust.map_err error.Reject_from (fields.read_bstr input root.(fields.Read_next) sha256.DIGEST_LENGTH sha256.DIGEST_LENGTH) in
  let? _ := Rust.map_err error.Reject_from (cbor.read_end input mailbox.(fields.Read_next)) in
  if negb (version.(fields.Read_value) =? params.VERSION) then
    Err error.Reject_UnsupportedVersion
  else if negb (params.is_suite suite.(fields.Read_value)) then
    Err error.Reject_UnknownSuite
  else if negb (Rust.eqb credential.(fields.Read_value) node) then
    Err error.Reject_WrongNode
  else if params.DEPTH_MAX <? depth.(fields.Read_value) then
    Err error.Reject_DepthOutOfRange
  else
    Ok {|
      Header_suite := suite.(fields.Read_value);
      Header_node := credential.(fields.Read_value);
      Header_epoch := epoch.(fields.Read_value);
      Header_not_after := not_after.(fields.Read_value);
      Header_depth := depth.(fields.Read_value);
      Header_root := root.(fields.Read_value);
      Header_mailbox := mailbox.(fields.Read_value)
    |}.

Definition parse_header_ensures (input : list Z) (node : list Z) (result : Rust.result Header error.Reject) : bool :=
  match result with
  | Ok header => (is_header header) && (Rust.eqb header.(Header_node) node)
  | Err _ => true
  end.

Definition encode_publication (publication : Publication) : list Z :=
  bytes.concat_all [cbor.encode_array_head 2;
   cose.encode publication.(Publication_batch);
   cbor.encode_bstr publication.(Publication_ys)].

Definition parse_publication (input : list Z) : Rust.result Publication error.Reject :=
  let? t1 := Rust.map_err error.Reject_from (cbor.read_array_of input 0 2) in
  let? batch := cose.read input t1 in
  let? ys := Rust.map_err error.Reject_from (fields.read_bstr input batch.(fields.Read_next) 0 Rust.usize_MAX) in
  let? _ := Rust.map_err error.Reject_from (cbor.read_end input ys.(fields.Read_next)) in
  Ok {|
    Publication_batch := batch.(fields.Read_value);
    Publication_ys := ys.(fields.Read_value)
  |}.

Definition encode_offer (offer : Offer) : list Z :=
  bytes.concat_all [cbor.encode_array_head 4;
   cose.encode offer.(Offer_batch);
   cbor.encode_uint offer.(Offer_index);
   cbor.encode_bstr offer.(Offer_y);
   cbor.encode_bstr offer.(Offer_path)].

Definition parse_offer (input : list Z) : Rust.result Offer error.Reject :=
  let? t1 := Rust.map_err error.Reject_from (cbor.read_array_of input 0 4) in
  let? batch := cose.read input t1 in
  let? index := Rust.map_err error.Reject_from (fields.read_uint input batch.(fields.Read_next)) in
  let? y := Rust.map_err error.Reject_from (fields.read_bstr input index.(fields.Read_next) 32 32) in
  let? path := Rust.map_err error.Reject_from (fields.read_bstr input y.(fields.Read_next) 0 Rust.usize_MAX) in
  let? _ := Rust.map_err error.Reject_from (cbor.read_end input path.(fields.Read_next)) in
  Ok {|
    Offer_batch := batch.(fields.Read_value);
    Offer_index := index.(fields.Read_value);
    Offer_y := y.(fields.Read_value);
    Offer_path := path.(fields.Read_value)
  |}.

Definition encode_initiate (initiate : Initiate) : list Z :=
  bytes.concat_all [cbor.encode_array_head 6;
   cbor.encode_uint initiate.(Initiate_flags);
   cbor.encode_uint initiate.(Initiate_epoch);
   cbor.encode_uint initiate.(Initiate_index);
   cbor.encode_bstr initiate.(Initiate_x);
   cbor.encode_bstr initiate.(Initiate_ct_1);
   cbor.encode_bstr initiate.(Initiate_ct_2)].

Definition is_initiate (initiate : Initiate) : bool :=
  (((Rust.len initiate.(Initiate_x) =? 32) && (params.CT_1_MIN <=? Rust.len initiate.(Initiate_ct_1))) && (Rust.len initiate.(Initiate_ct_1) <=? params.CT_1_MAX)) && (params.CT_DATA_MIN <=? Rust.len initiate.(Initiate_ct_2)).

Definition parse_initiate (input : list Z) : Rust.result Initiate error.Reject :=
  let? t1 := Rust.map_err error.Reject_from (cbor.read_array_of input 0 6) in
  let? flags := Rust.map_err error.Reject_from (fields.read_uint input t1) in
  let? epoch := Rust.map_err error.Reject_from (fields.read_uint input flags.(fields.Read_next)) in
  let? index := Rust.map_err error.Reject_from (fields.read_uint input epoch.(fields.Read_next)) in
  let? x := Rust.map_err error.Reject_from (fields.read_bstr input index.(fields.Read_next) 32 32) in
  let? ct_1 := Rust.map_err error.Reject_from (fields.read_bstr input x.(fields.Read_next) params.CT_1_MIN params.CT_1_MAX) in
  let? ct_2 := Rust.map_err error.Reject_from (fields.read_bstr input ct_1.(fields.Read_next) params.CT_DATA_MIN Rust.usize_MAX) in
  let? _ := Rust.map_err error.Reject_from (cbor.read_end input ct_2.(fields.Read_next)) in
  Ok {|
    Initiate_flags := flags.(fields.Read_value);
    Initiate_epoch := epoch.(fields.Read_value);
    Initiate_index := index.(fields.Read_value);
    Initiate_x := x.(fields.Read_value);
    Initiate_ct_1 := ct_1.(fields.Read_value);
    Initiate_ct_2 := ct_2.(fields.Read_value)
  |}.

Definition parse_initiate_ensures (input : list Z) (result : Rust.result Initiate error.Reject) : bool :=
  match result with
  | Ok initiate => is_initiate initiate
  | Err _ => true
  end.

Definition encode_confirm (confirm : Confirm) : list Z :=
  bytes.concat_all [cbor.encode_array_head 4;
   cbor.encode_uint confirm.(Confirm_epoch);
   cbor.encode_uint confirm.(Confirm_index);
   cbor.encode_bstr confirm.(Confirm_z);
   cbor.encode_bstr confirm.(Confirm_ct_3)].

Definition is_confirm (confirm : Confirm) : bool :=
  ((Rust.len confirm.(Confirm_z) =? 0) || (Rust.len confirm.(Confirm_z) =? 32)) && (params.CT_DATA_MIN <=? Rust.len confirm.(Confirm_ct_3)).

Definition parse_confirm (input : list Z) : Rust.result Confirm error.Reject :=
  let? t1 := Rust.map_err error.Reject_from (cbor.read_array_of input 0 4) in
  let? epoch := Rust.map_err error.Reject_from (fields.read_uint input t1) in
  let? index := Rust.map_err error.Reject_from (fields.read_uint input epoch.(fields.Read_next)) in
  let? z := Rust.map_err error.Reject_from (fields.read_bstr input index.(fields.Read_next) 0 32) in
  if (negb (Rust.len z.(fields.Read_value) =? 0)) && (negb (Rust.len z.(fields.Read_value) =? 32)) then
    Err error.Reject_Malformed
  else
    let? ct_3 := Rust.map_err error.Reject_from (fields.read_bstr input z.(fields.Read_next) params.CT_DATA_MIN Rust.usize_MAX) in
    let? _ := Rust.map_err error.Reject_from (cbor.read_end input ct_3.(fields.Read_next)) in
    Ok {|
      Confirm_epoch := epoch.(fields.Read_value);
      Confirm_index := index.(fields.Read_value);
      Confirm_z := z.(fields.Read_value);
      Confirm_ct_3 := ct_3.(fields.Read_value)
    |}.

Definition parse_confirm_ensures (input : list Z) (result : Rust.result Confirm error.Reject) : bool :=
  match result with
  | Ok confirm => is_confirm confirm
  | Err _ => true
  end.

End Specification.
