//! Every label, size and limit of the protocol. No other file contains such a literal.
//!
//! Sizes are in bytes. Maxima are computed from their parts, the CBOR heads included.

/// The only version, as it stands in the batch header.
pub const VERSION: u64 = 1;
/// Bytes of a SHA-256 hash.
pub const HASH: usize = 32;
/// Bytes of a scalar and of an x coordinate, big-endian.
pub const KEY: usize = 32;
/// Bytes of an ES256 signature, r ‖ s.
pub const SIGNATURE: usize = 64;
/// Bytes of an AES-128 key.
pub const AEAD_KEY: usize = 16;
/// Bytes of an AES-CCM nonce (RFC 3610, L = 2).
pub const AEAD_NONCE: usize = 13;
/// Bytes of the tag of suite 2, the shortest one.
pub const TAG_MIN: usize = 8;
/// Bytes of the tag of suite 3, the longest one.
pub const TAG_MAX: usize = 16;
/// Bytes of a mailbox token.
pub const TOKEN: usize = 16;
/// A fingerprint for people to compare.
pub const FINGERPRINT: usize = 8;

/// Largest depth of a tree.
pub const DEPTH_MAX: u8 = 8;
/// Levels of the deepest tree, leaves and root included.
pub const LEVELS: usize = 9;
/// Prekeys in the largest batch.
pub const PREKEYS_MAX: usize = 1 << (LEVELS - 1);
/// Bytes of the longest Merkle path.
pub const PATH_MAX: usize = HASH * (LEVELS - 1);
/// Bytes of early data and of answer data.
pub const DATA_MAX: usize = 1024;
/// Bytes of a call's number.
pub const CALL_NUMBER: usize = 8;
/// Bytes of a call's data: early data, less the heads of an array of 2 and of the data, and the number.
pub const CALL_DATA_MAX: usize = DATA_MAX - 1 - (1 + CALL_NUMBER) - 3;
/// Bytes of an outcome's data: answer data, less the heads of an array of 2 and of the data, and the status.
pub const OUTCOME_DATA_MAX: usize = DATA_MAX - 1 - 1 - 3;
/// Exchanges of one call that are pending at most.
pub const CALL_TRIES: usize = 4;
/// Bytes of a subject or an audience, in UTF-8.
pub const NAME_MAX: usize = 64;
/// Bytes of a key identifier.
pub const KID_MAX: usize = 16;
/// Draws of a scalar before the generator counts as broken.
pub const SCALAR_TRIES: u32 = 8;

/// Bytes of an export's label.
pub const EXPORT_LABEL_MAX: usize = 64;
/// Bytes of an export's context.
pub const EXPORT_CONTEXT_MAX: usize = 65_535;
/// Bytes of one export: 255 · 32, the limit of HKDF (RFC 5869).
pub const EXPORT_MAX: usize = 255 * HASH;

/// First item of TH_0.
pub const TRANSCRIPT_DOMAIN: &str = "DKE-v1";
/// Every label of the key schedule begins with this.
pub const LABEL_PREFIX: &str = "DKE-v1 ";
/// AEAD of CT_1.
pub const LABEL_ID: &str = "id";
/// Salt of PRK_2.
pub const LABEL_SALT: &str = "salt";
/// AEAD of CT_2.
pub const LABEL_EARLY_DATA: &str = "early data";
/// The early secret.
pub const LABEL_EARLY: &str = "early";
/// PRK_3 in basic mode.
pub const LABEL_BASIC: &str = "basic";
/// Salt of PRK_3 in refresh mode.
pub const LABEL_REFRESH: &str = "refresh";
/// AEAD of CT_3.
pub const LABEL_CONFIRM: &str = "confirm";
/// The session secret.
pub const LABEL_SESSION: &str = "session";
/// Before the application's label of an export.
pub const LABEL_EXPORT: &str = "export ";
/// Behind a label of an AEAD: its key.
pub const LABEL_KEY: &str = " key";
/// Behind a label of an AEAD: its nonce.
pub const LABEL_NONCE: &str = " nonce";
/// K_epoch of an admission key.
pub const LABEL_ADMISSION: &str = "admission";
/// The tag by which a client is admitted.
pub const LABEL_ADMISSION_TAG: &str = "admission tag";
/// Bytes of an admission key.
pub const ADMISSION_KEY: usize = 16;
/// Bytes of a gateway's challenge.
pub const ADMISSION_CHALLENGE: usize = 16;
/// Bytes of the client's nonce.
pub const ADMISSION_NONCE: usize = 8;
/// Bytes of the client's tag.
pub const ADMISSION_TAG: usize = 16;
/// Label of the fingerprint's export.
pub const LABEL_FINGERPRINT: &str = "fingerprint";

