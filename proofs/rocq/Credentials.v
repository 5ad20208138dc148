(* Credentials, CWTs, protected headers and ID_CRED: the same for what names a party. *)
From Coq Require Import ZArith List Bool Lia. Import ListNotations.
From Dke Require Import Rust Bytes Cbor Fields Messages.
From Dke.generated Require bytes cbor error fields params primitives cose credential cwt.
Open Scope Z_scope.

(* COSE_Key *)
Definition valid_key (k : credential.CoseKey) : Prop :=
  has_bytes 1 16 k.(credential.CoseKey_kid) /\ has_bytes 32 32 k.(credential.CoseKey_x)
  /\ has_bytes 32 32 k.(credential.CoseKey_y).
#[export] Hint Unfold valid_key : valid.

Lemma reads_key : reads credential.read_key read_value read_next credential.encode_key valid_key.
Proof.
  intros input position rest Hi C. unfold credential.read_key. split.
  - intros r H. repeat read_step field_reader Hi. apply ok_injective in H. subst r.
    split; [valid|]. eexists. split; [|eassumption]. unfold credential.encode_key. encoded. reflexivity.
  - intros [kid x y] rest' V ->. unfold credential.encode_key in C. encoded. valid_parts V.
    repeat (write_step field_reader Hi; [valid..|]).
    eexists. split; [reflexivity|]. auto.
Qed.
Ltac credential_reader call :=
  lazymatch call with
  | credential.read_key _ _ => uconstr:(reads_key)
  | cose.read _ _ => uconstr:(reads_sign1)
  | _ => field_reader call
  end.

(* A credential: a CCS. Its point is on the curve, whatever the primitives say of that. *)
Definition valid_credential (c : credential.Credential) : Prop :=
  is_text 64 c.(credential.Credential_subject) /\ valid_key c.(credential.Credential_key).
#[export] Hint Unfold valid_credential : valid.

Section WithCurve.
Context {P : primitives.Primitives}.
Theorem credential_exact : exact credential.parse credential.encode
  (fun c => valid_credential c /\ exists point, credential.point_of c.(credential.Credential_key) = Ok point).
Proof.
  intros input m Hi. unfold credential.parse. pose proof (cursor_start input) as C. split.
  - intros H. repeat read_step credential_reader Hi. cbv zeta in H. apply bind_ok in H as (point & Hp & H).
    apply ok_injective in H. subst m.
    split; [split; [valid | now exists point]|]. unfold credential.encode. encoded. reflexivity.
  - intros [[V [point Hp]] E]. destruct m. rewrite E in C at 2. unfold credential.encode in C. encoded.
    valid_parts V. repeat (write_step credential_reader Hi; [valid..|]). cbn in *. now rewrite Hp.
Qed.
End WithCurve.

(* The payload of a CWT *)
Definition valid_claims (c : cwt.Claims) : Prop :=
  is_text 64 c.(cwt.Claims_subject) /\ is_text 64 c.(cwt.Claims_audience) /\ valid_key c.(cwt.Claims_key)
  /\ valid_argument c.(cwt.Claims_epoch_max).
#[export] Hint Unfold valid_claims : valid.

Theorem claims_exact : exact cwt.parse_claims cwt.encode_claims valid_claims.
Proof. fields_exact cwt.parse_claims cwt.encode_claims credential_reader. Qed.

(* The protected header of a CWT *)
Theorem protected_exact : exact cwt.parse_protected cwt.protected (has_bytes 1 16).
Proof.
  intros input kid Hi. unfold cwt.parse_protected. pose proof (cursor_start input) as C. split.
  - intros H. repeat read_step credential_reader Hi.
    destruct (Z.eqb_spec (read_value r1) params.ES256) as [Ea|]; [|discriminate]. apply ok_injective in H. subst kid.
    split; [valid|]. unfold cwt.protected. encoded. now rewrite Ea.
  - intros [V E]. rewrite E in C at 2. unfold cwt.protected in C. encoded.
    assert (valid_int params.ES256) by (cbv; intuition congruence).
    repeat (write_step credential_reader Hi; [valid..|]). now rewrite Z.eqb_refl.
Qed.

(* A CWT *)
Theorem cwt_exact : exact cwt.parse cose.encode valid_sign1.
Proof.
  intros input m Hi. unfold cwt.parse. pose proof (cursor_start input) as C. split.
  - intros H. repeat read_step credential_reader Hi. apply ok_injective in H. subst m.
    split; [assumption|]. now rewrite app_nil_r.
  - intros [V E]. rewrite E in C at 2. rewrite <- (app_nil_r (cose.encode m)) in C.
    repeat (write_step credential_reader Hi; [valid..|]). reflexivity.
Qed.

(* ID_CRED: a kid and a CWT cannot be taken for each other, nor two of them. *)
Theorem id_cred_injective kid kid' token token' :
  is_input kid -> is_input kid' -> is_input (cbor.encode_bstr kid) ->
  (cbor.encode_bstr kid = cbor.encode_bstr kid' -> kid = kid')
  /\ (cwt.id_cred token = cwt.id_cred token' -> token = token')
  /\ cbor.encode_bstr kid <> cwt.id_cred token.
Proof.
  intros Vk Vk' Hi. repeat split.
  - intros E. rewrite <- (app_nil_r (cbor.encode_bstr kid)), <- (app_nil_r (cbor.encode_bstr kid')) in E.
    apply (prefix_free Cbor.reads_bstr) in E as [E _]; auto. now rewrite app_nil_r.
  - unfold cwt.id_cred. encoded. rewrite !app_nil_r. now intros [= ->].
  - unfold cwt.id_cred. encoded. rewrite app_nil_r. unfold cbor.encode_bstr, bytes.concat. destruct Vk as [_ L].
    pose proof (len_nonnegative kid). assert (0 <= len kid < 2 ^ 64) as A by lia.
    rewrite encode_head_bytes by (unfold cbor.BSTR; lia). cbn [app bytes.bytes]. cbv zeta.
    pose proof (shortest_information_fits (len kid) A) as F. cbv zeta in F. intros E.
    apply cons_injective in E as [E _]. unfold cbor.BSTR in E. lia.
Qed.
