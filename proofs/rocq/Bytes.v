(* Lemmas about bytes, and about the loops of Rust.v. *)
From Coq Require Import ZArith List Bool Lia. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require bytes.
Open Scope Z_scope.

Definition is_byte (b : Z) : Prop := 0 <= b < 256.
Definition are_bytes : list Z -> Prop := Forall is_byte.

(* Length *)
Lemma len_app {T} (a b : list T) : len (a ++ b) = len a + len b.
Proof. unfold len. rewrite app_length. lia. Qed.
Lemma len_cons {T} (x : T) l : len (x :: l) = 1 + len l.
Proof. unfold len. cbn [length]. lia. Qed.
Lemma len_nil {T} : len (@nil T) = 0.
Proof. reflexivity. Qed.
Lemma len_nonnegative {T} (l : list T) : 0 <= len l.
Proof. unfold len. lia. Qed.
Lemma len_zero {T} (l : list T) : len l = 0 -> l = [].
Proof. destruct l; [easy|]. rewrite len_cons. pose proof (len_nonnegative l). lia. Qed.
Lemma len_of_nat {T} (l : list T) n : len l = Z.of_nat n <-> length l = n.
Proof. unfold len. lia. Qed.
Lemma len_map {A B} (f : A -> B) l : len (map f l) = len l.
Proof. unfold len. now rewrite map_length. Qed.
#[global] Hint Rewrite @len_app @len_cons @len_nil @len_map : len.

Lemma are_bytes_firstn n l : are_bytes l -> are_bytes (firstn n l).
Proof. intros H. rewrite <- (firstn_skipn n l) in H. now apply Forall_app in H. Qed.

(* Equality *)
Lemma eqb_eq (a b : list Z) : eqb a b = true <-> a = b.
Proof.
  revert b. induction a as [|x a IH]; intros [|y b]; cbn; try easy.
  rewrite andb_true_iff, Z.eqb_eq. specialize (IH b). unfold eqb in IH. rewrite IH.
  split; [intros []; congruence | intros [=]; auto].
Qed.
Lemma cons_injective {T} (x y : T) a b : x :: a = y :: b -> x = y /\ a = b.
Proof. now intros [=]. Qed.
Lemma app_same_length {T} (a b c d : list T) : len a = len c -> a ++ b = c ++ d -> a = c /\ b = d.
Proof.
  unfold len. revert c. induction a as [|x a IH]; intros [|y c] L; cbn in *; intros E; try lia; auto.
  injection E as -> E. destruct (IH c) as [-> ->]; auto. lia.
Qed.

(* Loops *)
Lemma for_range_from {S} start n (body : Z -> S -> S) state :
  for_range start (start + Z.of_nat (Datatypes.S n)) body state
  = body (start + Z.of_nat n) (for_range start (start + Z.of_nat n) body state).
Proof.
  unfold for_range, for_each, range.
  replace (Z.to_nat (start + Z.of_nat (Datatypes.S n) - start)) with (Datatypes.S n) by lia.
  replace (Z.to_nat (start + Z.of_nat n - start)) with n by lia.
  now rewrite seq_S, map_app, fold_left_app.
Qed.
Lemma for_range_next {S} n (body : Z -> S -> S) state :
  for_range 0 (Z.of_nat (Datatypes.S n)) body state = body (Z.of_nat n) (for_range 0 (Z.of_nat n) body state).
Proof. exact (for_range_from 0 n body state). Qed.
Lemma for_range_none {S} (body : Z -> S -> S) state : for_range 0 0 body state = state.
Proof. reflexivity. Qed.
(* What holds before a loop and is kept by its body holds behind it. *)
Lemma for_range_invariant {S} (I : nat -> S -> Prop) n body (state : S) :
  I O state ->
  (forall i s, (i < n)%nat -> I i s -> I (Datatypes.S i) (body (Z.of_nat i) s)) ->
  I n (for_range 0 (Z.of_nat n) body state).
Proof.
  intros H0 H. induction n as [|n IH]; [exact H0|].
  rewrite for_range_next. apply H; [lia|]. apply IH. intros. apply H; auto.
Qed.
Lemma for_range_equal {S} n (f g : Z -> S -> S) state :
  (forall i s, (i < n)%nat -> f (Z.of_nat i) s = g (Z.of_nat i) s) ->
  for_range 0 (Z.of_nat n) f state = for_range 0 (Z.of_nat n) g state.
Proof.
  intros H. induction n as [|n IH]; [easy|]. rewrite !for_range_next, IH; auto.
Qed.

