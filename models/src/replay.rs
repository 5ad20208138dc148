//! Proof scripts: `proofs/tamarin/THEORY.spthy` holds a theory as Tamarin prints it, with the proofs of its verified lemmas. Tamarin checks
//! them without search.

use crate::args::Args;
use crate::model::Model;
use crate::plan::Job;
use crate::run::Finished;

/// Why there is no replay.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {}

/// TODO
pub fn run(_args: &Args, _models: &[Model]) -> Result<u8, ReplayError> {
    Ok(0)
}

/// TODO
pub fn record(_args: &Args, _model: &Model, _jobs: &[Job<'_>], _finished: &[Finished]) -> Result<(), ReplayError> {
    Ok(())
}
