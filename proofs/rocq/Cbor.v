(* The readers of CBOR accept exactly what the encoders write.

   `reads` says it once for all readers, and everything else follows from it: what was encoded reads back; what reads is the encoding of
   what was read, so that there is one encoding only; and a reader goes no further than that encoding. *)
From Coq Require Import ZArith List Bool Lia. Import ListNotations.
From Dke Require Import Rust Bytes.
From Dke.generated Require bytes utf8 cbor.
Open Scope Z_scope.

(* What a Bytes can hold: bytes, and no more than a usize can count. *)
Definition is_input (l : list Z) : Prop := are_bytes l /\ len l < 2 ^ 64.

(* For texts that are written out, computation shows it. *)
Definition is_literal (l : list Z) : bool := forallb (fun b => (0 <=? b) && (b <? 256)) l && (len l <? 2 ^ 32).
Lemma literal_input l : is_literal l = true -> is_input l.
Proof.
  unfold is_literal. rewrite andb_true_iff, forallb_forall, Z.ltb_lt. intros [B L]. split; [|lia].
  apply Forall_forall. intros b Hb. apply B in Hb. rewrite andb_true_iff, Z.leb_le, Z.ltb_lt in Hb. exact Hb.
Qed.

(* The position in the input behind which `rest` stands. *)
Definition cursor (input : list Z) (position : Z) (rest : list Z) : Prop :=
  exists before, input = before ++ rest /\ position = len before.

