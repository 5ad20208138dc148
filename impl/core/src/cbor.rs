//! Deterministic CBOR (RFC 8949 section 4.2.1) on the caller's buffers: a strict reader and a writer.
//!
//! The reader goes from left to right and stops at the first deviation, as PROTOCOL.md section 5 "Reading" says:
//! `Malformed`, `NotDeterministic` or `TrailingBytes`. minicbor's decoder accepts longer forms of integers and judges a string's
//! content together with its head; so heads are read here, and minicbor writes.

use crate::crypto::{Crypto, Sha256};
use crate::error::{Misuse, Reject};
use crate::params::HASH;
use core::convert::Infallible;
use minicbor::encode::{Encoder, Write};

const UINT: u8 = 0;
const NINT: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;

/// Reads one message.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// From the first byte of `input`.
    pub(crate) const fn new(input: &'a [u8]) -> Self {
        Reader { rest: input }
    }

    /// The message ends here.
    pub(crate) const fn end(self) -> Result<(), Reject> {
        if self.rest.is_empty() { Ok(()) } else { Err(Reject::TrailingBytes) }
    }

    /// Is the next item a byte string, by its first byte?
    pub(crate) fn at_bytes(&self) -> bool {
        self.rest.first().is_some_and(|first| first >> 5 == BYTES)
    }

    /// uint.
    pub(crate) fn uint(&mut self) -> Result<u64, Reject> {
        self.head(UINT)
    }

    /// A negative integer −1 − n; `None` where it does not fit an `i64`.
    pub(crate) fn nint(&mut self) -> Result<Option<i64>, Reject> {
        let n = self.head(NINT)?;
        Ok(i64::try_from(n).ok().map(|n| !n))
    }

    /// This very integer: a map's key or a fixed value.
    pub(crate) fn expect(&mut self, value: i64) -> Result<(), Reject> {
        let read = match u64::try_from(value) {
            Ok(value) => self.uint()? == value,
            Err(_) => self.nint()? == Some(value),
        };
        if read { Ok(()) } else { Err(Reject::Malformed) }
    }

    /// An array of `n` elements.
    pub(crate) fn array(&mut self, n: u64) -> Result<(), Reject> {
        if self.head(ARRAY)? == n { Ok(()) } else { Err(Reject::Malformed) }
    }

    /// A map of `n` pairs.
    pub(crate) fn map(&mut self, n: u64) -> Result<(), Reject> {
        if self.head(MAP)? == n { Ok(()) } else { Err(Reject::Malformed) }
    }

    /// bstr of any length.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Reject> {
        let length = self.head(BYTES)?;
        self.take(length)
    }

    /// bstr of `min` to `max` bytes.
    pub(crate) fn bytes_within(&mut self, min: usize, max: usize) -> Result<&'a [u8], Reject> {
        let bytes = self.bytes()?;
        if (min..=max).contains(&bytes.len()) { Ok(bytes) } else { Err(Reject::Malformed) }
    }

    /// bstr of exactly `N` bytes.
    pub(crate) fn array_of<const N: usize>(&mut self) -> Result<&'a [u8; N], Reject> {
        self.bytes()?.try_into().map_err(|_| Reject::Malformed)
    }

    /// tstr of 1 to `max` bytes.
    pub(crate) fn text(&mut self, max: usize) -> Result<&'a str, Reject> {
        let length = self.head(TEXT)?;
        let bytes = self.take(length)?;
        if bytes.is_empty() || bytes.len() > max {
            return Err(Reject::Malformed);
        }
        core::str::from_utf8(bytes).map_err(|_| Reject::Malformed)
    }

    /// An item's head of this major type; the shortest form is judged before anything else of the item.
    fn head(&mut self, major: u8) -> Result<u64, Reject> {
        let first = self.be(1)?;
        if first >> 5 != u64::from(major) {
            return Err(Reject::Malformed);
        }
        let (value, least) = match first & 0x1f {
            short @ 0..24 => (short, 0),
            24 => (self.be(1)?, 24),
            25 => (self.be(2)?, 1 << 8),
            26 => (self.be(4)?, 1 << 16),
            27 => (self.be(8)?, 1 << 32),
            _ => return Err(Reject::Malformed), // reserved or indefinite
        };
        if value >= least { Ok(value) } else { Err(Reject::NotDeterministic) }
    }

    fn be(&mut self, bytes: u64) -> Result<u64, Reject> {
        Ok(self.take(bytes)?.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }

    fn take(&mut self, n: u64) -> Result<&'a [u8], Reject> {
        let n = usize::try_from(n).map_err(|_| Reject::Malformed)?;
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(Reject::Malformed)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Writes items one behind the other to a buffer or into a hash.
pub(crate) struct Items<W: Write> {
    encoder: Encoder<W>,
}

/// Items into the caller's buffer.
pub(crate) type Writer<'a> = Items<Slots<'a>>;

impl<W: Write> Items<W> {
    /// uint.
    pub(crate) fn uint(&mut self, value: u64) -> Result<&mut Self, W::Error> {
        self.put(|encoder| encoder.u64(value).map(drop))
    }

    /// Integer of either sign.
    pub(crate) fn int(&mut self, value: i64) -> Result<&mut Self, W::Error> {
        self.put(|encoder| encoder.i64(value).map(drop))
    }

    /// bstr.
    pub(crate) fn bytes(&mut self, value: &[u8]) -> Result<&mut Self, W::Error> {
        self.put(|encoder| encoder.bytes(value).map(drop))
    }

    /// tstr.
    pub(crate) fn text(&mut self, value: &str) -> Result<&mut Self, W::Error> {
        self.put(|encoder| encoder.str(value).map(drop))
    }

    /// The head of an array.
    pub(crate) fn array(&mut self, n: u64) -> Result<&mut Self, W::Error> {
        self.put(|encoder| encoder.array(n).map(drop))
    }

    /// The head of a map.
    pub(crate) fn map(&mut self, n: u64) -> Result<&mut Self, W::Error> {
        self.put(|encoder| encoder.map(n).map(drop))
    }

    fn put(
        &mut self,
        write: impl FnOnce(&mut Encoder<W>) -> Result<(), minicbor::encode::Error<W::Error>>,
    ) -> Result<&mut Self, W::Error> {
        match write(&mut self.encoder) {
            Ok(()) => Ok(self),
            Err(error) => match error.into_write() {
                Some(error) => Err(error),
                // Integers, strings and heads have no other failure than the sink's.
                None => Ok(self),
            },
        }
    }
}

impl<'a> Writer<'a> {
    /// From the first byte of `out`.
    pub(crate) fn new(out: &'a mut [u8]) -> Self {
        Items { encoder: Encoder::new(Slots { rest: out, written: 0 }) }
    }

    /// The head of a bstr, and its `n` bytes for the caller to fill.
    pub(crate) fn slot(&mut self, n: usize) -> Result<&'a mut [u8], Misuse> {
        let length = u64::try_from(n).map_err(|_| Misuse::BufferTooSmall)?;
        self.put(|encoder| encoder.bytes_len(length).map(drop))?;
        self.encoder.writer_mut().take(n)
    }

    /// An item that is already encoded.
    pub(crate) fn encoded(&mut self, item: &[u8]) -> Result<(), Misuse> {
        self.encoder.writer_mut().write_all(item)
    }

    /// Bytes written so far.
    pub(crate) fn len(&self) -> usize {
        self.encoder.writer().written
    }
}

