(* The contracts that the specification states for hax (`requires`, `ensures`), of the functions that the proofs are about. *)
From Coq Require Import ZArith List Bool Lia. Import ListNotations.
From Dke Require Import Rust Bytes Cbor Fields Messages Hash Tree.
From Dke.generated Require bytes utf8 cbor error params weakening primitives sha256 merkle message key_schedule hkdf.
Open Scope Z_scope.

Ltac leb := repeat rewrite andb_true_iff in *; rewrite ?Z.eqb_eq, ?Z.leb_le, ?Z.ltb_lt in *.

Theorem shortest_information_contract a : valid_argument a ->
  cbor.shortest_information_ensures a (cbor.shortest_information a) = true.
Proof.
  intros V. unfold cbor.shortest_information_ensures. pose proof (shortest_information_fits a V) as F. cbv zeta in F. leb. lia.
Qed.
Theorem encode_head_contract m a : 0 <= m -> valid_argument a -> cbor.encode_head_requires m a = true ->
  cbor.encode_head_ensures m a (cbor.encode_head m a) = true.
Proof.
  unfold cbor.encode_head_requires, cbor.encode_head_ensures. intros Hm V R. leb.
  rewrite encode_head_bytes by (auto; lia). cbv zeta. rewrite len_cons, big_endian_len, argument_length_following.
  unfold usize. rewrite Z.mod_small; [lia|]. pose proof (following_small (cbor.shortest_information a)). lia.
Qed.
Theorem read_head_contract input position : is_input input -> 0 <= position <= len input ->
  cbor.read_head_ensures input position (cbor.read_head input position) = true.
Proof.
  intros Hi Hp. unfold cbor.read_head_ensures. pose proof (cursor_at _ _ Hp) as C.
  destruct (cbor.read_head input position) as [[h next]|e] eqn:H.
  - destruct (proj1 (reads_head _ _ _ Hi C) _ H) as (([Hm0 Hm] & Ha & _) & rest & E & C'). cbn [fst snd] in *.
    pose proof (cursor_bounds _ _ _ C'). pose proof (cursor_len _ _ _ C') as L'. pose proof (cursor_len _ _ _ C) as L.
    rewrite E, len_app, L' in L. destruct Hi as [_ Hi]. leb.
    set (n := len (cbor.encode_head _ _)) in *. pose proof (len_nonnegative (cbor.encode_head (cbor.Head_major h) (cbor.Head_argument h))).
    fold n in H1. unfold usize. rewrite Z.mod_small by lia. repeat split; lia.
  - rewrite (read_head_cursor _ _ _ Hi C) in H. destruct (skipn _ input) as [|b rest]; [injection H as <-; reflexivity|].
    cbv zeta in H. destruct (_ || _) in H; [injection H as <-; reflexivity|].
    destruct (negb _) in H; [injection H as <-; reflexivity|discriminate].
Qed.
Theorem read_bstr_contract input position : is_input input -> 0 <= position <= len input ->
  cbor.read_bstr_ensures input position (cbor.read_bstr input position) = true.
Proof.
  intros Hi Hp. unfold cbor.read_bstr_ensures. pose proof (cursor_at _ _ Hp) as C.
  destruct (cbor.read_bstr input position) as [[content next]|e] eqn:H; [|reflexivity].
  pose proof (stays_inside Cbor.reads_bstr input position _ Hi Hp H). cbn in *. leb. lia.
Qed.
Theorem read_tstr_contract input position : is_input input -> 0 <= position <= len input ->
  cbor.read_tstr_ensures input position (cbor.read_tstr input position) = true.
Proof.
  intros Hi Hp. unfold cbor.read_tstr_ensures. pose proof (cursor_at _ _ Hp) as C.
  destruct (cbor.read_tstr input position) as [[content next]|e] eqn:H; [|reflexivity].
  now destruct (proj1 (Cbor.reads_tstr _ _ _ Hi C) _ H) as ((_ & U) & _).
Qed.

Theorem parse_header_contract input node : is_input input ->
  message.parse_header_ensures input node (message.parse_header input node) = true.
Proof.
  intros Hi. unfold message.parse_header_ensures. destruct (message.parse_header input node) as [m|e] eqn:H; [|reflexivity].
  apply (header_exact node input m Hi) in H as [[(Vs & [_ Vn] & _ & _ & Vd & [_ Vr] & [_ Vm]) En] _].
  unfold message.is_header. apply is_suite_true in Vs. rewrite Vs, En.
  replace (eqb node node) with true by (symmetry; now apply eqb_eq). rewrite <- En.
  change params.DEPTH_MAX with 8. change sha256.DIGEST_LENGTH with 32. leb. lia.
Qed.
Theorem parse_initiate_contract input : is_input input ->
  message.parse_initiate_ensures input (message.parse_initiate input) = true.
Proof.
  intros Hi. unfold message.parse_initiate_ensures. destruct (message.parse_initiate input) as [m|e] eqn:H; [|reflexivity].
  apply (initiate_exact input m Hi) in H as [(_ & _ & _ & [_ Vx] & [_ V1] & [_ V2]) _].
  unfold message.is_initiate. change params.CT_1_MIN with 9. change params.CT_1_MAX with 355. change params.CT_DATA_MIN with 8.
  leb. lia.
Qed.
Theorem parse_confirm_contract input : is_input input ->
  message.parse_confirm_ensures input (message.parse_confirm input) = true.
Proof.
  intros Hi. unfold message.parse_confirm_ensures. destruct (message.parse_confirm input) as [m|e] eqn:H; [|reflexivity].
  apply (confirm_exact input m Hi) in H as [(_ & _ & _ & Vz & [_ V3]) _].
  unfold message.is_confirm. change params.CT_DATA_MIN with 8. rewrite andb_true_iff, orb_true_iff, !Z.eqb_eq, Z.leb_le. lia.
Qed.

Theorem sha256_contract m : sha256.sha256_ensures m (sha256.sha256 m) = true.
Proof. unfold sha256.sha256_ensures. apply Z.eqb_eq, digest. Qed.
Theorem root_of_path_contract index y path : let w := weakening.Weakening_NONE in
  merkle.root_of_path_requires w index y path = true -> len path <= 256 ->
  merkle.root_of_path_ensures w index y path (merkle.root_of_path w index y path) = true.
Proof.
  cbv zeta. unfold merkle.root_of_path_requires, merkle.root_of_path_ensures, merkle.is_path, is_multiple_of.
  change sha256.DIGEST_LENGTH with 32. intros R Hl. leb. destruct R as [R _].
  apply Z.div_exact in R; [|lia]. pose proof (len_nonnegative path).
  rewrite (root_of_path_climbs index y path (Z.to_nat (len path / 32))).
  - apply climb_len.
  - assert (len path / 32 <= 8) by (apply Z.div_le_upper_bound; lia). lia.
  - rewrite Z2Nat.id; [exact R|]. apply Z.div_pos; lia.
Qed.
