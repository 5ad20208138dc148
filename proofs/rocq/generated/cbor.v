(* Generated from spec/src/cbor.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require bytes utf8.
Local Open Scope Z_scope.

Inductive CborError : Type :=
| CborError_Malformed
| CborError_NotDeterministic
| CborError_TrailingBytes.
#[global] Instance CborError_eqb : Rust.Eqb CborError :=
  fun a b => match a, b with
    | CborError_Malformed, CborError_Malformed => true
    | CborError_NotDeterministic, CborError_NotDeterministic => true
    | CborError_TrailingBytes, CborError_TrailingBytes => true
    | _, _ => false
    end.

Record Head : Type := {
  Head_major : Z;
  Head_argument : Z
}.
Definition Head_with_major (r : Head) (value : Z) : Head :=
  Build_Head value r.(Head_argument).
Definition Head_with_argument (r : Head) (value : Z) : Head :=
  Build_Head r.(Head_major) value.
#[global] Instance Head_default : Rust.Default Head := Build_Head Rust.default Rust.default.
#[global] Instance Head_eqb : Rust.Eqb Head :=
  fun a b => Rust.eqb a.(Head_major) b.(Head_major) && Rust.eqb a.(Head_argument) b.(Head_argument).

Definition UINT : Z :=
  0.

Definition NINT : Z :=
  1.

Definition BSTR : Z :=
  2.

Definition TSTR : Z :=
  3.

Definition ARRAY : Z :=
  4.

Definition MAP : Z :=
  5.

Definition SIMPLE : Z :=
  7.

Definition read_end (input : list Z) (position : Z) : Rust.result unit CborError :=
  if position <? Rust.len input then
    Err CborError_TrailingBytes
  else
    Ok tt.

Definition peek_major (input : list Z) (position : Z) : option Z :=
  let?? t1 := bytes.byte_at input position in
  Some (Z.shiftr t1 5).

Definition shortest_information (argument : Z) : Z :=
  if argument <? 24 then
    Rust.u8 argument
  else if argument <=? 0xff then
    24
  else if argument <=? 0xffff then
    25
  else if argument <=? 0xffffffff then
    26
  else
    27.

Definition shortest_information_ensures (argument : Z) (information : Z) : bool :=
  information <=? 27.

Definition argument_length (information : Z) : Z :=
  if information =? 24 then 1
  else if information =? 25 then 2
  else if information =? 26 then 4
  else if information =? 27 then 8
  else 0.

Definition argument_length_requires (information : Z) : bool :=
  information <=? 27.

Definition encode_head (major : Z) (argument : Z) : list Z :=
  let information := shortest_information argument in
  bytes.concat (bytes.single (Z.lor (Rust.u8 (Z.shiftl major 5)) information)) (bytes.big_endian argument (argument_length information)).

Definition encode_head_requires (major : Z) (argument : Z) : bool :=
  major <? 8.

Definition encode_head_ensures (major : Z) (argument : Z) (head : list Z) : bool :=
  Rust.len head =? (Rust.usize (1 + argument_length (shortest_information argument))).

Definition encode_uint (value : Z) : list Z :=
  encode_head UINT value.

Definition encode_nint (n : Z) : list Z :=
  encode_head NINT n.

Definition encode_int (value : Z) : list Z :=
  if 0 <=? value then
    encode_uint (Rust.unsigned_abs value)
  else
    encode_nint (Rust.unsigned_abs (Rust.i64 ((-1) - value))).

Definition encode_bstr (content : list Z) : list Z :=
  bytes.concat (encode_head BSTR (Rust.len content)) content.

Definition encode_tstr_bytes (content : list Z) : list Z :=
  bytes.concat (encode_head TSTR (Rust.len content)) content.

Definition encode_tstr_bytes_requires (content : list Z) : bool :=
  utf8.is_utf8 content.

Definition encode_tstr (text : list Z) : list Z :=
  encode_tstr_bytes (bytes.utf8 text).

Definition encode_array_head (count : Z) : list Z :=
  encode_head ARRAY count.

Definition encode_map_head (count : Z) : list Z :=
  encode_head MAP count.

Definition encode_array (items : list (list Z)) : list Z :=
  bytes.concat (encode_array_head (Rust.len items)) (bytes.concat_all items).

Definition encode_bool (value : bool) : list Z :=
  encode_head SIMPLE (if value then
    21
  else
    20).

Definition read_head (input : list Z) (position : Z) : Rust.result (Head * Z) CborError :=
  let? initial := Rust.ok_or (bytes.byte_at input position) CborError_Malformed in
  let major := Z.shiftr initial 5 in
  let information := Z.land initial 0x1f in
  if (27 <? information) || ((major =? SIMPLE) && (23 <? information)) then
    Err CborError_Malformed
  else
    let length := argument_length information in
    let? t2 := (if length =? 0 then
      Ok information
    else
      let? t1 := Rust.ok_or (bytes.slice input (Rust.usize (position + 1)) length) CborError_Malformed in
      Ok (bytes.from_big_endian t1)) in
    let argument := t2 in
    if negb (information =? shortest_information argument) then
      Err CborError_NotDeterministic
    else
      Ok ({| Head_major := major; Head_argument := argument |}, Rust.usize (position + 1 + length)).

Definition read_head_ensures (input : list Z) (position : Z) (result : Rust.result (Head * Z) CborError) : bool :=
  match result with
  | Ok (head, next) => ((head.(Head_major) <? 8) && ((Rust.usize (position + Rust.len (encode_head head.(Head_major) head.(Head_argument)))) =? next)) && (next <=? Rust.len input)
  | Err error => negb (Rust.eqb error CborError_TrailingBytes)
  end.

Definition read_head_of (input : list Z) (position : Z) (major : Z) : Rust.result (Head * Z) CborError :=
  if Rust.eqb (peek_major input position) (Some major) then
    read_head input position
  else
    Err CborError_Malformed.

Definition read_uint (input : list Z) (position : Z) : Rust.result (Z * Z) CborError :=
  let? (head, next) := read_head_of input position UINT in
  Ok (head.(Head_argument), next).

Definition read_nint (input : list Z) (position : Z) : Rust.result (Z * Z) CborError :=
  let? (head, next) := read_head_of input position NINT in
  Ok (head.(Head_argument), next).

Definition read_int (input : list Z) (position : Z) : Rust.result (Z * Z) CborError :=
  if Rust.eqb (peek_major input position) (Some NINT) then
    let? (n, next) := read_nint input position in
    let? n := Rust.or (Rust.try_i64 n) (Err CborError_Malformed) in
    Ok (Rust.i64 ((-1) - n), next)
  else
    let? (n, next) := read_uint input position in
    let? n := Rust.or (Rust.try_i64 n) (Err CborError_Malformed) in
    Ok (n, next).

Definition read_array_head (input : list Z) (position : Z) : Rust.result (Z * Z) CborError :=
  let? (head, next) := read_head_of input position ARRAY in
  Ok (head.(Head_argument), next).

Definition read_array_of (input : list Z) (position : Z) (count : Z) : Rust.result Z CborError :=
  let? (found, next) := read_array_head input position in
  if found =? count then
    Ok next
  else
    Err CborError_Malformed.

Definition read_map_head (input : list Z) (position : Z) : Rust.result (Z * Z) CborError :=
  let? (head, next) := read_head_of input position MAP in
  Ok (head.(Head_argument), next).

Definition read_map_of (input : list Z) (position : Z) (count : Z) : Rust.result Z CborError :=
  let? (found, next) := read_map_head input position in
  if found =? count then
    Ok next
  else
    Err CborError_Malformed.

Definition read_bool (input : list Z) (position : Z) : Rust.result (bool * Z) CborError :=
  let? (head, next) := read_head_of input position SIMPLE in
  if head.(Head_argument) =? 20 then Ok (false, next)
  else if head.(Head_argument) =? 21 then Ok (true, next)
  else Err CborError_Malformed.

Definition read_content (input : list Z) (position : Z) (length : Z) : Rust.result ((list Z) * Z) CborError :=
  let? length := Rust.or (Rust.try_usize length) (Err CborError_Malformed) in
  let? content := Rust.ok_or (bytes.slice input position length) CborError_Malformed in
  Ok (content, Rust.usize (position + length)).

Definition read_bstr (input : list Z) (position : Z) : Rust.result ((list Z) * Z) CborError :=
  let? (head, next) := read_head_of input position BSTR in
  read_content input next head.(Head_argument).

Definition read_bstr_ensures (input : list Z) (position : Z) (result : Rust.result ((list Z) * Z) CborError) : bool :=
  match result with
  | Ok (_, next) => next <=? Rust.len input
  | Err _ => true
  end.

Definition read_bstr_of (input : list Z) (position : Z) (length : Z) : Rust.result ((list Z) * Z) CborError :=
  let? (content, next) := read_bstr input position in
  if bytes.has_length content length then
    Ok (content, next)
  else
    Err CborError_Malformed.

Definition read_bstr_of_ensures (input : list Z) (position : Z) (length : Z) (result : Rust.result ((list Z) * Z) CborError) : bool :=
  match result with
  | Ok (content, _) => Rust.len content =? length
  | Err _ => true
  end.

Definition read_tstr (input : list Z) (position : Z) : Rust.result ((list Z) * Z) CborError :=
  let? (head, next) := read_head_of input position TSTR in
  let? (content, next) := read_content input next head.(Head_argument) in
  if utf8.is_utf8 content then
    Ok (content, next)
  else
    Err CborError_Malformed.

Definition read_tstr_ensures (input : list Z) (position : Z) (result : Rust.result ((list Z) * Z) CborError) : bool :=
  match result with
  | Ok (content, _) => utf8.is_utf8 content
  | Err _ => true
  end.
