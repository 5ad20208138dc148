//! From the command line to the exit code.

use crate::applicability::{ApplicabilityError, Study};
use crate::args::Args;
use crate::fault::Fault;
use crate::model::{self, Model, ModelError, Prover};
use crate::plan::{Filter, Job, jobs};
use crate::process::INTERRUPTED;
use crate::progress::Progress;
use crate::record::{RecordError, Records};
use crate::replay::{self, WriteError};
use crate::result::{Row, Source};
use crate::run::{Finished, Settings, run_all};
use crate::table::Report;
use crate::{coverage, installed, tamarin};
use clap::Parser;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

const DEVIATION: u8 = 1;
const USAGE: u8 = 2;
const PROVER_MISSING: u8 = 3;
const STOPPED: u8 = 130;

/// What ends a run before there are verdicts.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Script(#[from] WriteError),
    #[error(transparent)]
    Applicability(#[from] ApplicabilityError),
    #[error("{} cannot be read: {error}", path.display())]
    Protocol { path: PathBuf, error: std::io::Error },
    #[error("no property fits --only and --variant")]
    NothingFits,
    #[error("--interactive needs one Tamarin model; these fit --only: {0}")]
    NotOne(String),
    #[error("tamarin-prover could not be run: {0}")]
    Interactive(std::io::Error),
}

impl Error {
    fn code(&self) -> u8 {
        if matches!(self, Error::NothingFits | Error::NotOne(_)) { USAGE } else { DEVIATION }
    }
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let args = Args::parse();
    // Provers lead their own process groups, so that the terminal's signals do not reach them.
    if let Err(error) = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed)) {
        anstream::eprintln!("provers will outlive an interrupted run: {error}");
    }
    let code = run(&args).unwrap_or_else(|error| {
        anstream::eprintln!("cargo prove: {error}");
        error.code()
    });
    ExitCode::from(if INTERRUPTED.load(Ordering::Relaxed) { STOPPED } else { code })
}

fn run(args: &Args) -> Result<u8, Error> {
    let models = model::discover(&args.root.join("models"))?;
    let filter = Filter { only: args.only.clone(), variant: args.variant.clone() };
    if args.interactive {
        return interactive(&models, &filter);
    }
    if args.replay {
        return replay(args, &models);
    }
    if args.applicability {
        return applicability(args, &models);
    }
    prove(args, &models, &filter)
}

fn prove(args: &Args, models: &[Model], filter: &Filter) -> Result<u8, Error> {
    let path = args.root.join("spec/PROTOCOL.md");
    let text = std::fs::read_to_string(&path).map_err(|error| Error::Protocol { path, error })?;
    let names = [coverage::names(&text), coverage::application_names(&text)].concat();
    let records = Records::read(&args.root.join("models/verdicts.toml"))?;
    let jobs = jobs(models, filter)?;
    if jobs.is_empty() {
        return Err(Error::NothingFits);
    }

    let mut versions = BTreeMap::new();
    let mut missing = Vec::new();
    for prover in Prover::ALL.into_iter().filter(|prover| jobs.iter().any(|job| job.model.prover == *prover)) {
        match installed::version(prover) {
            Ok(version) => drop(versions.insert(prover, version)),
            Err(command) => {
                anstream::eprintln!("!!! {command} is not on PATH: {prover} proves nothing now");
                missing.push(command.to_string());
            }
        }
    }

    let (now, later): (Vec<Job<'_>>, Vec<Job<'_>>) =
        jobs.into_iter().partition(|job| versions.contains_key(&job.model.prover));
    let finished = run_all(&now, settings(args), &Progress::new(&now));
    let mut rows: Vec<Row> = finished.iter().flat_map(|finished| finished.rows.clone()).collect();
    rows.extend(later.iter().flat_map(|job| recorded_rows(job, &records)));
    if args.record {
        record(args, models, &now, &finished, &versions, records)?;
    }

    let gaps = if filter.is_all() { coverage::gaps(&names, models)? } else { Vec::new() };
    let report = Report { rows, names, gaps, missing };
    if args.json {
        println!("{}", report.to_json())
    } else {
        report.print()
    }
    Ok(match (report.deviations().is_empty(), report.missing.is_empty()) {
        (false, _) => DEVIATION,
        (true, false) => PROVER_MISSING,
        (true, true) => 0,
    })
}

