//! Credentials: CWT claims sets (CCS, RFC 8392, RFC 9528 section 3.5.2) with a subject and a P-256 key.
//!
//! ```text
//! { 2: subject (1..64 bytes of UTF-8),
//!   8: { 1: { 1: 2, 2: kid (1..16 bytes), -1: 1, -2: x (32 bytes), -3: y (32 bytes) } } }
//! ```

use crate::cbor::{Reader, Writer};
use crate::crypto::{Coordinates, Crypto, Hash, RustCrypto};
use crate::error::{Misuse, Reject};
use crate::params::registry as reg;
use crate::params::{KEY, KID_MAX, NAME_MAX};

/// A credential of the right form, its point on the curve. Borrows the encoded bytes.
#[derive(Clone, Copy, Debug)]
pub struct Credential<'a> {
    bytes: &'a [u8],
    hash: Hash,
    subject: &'a str,
    key: CoseKey<'a>,
}

impl<'a> Credential<'a> {
    /// Reads a credential (at most [`CREDENTIAL_MAX`](crate::params::CREDENTIAL_MAX) bytes).
    ///
    /// Rejects with `Malformed`, `NotDeterministic`, `TrailingBytes` and, last, `InvalidPoint`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reject> {
        let mut reader = Reader::new(bytes);
        reader.map(2)?;
        reader.expect(reg::CLAIM_SUB)?;
        let subject = reader.text(NAME_MAX)?;
        let key = CoseKey::read_cnf(&mut reader)?;
        reader.end()?;
        key.check()?;
        Ok(Credential { bytes, hash: RustCrypto::sha256(bytes), subject, key })
    }

    /// The same for a credential of this side's own configuration: whatever is wrong is `InvalidCredential`.
    pub fn own(bytes: &'a [u8]) -> Result<Self, Misuse> {
        Credential::parse(bytes).map_err(|_| Misuse::InvalidCredential)
    }

    /// The encoded credential.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// H(CRED): SHA-256 of the bytes.
    pub const fn hash(&self) -> &Hash {
        &self.hash
    }

    /// Who this is: 1..64 bytes.
    pub const fn subject(&self) -> &'a str {
        self.subject
    }

    /// Key identifier: 1..16 bytes.
    pub const fn kid(&self) -> &'a [u8] {
        self.key.kid
    }

    /// The public key.
    pub const fn key(&self) -> &Coordinates {
        &self.key.at
    }

    pub(crate) const fn cose_key(&self) -> &CoseKey<'a> {
        &self.key
    }
}

/// Encodes a credential. Returns its length.
///
/// `InvalidCredential`: subject of 0 or more than 64 bytes, or kid of 0 or more than 16 bytes, or the point is not on the curve.
pub fn encode(subject: &str, kid: &[u8], key: &Coordinates, out: &mut [u8]) -> Result<usize, Misuse> {
    check_name(subject)?;
    check_kid(kid)?;
    let key = CoseKey { kid, at: *key };
    key.check().map_err(|_| Misuse::InvalidCredential)?;
    let mut writer = Writer::new(out);
    writer.map(2)?.int(reg::CLAIM_SUB)?.text(subject)?;
    key.write_cnf(&mut writer)?;
    Ok(writer.len())
}

/// 1..64 bytes, else `InvalidCredential`.
pub(crate) fn check_name(name: &str) -> Result<(), Misuse> {
    if (1..=NAME_MAX).contains(&name.len()) { Ok(()) } else { Err(Misuse::InvalidCredential) }
}

/// 1..16 bytes, else `InvalidCredential`.
pub(crate) fn check_kid(kid: &[u8]) -> Result<(), Misuse> {
    if (1..=KID_MAX).contains(&kid.len()) { Ok(()) } else { Err(Misuse::InvalidCredential) }
}

/// The COSE_Key in a credential or a CWT.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CoseKey<'a> {
    pub(crate) kid: &'a [u8],
    pub(crate) at: Coordinates,
}

impl<'a> CoseKey<'a> {
    /// `8: { 1: COSE_Key }`. Does not check the point.
    pub(crate) fn read_cnf(reader: &mut Reader<'a>) -> Result<Self, Reject> {
        reader.expect(reg::CLAIM_CNF)?;
        reader.map(1)?;
        reader.expect(reg::CNF_COSE_KEY)?;
        reader.map(5)?;
        reader.expect(reg::KEY_KTY)?;
        reader.expect(reg::KTY_EC2)?;
        reader.expect(reg::KEY_KID)?;
        let kid = reader.bytes_within(1, KID_MAX)?;
        reader.expect(reg::KEY_CRV)?;
        reader.expect(reg::CRV_P256)?;
        reader.expect(reg::KEY_X)?;
        let x: [u8; KEY] = *reader.array_of()?;
        reader.expect(reg::KEY_Y)?;
        let y: [u8; KEY] = *reader.array_of()?;
        Ok(CoseKey { kid, at: Coordinates { x, y } })
    }

    pub(crate) fn write_cnf(&self, writer: &mut Writer<'_>) -> Result<(), Misuse> {
        writer.int(reg::CLAIM_CNF)?.map(1)?.int(reg::CNF_COSE_KEY)?.map(5)?;
        writer.int(reg::KEY_KTY)?.int(reg::KTY_EC2)?;
        writer.int(reg::KEY_KID)?.bytes(self.kid)?;
        writer.int(reg::KEY_CRV)?.int(reg::CRV_P256)?;
        writer.int(reg::KEY_X)?.bytes(&self.at.x)?;
        writer.int(reg::KEY_Y)?.bytes(&self.at.y)?;
        Ok(())
    }

    /// The point is on the curve, else `InvalidPoint`.
    pub(crate) fn check(&self) -> Result<(), Reject> {
        RustCrypto::point(&self.at).map(drop).ok_or(Reject::InvalidPoint)
    }
}
