(* SHA-256 as far as the proofs need it: its output has 32 bytes. Everything else about it is said in terms of collisions. *)
From Coq Require Import ZArith List Bool Lia. Import ListNotations.
From Dke Require Import Rust Bytes Cbor.
From Dke.generated Require bytes sha256.
Open Scope Z_scope.

Lemma slice_len {T} (l : list T) start n : 0 <= start -> 0 <= n -> start + n <= len l -> len (slice l start n) = n.
Proof. intros. unfold slice, len in *. rewrite firstn_length, skipn_length. lia. Qed.
Lemma slice_bytes l start n : are_bytes l -> are_bytes (slice l start n).
Proof.
  intros H. apply are_bytes_firstn. rewrite <- (firstn_skipn (Z.to_nat start) l) in H. now apply Forall_app in H.
Qed.

Lemma digest m : len (sha256.sha256 m) = 32 /\ are_bytes (sha256.sha256 m).
Proof.
  unfold sha256.sha256. cbv zeta.
  match goal with |- context [for_range 0 (num_exact_chunks ?a ?b) ?f ?s] =>
    generalize (for_range 0 (num_exact_chunks a b) f s) as hash
  end.
  intros hash. change 8 with (Z.of_nat 8).
  apply (for_range_invariant (fun _ d => len d = 32 /\ are_bytes d)).
  - unfold bytes.zeros. split; [reflexivity|]. apply Forall_forall. intros x H. apply repeat_spec in H. subst. cbv.
    intuition congruence.
  - intros i d Hi [L B]. set (word := index hash (Z.of_nat i)).
    pose proof (big_endian_generated word 4) as W. change (Z.of_nat 4) with 4 in W. rewrite W by lia.
    unfold set_exact_chunk. split.
    + rewrite !len_app, big_endian_len, !slice_len; lia.
    + apply Forall_app. split; [now apply slice_bytes|]. apply Forall_app.
      split; [apply big_endian_bytes | now apply slice_bytes].
Qed.
Lemma digest_input m : is_input (sha256.sha256 m).
Proof. destruct (digest m). split; auto. lia. Qed.

(* No proof looks inside from here on. *)
Global Opaque sha256.sha256.

(* Two different inputs with the same hash. *)
Definition collision : Type :=
  { inputs : list Z * list Z | fst inputs <> snd inputs /\ sha256.sha256 (fst inputs) = sha256.sha256 (snd inputs) }.

(* Where hashes are equal, there are equal inputs or a collision: this one. *)
Definition same_input a b : sha256.sha256 a = sha256.sha256 b -> collision + { a = b }.
Proof.
  intros H. destruct (list_eq_dec Z.eq_dec a b) as [E|N]; [now right|left]. exists (a, b). split; assumption.
Defined.
