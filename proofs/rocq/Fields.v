(* The readers of fields, and the tactics by which readers of whole messages are taken apart and put together. *)
From Coq Require Import ZArith List Bool Lia. Import ListNotations.
From Dke Require Import Rust Bytes Cbor.
From Dke.generated Require bytes utf8 cbor error fields.
Open Scope Z_scope.

(* `cbn` leaves encodings as they are. *)
#[global] Arguments usize_MAX : simpl never.
#[global] Arguments bytes.concat_all : simpl never.
#[global] Arguments cbor.encode_head : simpl never.
#[global] Arguments cbor.encode_uint : simpl never.
#[global] Arguments cbor.encode_int : simpl never.
#[global] Arguments cbor.encode_bstr : simpl never.
#[global] Arguments cbor.encode_tstr : simpl never.
#[global] Arguments cbor.encode_tstr_bytes : simpl never.
#[global] Arguments cbor.encode_array_head : simpl never.
#[global] Arguments cbor.encode_map_head : simpl never.

Notation read_value := fields.Read_value.
Notation read_next := fields.Read_next.

(* A reader of fields wraps one of CBOR. *)
Lemma reads_wrapped {T E} (read : list Z -> Z -> result (T * Z) E) encode valid :
  reads read fst snd encode valid ->
  reads (fun input position => let? (value, next) := read input position in
      Ok {| fields.Read_value := value; fields.Read_next := next |}) read_value read_next encode valid.
Proof.
  intros H. eapply (reads_as _ _ _ _ _ _ _ _ _ _ (fun v => v)); [exact H|auto..| |].
  - intros input position r Hr. apply bind_ok in Hr as ((v & next) & Hr & [= <-]). exists (v, next). auto.
  - intros input position [v next] v' Hr Hv Ev. rewrite Hr. cbn in *. eauto.
Qed.
Lemma reads_uint : reads fields.read_uint read_value read_next cbor.encode_uint valid_argument.
Proof. exact (reads_wrapped _ _ _ Cbor.reads_uint). Qed.

Definition valid_int (v : Z) : Prop := - 2 ^ 63 <= v < 2 ^ 63.
Lemma encode_int_nonnegative v : 0 <= v -> cbor.encode_int v = cbor.encode_uint v.
Proof. intros. unfold cbor.encode_int, unsigned_abs. destruct (Z.leb_spec 0 v); [|lia]. now rewrite Z.abs_eq. Qed.
Lemma encode_int_negative v : valid_int v -> v < 0 -> cbor.encode_int v = cbor.encode_nint (-1 - v).
Proof.
  intros [] ?. unfold cbor.encode_int, unsigned_abs, i64. destruct (Z.leb_spec 0 v); [lia|]. f_equal.
  rewrite Z.mod_small by lia. lia.
