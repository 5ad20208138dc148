//! The attacker's own computations, with the real algorithms, on bytes: with secrets that were deduced, and made-up ones for the
//! rest.

use super::side::Key;
use dke::{Crypto, RustCrypto, Scalar};
use dke_spec::bytes::{Bytes, bytes};
use dke_spec::key_schedule as ks;
use dke_spec::message::{Confirm, Initiate, encode_confirm, encode_initiate};
use dke_spec::transcript as th;
use dke_spec::weakening::Weakening;

/// 32 bytes that depend on the name only: a secret of this name.
pub fn secret(name: &str) -> Key {
    RustCrypto::sha256(format!("adversary: {name}").as_bytes())
}

/// The scalar of these bytes.
pub fn scalar(key: &Key) -> Scalar {
    Scalar::from_bytes(key).expect("all but one of 2^32 random strings are scalars")
}

/// Its public key.
pub fn public(key: &Key) -> Key {
    RustCrypto::public_key(&scalar(key))
}

/// The x coordinate of scalar · point; `None` if there is no such point.
pub fn agree(key: &Key, point: &Key) -> Option<Key> {
    let point = RustCrypto::decompress(point)?;
    Some(*RustCrypto::agree(&scalar(key), &point).expose())
}

/// What TH_1 depends on, in bytes.
pub struct Start {
    /// 2 or 3.
    pub suite: u64,
    /// H(CRED_N).
    pub node: Bytes,
    /// The header, as far as the transcript binds it.
    pub header: Bytes,
    /// Of the prekey.
    pub index: u64,
    /// Y.
    pub y: Key,
    /// 0 or 1.
    pub flags: u64,
    /// X.
    pub x: Key,
}

/// Secrets and transcript up to CT_1.
pub struct First {
    th_1: Bytes,
    prk_1: Bytes,
}

/// Secrets and transcript up to CT_2.
pub struct Second {
    suite: u64,
    th_2: Bytes,
    prk_2: Bytes,
}

impl Start {
    /// Up to PRK_1.
    pub fn first(&self, w: &Weakening, es: &Key) -> First {
        let th_0 = th::th_0(w, self.suite, &self.node, &self.header, self.index, &bytes(&self.y));
        let th_1 = th::th_1(w, &th_0, self.flags, &bytes(&self.x));
        First { prk_1: ks::prk_1(&th_1, &bytes(es)), th_1 }
    }
}

impl First {
    /// CT_1 for an ID_CRED.
    pub fn ct_1(&self, suite: u64, id_cred: &[u8]) -> Vec<u8> {
        plain(&ks::seal(suite, &ks::id_key(&self.prk_1, &self.th_1), &self.th_1, &bytes(id_cred)))
    }

    /// Up to PRK_2, with H(CRED_C).
    pub fn second(&self, w: &Weakening, suite: u64, ct_1: &[u8], cred_c: &Key, ss: &Key) -> Second {
        let th_2 = th::th_2(w, &self.th_1, &bytes(ct_1), &bytes(cred_c));
        Second { suite, prk_2: ks::prk_2(w, &self.prk_1, &th_2, &bytes(ss)), th_2 }
    }
}

impl Second {
    /// CT_2 for early data.
    pub fn ct_2(&self, early: &[u8]) -> Vec<u8> {
        plain(&ks::seal(self.suite, &ks::early_data_key(&self.prk_2, &self.th_2), &self.th_2, &bytes(early)))
    }

    /// CT_3 for answer data: in refresh mode with Z and ee.
    pub fn ct_3(&self, w: &Weakening, ct_2: &[u8], refresh: Option<(&Key, &Key)>, answer: &[u8]) -> Vec<u8> {
        let th_3 = th::th_3(&self.th_2, &bytes(ct_2));
        let (th_4, prk_3) = match refresh {
            Some((z, ee)) => {
                let th_4 = th::th_4(w, &th_3, 1, &bytes(z));
                let prk_3 = ks::prk_3_refresh(w, &self.prk_2, &th_4, &bytes(ee));
                (th_4, prk_3)
            }
            None => {
                let th_4 = th::th_4(w, &th_3, 0, &Bytes::new(0));
                let prk_3 = ks::prk_3_basic(&self.prk_2, &th_4);
                (th_4, prk_3)
            }
        };
        plain(&ks::seal(self.suite, &ks::confirm_key(&prk_3, &th_4), &th_4, &bytes(answer)))
    }
}

/// The bytes of a message of the attacker's.
pub fn initiate(message: &Initiate) -> Vec<u8> {
    plain(&encode_initiate(message))
}

/// The bytes of a message of the attacker's.
pub fn confirm(message: &Confirm) -> Vec<u8> {
    plain(&encode_confirm(message))
}

/// The bytes of the specification's bytes.
pub fn plain(value: &Bytes) -> Vec<u8> {
    value.native_slice().to_vec()
}

/// 32 bytes of the specification's bytes.
pub fn key(value: &Bytes) -> Key {
    value.native_slice().try_into().expect("32 bytes")
}
