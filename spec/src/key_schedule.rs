//! The key schedule and the exporter (PROTOCOL.md section 6).

use crate::bytes::{Bytes, concat_all, utf8};
use crate::cbor::{encode_array_head, encode_bstr, encode_tstr_bytes, encode_uint};

use crate::ccm::{self, AES_CCM_16_64_128, AES_CCM_16_128_128, CcmParameters};
use crate::error::Reject;
use crate::hkdf;
#[cfg(hax)]
use crate::params::is_suite;
use crate::params::{EXPORT_CONTEXT_MAX, EXPORT_LABEL_MAX, LABEL_PREFIX};
use crate::sha256::sha256;
use crate::weakening::{Weakening, replaced};

/// Key and nonce of one AEAD.
#[derive(Clone)]
pub struct AeadKey {
    /// 16 bytes.
    pub key: Bytes,
    /// 13 bytes.
    pub nonce: Bytes,
}

/// `info` = the CBOR array `["DKE-v1 " ‖ label, context, L]`
pub fn info(label: &Bytes, context: &Bytes, length: usize) -> Bytes {
    concat_all(&[
        encode_array_head(3),
        encode_tstr_bytes(&utf8(LABEL_PREFIX).concat(label)),
        encode_bstr(context),
        encode_uint(length as u64),
    ])
}

/// `Expand(prk, label, context, L)`, for L of the protocol's own, all far below 8,160.
#[hax_lib::requires(hkdf::is_output_length(length))]
#[hax_lib::ensures(|result| result.len() == length)]
pub fn expand(prk: &Bytes, label: &str, context: &Bytes, length: usize) -> Bytes {
    hkdf::expand(prk, &info(&utf8(label), context, length), length).unwrap_or(Bytes::new(length))
}

/// `K_epoch = Expand(K, "admission", H(H(CRED_N), epoch), 32)`, what a gateway gets with a batch of an admitted node (section 18.3).
#[hax_lib::ensures(|result| result.len() == 32)]
pub fn admission_key(k: &Bytes, node: &Bytes, epoch: u64) -> Bytes {
    let context = sha256(&concat_all(&[encode_bstr(node), encode_uint(epoch)]));
    expand(k, "admission", &context, 32)
}

/// `tag = Expand(K_epoch, "admission tag", I ‖ J, 16)`, by which a client answers the gateway's challenge I (section 18.3).
#[hax_lib::ensures(|result| result.len() == 16)]
pub fn admission_tag(k_epoch: &Bytes, i: &Bytes, j: &Bytes) -> Bytes {
    expand(k_epoch, "admission tag", &concat_all(&[i.clone(), j.clone()]), 16)
}

/// Key `Expand(prk, label ‖ " key", th, 16)`, nonce `Expand(prk, label ‖ " nonce", th, 13)`
fn aead_key(prk: &Bytes, key: &str, nonce: &str, th: &Bytes) -> AeadKey {
    AeadKey { key: expand(prk, key, th, 16), nonce: expand(prk, nonce, th, 13) }
}

/// For CT_1, from PRK_1 and TH_1.
pub fn id_key(prk_1: &Bytes, th_1: &Bytes) -> AeadKey {
    aead_key(prk_1, "id key", "id nonce", th_1)
}

/// For CT_2, from PRK_2 and TH_2.
pub fn early_data_key(prk_2: &Bytes, th_2: &Bytes) -> AeadKey {
    aead_key(prk_2, "early data key", "early data nonce", th_2)
}

/// For CT_3, from PRK_3 and TH_4.
pub fn confirm_key(prk_3: &Bytes, th_4: &Bytes) -> AeadKey {
    aead_key(prk_3, "confirm key", "confirm nonce", th_4)
}

/// The AEAD of the suite.
#[hax_lib::requires(is_suite(suite))]
fn parameters(suite: u64) -> CcmParameters {
    if suite == 2 { AES_CCM_16_64_128 } else { AES_CCM_16_128_128 }
}

/// AES-CCM with the suite's tag and th as associated data.
pub fn seal(suite: u64, key: &AeadKey, th: &Bytes, plaintext: &Bytes) -> Bytes {
    ccm::seal(&parameters(suite), &key.key, &key.nonce, th, plaintext).unwrap_or(Bytes::new(0))
}

/// The reverse; `None` if the tag is wrong.
pub fn open(suite: u64, key: &AeadKey, th: &Bytes, ciphertext: &Bytes) -> Option<Bytes> {
    ccm::open(&parameters(suite), &key.key, &key.nonce, th, ciphertext).ok()
}

/// `PRK_1 = Extract(TH_1, es)`
pub fn prk_1(th_1: &Bytes, es: &Bytes) -> Bytes {
    hkdf::extract(th_1, es)
}

/// `PRK_2 = Extract(Expand(PRK_1, "salt", TH_2), ss)`
pub fn prk_2(w: &Weakening, prk_1: &Bytes, th_2: &Bytes, ss: &Bytes) -> Bytes {
    replaced(
        hkdf::extract(&replaced(expand(prk_1, "salt", th_2, 32), w.no_es, th_2), ss),
        w.no_ss,
        &expand(prk_1, "salt", th_2, 32),
    )
}

/// Early secret = `Expand(PRK_2, "early", TH_3)`
pub fn early_secret(prk_2: &Bytes, th_3: &Bytes) -> Bytes {
    expand(prk_2, "early", th_3, 32)
}

/// basic: `PRK_3 = Expand(PRK_2, "basic", TH_4)`
pub fn prk_3_basic(prk_2: &Bytes, th_4: &Bytes) -> Bytes {
    expand(prk_2, "basic", th_4, 32)
}

/// refresh: `PRK_3 = Extract(Expand(PRK_2, "refresh", TH_4), ee)`
pub fn prk_3_refresh(w: &Weakening, prk_2: &Bytes, th_4: &Bytes, ee: &Bytes) -> Bytes {
    replaced(hkdf::extract(&expand(prk_2, "refresh", th_4, 32), ee), w.no_ee, &expand(prk_2, "refresh", th_4, 32))
}

/// Session secret = `Expand(PRK_3, "session", TH_5)`
pub fn session_secret(prk_3: &Bytes, th_5: &Bytes) -> Bytes {
    expand(prk_3, "session", th_5, 32)
}

/// Are label, context and length of an export in range?
pub fn is_export(label: &Bytes, context: &Bytes, length: usize) -> bool {
    1 <= label.len()
        && label.len() <= EXPORT_LABEL_MAX
        && context.len() <= EXPORT_CONTEXT_MAX
        && 1 <= length
        && hkdf::is_output_length(length)
}

/// `export(label, context, L)` from the early or the session secret; ExportLength.
#[hax_lib::ensures(|result| result.is_ok() == is_export(label, context, length))]
pub fn export(secret: &Bytes, label: &Bytes, context: &Bytes, length: usize) -> Result<Bytes, Reject> {
    if is_export(label, context, length) {
        let label = utf8("export ").concat(label);
        hkdf::expand(secret, &info(&label, context, length), length).or(Err(Reject::ExportLength))
    } else {
        Err(Reject::ExportLength)
    }
}
