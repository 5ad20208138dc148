(* The tree over a batch: what a path to the root proves of a prekey, up to collisions of SHA-256. *)
From Coq Require Import ZArith List Bool Lia. Import ListNotations.
From Dke Require Import Rust Bytes Cbor Hash.
From Dke.generated Require bytes params weakening sha256 merkle.
Open Scope Z_scope.

Notation none := weakening.Weakening_NONE.

Lemma leaf_is index y : merkle.leaf none index y = sha256.sha256 (0 :: u8 index :: y).
Proof. unfold merkle.leaf. cbn [weakening.Weakening_leaf_without_index none]. rewrite concat_all_concat. cbn. now rewrite app_nil_r. Qed.
Lemma inner_is left right : merkle.inner none left right = sha256.sha256 (1 :: left ++ right).
Proof. reflexivity. Qed.
Lemma inner_len left right : len (merkle.inner none left right) = 32.
Proof. rewrite inner_is. apply digest. Qed.
Lemma leaf_len index y : len (merkle.leaf none index y) = 32.
Proof. rewrite leaf_is. apply digest. Qed.

(* Leaves tell index and prekey, inner nodes their children; a leaf is never an inner node. *)
Lemma leaf_binding i j y y' : 0 <= i < 256 -> 0 <= j < 256 ->
  merkle.leaf none i y = merkle.leaf none j y' -> collision + { i = j /\ y = y' }.
Proof.
  intros Hi Hj H. rewrite !leaf_is in H. destruct (same_input _ _ H) as [c|E]; [now left|right].
  unfold u8 in E. rewrite !Z.mod_small in E by lia. apply cons_injective in E as [_ E]. now apply cons_injective in E.
Qed.
Lemma inner_binding l r l' r' : len l = len l' ->
  merkle.inner none l r = merkle.inner none l' r' -> collision + { l = l' /\ r = r' }.
Proof.
  intros L H. rewrite !inner_is in H. destruct (same_input _ _ H) as [c|E]; [now left|right].
  apply cons_injective in E as [_ E]. now apply app_same_length in E.
Qed.
Theorem leaf_is_no_inner i y l r : merkle.leaf none i y = merkle.inner none l r -> collision.
Proof. intros H. rewrite leaf_is, inner_is in H. destruct (same_input _ _ H) as [c|E]; [exact c | discriminate E]. Qed.

(* The node at height k on the way from a leaf to the root, where `siblings` are what the path has. *)
Fixpoint climb (index : Z) (y : list Z) (siblings : nat -> list Z) (k : nat) : list Z :=
  match k with
  | O => merkle.leaf none index y
  | S k =>
      let node := climb index y siblings k in
      if Z.testbit index (Z.of_nat k) then merkle.inner none (siblings k) node else merkle.inner none node (siblings k)
  end.
Definition siblings (path : list Z) (k : nat) : list Z := slice path (32 * Z.of_nat k) 32.

Lemma side index k : (Z.land (Z.shiftr index (Z.of_nat k)) 1 =? 1) = Z.testbit index (Z.of_nat k).
Proof.
  rewrite Z.testbit_odd. change 1 with (Z.ones 1) at 1. rewrite Z.land_ones by lia. change (2 ^ 1) with 2.
  rewrite Zmod_odd. now destruct (Z.odd _).
Qed.
Lemma root_of_path_climbs index y path d : (d <= 8)%nat -> len path = 32 * Z.of_nat d ->
  merkle.root_of_path none index y path = climb index y (siblings path) d.
Proof.
  intros Hd L. unfold merkle.root_of_path. cbv zeta. rewrite L. unfold sha256.DIGEST_LENGTH.
  rewrite Z.mul_comm, Z.div_mul by lia. clear L.
  induction d as [|d IH]; [easy|]. rewrite for_range_next, IH by lia. cbn [climb]. rewrite side.
  unfold usize, siblings. now rewrite Z.mod_small by lia.
