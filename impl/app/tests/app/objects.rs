//! COSE and JOSE: both ways, what is refused, and that no two keys mix.

use crate::common::{Windows, early, session};
use dke_app::export::{self, Direction};
use dke_app::jose::Serialization::{Compact, Json};
use dke_app::{Error, Exporter, Misuse, Reject, cose, jose};
use std::collections::BTreeSet;

const CONTENT: &[u8] = b"23.5 degrees";
const NOW: Option<u64> = Some(1_800_000_000);

/// Seals and opens with keys of these secrets and directions, in each format.
struct Format {
    name: &'static str,
    seal: fn(&Export, Direction, u64) -> Result<Vec<u8>, Misuse>,
    open: fn(&Export, Direction, &mut Windows, &[u8]) -> Opened,
}

/// Fills the last argument from a label and a context.
type Export = dyn Fn(&str, &[u8], &mut [u8]);
type Opened = Result<Vec<u8>, Error<&'static str>>;

struct Via<'e>(&'e Export);

impl Exporter for Via<'_> {
    fn export(&self, label: &str, context: &[u8], out: &mut [u8]) -> Result<(), dke::Misuse> {
        (self.0)(label, context, out);
        Ok(())
    }
}

fn text(object: &[u8]) -> Result<&str, Error<&'static str>> {
    std::str::from_utf8(object).map_err(|_| Reject::Malformed.into())
}

const FORMATS: [Format; 6] = [
    Format {
        name: "Encrypt0",
        seal: |e, d, n| cose::seal_encrypt0(&export::encrypt0(&Via(e), d).unwrap(), n, CONTENT),
        open: |e, d, w, o| Ok(cose::open_encrypt0(&export::encrypt0(&Via(e), d).unwrap(), w, o)?.to_vec()),
    },
    Format {
        name: "Mac0",
        seal: |e, d, n| cose::seal_mac0(&export::mac0(&Via(e), d).unwrap(), n, CONTENT),
        open: |e, d, w, o| cose::open_mac0(&export::mac0(&Via(e), d).unwrap(), w, o),
    },
    Format {
        name: "JWE compact",
        seal: |e, d, n| Ok(jose::seal_jwe(&export::jwe(&Via(e), d).unwrap(), n, None, CONTENT, Compact)?.into_bytes()),
        open: |e, d, w, o| Ok(jose::open_jwe(&export::jwe(&Via(e), d).unwrap(), w, NOW, text(o)?)?.to_vec()),
    },
    Format {
        name: "JWE JSON",
        seal: |e, d, n| Ok(jose::seal_jwe(&export::jwe(&Via(e), d).unwrap(), n, None, CONTENT, Json)?.into_bytes()),
        open: |e, d, w, o| Ok(jose::open_jwe(&export::jwe(&Via(e), d).unwrap(), w, NOW, text(o)?)?.to_vec()),
    },
    Format {
        name: "JWS compact",
        seal: |e, d, n| Ok(jose::seal_jws(&export::jws(&Via(e), d).unwrap(), n, None, CONTENT, Compact)?.into_bytes()),
        open: |e, d, w, o| jose::open_jws(&export::jws(&Via(e), d).unwrap(), w, NOW, text(o)?),
    },
    Format {
        name: "JWS JSON",
        seal: |e, d, n| Ok(jose::seal_jws(&export::jws(&Via(e), d).unwrap(), n, None, CONTENT, Json)?.into_bytes()),
        open: |e, d, w, o| jose::open_jws(&export::jws(&Via(e), d).unwrap(), w, NOW, text(o)?),
    },
];

fn of_early(label: &str, context: &[u8], out: &mut [u8]) {
    early().export(label, context, out).unwrap();
}

fn of_session(label: &str, context: &[u8], out: &mut [u8]) {
    session().export(label, context, out).unwrap();
}

#[test]
fn each_format_opens_what_it_sealed_and_only_once() {
    for Format { name, seal, open } in FORMATS {
        let mut windows = Windows::default();
        for number in [0, 2, 1, 300, (1 << 40) - 1] {
            let object = seal(&of_session, Direction::ToNode, number).unwrap();
            assert_eq!(open(&of_session, Direction::ToNode, &mut windows, &object).unwrap(), CONTENT, "{name}");
            let again = open(&of_session, Direction::ToNode, &mut windows, &object);
            assert_eq!(again, Err(Reject::Replayed.into()), "{name}");
        }
        assert_eq!(seal(&of_session, Direction::ToNode, 1 << 40), Err(Misuse::SequenceExhausted), "{name}");
    }
}

#[test]
fn no_format_secret_or_direction_opens_what_another_sealed() {
    for one in FORMATS {
        let object = (one.seal)(&of_session, Direction::ToNode, 5).unwrap();
        let mut windows = Windows::default();
        for (secret, direction) in [(&of_early as &Export, Direction::ToNode), (&of_session, Direction::ToClient)] {
            let refused = (one.open)(secret, direction, &mut windows, &object);
            assert_eq!(refused, Err(Reject::UnknownKey.into()), "{}", one.name);
            // The kid is public: who says the other one gets no further.
            let forged = |label: &str, context: &[u8], out: &mut [u8]| match label {
                "object kid" => of_session(label, &[0], out),
                _ => secret(label, context, out),
            };
            let refused = (one.open)(&forged, direction, &mut windows, &object);
            assert_eq!(refused, Err(Reject::NotAuthentic.into()), "{}", one.name);
        }
        for other in FORMATS.iter().filter(|other| other.name[..3] != one.name[..3]) {
            let refused = (other.open)(&of_session, Direction::ToNode, &mut windows, &object);
            assert_eq!(refused, Err(Reject::Malformed.into()), "{} by {}", one.name, other.name);
        }
        assert_eq!(windows.window.next, 0);
    }
}

