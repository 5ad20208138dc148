//! Messages, credentials and CWTs for people: CBOR diagnostic notation (RFC 8949 section 8) with annotations and byte counts.

use crate::args;
use crate::fault::Fault;
use crate::files;
use crate::outer;
use crate::report::{Report, printable};
use crate::shape::{CONFIRM, CREDENTIAL, CWT, INITIATE, Inside, OFFER, PUBLICATION, Part, UNKNOWN};
use dke::message::{Confirm, Initiate, Offer, Publication};
use minicbor::Decoder;
use minicbor::data::Type;
use std::fmt;

/// Deeper nesting is not shown.
const DEEPEST: usize = 16;
/// Bytes of a byte string on one line.
pub(crate) const LINE: usize = 32;
/// Where annotations begin, if the line is short enough.
pub(crate) const MARGIN: usize = 84;

/// What a file holds.
#[derive(Debug)]
pub struct Inspection {
    /// Publication, Offer, Initiate, Confirm, Credential, CWT, Request, Response or CBOR.
    pub kind: &'static str,
    /// Its length.
    pub bytes: usize,
    /// Diagnostic notation with annotations in slashes.
    pub diagnostic: String,
}

/// The bytes are no well-formed CBOR item.
#[derive(Debug, thiserror::Error)]
#[error("This is no well-formed CBOR: {0}.")]
pub struct NotCbor(String);

impl From<minicbor::decode::Error> for NotCbor {
    fn from(error: minicbor::decode::Error) -> Self {
        NotCbor(error.to_string())
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} bytes\n\n{}", self.kind, self.bytes, self.diagnostic)
    }
}

/// Recognises the bytes and writes them in diagnostic notation. What is none of the protocol's forms is shown as plain CBOR.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, NotCbor> {
    let (kind, part) = recognise(bytes);
    if let Some((kind, diagnostic)) = outer::shown(bytes).filter(|_| kind == "CBOR") {
        return Ok(Inspection { kind, bytes: bytes.len(), diagnostic });
    }
    let mut writer = Writer { out: String::new() };
    let mut decoder = Decoder::new(bytes);
    writer.item(&mut decoder, bytes, part, 0, "", "")?;
    if decoder.position() != bytes.len() {
        return Err(NotCbor(format!("{} bytes follow the item", bytes.len() - decoder.position())));
    }
    Ok(Inspection { kind, bytes: bytes.len(), diagnostic: writer.out })
}

fn recognise(bytes: &[u8]) -> (&'static str, &'static Part) {
    if Publication::parse(bytes).is_ok() {
        ("Publication", &PUBLICATION)
    } else if Offer::parse(bytes).is_ok() {
        ("Offer", &OFFER)
    } else if Initiate::parse(bytes).is_ok() {
        ("Initiate", &INITIATE)
    } else if Confirm::parse(bytes).is_ok() {
        ("Confirm", &CONFIRM)
    } else if dke::Credential::parse(bytes).is_ok() {
        ("Credential", &CREDENTIAL)
    } else if dke::cwt::Cwt::parse(bytes).is_ok_and(|cwt| cwt.claims().is_ok()) {
        ("CWT", &CWT)
    } else {
        ("CBOR", &UNKNOWN)
    }
}

/// `dke inspect`.
pub(crate) fn run(args: &args::Inspect) -> Result<Report, Fault> {
    let bytes = files::read(&args.file)?;
    let found = inspect(&bytes)
        .map_err(|error| Fault::Input { name: "Usage", sentence: error.to_string() }.about(&args.file))?;
    let text = found.to_string();
    Ok(Report::new()
        .with("kind", found.kind)
        .with("bytes", found.bytes)
        .with("diagnostic", found.diagnostic)
        .shown_as(text))
}

struct Writer {
    out: String,
}

