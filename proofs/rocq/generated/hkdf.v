(* Generated from spec/src/hkdf.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require bytes sha256 hmac.
Local Open Scope Z_scope.

Inductive HkdfError : Type :=
| HkdfError_OutputTooLong.
#[global] Instance HkdfError_eqb : Rust.Eqb HkdfError :=
  fun a b => match a, b with
    | HkdfError_OutputTooLong, HkdfError_OutputTooLong => true
    end.

Definition MAX_OUTPUT_LENGTH : Z :=
  Rust.usize (255 * sha256.DIGEST_LENGTH).

Definition extract (salt : list Z) (ikm : list Z) : list Z :=
  hmac.hmac_sha256 salt ikm.

Definition extract_ensures (salt : list Z) (ikm : list Z) (prk : list Z) : bool :=
  Rust.len prk =? sha256.DIGEST_LENGTH.

Definition is_output_length (length : Z) : bool :=
  length <=? MAX_OUTPUT_LENGTH.

Definition expand (prk : list Z) (info : list Z) (length : Z) : Rust.result (list Z) HkdfError :=
  if negb (is_output_length length) then
    Err HkdfError_OutputTooLong
  else
    let t_i := bytes.empty tt in
    let t := bytes.empty tt in
    let n := Rust.div_ceil length sha256.DIGEST_LENGTH in
    let '(t_i, t) := Rust.for_range 0 n (fun i '(t_i, t) =>
      let t_i := hmac.hmac_sha256 prk (bytes.concat_all [t_i; info; bytes.single (Rust.u8 (Rust.usize (i + 1)))]) in
      let t := bytes.concat t t_i in
      (t_i, t)) (t_i, t) in
    Ok (bytes.prefix t length).

Definition expand_ensures (prk : list Z) (info : list Z) (length : Z) (okm : Rust.result (list Z) HkdfError) : bool :=
  match okm with
  | Ok okm => Rust.len okm =? length
  | Err _ => negb (is_output_length length)
  end.
