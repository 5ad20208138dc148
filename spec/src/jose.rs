//! JWE (RFC 7516, `dir` and A128GCM) and JWS (RFC 7515, HS256) in the compact serialisation, with the header of PROTOCOL.md section 15
//! in the one form in which a sender writes it.

use crate::application::{ObjectKeys, Opened, Reject, check_kid, check_sequence, sequence_end};
use crate::base64url;
use crate::bytes::{Bytes, big_endian, concat, concat_all, empty, equal, has_length, single, slice, suffix, utf8};
use crate::gcm::{self, NONCE_LENGTH, TAG_LENGTH};
use crate::hmac::hmac_sha256;

/// The first members of a JWE's header.
const JWE: &str = "{\"alg\":\"dir\",\"enc\":\"A128GCM\"";
/// The first member of a JWS's header.
const JWS: &str = "{\"alg\":\"HS256\"";

/// RFC 7516 section 5.1. `exp` in UNIX seconds; `None` from 2^40 on, or for a content that is too long.
pub fn jwe(keys: &ObjectKeys, sequence: u64, exp: Option<u64>, content: &Bytes) -> Option<Bytes> {
    sequence_end(sequence)?;
    let protected = base64url::encode(&header(JWE, &base64url::encode(&keys.kid), sequence, exp));
    // "The sender's initialisation vector is four zero bytes and seq in eight" (PROTOCOL.md section 15)
    let iv = big_endian(sequence, NONCE_LENGTH);
    // step 14: the Additional Authenticated Data is the encoded protected header
    let sealed = gcm::seal(&keys.jwe_key, &iv, &protected, content).ok()?;
    let ciphertext = sealed.slice(0, content.len());
    // step 19: five parts, of which the second, the encrypted key, is empty for `dir`
    Some(join(&[
        protected,
        empty(),
        base64url::encode(&iv),
        base64url::encode(&ciphertext),
        base64url::encode(&suffix(&sealed, content.len())),
    ]))
}

/// RFC 7516 section 5.2. `accepted`: the numbers that have been; `now` in UNIX seconds, for a receiver with a clock.
pub fn open_jwe(keys: &ObjectKeys, accepted: &[u64], now: Option<u64>, object: &Bytes) -> Result<Opened, Reject> {
    let parts = split(object);
    if parts.len() != 5 || parts[1].len() != 0 {
        return Err(Reject::Malformed);
    }
    let header = read_header(JWE, &parts[0])?;
    check_kid(keys, &header.kid)?;
    let iv = base64url::decode(&parts[2]).ok_or(Reject::Malformed)?;
    let ciphertext = base64url::decode(&parts[3]).ok_or(Reject::Malformed)?;
    let tag = base64url::decode(&parts[4]).ok_or(Reject::Malformed)?;
    if !has_length(&iv, NONCE_LENGTH) || !has_length(&tag, TAG_LENGTH) {
        return Err(Reject::Malformed);
    }
    check_sequence(accepted, header.sequence)?;
    let content = gcm::open(&keys.jwe_key, &iv, &parts[0], &concat(&ciphertext, &tag)).or(Err(Reject::NotAuthentic))?;
    check_exp(now, header.exp)?;
    Ok(Opened { content, sequence: header.sequence })
}

/// RFC 7515 section 5.1. `exp` in UNIX seconds; `None` from 2^40 on.
pub fn jws(keys: &ObjectKeys, sequence: u64, exp: Option<u64>, content: &Bytes) -> Option<Bytes> {
    sequence_end(sequence)?;
    let protected = base64url::encode(&header(JWS, &base64url::encode(&keys.kid), sequence, exp));
    // step 5: the JWS Signing Input is the encoded protected header, a point, the encoded payload
    let input = join(&[protected, base64url::encode(content)]);
    Some(join(&[input.clone(), base64url::encode(&hmac_sha256(&keys.jws_key, &input))]))
}

/// RFC 7515 section 5.2. `accepted`, `now`: as for [`open_jwe`].
pub fn open_jws(keys: &ObjectKeys, accepted: &[u64], now: Option<u64>, object: &Bytes) -> Result<Opened, Reject> {
    let parts = split(object);
    if parts.len() != 3 {
        return Err(Reject::Malformed);
    }
    let header = read_header(JWS, &parts[0])?;
    check_kid(keys, &header.kid)?;
    let content = base64url::decode(&parts[1]).ok_or(Reject::Malformed)?;
    let tag = base64url::decode(&parts[2]).ok_or(Reject::Malformed)?;
    check_sequence(accepted, header.sequence)?;
    let input = join(&[parts[0].clone(), parts[1].clone()]);
    if !equal(&tag, &hmac_sha256(&keys.jws_key, &input)) {
        return Err(Reject::NotAuthentic);
    }
    check_exp(now, header.exp)?;
    Ok(Opened { content, sequence: header.sequence })
}

