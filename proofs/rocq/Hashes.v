(* All inputs of SHA-256 (but those inside of HMAC) and of HMAC in HKDF: none is another one's.

   So hashing needs no further separation: a leaf is no transcript, a credential no message, and so on. *)
From Coq Require Import ZArith List Bool Lia String. Import ListNotations.
From Dke Require Import Rust Bytes Cbor Fields Messages Credentials Hash Inputs Schedule.
From Dke.generated Require bytes cbor params sha256 hmac hkdf cose credential cwt message key_schedule.
Open Scope Z_scope.
Open Scope list_scope.

(* What is hashed, apart from its bytes *)
Inductive hashed : Type :=
| Transcript (items : list item)                 (* TH_0 to TH_5 *)
| Leaf (index : Z) (y : list Z)
| Inner (l r : list Z)
| Credential (c : credential.Credential)         (* H(CRED) *)
| Claims (c : cwt.Claims)                        (* H(CRED) of a client with a CWT *)
| Request (m : message.Initiate)                 (* in the outbox *)
| Signed (protected aad payload : list Z)        (* Sig_structure *)
| Token (token : list Z).                        (* mailbox *)

Definition hashed_bytes (h : hashed) : list Z :=
  match h with
  | Transcript items => encode_sequence items
  | Leaf index y => 0 :: index :: y
  | Inner l r => 1 :: l ++ r
  | Credential c => credential.encode c
  | Claims c => cwt.encode_claims c
  | Request m => message.encode_initiate m
  | Signed protected aad payload => cose.sig_structure protected aad payload
  | Token token => token
  end.

(* A transcript begins with the name of the protocol or with the hash before. *)
Definition begins_transcript (items : list item) : Prop :=
  exists suite node rest, items = Tstr params.PROTOCOL :: Uint suite :: Bstr node :: rest /\ len node = 32
  \/ exists th rest, items = Bstr th :: rest /\ len th = 32.
Definition valid_hashed (h : hashed) : Prop :=
  match h with
  | Transcript items => Forall valid_item items /\ begins_transcript items
  | Leaf index y => len y = 32
  | Inner l r => len l = 32 /\ len r = 32
  | Credential c => valid_credential c
  | Claims c => valid_claims c
  | Request m => valid_initiate m
  | Signed protected aad payload => is_input protected /\ is_input aad /\ is_input payload /\ 10 <= len aad
  | Token token => len token = 16
  end.

(* The first byte tells which it is; a token, of any bytes, has another length than all else. *)
Definition kind (h : hashed) : Z :=
  match h with
  | Transcript _ => 2 | Leaf _ _ => 0 | Inner _ _ => 1 | Credential _ => 3 | Claims _ => 4 | Request _ => 5
  | Signed _ _ _ => 6 | Token _ => 7
  end.
Definition kind_of_byte (b : Z) : Z :=
  if b =? 0 then 0 else if b =? 1 then 1 else if (b =? 0x66) || (b =? 0x58) then 2 else if b =? 0xa2 then 3
  else if b =? 0xa4 then 4 else if b =? 0x86 then 5 else 6.

Lemma len_string m content : 0 <= m < 8 -> is_input content -> len content <= len (cbor.encode_head m (len content) ++ content).
Proof. intros. rewrite len_app. pose proof (len_nonnegative (cbor.encode_head m (len content))). lia. Qed.
Lemma bstr_len content : len content <= len (cbor.encode_bstr content).
Proof.
  unfold cbor.encode_bstr, bytes.concat. rewrite len_app. pose proof (len_nonnegative (cbor.encode_head cbor.BSTR (len content))). lia.
Qed.
(* The length of a part is at most that of the whole. *)
Ltac lengths := repeat (rewrite len_app || rewrite len_cons);
  repeat match goal with |- context [len ?l] =>
    lazymatch goal with
    | _ : 0 <= len l |- _ => fail
    | _ => pose proof (len_nonnegative l)
    end
  end.

Lemma key_len k : valid_key k -> 32 <= len (credential.encode_key k).
Proof.
  intros (_ & [_ L] & _). unfold credential.encode_key. encoded. lengths.
  pose proof (bstr_len (credential.CoseKey_x k)). lia.
Qed.

Lemma first_byte h : valid_hashed h -> kind h <> 7 ->
  exists b rest, hashed_bytes h = b :: rest /\ kind_of_byte b = kind h /\ 16 < len (hashed_bytes h).
