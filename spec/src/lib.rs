//! Executable specification of Delayed Key Exchange (`spec/PROTOCOL.md`), in the style of hacspec: pure, total, slow, and readable
//! beside the standards that it quotes. It does no I/O and draws no randomness; it shares no code with the implementation.
//!
//! How the files are written is checked by `spec/tests/subset.rs`: no unsafe code, no trait objects, no closure that captures
//! mutably, no interior mutability, no `&mut`, no `while` or `loop`, no way out of the middle of a `for` (`return`, `?`, `break`,
//! `continue`), no reference in a return type, no floating point, no I/O. A comment above a line states the step of the
//! standard that the line does: in quotation marks in the words of the standard, else in other words. Formulas and pseudocode stand
//! without quotation marks, in ASCII.
//!
//! [`weakening`] is no part of the protocol: each `w.<protection>` in the code is the place of a protection, and what happens without it.
//!
//! `#[hax_lib::requires]` and `#[hax_lib::ensures]` state what a function expects and what it promises. Compiled with `--cfg hax`
//! they are checked for being well-typed, no more; the plain functions they are made of are tested like all others.
#![forbid(unsafe_code)]
#![allow(clippy::needless_range_loop, reason = "hacspec iterates over ranges of indices only")]

pub mod aes128;
pub mod application;
pub mod base64url;
pub mod bytes;
pub mod call;
pub mod cbor;
pub mod ccm;
pub mod client;
pub mod cose;
pub mod credential;
pub mod cwt;
pub mod ecdsa;
pub mod error;
pub mod fields;
pub mod gateway;
pub mod gcm;
pub mod hkdf;
pub mod hmac;
pub mod jose;
pub mod key_schedule;
pub mod merkle;
pub mod message;
pub mod node;
pub mod oscore;
pub mod p256;
pub mod params;
pub mod sha256;
pub mod transcript;
pub mod utf8;
pub mod weakening;
