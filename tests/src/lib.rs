//! Specification against implementation: vectors, differential tests, transcripts.

pub mod adversary;
pub mod application;
pub mod calls;
pub mod corrupt;
pub mod diagnostic;
pub mod differential;
pub mod example;
pub mod harness;
pub mod memory_store;
pub mod rejections;
pub mod vectors;
