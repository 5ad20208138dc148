(* The node's steps over a store: a prekey that was accepted is never accepted again, whatever comes, in whatever order, and wherever the
   node crashes between two operations of its store. A message that is rejected or repeated changes nothing. *)
From Coq Require Import ZArith List Bool Lia. Import ListNotations.
From Dke Require Import Rust Bytes Cbor Fields Messages.
From Dke.generated Require bytes error weakening primitives sha256 message node.
Open Scope Z_scope.

Section Steps.
Context {P : primitives.Primitives}.
Notation none := weakening.Weakening_NONE.
Notation last_epoch := node.Node_last_epoch.

(* The exchange over prekey `index` of the batch of `epoch` *)
Definition exchange : Type := Z * Z.

(* The node has no y for it any more: its batch is gone, or its y is. *)
Definition gone (n : node.Node) (e : exchange) : Prop :=
  fst e <= last_epoch n /\
  forall batch prekey, get n.(node.Node_batches) (last_epoch n - fst e) = Some batch ->
    get batch.(node.Batch_prekeys) (snd e) = Some prekey -> prekey.(node.Prekey_y) = None.

(* What every state of a node has: it follows the protocol, and its epochs are u64. *)
Definition proper (n : node.Node) : Prop := n.(node.Node_weakening) = none /\ 0 <= last_epoch n < 2 ^ 64.

(* Lists *)
Lemma get_some {T} (l : list T) i x : get l i = Some x -> 0 <= i -> i < len l.
Proof. intros H Hi. unfold get in H. unfold len.
  assert (Z.to_nat i < length l)%nat by (apply nth_error_Some; congruence). lia. Qed.
Lemma index_get {T} {D : Default T} (l : list T) i x : get l i = Some x -> index l i = x.
Proof. unfold get, index. intros H. now apply nth_error_nth. Qed.
Lemma get_index {T} {D : Default T} (l : list T) i : 0 <= i < len l -> get l i = Some (index l i).
Proof. unfold get, index, len. intros H. apply nth_error_nth'. lia. Qed.
Lemma get_update {T} (l : list T) i j v : 0 <= i < len l -> 0 <= j ->
  get (update l i v) j = if i =? j then Some v else get l j.
Proof.
  unfold get, update, len. intros Hi Hj.
  assert (G : forall l a b, (a < length l)%nat ->
    nth_error (update_nat l a v) b = if Nat.eqb a b then Some v else nth_error l b).
  { clear. induction l as [|x l IH]; intros a b H; [cbn in H; lia|].
    destruct a, b; cbn; try easy. apply IH. cbn in H. lia. }
  rewrite G by lia. destruct (Z.eqb_spec i j), (Nat.eqb_spec (Z.to_nat i) (Z.to_nat j)); try lia; easy.
Qed.
Lemma for_each_keeps {T S} (Q : S -> Prop) (l : list T) body state :
  Q state -> (forall x s, Q s -> Q (body x s)) -> Q (for_each l body state).
Proof. unfold for_each. intros H0 H. revert state H0. induction l; cbn; auto. Qed.

Lemma NoDup_left {T} (a b : list T) : NoDup (a ++ b) -> NoDup a.
Proof.
  induction a as [|x a IH]; cbn; intros H; [constructor|]. inversion H; subst.
  constructor; auto using in_or_app.
Qed.

(* N2 *)
Lemma authenticate_place n batch y m i a : node.authenticate n batch y m i = Ok a ->
  a.(node.Accepted_epoch) = i.(message.Initiate_epoch) /\ a.(node.Accepted_index) = i.(message.Initiate_index).
Proof.
  unfold node.authenticate. intros H.
  repeat (apply bind_ok in H as (? & _ & H)). destruct (_ <? _) in H; [discriminate|].
  apply bind_ok in H as (? & _ & H). apply ok_injective in H. now subst a.
Qed.

Lemma find_batch_ok n i place : valid_argument i.(message.Initiate_epoch) -> 0 <= last_epoch n < 2 ^ 64 ->
  node.find_batch n i = Ok place ->
  place = last_epoch n - i.(message.Initiate_epoch) /\ 0 <= place
  /\ exists batch, get n.(node.Node_batches) place = Some batch
    /\ i.(message.Initiate_index) < len batch.(node.Batch_prekeys).