Lemma index_app_left {T} {D : Default T} (a b : list T) i : 0 <= i < len a -> index (a ++ b) i = index a i.
Proof. unfold index, len. intros. apply app_nth1. lia. Qed.
Lemma index_app_right {T} {D : Default T} (a b : list T) i : 0 <= i -> index (a ++ b) (len a + i) = index b i.
Proof. unfold index, len. intros. rewrite app_nth2 by lia. f_equal. lia. Qed.
Lemma index_zero {T} {D : Default T} (x : T) l : index (x :: l) 0 = x.
Proof. reflexivity. Qed.

(* A loop over all elements of a list, by their index, is one over the list. *)
Lemma for_range_list {S T} {D : Default T} (l : list T) (body : T -> S -> S) state :
  for_range 0 (len l) (fun i => body (index l i)) state = for_each l body state.
Proof.
  unfold len. induction l as [|x l IH] using rev_ind; [easy|].
  unfold for_each in *. rewrite app_length, fold_left_app. cbn [length].
  rewrite Nat.add_1_r, for_range_next. cbn [fold_left]. f_equal.
  - change (Z.of_nat (length l)) with (len l). replace (len l) with (len l + 0) by lia. now rewrite index_app_right.
  - rewrite <- IH. apply for_range_equal. intros. rewrite index_app_left; [easy|]. unfold len. lia.
Qed.

Lemma concat_all_concat l : bytes.concat_all l = List.concat l.
Proof.
  unfold bytes.concat_all. rewrite (for_range_list l (fun x joined => bytes.concat joined x)).
  unfold for_each, bytes.concat, bytes.empty. change (Rust.zeros 0) with (@nil Z).
  assert (G : forall a, fold_left (fun s x => s ++ x) l a = a ++ List.concat l).
  { induction l as [|x l IH]; intros a; cbn; [now rewrite app_nil_r|]. now rewrite IH, app_assoc. }
  apply G.
Qed.

(* Big-endian integers *)
Fixpoint big_endian (n : nat) (x : Z) : list Z :=
  match n with O => [] | S n => x / 256 ^ Z.of_nat n mod 256 :: big_endian n x end.
Fixpoint value (b : list Z) : Z :=
  match b with [] => 0 | x :: b => x * 256 ^ len b + value b end.

Lemma big_endian_len n x : len (big_endian n x) = Z.of_nat n.
Proof. induction n; cbn [big_endian]; autorewrite with len; lia. Qed.
Lemma big_endian_bytes n x : are_bytes (big_endian n x).
Proof. induction n; constructor; auto. apply Z.mod_pos_bound. lia. Qed.
Lemma value_bounds b : are_bytes b -> 0 <= value b < 256 ^ len b.
Proof.
  induction 1 as [|x b [? ?] _ IH]; cbn [value]; [cbn; lia|]. rewrite len_cons.
  pose proof (len_nonnegative b). rewrite Z.pow_add_r by lia. nia.
Qed.
Lemma value_big_endian n x : 0 <= x < 256 ^ Z.of_nat n -> value (big_endian n x) = x.
Proof.
  assert (G : value (big_endian n x) = x mod 256 ^ Z.of_nat n); [|intros; rewrite G; now apply Z.mod_small].
  induction n as [|n IH]; [cbn; now rewrite Z.mod_1_r|].
  cbn [big_endian value]. rewrite big_endian_len, IH, Nat2Z.inj_succ, Z.pow_succ_r by lia.
  rewrite (Z.mul_comm 256), Z.rem_mul_r by lia. lia.
Qed.
Lemma big_endian_value b : are_bytes b -> big_endian (length b) (value b) = b.
Proof.
  assert (G : forall b y, are_bytes b -> big_endian (length b) (y * 256 ^ len b + value b) = b).
  { clear. induction b as [|x b IH]; intros y H; [easy|]. inversion H as [|? ? Hx Hb]; subst.
    pose proof (len_nonnegative b). pose proof (value_bounds b Hb). cbn [length big_endian value].
    change (Z.of_nat (length b)) with (len b). rewrite len_cons, Z.pow_add_r by lia. f_equal.
    - replace (y * (256 ^ 1 * 256 ^ len b) + (x * 256 ^ len b + value b))
        with (value b + (x + y * 256) * 256 ^ len b) by lia.
      assert (256 ^ len b <> 0) by lia.
      rewrite Z.div_add, Z.div_small, Z.add_0_l, Z.mod_add by easy. apply Z.mod_small, Hx.
    - replace (y * (256 ^ 1 * 256 ^ len b) + (x * 256 ^ len b + value b))
        with ((y * 256 + x) * 256 ^ len b + value b) by lia. now apply IH. }
  intros H. specialize (G b 0 H). now rewrite Z.mul_0_l, Z.add_0_l in G.
Qed.

