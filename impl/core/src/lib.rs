//! Delayed Key Exchange (DKE): a client agrees on a key with a node *while the node sleeps*, over a gateway that nobody trusts.
//!
//! The protocol, byte by byte, is in `spec/PROTOCOL.md`; the step labels (N1, C1, ...) and the names of the rejections are the same
//! there and here. Neither the standard library nor an allocator is needed: buffers are the caller's, of sizes that [`params`] states;
//! randomness is an argument; what must survive a crash goes through the traits of [`store`]; the cryptography is a type parameter
//! with [`RustCrypto`] as the default.
//!
//! | party | does | where |
//! |---|---|---|
//! | node | publishes (N1), accepts (N2), confirms (N3), forgets (N4) | [`node`] |
//! | client | initiates (C1), finishes (C2) | [`client`] |
//! | gateway | checks what it carries (G1 to G4) | [`gateway`] |
//! | authority | vouches for clients (A1) | [`authority`] |
//! | node and gateway | agree on what is left | [`stock`] |
//!
//! # A whole exchange
//!
//! ```
//! use dke::client::{Client, Request};
//! use dke::node::{Incoming, Node, Plan};
//! use dke::params::*;
//! use dke::ram::{RamClient, RamNode};
//! use dke::store::Pins;
//! use dke::{Credential, Crypto, Depth, RustCrypto, Scalar, credential, gateway};
//! # struct Rng(u8);
//! # impl rand_core::RngCore for Rng {
//! #     fn next_u32(&mut self) -> u32 { 0 }
//! #     fn next_u64(&mut self) -> u64 { 0 }
//! #     fn fill_bytes(&mut self, out: &mut [u8]) { self.0 += 1; out.fill(self.0) }
//! #     fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), rand_core::Error> { self.fill_bytes(out); Ok(()) }
//! # }
//! # impl rand_core::CryptoRng for Rng {}
//! # let mut rng = Rng(0);
//! // Keys and credentials, pinned by a channel of their own.
//! let (n, c) = (Scalar::draw(&mut rng)?, Scalar::draw(&mut rng)?);
//! let (mut cred_n, mut cred_c) = ([0; CREDENTIAL_MAX], [0; CREDENTIAL_MAX]);
//! let len = credential::encode("door", b"n1", &RustCrypto::coordinates(&n), &mut cred_n)?;
//! let cred_n = Credential::parse(&cred_n[..len])?;
//! let len = credential::encode("phone", b"c1", &RustCrypto::coordinates(&c), &mut cred_c)?;
//! let cred_c = Credential::parse(&cred_c[..len])?;
//!
//! // N1: the node leaves four prekeys at the gateway, and sleeps.
//! let node = Node::new(cred_n, &n, false);
//! let mut node_store = RamNode::<4, 1>::new();
//! let plan = Plan { suite: Suite::AesCcm8, depth: Depth::new(2).unwrap(), not_after: 2_000_000_000 };
//! let mut publication = [0; PUBLICATION_MAX];
//! let len = node.publish(&mut node_store, &plan, &mut rng, &mut publication)?;
//!
//! // G2: the gateway hands one out.
//! let mut offer = [0; OFFER_MAX];
//! let len = gateway::offer(&publication[..len], cred_n.hash(), 3, &mut offer)?;
//!
//! // C1: the client has a key and leaves data, while the node sleeps.
//! let client = Client::pinned(&cred_c, &c);
//! let mut client_store = RamClient::<1, 1>::new();
//! let request = Request { mode: Mode::Refresh, early_data: b"open", now: 1_900_000_000 };
//! let mut initiate = [0; INITIATE_MAX];
//! let begun = client.initiate(&mut client_store, &cred_n, &offer[..len], &request, &mut rng, &mut initiate)?;
//!
//! // N2, N3: the node wakes up, accepts and answers.
//! let clients = [cred_c];
//! let pins = Pins::new(&clients, &[])?;
//! let mut buffer = [0; CONFIRM_MAX];
//! let incoming = node.accept(&mut node_store, &pins, &initiate[..begun.len], &mut buffer)?;
//! let Incoming::Accepted(accepted) = incoming else { panic!("not repeated") };
//! assert_eq!((accepted.peer().subject(), accepted.early_data()), ("phone", b"open".as_slice()));
//! let mut confirm = [0; CONFIRM_MAX];
//! let confirmed = accepted.confirm(&mut node_store, b"opened", &mut rng, &mut confirm).map_err(|failed| failed.error)?;
//!
//! // C2: the client finishes; both have the same key.
//! let mut answer = [0; DATA_MAX];
//! let confirm = &confirm[..confirmed.len];
//! let done = begun.awaiting.finish(&mut client_store, confirm, &mut answer).map_err(|failed| failed.error)?;
//! assert_eq!(done.answer, b"opened");
//! assert_eq!(done.session.secret.fingerprint(), confirmed.session.secret.fingerprint());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Secrets
//!
//! Scalars, shared secrets, pseudorandom keys and exporter secrets are types of their own: without `Debug` or `PartialEq`, not `Copy`,
//! erased when dropped. The working states of `sha2`, `hmac` and `p256` on the stack are not erased by those crates. No branch and no
//! address depends on a secret, but for what `tests/valgrind/exceptions.supp` names; `tests/valgrind/run` checks it.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects
)]

pub mod admission;
pub mod authority;
pub mod call;
mod cbor;
pub mod client;
pub mod credential;
pub mod crypto;
pub mod cwt;
pub mod error;
pub mod gateway;
pub mod key_schedule;
pub mod merkle;
pub mod message;
pub mod node;
pub mod params;
pub mod ram;
mod session;
pub mod stock;
pub mod store;
pub mod transcript;

pub use admission::{AdmissionKey, BatchKey};
pub use credential::Credential;
pub use crypto::{Crypto, RustCrypto, Scalar};
pub use error::{Blame, Error, Failed, Misuse, Reject};
pub use params::{Depth, Mode, Suite};
pub use session::Session;
