(* What is hashed: no two inputs of the transcript coincide unless they are the same tuple, and so two transcripts agree in all that
   went into them, or there is a collision of SHA-256. This is what the symbolic models assume of `h(<...>)`. *)
From Coq Require Import ZArith List Bool Lia String. Import ListNotations.
From Dke Require Import Rust Bytes Cbor Fields Hash.
From Dke.generated Require bytes cbor params weakening sha256 cose transcript.
Open Scope Z_scope.

(* The items of a tuple H(i_1, ..., i_n), and the CBOR sequence that is hashed *)
Inductive item : Type :=
| Uint (n : Z)
| Bstr (content : list Z)
| Tstr (content : list Z).
Definition encode_item (i : item) : list Z :=
  match i with
  | Uint n => cbor.encode_uint n
  | Bstr content => cbor.encode_bstr content
  | Tstr content => cbor.encode_tstr content
  end.
Definition valid_item (i : item) : Prop :=
  match i with Uint n => valid_argument n | Bstr content | Tstr content => is_input content end.
Ltac valid_items :=
  repeat apply Forall_cons; try apply Forall_nil; cbn [valid_item]; (assumption || (apply literal_input; reflexivity)).
Definition encode_sequence (items : list item) : list Z := bytes.concat_all (map encode_item items).

(* Every item is a head, which tells type and length, and a content. *)
Definition head (i : item) : cbor.Head :=
  match i with
  | Uint n => cbor.Build_Head cbor.UINT n
  | Bstr content => cbor.Build_Head cbor.BSTR (len content)
  | Tstr content => cbor.Build_Head cbor.TSTR (len content)
  end.
Definition content (i : item) : list Z := match i with Uint _ => [] | Bstr content | Tstr content => content end.
Lemma encode_item_parts i :
  encode_item i = cbor.encode_head (head i).(cbor.Head_major) (head i).(cbor.Head_argument) ++ content i.
Proof. destruct i; [symmetry; apply app_nil_r | reflexivity..]. Qed.
Lemma head_valid i : valid_item i -> valid_head (head i).
Proof.
  destruct i as [n|b|t]; cbn; unfold valid_head, valid_argument, is_input; cbn;
    try pose proof (len_nonnegative b); try pose proof (len_nonnegative t);
    unfold cbor.UINT, cbor.BSTR, cbor.TSTR, cbor.SIMPLE; lia.
Qed.
Lemma item_unique i j a b : valid_item i -> valid_item j -> is_input (encode_item i ++ a) ->
  encode_item i ++ a = encode_item j ++ b -> i = j /\ a = b.
Proof.
  intros Vi Vj Hi H. rewrite !encode_item_parts, <- !app_assoc in *.
  destruct (prefix_free reads_head (head i) (head j) _ _ (head_valid i Vi) (head_valid j Vj) Hi H) as [Eh E].
  destruct i, j; try discriminate Eh; cbn in Eh, E; injection Eh as En.
  - now subst.
  - apply app_same_length in E as [-> ->]; auto.
  - apply app_same_length in E as [-> ->]; auto.
Qed.
Lemma encode_item_some i : valid_item i -> exists b rest, encode_item i = b :: rest.
Proof.
  intros V. destruct (head_valid i V) as (Hm & Ha & _). rewrite encode_item_parts, encode_head_bytes by auto.
  cbn [app]. eauto.
Qed.

Theorem sequence_injective items items' : Forall valid_item items -> Forall valid_item items' ->
  is_input (encode_sequence items) -> encode_sequence items = encode_sequence items' -> items = items'.
Proof.
  unfold encode_sequence. rewrite !concat_all_concat. intros V. revert items'.
  induction V as [|i items Vi _ IH]; intros items' V' Hi H.
  - destruct V' as [|j items' Vj _]; [easy|]. cbn in H. destruct (encode_item_some j Vj) as (? & ? & E).
    now rewrite E in H.
  - destruct V' as [|j items' Vj V'].
    + cbn in H. destruct (encode_item_some i Vi) as (? & ? & E). now rewrite E in H.
    + cbn in H, Hi. destruct (item_unique i j _ _ Vi Vj Hi H) as [-> E]. f_equal. apply IH; auto.
      destruct Hi as [B L]. apply Forall_app in B as [_ B]. rewrite len_app in L.
      pose proof (len_nonnegative (encode_item j)). split; auto. lia.
Qed.

(* An array of items: Sig_structure, and info of HKDF-Expand *)
Definition encode_array (items : list item) : list Z :=
  cbor.encode_array_head (len items) ++ encode_sequence items.
Theorem array_injective items items' : Forall valid_item items -> Forall valid_item items' ->
  is_input (encode_array items) -> len items < 2 ^ 64 -> len items' < 2 ^ 64 ->
  encode_array items = encode_array items' -> items = items'.