Lemma update_app (a : list Z) x b y : update (a ++ x :: b) (len a) y = a ++ y :: b.
Proof.
  unfold update, len. rewrite Nat2Z.id. induction a as [|z a IH]; cbn; [easy|]. now rewrite IH.
Qed.

Lemma big_endian_generated x n : (n <= 8)%nat -> bytes.big_endian x (Z.of_nat n) = big_endian n x.
Proof.
  intros Hn. unfold bytes.big_endian, bytes.zeros. cbv zeta.
  assert (G : forall i, (i <= n)%nat ->
    for_range 0 (Z.of_nat i) (fun i '(result, rest) =>
      (update result (usize (Z.of_nat n - 1 - i)) (u8 (Z.land rest 255)), Z.shiftr rest 8)) (Rust.zeros (Z.of_nat n), x)
    = (repeat 0 (n - i) ++ big_endian i x, Z.shiftr x (8 * Z.of_nat i))).
  { induction i as [|i IH]; intros Hi.
    - cbn -[repeat]. unfold zeros. now rewrite Nat2Z.id, Nat.sub_0_r, app_nil_r.
    - rewrite for_range_next, IH by lia. cbv zeta. f_equal.
      + replace (n - i)%nat with (S (n - S i)) by lia. cbn [repeat]. rewrite repeat_cons, <- app_assoc. cbn [app].
        assert (L : usize (Z.of_nat n - 1 - Z.of_nat i) = len (repeat 0 (n - S i))).
        { unfold usize, len. rewrite repeat_length, Z.mod_small; lia. }
        rewrite L, update_app. cbn [big_endian]. do 2 f_equal.
        change 255 with (Z.ones 8). rewrite Z.land_ones by lia. unfold u8. rewrite Z.mod_mod by lia.
        rewrite Z.shiftr_div_pow2, Z.pow_mul_r by lia. reflexivity.
      + rewrite Z.shiftr_shiftr by lia. f_equal. lia. }
  now rewrite G, Nat.sub_diag by lia.
Qed.

(* Bits that do not overlap: `|` is `+`. *)
Lemma lor_add x n b : 0 <= n -> 0 <= b < 2 ^ n -> Z.lor (Z.shiftl x n) b = x * 2 ^ n + b.
Proof.
  intros Hn [? ?].
  assert (D : Z.land (Z.shiftl x n) b = 0).
  { apply Z.bits_inj'. intros i Hi. rewrite Z.land_spec, Z.bits_0. destruct (Z.lt_ge_cases i n).
    - now rewrite Z.shiftl_spec_low by lia.
    - destruct (Z.eq_dec b 0) as [->|]; [now rewrite Z.bits_0, andb_false_r|].
      rewrite (Z.bits_above_log2 b i); [apply andb_false_r|lia|].
      apply Z.log2_lt_pow2; [lia|]. apply Z.lt_le_trans with (2 ^ n); [lia|]. apply Z.pow_le_mono_r; lia. }
  rewrite <- Z.lxor_lor by exact D. rewrite <- Z.add_nocarry_lxor by exact D. now rewrite Z.shiftl_mul_pow2.
Qed.
Lemma lor_byte x b : 0 <= x < 2 ^ 56 -> is_byte b -> Z.lor (u64 (Z.shiftl x 8)) b = x * 256 + b.
Proof.
  intros Hx Hb. unfold u64. rewrite Z.mod_small; [now apply (lor_add x 8 b)|].
  rewrite Z.shiftl_mul_pow2 by lia. lia.
Qed.

Lemma from_big_endian_generated b : are_bytes b -> len b <= 8 -> bytes.from_big_endian b = value b.
Proof.
  unfold bytes.from_big_endian. intros Hb Hl.
  rewrite (for_range_list b (fun x v => Z.lor (u64 (Z.shiftl v 8)) x)). unfold for_each.
  induction b as [|x b IH] using rev_ind; [easy|].
  rewrite fold_left_app. cbn [fold_left]. apply Forall_app in Hb as [Hb Hx]. inversion Hx as [|? ? Hx' _]; subst.
  revert Hl. autorewrite with len. intros. rewrite IH by (auto; lia).
  pose proof (value_bounds b Hb) as V. rewrite lor_byte; auto.
  - clear. induction b as [|y b IH]; cbn [app value]; [cbn; lia|].
    rewrite <- IH, len_app, len_cons, len_nil. pose proof (len_nonnegative b).
    replace (len b + (1 + 0)) with (1 + len b) by lia. rewrite Z.pow_add_r by lia. lia.
  - split; [lia|]. apply Z.lt_le_trans with (256 ^ len b); [lia|]. change (2 ^ 56) with (256 ^ 7).
    apply Z.pow_le_mono_r; lia.
Qed.
