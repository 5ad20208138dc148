//! Specification against implementation: vectors, differential tests, transcripts.

pub mod corrupt;
pub mod example;
pub mod rejections;
pub mod vectors;