Proof.
  intros V V' Hi L L' H. pose proof (len_nonnegative items). pose proof (len_nonnegative items').
  unfold encode_array in *. apply (prefix_free reads_array_head) in H as [_ E]; [|split; lia|split; lia|exact Hi].
  apply sequence_injective in E; auto. destruct Hi as [B N]. apply Forall_app in B as [_ B].
  rewrite len_app in N. pose proof (len_nonnegative (cbor.encode_array_head (len items))). split; auto. lia.
Qed.

Lemma sig_structure_is protected aad payload : cose.sig_structure protected aad payload
  = encode_array [Tstr (str "Signature1"); Bstr protected; Bstr aad; Bstr payload].
Proof. unfold cose.sig_structure, encode_array, encode_sequence. now rewrite !concat_all_concat. Qed.
Theorem sig_structure_injective protected aad payload protected' aad' payload' :
  is_input protected -> is_input aad -> is_input payload -> is_input protected' -> is_input aad' -> is_input payload' ->
  is_input (cose.sig_structure protected aad payload) ->
  cose.sig_structure protected aad payload = cose.sig_structure protected' aad' payload' ->
  protected = protected' /\ aad = aad' /\ payload = payload'.
Proof.
  intros. rewrite !sig_structure_is in *. apply array_injective in H6; auto; try easy.
  1: now injection H6 as -> -> ->.
  all: valid_items.
Qed.

(* All that goes into the transcript of an exchange *)
Record exchange : Type := {
  suite : Z; node : list Z; header_ : list Z; index_ : Z; y : list Z;
  flags : Z; x : list Z;
  ct_1 : list Z; client : list Z;
  ct_2 : list Z;
  mode : Z; z : list Z;
  ct_3 : list Z
}.

(* The tuple of which TH_i is the hash; TH_i+1 has TH_i first, and then these. *)
Definition added (i : nat) (e : exchange) : list item :=
  match i with
  | 0%nat => [Uint e.(flags); Bstr e.(x)]
  | 1%nat => [Bstr e.(ct_1); Bstr e.(client)]
  | 2%nat => [Bstr e.(ct_2)]
  | 3%nat => [Uint e.(mode); Bstr e.(z)]
  | _ => [Bstr e.(ct_3)]
  end.
Fixpoint tuple (i : nat) (e : exchange) : list item :=
  match i with
  | O => [Tstr params.PROTOCOL; Uint e.(suite); Bstr e.(node); Bstr e.(header_); Uint e.(index_); Bstr e.(y)]
  | S i => Bstr (sha256.sha256 (encode_sequence (tuple i e))) :: added i e
  end.
Definition th (i : nat) (e : exchange) : list Z := sha256.sha256 (encode_sequence (tuple i e)).

(* These are the transcript hashes of the specification. *)
Theorem tuple_is_the_specification e : let w := weakening.Weakening_NONE in
  th 0 e = transcript.th_0 w e.(suite) e.(node) e.(header_) e.(index_) e.(y)
  /\ th 1 e = transcript.th_1 w (th 0 e) e.(flags) e.(x)
  /\ th 2 e = transcript.th_2 w (th 1 e) e.(ct_1) e.(client)
  /\ th 3 e = transcript.th_3 (th 2 e) e.(ct_2)
  /\ th 4 e = transcript.th_4 w (th 3 e) e.(mode) e.(z)
  /\ th 5 e = transcript.th_5 (th 4 e) e.(ct_3).
Proof.
  repeat split.
Qed.

(* Values that Rust can hold *)
Definition valid_exchange (e : exchange) : Prop :=
  forall i, Forall valid_item (tuple i e) /\ is_input (encode_sequence (tuple i e)).

Lemma tuple_next i e : tuple (S i) e = Bstr (th i e) :: added i e.
Proof. reflexivity. Qed.

(* Equal hashes come from the same place in the transcript, and from the same tuples up to there; or there is a collision. *)
Theorem transcript_binding i j e f : valid_exchange e -> valid_exchange f ->
  th i e = th j f -> collision + { i = j /\ forall k, (k <= i)%nat -> tuple k e = tuple k f }.
Proof.
  intros Ve Vf. revert j. induction i as [|i IH]; intros j H.
  all: destruct (same_input _ _ H) as [c|E]; [now left|].
  all: apply sequence_injective in E; try apply Ve; try apply Vf.
  - destruct j as [|j]; [right; split; [easy|]; intros k Hk; now replace k with O by lia|].
    rewrite tuple_next in E. discriminate E.
  - destruct j as [|j]; rewrite tuple_next in E; [discriminate E|].
    assert (T : th i e = th j f) by (rewrite tuple_next in E; congruence).
    destruct (IH j T) as [c|[-> A]]; [now left|right]. split; [easy|]. intros k Hk.
    destruct (Nat.eq_dec k (S j)) as [->|]; [|apply A; lia]. now rewrite !tuple_next in *.
Qed.
