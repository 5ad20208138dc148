(* The test vectors, computed by the translated specification, extracted to OCaml: a third implementation. The shared secrets and the
   ciphertexts are taken from the vectors, because the curve and the AEAD are not translated; all else is computed and compared.
   `proofs/rocq/vectors` writes spec/vectors/exchanges.json as terms of type `vector`. *)
From Coq Require Import ZArith List Bool String Ascii. Import ListNotations.
From Dke Require Import Rust.
From Dke.generated Require bytes weakening primitives sha256 hkdf cose merkle message transcript key_schedule gateway.
Open Scope Z_scope.

Definition digit (c : ascii) : Z :=
  let n := Z.of_N (N_of_ascii c) in if n <? 58 then n - 48 else n - 87.
Fixpoint hex (text : string) : list Z :=
  match text with
  | String a (String b rest) => (16 * digit a + digit b) :: hex rest
  | _ => []
  end.

Record vector : Type := {
  name : string; mode : Z;
  node_credential : string; client_credential : string;
  publication : string; offer : string; initiate : string; confirm : string;
  header : string; es : string; ss : string; ee : string;
  th_0 : string; th_1 : string; prk_1 : string; id_key : string; id_nonce : string; ct_1 : string;
  th_2 : string; prk_2 : string; early_data_key : string; early_data_nonce : string; ct_2 : string;
  th_3 : string; early_secret : string; early_fingerprint : string;
  th_4 : string; prk_3 : string; confirm_key : string; confirm_nonce : string; ct_3 : string;
  th_5 : string; session_secret : string; session_fingerprint : string
}.

(* No primitive is called; there only have to be some. *)
#[local] Instance no_primitives : primitives.Primitives :=
  {| primitives.p256_Scalar := unit; primitives.p256_Point := unit;
     primitives.p256_scalar _ := Ok tt; primitives.p256_point _ _ := Ok tt; primitives.p256_decompress _ := Ok tt;
     primitives.p256_public_key _ := Ok tt; primitives.p256_ecdh _ _ := Ok []; primitives.p256_encode_x _ := [];
     primitives.p256_is_x_coordinate _ := true; primitives.ccm_seal _ _ _ _ _ := Ok []; primitives.ccm_open _ _ _ _ _ := Ok [];
     primitives.ecdsa_sign _ _ := Ok []; primitives.ecdsa_verify _ _ _ := true |}.

Definition same (computed : list Z) (expected : string) : bool := eqb computed (hex expected).
Definition same_key (computed : key_schedule.AeadKey) (key nonce : string) : bool :=
  same computed.(key_schedule.AeadKey_key) key && same computed.(key_schedule.AeadKey_nonce) nonce.
Definition fingerprint (secret : list Z) : list Z :=
  result_unwrap_or (key_schedule.export secret (str "fingerprint") [] 8) [].

Definition check (v : vector) : bool :=
  let w := weakening.Weakening_NONE in
  let node := sha256.sha256 (hex v.(node_credential)) in
  match message.parse_publication (hex v.(publication)), message.parse_offer (hex v.(offer)),
    message.parse_initiate (hex v.(initiate)), message.parse_confirm (hex v.(confirm)),
    message.parse_header (hex v.(header)) node with
  | Ok p, Ok o, Ok i, Ok c, Ok h =>
      let keys := gateway.prekeys p.(message.Publication_ys) in
      let index := o.(message.Offer_index) in
      let th0 := transcript.th_0 w h.(message.Header_suite) node (message.encode_header h) index o.(message.Offer_y) in
      let th1 := transcript.th_1 w th0 i.(message.Initiate_flags) i.(message.Initiate_x) in
      let prk1 := key_schedule.prk_1 th1 (hex v.(es)) in
      let th2 := transcript.th_2 w th1 i.(message.Initiate_ct_1) (sha256.sha256 (hex v.(client_credential))) in
      let prk2 := key_schedule.prk_2 w prk1 th2 (hex v.(ss)) in
      let th3 := transcript.th_3 th2 i.(message.Initiate_ct_2) in
      let early := key_schedule.early_secret prk2 th3 in
      let th4 := transcript.th_4 w th3 v.(mode) c.(message.Confirm_z) in
      let prk3 := if v.(mode) =? 1 then key_schedule.prk_3_refresh w prk2 th4 (hex v.(ee))
        else key_schedule.prk_3_basic prk2 th4 in
      let th5 := transcript.th_5 th4 c.(message.Confirm_ct_3) in
      let session := key_schedule.session_secret prk3 th5 in
      same (message.encode_publication p) v.(publication) && same (message.encode_offer o) v.(offer)
      && same (message.encode_initiate i) v.(initiate) && same (message.encode_confirm c) v.(confirm)
      && same (message.encode_header h) v.(header)
      && eqb p.(message.Publication_batch).(cose.Sign1_payload) (hex v.(header))
      && eqb (merkle.root w keys h.(message.Header_depth)) h.(message.Header_root)
      && eqb (merkle.path w keys h.(message.Header_depth) index) o.(message.Offer_path)
      && eqb (merkle.root_of_path w index o.(message.Offer_y) o.(message.Offer_path)) h.(message.Header_root)
      && same th0 v.(th_0) && same th1 v.(th_1) && same prk1 v.(prk_1)
      && same_key (key_schedule.id_key prk1 th1) v.(id_key) v.(id_nonce) && same i.(message.Initiate_ct_1) v.(ct_1)
      && same th2 v.(th_2) && same prk2 v.(prk_2)
      && same_key (key_schedule.early_data_key prk2 th2) v.(early_data_key) v.(early_data_nonce)
      && same i.(message.Initiate_ct_2) v.(ct_2) && same th3 v.(th_3)
      && same early v.(early_secret) && same (fingerprint early) v.(early_fingerprint)
      && same th4 v.(th_4) && same prk3 v.(prk_3)
      && same_key (key_schedule.confirm_key prk3 th4) v.(confirm_key) v.(confirm_nonce)
      && same c.(message.Confirm_ct_3) v.(ct_3) && same th5 v.(th_5)
      && same session v.(session_secret) && same (fingerprint session) v.(session_fingerprint)
  | _, _, _, _, _ => false
  end.
