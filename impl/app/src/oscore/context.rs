//! The Security Context: RFC 8613 section 3.2.

use crate::ccm::{KEY, NONCE};
use crate::cose::encoded;
use crate::error::Misuse;
use crate::export::{Exporter, Role, oscore};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// AES-CCM-16-64-128 in the COSE registry.
pub(super) const ALG_AEAD: u8 = 10;
/// Bytes of an identifier: those of the nonce, less 6 (section 5.2).
pub(super) const ID_MAX: usize = NONCE - 6;

/// Keys and identifiers of one end. Its numbers and windows are kept by [`crate::window`].
pub struct Context {
    pub(super) id_context: Option<Vec<u8>>,
    pub(super) sender_id: Vec<u8>,
    pub(super) recipient_id: Vec<u8>,
    pub(super) sender_key: Zeroizing<[u8; KEY]>,
    pub(super) recipient_key: Zeroizing<[u8; KEY]>,
    pub(super) common_iv: Zeroizing<[u8; NONCE]>,
}

impl Context {
    /// Section 3.2.1. `InvalidId` if an identifier has more than 7 bytes, or both are the same.
    pub fn derive(
        master_secret: &[u8],
        master_salt: &[u8],
        id_context: Option<&[u8]>,
        sender_id: &[u8],
        recipient_id: &[u8],
    ) -> Result<Context, Misuse> {
        if sender_id.len() > ID_MAX || recipient_id.len() > ID_MAX || sender_id == recipient_id {
            return Err(Misuse::InvalidId);
        }
        let hkdf = Hkdf::<Sha256>::new(Some(master_salt), master_secret);
        Ok(Context {
            id_context: id_context.map(<[u8]>::to_vec),
            sender_id: sender_id.to_vec(),
            recipient_id: recipient_id.to_vec(),
            sender_key: expand(&hkdf, sender_id, id_context, "Key"),
            recipient_key: expand(&hkdf, recipient_id, id_context, "Key"),
            common_iv: expand(&hkdf, &[], id_context, "IV"),
        })
    }

    /// From the early or the session secret of an exchange, for this end.
    pub fn from_secret(secret: &impl Exporter, role: Role) -> Result<Context, dke::Misuse> {
        let keys = oscore(secret)?;
        let (sender, recipient) = match role {
            Role::Client => (&keys.client_id, &keys.node_id),
            Role::Node => (&keys.node_id, &keys.client_id),
        };
        // Four bytes each, and different in the first bit.
        Context::derive(&*keys.master_secret, &*keys.master_salt, None, sender, recipient)
            .map_err(|_| dke::Misuse::ExportLength)
    }

    /// This end's identifier.
    pub fn sender_id(&self) -> &[u8] {
        &self.sender_id
    }

    /// The other end's identifier: the kid of its requests.
    pub fn recipient_id(&self) -> &[u8] {
        &self.recipient_id
    }
}

/// `info = [id, id_context / nil, alg_aead, type, L]`
pub(super) fn info(id: &[u8], id_context: Option<&[u8]>, kind: &str, length: usize) -> Vec<u8> {
    encoded(|e| {
        e.array(5)?.bytes(id)?;
        match id_context {
            Some(context) => e.bytes(context)?,
            None => e.null()?,
        };
        e.u8(ALG_AEAD)?.str(kind)?.u64(u64::try_from(length).unwrap_or_default())?.ok()
    })
}

/// `HKDF(.., info, L)`
fn expand<const L: usize>(hkdf: &Hkdf<Sha256>, id: &[u8], id_context: Option<&[u8]>, kind: &str) -> Zeroizing<[u8; L]> {
    let info = info(id, id_context, kind, L);
    let mut out = Zeroizing::new([0; L]);
    // HKDF gives up to 8,160 bytes, and L is 13 or 16.
    let expanded = hkdf.expand(&info, out.as_mut_slice());
    debug_assert!(expanded.is_ok());
    out
}
