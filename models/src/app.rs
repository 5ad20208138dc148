//! From the command line to the exit code.

use crate::applicability::{ApplicabilityError, Study};
use crate::args::Args;
use crate::fault::Fault;
use crate::model::{self, Model, ModelError, Prover};
use crate::plan::{Filter, Job, jobs};
use crate::process::INTERRUPTED;
use crate::progress::Progress;
use crate::record::{RecordError, Recorded, Records};
use crate::replay::{self, WriteError};
use crate::result::{Row, Source};
use crate::run::{Finished, Settings, run_all};
use crate::table::Report;
use crate::tamarin::Start;
use crate::tool::{Installed, Tool};
use crate::{coverage, tamarin, tool};
use clap::Parser;
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
    #[error("neither tamarin-prover nor tamarin-rs is on PATH, with maude")]
    NoTamarin,
    #[error("Tamarin could not be run: {0}")]
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
    let names = [coverage::names, coverage::application_names, coverage::call_names].map(|names| names(&text)).concat();
    let records = Records::read(&args.root.join("models/verdicts.toml"))?;
    let jobs = jobs(models, filter)?;
    if jobs.is_empty() {
        return Err(Error::NothingFits);
    }

    let Provers { found, missing } = Provers::of(&jobs);
    let takes = |job: &Job<'_>, one: &&Installed| one.tool.prover() == job.model.prover;
    let by_tools = jobs.iter().flat_map(|job| found.iter().filter(|one| takes(job, one)).map(|one| job.by(one)));
    let now: Vec<Job<'_>> = by_tools.collect();
    let finished = run_all(&now, settings(args), &Progress::new(&now));
    let mut rows: Vec<Row> = finished.iter().flat_map(|finished| finished.rows.clone()).collect();
    for job in &jobs {
        let is_absent = |tool: &Tool| found.iter().all(|one| one.tool != *tool);
        let absent = Tool::of(job.model.prover).iter().copied().filter(is_absent);
        rows.extend(recorded_rows(job, &absent.collect::<Vec<_>>(), &records));
    }
    if args.record {
        record(args, models, &now, &finished, &found, records)?;
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
    let (found, missing) = tool::find_all(Prover::Tamarin);
    for (tool, command) in missing {
        anstream::eprintln!("!!! {command} is not on PATH: no proof script was checked by {tool}");
    }
    if found.is_empty() {
        return Ok(PROVER_MISSING);
    }
    let replayed = replay::replay_all(args, settings(args), models, &found, &records)?;
    if replayed.is_empty() {
        return Err(Error::NothingFits);
    }
    Ok(if replay::print(&replayed) { 0 } else { DEVIATION })
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

/// The tools that a run has.
struct Provers {
    found: Vec<Installed>,
    /// Commands of the provers that no tool was found of.
    missing: Vec<String>,
}

impl Provers {
    /// Looks for all that the jobs can use, and says loudly what is not there.
    fn of(jobs: &[Job<'_>]) -> Provers {
        let mut provers = Provers { found: Vec::new(), missing: Vec::new() };
        for prover in Prover::ALL.into_iter().filter(|prover| jobs.iter().any(|job| job.model.prover == *prover)) {
            let (found, absent) = tool::find_all(prover);
            for (tool, command) in &absent {
                anstream::eprintln!("!!! {command} is not on PATH: {tool} proves nothing now");
            }
            if found.is_empty() {
                provers.missing.extend(absent.first().map(|(_, command)| command.to_string()));
            }
            provers.found.extend(found);
        }
        provers
    }
}

/// What the records say in place of tools that are not installed.
fn recorded_rows(job: &Job<'_>, absent: &[Tool], records: &Records) -> Vec<Row> {
    let nobody = absent.len() == Tool::of(job.model.prover).len();
    let mut rows = Vec::new();
    for (property, expected) in &job.judged {
        let found = |tool: &Tool| Some((*tool, records.find_by(*tool, job.model, job.variant, &property.name)?));
        let recorded: Vec<(Tool, Recorded)> = absent.iter().filter_map(found).collect();
        if recorded.is_empty() && nobody {
            let outcome = Err(Fault::NoRecord(job.command.to_string()));
            rows.push(Row { source: Source::Record, ..job.row(property, *expected, outcome, None, None) });
        }
        rows.extend(recorded.into_iter().map(|(tool, Recorded { verdict, run })| {
            let row = job.row(property, *expected, Ok(verdict), run.steps, Some(run.seconds));
            Row { tool, source: Source::Record, ..row }
        }));
    }
    rows
}

/// Records what came out as expected, model by model and tool by tool.
fn record(
    args: &Args,
    models: &[Model],
    jobs: &[Job<'_>],
    finished: &[Finished],
    tools: &[Installed],
    mut records: Records,
) -> Result<(), Error> {
    let rows: Vec<Row> = finished.iter().flat_map(|finished| finished.rows.clone()).collect();
    records.keep(models);
    for model in models {
        // The reference comes last, so that its proofs are those that stay.
        for installed in tools.iter().rev() {
            let of_tool = |job: &Job<'_>| job.model.path == model.path && job.tool == installed.tool;
            let outputs = || jobs.iter().zip(finished).filter(|(job, _)| of_tool(job));
            let Some((_, first)) = outputs().next() else { continue };
            let maude = tamarin::maude(&first.stdout).map(|version| format!(", Maude {version}"));
            let version = format!("{}{}", installed.version, maude.unwrap_or_default());
            let place = format!("{} by {}", model.path, installed.tool);
            if records.take(model, installed.tool, &version, &rows)? {
                if model.prover == Prover::Tamarin {
                    replay::record(args, model, outputs())?;
                }
                anstream::eprintln!("recorded: {place}");
            } else {
                anstream::eprintln!("not recorded, since not everything was run or came out as expected: {place}");
            }
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
    let start = tool::find_all(Prover::Tamarin).0.first().map(Start::of).ok_or(Error::NoTamarin)?;
    let status = tamarin::interactive(start, model, &variant).status().map_err(Error::Interactive)?;
    Ok(if status.success() { 0 } else { DEVIATION })
}
