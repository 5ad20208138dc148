//! `cargo prove`: runs the provers on the models of Delayed Key Exchange, compares the whole set of their verdicts with what the models
//! expect, and keeps the verdicts.
//!
//! [`model`] finds the models, [`preprocess`] and [`scan`] read them, [`expect`] reads the expectations in their comments, [`grammar`] holds
//! theories to what every Tamarin reads. [`tool`] finds the provers' programs. [`plan`] makes
//! processes of them, [`run`] runs these within limits ([`process`]), [`tamarin`], [`proverif`] and [`verifpal`] read what the provers print,
//! [`result`] judges it. [`table`] shows it, [`record`] keeps it, [`replay`] checks proofs again.
//! [`applicability`] makes the documents of the study of other protocols.
#![forbid(unsafe_code)]

mod app;
pub mod applicability;
pub mod args;
pub mod coverage;
pub mod expect;
pub mod fault;
pub mod grammar;
pub mod model;
pub mod plan;
pub mod preprocess;
pub mod process;
pub mod progress;
pub mod proverif;
pub mod record;
pub mod replay;
pub mod result;
pub mod run;
pub mod scan;
pub mod script;
pub mod table;
pub mod tamarin;
pub mod tool;
pub mod verifpal;

pub use app::main;