/// Context string of COSE_Sign1 (RFC 9052 section 4.4).
pub const SIGNATURE1: &str = "Signature1";
/// external_aad of a batch.
pub const AAD_BATCH: &[u8] = b"DKE-v1 batch";
/// external_aad of a CWT.
pub const AAD_CWT: &[u8] = b"DKE-v1 cwt";
/// The protected header of a batch: `<< { 1: -7 } >>`.
pub const PROTECTED_ES256: &[u8] = &[0xa1, 0x01, 0x26];

/// COSE and CWT numbers, RFC 9052, 8392, 8747, 9528.
pub mod registry {
    /// Header parameter `alg`.
    pub const HEADER_ALG: i64 = 1;
    /// Header parameter `kid`.
    pub const HEADER_KID: i64 = 4;
    /// Algorithm ES256.
    pub const ES256: i64 = -7;
    /// Claim `sub`.
    pub const CLAIM_SUB: i64 = 2;
    /// Claim `aud`.
    pub const CLAIM_AUD: i64 = 3;
    /// Claim `cnf`.
    pub const CLAIM_CNF: i64 = 8;
    /// Claim `epoch_max`, private use.
    pub const CLAIM_EPOCH_MAX: i64 = -70_001;
    /// Confirmation method `COSE_Key`.
    pub const CNF_COSE_KEY: i64 = 1;
    /// COSE_Key: `kty`.
    pub const KEY_KTY: i64 = 1;
    /// COSE_Key: `kid`.
    pub const KEY_KID: i64 = 2;
    /// COSE_Key: `crv`.
    pub const KEY_CRV: i64 = -1;
    /// COSE_Key: `x`.
    pub const KEY_X: i64 = -2;
    /// COSE_Key: `y`.
    pub const KEY_Y: i64 = -3;
    /// Key type EC2.
    pub const KTY_EC2: i64 = 2;
    /// Curve P-256.
    pub const CRV_P256: i64 = 1;
    /// `kcwt` in an ID_CRED (RFC 9528 section 10.6).
    pub const ID_KCWT: i64 = 13;
}

const UINT_MAX: usize = 9;
const INDEX_MAX: usize = 2;
const HASH_ITEM: usize = 2 + HASH;
const SIGNATURE_ITEM: usize = 2 + SIGNATURE;
const NAME_ITEM_MAX: usize = 2 + NAME_MAX;
const KID_ITEM_MAX: usize = 1 + KID_MAX;

/// Bytes of the longest batch header: version, suite and depth take one byte each.
pub const HEADER_MAX: usize = 1 + 3 + 3 * HASH_ITEM + 2 * UINT_MAX;
/// Bytes of the longest SignedBatch.
pub const SIGNED_BATCH_MAX: usize = 1 + 1 + PROTECTED_ES256.len() + 1 + 2 + HEADER_MAX + SIGNATURE_ITEM;
/// Bytes of the longest Publication.
pub const PUBLICATION_MAX: usize = 1 + SIGNED_BATCH_MAX + 3 + KEY * PREKEYS_MAX;
/// Bytes of the longest Offer.
pub const OFFER_MAX: usize = 1 + SIGNED_BATCH_MAX + INDEX_MAX + HASH_ITEM + 3 + PATH_MAX;

/// Bytes of the longest COSE_Key.
pub const COSE_KEY_MAX: usize = 1 + 2 + 1 + KID_ITEM_MAX + 2 + 2 * (1 + HASH_ITEM);
/// Bytes of the longest credential (CCS).
pub const CREDENTIAL_MAX: usize = 1 + 1 + NAME_ITEM_MAX + 1 + 2 + COSE_KEY_MAX;
/// Bytes of the longest claims set of a CWT.
pub const CLAIMS_MAX: usize = CREDENTIAL_MAX + 1 + NAME_ITEM_MAX + 5 + UINT_MAX;
/// Bytes of the longest protected header of a CWT.
pub const CWT_PROTECTED_MAX: usize = 1 + 2 + 1 + KID_ITEM_MAX;
/// Bytes of the longest CWT.
pub const CWT_MAX: usize = 1 + 1 + CWT_PROTECTED_MAX + 1 + 2 + CLAIMS_MAX + SIGNATURE_ITEM;
/// Bytes of the longest ID_CRED: `{ 13: CWT }`.
pub const ID_CRED_MAX: usize = 2 + CWT_MAX;

