//! A node's durable memory on raw flash, behind [`dke::store::NodeStore`].
//!
//! | | |
//! |---|---|
//! | [`Flash`] | what a board's driver provides: a program clears bits, an erasure sets all bits of a page |
//! | [`FlashStore`] | the store: where everything lies, and why no cut of power breaks it |
//! | [`cut::PowerCut`] | a flash that loses power in the middle of an operation, for tests |
#![no_std]
#![forbid(unsafe_code)]

pub mod cut;
mod record;
mod store;

pub use store::{CAPACITY, FlashStore, PAGES};

use core::fmt;

/// Bytes of a page, the unit of erasure.
pub const PAGE: usize = 4096;
/// Bytes of a word, the unit of programming.
pub const WORD: usize = 8;

/// Memory-mapped NOR flash.
pub trait Flash {
    /// Why an operation failed.
    type Error;

    /// All of it.
    fn memory(&self) -> &[u8];

    /// Clears the bits of a word that are 0 in `word`; the others stay. `at` is a multiple of [`WORD`].
    ///
    /// The store programs a word once after an erasure, and may later program it to all zeros.
    fn program(&mut self, at: usize, word: &[u8; WORD]) -> Result<(), Self::Error>;

    /// Sets all bits of the page with this number.
    fn erase(&mut self, page: usize) -> Result<(), Self::Error>;
}

/// Why the store failed. `E` is the flash's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault<E> {
    /// More prekeys, or a longer header or Confirm, than there is room for.
    Full,
    /// The flash did not take what was programmed, or kept what was erased: it is worn out.
    Worn,
    /// The driver reports this.
    Driver(E),
}

impl<E: fmt::Display> fmt::Display for Fault<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Full => f.write_str("The store has no room for this."),
            Fault::Worn => f.write_str("The flash does not hold what was written to it."),
            Fault::Driver(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for Fault<E> {}