Qed.
Lemma reads_cbor_int : reads cbor.read_int fst snd cbor.encode_int valid_int.
Proof.
  intros input position rest Hi C. unfold cbor.read_int.
  assert (P : forall m a rest', 0 <= m < 8 -> m <> cbor.SIMPLE -> valid_argument a ->
    rest = cbor.encode_head m a ++ rest' -> cbor.peek_major input position = Some m).
  { intros m a rest' Hm Hs Ha ->. apply (peek_major_encoded input position (cbor.Build_Head m a) rest').
    - repeat split; cbn; try apply Hm; try apply Ha; contradiction.
    - exact C. }
  destruct (Cbor.reads_uint _ _ _ Hi C) as [Fu Bu]. destruct (Cbor.reads_nint _ _ _ Hi C) as [Fn Bn]. split.
  - intros r. destruct (eqb _ _) eqn:M; intros H; apply bind_ok in H as ((n & next) & Hn & H);
      unfold try_i64 in H; destruct (Z.ltb_spec n (2 ^ 63)); cbn [or bind] in H; try discriminate;
      apply ok_injective in H; subst r; cbn [fst snd].
    + destruct (Fn _ Hn) as ([V _] & rest' & E & C'). cbn [fst snd] in *.
      assert (Ei : i64 (-1 - n) = -1 - n) by (unfold i64; rewrite Z.mod_small; lia). rewrite Ei.
      assert (V' : valid_int (-1 - n)) by (unfold valid_int; lia). split; [exact V'|]. exists rest'.
      rewrite encode_int_negative by (auto; lia). now replace (-1 - (-1 - n)) with n by lia.
    + destruct (Fu _ Hn) as ([V _] & rest' & E & C'). cbn [fst snd] in *. split; [unfold valid_int; lia|].
      exists rest'. now rewrite encode_int_nonnegative.
  - intros v rest' V E. pose proof V as [V1 V2]. destruct (Z.lt_ge_cases v 0).
    + rewrite encode_int_negative in E by auto. assert (A : valid_argument (-1 - v)) by (split; lia).
      rewrite (P cbor.NINT (-1 - v) rest') by (auto; cbv; intuition congruence).
      replace (eqb (Some cbor.NINT) (Some cbor.NINT)) with true by reflexivity.
      destruct (Bn _ _ A E) as ((n & next) & -> & Ev & C'). cbn [fst snd bind] in *. subst n.
      unfold try_i64. destruct (Z.ltb_spec (-1 - v) (2 ^ 63)); [|lia]. cbn [or bind].
      eexists. split; [reflexivity|]. cbn [fst snd]. split; [|exact C'].
      unfold i64. rewrite Z.mod_small; lia.
    + rewrite encode_int_nonnegative in E by auto. assert (A : valid_argument v) by (split; lia).
      rewrite (P cbor.UINT v rest') by (auto; cbv; intuition congruence).
      replace (eqb (Some cbor.UINT) (Some cbor.NINT)) with false by reflexivity.
      destruct (Bu _ _ A E) as ((n & next) & -> & Ev & C'). cbn [fst snd bind] in *. subst n.
      unfold try_i64. destruct (Z.ltb_spec v (2 ^ 63)); [|lia]. cbn [or bind]. eauto.
Qed.
Lemma reads_int : reads fields.read_int read_value read_next cbor.encode_int valid_int.
Proof. exact (reads_wrapped _ _ _ reads_cbor_int). Qed.

Definition has_bytes (least most : Z) (content : list Z) : Prop := is_input content /\ least <= len content <= most.
Lemma reads_bstr least most :
  reads (fun input position => fields.read_bstr input position least most) read_value read_next
    cbor.encode_bstr (has_bytes least most).
Proof.
  eapply (reads_as _ _ _ _ _ _ _ _ _ _ (fun v => v)); [exact Cbor.reads_bstr|now intros v []|auto| |];
    unfold fields.read_bstr.
  - intros input position r H. apply bind_ok in H as ((v & next) & H & H'). exists (v, next).
    destruct (_ && _) eqn:B; [|discriminate]. injection H' as <-. apply andb_true_iff in B as [B1 B2].
    apply Z.leb_le in B1, B2. repeat split; cbn; try apply H0; auto.
  - intros input position [v next] v' H [_ [B1 B2]] Ev. rewrite H. cbn in *. subst.
    apply Z.leb_le in B1, B2. rewrite B1, B2. cbn. eauto.
Qed.

Definition is_text (most : Z) (content : list Z) : Prop :=
  is_input content /\ utf8.is_utf8 content = true /\ 1 <= len content <= most.
Lemma reads_tstr most :
  reads (fun input position => fields.read_tstr input position most) read_value read_next
    cbor.encode_tstr_bytes (is_text most).
Proof.
  eapply (reads_as _ _ _ _ _ _ _ _ _ _ (fun v => v)); [exact Cbor.reads_tstr|now intros v (? & ? & ?)|auto| |];
    unfold fields.read_tstr.
  - intros input position r H. apply bind_ok in H as ((v & next) & H & H'). exists (v, next).
    destruct (_ && _) eqn:B; [|discriminate]. injection H' as <-. apply andb_true_iff in B as [B1 B2].
    apply Z.leb_le in B1, B2. repeat split; cbn; try apply H0; auto.
  - intros input position [v next] v' H (_ & _ & B1 & B2) Ev. rewrite H. cbn in *. subst.
    apply Z.leb_le in B1, B2. rewrite B1, B2. cbn. eauto.
Qed.

Lemma reads_expected value : valid_int value ->
  reads (fun input position => fields.expect_int input position value)
    (fun _ => tt) (fun next => next) (fun _ => cbor.encode_int value) (fun _ => True).
Proof.
  intros V. unfold fields.expect_int.
  set (m := if value <? 0 then cbor.NINT else cbor.UINT).
  set (a := if value <? 0 then u64 (Z.lnot value) else u64 value).
  assert (Hm : 0 <= m < 8 /\ m <> cbor.SIMPLE) by (subst m; destruct (_ <? _); cbv; intuition congruence).
  assert (Ha : valid_argument a) by (subst a; unfold valid_argument, u64; destruct (_ <? _); apply Z.mod_pos_bound; lia).
  eapply (reads_as _ _ _ _ _ _ _ _ _ _ (fun _ => a)); [exact (reads_head_of m (proj1 Hm) (proj2 Hm))|auto..| |].
  - intros _. destruct V. subst m a. unfold u64. destruct (Z.ltb_spec value 0).
    + rewrite encode_int_negative by (unfold valid_int; lia). unfold cbor.encode_nint.
      rewrite Z.mod_small; unfold Z.lnot; [f_equal; lia|lia].
    + rewrite encode_int_nonnegative by auto. now rewrite Z.mod_small by lia.
  - intros input position r H. cbv zeta in H. fold m a in H. apply bind_ok in H as ((head & next) & H & H').
    destruct (Z.eqb_spec (cbor.Head_argument head) a); [|discriminate]. injection H' as <-. exists (head, next). auto.
  - intros input position [head next] v H _ Ev. cbv zeta. fold m a. rewrite H. cbn in *.
    rewrite Ev, Z.eqb_refl. exists next. now destruct v.
Qed.

(* Tactics for readers of many fields. `reader call` is what `reads` says of the reader that is called; it is extended for composite ones. *)
Ltac in_range := cbv; intuition congruence.
Ltac field_reader call :=
  lazymatch call with
  | fields.read_uint _ _ => uconstr:(reads_uint)
  | fields.read_int _ _ => uconstr:(reads_int)
  | fields.read_bstr _ _ ?least ?most => uconstr:(reads_bstr least most)
  | fields.read_tstr _ _ ?most => uconstr:(reads_tstr most)
  | fields.expect_int _ _ ?value => uconstr:(reads_expected value ltac:(in_range))
  | cbor.read_array_of _ _ ?count => uconstr:(reads_array_of count ltac:(in_range))
  | cbor.read_map_of _ _ ?count => uconstr:(reads_map_of count ltac:(in_range))
  end.

(* From `Hi : is_input input`, the cursor, and a success `bind ... = Ok _`: what the first reader read; the cursor moves on. *)
Ltac read_step reader Hi :=
  match goal with
  | C : cursor _ _ ?rest, H : bind _ _ = Ok _ |- _ =>
      let r := fresh "r" in let Hr := fresh "Hr" in
      apply bind_ok in H as (r & Hr & H); try apply map_err_ok in Hr;
      lazymatch type of Hr with
      | cbor.read_end _ _ = _ =>
          rewrite (read_end_cursor _ _ _ C) in Hr; destruct rest; [|discriminate Hr]; clear C Hr
      | ?call = _ =>
          let reading := reader call in
          let V := fresh "V" in let rest' := fresh "rest" in let E := fresh "E" in let C' := fresh "C" in
          apply (proj1 (reading _ _ _ Hi C)) in Hr as (V & rest' & E & C');
          subst rest || rewrite E in *; cbn [fst snd] in *; clear C
      end
  end.

(* From a cursor before an encoding to the success of the first reader *)
Ltac write_step reader Hi :=
  match goal with
  | C : cursor _ _ _ |- context [bind ?first _] =>
      let call := lazymatch first with map_err _ ?call => call | ?call => call end in
      let r := fresh "r" in let E := fresh "E" in let V := fresh "V" in let C' := fresh "C" in
      lazymatch call with
      | cbor.read_end _ _ => rewrite (read_end_cursor _ _ _ C); clear C; cbn [map_err bind]
      | _ =>
          let reading := reader call in
          lazymatch call with
          | fields.expect_int _ _ _ => destruct (proj2 (reading _ _ _ Hi C) tt _ I eq_refl) as (r & E & V & C')
          | cbor.read_array_of _ _ _ => destruct (proj2 (reading _ _ _ Hi C) tt _ I eq_refl) as (r & E & V & C')
          | cbor.read_map_of _ _ _ => destruct (proj2 (reading _ _ _ Hi C) tt _ I eq_refl) as (r & E & V & C')
          | _ => edestruct (proj2 (reading _ _ _ Hi C)) as (r & E & V & C');
              [ | reflexivity | destruct r; cbn [fields.Read_value fields.Read_next] in V, C'; subst ]
          end;
          [.. | rewrite E; clear C E; cbn [map_err bind fields.Read_value fields.Read_next]]
      end
  end.

Create HintDb valid.
Lemma any_length content : has_bytes 0 usize_MAX content <-> is_input content.
Proof.
  unfold has_bytes, usize_MAX, is_input. pose proof (len_nonnegative content). intuition lia.
Qed.

(* A field of any length is one of at most usize::MAX. *)
Ltac any_lengths := repeat match goal with
  | H : has_bytes 0 usize_MAX _ |- _ => apply any_length in H
  | |- has_bytes 0 usize_MAX _ => apply any_length
  end.
Ltac valid :=
  autounfold with valid in *; cbn [fst snd] in *; cbn;
  repeat match goal with |- _ /\ _ => split end; any_lengths; (assumption || tauto).
Ltac valid_parts V := autounfold with valid in V; cbn in V; decompose [and] V; clear V.

Ltac encoded := rewrite ?concat_all_concat in *; cbn [List.concat] in *; rewrite <- ?app_assoc in *.

(* That a message is read and written exactly, where each of its fields is taken as it is. *)
Ltac fields_exact parse encode reader :=
  intros input m Hi; unfold parse; pose proof (cursor_start input) as C; split;
  [ intros H; repeat read_step reader Hi; apply ok_injective in H; subst m;
    split; [valid|]; unfold encode; encoded; reflexivity
  | intros [V E]; destruct m; rewrite E in C at 2; unfold encode in C; encoded;
    valid_parts V; repeat (write_step reader Hi; [valid..|]); reflexivity ].
