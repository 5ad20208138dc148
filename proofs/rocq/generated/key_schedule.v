(* Generated from spec/src/key_schedule.rs by `cargo gallina`; not to be edited. *)
From Coq Require Import ZArith List Bool String. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require bytes cbor error params weakening ccm primitives sha256 hkdf.
Local Open Scope Z_scope.

Section Specification.
Context {P : primitives.Primitives}.

Record AeadKey : Type := {
  AeadKey_key : list Z;
  AeadKey_nonce : list Z
}.
Definition AeadKey_with_key (r : AeadKey) (value : list Z) : AeadKey :=
  Build_AeadKey value r.(AeadKey_nonce).
Definition AeadKey_with_nonce (r : AeadKey) (value : list Z) : AeadKey :=
  Build_AeadKey r.(AeadKey_key) value.
#[global] Instance AeadKey_default : Rust.Default AeadKey := Build_AeadKey Rust.default Rust.default.

Definition info (label : list Z) (context : list Z) (length : Z) : list Z :=
  bytes.concat_all [cbor.encode_array_head 3;
   cbor.encode_tstr_bytes ((bytes.utf8 params.LABEL_PREFIX) ++ label);
   cbor.encode_bstr context;
   cbor.encode_uint length].

Definition expand (prk : list Z) (label : list Z) (context : list Z) (length : Z) : list Z :=
  Rust.result_unwrap_or (hkdf.expand prk (info (bytes.utf8 label) context length) length) (Rust.zeros length).

Definition expand_requires (prk : list Z) (label : list Z) (context : list Z) (length : Z) : bool :=
  hkdf.is_output_length length.

Definition expand_ensures (prk : list Z) (label : list Z) (context : list Z) (length : Z) (result : list Z) : bool :=
  Rust.len result =? length.

Definition admission_key (k : list Z) (node : list Z) (epoch : Z) : list Z :=
  let context := sha256.sha256 (bytes.concat_all [cbor.encode_bstr node; cbor.encode_uint epoch]) in
  expand k (Rust.str "admission") context 32.

Definition admission_key_ensures (k : list Z) (node : list Z) (epoch : Z) (result : list Z) : bool :=
  Rust.len result =? 32.

Definition admission_tag (k_epoch : list Z) (i : list Z) (j : list Z) : list Z :=
  expand k_epoch (Rust.str "admission tag") (bytes.concat_all [i; j]) 16.

Definition admission_tag_ensures (k_epoch : list Z) (i : list Z) (j : list Z) (result : list Z) : bool :=
  Rust.len result =? 16.

Definition aead_key (prk : list Z) (key : list Z) (nonce : list Z) (th : list Z) : AeadKey :=
  {|
    AeadKey_key := expand prk key th 16;
    AeadKey_nonce := expand prk nonce th 13
  |}.

Definition id_key (prk_1 : list Z) (th_1 : list Z) : AeadKey :=
  aead_key prk_1 (Rust.str "id key") (Rust.str "id nonce") th_1.

Definition early_data_key (prk_2 : list Z) (th_2 : list Z) : AeadKey :=
  aead_key prk_2 (Rust.str "early data key") (Rust.str "early data nonce") th_2.

Definition confirm_key (prk_3 : list Z) (th_4 : list Z) : AeadKey :=
  aead_key prk_3 (Rust.str "confirm key") (Rust.str "confirm nonce") th_4.

Definition parameters (suite : Z) : ccm.CcmParameters :=
  if suite =? 2 then
    ccm.AES_CCM_16_64_128
  else
    ccm.AES_CCM_16_128_128.

Definition parameters_requires (suite : Z) : bool :=
  params.is_suite suite.

Definition seal (suite : Z) (key : AeadKey) (th : list Z) (plaintext : list Z) : list Z :=
  Rust.result_unwrap_or (primitives.ccm_seal (parameters suite) key.(AeadKey_key) key.(AeadKey_nonce) th plaintext) (Rust.zeros 0).

Definition open (suite : Z) (key : AeadKey) (th : list Z) (ciphertext : list Z) : option (list Z) :=
  Rust.ok (primitives.ccm_open (parameters suite) key.(AeadKey_key) key.(AeadKey_nonce) th ciphertext).

Definition prk_1 (th_1 : list Z) (es : list Z) : list Z :=
  hkdf.extract th_1 es.

Definition prk_2 (w : weakening.Weakening) (prk_1 : list Z) (th_2 : list Z) (ss : list Z) : list Z :=
  weakening.replaced (hkdf.extract (weakening.replaced (expand prk_1 (Rust.str "salt") th_2 32) w.(weakening.Weakening_no_es) th_2) ss) w.(weakening.Weakening_no_ss) (expand prk_1 (Rust.str "salt") th_2 32).

Definition early_secret (prk_2 : list Z) (th_3 : list Z) : list Z :=
  expand prk_2 (Rust.str "early") th_3 32.

Definition prk_3_basic (prk_2 : list Z) (th_4 : list Z) : list Z :=
  expand prk_2 (Rust.str "basic") th_4 32.

Definition prk_3_refresh (w : weakening.Weakening) (prk_2 : list Z) (th_4 : list Z) (ee : list Z) : list Z :=
  weakening.replaced (hkdf.extract (expand prk_2 (Rust.str "refresh") th_4 32) ee) w.(weakening.Weakening_no_ee) (expand prk_2 (Rust.str "refresh") th_4 32).

Definition session_secret (prk_3 : list Z) (th_5 : list Z) : list Z :=
  expand prk_3 (Rust.str "session") th_5 32.

Definition is_export (label : list Z) (context : list Z) (length : Z) : bool :=
  ((((1 <=? Rust.len label) && (Rust.len label <=? params.EXPORT_LABEL_MAX)) && (Rust.len context <=? params.EXPORT_CONTEXT_MAX)) && (1 <=? length)) && (hkdf.is_output_length length).

Definition export (secret : list Z) (label : list Z) (context : list Z) (length : Z) : Rust.result (list Z) error.Reject :=
  if is_export label context length then
    let label := (bytes.utf8 (Rust.str "export ")) ++ label in
    Rust.or (hkdf.expand secret (info label context length) length) (Err error.Reject_ExportLength)
  else
    Err error.Reject_ExportLength.

Definition export_ensures (secret : list Z) (label : list Z) (context : list Z) (length : Z) (result : Rust.result (list Z) error.Reject) : bool :=
  Rust.eqb (Rust.is_ok result) (is_export label context length).

End Specification.
