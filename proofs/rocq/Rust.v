(* What the generated text means: Rust's integers, sequences, options and results.

   A machine integer is a Z; arithmetic on it wraps, as it does in a release build. Bytes, Seq, Vec, slices and arrays are lists. An index
   beyond the end, which is a panic in Rust, gives the default value here. *)
From Coq Require Import ZArith List Bool String Ascii.
Import ListNotations.
Local Open Scope Z_scope.

(* Integers *)
Definition u8 (x : Z) : Z := x mod 2 ^ 8.
Definition u32 (x : Z) : Z := x mod 2 ^ 32.
Definition u64 (x : Z) : Z := x mod 2 ^ 64.
Definition u128 (x : Z) : Z := x mod 2 ^ 128.
(* A usize has 64 bits. *)
Definition usize (x : Z) : Z := x mod 2 ^ 64.
Definition i64 (x : Z) : Z := (x + 2 ^ 63) mod 2 ^ 64 - 2 ^ 63.
Definition usize_MAX : Z := 2 ^ 64 - 1.

Definition div_ceil (x y : Z) : Z := (x + y - 1) / y.
Definition is_multiple_of (x y : Z) : bool := x mod y =? 0.
Definition rotate_right_u32 (x n : Z) : Z := Z.lor (Z.shiftr x n) (u32 (Z.shiftl x (32 - n))).
Fixpoint positive_zeros (x : positive) : Z := match x with xO x => 1 + positive_zeros x | _ => 0 end.
Definition trailing_zeros (x : Z) : Z := match x with Zpos x => positive_zeros x | _ => 64 end.
Definition unsigned_abs (x : Z) : Z := Z.abs x.
Definition checked_add_u64 (x y : Z) : option Z := if x + y <? 2 ^ 64 then Some (x + y) else None.

(* Results and options *)
Inductive result (T E : Type) : Type :=
| Ok (value : T)
| Err (error : E).
Arguments Ok {T E} value.
Arguments Err {T E} error.

Definition bind {T U E} (r : result T E) (f : T -> result U E) : result U E :=
  match r with Ok value => f value | Err error => Err error end.
Definition option_bind {T U} (o : option T) (f : T -> option U) : option U :=
  match o with Some value => f value | None => None end.
(* `?` in a function that returns a Result, and in one that returns an Option *)
Notation "'let?' p := r 'in' e" := (bind r (fun p => e)) (at level 200, p pattern, r at level 100, e at level 200).
Notation "'let??' p := r 'in' e" := (option_bind r (fun p => e)) (at level 200, p pattern, r at level 100, e at level 200).

Definition map_err {T E F} (f : E -> F) (r : result T E) : result T F :=
  match r with Ok value => Ok value | Err error => Err (f error) end.
Definition or {T E F} (r : result T E) (other : result T F) : result T F :=
  match r with Ok value => Ok value | Err _ => other end.
Definition ok {T E} (r : result T E) : option T := match r with Ok value => Some value | Err _ => None end.
Definition ok_or {T E} (o : option T) (error : E) : result T E :=
  match o with Some value => Ok value | None => Err error end.
Definition and_then {T U E} (r : result T E) (f : T -> result U E) : result U E := bind r f.
Definition option_and_then {T U} (o : option T) (f : T -> option U) : option U := option_bind o f.
Definition unwrap_or {T} (o : option T) (other : T) : T := match o with Some value => value | None => other end.
Definition result_unwrap_or {T E} (r : result T E) (other : T) : T :=
  match r with Ok value => value | Err _ => other end.
Definition is_some {T} (o : option T) : bool := match o with Some _ => true | None => false end.
Definition is_none {T} (o : option T) : bool := negb (is_some o).
Definition is_ok {T E} (r : result T E) : bool := match r with Ok _ => true | Err _ => false end.
Definition is_ok_and {T E} (r : result T E) (f : T -> bool) : bool :=
  match r with Ok value => f value | Err _ => false end.
Definition to_list {T} (o : option T) : list T := match o with Some value => [value] | None => [] end.

