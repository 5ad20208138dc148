//! The messages as typed, borrowed values. Reading checks the form (PROTOCOL.md section 5); the steps judge the values.
//!
//! ```text
//! Publication = [ SignedBatch, Ys (bstr, 32·2^depth bytes) ]
//! Offer       = [ SignedBatch, index (uint), Y (bstr, 32), path (bstr, 32·depth bytes) ]
//! Initiate    = [ flags (uint), epoch (uint), index (uint), X (bstr, 32), CT_1 (bstr, 9..355), CT_2 (bstr, 8..1040) ]
//! Confirm     = [ epoch (uint), index (uint), Z (bstr, 32 or 0), CT_3 (bstr, 8..1040) ]
//!
//! SignedBatch = [ protected = h'a10126', unprotected = {}, payload = header (bstr), signature (bstr, 64) ]
//! header      = [ version = 1, suite, H(CRED_N) (32), epoch, not_after, depth, root (32), mailbox (32) ]
//! ```

use crate::cbor::{Reader, Writer};
use crate::crypto::{Coordinates, Crypto, Hash, PublicKey, Signature, sig_structure};
use crate::error::{Misuse, Reject};
use crate::params::{AAD_BATCH, CT_1_MAX, CT_1_MIN, CT_DATA_MIN, Depth, KEY, Mode, PROTECTED_ES256, Suite, VERSION};

/// A batch header with a signature: COSE_Sign1 (RFC 9052 section 4.4), untagged.
#[derive(Clone, Copy, Debug)]
pub struct SignedBatch<'a> {
    /// Protected header; only `h'a10126'` is accepted.
    pub protected: &'a [u8],
    /// The encoded header.
    pub header: &'a [u8],
    /// ES256 of the node.
    pub signature: &'a Signature,
}

/// The signed part of a batch, judged: version 1, known suite, this node, depth 0..8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// For all exchanges over this batch.
    pub suite: Suite,
    /// H(CRED_N).
    pub node: Hash,
    /// Counts batches from 1.
    pub epoch: u64,
    /// UNIX seconds.
    pub not_after: u64,
    /// Of the tree.
    pub depth: Depth,
    /// Of the tree.
    pub root: Hash,
    /// SHA-256 of the mailbox token.
    pub mailbox: Hash,
}

/// Node to gateway: a batch of prekeys.
#[derive(Clone, Copy, Debug)]
pub struct Publication<'a> {
    /// Header and signature.
    pub batch: SignedBatch<'a>,
    /// Y_0 ‖ Y_1 ‖ ...
    pub ys: &'a [u8],
}

/// Gateway to client: one prekey.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// Header and signature.
    pub batch: SignedBatch<'a>,
    /// Of the prekey.
    pub index: u64,
    /// The prekey.
    pub y: &'a PublicKey,
    /// Siblings from the leaf up.
    pub path: &'a [u8],
}

/// Client to node.
#[derive(Clone, Copy, Debug)]
pub struct Initiate<'a> {
    /// Bit 0: refresh.
    pub flags: u64,
    /// Of the batch.
    pub epoch: u64,
    /// Of the prekey.
    pub index: u64,
    /// The client's ephemeral.
    pub x: &'a PublicKey,
    /// The client's identity, encrypted.
    pub ct_1: &'a [u8],
    /// Early data, encrypted.
    pub ct_2: &'a [u8],
}

/// Node to client.
#[derive(Clone, Copy, Debug)]
pub struct Confirm<'a> {
    /// Of the batch.
    pub epoch: u64,
    /// Of the prekey.
    pub index: u64,
    /// The node's ephemeral: 32 bytes in refresh, none in basic mode.
    pub z: &'a [u8],
    /// Answer data, encrypted.
    pub ct_3: &'a [u8],
}

impl<'a> SignedBatch<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Reject> {
        reader.array(4)?;
        let protected = reader.bytes()?;
        reader.map(0)?;
        let header = reader.bytes()?;
        let signature = reader.array_of()?;
        Ok(SignedBatch { protected, header, signature })
    }

    /// Reads the header and judges it, in the order of G1 and C1: `UnsupportedAlgorithm`, the header's form, `UnsupportedVersion`,
    /// `UnknownSuite`, `WrongNode`, `DepthOutOfRange`. Does not verify the signature.
    pub fn header(&self, node: &Hash) -> Result<Header, Reject> {
        if self.protected != PROTECTED_ES256 {
            return Err(Reject::UnsupportedAlgorithm);
        }
        Header::parse(self.header, node)
    }

    /// The node's signature, or `BadSignature`.
    pub fn verify<C: Crypto>(&self, node: &Coordinates) -> Result<(), Reject> {
        let digest = sig_structure::<C>(self.protected, AAD_BATCH, self.header);
        if C::verify(node, &digest, self.signature) { Ok(()) } else { Err(Reject::BadSignature) }
    }

    /// Writes the batch into a message.
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Misuse> {
        writer.array(4)?.bytes(self.protected)?.map(0)?.bytes(self.header)?.bytes(self.signature)?;
        Ok(())
    }
}