/// Bytes of the shortest CT_1.
pub const CT_1_MIN: usize = 1 + TAG_MIN;
/// Bytes of the longest CT_1.
pub const CT_1_MAX: usize = ID_CRED_MAX + TAG_MAX;
/// Bytes of the shortest CT_2 and CT_3.
pub const CT_DATA_MIN: usize = TAG_MIN;
/// Bytes of the longest CT_2 and CT_3.
pub const CT_DATA_MAX: usize = DATA_MAX + TAG_MAX;
/// Bytes of the longest plaintext that a CT_1 of permitted length can have.
pub const CT_1_PLAIN_MAX: usize = CT_1_MAX - TAG_MIN;

/// Bytes of the longest Initiate.
pub const INITIATE_MAX: usize = 1 + 1 + UINT_MAX + INDEX_MAX + HASH_ITEM + 3 + CT_1_MAX + 3 + CT_DATA_MAX;
/// Bytes of the longest Confirm.
pub const CONFIRM_MAX: usize = 1 + UINT_MAX + INDEX_MAX + HASH_ITEM + 3 + CT_DATA_MAX;
/// Bytes of the longest Stock.
pub const STOCK_MAX: usize = 1 + UINT_MAX + 3 + UINT_MAX;

// The figures that PROTOCOL.md states.
const _: () = assert!(ID_CRED_MAX == 339 && CT_1_MAX == 355 && CT_DATA_MAX == 1040);

/// What a suite fixes: numbers and contents of the EDHOC registry (RFC 9528 section 10.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// 2, the default: AES-CCM-16-64-128, 8-byte tag.
    AesCcm8,
    /// 3: AES-CCM-16-128-128, 16-byte tag.
    AesCcm16,
}

impl Suite {
    /// Number in the header.
    pub const fn id(self) -> u8 {
        match self {
            Suite::AesCcm8 => 2,
            Suite::AesCcm16 => 3,
        }
    }

    /// The suite of this number; `None` is [`UnknownSuite`](crate::Reject::UnknownSuite).
    pub const fn from_id(id: u64) -> Option<Suite> {
        match id {
            2 => Some(Suite::AesCcm8),
            3 => Some(Suite::AesCcm16),
            _ => None,
        }
    }

    /// Bytes of the AEAD's tag.
    pub const fn tag(self) -> usize {
        match self {
            Suite::AesCcm8 => TAG_MIN,
            Suite::AesCcm16 => TAG_MAX,
        }
    }
}

/// How the node answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// 0: Confirm only confirms.
    Basic,
    /// 1: Confirm brings a fresh ephemeral; flag bit 0 asks for it.
    Refresh,
}

impl Mode {
    /// Number in TH_4; also the flags that ask for this mode.
    pub const fn id(self) -> u8 {
        match self {
            Mode::Basic => 0,
            Mode::Refresh => 1,
        }
    }

    /// The mode of this number; as flags, `None` is [`UnknownFlags`](crate::Reject::UnknownFlags).
    pub const fn from_id(id: u64) -> Option<Mode> {
        match id {
            0 => Some(Mode::Basic),
            1 => Some(Mode::Refresh),
            _ => None,
        }
    }
}

/// Depth of a batch's tree, 0..8: the batch has 2^depth prekeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Depth(u8);

impl Depth {
    /// `None` above 8: [`DepthOutOfRange`](crate::Reject::DepthOutOfRange).
    pub fn new(depth: u64) -> Option<Depth> {
        u8::try_from(depth).ok().filter(|d| *d <= DEPTH_MAX).map(Depth)
    }

    /// 0..8.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Prekeys in the batch: 1..256.
    pub fn prekeys(self) -> u16 {
        1u16.checked_shl(u32::from(self.0)).unwrap_or(u16::MAX)
    }

    /// `index` if the batch has it; `None` is [`IndexOutOfRange`](crate::Reject::IndexOutOfRange).
    pub fn index(self, index: u64) -> Option<u8> {
        u8::try_from(index).ok().filter(|i| u16::from(*i) < self.prekeys())
    }

    /// Bytes of a path: 32 · depth.
    pub fn path_len(self) -> usize {
        usize::from(self.0).saturating_mul(HASH)
    }

    /// Bytes of all prekeys: 32 · 2^depth.
    pub fn prekeys_len(self) -> usize {
        usize::from(self.prekeys()).saturating_mul(KEY)
    }
}
