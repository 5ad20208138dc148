//! Labels, sizes and limits (PROTOCOL.md sections 3 to 6). Sizes are in bytes.

/// Protocol version.
pub const VERSION: u64 = 1;
/// First item of TH_0.
pub const PROTOCOL: &str = "DKE-v1";
/// Before every label of Expand.
pub const LABEL_PREFIX: &str = "DKE-v1 ";
/// external_aad of SignedBatch.
pub const BATCH_AAD: &str = "DKE-v1 batch";
/// external_aad of a CWT.
pub const CWT_AAD: &str = "DKE-v1 cwt";
/// COSE algorithm ES256 (RFC 9053 section 2.1).
pub const ES256: i64 = -7;
/// Claim epoch_max, private use.
pub const EPOCH_MAX_CLAIM: i64 = -70001;
/// Header parameter kcwt (RFC 9528 section 10.6).
pub const KCWT: i64 = 13;
/// Deepest tree.
pub const DEPTH_MAX: u64 = 8;
/// Early data and answer data.
pub const DATA_MAX: usize = 1024;
/// The number of a call.
pub const CALL_NUMBER: usize = 8;
/// The data of a call: early data, less an array of 2, the number and the head of the data.
pub const CALL_DATA_MAX: usize = DATA_MAX - 1 - (1 + CALL_NUMBER) - 3;
/// The data of an outcome: answer data, less an array of 2, the status and the head of the data.
pub const OUTCOME_DATA_MAX: usize = DATA_MAX - 1 - 1 - 3;
/// Pending exchanges of one call.
pub const CALL_TRIES: usize = 4;
/// A subject or audience.
pub const NAME_MAX: usize = 64;
/// A key identifier.
pub const KID_MAX: usize = 16;
/// CT_1.
pub const CT_1_MIN: usize = 9;
/// CT_1: 339 bytes of ID_CRED and a tag of 16.
pub const CT_1_MAX: usize = 355;
/// CT_2 and CT_3: a tag.
pub const CT_DATA_MIN: usize = 8;
/// A mailbox token.
pub const TOKEN: usize = 16;
/// Longest label of an export.
pub const EXPORT_LABEL_MAX: usize = 64;
/// Longest context of an export.
pub const EXPORT_CONTEXT_MAX: usize = 65535;

/// Is this one of the suites?
pub fn is_suite(number: u64) -> bool {
    number == 2 || number == 3
}

/// Bytes of the suite's AEAD tag.
#[hax_lib::requires(is_suite(suite))]
pub fn tag_length(suite: u64) -> usize {
    if suite == 2 { 8 } else { 16 }
}