Qed.
Lemma climb_len index y s k : len (climb index y s k) = 32.
Proof. destruct k; cbn [climb]; [apply leaf_len|]. destruct (Z.testbit _ _); apply inner_len. Qed.
Lemma siblings_len path d k : len path = 32 * Z.of_nat d -> (k < d)%nat -> len (siblings path k) = 32.
Proof. intros. apply slice_len; lia. Qed.

(* One root, one depth, one index: one prekey and one path, or a collision. *)
Theorem same_index_same_prekey index y y' path path' d : (d <= 8)%nat -> 0 <= index < 256 ->
  len path = 32 * Z.of_nat d -> len path' = 32 * Z.of_nat d ->
  merkle.root_of_path none index y path = merkle.root_of_path none index y' path' ->
  collision + { y = y' /\ forall k, (k < d)%nat -> siblings path k = siblings path' k }.
Proof.
  intros Hd Hi L L' H. rewrite (root_of_path_climbs _ _ _ d), (root_of_path_climbs _ _ path' d) in H by auto.
  assert (S1 : forall k, (k < d)%nat -> len (siblings path k) = 32) by (intros; now apply (siblings_len path d)).
  assert (S2 : forall k, (k < d)%nat -> len (siblings path' k) = 32) by (intros; now apply (siblings_len path' d)).
  clear L L' Hd. induction d as [|d IH].
  - destruct (leaf_binding _ _ _ _ Hi Hi H) as [c|[_ E]]; [now left|right]. split; [exact E | lia].
  - cbn [climb] in H.
    assert (B : collision + { climb index y (siblings path) d = climb index y' (siblings path') d
      /\ siblings path d = siblings path' d }).
    { destruct (Z.testbit _ _); (apply inner_binding in H; [|now rewrite ?climb_len, ?S1, ?S2 by lia]);
        destruct H as [c|[]]; (now left) || (right; auto). }
    destruct B as [c|[E Es]]; [now left|].
    assert (R : collision + { y = y' /\ forall k, (k < d)%nat -> siblings path k = siblings path' k })
      by (apply IH; auto).
    destruct R as [c|[Ey A]]; [now left|right]. split; [exact Ey|]. intros k Hk.
    destruct (Nat.eq_dec k d) as [->|]; [exact Es|]. apply A. lia.
Qed.

(* The path tells the index: two different (index, Y) that one path leads to one root are a collision. *)
Theorem path_tells_index i j y y' path d : (d <= 8)%nat -> 0 <= i < 256 -> 0 <= j < 256 ->
  len path = 32 * Z.of_nat d ->
  merkle.root_of_path none i y path = merkle.root_of_path none j y' path ->
  collision + { i = j /\ y = y' }.
Proof.
  intros Hd Hi Hj L H. rewrite !(root_of_path_climbs _ _ _ d) in H by auto.
  assert (S1 : forall k, (k < d)%nat -> len (siblings path k) = 32) by (intros; now apply (siblings_len path d)).
  clear L Hd. induction d as [|d IH].
  - exact (leaf_binding _ _ _ _ Hi Hj H).
  - cbn [climb] in H.
    (* Where the sides differ, both nodes are the sibling. *)
    assert (B : collision + { climb i y (siblings path) d = climb j y' (siblings path) d }).
    { destruct (Z.testbit i _), (Z.testbit j _);
        (apply inner_binding in H; [|now rewrite ?climb_len, ?S1 by lia]);
        destruct H as [c|[E1 E2]]; (now left) || (right; congruence). }
    destruct B as [c|E]; [now left|]. apply IH; auto.
Qed.

(* The prekeys of a batch: `level keys h` has 2^(d-h) nodes, and a node is made of the two below it. *)
Lemma for_range_push {T} n (f : Z -> T) :
  for_range 0 (Z.of_nat n) (fun i l => l ++ [f i]) [] = map (fun i => f (Z.of_nat i)) (seq 0 n).
Proof. induction n as [|n IH]; [reflexivity|]. now rewrite for_range_next, IH, seq_S, map_app. Qed.
Lemma index_map_seq {T} {D : Default T} (f : nat -> T) n i : (i < n)%nat -> index (map f (seq 0 n)) (Z.of_nat i) = f i.
Proof.
  intros H. unfold index. rewrite Nat2Z.id, (nth_indep _ default (f 0%nat)) by now rewrite map_length, seq_length.
  now rewrite map_nth, seq_nth.
Qed.

Definition leaves (keys : list (list Z)) : list (list Z) :=
  map (fun i => merkle.leaf none (Z.of_nat i) (index keys (Z.of_nat i))) (seq 0 (length keys)).
Definition parents (nodes : list (list Z)) : list (list Z) :=
  map (fun i => merkle.inner none (index nodes (usize (2 * Z.of_nat i))) (index nodes (usize (2 * Z.of_nat i + 1))))
    (seq 0 (Z.to_nat (len nodes / 2))).
Fixpoint nodes_at (keys : list (list Z)) (h : nat) : list (list Z) :=
  match h with O => leaves keys | S h => parents (nodes_at keys h) end.
Lemma level_is keys h : merkle.level none keys (Z.of_nat h) = nodes_at keys h.
Proof.
  unfold merkle.level. cbv zeta. induction h as [|h IH].
  - cbn [Z.of_nat nodes_at]. rewrite for_range_none. unfold len. now rewrite for_range_push.
  - rewrite for_range_next, IH. cbn [nodes_at]. set (nodes := nodes_at keys h). unfold parents.
    rewrite <- (Z2Nat.id (len nodes / 2)) at 1 by (apply Z.div_pos; [apply len_nonnegative | lia]).
    exact (for_range_push _ (fun i => merkle.inner none (index nodes (usize (2 * i))) (index nodes (usize (2 * i + 1))))).
Qed.
Definition node (keys : list (list Z)) (h : nat) (i : Z) : list Z := index (merkle.level none keys (Z.of_nat h)) i.

Section Batch.
Variable keys : list (list Z).
Variable d : nat.
Hypothesis Hd : (d <= 8)%nat.
Hypothesis Hkeys : len keys = 2 ^ Z.of_nat d.

Lemma level_len h : (h <= d)%nat -> len (merkle.level none keys (Z.of_nat h)) = 2 ^ Z.of_nat (d - h).
Proof.
  rewrite level_is. induction h as [|h IH]; intros Hh.
  - cbn [nodes_at]. unfold leaves. rewrite len_map. unfold len in *. rewrite seq_length, Nat.sub_0_r. exact Hkeys.
  - cbn [nodes_at]. unfold parents. rewrite len_map. unfold len at 1. rewrite seq_length, IH by lia.
    replace (d - h)%nat with (S (d - S h)) by lia. rewrite Nat2Z.inj_succ, Z.pow_succ_r by lia.
    rewrite Z.mul_comm, Z.div_mul by lia. rewrite Z2Nat.id; [easy|]. apply Z.pow_nonneg. lia.
Qed.
Lemma small h : 2 ^ Z.of_nat (d - h) <= 256.
Proof. change 256 with (2 ^ 8). apply Z.pow_le_mono_r; lia. Qed.
Lemma node_leaf i : 0 <= i < 2 ^ Z.of_nat d -> node keys 0 i = merkle.leaf none i (index keys i).
Proof.
  intros. unfold node. rewrite level_is. cbn [nodes_at]. unfold leaves. rewrite <- (Z2Nat.id i) by lia.
  rewrite index_map_seq; [easy|]. unfold len in Hkeys. lia.
Qed.
Lemma node_inner h i : (h < d)%nat -> 0 <= i < 2 ^ Z.of_nat (d - S h) ->
  node keys (S h) i = merkle.inner none (node keys h (2 * i)) (node keys h (2 * i + 1)).
Proof.
  intros Hh Hi. unfold node. rewrite level_is. cbn [nodes_at]. rewrite <- level_is. unfold parents.
  pose proof (level_len h ltac:(lia)) as L. pose proof (small h).
  replace (d - h)%nat with (S (d - S h)) in * by lia. rewrite Nat2Z.inj_succ, Z.pow_succ_r in * by lia.
  rewrite <- (Z2Nat.id i) at 1 by lia. rewrite index_map_seq.
  - rewrite Z2Nat.id by lia. unfold usize. now rewrite !Z.mod_small by lia.
  - rewrite L, Z.mul_comm, Z.div_mul by lia. lia.
Qed.
Lemma node_len h i : (h <= d)%nat -> 0 <= i < 2 ^ Z.of_nat (d - h) -> len (node keys h i) = 32.
Proof.
  intros Hh Hi. destruct h as [|h].
  - rewrite Nat.sub_0_r in Hi. rewrite node_leaf by auto. apply leaf_len.
  - rewrite node_inner by (auto; lia). apply inner_len.
Qed.

(* The path that the specification gives has the siblings on the way up. *)
Lemma other_side i : Z.lxor i 1 = if Z.odd i then i - 1 else i + 1.
Proof.
  assert (E : forall k, 2 * k + 1 = Z.lxor (2 * k) 1).
  { intros k. apply Z.add_nocarry_lxor. change 1 with (Z.ones 1). rewrite Z.land_ones by lia.
    change (2 ^ 1) with 2. rewrite Z.mul_comm. now apply Z.mod_mul. }
  pose proof (Z.div2_odd i) as D. destruct (Z.odd i); cbn [Z.b2z] in D; set (k := Z.div2 i) in *; clearbody k; subst i.
  - rewrite E, Z.lxor_assoc, Z.lxor_nilpotent, Z.lxor_0_r, <- E. lia.
  - rewrite Z.add_0_r, <- E. lia.
Qed.
Lemma slice_left (a b : list Z) start n : 0 <= start -> 0 <= n -> start + n <= len a ->
  slice (a ++ b) start n = slice a start n.
Proof.
  intros. unfold slice, len in *. rewrite skipn_app, firstn_app, skipn_length.
  replace (Z.to_nat n - (length a - Z.to_nat start))%nat with 0%nat by lia. apply app_nil_r.
Qed.
Lemma slice_right (a b : list Z) : slice (a ++ b) (len a) (len b) = b.
Proof. unfold slice, len. now rewrite !Nat2Z.id, skipn_app, skipn_all, Nat.sub_diag, firstn_all. Qed.

Definition place (index : Z) (k : nat) : Z := Z.shiftr index (Z.of_nat k).
Lemma place_next index k : place index (S k) = place index k / 2.
Proof. unfold place. rewrite Nat2Z.inj_succ, <- Z.add_1_r, <- Z.shiftr_shiftr by lia. now rewrite Z.shiftr_div_pow2. Qed.
Lemma place_bounds index k : (k <= d)%nat -> 0 <= index < 2 ^ Z.of_nat d -> 0 <= place index k < 2 ^ Z.of_nat (d - k).
Proof.
  intros Hk Hi. unfold place. rewrite Z.shiftr_div_pow2 by lia. split; [apply Z.div_pos; lia|].
  apply Z.div_lt_upper_bound; [lia|]. rewrite <- Z.pow_add_r by lia.
  now replace (Z.of_nat k + Z.of_nat (d - k)) with (Z.of_nat d) by lia.
Qed.
Lemma sibling_bounds index k : (k < d)%nat -> 0 <= index < 2 ^ Z.of_nat d ->
  0 <= Z.lxor (place index k) 1 < 2 ^ Z.of_nat (d - k).
Proof.
  intros Hk Hi. pose proof (place_bounds index k ltac:(lia) Hi) as B. rewrite other_side.
  replace (d - k)%nat with (S (d - S k)) in * by lia. rewrite Nat2Z.inj_succ, Z.pow_succ_r in * by lia.
  pose proof (Zmod_odd (place index k)) as O. pose proof (Z.div_mod (place index k) 2). destruct (Z.odd _); lia.
Qed.

Lemma path_siblings index : 0 <= index < 2 ^ Z.of_nat d ->
  let path := merkle.path none keys (Z.of_nat d) index in
  len path = 32 * Z.of_nat d /\ forall k, (k < d)%nat -> siblings path k = node keys k (Z.lxor (place index k) 1).
Proof.
  intros Hi. unfold merkle.path. cbv zeta.
  apply (for_range_invariant (fun m path => len path = 32 * Z.of_nat m /\
    forall k, (k < m)%nat -> siblings path k = node keys k (Z.lxor (place index k) 1))).
  - split; [reflexivity | lia].
  - intros m path Hm [L A]. fold (place index m). fold (node keys m (Z.lxor (place index m) 1)).
    pose proof (node_len m _ ltac:(lia) (sibling_bounds index m Hm Hi)) as N. split.
    + rewrite len_app, L, N. lia.
    + intros k Hk. unfold siblings. destruct (Nat.eq_dec k m) as [->|].
      * rewrite <- L, <- N. apply slice_right.
      * rewrite slice_left by lia. apply A. lia.
Qed.

Lemma honest_climb index path k : (k <= d)%nat -> 0 <= index < 2 ^ Z.of_nat d ->
  (forall k, (k < d)%nat -> siblings path k = node keys k (Z.lxor (place index k) 1)) ->
  climb index (Rust.index keys index) (siblings path) k = node keys k (place index k).
Proof.
  intros Hk Hi A. induction k as [|k IH].
  - cbn [climb]. unfold place. rewrite Z.shiftr_0_r. symmetry. now apply node_leaf.
  - cbn [climb]. rewrite IH, A by lia. pose proof (place_bounds index (S k) Hk Hi) as B.
    rewrite node_inner by (auto; lia). rewrite Z.testbit_odd. fold (place index k).
    rewrite other_side, place_next in *. pose proof (Zmod_odd (place index k)) as O.
    pose proof (Z.div_mod (place index k) 2). destruct (Z.odd _); f_equal; f_equal; lia.
Qed.

(* The path of a prekey leads to the root: an honest Offer is accepted. *)
Theorem path_leads_to_root index : 0 <= index < 2 ^ Z.of_nat d ->
  merkle.root_of_path none index (Rust.index keys index) (merkle.path none keys (Z.of_nat d) index)
  = merkle.root none keys (Z.of_nat d).
Proof.
  intros Hi. destruct (path_siblings index Hi) as [L A]. rewrite (root_of_path_climbs _ _ _ d) by auto.
  rewrite (honest_climb index _ d) by auto. unfold node, merkle.root, place. f_equal.
  rewrite Z.shiftr_div_pow2 by lia. apply Z.div_small. lia.
Qed.

(* And whatever leads to the root of a batch is the prekey that stands there, or a collision. *)
Theorem prekey_is_published index y path : 0 <= index < 2 ^ Z.of_nat d -> len path = 32 * Z.of_nat d ->
  merkle.root_of_path none index y path = merkle.root none keys (Z.of_nat d) ->
  collision + { y = Rust.index keys index }.
Proof.
  intros Hi L H. rewrite <- (path_leads_to_root index Hi) in H. destruct (path_siblings index Hi) as [L' _].
  pose proof (small 0) as S0. rewrite Nat.sub_0_r in S0.
  destruct (same_index_same_prekey index y _ path _ d Hd ltac:(lia) L L' H) as [c|[E _]]; [now left | now right].
Qed.
End Batch.
