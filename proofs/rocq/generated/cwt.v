(* Generated from spec/src/cwt.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require bytes cbor error fields params weakening primitives cose credential.
Local Open Scope Z_scope.

Section Specification.
Context {P : primitives.Primitives}.

Record Claims : Type := {
  Claims_subject : list Z;
  Claims_audience : list Z;
  Claims_key : credential.CoseKey;
  Claims_epoch_max : Z
}.
Definition Claims_with_subject (r : Claims) (value : list Z) : Claims :=
  Build_Claims value r.(Claims_audience) r.(Claims_key) r.(Claims_epoch_max).
Definition Claims_with_audience (r : Claims) (value : list Z) : Claims :=
  Build_Claims r.(Claims_subject) value r.(Claims_key) r.(Claims_epoch_max).
Definition Claims_with_key (r : Claims) (value : credential.CoseKey) : Claims :=
  Build_Claims r.(Claims_subject) r.(Claims_audience) value r.(Claims_epoch_max).
Definition Claims_with_epoch_max (r : Claims) (value : Z) : Claims :=
  Build_Claims r.(Claims_subject) r.(Claims_audience) r.(Claims_key) value.
#[global] Instance Claims_default : Rust.Default Claims := Build_Claims Rust.default Rust.default Rust.default Rust.default.

Definition encode_claims (claims : Claims) : list Z :=
  bytes.concat_all [cbor.encode_map_head 4;
   bytes.concat_all [cbor.encode_uint 2; cbor.encode_tstr_bytes claims.(Claims_subject)];
   bytes.concat_all [cbor.encode_uint 3; cbor.encode_tstr_bytes claims.(Claims_audience)];
   bytes.concat_all [cbor.encode_uint 8;
   cbor.encode_map_head 1;
   cbor.encode_uint 1;
   credential.encode_key claims.(Claims_key)];
   bytes.concat_all [cbor.encode_int params.EPOCH_MAX_CLAIM;
   cbor.encode_uint claims.(Claims_epoch_max)]].

Definition bound_claims (w : weakening.Weakening) (claims : Claims) : list Z :=
  let audience := (if w.(weakening.Weakening_cwt_without_audience) then
    Rust.zeros 0
  else
    claims.(Claims_audience)) in
  encode_claims (Claims_with_audience claims audience).

Definition parse_claims (input : list Z) : Rust.result Claims error.Reject :=
  let? at_ := Rust.map_err error.Reject_from (cbor.read_map_of input 0 4) in
  let? t1 := Rust.map_err error.Reject_from (fields.expect_int input at_ 2) in
  let? subject := Rust.map_err error.Reject_from (fields.read_tstr input t1 params.NAME_MAX) in
  let? t2 := Rust.map_err error.Reject_from (fields.expect_int input subject.(fields.Read_next) 3) in
  let? audience := Rust.map_err error.Reject_from (fields.read_tstr input t2 params.NAME_MAX) in
  let? t3 := Rust.map_err error.Reject_from (fields.expect_int input audience.(fields.Read_next) 8) in
  let? at_ := Rust.map_err error.Reject_from (cbor.read_map_of input t3 1) in
  let? t4 := Rust.map_err error.Reject_from (fields.expect_int input at_ 1) in
  let? key := credential.read_key input t4 in
  let? t5 := Rust.map_err error.Reject_from (fields.expect_int input key.(fields.Read_next) params.EPOCH_MAX_CLAIM) in
  let? epoch_max := Rust.map_err error.Reject_from (fields.read_uint input t5) in
  let? _ := Rust.map_err error.Reject_from (cbor.read_end input epoch_max.(fields.Read_next)) in
  Ok {|
    Claims_subject := subject.(fields.Read_value);
    Claims_audience := audience.(fields.Read_value);
    Claims_key := key.(fields.Read_value);
    Claims_epoch_max := epoch_max.(fields.Read_value)
  |}.

Definition protected (kid : list Z) : list Z :=
  bytes.concat_all [cbor.encode_map_head 2;
   cbor.encode_uint 1;
   cbor.encode_int params.ES256;
   cbor.encode_uint 4;
   cbor.encode_bstr kid].

Definition parse_protected (input : list Z) : Rust.result (list Z) error.Reject :=
  let? at_ := Rust.map_err error.Reject_from (cbor.read_map_of input 0 2) in
  let? t1 := Rust.map_err error.Reject_from (fields.expect_int input at_ 1) in
  let? algorithm := Rust.map_err error.Reject_from (fields.read_int input t1) in
  let? t2 := Rust.map_err error.Reject_from (fields.expect_int input algorithm.(fields.Read_next) 4) in
  let? kid := Rust.map_err error.Reject_from (fields.read_bstr input t2 1 params.KID_MAX) in
  let? _ := Rust.map_err error.Reject_from (cbor.read_end input kid.(fields.Read_next)) in
  if algorithm.(fields.Read_value) =? params.ES256 then
    Ok kid.(fields.Read_value)
  else
    Err error.Reject_UnsupportedAlgorithm.

Definition issue (w : weakening.Weakening) (key : primitives.p256_Scalar) (kid : list Z) (claims : Claims) : option (list Z) :=
  let?? signed := cose.sign key (protected kid) params.CWT_AAD (bound_claims w claims) in
  Some (cose.encode (cose.Sign1_with_payload signed (encode_claims claims))).

Definition parse (input : list Z) : Rust.result cose.Sign1 error.Reject :=
  let? cwt := cose.read input 0 in
  let? _ := Rust.map_err error.Reject_from (cbor.read_end input cwt.(fields.Read_next)) in
  Ok cwt.(fields.Read_value).

Definition id_cred (cwt : list Z) : list Z :=
  bytes.concat_all [bytes.bytes [0xa1; 0x0d]; cwt].

End Specification.
