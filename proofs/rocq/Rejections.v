(* Which inputs are rejected, and with which name: PROTOCOL.md, section 5, "Reading". *)
From Coq Require Import ZArith List Bool Lia. Import ListNotations.
From Dke Require Import Rust Bytes Cbor Fields Messages.
From Dke.generated Require bytes utf8 cbor error fields message.
Open Scope Z_scope.

(* At a head: "the input ends, a length is indefinite or reserved" (and the type has no such argument). *)
Definition malformed_head (rest : list Z) : Prop :=
  match rest with
  | [] => True
  | b :: rest => let i := Z.land b 31 in
      27 < i \/ (Z.shiftr b 5 = cbor.SIMPLE /\ 23 < i) \/ len rest < Z.of_nat (following i)
  end.
(* "a length or an integer is not in its shortest form" *)
Definition longer_than_needed (rest : list Z) : Prop :=
  match rest with
  | [] => False
  | b :: rest => let i := Z.land b 31 in
      i <> cbor.shortest_information (if i <? 24 then i else value (firstn (following i) rest))
  end.

Theorem head_rejections input position rest : is_input input -> cursor input position rest ->
  (cbor.read_head input position = Err cbor.CborError_Malformed <-> malformed_head rest)
  /\ (cbor.read_head input position = Err cbor.CborError_NotDeterministic <->
      ~ malformed_head rest /\ longer_than_needed rest)
  /\ cbor.read_head input position <> Err cbor.CborError_TrailingBytes.
Proof.
  intros Hi C. rewrite (read_head_cursor _ _ _ Hi C). destruct rest as [|b rest]; cbn [malformed_head longer_than_needed].
  - repeat split; try discriminate; tauto.
  - set (i := Z.land b 31). set (m := Z.shiftr b 5). cbv zeta.
    set (a := if i <? 24 then i else value (firstn (following i) rest)). clearbody a.
    destruct (Z.ltb_spec 27 i), (Z.eqb_spec m cbor.SIMPLE), (Z.ltb_spec 23 i),
      (Z.ltb_spec (len rest) (Z.of_nat (following i))), (Z.eqb_spec i (cbor.shortest_information a));
      cbn [andb orb negb]; repeat split; try discriminate; try tauto; try lia; intros; exfalso; intuition (lia || congruence).
Qed.

(* Another type than stated: Malformed, before anything else is looked at. *)
Theorem other_type input position major : cbor.peek_major input position <> Some major ->
  cbor.read_head_of input position major = Err cbor.CborError_Malformed.
Proof.
  intros H. unfold cbor.read_head_of. destruct (eqb _ _) eqn:E; [|reflexivity]. now apply eqb_some in E.
Qed.
(* The content of a string ends behind the input: Malformed. *)
Theorem content_missing input position rest length : is_input input -> cursor input position rest ->
  valid_argument length -> (cbor.read_content input position length = Err cbor.CborError_Malformed <-> len rest < length).
Proof.
  intros Hi C V. rewrite (read_content_cursor _ _ _ _ Hi C V). destruct (Z.leb_spec length (len rest)); split; (discriminate || lia || easy).
Qed.
(* Anything behind the item: TrailingBytes, and nothing else. *)
Theorem trailing_bytes input position rest : cursor input position rest ->
  (cbor.read_end input position = Err cbor.CborError_TrailingBytes <-> rest <> [])
  /\ (cbor.read_end input position = Ok tt <-> rest = []).
Proof. intros C. rewrite (read_end_cursor _ _ _ C). destruct rest; split; split; (discriminate || easy). Qed.
(* The first reader that fails decides. *)
Theorem first_decides {T U E} (read : result T E) (behind : T -> result U E) error :
  read = Err error -> bind read behind = Err error.
Proof. now intros ->. Qed.