impl Writer {
    /// One item: `before` stands in front of it (a map's key), `after` behind it (a comma).
    fn item(
        &mut self,
        decoder: &mut Decoder<'_>,
        all: &[u8],
        part: &Part,
        depth: usize,
        before: &str,
        after: &str,
    ) -> Result<(), NotCbor> {
        if depth > DEEPEST {
            return Err(NotCbor("it is nested too deeply".into()));
        }
        let start = decoder.position();
        let end = {
            let mut ahead = decoder.clone();
            ahead.skip()?;
            ahead.position()
        };
        let plural = if end - start == 1 { "" } else { "s" };
        let note = format!("{}, {} byte{plural}", part.name, end - start);
        match decoder.datatype()? {
            Type::Array => {
                let count = decoder.array()?.unwrap_or_default();
                if count == 0 {
                    self.line(depth, &format!("{before}[]{after}"), &note);
                    return Ok(());
                }
                self.line(depth, &format!("{before}["), &note);
                for place in 0..count {
                    let inner = element(part, place);
                    self.item(decoder, all, inner, depth + 1, "", comma(place, count))?;
                }
                self.line(depth, &format!("]{after}"), "");
            }
            Type::Map => {
                let count = decoder.map()?.unwrap_or_default();
                if count == 0 {
                    self.line(depth, &format!("{before}{{}}{after}"), &note);
                    return Ok(());
                }
                self.line(depth, &format!("{before}{{"), &note);
                for place in 0..count {
                    let key_start = decoder.position();
                    let number = decoder.clone().i64().ok();
                    decoder.skip()?;
                    let key = minicbor::display(&all[key_start..decoder.position()]).to_string();
                    self.item(decoder, all, value(part, number), depth + 1, &format!("{key}: "), comma(place, count))?;
                }
                self.line(depth, &format!("}}{after}"), "");
            }
            Type::Bytes => {
                let bytes = decoder.bytes()?;
                match part.inside {
                    Inside::Wrapped(inner) if inspectable(bytes) => {
                        self.line(depth, &format!("{before}<<"), &note);
                        self.item(&mut Decoder::new(bytes), bytes, inner, depth + 1, "", "")?;
                        self.line(depth, &format!(">>{after}"), "");
                    }
                    _ => self.bytes(bytes, depth, before, after, &note),
                }
            }
            _ => {
                decoder.skip()?;
                let text = minicbor::display(&all[start..end]).to_string();
                let note = match (&part.inside, text.parse()) {
                    (Inside::Time, Ok(seconds)) => format!("{note}: {}", date(seconds)),
                    _ => note,
                };
                self.line(depth, &format!("{before}{text}{after}"), &note);
            }
        }
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8], depth: usize, before: &str, after: &str, note: &str) {
        if bytes.len() <= LINE {
            self.line(depth, &format!("{before}h'{}'{after}", hex::encode(bytes)), note);
            return;
        }
        self.line(depth, &format!("{before}h'"), note);
        for chunk in bytes.chunks(LINE) {
            self.line(depth + 1, &hex::encode(chunk), "");
        }
        self.line(depth, &format!("'{after}"), "");
    }

    fn line(&mut self, depth: usize, text: &str, note: &str) {
        let text = format!("{:1$}{2}", "", 2 * depth, printable(text));
        self.out.push_str(&if note.is_empty() { text } else { format!("{text:MARGIN$} / {note} /") });
        self.out.push('\n');
    }
}

fn element(part: &Part, place: u64) -> &Part {
    match part.inside {
        Inside::Array(parts) => usize::try_from(place).ok().and_then(|place| parts.get(place)).unwrap_or(&UNNAMED),
        _ => &UNNAMED,
    }
}

fn value(part: &Part, key: Option<i64>) -> &Part {
    match part.inside {
        Inside::Map(parts) => parts.iter().find(|(one, _)| Some(*one) == key).map_or(&UNNAMED, |(_, value)| value),
        _ => &UNNAMED,
    }
}

const UNNAMED: Part = Part { name: "item", inside: Inside::Plain };

/// Is this one complete CBOR item?
fn inspectable(bytes: &[u8]) -> bool {
    let mut decoder = Decoder::new(bytes);
    decoder.skip().is_ok() && decoder.position() == bytes.len()
}

const fn comma(place: u64, count: u64) -> &'static str {
    if place + 1 < count { "," } else { "" }
}

/// UTC date and time of UNIX seconds (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn date(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let shifted = u128::from(days) + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u128::from(month <= 2);
    format!("{year:04}-{month:02}-{of_month:02} {:02}:{:02}:{:02} UTC", rest / 3600, rest % 3600 / 60, rest % 60)
}
