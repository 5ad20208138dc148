//! CWTs: an authority vouches for a client to one node. COSE_Sign1 (RFC 9052), and the ID_CRED that carries it.
//!
//! ```text
//! ID_CRED   = kid (bstr) / { 13: CWT }
//! CWT       = [ protected (bstr), {}, payload (bstr), signature (bstr, 64) ]
//! protected = { 1: -7, 4: kid of the authority }
//! payload   = { 2: subject, 3: audience, 8: { 1: COSE_Key }, -70001: epoch_max }
//! ```

use crate::cbor::{Reader, Writer};
use crate::credential::CoseKey;
use crate::crypto::{Coordinates, Crypto, Hash, Signature, sig_structure};
use crate::error::{Misuse, Reject};
use crate::params::registry as reg;
use crate::params::{AAD_CWT, CWT_PROTECTED_MAX, KID_MAX, NAME_MAX};

/// A CWT, read but not judged.
#[derive(Clone, Copy, Debug)]
pub struct Cwt<'a> {
    /// Protected header, encoded.
    pub protected: &'a [u8],
    /// Claims, encoded: the client's CRED.
    pub payload: &'a [u8],
    /// ES256.
    pub signature: &'a Signature,
}

/// The protected header of a CWT.
#[derive(Clone, Copy, Debug)]
pub struct Protected<'a> {
    /// −7 is ES256; `None` does not fit 64 bits.
    pub alg: Option<i64>,
    /// Of the authority.
    pub kid: &'a [u8],
}

/// What the authority says.
#[derive(Clone, Copy, Debug)]
pub struct Claims<'a> {
    /// The client.
    pub subject: &'a str,
    /// The node.
    pub audience: &'a str,
    /// The client's kid.
    pub kid: &'a [u8],
    /// The client's key; not yet checked to be on the curve.
    pub key: Coordinates,
    /// Last epoch for which the CWT is valid.
    pub epoch_max: u64,
}

/// How a client names its credential.
#[derive(Clone, Copy, Debug)]
pub enum IdCred<'a> {
    /// By the kid of a pinned credential.
    Kid(&'a [u8]),
    /// By value.
    Cwt(Cwt<'a>),
}

impl<'a> IdCred<'a> {
    /// Reads an ID_CRED.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reject> {
        let mut reader = Reader::new(bytes);
        let id = if reader.at_bytes() {
            IdCred::Kid(reader.bytes_within(1, KID_MAX)?)
        } else {
            reader.map(1)?;
            reader.expect(reg::ID_KCWT)?;
            IdCred::Cwt(Cwt::read(&mut reader)?)
        };
        reader.end()?;
        Ok(id)
    }
}

impl<'a> Cwt<'a> {
    /// Reads a CWT that stands alone.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reject> {
        let mut reader = Reader::new(bytes);
        let cwt = Cwt::read(&mut reader)?;
        reader.end()?;
        Ok(cwt)
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, Reject> {
        reader.array(4)?;
        let protected = reader.bytes()?;
        reader.map(0)?;
        let payload = reader.bytes()?;
        let signature = reader.array_of()?;
        Ok(Cwt { protected, payload, signature })
    }

    /// Reads the protected header.
    pub fn protected(&self) -> Result<Protected<'a>, Reject> {
        let mut reader = Reader::new(self.protected);
        reader.map(2)?;
        reader.expect(reg::HEADER_ALG)?;
        let alg = reader.nint()?;
        reader.expect(reg::HEADER_KID)?;
        let kid = reader.bytes_within(1, KID_MAX)?;
        reader.end()?;
        Ok(Protected { alg, kid })
    }

    /// Reads the claims.
    pub fn claims(&self) -> Result<Claims<'a>, Reject> {
        let mut reader = Reader::new(self.payload);
        reader.map(4)?;
        reader.expect(reg::CLAIM_SUB)?;
        let subject = reader.text(NAME_MAX)?;
        reader.expect(reg::CLAIM_AUD)?;
        let audience = reader.text(NAME_MAX)?;
        let key = CoseKey::read_cnf(&mut reader)?;
        reader.expect(reg::CLAIM_EPOCH_MAX)?;
        let epoch_max = reader.uint()?;
        reader.end()?;
        Ok(Claims { subject, audience, kid: key.kid, key: key.at, epoch_max })
    }

    /// Does the authority's signature verify?
    pub fn verify<C: Crypto>(&self, authority: &Coordinates) -> bool {
        C::verify(authority, &self.digest::<C>(), self.signature)
    }

    fn digest<C: Crypto>(&self) -> Hash {
        sig_structure::<C>(self.protected, AAD_CWT, self.payload)
    }
}

/// Encodes the protected header of a CWT.
pub(crate) fn write_protected(kid: &[u8], out: &mut [u8; CWT_PROTECTED_MAX]) -> Result<usize, Misuse> {
    let mut writer = Writer::new(out);
    writer.map(2)?.int(reg::HEADER_ALG)?.int(reg::ES256)?.int(reg::HEADER_KID)?.bytes(kid)?;
    Ok(writer.len())
}

/// Encodes the claims of a CWT.
pub(crate) fn write_claims(
    subject: &str,
    audience: &str,
    key: &CoseKey<'_>,
    epoch_max: u64,
    out: &mut [u8],
) -> Result<usize, Misuse> {
    let mut writer = Writer::new(out);
    writer.map(4)?.int(reg::CLAIM_SUB)?.text(subject)?.int(reg::CLAIM_AUD)?.text(audience)?;
    key.write_cnf(&mut writer)?;
    writer.int(reg::CLAIM_EPOCH_MAX)?.uint(epoch_max)?;
    Ok(writer.len())
}