impl Header {
    /// Reads a header, then judges version, suite, node and depth, in this order.
    pub fn parse(bytes: &[u8], node: &Hash) -> Result<Header, Reject> {
        let mut reader = Reader::new(bytes);
        reader.array(8)?;
        let version = reader.uint()?;
        let suite = reader.uint()?;
        let cred_n: &Hash = reader.array_of()?;
        let epoch = reader.uint()?;
        let not_after = reader.uint()?;
        let depth = reader.uint()?;
        let root = *reader.array_of()?;
        let mailbox = *reader.array_of()?;
        reader.end()?;
        if version != VERSION {
            return Err(Reject::UnsupportedVersion);
        }
        let suite = Suite::from_id(suite).ok_or(Reject::UnknownSuite)?;
        if cred_n != node {
            return Err(Reject::WrongNode);
        }
        let depth = Depth::new(depth).ok_or(Reject::DepthOutOfRange)?;
        Ok(Header { suite, node: *cred_n, epoch, not_after, depth, root, mailbox })
    }

    /// Encodes the header; at most [`HEADER_MAX`](crate::params::HEADER_MAX) bytes. Returns its length.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, Misuse> {
        let mut writer = Writer::new(out);
        writer.array(8)?.uint(VERSION)?.uint(self.suite.id().into())?.bytes(&self.node)?;
        writer.uint(self.epoch)?.uint(self.not_after)?.uint(self.depth.get().into())?;
        writer.bytes(&self.root)?.bytes(&self.mailbox)?;
        Ok(writer.len())
    }
}

impl<'a> Publication<'a> {
    /// Reads a Publication.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reject> {
        let mut reader = Reader::new(bytes);
        reader.array(2)?;
        let batch = SignedBatch::read(&mut reader)?;
        let ys = reader.bytes()?;
        reader.end()?;
        Ok(Publication { batch, ys })
    }

    /// The prekeys one by one; bytes beyond a multiple of 32 are left out.
    pub fn prekeys(&self) -> &'a [PublicKey] {
        self.ys.as_chunks::<KEY>().0
    }
}

impl<'a> Offer<'a> {
    /// Reads an Offer.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reject> {
        let mut reader = Reader::new(bytes);
        reader.array(4)?;
        let batch = SignedBatch::read(&mut reader)?;
        let index = reader.uint()?;
        let y = reader.array_of()?;
        let path = reader.bytes()?;
        reader.end()?;
        Ok(Offer { batch, index, y, path })
    }

    /// Encodes the Offer; at most [`OFFER_MAX`](crate::params::OFFER_MAX) bytes. Returns its length.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, Misuse> {
        let mut writer = Writer::new(out);
        writer.array(4)?;
        self.batch.write(&mut writer)?;
        writer.uint(self.index)?.bytes(self.y)?.bytes(self.path)?;
        Ok(writer.len())
    }
}

impl<'a> Initiate<'a> {
    /// Reads an Initiate.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reject> {
        let mut reader = Reader::new(bytes);
        reader.array(6)?;
        let flags = reader.uint()?;
        let epoch = reader.uint()?;
        let index = reader.uint()?;
        let x = reader.array_of()?;
        let ct_1 = reader.bytes_within(CT_1_MIN, CT_1_MAX)?;
        let ct_2 = reader.bytes_within(CT_DATA_MIN, usize::MAX)?;
        reader.end()?;
        Ok(Initiate { flags, epoch, index, x, ct_1, ct_2 })
    }
}

impl<'a> Confirm<'a> {
    /// Reads a Confirm.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reject> {
        let mut reader = Reader::new(bytes);
        reader.array(4)?;
        let epoch = reader.uint()?;
        let index = reader.uint()?;
        let z = reader.bytes()?;
        if !(z.is_empty() || z.len() == KEY) {
            return Err(Reject::Malformed);
        }
        let ct_3 = reader.bytes_within(CT_DATA_MIN, usize::MAX)?;
        reader.end()?;
        Ok(Confirm { epoch, index, z, ct_3 })
    }

    /// The mode that the length of Z tells.
    pub const fn mode(&self) -> Mode {
        if self.z.is_empty() { Mode::Basic } else { Mode::Refresh }
    }
}