fn replay(args: &Args, models: &[Model]) -> Result<u8, Error> {
    let records = Records::read(&args.root.join("models/verdicts.toml"))?;
    match replay::replay_all(args, models, &records) {
        Ok(replayed) if replayed.is_empty() => Err(Error::NothingFits),
        Ok(replayed) => Ok(if replay::print(&replayed) { 0 } else { DEVIATION }),
        Err(command) => {
            anstream::eprintln!("!!! {command} is not on PATH: no proof script was checked");
            Ok(PROVER_MISSING)
        }
    }
}

fn applicability(args: &Args, models: &[Model]) -> Result<u8, Error> {
    let records = Records::read(&args.root.join("models/verdicts.toml"))?;
    let study = Study::read(&args.root.join("models"), models, &records)?;
    let drawn = study.write()?;
    anstream::eprintln!("{} candidates; pictures drawn: {drawn}", study.candidates.len());
    Ok(0)
}

fn settings(args: &Args) -> Settings {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Settings { jobs: args.jobs.unwrap_or(cores), time: args.time, memory: args.memory }
}

/// What the records say in place of a prover that is not installed.
fn recorded_rows(job: &Job<'_>, records: &Records) -> Vec<Row> {
    let command = job.model.prover.commands().first().copied().unwrap_or_default();
    let row = |(property, expected): &(_, _)| {
        let property: &crate::scan::Property = property;
        let recorded = records.find(job.model, job.variant, &property.name);
        let outcome = recorded.map(|recorded| recorded.verdict).ok_or(Fault::NoRecord(command.to_string()));
        let (steps, seconds) =
            (recorded.and_then(|recorded| recorded.steps), recorded.map(|recorded| recorded.seconds));
        Row { source: Source::Record, ..job.row(property, *expected, outcome, steps, seconds) }
    };
    job.judged.iter().map(row).collect()
}

/// Records every model of which everything was run and came out as expected.
fn record(
    args: &Args,
    models: &[Model],
    jobs: &[Job<'_>],
    finished: &[Finished],
    versions: &BTreeMap<Prover, String>,
    mut records: Records,
) -> Result<(), Error> {
    let rows: Vec<Row> = finished.iter().flat_map(|finished| finished.rows.clone()).collect();
    records.keep(models);
    for model in models.iter().filter(|model| rows.iter().any(|row| row.model == model.path)) {
        let version = versions.get(&model.prover).map_or("", String::as_str);
        if records.take(model, version, &rows)? {
            if model.prover == Prover::Tamarin {
                replay::record(args, model, jobs, finished)?;
            }
            anstream::eprintln!("recorded: {}", model.path);
        } else {
            anstream::eprintln!("not recorded, since not everything was run or came out as expected: {}", model.path);
        }
    }
    Ok(records.write(&args.root.join("models/verdicts.toml"))?)
}

fn interactive(models: &[Model], filter: &Filter) -> Result<u8, Error> {
    let part = filter.only.as_deref().unwrap_or_default();
    let fitting: Vec<&Model> =
        models.iter().filter(|model| model.prover == Prover::Tamarin && model.path.contains(part)).collect();
    let [model] = fitting.as_slice() else {
        return Err(Error::NotOne(fitting.iter().map(|model| model.path.as_str()).collect::<Vec<_>>().join(", ")));
    };
    let variant = filter.variant.clone().unwrap_or_default();
    let status = tamarin::interactive(model, &variant).status().map_err(Error::Interactive)?;
    Ok(if status.success() { 0 } else { DEVIATION })
}