Definition try_i64 (x : Z) : result Z unit := if x <? 2 ^ 63 then Ok x else Err tt.
Definition try_usize (x : Z) : result Z unit := if x <? 2 ^ 64 then Ok x else Err tt.

(* Default values *)
Class Default (T : Type) : Type := default : T.
#[global] Instance integer_default : Default Z := 0.
#[global] Instance bool_default : Default bool := false.
#[global] Instance list_default {T} : Default (list T) := [].
#[global] Instance option_default {T} : Default (option T) := None.

(* Equality, which is `==` *)
Class Eqb (T : Type) : Type := eqb : T -> T -> bool.
#[global] Instance integer_eqb : Eqb Z := Z.eqb.
#[global] Instance bool_eqb : Eqb bool := Bool.eqb.
#[global] Instance list_eqb {T} {_ : Eqb T} : Eqb (list T) :=
  fix list_eqb a b := match a, b with
    | [], [] => true
    | x :: a, y :: b => eqb x y && list_eqb a b
    | _, _ => false
    end.
#[global] Instance option_eqb {T} {_ : Eqb T} : Eqb (option T) :=
  fun a b => match a, b with Some x, Some y => eqb x y | None, None => true | _, _ => false end.
#[global] Instance result_eqb {T E} {_ : Eqb T} {_ : Eqb E} : Eqb (result T E) :=
  fun a b => match a, b with Ok x, Ok y => eqb x y | Err x, Err y => eqb x y | _, _ => false end.

(* Sequences *)
Definition len {T} (l : list T) : Z := Z.of_nat (List.length l).
Definition is_empty {T} (l : list T) : bool := len l =? 0.
Definition get {T} (l : list T) (i : Z) : option T := nth_error l (Z.to_nat i).
Definition first {T} (l : list T) : option T := get l 0.
Definition index {T} {_ : Default T} (l : list T) (i : Z) : T := nth (Z.to_nat i) l default.
Definition slice {T} (l : list T) (start length : Z) : list T := firstn (Z.to_nat length) (skipn (Z.to_nat start) l).
Definition zeros {T} {_ : Default T} (length : Z) : list T := repeat default (Z.to_nat length).
Fixpoint update_nat {T} (l : list T) (i : nat) (value : T) : list T :=
  match l, i with
  | [], _ => []
  | _ :: l, O => value :: l
  | x :: l, S i => x :: update_nat l i value
  end.
Definition update {T} (l : list T) (i : Z) (value : T) : list T := update_nat l (Z.to_nat i) value.
(* `<` is lexicographic. *)
Fixpoint less (a b : list Z) : bool :=
  match a, b with
  | [], [] => false
  | [], _ => true
  | _, [] => false
  | x :: a, y :: b => (x <? y) || ((x =? y) && less a b)
  end.

(* hacspec-lib: chunks *)
Definition num_exact_chunks {T} (l : list T) (size : Z) : Z := len l / size.
Definition get_exact_chunk {T} (l : list T) (size i : Z) : list T := slice l (size * i) size.
Definition set_exact_chunk {T} (l : list T) (size i : Z) (chunk : list T) : list T :=
  slice l 0 (size * i) ++ chunk ++ slice l (size * (i + 1)) (len l - size * (i + 1)).

(* Loops *)
Definition range (start end_ : Z) : list Z :=
  map (fun i => start + Z.of_nat i) (seq 0 (Z.to_nat (end_ - start))).
Definition for_each {T S} (l : list T) (body : T -> S -> S) (state : S) : S :=
  fold_left (fun state x => body x state) l state.
Definition for_range {S} (start end_ : Z) (body : Z -> S -> S) (state : S) : S := for_each (range start end_) body state.

(* Texts are their UTF-8 bytes; those of the specification are ASCII. *)
Definition str (text : string) : list Z := map (fun c => Z.of_N (N_of_ascii c)) (list_ascii_of_string text).
Definition u32_from_be_bytes (b : list Z) : Z := fold_left (fun x y => x * 256 + y) b 0.