Proof.
  destruct h as [items|index y|l r|c|c|m|p a m|t]; cbn [valid_hashed kind hashed_bytes]; intros V N; try lia.
  - destruct V as [V (s & n & rest & [[-> L]|(th & rest' & -> & L)])]; unfold encode_sequence; rewrite concat_all_concat; cbn [map List.concat].
    + eexists _, _. split; [reflexivity|]. split; [reflexivity|]. cbn [encode_item]. lengths. pose proof (bstr_len n). lia.
    + cbn [encode_item]. unfold cbor.encode_bstr at 1, bytes.concat at 1. rewrite L.
      eexists _, _. split; [reflexivity|]. split; [reflexivity|]. lengths. pose proof (bstr_len th). lia.
  - eexists _, _. split; [reflexivity|]. split; [reflexivity|]. lengths. lia.
  - eexists _, _. split; [reflexivity|]. split; [reflexivity|]. lengths. lia.
  - destruct V as [_ V]. unfold credential.encode. encoded. eexists _, _. split; [reflexivity|]. split; [reflexivity|].
    lengths. pose proof (key_len _ V). lia.
  - destruct V as (_ & _ & V & _). unfold cwt.encode_claims. encoded. eexists _, _. split; [reflexivity|]. split; [reflexivity|].
    lengths. pose proof (key_len _ V). lia.
  - destruct V as (_ & _ & _ & [_ L] & _). unfold message.encode_initiate. encoded.
    eexists _, _. split; [reflexivity|]. split; [reflexivity|]. lengths. pose proof (bstr_len (message.Initiate_x m)). lia.
  - unfold cose.sig_structure. encoded. eexists _, _. split; [reflexivity|]. split; [reflexivity|].
    assert (T : len (cbor.encode_tstr (str "Signature1")) = 11) by reflexivity.
    destruct V as (_ & _ & _ & L). lengths. pose proof (bstr_len (bytes.utf8 a)) as A.
    change (len (bytes.utf8 a)) with (len a) in A. lia.
Qed.

Lemma input_right a b : is_input (a ++ b) -> is_input b.
Proof.
  intros [B L]. apply Forall_app in B as [_ B]. rewrite len_app in L. pose proof (len_nonnegative a). split; [exact B | lia].
Qed.
Lemma credential_injective c d : valid_credential c -> valid_credential d -> is_input (credential.encode c) ->
  credential.encode c = credential.encode d -> c = d.
Proof.
  destruct c as [s k], d as [s' k']. intros [Vs Vk] [Vs' Vk'] Hi E. cbn in Vs, Vk, Vs', Vk'.
  unfold credential.encode in *. encoded. cbn [credential.Credential_subject credential.Credential_key] in *.
  do 2 (apply app_inv_head in E; apply input_right in Hi).
  apply (prefix_free (Fields.reads_tstr 64)) in E as [-> E]; auto. apply input_right in Hi.
  do 3 (apply app_inv_head in E; apply input_right in Hi).
  apply (prefix_free reads_key) in E as [-> _]; auto.
Qed.

(* No two inputs of SHA-256 coincide. *)
Theorem hashed_injective g h : valid_hashed g -> valid_hashed h -> is_input (hashed_bytes g) ->
  hashed_bytes g = hashed_bytes h -> g = h.
Proof.
  intros Vg Vh Hi E.
  assert (K : kind g = kind h).
  { destruct (Z.eq_dec (kind g) 7) as [Kg|Kg], (Z.eq_dec (kind h) 7) as [Kh|Kh]; try lia.
    - destruct g; try discriminate Kg. destruct (first_byte h Vh Kh) as (_ & _ & _ & _ & L).
      rewrite <- E in L. cbn in Vg, L. lia.
    - destruct h; try discriminate Kh. destruct (first_byte g Vg Kg) as (_ & _ & _ & _ & L).
      rewrite E in L. cbn in Vh, L. lia.
    - destruct (first_byte g Vg Kg) as (b & rest & Eg & Kb & _), (first_byte h Vh Kh) as (c & rest' & Eh & Kc & _).
      rewrite Eg, Eh in E. apply cons_injective in E as [<- _]. congruence. }
  destruct g, h; try discriminate K; cbn [hashed_bytes valid_hashed] in *; f_equal.
  - destruct Vg as [Vg _], Vh as [Vh _]. now apply sequence_injective.
  - now apply cons_injective in E as [_ [E _]%cons_injective].
  - now apply cons_injective in E as [_ [_ E]%cons_injective].
  - apply cons_injective in E as [_ E]. apply app_same_length in E; [tauto | lia].
  - apply cons_injective in E as [_ E]. apply app_same_length in E; [tauto | lia].
  - now apply credential_injective.
  - now apply (encoding_injective claims_exact).
  - now apply (encoding_injective initiate_exact).
  - destruct Vg as (? & ? & ? & _), Vh as (? & ? & ? & _). apply sig_structure_injective in E; auto. tauto.
  - destruct Vg as (? & ? & ? & _), Vh as (? & ? & ? & _). apply sig_structure_injective in E; auto. tauto.
  - destruct Vg as (? & ? & ? & _), Vh as (? & ? & ? & _). apply sig_structure_injective in E; auto. tauto.
  - exact E.
Qed.

(* HKDF: both of its functions are HMAC. Extract's message is a shared secret of 32 bytes; Expand's, for outputs of at most 32 bytes,
   is info and the byte 1, which is longer; so no input of the one is one of the other, whatever the keys are. *)
Section Hkdf.
Context {P : primitives.Primitives}.
Lemma expand_is prk info n : 0 < n <= 32 ->
  hkdf.expand prk info n = Ok (bytes.prefix (hmac.hmac_sha256 prk (info ++ [1])) n).
Proof.
  intros Hn. unfold hkdf.expand, hkdf.is_output_length. change hkdf.MAX_OUTPUT_LENGTH with 8160.
  destruct (Z.leb_spec n 8160); [|lia]. cbn [negb]. cbv zeta.
  assert (D : div_ceil n sha256.DIGEST_LENGTH = Z.of_nat 1).
  { unfold div_ceil, sha256.DIGEST_LENGTH. symmetry. apply (Z.div_unique _ _ _ (n - 1)); lia. }
  assert (C : bytes.concat_all [bytes.empty tt; info; bytes.single (u8 (usize (Z.of_nat 0 + 1)))] = info ++ [1])
    by now rewrite concat_all_concat.
  rewrite D, for_range_next. change (Z.of_nat 0) with 0 at 1. rewrite for_range_none, C. reflexivity.
Qed.
Theorem expand_is_no_extract label th n secret : len th = 32 -> len secret = 32 ->
  key_schedule.info label th n ++ [1] <> secret.
Proof.
  intros Lt Ls E. assert (L : len (key_schedule.info label th n ++ [1]) = 32) by congruence. revert L.
  unfold key_schedule.info. encoded. lengths. pose proof (bstr_len th).
  assert (0 < len (cbor.encode_array_head 3)) by reflexivity. lia.
Qed.
End Hkdf.