/// Whatever byte is changed, cut off or added: refused, and nothing is consumed.
#[test]
fn no_change_is_accepted() {
    for Format { name, seal, open } in FORMATS {
        let object = seal(&of_session, Direction::ToClient, 5).unwrap();
        let mut windows = Windows::default();
        for place in 0..object.len() {
            for with in [1, 0x20, 0x80] {
                let mut changed = object.clone();
                changed[place] ^= with;
                assert!(open(&of_session, Direction::ToClient, &mut windows, &changed).is_err(), "{name} at {place}");
            }
            assert!(open(&of_session, Direction::ToClient, &mut windows, &object[..place]).is_err(), "{name}: {place}");
        }
        let longer = [object.as_slice(), b"A"].concat();
        assert!(open(&of_session, Direction::ToClient, &mut windows, &longer).is_err(), "{name}");
        assert_eq!(windows.window.next, 0, "{name}");
        assert!(open(&of_session, Direction::ToClient, &mut windows, &object).is_ok(), "{name}");
    }
}

#[test]
fn all_exports_differ() {
    let mut seen = BTreeSet::new();
    for exporter in [of_early as fn(&str, &[u8], &mut [u8]), of_session] {
        for label in ["oscore master secret", "oscore master salt", "oscore ids", "object kid", "cose encrypt0 key"]
            .into_iter()
            .chain(["cose encrypt0 iv", "cose mac0 key", "jose jwe key", "jose jws key"])
        {
            for context in [&[][..], &[0], &[1]] {
                let mut out = [0; 8];
                exporter(label, context, &mut out);
                assert!(seen.insert(out), "{label}");
            }
        }
    }
    assert_eq!(seen.len(), 2 * 9 * 3);
}

#[test]
fn an_object_ends_at_exp() {
    let key = export::jwe(&session(), Direction::ToNode).unwrap();
    let signing = export::jws(&session(), Direction::ToNode).unwrap();
    for form in [Compact, Json] {
        let object = jose::seal_jwe(&key, 1, Some(1000), CONTENT, form).unwrap();
        let signed = jose::seal_jws(&signing, 1, Some(1000), CONTENT, form).unwrap();
        let mut windows = Windows::default();
        assert_eq!(jose::open_jwe(&key, &mut windows, Some(1000), &object).err(), Some(Reject::Expired.into()));
        assert_eq!(jose::open_jws(&signing, &mut windows, Some(1000), &signed).err(), Some(Reject::Expired.into()));
        assert_eq!(windows.window.next, 0);
        assert!(jose::open_jwe(&key, &mut Windows::default(), Some(999), &object).is_ok());
        assert!(jose::open_jws(&signing, &mut Windows::default(), None, &signed).is_ok());
    }
}

/// Headers that a generic library would take, under the right key: not of the form of section 15.
#[test]
fn other_headers() {
    use base64ct::{Base64UrlUnpadded as B64, Encoding as _};
    let key = export::jws(&session(), Direction::ToNode).unwrap();
    let kid = B64::encode_string(&key.kid);
    let mac: &[(&str, Reject)] = &[
        (r#"{"alg":"none","kid":"KID","seq":1,"crit":["seq"]}"#, Reject::Malformed),
        (r#"{"alg":"HS256","kid":"KID","seq":1}"#, Reject::Malformed),
        (r#"{"alg":"HS256","kid":"KID","seq":1,"crit":[]}"#, Reject::Malformed),
        (r#"{"alg":"HS256","kid":"KID","seq":1,"crit":["seq","exp"]}"#, Reject::Malformed),
        (r#"{"alg":"HS256","kid":"KID","seq":1,"exp":5,"crit":["seq"]}"#, Reject::Malformed),
        (r#"{"alg":"HS256","kid":"KID","seq":1,"seq":2,"crit":["seq"]}"#, Reject::Malformed),
        (r#"{"alg":"HS256","kid":"KID","seq":-1,"crit":["seq"]}"#, Reject::Malformed),
        (r#"{"alg":"HS256","kid":"KID","seq":1.0,"crit":["seq"]}"#, Reject::Malformed),
        (r#"{"alg":"HS256","kid":"KID","seq":1099511627776,"crit":["seq"]}"#, Reject::Malformed),
        (r#"{"alg":"HS256","kid":"KID","seq":1,"b64":false,"crit":["seq"]}"#, Reject::Malformed),
        (r#"["HS256",null,"KID",1,null,["seq"]]"#, Reject::Malformed),
        (r#"{"alg":"HS256","kid":"AAAA","seq":1,"crit":["seq"]}"#, Reject::UnknownKey),
        // The form is right, only the tag is not.
        (r#"{ "crit": ["seq"], "seq": 1, "kid": "KID", "alg": "HS256" }"#, Reject::NotAuthentic),
    ];
    for (header, reject) in mac {
        let header = B64::encode_string(header.replace("KID", &kid).as_bytes());
        let refused = jose::open_jws(&key, &mut Windows::default(), None, &format!("{header}.AAAA.AAAA"));
        assert_eq!(refused, Err((*reject).into()), "{header}");
    }
}
