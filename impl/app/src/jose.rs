//! JWE (RFC 7516) with `dir` and A128GCM, JWS (RFC 7515) with HS256; compact and flattened JSON. PROTOCOL.md section 15.

use crate::error::{Error, Misuse, Reject};
use crate::export::{JweKey, JwsKey, Kid};
use crate::mac;
use crate::window::{self, SEQUENCE_END, WindowStore};
use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Bytes of an initialisation vector (RFC 7518 section 5.3).
const IV: usize = 12;
/// Bytes of GCM's tag.
const TAG: usize = 16;

/// How an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serialization {
    /// Parts in base64url with points between (RFC 7515 section 3.1, RFC 7516 section 3.1).
    Compact,
    /// Flattened JSON (RFC 7515 section 7.2.2, RFC 7516 section 7.2.2).
    Json,
}

/// A protected header: the members in the order in which they are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enc: Option<String>,
    kid: String,
    seq: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
    crit: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonJwe {
    protected: String,
    iv: String,
    ciphertext: String,
    tag: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonJws {
    protected: String,
    payload: String,
    signature: String,
}

/// Encrypts the content with this number: never use one twice. `exp` in UNIX seconds. `SequenceExhausted`, `TooLong`.
pub fn seal_jwe(
    key: &JweKey,
    sequence: u64,
    exp: Option<u64>,
    content: &[u8],
    form: Serialization,
) -> Result<String, Misuse> {
    let protected = protected("dir", Some("A128GCM"), &key.kid, sequence, exp)?;
    let mut iv = [0; IV];
    for (to, from) in iv.iter_mut().rev().zip(sequence.to_be_bytes().iter().rev()) {
        *to = *from;
    }
    let cipher = Aes128Gcm::new((&*key.key).into());
    // RFC 7516 section 5.1, step 14: the Additional Authenticated Data is ASCII(Encoded Protected Header).
    let payload = Payload { msg: content, aad: protected.as_bytes() };
    let sealed = cipher.encrypt((&iv).into(), payload).map_err(|_| Misuse::TooLong)?;
    let (ciphertext, tag) = sealed.split_at(sealed.len().saturating_sub(TAG));
    let [iv, ciphertext, tag] = [&iv, ciphertext, tag].map(Base64UrlUnpadded::encode_string);
    Ok(match form {
        Serialization::Compact => format!("{protected}..{iv}.{ciphertext}.{tag}"),
        Serialization::Json => json(&JsonJwe { protected, iv, ciphertext, tag }),
    })
}

/// Opens an object of either serialisation, once; `now` in UNIX seconds, `None` without a clock.
///
/// `Malformed`, `UnknownKey`, `Replayed`, `NotAuthentic`, `Expired`.
pub fn open_jwe<S: WindowStore>(
    key: &JweKey,
    store: &mut S,
    now: Option<u64>,
    object: &str,
) -> Result<Zeroizing<Vec<u8>>, Error<S::Error>> {
    let JsonJwe { protected, iv, ciphertext, tag } = parse_jwe(object)?;
    let header = header(&protected, "dir", Some("A128GCM"), &key.kid)?;
    let iv: [u8; IV] = decoded(&iv)?.try_into().map_err(|_| Reject::Malformed)?;
    let tag: [u8; TAG] = decoded(&tag)?.try_into().map_err(|_| Reject::Malformed)?;
    let sealed = [decoded(&ciphertext)?.as_slice(), &tag].concat();
    window::accept(store, header.seq, || {
        let cipher = Aes128Gcm::new((&*key.key).into());
        let payload = Payload { msg: sealed.as_slice(), aad: protected.as_bytes() };
        let opened = cipher.decrypt((&iv).into(), payload).map_err(|_| Reject::NotAuthentic)?;
        let opened = Zeroizing::new(opened);
        header.unexpired(now)?;
        Ok(opened)
    })
}

/// Authenticates the content with this number: never use one twice. `exp` in UNIX seconds. `SequenceExhausted`.
pub fn seal_jws(
    key: &JwsKey,
    sequence: u64,
    exp: Option<u64>,
    content: &[u8],
    form: Serialization,
) -> Result<String, Misuse> {
    let protected = protected("HS256", None, &key.kid, sequence, exp)?;
    let payload = Base64UrlUnpadded::encode_string(content);
    // RFC 7515 section 5.1, step 5: ASCII(BASE64URL(UTF8(JWS Protected Header)) || '.' || BASE64URL(JWS Payload))
    let tag = mac::tag(&key.key, &[protected.as_bytes(), b".", payload.as_bytes()]);
    let signature = Base64UrlUnpadded::encode_string(&tag);
    Ok(match form {
        Serialization::Compact => format!("{protected}.{payload}.{signature}"),
        Serialization::Json => json(&JsonJws { protected, payload, signature }),
    })
}

/// Verifies an object of either serialisation, once, and gives its content; `now` as for [`open_jwe`].
///
/// `Malformed`, `UnknownKey`, `Replayed`, `NotAuthentic`, `Expired`.
pub fn open_jws<S: WindowStore>(
    key: &JwsKey,
    store: &mut S,
    now: Option<u64>,
    object: &str,
) -> Result<Vec<u8>, Error<S::Error>> {
    let JsonJws { protected, payload, signature } = parse_jws(object)?;
    let header = header(&protected, "HS256", None, &key.kid)?;
    let content = decoded(&payload)?;
    let signature = decoded(&signature)?;
    window::accept(store, header.seq, || {
        mac::verify(&key.key, &[protected.as_bytes(), b".", payload.as_bytes()], &signature)?;
        header.unexpired(now)?;
        Ok(content)
    })
}

impl Header {
    /// Judged after authenticity, so that nobody can tell from the answer what a forged header would do.
    fn unexpired(&self, now: Option<u64>) -> Result<(), Reject> {
        match (now, self.exp) {
            (Some(now), Some(exp)) if now >= exp => Err(Reject::Expired),
            _ => Ok(()),
        }
    }

    fn crit(exp: Option<u64>) -> Vec<String> {
        let names = [Some("seq"), exp.and(Some("exp"))];
        names.into_iter().flatten().map(String::from).collect()
    }
}

/// The encoded protected header.
fn protected(alg: &str, enc: Option<&str>, kid: &Kid, seq: u64, exp: Option<u64>) -> Result<String, Misuse> {
    if seq >= SEQUENCE_END {
        return Err(Misuse::SequenceExhausted);
    }
    let kid = Base64UrlUnpadded::encode_string(kid);
    let header = Header { alg: alg.into(), enc: enc.map(String::from), kid, seq, exp, crit: Header::crit(exp) };
    Ok(Base64UrlUnpadded::encode_string(json(&header).as_bytes()))
}

/// Reads a protected header that is to have this algorithm and key.
fn header(protected: &str, alg: &str, enc: Option<&str>, kid: &Kid) -> Result<Header, Reject> {
    let text = decoded(protected)?;
    // `serde` would take an array for a structure.
    if !text.starts_with(b"{") {
        return Err(Reject::Malformed);
    }
    let header: Header = serde_json::from_slice(&text).map_err(|_| Reject::Malformed)?;
    let mut crit = header.crit.clone();
    crit.sort_unstable_by(|a, b| b.cmp(a));
    if header.alg != alg || header.enc.as_deref() != enc || crit != Header::crit(header.exp) {
        return Err(Reject::Malformed);
    }
    if decoded(&header.kid)? == kid { Ok(header) } else { Err(Reject::UnknownKey) }
}

fn parse_jwe(object: &str) -> Result<JsonJwe, Reject> {
    if object.starts_with('{') {
        return serde_json::from_str(object).map_err(|_| Reject::Malformed);
    }
    let mut parts = object.split('.').map(String::from);
    let mut part = || parts.next().ok_or(Reject::Malformed);
    let [protected, encrypted_key, iv, ciphertext, tag] = [part()?, part()?, part()?, part()?, part()?];
    if !encrypted_key.is_empty() || parts.next().is_some() {
        return Err(Reject::Malformed);
    }
    Ok(JsonJwe { protected, iv, ciphertext, tag })
}

fn parse_jws(object: &str) -> Result<JsonJws, Reject> {
    if object.starts_with('{') {
        return serde_json::from_str(object).map_err(|_| Reject::Malformed);
    }
    let mut parts = object.split('.').map(String::from);
    let mut part = || parts.next().ok_or(Reject::Malformed);
    let [protected, payload, signature] = [part()?, part()?, part()?];
    if parts.next().is_some() {
        return Err(Reject::Malformed);
    }
    Ok(JsonJws { protected, payload, signature })
}

fn decoded(text: &str) -> Result<Vec<u8>, Reject> {
    Base64UrlUnpadded::decode_vec(text).map_err(|_| Reject::Malformed)
}

/// Structures of text and numbers always become JSON.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
