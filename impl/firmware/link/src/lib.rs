//! What travels between a node's board and its host: frames of one byte that tells the kind, and a body.
//!
//! | [`Request`], host to board | body |
//! |---|---|
//! | `Seed` | 32 bytes for the random generator, which the board does not have; after each start |
//! | `Publish` | suite (1 byte), depth (1), not_after (8) |
//! | `Republish` | |
//! | `Initiate` | an Initiate |
//! | `Acknowledge` | epoch (8), index (1) |
//! | `CutPower` | words and pages that are still written (4), seed (8): the next one is torn and the board starts anew |
//! | `Stack` | |
//!
//! | [`Answer`], board to host | body |
//! |---|---|
//! | `Ready` | after a start |
//! | `Publication` | a Publication |
//! | `Accepted` | vouched (1), early data: what the application is given, once |
//! | `Confirm` | a Confirm |
//! | `Repeated` | a stored Confirm |
//! | `Session` | mode (1), fingerprint (8) |
//! | `Stack` | bytes of the stack that were used since the last `Stack`, at most (4) |
//! | `Failed` | a [`Failure`] |
//! | `Done` | always the last answer to a request |
//! | `Panicked` | the board panicked: never |
//!
//! Integers are big-endian.
#![no_std]
#![forbid(unsafe_code)]

mod failure;
mod random;
pub mod slip;

pub use failure::{Failure, Garbled};
pub use random::Random;

macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!("Kind ", stringify!($code), ".")] $variant,)*
        }

        impl $name {
            /// Its byte.
            pub const fn code(self) -> u8 {
                match self { $($name::$variant => $code,)* }
            }

            /// The kind with this byte.
            pub const fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some($name::$variant),)* _ => None }
            }
        }
    };
}

kinds! {
    /// Host to board.
    Request { Seed = 1, Publish = 2, Republish = 3, Initiate = 4, Acknowledge = 5, CutPower = 6, Stack = 7, }
}

kinds! {
    /// Board to host.
    Answer {
        Ready = 0x80, Publication = 0x81, Accepted = 0x82, Confirm = 0x83, Repeated = 0x84, Session = 0x85,
        Stack = 0x86, Failed = 0x87, Done = 0x88, Panicked = 0x89,
    }
}
