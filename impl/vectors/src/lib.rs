//! Test vectors of the Delayed Key Exchange (`spec/vectors`), and the check of the implementation against them.
//!
//! [`form`] is the files' form, [`parties`] puts a vector's parties in place, [`check_exchange`] recomputes every value of a complete
//! exchange one by one, [`check_rejection`] shows that a bad message is rejected by the name that the vector gives, [`check_application`]
//! does both for what the exported keys protect, and [`check_calls`] shows that each call is carried out once.
//! All of it works on any backend, and on files of any origin: what is wrong with a file is an [`Mismatch`], never a panic.

mod application;
pub mod calls;
mod exchange;
pub mod form;
mod given;
mod mismatch;
pub mod parties;
mod rejection;

pub use application::check_application;
pub use calls::check_calls;
pub use exchange::check_exchange;
pub use given::Given;
pub use mismatch::Mismatch;
pub use rejection::check_rejection;