/// `{first,"kid":kid,"seq":seq,"exp":exp,"crit":["seq","exp"]}`; exp is left out where there is none, in crit, too.
fn header(first: &str, kid: &Bytes, sequence: u64, exp: Option<u64>) -> Bytes {
    let (exp, crit) = match exp {
        Some(exp) => (concat(&utf8(EXP), &decimal(exp)), utf8(",\"crit\":[\"seq\",\"exp\"]}")),
        None => (empty(), utf8(",\"crit\":[\"seq\"]}")),
    };
    concat_all(&[utf8(first), utf8(KID), kid.clone(), utf8(SEQ), decimal(sequence), exp, crit])
}

const KID: &str = ",\"kid\":\"";
const SEQ: &str = "\",\"seq\":";
const EXP: &str = ",\"exp\":";

/// What a header says.
struct Header {
    kid: Bytes,
    sequence: u64,
    exp: Option<u64>,
}

/// Reads a header that begins with these members: it is the one that says what is found in it.
fn read_header(first: &str, protected: &Bytes) -> Result<Header, Reject> {
    let text = base64url::decode(protected).ok_or(Reject::Malformed)?;
    let kid = position(&text, KID).ok_or(Reject::Malformed)?;
    let sequence = position(&text, SEQ).ok_or(Reject::Malformed)?;
    if sequence < kid + KID.len() {
        return Err(Reject::Malformed);
    }
    let kid = text.slice(kid + KID.len(), sequence - kid - KID.len());
    let sequence = number_at(&text, sequence + SEQ.len());
    let exp = position(&text, EXP).map(|at| number_at(&text, at + EXP.len()));
    if !equal(&text, &header(first, &kid, sequence, exp)) {
        return Err(Reject::Malformed);
    }
    Ok(Header { kid: base64url::decode(&kid).ok_or(Reject::Malformed)?, sequence, exp })
}

/// "From exp on the object is Expired, for a receiver with a clock." (PROTOCOL.md section 15)
fn check_exp(now: Option<u64>, exp: Option<u64>) -> Result<(), Reject> {
    match (now, exp) {
        (Some(now), Some(exp)) if now >= exp => Err(Reject::Expired),
        _ => Ok(()),
    }
}

/// The integer in decimal digits, without leading zeros.
fn decimal(value: u64) -> Bytes {
    let mut digits = single(DIGIT_ZERO + (value % 10) as u8);
    let mut rest = value / 10;
    for _ in 0..19 {
        if rest > 0 {
            digits = concat(&single(DIGIT_ZERO + (rest % 10) as u8), &digits);
            rest /= 10;
        }
    }
    digits
}

/// The integer whose digits begin here, modulo 2^64; 0 if none do.
fn number_at(text: &Bytes, start: usize) -> u64 {
    let mut value = 0u64;
    let mut reading = true;
    for i in start..text.len() {
        reading = reading && text[i].is_ascii_digit();
        if reading {
            value = value.wrapping_mul(10).wrapping_add(u64::from(text[i] - DIGIT_ZERO));
        }
    }
    value
}

const DIGIT_ZERO: u8 = 0x30;

/// Where this stands in the text for the first time.
fn position(text: &Bytes, what: &str) -> Option<usize> {
    let what = utf8(what);
    let mut found = None;
    for i in 0..text.len() {
        if found.is_none() && slice(text, i, what.len()).is_some_and(|part| equal(&part, &what)) {
            found = Some(i);
        }
    }
    found
}

const POINT: u8 = 0x2e;

/// The parts, with points between.
fn join(parts: &[Bytes]) -> Bytes {
    let mut joined = empty();
    for i in 0..parts.len() {
        joined = if i == 0 { parts[i].clone() } else { concat_all(&[joined, single(POINT), parts[i].clone()]) };
    }
    joined
}

/// What stands between the points.
fn split(text: &Bytes) -> Vec<Bytes> {
    let mut parts = vec![];
    let mut part = empty();
    for i in 0..text.len() {
        if text[i] == POINT {
            parts.push(part);
            part = empty();
        } else {
            part = concat(&part, &single(text[i]));
        }
    }
    parts.push(part);
    parts
}
