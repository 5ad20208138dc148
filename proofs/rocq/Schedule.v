(* The key schedule: which inputs HKDF gets, and that no two coincide. *)
From Coq Require Import ZArith List Bool Lia String. Import ListNotations.
From Dke Require Import Rust Bytes Cbor Fields Hash Inputs.
From Dke.generated Require bytes cbor error params weakening sha256 hmac hkdf primitives key_schedule.
Open Scope Z_scope.
Open Scope list_scope.

Section Schedule.
Context {P : primitives.Primitives}.

(* info *)
Lemma info_is label context length : key_schedule.info label context length
  = encode_array [Tstr (str "DKE-v1 " ++ label); Bstr context; Uint length].
Proof. unfold key_schedule.info, encode_array, encode_sequence. now rewrite !concat_all_concat. Qed.

Theorem info_injective label context length label' context' length' :
  is_input (str "DKE-v1 " ++ label) -> is_input context -> valid_argument length ->
  is_input (str "DKE-v1 " ++ label') -> is_input context' -> valid_argument length' ->
  is_input (key_schedule.info label context length) ->
  key_schedule.info label context length = key_schedule.info label' context' length' ->
  label = label' /\ context = context' /\ length = length'.
Proof.
  intros. rewrite !info_is in *. apply array_injective in H6; auto; try easy.
  1: now injection H6 as E -> ->.
  all: valid_items.
Qed.

(* All outputs of Expand in an exchange, each with its label, the transcript hash that is its context, and its length *)
Inductive purpose : Type :=
| IdKey | IdNonce | Salt | EarlyDataKey | EarlyDataNonce | Early | Basic | Refresh | ConfirmKey | ConfirmNonce | Session.
Definition label (p : purpose) : list Z :=
  match p with
  | IdKey => str "id key" | IdNonce => str "id nonce" | Salt => str "salt"
  | EarlyDataKey => str "early data key" | EarlyDataNonce => str "early data nonce" | Early => str "early"
  | Basic => str "basic" | Refresh => str "refresh"
  | ConfirmKey => str "confirm key" | ConfirmNonce => str "confirm nonce" | Session => str "session"
  end.
Definition context (p : purpose) : nat :=
  match p with
  | IdKey | IdNonce => 1 | Salt | EarlyDataKey | EarlyDataNonce => 2 | Early => 3
  | Basic | Refresh | ConfirmKey | ConfirmNonce => 4 | Session => 5
  end.
Definition size (p : purpose) : Z :=
  match p with
  | IdKey | EarlyDataKey | ConfirmKey => 16 | IdNonce | EarlyDataNonce | ConfirmNonce => 13 | _ => 32
  end.
Definition info (p : purpose) (th : list Z) : list Z := key_schedule.info (label p) th (size p).
Definition derive (p : purpose) (prk th : list Z) : list Z := key_schedule.expand prk (label p) th (size p).

(* This is the key schedule of the specification. *)
Theorem derive_is_the_specification prk th ss ee : let w := weakening.Weakening_NONE in
  let aead key nonce := {| key_schedule.AeadKey_key := derive key prk th; key_schedule.AeadKey_nonce := derive nonce prk th |} in
  key_schedule.id_key prk th = aead IdKey IdNonce
  /\ key_schedule.early_data_key prk th = aead EarlyDataKey EarlyDataNonce
  /\ key_schedule.confirm_key prk th = aead ConfirmKey ConfirmNonce
  /\ key_schedule.prk_2 w prk th ss = hkdf.extract (derive Salt prk th) ss
  /\ key_schedule.early_secret prk th = derive Early prk th
  /\ key_schedule.prk_3_basic prk th = derive Basic prk th
  /\ key_schedule.prk_3_refresh w prk th ee = hkdf.extract (derive Refresh prk th) ee
  /\ key_schedule.session_secret prk th = derive Session prk th.
Proof. repeat split. Qed.

(* Labels are distinct, and none is that of an export. *)
Theorem labels_distinct p q : label p = label q -> p = q.
Proof. destruct p, q; (reflexivity || (intros H; vm_compute in H; discriminate H)). Qed.
Theorem label_is_no_export p other : label p <> str "export " ++ other.
Proof. destruct p; intros H; vm_compute in H; discriminate H. Qed.

Lemma label_input p : is_input (str "DKE-v1 " ++ label p).
Proof. apply literal_input. now destruct p. Qed.
Lemma size_valid p : valid_argument (size p).
Proof. destruct p; split; cbv; congruence. Qed.
Lemma encode_head_input m a : 0 <= m < 8 -> 0 <= a < 2 ^ 64 -> are_bytes (cbor.encode_head m a) /\ len (cbor.encode_head m a) <= 9.
Proof.
  intros Hm Ha. rewrite encode_head_bytes by auto. cbv zeta.
  pose proof (shortest_information_fits a Ha) as F. cbv zeta in F. set (i := cbor.shortest_information a) in *. split.
  - constructor; [|apply big_endian_bytes]. unfold is_byte. lia.
  - rewrite len_cons, big_endian_len. pose proof (following_small i). lia.
Qed.
Lemma string_input m content : 0 <= m < 8 -> are_bytes content -> len content < 2 ^ 32 ->
  are_bytes (cbor.encode_head m (len content) ++ content) /\ len (cbor.encode_head m (len content) ++ content) <= 9 + len content.
Proof.
  intros Hm B L. pose proof (len_nonnegative content). destruct (encode_head_input m (len content)); auto; [lia|].
  split; [now apply Forall_app | rewrite len_app; lia].
Qed.
Lemma info_input l th n : are_bytes (str "DKE-v1 " ++ l) -> len (str "DKE-v1 " ++ l) < 2 ^ 32 ->
  are_bytes th -> len th < 2 ^ 32 -> valid_argument n -> is_input (key_schedule.info l th n).
Proof.
  intros Bl Ll Bt Lt Hn. rewrite info_is. unfold encode_array, encode_sequence. rewrite concat_all_concat. cbn [map List.concat].
  destruct (string_input cbor.TSTR (str "DKE-v1 " ++ l)) as [B1 L1]; auto; [cbv; intuition congruence|].
  destruct (string_input cbor.BSTR th) as [B2 L2]; auto; [cbv; intuition congruence|].
  destruct (encode_head_input cbor.UINT n) as [B3 L3]; auto; [cbv; intuition congruence|].
  destruct (encode_head_input cbor.ARRAY 3) as [B4 L4]; [cbv; intuition congruence..|].
  change (cbor.encode_array_head (len [Tstr (str "DKE-v1 " ++ l); Bstr th; Uint n])) with (cbor.encode_head cbor.ARRAY 3).
  change (encode_item (Tstr (str "DKE-v1 " ++ l))) with (cbor.encode_head cbor.TSTR (len (str "DKE-v1 " ++ l)) ++ (str "DKE-v1 " ++ l)).
  change (encode_item (Bstr th)) with (cbor.encode_head cbor.BSTR (len th) ++ th).
  change (encode_item (Uint n)) with (cbor.encode_head cbor.UINT n).
  assert (G : forall a b c d, are_bytes a -> are_bytes b -> are_bytes c -> are_bytes d ->
    are_bytes (a ++ b ++ c ++ d ++ []) /\ len (a ++ b ++ c ++ d ++ []) = len a + len b + len c + len d).
  { intros a b c d Ba Bb Bc Bd. rewrite app_nil_r, !len_app. split; [|lia]. repeat (apply Forall_app; split; auto). }
  destruct (G _ _ _ _ B4 B1 B2 B3) as [B L]. split; [exact B|]. rewrite L. lia.
Qed.

(* Inputs of Expand coincide only for one purpose and one transcript; with the transcript, only in exchanges that agree up to there. *)
Theorem own_inputs_distinct p q th th' : are_bytes th -> len th = 32 -> are_bytes th' -> len th' = 32 ->
  info p th = info q th' -> p = q /\ th = th'.
Proof.
  intros B L B' L' H. unfold info in H. pose proof (label_input p) as [Bp Lp].
  assert (len (str "DKE-v1 " ++ label p) < 2 ^ 32) by (destruct p; reflexivity).
  apply info_injective in H as (E & Et & _); auto using label_input, size_valid.
  - split; [now apply labels_distinct | exact Et].
  - split; [auto | lia].
  - split; [auto | lia].
  - apply info_input; auto using size_valid. lia.
Qed.
Theorem expand_binding p q e f : valid_exchange e -> valid_exchange f ->
  info p (th (context p) e) = info q (th (context q) f) ->
  collision + { p = q /\ forall k, (k <= context p)%nat -> tuple k e = tuple k f }.
Proof.
  intros Ve Vf H. destruct (digest (encode_sequence (tuple (context p) e))) as [L B].
  destruct (digest (encode_sequence (tuple (context q) f))) as [L' B'].
  destruct (own_inputs_distinct p q (th (context p) e) (th (context q) f) B L B' L' H) as [<- E].
  destruct (transcript_binding (context p) (context p) e f Ve Vf E) as [c|[_ A]]; [left; exact c | right; auto].
Qed.

(* Exports: other inputs than all of the protocol's own, and distinct for distinct label, context or length. *)
Definition export_info (label context : list Z) (length : Z) : list Z :=
  key_schedule.info (str "export " ++ label) context length.
Definition valid_export (label context : list Z) (length : Z) : Prop :=
  are_bytes label /\ are_bytes context /\ key_schedule.is_export label context length = true.
Lemma export_input label context length : valid_export label context length ->
  is_input (str "DKE-v1 " ++ str "export " ++ label) /\ is_input context /\ valid_argument length
  /\ is_input (export_info label context length).
Proof.
  intros (Bl & Bc & H). unfold key_schedule.is_export, hkdf.is_output_length in H. rewrite !andb_true_iff, !Z.leb_le in H.
  change params.EXPORT_LABEL_MAX with 64 in H. change params.EXPORT_CONTEXT_MAX with 65535 in H.
  change hkdf.MAX_OUTPUT_LENGTH with 8160 in H.
  assert (B : are_bytes (str "DKE-v1 " ++ str "export " ++ label)).
  { rewrite app_assoc. apply Forall_app. split; [|exact Bl]. now apply literal_input. }
  assert (L : len (str "DKE-v1 " ++ str "export " ++ label) = 14 + len label) by (rewrite !len_app; change (len (str "DKE-v1 ")) with 7; change (len (str "export ")) with 7; lia).
  assert (A : valid_argument length) by (split; lia).
  assert (I1 : is_input (str "DKE-v1 " ++ str "export " ++ label)) by (split; [exact B | lia]).
  assert (I2 : is_input context) by (split; [exact Bc | lia]).
  split; [exact I1|]. split; [exact I2|]. split; [exact A|]. apply info_input; auto; lia.
Qed.
Theorem exports_distinct label context length label' context' length' :
  valid_export label context length -> valid_export label' context' length' ->
  export_info label context length = export_info label' context' length' ->
  label = label' /\ context = context' /\ length = length'.
Proof.
  intros V V' H. destruct (export_input _ _ _ V) as (? & ? & ? & ?). destruct (export_input _ _ _ V') as (? & ? & ? & ?).
  unfold export_info in *. apply info_injective in H as (E & Ec & El); auto. now apply app_inv_head in E.
Qed.
Theorem export_is_no_own_input p th name context length : are_bytes th -> len th = 32 ->
  valid_export name context length -> info p th <> export_info name context length.
Proof.
  intros B L V H. destruct (export_input _ _ _ V) as (? & ? & ? & ?). pose proof (label_input p) as [Bp Lp].
  assert (len (str "DKE-v1 " ++ label p) < 2 ^ 32) by (destruct p; reflexivity).
  unfold info, export_info in *. apply info_injective in H as (E & _ & _); auto using label_input, size_valid.
  - exact (label_is_no_export _ _ E).
  - split; [auto | lia].
  - apply info_input; auto using size_valid. lia.
Qed.
End Schedule.
