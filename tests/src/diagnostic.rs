//! CBOR in diagnostic notation (RFC 8949 section 8) with each field's name and size in a comment before it.
//!
//! Sizes count the CBOR heads, as PROTOCOL.md section 5 does. Embedded CBOR stands in `<< >>` (RFC 8610 appendix G.3), long byte
//! strings are broken by white space (G.1).

use minicbor::Decoder;
use minicbor::data::Type;
use std::fmt::Write;

/// Bytes of a byte string on one line.
const LINE: usize = 32;

/// A name for an item, and how to show it.
#[derive(Clone, Copy, Debug)]
pub struct Field(pub &'static str, pub Shape);

/// How to show an item. What is of another form than expected is shown as it is.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// As it is.
    Plain,
    /// An array of named items.
    Array(&'static [Field]),
    /// A map whose values have names, in this order.
    Map(&'static [Field]),
    /// A byte string that contains one item.
    Embedded(&'static Shape),
}

use Shape::{Array, Embedded, Map, Plain};

const HEADER: Shape = Array(&[
    Field("version", Plain),
    Field("suite", Plain),
    Field("H(CRED_N)", Plain),
    Field("epoch", Plain),
    Field("not_after", Plain),
    Field("depth", Plain),
    Field("root", Plain),
    Field("mailbox", Plain),
]);

const SIGNED_BATCH: Shape = Array(&[
    Field("protected", Embedded(&Map(&[Field("alg: ES256", Plain)]))),
    Field("unprotected", Plain),
    Field("header", Embedded(&HEADER)),
    Field("signature", Plain),
]);

/// Node to gateway.
pub const PUBLICATION: Field = Field("Publication", Array(&[Field("SignedBatch", SIGNED_BATCH), Field("Ys", Plain)]));

/// Gateway to client.
pub const OFFER: Field = Field(
    "Offer",
    Array(&[Field("SignedBatch", SIGNED_BATCH), Field("index", Plain), Field("Y", Plain), Field("path", Plain)]),
);

/// Client to node.
pub const INITIATE: Field = Field(
    "Initiate",
    Array(&[
        Field("flags", Plain),
        Field("epoch", Plain),
        Field("index", Plain),
        Field("X", Plain),
        Field("CT_1", Plain),
        Field("CT_2", Plain),
    ]),
);

/// Node to client.
pub const CONFIRM: Field =
    Field("Confirm", Array(&[Field("epoch", Plain), Field("index", Plain), Field("Z", Plain), Field("CT_3", Plain)]));

const CNF: Shape = Map(&[Field(
    "COSE_Key",
    Map(&[
        Field("kty: EC2", Plain),
        Field("kid", Plain),
        Field("crv: P-256", Plain),
        Field("x", Plain),
        Field("y", Plain),
    ]),
)]);

/// A CCS.
pub const CREDENTIAL: Field = Field("CRED", Map(&[Field("sub", Plain), Field("cnf", CNF)]));

/// From the authority.
pub const CWT: Field = Field(
    "CWT",
    Array(&[
        Field("protected", Embedded(&Map(&[Field("alg: ES256", Plain), Field("kid", Plain)]))),
        Field("unprotected", Plain),
        Field(
            "claims",
            Embedded(&Map(&[Field("sub", Plain), Field("aud", Plain), Field("cnf", CNF), Field("epoch_max", Plain)])),
        ),
        Field("signature", Plain),
    ]),
);

/// The message in diagnostic notation with comments, one field per line, without a final line break.
pub fn annotate(field: &Field, message: &[u8]) -> String {
    let mut out = String::new();
    let width = field.0.len();
    show(&mut out, field, "", message, 0, width);
    out
}

/// The message in diagnostic notation, on one line.
pub fn plain(message: &[u8]) -> String {
    minicbor::display(message).to_string()
}

fn show(out: &mut String, field: &Field, key: &str, item: &[u8], indent: usize, width: usize) {
    let start = out.len();
    let _ = write!(out, "{:indent$}/ {:>4} {:<width$} / {key}", "", item.len(), field.0);
    let column = out[start..].chars().count();
    value(out, field.1, item, indent, column);
}

fn value(out: &mut String, shape: Shape, item: &[u8], indent: usize, column: usize) {
    match shape {
        Array(fields) => match split(item, Type::Array, fields.len()) {
            Some(items) => block(out, ['[', ']'], fields, items, indent),
            None => out.push_str(&leaf(item, column)),
        },
        Map(fields) => match split(item, Type::Map, fields.len()) {
            Some(items) => block(out, ['{', '}'], fields, items, indent),
            None => out.push_str(&leaf(item, column)),
        },
        Embedded(inner) => match Decoder::new(item).bytes() {
            Ok(bytes) => {
                out.push_str("<< ");
                value(out, *inner, bytes, indent, column);
                out.push_str(" >>");
            }
            Err(_) => out.push_str(&leaf(item, column)),
        },
        Plain => out.push_str(&leaf(item, column)),
    }
}

fn block(out: &mut String, [open, close]: [char; 2], fields: &[Field], items: Vec<(String, &[u8])>, indent: usize) {
    let width = fields.iter().map(|field| field.0.len()).max().unwrap_or_default();
    out.push(open);
    let count = items.len();
    for (number, (field, (key, item))) in fields.iter().zip(items).enumerate() {
        out.push('\n');
        show(out, field, &key, item, indent + 2, width);
        if number + 1 < count {
            out.push(',');
        }
    }
    let _ = write!(out, "\n{:indent$}{close}", "");
}

/// The items of an array, or of a map with their keys in diagnostic notation, if there are just so many.
fn split(item: &[u8], kind: Type, count: usize) -> Option<Vec<(String, &[u8])>> {
    let mut decoder = Decoder::new(item);
    let found = match kind {
        Type::Map => decoder.map(),
        _ => decoder.array(),
    };
    if found.ok()? != Some(u64::try_from(count).ok()?) {
        return None;
    }
    let mut items = Vec::new();
    for _ in 0..count {
        let key = if kind == Type::Map { format!("{}: ", plain(next(&mut decoder)?)) } else { String::new() };
        items.push((key, next(&mut decoder)?));
    }
    (decoder.position() == item.len()).then_some(items)
}

fn next<'b>(decoder: &mut Decoder<'b>) -> Option<&'b [u8]> {
    let start = decoder.position();
    decoder.skip().ok()?;
    decoder.input().get(start..decoder.position())
}

fn leaf(item: &[u8], column: usize) -> String {
    match Decoder::new(item).bytes() {
        Ok(bytes) => {
            let lines: Vec<String> = bytes.chunks(LINE).map(hex::encode).collect();
            format!("h'{}'", lines.join(&format!("\n{:width$}", "", width = column + 2)))
        }
        Err(_) => plain(item),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without_comments(text: &str) -> String {
        let kept: String = text.split('/').step_by(2).collect();
        kept.split_whitespace().collect()
    }

    #[test]
    fn comments_and_white_space_aside_it_is_plain_notation() {
        let mut confirm = vec![0x84, 1, 2, 0x40, 0x58, 70];
        confirm.extend([7; 70]);
        let shown = annotate(&CONFIRM, &confirm);
        assert_eq!(without_comments(&shown), without_comments(&plain(&confirm)));
        assert!(shown.starts_with("/   76 Confirm / [\n  /    1 epoch / 1,\n"), "{shown}");
        assert_eq!(shown.lines().count(), 8);
    }

    #[test]
    fn what_is_of_another_form_is_shown_as_it_is() {
        assert_eq!(annotate(&CONFIRM, &[0x82, 1, 2]), "/    3 Confirm / [1, 2]");
        assert_eq!(annotate(&CREDENTIAL, &[0xa1, 1, 2]), "/    3 CRED / {1: 2}");
        let embedded = annotate(&Field("protected", Embedded(&Map(&[Field("alg", Plain)]))), &[0x43, 0xa1, 1, 0x26]);
        assert_eq!(embedded, "/    4 protected / << {\n  /    1 alg / 1: -7\n} >>");
    }
}
