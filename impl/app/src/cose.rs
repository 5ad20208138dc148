//! COSE_Encrypt0 and COSE_Mac0 (RFC 9052 sections 5.2 and 6.2), untagged, with everything in the protected header. PROTOCOL.md section 15.
//!
//! ```text
//! Encrypt0 = [ << { 1: 10, 4: kid, 6: seq } >>, {}, ciphertext ]
//! Mac0     = [ << { 1: 5,  4: kid, 6: seq } >>, {}, payload, tag ]
//! ```

use crate::ccm::{self, partial_iv, xor_sequence};
use crate::error::{Error, Misuse, Reject};
use crate::export::{Encrypt0Key, Kid, Mac0Key};
use crate::mac;
use crate::window::{self, SEQUENCE_END, WindowStore};
use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use zeroize::Zeroizing;

/// AES-CCM-16-64-128 (RFC 9053 section 4.2).
const AES_CCM: u8 = 10;
/// HMAC 256/256 (RFC 9053 section 3.1).
const HMAC_256: u8 = 5;
/// Labels of header parameters (RFC 9052 section 3.1).
const ALG: u8 = 1;
const KID: u8 = 4;
const PARTIAL_IV: u8 = 6;

type Encoding = Result<(), minicbor::encode::Error<core::convert::Infallible>>;

/// Protects the content with this number: never use one twice. `SequenceExhausted`, `TooLong` (65,535 bytes).
pub fn seal_encrypt0(key: &Encrypt0Key, sequence: u64, content: &[u8]) -> Result<Vec<u8>, Misuse> {
    let protected = protected(AES_CCM, &key.kid, sequence)?;
    let aad = structure("Encrypt0", &protected, None);
    let ciphertext = ccm::seal(&key.key, &xor_sequence(&key.iv, sequence), &aad, content)?;
    Ok(encoded(|e| e.array(3)?.bytes(&protected)?.map(0)?.bytes(&ciphertext)?.ok()))
}

/// Opens an object, once. `Malformed`, `UnknownKey`, `Replayed`, `NotAuthentic`.
pub fn open_encrypt0<S: WindowStore>(
    key: &Encrypt0Key,
    store: &mut S,
    object: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error<S::Error>> {
    let [protected, ciphertext] = items(object)?;
    let sequence = header(AES_CCM, &key.kid, protected)?;
    window::accept(store, sequence, || {
        let aad = structure("Encrypt0", protected, None);
        ccm::open(&key.key, &xor_sequence(&key.iv, sequence), &aad, ciphertext)
    })
}

/// Authenticates the content with this number: never use one twice. `SequenceExhausted`.
pub fn seal_mac0(key: &Mac0Key, sequence: u64, content: &[u8]) -> Result<Vec<u8>, Misuse> {
    let protected = protected(HMAC_256, &key.kid, sequence)?;
    let tag = mac::tag(&key.key, &[&structure("MAC0", &protected, Some(content))]);
    Ok(encoded(|e| e.array(4)?.bytes(&protected)?.map(0)?.bytes(content)?.bytes(&tag)?.ok()))
}

/// Verifies an object, once, and gives its content. `Malformed`, `UnknownKey`, `Replayed`, `NotAuthentic`.
pub fn open_mac0<S: WindowStore>(key: &Mac0Key, store: &mut S, object: &[u8]) -> Result<Vec<u8>, Error<S::Error>> {
    let [protected, content, tag] = items(object)?;
    let sequence = header(HMAC_256, &key.kid, protected)?;
    window::accept(store, sequence, || {
        mac::verify(&key.key, &[&structure("MAC0", protected, Some(content))], tag)?;
        Ok(content.to_vec())
    })
}

/// `<< { 1: alg, 4: kid, 6: seq } >>`
fn protected(alg: u8, kid: &Kid, sequence: u64) -> Result<Vec<u8>, Misuse> {
    if sequence >= SEQUENCE_END {
        return Err(Misuse::SequenceExhausted);
    }
    let sequence = partial_iv(sequence);
    Ok(encoded(|e| e.map(3)?.u8(ALG)?.u8(alg)?.u8(KID)?.bytes(kid)?.u8(PARTIAL_IV)?.bytes(&sequence)?.ok()))
}

/// Enc_structure (RFC 9052 section 5.3), MAC_structure (6.3); external_aad is empty.
fn structure(context: &str, protected: &[u8], payload: Option<&[u8]>) -> Vec<u8> {
    encoded(|e| {
        e.array(if payload.is_some() { 4 } else { 3 })?.str(context)?.bytes(protected)?.bytes(&[])?;
        payload.map_or(Ok(()), |payload| e.bytes(payload)?.ok())
    })
}

/// The sequence number of a protected header that is to have this algorithm and key.
fn header(alg: u8, kid: &Kid, protected: &[u8]) -> Result<u64, Reject> {
    let (found, sequence) = parse_header(alg, protected).map_err(|_| Reject::Malformed)?;
    let sequence = ccm::sequence(sequence)?;
    let found: &Kid = found.try_into().map_err(|_| Reject::UnknownKey)?;
    // Decoders let longer forms of numbers pass; there is one header only that says this.
    if self::protected(alg, found, sequence).map_err(|_| Reject::Malformed)? != protected {
        return Err(Reject::Malformed);
    }
    if found == kid { Ok(sequence) } else { Err(Reject::UnknownKey) }
}

/// kid and seq.
fn parse_header(alg: u8, protected: &[u8]) -> Result<(&[u8], &[u8]), minicbor::decode::Error> {
    let mut d = Decoder::new(protected);
    let labels = [d.map()?, Some(d.u64()?), Some(d.u64()?), Some(d.u64()?)];
    if labels != [Some(3), Some(ALG.into()), Some(alg.into()), Some(KID.into())] {
        return Err(minicbor::decode::Error::message("another header"));
    }
    let kid = d.bytes()?;
    if d.u64()? != u64::from(PARTIAL_IV) {
        return Err(minicbor::decode::Error::message("another header"));
    }
    Ok((kid, d.bytes()?))
}

/// The byte strings of `[ protected, {}, ... ]`, the first being protected. `Malformed`.
fn items<const N: usize>(object: &[u8]) -> Result<[&[u8]; N], Reject> {
    parse_items(object).ok().flatten().ok_or(Reject::Malformed)
}

fn parse_items<const N: usize>(object: &[u8]) -> Result<Option<[&[u8]; N]>, minicbor::decode::Error> {
    let mut d = Decoder::new(object);
    let count = d.array()?;
    let mut items = [[].as_slice(); N];
    for (place, item) in items.iter_mut().enumerate() {
        if place == 1 && d.map()? != Some(0) {
            return Ok(None);
        }
        if d.datatype()? != Type::Bytes {
            return Ok(None);
        }
        *item = d.bytes()?;
    }
    let whole = d.position() == object.len() && count == u64::try_from(N).ok().and_then(|n| n.checked_add(1));
    let again = encoded(|e| {
        e.array(count.unwrap_or_default())?;
        for (place, item) in items.iter().enumerate() {
            if place == 1 {
                e.map(0)?;
            }
            e.bytes(item)?;
        }
        Ok(())
    });
    Ok((whole && again == object).then_some(items))
}

/// What is written; a `Vec` takes all.
pub(crate) fn encoded(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Encoding) -> Vec<u8> {
    let mut out = Vec::new();
    match write(&mut Encoder::new(&mut out)) {
        Ok(()) => out,
        // `Infallible`: minicbor's own error type does not say so.
        Err(_) => Vec::new(),
    }
}
