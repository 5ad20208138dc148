//! OSCORE over HTTP: RFC 8613 section 11. The ciphertext is the body, and the option's value a header field.

use base64ct::{Base64UrlUnpadded, Encoding as _};

/// The header field of POST requests and of 200 responses (section 13.4).
pub const HEADER: &str = "OSCORE";
/// Their Content-Type (section 13.5); over CoAP there is no Content-Format.
pub const MEDIA_TYPE: &str = "application/oscore";
/// An empty option, which no header field can be: one zero byte, which no option is (section 6.1).
const EMPTY: &str = "AA";

/// The header field's value for an option's value (section 11.2).
pub fn header(option: &[u8]) -> String {
    if option.is_empty() { EMPTY.into() } else { Base64UrlUnpadded::encode_string(option) }
}

/// The option's value for a header field's value (section 11.3); `None` if that is not base64url without padding.
pub fn option(header: &str) -> Option<Vec<u8>> {
    match header {
        "" => None,
        EMPTY => Some(Vec::new()),
        header => Base64UrlUnpadded::decode_vec(header).ok(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{header, option};

    /// The examples of sections 11.5 and 11.6.
    #[test]
    fn header_fields() {
        assert_eq!((header(&[0x09, 0x25]), option("CSU")), ("CSU".into(), Some(vec![0x09, 0x25])));
        assert_eq!((header(&[]), option("AA")), ("AA".into(), Some(vec![])));
        for wrong in ["", "A", "CSU=", "CS+", "CSV", "C S", "\u{e9}\u{e9}"] {
            assert_eq!(option(wrong), None, "{wrong}");
        }
    }
}
