//! Outer requests and responses for people (PROTOCOL.md section 16): what everybody on the way sees of them.

use crate::inspect::{LINE, MARGIN};
use dke_app::message::{code, decode, is_request};
use dke_app::oscore::OscoreOption;
use dke_app::request::Protection;

const OSCORE: u16 = 9;
const URI_PATH: u16 = 11;
const CONTENT_FORMAT: u16 = 12;

/// Request or Response, and its parts; `None` if it is no protected message.
pub(crate) fn shown(bytes: &[u8]) -> Option<(&'static str, String)> {
    let message = decode(bytes).ok()?;
    let protection = Protection::of(&message)?;
    let code = code(&message);
    let kind = if is_request(code) { "Request" } else { "Response" };
    let mut out = String::new();
    let mut line = |text: &str, note: &str| {
        let text = if note.is_empty() { text.to_string() } else { format!("{text:MARGIN$} / {note} /") };
        out.push_str(&text);
        out.push('\n');
    };
    line(&format!("{}.{:02}", code >> 5, code & 0x1f), &format!("{kind}, {} bytes; the outer code", bytes.len()));
    for (number, values) in message.options() {
        for value in values {
            line(&format!("option {number}: h'{}'", hex::encode(value)), &meaning(*number, value, protection));
        }
    }
    let text = std::str::from_utf8(&message.payload).ok().filter(|_| protection == Protection::Jwe);
    line("payload", &format!("{}, {} bytes", payload(protection), message.payload.len()));
    match text {
        Some(compact) => compact.split_inclusive('.').for_each(|part| line(&format!("  {part}"), "")),
        None => message.payload.chunks(LINE).for_each(|chunk| line(&format!("  {}", hex::encode(chunk)), "")),
    }
    Some((kind, out))
}

const fn payload(protection: Protection) -> &'static str {
    match protection {
        Protection::Oscore => "OSCORE ciphertext: code, options and payload",
        Protection::Cose => "COSE_Encrypt0",
        Protection::Jwe => "JWE, compact",
    }
}

fn meaning(number: u16, value: &[u8], protection: Protection) -> String {
    match number {
        OSCORE => {
            let option = OscoreOption::parse(value).unwrap_or_default();
            let number = option.sequence.map(|number| format!(", number {number}")).unwrap_or_default();
            let kid = option.kid.map(|kid| format!(", kid h'{}'", hex::encode(kid))).unwrap_or_default();
            format!("OSCORE{number}{kid}")
        }
        URI_PATH => "Uri-Path".into(),
        CONTENT_FORMAT => format!("Content-Format: {}", payload(protection)),
        _ => "an option of a hop".into(),
    }
}