(* A reader returns an R, in which are the value and the next position. *)
Definition reads {R T E} (read : list Z -> Z -> result R E) (value : R -> T) (next : R -> Z)
    (encode : T -> list Z) (valid : T -> Prop) : Prop :=
  forall input position rest, is_input input -> cursor input position rest ->
    (forall r, read input position = Ok r ->
      valid (value r) /\ exists rest', rest = encode (value r) ++ rest' /\ cursor input (next r) rest') /\
    (forall v rest', valid v -> rest = encode v ++ rest' ->
      exists r, read input position = Ok r /\ value r = v /\ cursor input (next r) rest').

(* A parser reads whole inputs. *)
Definition exact {T E} (parse : list Z -> result T E) (encode : T -> list Z) (valid : T -> Prop) : Prop :=
  forall input m, is_input input -> (parse input = Ok m <-> valid m /\ input = encode m).

(* Cursors *)
Lemma cursor_start input : cursor input 0 input.
Proof. now exists []. Qed.
Lemma cursor_app input position a b : cursor input position (a ++ b) -> cursor input (position + len a) b.
Proof. intros (before & -> & ->). exists (before ++ a). now rewrite len_app, app_assoc. Qed.
Lemma cursor_unique input position a b : cursor input position a -> cursor input position b -> a = b.
Proof. intros (x & -> & ->) (y & E & L). now apply app_same_length in E as [_ E]; auto. Qed.
Lemma cursor_bounds input position rest : cursor input position rest -> 0 <= position <= len input.
Proof.
  intros (before & -> & ->). rewrite len_app. pose proof (len_nonnegative before).
  pose proof (len_nonnegative rest). lia.
Qed.
Lemma cursor_len input position rest : cursor input position rest -> len rest = len input - position.
Proof. intros (before & -> & ->). rewrite len_app. lia. Qed.
Lemma cursor_bytes input position rest : is_input input -> cursor input position rest -> is_input rest.
Proof.
  intros [B L] (before & -> & ->). apply Forall_app in B as [_ B]. rewrite len_app in L.
  pose proof (len_nonnegative before). split; auto. lia.
Qed.
Lemma cursor_at input position : 0 <= position <= len input ->
  cursor input position (skipn (Z.to_nat position) input).
Proof.
  intros. exists (firstn (Z.to_nat position) input). rewrite firstn_skipn. split; auto.
  unfold len in *. rewrite firstn_length. lia.
Qed.

Lemma byte_at_cursor input position rest : cursor input position rest ->
  bytes.byte_at input position = nth_error rest 0.
Proof.
  intros C. unfold bytes.byte_at. pose proof (cursor_bounds _ _ _ C). pose proof (cursor_len _ _ _ C).
  destruct C as (before & -> & ->). destruct rest as [|b rest]; autorewrite with len in *.
  - destruct (Z.ltb_spec (len before) (len before + 0)); [lia | easy].
  - pose proof (len_nonnegative rest). destruct (Z.ltb_spec (len before) (len before + (1 + len rest))); [|lia].
    rewrite <- (Z.add_0_r (len before)) at 1. now rewrite index_app_right.
Qed.
Lemma slice_cursor input position rest n : is_input input -> cursor input position rest -> 0 <= n ->
  bytes.slice input position n = if n <=? len rest then Some (firstn (Z.to_nat n) rest) else None.
Proof.
  intros [_ Hi] C Hn. unfold bytes.slice, bytes.is_range.
  pose proof (cursor_bounds _ _ _ C). rewrite (cursor_len _ _ _ C).
  destruct (Z.leb_spec position (len input)); [|lia].
  unfold usize. rewrite Z.mod_small by lia. cbn [andb].
  destruct C as (before & -> & ->). unfold slice, len. now rewrite Nat2Z.id, skipn_app, Nat.sub_diag, skipn_all.
Qed.

(* Heads *)
Definition valid_head (h : cbor.Head) : Prop :=
  0 <= h.(cbor.Head_major) < 8 /\ 0 <= h.(cbor.Head_argument) < 2 ^ 64
  /\ (h.(cbor.Head_major) = cbor.SIMPLE -> h.(cbor.Head_argument) < 24).

(* How many bytes follow the initial byte. *)
Definition following (information : Z) : nat :=
  if information =? 24 then 1 else if information =? 25 then 2 else if information =? 26 then 4
  else if information =? 27 then 8 else 0.
Lemma argument_length_following i : cbor.argument_length i = Z.of_nat (following i).
Proof. unfold cbor.argument_length, following. now repeat destruct (_ =? _). Qed.
Lemma following_small i : (following i <= 8)%nat.
Proof. unfold following. repeat destruct (_ =? _); lia. Qed.

Ltac booleans := repeat match goal with
  | H : context [?a <? ?b] |- _ => destruct (Z.ltb_spec a b)
  | H : context [?a <=? ?b] |- _ => destruct (Z.leb_spec a b)
  | H : context [?a =? ?b] |- _ => destruct (Z.eqb_spec a b)
  | |- context [?a <? ?b] => destruct (Z.ltb_spec a b)
  | |- context [?a <=? ?b] => destruct (Z.leb_spec a b)
  | |- context [?a =? ?b] => destruct (Z.eqb_spec a b)
  end.

Lemma shortest_information_fits a : 0 <= a < 2 ^ 64 ->
  let i := cbor.shortest_information a in
  0 <= i < 28 /\ (i < 24 -> i = a) /\ 0 <= a < 256 ^ Z.of_nat (following i) \/ a < 24 /\ i = a.
Proof.
  intros H. unfold cbor.shortest_information, following, u8.
  destruct (Z.ltb_spec a 24); [right; split; [lia|apply Z.mod_small; lia]|left].
  booleans; cbn -[Z.lt Z.le]; lia.
Qed.
Lemma shortest_information_small a : 0 <= a < 24 -> cbor.shortest_information a = a.
Proof. intros. unfold cbor.shortest_information, u8. booleans; try lia. apply Z.mod_small. lia. Qed.

Lemma initial_byte major information : 0 <= major < 8 -> 0 <= information < 32 ->
  Z.lor (u8 (Z.shiftl major 5)) information = major * 32 + information.
Proof.
  intros. unfold u8. rewrite Z.mod_small; [apply (lor_add major 5 information); lia|].
  rewrite Z.shiftl_mul_pow2 by lia. lia.
Qed.
Lemma encode_head_bytes major argument : 0 <= major < 8 -> 0 <= argument < 2 ^ 64 ->
  let i := cbor.shortest_information argument in
  cbor.encode_head major argument = major * 32 + i :: big_endian (following i) argument.
Proof.
  intros Hm Ha. unfold cbor.encode_head, bytes.concat, bytes.single, bytes.bytes. cbv zeta.
  rewrite argument_length_following, big_endian_generated by apply following_small.
  rewrite initial_byte; auto. destruct (shortest_information_fits argument Ha) as [?|?]; lia.
Qed.

(* The initial byte, taken apart. *)
Lemma initial_major b : is_byte b -> 0 <= Z.shiftr b 5 < 8.
Proof.
  intros [? ?]. rewrite Z.shiftr_div_pow2 by lia. change (2 ^ 5) with 32.
  split; [apply Z.div_pos | apply Z.div_lt_upper_bound]; lia.
Qed.
Lemma initial_information b : 0 <= Z.land b 31 < 32.
Proof. change 31 with (Z.ones 5). rewrite Z.land_ones by lia. apply Z.mod_pos_bound. lia. Qed.
Lemma initial_parts b : is_byte b -> Z.shiftr b 5 * 32 + Z.land b 31 = b.
Proof.
  intros. rewrite Z.shiftr_div_pow2 by lia. change 31 with (Z.ones 5). rewrite Z.land_ones by lia.
  change (2 ^ 5) with 32. pose proof (Z.div_mod b 32). lia.
Qed.
Lemma parts_initial major information : 0 <= major -> 0 <= information < 32 ->
  let b := major * 32 + information in Z.shiftr b 5 = major /\ Z.land b 31 = information.
Proof.
  intros. rewrite Z.shiftr_div_pow2 by lia. change 31 with (Z.ones 5). rewrite Z.land_ones by lia.
  change (2 ^ 5) with 32. subst b. rewrite Z.add_comm, Z.div_add, Z.mod_add by lia.
  rewrite Z.div_small, Z.mod_small; lia.
Qed.

(* What read_head does at a cursor. *)
Lemma read_head_cursor input position rest : is_input input -> cursor input position rest ->
  cbor.read_head input position =
    match rest with
    | [] => Err cbor.CborError_Malformed
    | b :: rest =>
        let major := Z.shiftr b 5 in
        let i := Z.land b 31 in
        let n := following i in
        if (27 <? i) || ((major =? cbor.SIMPLE) && (23 <? i)) || (len rest <? Z.of_nat n)
        then Err cbor.CborError_Malformed
        else
          let argument := if i <? 24 then i else value (firstn n rest) in
          if negb (i =? cbor.shortest_information argument) then Err cbor.CborError_NotDeterministic
          else Ok ({| cbor.Head_major := major; cbor.Head_argument := argument |}, position + 1 + Z.of_nat n)
    end.
Proof.
  intros Hi C. pose proof (cursor_bytes _ _ _ Hi C) as [Hb _]. pose proof (cursor_bounds _ _ _ C).
  pose proof (cursor_len _ _ _ C) as L. destruct Hi as [Hi Hl].
  unfold cbor.read_head. rewrite (byte_at_cursor _ _ _ C).
  destruct rest as [|b rest]; [easy|]. cbn [nth_error ok_or bind]. rewrite len_cons in L.
  pose proof (len_nonnegative rest). inversion Hb as [|? ? Hb1 Hb2]; subst.
  pose proof (initial_information b) as I. set (i := Z.land b 31) in *. set (m := Z.shiftr b 5). cbv zeta.
  destruct (Z.ltb_spec 27 i); cbn [orb]; [easy|].
  destruct ((m =? cbor.SIMPLE) && (23 <? i)); cbn [orb]; [easy|].
  rewrite argument_length_following.
  assert (C' : cursor input (usize (position + 1)) rest).
  { unfold usize. rewrite Z.mod_small by lia. change (b :: rest) with ([b] ++ rest) in C.
    now apply cursor_app in C. }
  destruct (Z.ltb_spec i 24).
  - assert (F : following i = 0%nat) by (unfold following; booleans; lia). rewrite F.
    change (Z.of_nat 0) with 0. cbn [Z.eqb bind]. destruct (Z.ltb_spec (len rest) 0); [lia|].
    destruct (negb _); [easy|]. unfold usize. now rewrite Z.mod_small by lia.
  - assert (F : 0 < Z.of_nat (following i) <= 8) by (unfold following; booleans; lia).
    destruct (Z.eqb_spec (Z.of_nat (following i)) 0); [lia|].
    rewrite (slice_cursor input _ rest _ (conj Hi Hl) C') by lia.
    destruct (Z.ltb_spec (len rest) (Z.of_nat (following i)));
      destruct (Z.leb_spec (Z.of_nat (following i)) (len rest)); try lia; [easy|].
    cbn [ok_or bind]. rewrite Nat2Z.id, from_big_endian_generated.
    + destruct (negb _); [easy|]. unfold usize. now rewrite Z.mod_small by lia.
    + now apply are_bytes_firstn.
    + unfold len. rewrite firstn_length. unfold len in *. lia.
Qed.

Lemma firstn_app_exact {T} (a b : list T) n : length a = n -> firstn n (a ++ b) = a.
Proof. intros <-. now rewrite firstn_app, Nat.sub_diag, firstn_all, app_nil_r. Qed.

Lemma reads_head : reads cbor.read_head fst snd
  (fun h => cbor.encode_head h.(cbor.Head_major) h.(cbor.Head_argument)) valid_head.
Proof.
  intros input position rest Hi C. rewrite (read_head_cursor _ _ _ Hi C).
  pose proof (cursor_bytes _ _ _ Hi C) as [Hb Hl]. split.
  - intros r. destruct rest as [|b rest]; [discriminate|]. inversion Hb as [|? ? Hb1 Hb2]; subst.
    pose proof (initial_information b). pose proof (initial_major b Hb1). pose proof (initial_parts b Hb1) as P.
    set (i := Z.land b 31) in *. set (m := Z.shiftr b 5) in *. cbv zeta.
    destruct (Z.ltb_spec 27 i); [discriminate|].
    destruct (Z.eqb_spec m cbor.SIMPLE) as [S|S]; destruct (Z.ltb_spec 23 i); cbn [andb orb]; try discriminate.
    all: destruct (Z.ltb_spec (len rest) (Z.of_nat (following i))) as [|L]; [discriminate|].
    all: set (a := if i <? 24 then i else value (firstn (following i) rest)).
    all: destruct (Z.eqb_spec i (cbor.shortest_information a)) as [E|]; [|discriminate].
    all: intros [= <-]; cbn [fst snd cbor.Head_major cbor.Head_argument].
    all: assert (Hf : len (firstn (following i) rest) = Z.of_nat (following i))
      by (unfold len in *; rewrite firstn_length; lia).
    all: assert (Hv : 0 <= value (firstn (following i) rest) < 256 ^ Z.of_nat (following i))
      by (rewrite <- Hf; apply value_bounds; now apply are_bytes_firstn).
    all: assert (F8 : 256 ^ Z.of_nat (following i) <= 2 ^ 64)
      by (change (2 ^ 64) with (256 ^ 8); apply Z.pow_le_mono_r; pose proof (following_small i); lia).
    all: assert (Ha : 0 <= a < 2 ^ 64) by (subst a; booleans; lia).
    all: split; [unfold valid_head; cbn [cbor.Head_major cbor.Head_argument]; repeat split; try lia;
      intros; subst a; booleans; (lia || contradiction)|].
    all: exists (skipn (following i) rest).
    all: assert (X : cbor.encode_head m a = b :: firstn (following i) rest).
    1, 3, 5: rewrite encode_head_bytes by auto; cbv zeta; rewrite <- E, P; f_equal; subst a;
      destruct (Z.ltb_spec i 24);
      [ replace (following i) with O by (unfold following; booleans; lia); reflexivity
      | rewrite <- (big_endian_value (firstn (following i) rest)) at 2 by (now apply are_bytes_firstn);
        f_equal; unfold len in Hf; lia ].
    all: rewrite X; cbn [app]; rewrite firstn_skipn; split; [easy|].
    all: replace (position + 1 + Z.of_nat (following i))
      with (position + len (b :: firstn (following i) rest)) by (rewrite len_cons, Hf; lia).
    all: apply cursor_app; cbn [app]; now rewrite firstn_skipn.
  - intros [m a] rest' (Hm & Ha & Hs) ->. cbn [cbor.Head_major cbor.Head_argument] in *.
    rewrite encode_head_bytes in * by auto. cbv zeta in *. set (i := cbor.shortest_information a) in *.
    assert (I : 0 <= i < 28) by (subst i; destruct (shortest_information_fits a Ha); lia).
    cbn [app]. destruct (parts_initial m i) as [-> ->]; try lia.
    pose proof (big_endian_len (following i) a) as L.
    rewrite firstn_app_exact by (unfold len in L; lia).
    assert (A : (if i <? 24 then i else value (big_endian (following i) a)) = a).
    { pose proof (shortest_information_fits a Ha) as F. cbv zeta in F. fold i in F.
      destruct (Z.ltb_spec i 24); [lia|]. apply value_big_endian. lia. }
    rewrite A. fold i. rewrite Z.eqb_refl. cbn [negb].
    destruct (Z.ltb_spec 27 i); [lia|]. rewrite len_app, L. pose proof (len_nonnegative rest').
    destruct (Z.ltb_spec (Z.of_nat (following i) + len rest') (Z.of_nat (following i))); [lia|].
    assert (S : (m =? cbor.SIMPLE) && (23 <? i) = false).
    { destruct (Z.eqb_spec m cbor.SIMPLE); [|easy]. specialize (Hs e). cbn [andb].
      subst i. rewrite shortest_information_small by lia. destruct (Z.ltb_spec 23 a); lia. }
    rewrite S. cbn [orb]. eexists. split; [reflexivity|]. cbn [fst snd]. split; [easy|].
    replace (position + 1 + Z.of_nat (following i))
      with (position + len (m * 32 + i :: big_endian (following i) a)) by (rewrite len_cons, L; lia).
    apply cursor_app. exact C.
Qed.

(* From one reader to another: a reader that reads what `read` reads, as another value, or less of it. *)
Lemma reads_as {R T E R' T' E'} (read : list Z -> Z -> result R E) value next encode valid
    (read' : list Z -> Z -> result R' E') value' next' (encode' : T' -> list Z) (valid' : T' -> Prop) (f : T' -> T) :
  reads read value next encode valid ->
  (forall v, valid' v -> valid (f v)) ->
  (forall v, encode' v = encode (f v)) ->
  (forall input position r', read' input position = Ok r' -> exists r, read input position = Ok r
    /\ value r = f (value' r') /\ next r = next' r' /\ (valid (value r) -> valid' (value' r'))) ->
  (forall input position r v, read input position = Ok r -> valid' v -> value r = f v ->
    exists r', read' input position = Ok r' /\ value' r' = v /\ next' r' = next r) ->
  reads read' value' next' encode' valid'.
Proof.
  intros H V N H1 H2 input position rest Hi C. destruct (H input position rest Hi C) as [F B]. split.
  - intros r' Hr'. destruct (H1 _ _ _ Hr') as (r & Hr & Ev & En & Hv).
    destruct (F r Hr) as (Hvalid & rest' & E1 & C'). split; [auto|]. exists rest'.
    rewrite N, <- Ev, <- En. auto.
  - intros v rest' Hv E1. destruct (B (f v) rest') as (r & Hr & Ev & C'); [auto|now rewrite <- N|].
    destruct (H2 _ _ _ v Hr Hv Ev) as (r' & Hr' & Ev' & En). exists r'. rewrite En. auto.
Qed.

Lemma ok_injective {T E} (a b : T) : @Ok T E a = Ok b -> a = b.
Proof. now intros [=]. Qed.
Lemma bind_ok {T U E} (r : result T E) (f : T -> result U E) u :
  bind r f = Ok u <-> exists t, r = Ok t /\ f t = Ok u.
Proof.
  destruct r as [t|e]; cbn; split.
  - eauto.
  - now intros (? & [= ->] & ?).
  - discriminate.
  - now intros (? & ? & ?).
Qed.
Lemma map_err_ok {T E F} (f : E -> F) (r : result T E) t : map_err f r = Ok t <-> r = Ok t.
Proof. destruct r; cbn; split; congruence. Qed.

(* The head of an item of a major type *)
Definition valid_argument (a : Z) : Prop := 0 <= a < 2 ^ 64.

Lemma peek_major_cursor input position rest : cursor input position rest ->
  cbor.peek_major input position = option_map (fun b => Z.shiftr b 5) (nth_error rest 0).
Proof. intros C. unfold cbor.peek_major. rewrite (byte_at_cursor _ _ _ C). now destruct rest. Qed.
Lemma peek_major_encoded input position h rest : valid_head h ->
  cursor input position (cbor.encode_head h.(cbor.Head_major) h.(cbor.Head_argument) ++ rest) ->
  cbor.peek_major input position = Some h.(cbor.Head_major).
Proof.
  intros (Hm & Ha & _) C. rewrite (peek_major_cursor _ _ _ C), encode_head_bytes by auto.
  cbn [app nth_error option_map]. f_equal.
  destruct (shortest_information_fits _ Ha); apply parts_initial; lia.
Qed.
Lemma eqb_some (o : option Z) m : eqb o (Some m) = true <-> o = Some m.
Proof. destruct o as [x|]; cbn; [rewrite Z.eqb_eq|]; split; congruence. Qed.

Lemma reads_head_of m : 0 <= m < 8 -> m <> cbor.SIMPLE ->
  reads (fun input position => cbor.read_head_of input position m)
    (fun r => (fst r).(cbor.Head_argument)) snd (cbor.encode_head m) valid_argument.
Proof.
  intros Hm Hs input position rest Hi C. destruct (reads_head _ _ _ Hi C) as [F B].
  unfold cbor.read_head_of. split.
  - intros r. destruct (eqb _ _) eqn:P; [|discriminate]. apply eqb_some in P. intros Hr.
    destruct (F r Hr) as (V & rest' & -> & C'). pose proof (peek_major_encoded _ _ _ _ V C) as P'.
    rewrite P in P'. injection P' as P'. split; [apply V|]. exists rest'. now rewrite <- P' in *.
  - intros a rest' Ha ->. set (h := cbor.Build_Head m a).
    assert (V : valid_head h) by (repeat split; cbn; try apply Hm; try apply Ha; contradiction).
    rewrite (peek_major_encoded _ _ h rest' V C : _ = Some m).
    replace (eqb (Some m) (Some m)) with true by (symmetry; now apply eqb_some).
    destruct (B h rest' V eq_refl) as (r & Hr & Ev & C'). exists r. rewrite Hr, Ev. auto.
Qed.


Lemma reads_argument m : 0 <= m < 8 -> m <> cbor.SIMPLE ->
  reads (fun input position => let? (head, next) := cbor.read_head_of input position m in
      Ok (head.(cbor.Head_argument), next)) fst snd (cbor.encode_head m) valid_argument.
Proof.
  intros Hm Hs. eapply (reads_as _ _ _ _ _ _ _ _ _ _ (fun a => a)); [exact (reads_head_of m Hm Hs)|auto..| |].
  - intros input position r H. apply bind_ok in H as ((head & next) & H & [= <-]). exists (head, next). auto.
  - intros input position [head next] v H Hv Ev. rewrite H. cbn in *. eauto.
Qed.
Lemma reads_uint : reads cbor.read_uint fst snd cbor.encode_uint valid_argument.
Proof. apply (reads_argument cbor.UINT); cbv; intuition congruence. Qed.
Lemma reads_nint : reads cbor.read_nint fst snd cbor.encode_nint valid_argument.
Proof. apply (reads_argument cbor.NINT); cbv; intuition congruence. Qed.
Lemma reads_array_head : reads cbor.read_array_head fst snd cbor.encode_array_head valid_argument.
Proof. apply (reads_argument cbor.ARRAY); cbv; intuition congruence. Qed.
Lemma reads_map_head : reads cbor.read_map_head fst snd cbor.encode_map_head valid_argument.
Proof. apply (reads_argument cbor.MAP); cbv; intuition congruence. Qed.

(* A head with a given argument: what is read is nothing but its place. *)
Ltac reads_counted reads_head read_of count :=
  eapply (reads_as _ _ _ _ _ _ _ _ _ _ (fun _ => count)); [exact reads_head|auto..| |]; unfold read_of;
  [ intros input position r H; apply bind_ok in H as ((found & next) & H & H');
    destruct (Z.eqb_spec found count); [|discriminate]; injection H' as <-; exists (found, next); auto
  | intros input position [found next] v H _ Ev; rewrite H; cbn in *; rewrite Ev, Z.eqb_refl;
    exists next; now destruct v ].
Lemma reads_array_of count : valid_argument count ->
  reads (fun input position => cbor.read_array_of input position count)
    (fun _ => tt) (fun next => next) (fun _ => cbor.encode_array_head count) (fun _ => True).
Proof. intros Hc. reads_counted reads_array_head cbor.read_array_of count. Qed.
Lemma reads_map_of count : valid_argument count ->
  reads (fun input position => cbor.read_map_of input position count)
    (fun _ => tt) (fun next => next) (fun _ => cbor.encode_map_head count) (fun _ => True).
Proof. intros Hc. reads_counted reads_map_head cbor.read_map_of count. Qed.

(* Strings *)
Lemma read_content_cursor input position rest length : is_input input -> cursor input position rest ->
  valid_argument length ->
  cbor.read_content input position length =
    if length <=? len rest then Ok (firstn (Z.to_nat length) rest, position + length)
    else Err cbor.CborError_Malformed.
Proof.
  intros Hi C [Hl Hu]. unfold cbor.read_content, try_usize.
  destruct (Z.ltb_spec length (2 ^ 64)); [|lia]. cbn [or bind].
  rewrite (slice_cursor _ _ _ _ Hi C) by auto. pose proof (cursor_bounds _ _ _ C).
  pose proof (cursor_len _ _ _ C). destruct Hi as [_ Hi].
  destruct (Z.leb_spec length (len rest)); [|easy]. cbn [ok_or bind]. unfold usize.
  now rewrite Z.mod_small by lia.
Qed.

Lemma reads_string m : 0 <= m < 8 -> m <> cbor.SIMPLE ->
  reads (fun input position => let? (head, next) := cbor.read_head_of input position m in
      cbor.read_content input next head.(cbor.Head_argument))
    fst snd (fun content => bytes.concat (cbor.encode_head m (len content)) content) is_input.
Proof.
  intros Hm Hs input position rest Hi C. destruct (reads_head_of m Hm Hs _ _ _ Hi C) as [F B]. split.
  - intros r H. apply bind_ok in H as ((head & next) & H & H').
    destruct (F _ H) as (V & rest' & -> & C'). cbn [fst snd] in *.
    rewrite (read_content_cursor _ _ _ _ Hi C' V) in H'.
    destruct (Z.leb_spec (cbor.Head_argument head) (len rest')) as [L|]; [|discriminate].
    injection H' as <-. cbn [fst snd]. set (n := Z.to_nat (cbor.Head_argument head)).
    destruct V as [V0 V1].
    assert (E : len (firstn n rest') = cbor.Head_argument head)
      by (unfold len in *; rewrite firstn_length; unfold n; lia).
    pose proof (cursor_bytes _ _ _ Hi C') as [Hb _]. split.
    + split; [now apply are_bytes_firstn | lia].
    + exists (skipn n rest'). unfold bytes.concat. rewrite E, <- app_assoc, firstn_skipn. split; [easy|].
      rewrite <- E. apply cursor_app. now rewrite firstn_skipn.
  - intros v rest' [Vb Vl] ->. unfold bytes.concat in *. rewrite <- app_assoc in *.
    pose proof (len_nonnegative v).
    destruct (B (len v) (v ++ rest')) as ((head & next) & Hr & Ev & C'); [split; lia|easy|].
    cbn [fst snd] in *. rewrite Hr. cbn [bind]. rewrite Ev.
    rewrite (read_content_cursor _ _ _ _ Hi C') by (split; lia).
    rewrite len_app. pose proof (len_nonnegative rest'). destruct (Z.leb_spec (len v) (len v + len rest')); [|lia].
    eexists. split; [reflexivity|]. cbn [fst snd]. split.
    + apply firstn_app_exact. unfold len. lia.
    + now apply cursor_app.
Qed.
Lemma reads_bstr : reads cbor.read_bstr fst snd cbor.encode_bstr is_input.
Proof. apply (reads_string cbor.BSTR); cbv; intuition congruence. Qed.
Lemma reads_tstr : reads cbor.read_tstr fst snd cbor.encode_tstr_bytes
  (fun content => is_input content /\ utf8.is_utf8 content = true).
Proof.
  eapply (reads_as _ _ _ _ _ _ _ _ _ _ (fun v => v)).
  - apply (reads_string cbor.TSTR); cbv; intuition congruence.
  - now intros v [].
  - easy.
  - intros input position r H. unfold cbor.read_tstr in H.
    apply bind_ok in H as ((head & next) & H & H'). apply bind_ok in H' as ((content & next') & H' & H'').
    destruct (utf8.is_utf8 content) eqn:U; [|discriminate]. injection H'' as <-.
    exists (content, next'). rewrite H. cbn. auto.
  - intros input position [content next] v H [Hv U] Ev. cbn in Ev. subst.
    apply bind_ok in H as ((head & next') & H & H'). unfold cbor.read_tstr. rewrite H. cbn [bind].
    rewrite H'. cbn [bind]. rewrite U. eauto.
Qed.

Lemma read_end_cursor input position rest : cursor input position rest ->
  cbor.read_end input position = match rest with [] => Ok tt | _ => Err cbor.CborError_TrailingBytes end.
Proof.
  intros C. pose proof (cursor_len _ _ _ C) as L. unfold cbor.read_end.
  destruct rest as [|b rest]; autorewrite with len in L; destruct (Z.ltb_spec position (len input)); try easy; [lia|].
  pose proof (len_nonnegative rest). lia.
Qed.

(* What `exact` and `reads` mean *)
Section Meaning.
Context {T E : Type} {parse : list Z -> result T E} {encode : T -> list Z} {valid : T -> Prop}.
Hypothesis X : exact parse encode valid.

Theorem decodes m : valid m -> is_input (encode m) -> parse (encode m) = Ok m.
Proof. intros V Hi. now apply X. Qed.
Theorem encodes_back input m : is_input input -> parse input = Ok m -> input = encode m.
Proof. intros Hi H. now apply X in H. Qed.
Theorem one_encoding a b m : is_input a -> is_input b -> parse a = Ok m -> parse b = Ok m -> a = b.
Proof. intros Ha Hb A B. apply X in A, B; auto. destruct A, B. congruence. Qed.
Theorem encoding_injective m n : valid m -> valid n -> is_input (encode m) -> encode m = encode n -> m = n.
Proof.
  intros Vm Vn Hi H. pose proof (decodes m Vm Hi) as Dm. rewrite H in Dm, Hi. rewrite (decodes n Vn Hi) in Dm. congruence.
Qed.
End Meaning.

Section Reading.
Context {R T E : Type} {read : list Z -> Z -> result R E} {value : R -> T} {next : R -> Z}
  {encode : T -> list Z} {valid : T -> Prop}.
Hypothesis X : reads read value next encode valid.

(* An encoding tells where it ends, whatever follows. *)
Theorem prefix_free v w a b : valid v -> valid w -> is_input (encode v ++ a) ->
  encode v ++ a = encode w ++ b -> v = w /\ a = b.
Proof.
  intros Vv Vw Hi H. destruct (X _ _ _ Hi (cursor_start _)) as [_ B].
  destruct (B v a Vv eq_refl) as (r & Hr & <- & C). destruct (B w b Vw H) as (r' & Hr' & <- & C').
  rewrite Hr in Hr'. injection Hr' as <-. split; [easy|]. exact (cursor_unique _ _ _ _ C C').
Qed.
(* A reader goes no further than the input. *)
Theorem stays_inside input position r : is_input input -> 0 <= position <= len input ->
  read input position = Ok r -> position <= next r <= len input.
Proof.
  intros Hi Hp Hr. pose proof (cursor_at input position Hp) as C.
  destruct (X _ _ _ Hi C) as [F _]. destruct (F r Hr) as (_ & rest & E1 & C').
  pose proof (cursor_bounds _ _ _ C'). pose proof (cursor_len _ _ _ C). pose proof (cursor_len _ _ _ C').
  rewrite E1, len_app in *. pose proof (len_nonnegative (encode (value r))). lia.
Qed.
(* And what it says depends on nothing behind the place that it returns. *)
Theorem looks_no_further before v a b : valid v -> is_input (before ++ encode v ++ a) ->
  is_input (before ++ encode v ++ b) ->
  exists r r', read (before ++ encode v ++ a) (len before) = Ok r /\ read (before ++ encode v ++ b) (len before) = Ok r'
    /\ value r = value r' /\ next r = next r'.
Proof.
  intros V Ha Hb.
  assert (C : forall c, cursor (before ++ c) (len before) c) by (intros c; now exists before).
  destruct (X _ _ _ Ha (C _)) as [_ Ba]. destruct (X _ _ _ Hb (C _)) as [_ Bb].
  destruct (Ba v a V eq_refl) as (r & Hr & Ev & Cr). destruct (Bb v b V eq_refl) as (r' & Hr' & Ev' & Cr').
  exists r, r'. apply cursor_len in Cr, Cr'. rewrite !len_app in *. repeat split; auto; [congruence|lia].
Qed.
End Reading.
