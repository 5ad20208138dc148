//! Runs the jobs, several at once within the machine's memory and cores.

use crate::fault::{Fault, check_end};
use crate::model::{Model, ModelError, Prover};
use crate::plan::Job;
use crate::process::{self, INTERRUPTED, Limits};
use crate::progress::Progress;
use crate::result::{Answer, Row, judge};
use crate::tamarin::Start;
use crate::{proverif, tamarin, verifpal};
use std::collections::VecDeque;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Limits for every process of which the model does not say otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Processes at once.
    pub jobs: usize,
    /// Seconds per process.
    pub time: u64,
    /// MiB per process.
    pub memory: u64,
}

/// A job's rows, and all that Tamarin printed: the theory with the proof.
pub struct Finished {
    /// One row per judged property.
    pub rows: Vec<Row>,
    /// Standard output.
    pub stdout: String,
}

/// Runs all jobs; the results are in their order.
pub fn run_all(jobs: &[Job<'_>], settings: Settings, progress: &Progress) -> Vec<Finished> {
    let run = |job: &Job<'_>| {
        progress.begin(job);
        let finished = run_job(job, limits(job.model, settings));
        progress.done(job, &finished.rows);
        finished
    };
    in_parallel(jobs, settings.jobs, |job| limits(job.model, settings).memory, run)
}

/// Does the work on all items, several at once as far as the machine's memory goes; the results are in the items' order.
pub fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    workers: usize,
    memory: impl Fn(&T) -> u64 + Sync,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let queue: Mutex<VecDeque<usize>> = Mutex::new((0..items.len()).collect());
    let budget = Budget::new(process::available_mebibytes().unwrap_or(u64::MAX));
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..workers.clamp(1, items.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some((at, item)) = next.and_then(|at| Some((at, items.get(at)?))) else { break };
                    let share = budget.take(memory(item));
                    let result = work(item);
                    drop(share);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

/// What a process on the model may use.
pub fn limits(model: &Model, settings: Settings) -> Limits {
    let asked = &model.settings;
    Limits {
        time: Duration::from_secs(asked.time.unwrap_or(settings.time)),
        memory: asked.memory.unwrap_or(settings.memory),
    }
}

fn run_job(job: &Job<'_>, limits: Limits) -> Finished {
    if INTERRUPTED.load(Ordering::Relaxed) {
        return Finished { rows: judge(job, Err(Fault::Interrupted), None), stdout: String::new() };
    }
    match job.model.prover {
        Prover::Tamarin => {
            let lemma = job.judged.first().map(|(lemma, _)| lemma.name.as_str());
            let start = Start { tool: job.tool, command: job.command };
            finish(job, &mut tamarin::command(start, job.model, job.variant, lemma), limits, tamarin::parse)
        }
        Prover::ProVerif => with_file(job, limits, proverif::command, |stdout| proverif::parse(stdout, &job.present)),
        Prover::Verifpal => with_file(job, limits, verifpal::command, |stdout| verifpal::parse(stdout, &job.present)),
    }
}

fn text(job: &Job<'_>) -> Result<String, ModelError> {
    let text = job.model.select(job.variant)?;
    match job.model.prover {
        Prover::ProVerif => Ok(proverif::with_queries(&text, &job.model.properties(job.variant)?, &job.present)),
        Prover::Tamarin | Prover::Verifpal => Ok(text),
    }
}

/// For provers without a preprocessor: runs the command on a file with the variant's text.
fn with_file(
    job: &Job<'_>,
    limits: Limits,
    command: impl Fn(&Model, &Path) -> Command,
    parse: impl Fn(&str) -> Result<Vec<Answer>, Fault>,
) -> Finished {
    let name = job.model.file.file_name().unwrap_or_default();
    let written = tempfile::tempdir().and_then(|folder| {
        let text = text(job).map_err(std::io::Error::other)?;
        std::fs::write(folder.path().join(name), text).map(|()| folder)
    });
    match written {
        Ok(folder) => finish(job, &mut command(job.model, &folder.path().join(name)), limits, parse),
        Err(error) => {
            let fault = Fault::NotRun(job.model.path.clone(), error.to_string());
            Finished { rows: judge(job, Err(fault), None), stdout: String::new() }
        }
    }
}

fn finish(
    job: &Job<'_>,
    command: &mut Command,
    limits: Limits,
    parse: impl Fn(&str) -> Result<Vec<Answer>, Fault>,
) -> Finished {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = check_end(&name, process::run(command, limits), limits.time.as_secs(), limits.memory);
    let seconds = output.as_ref().ok().map(|output| output.seconds);
    let answers = output.as_ref().map_err(Fault::clone).and_then(|output| parse(&output.stdout));
    let rows = judge(job, answers, seconds);
    Finished { rows, stdout: output.map(|output| output.stdout).unwrap_or_default() }
}

/// The memory that processes may still be given. One process is always let in.
struct Budget {
    state: Mutex<BudgetState>,
    changed: Condvar,
}

struct BudgetState {
    free: u64,
    running: usize,
}

impl Budget {
    fn new(free: u64) -> Budget {
        Budget { state: Mutex::new(BudgetState { free, running: 0 }), changed: Condvar::new() }
    }

    /// Waits until there is room.
    fn take(&self, mebibytes: u64) -> Share<'_> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |state: &mut BudgetState| state.running > 0 && state.free < mebibytes;
        let mut state = self.changed.wait_while(state, full).unwrap_or_else(PoisonError::into_inner);
        let mebibytes = mebibytes.min(state.free);
        state.free -= mebibytes;
        state.running += 1;
        Share { budget: self, mebibytes }
    }
}

struct Share<'a> {
    budget: &'a Budget,
    mebibytes: u64,
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut state = self.budget.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.free += self.mebibytes;
        state.running -= 1;
        self.budget.changed.notify_all();
    }
}
