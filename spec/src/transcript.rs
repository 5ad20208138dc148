//! The transcript hashes (PROTOCOL.md section 6), each over a CBOR sequence.

use crate::bytes::{Bytes, concat_all};
use crate::cbor::{encode_bstr, encode_tstr, encode_uint};

use crate::params::PROTOCOL;
use crate::sha256::sha256;
use crate::weakening::{Weakening, dropped};

/// `TH_0 = H("DKE-v1", suite, H(CRED_N), header, index, Y)`
pub fn th_0(w: &Weakening, suite: u64, node: &Bytes, header: &Bytes, index: u64, y: &Bytes) -> Bytes {
    sha256(&concat_all(&[
        encode_tstr(PROTOCOL),
        dropped(encode_uint(suite), w.th_0_without_suite),
        dropped(encode_bstr(node), w.th_0_without_node),
        encode_bstr(header),
        encode_uint(index),
        encode_bstr(y),
    ]))
}

/// `TH_1 = H(TH_0, flags, X)`
pub fn th_1(w: &Weakening, th_0: &Bytes, flags: u64, x: &Bytes) -> Bytes {
    sha256(&concat_all(&[encode_bstr(th_0), dropped(encode_uint(flags), w.flags_unbound), encode_bstr(x)]))
}

/// `TH_2 = H(TH_1, CT_1, H(CRED_C))`
pub fn th_2(w: &Weakening, th_1: &Bytes, ct_1: &Bytes, client: &Bytes) -> Bytes {
    sha256(&concat_all(&[encode_bstr(th_1), encode_bstr(ct_1), dropped(encode_bstr(client), w.client_unbound)]))
}

/// `TH_3 = H(TH_2, CT_2)`
pub fn th_3(th_2: &Bytes, ct_2: &Bytes) -> Bytes {
    sha256(&concat_all(&[encode_bstr(th_2), encode_bstr(ct_2)]))
}

/// `TH_4 = H(TH_3, mode, Z)`
pub fn th_4(w: &Weakening, th_3: &Bytes, mode: u64, z: &Bytes) -> Bytes {
    sha256(&concat_all(&[
        dropped(encode_bstr(th_3), w.th_4_without_th_3),
        dropped(encode_uint(mode), w.th_4_without_mode),
        encode_bstr(z),
    ]))
}

/// `TH_5 = H(TH_4, CT_3)`
pub fn th_5(th_4: &Bytes, ct_3: &Bytes) -> Bytes {
    sha256(&concat_all(&[encode_bstr(th_4), encode_bstr(ct_3)]))
}
