//! Keys from the exporter: the table of PROTOCOL.md section 15.

use dke::Misuse;
use dke::key_schedule::{EarlySecret, SessionSecret};
use zeroize::Zeroizing;

/// Which end of the exchange this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The initiator.
    Client,
    /// The responder.
    Node,
}

impl Role {
    /// What this end sends.
    pub const fn outbound(self) -> Direction {
        match self {
            Role::Client => Direction::ToNode,
            Role::Node => Direction::ToClient,
        }
    }

    /// What this end receives.
    pub const fn inbound(self) -> Direction {
        match self {
            Role::Client => Direction::ToClient,
            Role::Node => Direction::ToNode,
        }
    }
}

/// Who protects for whom. The context of an export, as one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// 0: the client protects, the node opens.
    ToNode,
    /// 1: the node protects, the client opens.
    ToClient,
}

impl Direction {
    const fn context(self) -> [u8; 1] {
        match self {
            Direction::ToNode => [0],
            Direction::ToClient => [1],
        }
    }
}

/// The early or the session secret of an exchange.
pub trait Exporter {
    /// `export(label, context, out.len())` of PROTOCOL.md section 6.
    fn export(&self, label: &str, context: &[u8], out: &mut [u8]) -> Result<(), Misuse>;
}

impl Exporter for EarlySecret {
    fn export(&self, label: &str, context: &[u8], out: &mut [u8]) -> Result<(), Misuse> {
        EarlySecret::export(self, label, context, out)
    }
}

impl Exporter for SessionSecret {
    fn export(&self, label: &str, context: &[u8], out: &mut [u8]) -> Result<(), Misuse> {
        SessionSecret::export(self, label, context, out)
    }
}

/// Names the key of an object: 8 bytes, public.
pub type Kid = [u8; 8];

/// What OSCORE needs from an exchange.
pub struct Oscore {
    /// Master Secret.
    pub master_secret: Zeroizing<[u8; 16]>,
    /// Master Salt.
    pub master_salt: Zeroizing<[u8; 8]>,
    /// The client's Sender ID; its first bit is 0.
    pub client_id: [u8; 4],
    /// The node's Sender ID; its first bit is 1.
    pub node_id: [u8; 4],
}

/// Key and Context IV of COSE_Encrypt0 objects in one direction.
pub struct Encrypt0Key {
    /// Names it.
    pub kid: Kid,
    pub(crate) key: Zeroizing<[u8; 16]>,
    pub(crate) iv: Zeroizing<[u8; 13]>,
}

/// Key of COSE_Mac0 objects in one direction.
pub struct Mac0Key {
    /// Names it.
    pub kid: Kid,
    pub(crate) key: Zeroizing<[u8; 32]>,
}

/// Key of JWE objects in one direction.
pub struct JweKey {
    /// Names it.
    pub kid: Kid,
    pub(crate) key: Zeroizing<[u8; 16]>,
}

/// Key of JWS objects in one direction.
pub struct JwsKey {
    /// Names it.
    pub kid: Kid,
    pub(crate) key: Zeroizing<[u8; 32]>,
}

/// `oscore master secret`, `oscore master salt`, `oscore ids`
pub fn oscore(secret: &impl Exporter) -> Result<Oscore, Misuse> {
    let ids: [u8; 8] = *export(secret, "oscore ids", &[])?;
    let [a, b, c, d, e, f, g, h] = ids;
    Ok(Oscore {
        master_secret: export(secret, "oscore master secret", &[])?,
        master_salt: export(secret, "oscore master salt", &[])?,
        client_id: [a & 0x7f, b, c, d],
        node_id: [e | 0x80, f, g, h],
    })
}

/// `object kid`
pub fn kid(secret: &impl Exporter, direction: Direction) -> Result<Kid, Misuse> {
    Ok(*export(secret, "object kid", &direction.context())?)
}

/// `cose encrypt0 key`, `cose encrypt0 iv`
pub fn encrypt0(secret: &impl Exporter, direction: Direction) -> Result<Encrypt0Key, Misuse> {
    let context = direction.context();
    let key = export(secret, "cose encrypt0 key", &context)?;
    let iv = export(secret, "cose encrypt0 iv", &context)?;
    Ok(Encrypt0Key { kid: kid(secret, direction)?, key, iv })
}

/// `cose mac0 key`
pub fn mac0(secret: &impl Exporter, direction: Direction) -> Result<Mac0Key, Misuse> {
    let key = export(secret, "cose mac0 key", &direction.context())?;
    Ok(Mac0Key { kid: kid(secret, direction)?, key })
}

/// `jose jwe key`
pub fn jwe(secret: &impl Exporter, direction: Direction) -> Result<JweKey, Misuse> {
    let key = export(secret, "jose jwe key", &direction.context())?;
    Ok(JweKey { kid: kid(secret, direction)?, key })
}

/// `jose jws key`
pub fn jws(secret: &impl Exporter, direction: Direction) -> Result<JwsKey, Misuse> {
    let key = export(secret, "jose jws key", &direction.context())?;
    Ok(JwsKey { kid: kid(secret, direction)?, key })
}

fn export<const N: usize>(secret: &impl Exporter, label: &str, context: &[u8]) -> Result<Zeroizing<[u8; N]>, Misuse> {
    let mut out = Zeroizing::new([0; N]);
    secret.export(label, context, out.as_mut_slice())?;
    Ok(out)
}
