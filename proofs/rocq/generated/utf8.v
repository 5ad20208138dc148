(* Generated from spec/src/utf8.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
Local Open Scope Z_scope.

Record State : Type := {
  State_missing : Z;
  State_low : Z;
  State_high : Z
}.
Definition State_with_missing (r : State) (value : Z) : State :=
  Build_State value r.(State_low) r.(State_high).
Definition State_with_low (r : State) (value : Z) : State :=
  Build_State r.(State_missing) value r.(State_high).
Definition State_with_high (r : State) (value : Z) : State :=
  Build_State r.(State_missing) r.(State_low) value.
#[global] Instance State_default : Rust.Default State := Build_State Rust.default Rust.default Rust.default.
#[global] Instance State_eqb : Rust.Eqb State :=
  fun a b => Rust.eqb a.(State_missing) b.(State_missing) && Rust.eqb a.(State_low) b.(State_low) && Rust.eqb a.(State_high) b.(State_high).

Definition BETWEEN : State :=
  {| State_missing := 0; State_low := 0x00; State_high := 0xff |}.

Definition WRONG : State :=
  {| State_missing := 1; State_low := 0xff; State_high := 0x00 |}.

Definition tail (missing : Z) : State :=
  {| State_missing := missing; State_low := 0x80; State_high := 0xbf |}.

Definition after_first (octet : Z) : State :=
  if (0x00 <=? octet) && (octet <=? 0x7f) then BETWEEN
  else if (0xc2 <=? octet) && (octet <=? 0xdf) then tail 1
  else if octet =? 0xe0 then {| State_missing := 2; State_low := 0xa0; State_high := 0xbf |}
  else if (0xe1 <=? octet) && (octet <=? 0xec) then tail 2
  else if octet =? 0xed then {| State_missing := 2; State_low := 0x80; State_high := 0x9f |}
  else if (0xee <=? octet) && (octet <=? 0xef) then tail 2
  else if octet =? 0xf0 then {| State_missing := 3; State_low := 0x90; State_high := 0xbf |}
  else if (0xf1 <=? octet) && (octet <=? 0xf3) then tail 3
  else if octet =? 0xf4 then {| State_missing := 3; State_low := 0x80; State_high := 0x8f |}
  else WRONG.

Definition after (state : State) (octet : Z) : State :=
  if (octet <? state.(State_low)) || (state.(State_high) <? octet) then
    WRONG
  else if state.(State_missing) =? 0 then
    after_first octet
  else if state.(State_missing) =? 1 then
    BETWEEN
  else
    tail (Rust.u8 (state.(State_missing) - 1)).

Definition is_utf8 (octets : list Z) : bool :=
  let state := BETWEEN in
  let state := Rust.for_range 0 (Rust.len octets) (fun i state =>
    let state := after state (Rust.index octets i) in
    state) state in
  Rust.eqb state BETWEEN.