Proof.
  intros [He _] Hl H. unfold node.find_batch in H.
  destruct (1 <? _) in H; [discriminate|]. destruct (Z.ltb_spec (last_epoch n) (message.Initiate_epoch i)); [discriminate|].
  destruct (_ || _) in H; [discriminate|]. cbv zeta in H. unfold u64 in H. rewrite Z.mod_small in H by lia.
  apply bind_ok in H as (batch & Hb & H). destruct (Z.ltb_spec (message.Initiate_index i) (len (node.Batch_prekeys batch))); [|discriminate].
  apply ok_injective in H. subst place. split; [easy|]. split; [lia|]. exists batch. split; [|assumption].
  destruct (get _ _); [|discriminate]. cbn in Hb. apply ok_injective in Hb. now subst.
Qed.

(* An acceptance takes a y that was there, and leaves none; it brings none back. *)
Theorem acceptance_erases n m next a : proper n -> is_input m ->
  node.accept n m = Ok (next, node.Incoming_Accepted a) ->
  let e := (a.(node.Accepted_epoch), a.(node.Accepted_index)) in
  proper next /\ ~ gone n e /\ gone next e /\ forall f, 0 <= snd f -> gone n f -> gone next f.
Proof.
  intros [Hw Hl] Hm H. unfold node.accept in H.
  apply bind_ok in H as (i & Hi & H). apply (initiate_exact m i Hm) in Hi as [(_ & Ve & Vi & _) _].
  apply bind_ok in H as (place & Hp & H).
  destruct (find_batch_ok n i place Ve Hl Hp) as (Ep & Hp0 & batch & Hb & Hx). clear Hp.
  cbv zeta in H. destruct (node.repeated _ _ _); [discriminate|].
  rewrite (index_get _ _ _ Hb) in H. apply bind_ok in H as (y & Hy & H). apply bind_ok in H as (a' & Ha & H).
  apply authenticate_place in Ha as [Ea Ei]. rewrite Hw in H.
  cbn [weakening.Weakening_prekey_reused weakening.Weakening_prekey_kept none] in H.
  apply ok_injective in H. injection H as Hn <-. rewrite Ea, Ei. cbv zeta. cbn [fst snd].
  destruct Ve as [Ve0 _], Vi as [Vi0 _].
  set (x := message.Initiate_index i) in *. set (prekey := index (node.Batch_prekeys batch) x) in *.
  assert (Hk : get (node.Batch_prekeys batch) x = Some prekey) by (apply get_index; lia).
  assert (Hy' : node.Prekey_y prekey <> None).
  { intros E. rewrite E in Hy. discriminate Hy. }
  pose proof (get_some _ _ _ Hb Hp0) as Lp.
  assert (El : last_epoch next = last_epoch n) by (now subst next).
  assert (Eb : exists batch' prekey', node.Node_batches next = update (node.Node_batches n) place batch'
    /\ node.Batch_prekeys batch' = update (node.Batch_prekeys batch) x prekey' /\ node.Prekey_y prekey' = None).
  { subst next. do 2 eexists. split; [reflexivity|]. split; reflexivity. }
  destruct Eb as (batch' & prekey' & Eb & Ek & Ey).
  assert (Hw' : node.Node_weakening next = none) by (now subst next).
  split; [|split; [|split]].
  - split; [exact Hw' | now rewrite El].
  - intros [_ G]. cbn [fst snd] in G. rewrite <- Ep in G. exact (Hy' (G batch prekey Hb Hk)).
  - split; cbn [fst snd]; [lia|]. intros b k. rewrite El, <- Ep, Eb, get_update, Z.eqb_refl by lia.
    intros [= <-]. rewrite Ek, get_update, Z.eqb_refl by lia. now intros [= <-].
  - intros f Hf [Gl G]. split; [lia|]. intros b k. rewrite El, Eb, get_update by lia.
    destruct (Z.eqb_spec place (last_epoch n - fst f)) as [E|]; [|apply G].
    intros [= <-]. rewrite Ek, get_update by lia.
    destruct (Z.eqb_spec x (snd f)); [now intros [= <-]|]. apply G. now rewrite <- E.
Qed.

(* A repeated Initiate gets the same Confirm, and nothing else happens. (A rejected one has no next state at all: that is its type.) *)
Theorem repetition_changes_nothing n m next confirm :
  node.accept n m = Ok (next, node.Incoming_Repeated confirm) -> next = n.
Proof.
  intros H. unfold node.accept in H. apply bind_ok in H as (i & _ & H). apply bind_ok in H as (place & _ & H).
  cbv zeta in H. destruct (node.repeated _ _ _).
  - apply ok_injective in H. congruence.
  - apply bind_ok in H as (? & _ & H). apply bind_ok in H as (? & _ & H). apply ok_injective in H. discriminate H.
Qed.

(* N1: the batch before becomes the previous one, and the one before that is erased. *)
Lemma publish_batches n suite depth not_after token ys next publication :
  node.publish n suite depth not_after token ys = Ok (next, publication) ->
  last_epoch next = last_epoch n + 1 /\ last_epoch next < 2 ^ 64
  /\ next.(node.Node_weakening) = n.(node.Node_weakening)
  /\ exists new, next.(node.Node_batches) = new ::
       if is_empty n.(node.Node_batches) then [] else [index n.(node.Node_batches) 0].
Proof.
  unfold node.publish. intros H. apply bind_ok in H as (epoch & He & H).
  unfold checked_add_u64 in He. destruct (Z.ltb_spec (last_epoch n + 1) (2 ^ 64)); [|discriminate].
  cbn in He. apply ok_injective in He. subst epoch. cbv zeta in H.
  destruct (for_each ys _ _) as [[keys prekeys] all]. destruct (negb all); [discriminate|].
  match type of H with bind (node.publication (for_each _ _ ?start)) _ = _ =>
    set (first := start) in H end.
  apply bind_ok in H as (p & _ & H). apply ok_injective in H. injection H as <- _.
  apply (for_each_keeps (fun s => last_epoch s = last_epoch n + 1 /\ last_epoch s < 2 ^ 64
    /\ node.Node_weakening s = node.Node_weakening n
    /\ exists new, node.Node_batches s = new ::
       if is_empty n.(node.Node_batches) then [] else [index n.(node.Node_batches) 0])).
  - subst first. destruct (is_empty (node.Node_batches n)); cbn [negb];
      (split; [reflexivity|]; split; [assumption|]; split; [reflexivity|]; eexists; reflexivity).
  - intros stored s Hs. destruct (_ <=? 1); exact Hs.
Qed.
Theorem publication_brings_none_back n suite depth not_after token ys next publication : proper n ->
  node.publish n suite depth not_after token ys = Ok (next, publication) ->
  proper next /\ forall e, 0 <= snd e -> gone n e -> gone next e.
Proof.
  intros [Hw Hl] H. destruct (publish_batches _ _ _ _ _ _ _ _ H) as (El & Hn & Ew & new & Eb). split.
  - split; [congruence | lia].
  - intros e He [Gl G]. split; [lia|]. intros b k. rewrite El, Eb.
    replace (last_epoch n + 1 - fst e) with (Z.succ (last_epoch n - fst e)) by lia.
    unfold get at 1. rewrite Z2Nat.inj_succ by lia. cbn [nth_error].
    destruct (is_empty _) eqn:E; [now destruct (Z.to_nat _)|].
    destruct (Z.to_nat (last_epoch n - fst e)) as [|j] eqn:J; [|now destruct j].
    cbn [nth_error]. intros [= <-]. apply G. replace (last_epoch n - fst e) with 0 by lia. apply get_index.
    unfold is_empty in E. apply Z.eqb_neq in E. pose proof (len_nonnegative (node.Node_batches n)). lia.
Qed.

(* N3 and N4 leave prekeys alone. *)
Lemma confirm_batches n a answer z next c : node.confirm n a answer z = Ok (next, c) ->
  last_epoch next = last_epoch n /\ next.(node.Node_weakening) = n.(node.Node_weakening)
  /\ next.(node.Node_batches) = n.(node.Node_batches).
Proof.
  unfold node.confirm. intros H. destruct (_ <? _) in H; [discriminate|].
  apply bind_ok in H as (fresh & _ & H). apply ok_injective in H. injection H as <- _. auto.
Qed.
Lemma acknowledged_batches n epoch i : let next := node.acknowledged n epoch i in
  last_epoch next = last_epoch n /\ next.(node.Node_weakening) = n.(node.Node_weakening)
  /\ next.(node.Node_batches) = n.(node.Node_batches).
Proof.
  unfold node.acknowledged. cbv zeta.
  apply (for_each_keeps (fun s => last_epoch s = last_epoch n /\ node.Node_weakening s = node.Node_weakening n
    /\ node.Node_batches s = node.Node_batches n)); [auto|].
  intros stored s Hs. destruct (_ || _); exact Hs.
Qed.
Lemma same_batches n next : last_epoch next = last_epoch n -> next.(node.Node_weakening) = n.(node.Node_weakening) ->
  next.(node.Node_batches) = n.(node.Node_batches) -> proper n -> proper next /\ forall e, gone n e -> gone next e.
Proof. unfold proper, gone. intros -> -> ->. auto. Qed.

(* A node with its store. An acceptance is durable (`persisted`) before its early data is given to the application (`delivered`); in
   between it waits in memory, and a crash loses it there. A crash before the store is written is no step: nothing has happened. *)
Record system : Type := {
  store : node.Node;
  persisted : list exchange;
  waiting : list exchange;
  delivered : list exchange
}.
Definition with_store (s : system) (n : node.Node) : system :=
  {| store := n; persisted := s.(persisted); waiting := s.(waiting); delivered := s.(delivered) |}.

Inductive step (s : system) : system -> Prop :=
| accepts m next a : is_input m -> node.accept s.(store) m = Ok (next, node.Incoming_Accepted a) ->
    let e := (a.(node.Accepted_epoch), a.(node.Accepted_index)) in
    step s {| store := next; persisted := e :: s.(persisted); waiting := e :: s.(waiting); delivered := s.(delivered) |}
| repeats m next confirm : node.accept s.(store) m = Ok (next, node.Incoming_Repeated confirm) ->
    step s (with_store s next)
| delivers e before behind : s.(waiting) = before ++ e :: behind ->
    step s {| store := s.(store); persisted := s.(persisted); waiting := before ++ behind; delivered := e :: s.(delivered) |}
| crashes : step s {| store := s.(store); persisted := s.(persisted); waiting := []; delivered := s.(delivered) |}
| confirms a answer z next c : node.confirm s.(store) a answer z = Ok (next, c) -> step s (with_store s next)
| acknowledges epoch i : step s (with_store s (node.acknowledged s.(store) epoch i))
| publishes suite depth not_after token ys next publication :
    node.publish s.(store) suite depth not_after token ys = Ok (next, publication) -> step s (with_store s next).

Inductive reachable (n : node.Node) : system -> Prop :=
| start : reachable n {| store := n; persisted := []; waiting := []; delivered := [] |}
| next_step s t : reachable n s -> step s t -> reachable n t.

Definition invariant (s : system) : Prop :=
  proper s.(store) /\ NoDup s.(persisted) /\ (forall e, In e s.(persisted) -> 0 <= snd e /\ gone s.(store) e)
  /\ NoDup (s.(delivered) ++ s.(waiting)) /\ incl (s.(delivered) ++ s.(waiting)) s.(persisted).

Lemma step_keeps s t : invariant s -> step s t -> invariant t.
Proof.
  intros (Hp & Hd & Hg & Hw & Hi) H.
  assert (K : forall next, proper next /\ (forall e, 0 <= snd e -> gone s.(store) e -> gone next e) ->
    invariant (with_store s next)).
  { intros next [Pn G]. split; [exact Pn|]. split; [exact Hd|]. split; [|auto]. intros e He.
    destruct (Hg e He). split; auto. }
  inversion H; subst; clear H.
  - destruct (acceptance_erases _ _ _ _ Hp H0 H1) as (Pn & Ng & Gn & G). fold e in Ng, Gn.
    assert (Ne : ~ In e s.(persisted)) by (intros N; now apply Hg in N).
    assert (He : 0 <= snd e).
    { unfold node.accept in H1. apply bind_ok in H1 as (i & Hm & H1). apply (initiate_exact m i H0) in Hm as [(_ & _ & Vi & _) _].
      apply bind_ok in H1 as (place & _ & H1). cbv zeta in H1. destruct (node.repeated _ _ _); [discriminate|].
      apply bind_ok in H1 as (y & _ & H1). apply bind_ok in H1 as (a' & Ha & H1). apply authenticate_place in Ha as [_ Ei].
      apply ok_injective in H1. injection H1 as _ <-. subst e. cbn [snd]. rewrite Ei. apply Vi. }
    split; [exact Pn|]. cbn [store persisted waiting delivered]. split; [now constructor|]. split; [|split].
    + intros f [<-|Hf]; [auto|]. destruct (Hg f Hf). auto.
    + apply NoDup_Add with (a := e) (l := delivered s ++ waiting s); [apply Add_app|]. split; [exact Hw|].
      intros N. now apply Hi in N.
    + intros f Hf. apply in_app_or in Hf as [Hf|[<-|Hf]]; [right; apply Hi, in_or_app; auto | now left |
        right; apply Hi, in_or_app; auto].
  - rewrite (repetition_changes_nothing _ _ _ _ H0). apply K. auto.
  - split; [exact Hp|]. split; [exact Hd|]. split; [exact Hg|]. cbn [store persisted waiting delivered].
    rewrite H0 in Hw, Hi. split.
    + cbn [app]. apply NoDup_Add with (a := e) (l := delivered s ++ before ++ behind); [apply Add_head|].
      rewrite app_assoc in Hw |- *. apply NoDup_remove in Hw as [Hw N]. auto.
    + intros f Hf. apply Hi. cbn [app] in Hf. destruct Hf as [<-|Hf].
      * apply in_or_app. right. apply in_or_app. right. now left.
      * apply in_app_or in Hf as [Hf|Hf]; [apply in_or_app; auto|]. apply in_or_app. right.
        apply in_app_or in Hf as [Hf|Hf]; apply in_or_app; [auto|right; now right].
  - split; [exact Hp|]. split; [exact Hd|]. split; [exact Hg|]. cbn [store persisted waiting delivered].
    rewrite app_nil_r. split.
    + now apply NoDup_left in Hw.
    + intros f Hf. apply Hi, in_or_app. auto.
  - destruct (confirm_batches _ _ _ _ _ _ H0) as (El & Ew & Eb).
    destruct (same_batches _ _ El Ew Eb Hp). apply K. auto.
  - destruct (acknowledged_batches s.(store) epoch i) as (El & Ew & Eb).
    destruct (same_batches _ _ El Ew Eb Hp). apply K. auto.
  - apply K. eapply publication_brings_none_back; eassumption.
Qed.

(* For every node that follows the protocol, and all sequences of steps and crashes: no exchange is made durable twice, nor given to
   the application twice; and what the application got is durable. *)
Theorem accepted_once n s : proper n -> reachable n s ->
  NoDup s.(persisted) /\ NoDup s.(delivered) /\ incl s.(delivered) s.(persisted).
Proof.
  intros Hn H. assert (I : invariant s).
  { induction H as [|s t _ IH Hs]; [|now apply (step_keeps s)].
    split; [exact Hn|]. cbn. repeat split; try constructor; try contradiction. now intros e. }
  destruct I as (_ & Hd & _ & Hw & Hi). split; [exact Hd|]. split; [now apply NoDup_left in Hw|].
  intros e He. apply Hi, in_or_app. auto.
Qed.
(* And once it is durable, no Initiate over this prekey is accepted. *)
Theorem never_again n s m next a : proper n -> reachable n s -> is_input m ->
  node.accept s.(store) m = Ok (next, node.Incoming_Accepted a) ->
  ~ In (a.(node.Accepted_epoch), a.(node.Accepted_index)) s.(persisted).
Proof.
  intros Hn H Hm Ha N. pose proof (next_step n s _ H (accepts s m next a Hm Ha)) as H'.
  destruct (accepted_once n _ Hn H') as [D _]. cbn in D. now inversion D.
Qed.
End Steps.
