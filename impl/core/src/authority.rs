//! The authority: vouches for a client to one node, offline (A1).

use crate::cbor::Writer;
use crate::credential::{Credential, check_kid, check_name};
use crate::crypto::{Crypto, RustCrypto, Scalar, sig_structure};
use crate::cwt::{write_claims, write_protected};
use crate::error::Misuse;
use crate::params::{AAD_CWT, CLAIMS_MAX, CWT_PROTECTED_MAX};

/// What a CWT is to say.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    /// The client whose subject and key go into the claims.
    pub client: &'a Credential<'a>,
    /// Subject of the node for which the CWT is meant: 1..64 bytes.
    pub audience: &'a str,
    /// Last epoch for which it is valid.
    pub epoch_max: u64,
}

/// A1: issues a CWT of at most [`CWT_MAX`](crate::params::CWT_MAX) bytes. Returns its length.
///
/// `kid` is the authority's own, 1..16 bytes. `InvalidCredential` if `kid` or the audience has another length.
pub fn issue(key: &Scalar, kid: &[u8], grant: &Grant<'_>, out: &mut [u8]) -> Result<usize, Misuse> {
    check_kid(kid)?;
    check_name(grant.audience)?;
    let mut protected = [0; CWT_PROTECTED_MAX];
    let length = write_protected(kid, &mut protected)?;
    let protected = protected.get(..length).unwrap_or_default();
    let mut claims = [0; CLAIMS_MAX];
    let length =
        write_claims(grant.client.subject(), grant.audience, grant.client.cose_key(), grant.epoch_max, &mut claims)?;
    let claims = claims.get(..length).unwrap_or_default();

    let mut writer = Writer::new(out);
    let signature = RustCrypto::sign(key, &sig_structure::<RustCrypto>(protected, AAD_CWT, claims));
    writer.array(4)?.bytes(protected)?.map(0)?.bytes(claims)?.bytes(&signature)?;
    Ok(writer.len())
}
