(* The messages, the batch header and SignedBatch: what a parser accepts is exactly what the encoder writes for a value in range. *)
From Coq Require Import ZArith List Bool Lia. Import ListNotations.
From Dke Require Import Rust Bytes Cbor Fields.
From Dke.generated Require bytes cbor error fields params cose message gateway.
Open Scope Z_scope.

(* SignedBatch, and a CWT: COSE_Sign1 *)
Definition valid_sign1 (s : cose.Sign1) : Prop :=
  is_input s.(cose.Sign1_protected) /\ is_input s.(cose.Sign1_payload) /\ has_bytes 64 64 s.(cose.Sign1_signature).

#[export] Hint Unfold valid_sign1 : valid.

Lemma reads_sign1 : reads cose.read read_value read_next cose.encode valid_sign1.
Proof.
  intros input position rest Hi C. split.
  - intros r H. unfold cose.read in H. repeat read_step field_reader Hi. apply ok_injective in H. subst r.
    split; [valid|]. eexists. split; [|eassumption].
    unfold cose.encode. encoded. reflexivity.
  - intros [protected payload signature] rest' (V1 & V2 & V3) ->. cbn in V1, V2, V3.
    unfold cose.encode in C. cbn in C. encoded. cbn [app] in C. unfold cose.read.
    repeat (write_step field_reader Hi; [valid..|]).
    eexists. split; [reflexivity|]. auto.
Qed.

Ltac message_reader call := lazymatch call with cose.read _ _ => uconstr:(reads_sign1) | _ => field_reader call end.

(* Publication *)
Definition valid_publication (m : message.Publication) : Prop :=
  valid_sign1 m.(message.Publication_batch) /\ is_input m.(message.Publication_ys).
#[export] Hint Unfold valid_publication : valid.

Theorem publication_exact : exact message.parse_publication message.encode_publication valid_publication.
Proof. fields_exact message.parse_publication message.encode_publication message_reader. Qed.

(* Offer *)
Definition valid_offer (m : message.Offer) : Prop :=
  valid_sign1 m.(message.Offer_batch) /\ valid_argument m.(message.Offer_index)
  /\ has_bytes 32 32 m.(message.Offer_y) /\ is_input m.(message.Offer_path).
#[export] Hint Unfold valid_offer : valid.

Theorem offer_exact : exact message.parse_offer message.encode_offer valid_offer.
Proof. fields_exact message.parse_offer message.encode_offer message_reader. Qed.

(* Initiate *)
Definition valid_initiate (m : message.Initiate) : Prop :=
  valid_argument m.(message.Initiate_flags) /\ valid_argument m.(message.Initiate_epoch)
  /\ valid_argument m.(message.Initiate_index) /\ has_bytes 32 32 m.(message.Initiate_x)
  /\ has_bytes 9 355 m.(message.Initiate_ct_1) /\ has_bytes 8 usize_MAX m.(message.Initiate_ct_2).
#[export] Hint Unfold valid_initiate : valid.

Theorem initiate_exact : exact message.parse_initiate message.encode_initiate valid_initiate.
Proof. fields_exact message.parse_initiate message.encode_initiate message_reader. Qed.

(* Confirm *)
Definition valid_confirm (m : message.Confirm) : Prop :=
  valid_argument m.(message.Confirm_epoch) /\ valid_argument m.(message.Confirm_index)
  /\ is_input m.(message.Confirm_z) /\ (len m.(message.Confirm_z) = 0 \/ len m.(message.Confirm_z) = 32)
  /\ has_bytes 8 usize_MAX m.(message.Confirm_ct_3).
#[export] Hint Unfold valid_confirm : valid.

Theorem confirm_exact : exact message.parse_confirm message.encode_confirm valid_confirm.
Proof.
  intros input m Hi. unfold message.parse_confirm. pose proof (cursor_start input) as C. split.
  - intros H. repeat read_step message_reader Hi.
    destruct (_ && _) eqn:Z in H; [discriminate|]. repeat read_step message_reader Hi.
    apply ok_injective in H. subst m. apply andb_false_iff in Z. rewrite !negb_false_iff, !Z.eqb_eq in Z.
    assert (is_input (read_value r2)) by apply V2.
    split; [valid|]. unfold message.encode_confirm. encoded. reflexivity.
  - intros [V E]. destruct m as [epoch index z ct_3]. rewrite E in C at 2. unfold message.encode_confirm in C. encoded.
    valid_parts V. assert (Z : has_bytes 0 32 z) by (split; [assumption | lia]).
    repeat (write_step message_reader Hi; [valid..|]).
    replace (_ && _) with false.
    + repeat (write_step message_reader Hi; [valid..|]). reflexivity.
    + symmetry. apply andb_false_iff. rewrite !negb_false_iff, !Z.eqb_eq. assumption.
Qed.

(* The batch header, for a given node *)
Definition valid_header (m : message.Header) : Prop :=
  (m.(message.Header_suite) = 2 \/ m.(message.Header_suite) = 3) /\ has_bytes 32 32 m.(message.Header_node)
  /\ valid_argument m.(message.Header_epoch) /\ valid_argument m.(message.Header_not_after)
  /\ 0 <= m.(message.Header_depth) <= 8 /\ has_bytes 32 32 m.(message.Header_root)
  /\ has_bytes 32 32 m.(message.Header_mailbox).
#[export] Hint Unfold valid_header : valid.

Lemma is_suite_true suite : params.is_suite suite = true <-> suite = 2 \/ suite = 3.
Proof. unfold params.is_suite. now rewrite orb_true_iff, !Z.eqb_eq. Qed.

Theorem header_exact node : exact (fun input => message.parse_header input node) message.encode_header
  (fun m => valid_header m /\ m.(message.Header_node) = node).
Proof.
  intros input m Hi. unfold message.parse_header. pose proof (cursor_start input) as C. split.
  - intros H. repeat read_step message_reader Hi.
    destruct (Z.eqb_spec (read_value r0) params.VERSION) as [Ev|]; cbn [negb] in H; [|discriminate].
    destruct (params.is_suite _) eqn:Es in H; cbn [negb] in H; [|discriminate]. apply is_suite_true in Es.
    destruct (eqb _ node) eqn:En in H; cbn [negb] in H; [|discriminate]. apply eqb_eq in En.
    destruct (Z.ltb_spec params.DEPTH_MAX (read_value r5)) as [|Ed] in H; [discriminate|].
    apply ok_injective in H. subst m. cbn. assert (0 <= read_value r5 <= 8) by (split; [apply V5 | exact Ed]).
    split; [split; [valid | assumption]|]. rewrite Ev. unfold message.encode_header. encoded. reflexivity.
  - intros [[V En] E]. destruct m as [suite node' epoch not_after depth root mailbox]. cbn in En. subst node'.
    rewrite E in C at 2. unfold message.encode_header in C. encoded. valid_parts V.
    assert (valid_argument params.VERSION) by (cbv; intuition congruence).
    assert (valid_argument suite) by (unfold valid_argument; lia).
    assert (valid_argument depth) by (unfold valid_argument; lia).
    repeat (write_step message_reader Hi; [valid..|]).
    cbn [message.Header_suite message.Header_node message.Header_depth]. rewrite Z.eqb_refl. cbn [negb].
    replace (params.is_suite suite) with true by (symmetry; now apply is_suite_true).
    replace (eqb node node) with true by (symmetry; now apply eqb_eq). cbn [negb].
    destruct (Z.ltb_spec params.DEPTH_MAX depth) as [L|]; [unfold params.DEPTH_MAX in L; lia|]. reflexivity.
Qed.
