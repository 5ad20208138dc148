//! Names that nodes, clients and gateway share, over CoAP and HTTP alike (PROTOCOL.md sections 14 and 16).

/// First segment of every path.
pub const ROOT: &str = "dke";
/// Below a node: its credential.
pub const CREDENTIAL: &str = "credential";
/// Below a node: its Publication.
pub const PUBLICATION: &str = "publication";
/// Below a node: an Offer.
pub const OFFER: &str = "offer";
/// Below a node: the admission key of its newest batch.
pub const ADMISSION: &str = "admission";
/// Below a node: an Initiate for it.
pub const INITIATE: &str = "initiate";
/// Below a node: what is left of its newest batch.
pub const LEFT: &str = "left";
/// Below a node: the Initiates that wait.
pub const MAILBOX: &str = "mailbox";
/// Below a node: its Confirms.
pub const CONFIRM: &str = "confirm";
/// Below a node: sealed representations.
pub const SEALED: &str = "sealed";
/// Below a node: the requests that wait.
pub const REQUESTS: &str = "requests";
/// Below a node: the responses that are kept.
pub const RESPONSE: &str = "response";
/// First segment of every path to a node behind the gateway.
pub const NODES: &str = "nodes";
/// In a query: the mailbox token in hexadecimal.
pub const TOKEN: &str = "token=";
/// In the query of a list: the node behind which it begins.
pub const AFTER: &str = "after=";

/// Content-Format of a message or a credential, from the range for experiments.
pub const MESSAGE: u16 = 65_001;
/// Content-Format of a sequence of messages.
pub const SEQUENCE: u16 = 65_002;
/// Content-Format of a JWE (RFC 7516), which has no number of its own.
pub const JOSE: u16 = 65_003;
/// Content-Format of a request or response as proxies pass it on: [`Bare`](crate::Bare).
pub const BARE: u16 = 65_004;
/// Content-Format of a COSE_Encrypt0 (RFC 9052 section 10).
pub const ENCRYPT0: u16 = 16;
/// Media type of a message or a credential.
pub const MESSAGE_TYPE: &str = "application/x.dke+cbor";
/// Media type of a sequence of messages.
pub const SEQUENCE_TYPE: &str = "application/x.dke+cbor-seq";
/// Media type of a JWE.
pub const JOSE_TYPE: &str = "application/jose";
/// Media type of a request or response as proxies pass it on.
pub const BARE_TYPE: &str = "application/x.dke.message";
/// Media type of a COSE_Encrypt0.
pub const ENCRYPT0_TYPE: &str = "application/cose; cose-type=\"cose-encrypt0\"";
/// Media type of a message that OSCORE protects (RFC 8613 section 11.1).
pub const OSCORE_TYPE: &str = "application/oscore";

/// Bytes of H(CRED_N) that identify a node.
pub const NODE_ID: usize = 16;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A node's identifier in a path: base64url without padding (RFC 4648 section 5), 22 characters.
pub fn node_name(node: &[u8; NODE_ID]) -> String {
    let number = u128::from_be_bytes(*node);
    // 21 characters of 6 bits, and one of the last 2.
    let highest = (0..21_u32).map(|place| number >> 122_u32.saturating_sub(place.saturating_mul(6)));
    let values = highest.chain([number << 4]);
    values
        .filter_map(|bits| ALPHABET.get(usize::try_from(bits & 63).unwrap_or_default()))
        .map(|byte| char::from(*byte))
        .collect()
}

/// The identifier of this name; `None` if it is not in its only form.
pub fn read_node_name(name: &str) -> Option<[u8; NODE_ID]> {
    let (bytes, last) = name.as_bytes().split_first_chunk::<21>().filter(|(_, rest)| rest.len() == 1)?;
    let mut number = 0_u128;
    for byte in bytes {
        number = (number << 6) | u128::from(value(*byte)?);
    }
    // The last character has two bits; the others are zero.
    let last = value(*last.first()?).filter(|last| last & 15 == 0)?;
    Some(((number << 2) | u128::from(last >> 4)).to_be_bytes())
}

/// A node's name as a host (Uri-Host): 32 lower-case hexadecimal digits.
pub fn node_host(node: &[u8; NODE_ID]) -> String {
    format!("{:032x}", u128::from_be_bytes(*node))
}

/// The node of this host; `None` if it is none.
pub fn read_node_host(host: &str) -> Option<[u8; NODE_ID]> {
    let digits = host.len() == 2 * NODE_ID && host.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    u128::from_str_radix(host, 16).ok().filter(|_| digits).map(u128::to_be_bytes)
}

const fn value(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character.wrapping_sub(b'A')),
        b'a'..=b'z' => Some(character.wrapping_sub(b'a').wrapping_add(26)),
        b'0'..=b'9' => Some(character.wrapping_sub(b'0').wrapping_add(52)),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn names_of_nodes() {
        // RFC 4648 section 10: "foobarfoobarfoob" in Base 64.
        assert_eq!(node_name(b"foobarfoobarfoob"), "Zm9vYmFyZm9vYmFyZm9vYg");
        assert_eq!(node_name(&[0xfb; 16]), "-_v7-_v7-_v7-_v7-_v7-w");
        for node in [*b"foobarfoobarfoob", [0; 16], [0xff; 16], [0xfb; 16]] {
            assert_eq!(read_node_name(&node_name(&node)), Some(node));
        }
        for bad in [
            "",
            "Zm9vYmFyZm9vYmFyZm9vYh",
            "Zm9vYmFyZm9vYmFyZm9vYg=",
            "Zm9vYmFyZm9vYmFyZm9vY",
            "Zm9vYmFyZm9vYmFyZm9v+g",
            "ö",
        ] {
            assert_eq!(read_node_name(bad), None, "{bad}");
        }
    }

    #[test]
    fn hosts_of_nodes() {
        assert_eq!(node_host(b"foobarfoobarfoob"), "666f6f626172666f6f626172666f6f62");
        for node in [*b"foobarfoobarfoob", [0; 16], [0xff; 16]] {
            assert_eq!(read_node_host(&node_host(&node)), Some(node));
        }
        for bad in [
            "",
            "localhost",
            "666F6f626172666f6f626172666f6f62",
            "+66f6f626172666f6f626172666f6f62",
            "666f6f626172666f6f626172666f6f6",
            "666f6f626172666f6f626172666f6f6200",
        ] {
            assert_eq!(read_node_host(bad), None, "{bad}");
        }
    }
}