/// The part of a buffer that is not written yet.
pub(crate) struct Slots<'a> {
    rest: &'a mut [u8],
    written: usize,
}

impl<'a> Slots<'a> {
    fn take(&mut self, n: usize) -> Result<&'a mut [u8], Misuse> {
        if n > self.rest.len() {
            return Err(Misuse::BufferTooSmall);
        }
        let (taken, rest) = core::mem::take(&mut self.rest).split_at_mut(n);
        self.rest = rest;
        self.written = self.written.saturating_add(n);
        Ok(taken)
    }
}

impl Write for Slots<'_> {
    type Error = Misuse;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Misuse> {
        self.take(bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }
}

/// A running hash as a sink.
pub(crate) struct HashSink<H>(H);

impl<H: Sha256> Write for HashSink<H> {
    type Error = Infallible;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0.update(bytes);
        Ok(())
    }
}

/// H(i_1, ..., i_n): SHA-256 over the CBOR sequence of the items that `write` writes.
pub(crate) fn hash_items<C: Crypto>(
    write: impl FnOnce(&mut Items<HashSink<C::Sha256>>) -> Result<(), Infallible>,
) -> [u8; HASH] {
    let mut items = Items { encoder: Encoder::new(HashSink(C::Sha256::new())) };
    let Ok(()) = write(&mut items);
    items.encoder.into_writer().0.finish()
}

/// Head of a CBOR item that stands before streamed content: at most 9 bytes.
pub(crate) struct Head {
    bytes: [u8; 9],
    length: usize,
}

impl Head {
    /// uint.
    pub(crate) fn uint(n: u64) -> Head {
        Head::of(|encoder| encoder.u64(n).map(drop))
    }

    /// bstr of `n` bytes.
    pub(crate) fn bytes(n: u64) -> Head {
        Head::of(|encoder| encoder.bytes_len(n).map(drop))
    }

    /// tstr of `n` bytes.
    pub(crate) fn text(n: u64) -> Head {
        Head::of(|encoder| encoder.str_len(n).map(drop))
    }

    /// array of `n` elements.
    pub(crate) fn array(n: u64) -> Head {
        Head::of(|encoder| encoder.array(n).map(drop))
    }

    /// The encoded head.
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn of(write: impl FnOnce(&mut Encoder<Slots<'_>>) -> Result<(), minicbor::encode::Error<Misuse>>) -> Head {
        let mut bytes = [0; 9];
        let mut encoder = Encoder::new(Slots { rest: &mut bytes, written: 0 });
        // Nine bytes hold the longest head.
        let _ = write(&mut encoder);
        let length = encoder.writer().written;
        Head { bytes, length }
    }
}

/// A length as CBOR's 64-bit argument.
pub(crate) fn length(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
