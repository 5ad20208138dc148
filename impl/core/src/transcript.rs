//! The transcript hashes, one type each, so that they cannot be mixed up. PROTOCOL.md section 6.

use crate::cbor::hash_items;
use crate::crypto::{Crypto, Hash, PublicKey};
use crate::params::{Mode, Suite, TRANSCRIPT_DOMAIN};

macro_rules! transcripts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $($(#[$doc])* #[derive(Clone, Copy, Debug, PartialEq, Eq)] pub struct $name(pub Hash);)*
    };
}

transcripts! {
    /// Binds suite, node, batch and prekey.
    Th0,
    /// Binds the client's ephemeral and what it asks for.
    Th1,
    /// Binds the client's identity.
    Th2,
    /// Binds the early data.
    Th3,
    /// Binds the mode and the node's ephemeral.
    Th4,
    /// Binds the answer data.
    Th5,
}

/// `TH_0 = H("DKE-v1", suite, H(CRED_N), header, index, Y)`
pub fn th_0<C: Crypto>(suite: Suite, cred_n: &Hash, header: &[u8], index: u8, y: &PublicKey) -> Th0 {
    Th0(hash_items::<C>(|items| {
        items.text(TRANSCRIPT_DOMAIN)?.uint(suite.id().into())?.bytes(cred_n)?;
        items.bytes(header)?.uint(index.into())?.bytes(y)?;
        Ok(())
    }))
}

/// `TH_1 = H(TH_0, flags, X)`
pub fn th_1<C: Crypto>(th_0: &Th0, flags: Mode, x: &PublicKey) -> Th1 {
    Th1(hash_items::<C>(|items| items.bytes(&th_0.0)?.uint(flags.id().into())?.bytes(x).map(drop)))
}

/// `TH_2 = H(TH_1, CT_1, H(CRED_C))`
pub fn th_2<C: Crypto>(th_1: &Th1, ct_1: &[u8], cred_c: &Hash) -> Th2 {
    Th2(hash_items::<C>(|items| items.bytes(&th_1.0)?.bytes(ct_1)?.bytes(cred_c).map(drop)))
}

/// `TH_3 = H(TH_2, CT_2)`
pub fn th_3<C: Crypto>(th_2: &Th2, ct_2: &[u8]) -> Th3 {
    Th3(hash_items::<C>(|items| items.bytes(&th_2.0)?.bytes(ct_2).map(drop)))
}

/// `TH_4 = H(TH_3, mode, Z)`; Z is empty in basic mode
pub fn th_4<C: Crypto>(th_3: &Th3, mode: Mode, z: &[u8]) -> Th4 {
    Th4(hash_items::<C>(|items| items.bytes(&th_3.0)?.uint(mode.id().into())?.bytes(z).map(drop)))
}

/// `TH_5 = H(TH_4, CT_3)`
pub fn th_5<C: Crypto>(th_4: &Th4, ct_3: &[u8]) -> Th5 {
    Th5(hash_items::<C>(|items| items.bytes(&th_4.0)?.bytes(ct_3).map(drop)))
}
