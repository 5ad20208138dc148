//! Proof scripts: `proofs/PATH` holds the theory `models/PATH` as Tamarin prints it, with the proofs of its verified lemmas. Tamarin loads
//! it without `--prove` and checks every step instead of searching; a step that does not apply makes its lemma incomplete. Each proof is
//! checked by a process of its own, which loads the script with this proof alone.

use crate::args::Args;
use crate::fault::{Fault, check_end};
use crate::model::{Model, ModelError, Prover, Variant, Verdict};
use crate::plan::{Filter, Job, jobs};
use crate::process::{self, INTERRUPTED, Output};
use crate::record::Records;
use crate::result::{Row, judge};
use crate::run::{Finished, Settings, in_parallel, limits};
use crate::script::Script;
use crate::table::{BAD, GOOD, line, print_columns};
use crate::tamarin::{self, Start};
use crate::tool::{Installed, Tool};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Why a script cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written: {error}", path.display())]
pub struct WriteError {
    path: PathBuf,
    error: std::io::Error,
}

/// What became of one script.
#[derive(Debug)]
pub struct Replayed {
    /// The model's path.
    pub model: String,
    /// Who checked it.
    pub tool: Tool,
    /// One row per lemma whose proof is in the script.
    pub rows: Vec<Row>,
    /// Why the script is not that of the model.
    pub fault: Option<Fault>,
    /// Seconds of the tool's own search, from the record.
    pub search: Option<f64>,
}

impl Replayed {
    /// What is wrong, in sentences.
    pub fn deviations(&self) -> Vec<String> {
        let fault = self.fault.iter().map(|fault| format!("{}: {}: {fault}", self.model, self.tool));
        fault.chain(self.rows.iter().filter_map(Row::deviation)).collect()
    }

    /// Seconds of loading and checking, of all lemmas together.
    fn seconds(&self) -> Option<f64> {
        self.rows.iter().map(|row| row.seconds).sum()
    }
}

/// Writes the proofs that one tool found for a model into its script. The others stay, if the script is that of the model.
pub fn record<'a>(
    args: &Args,
    model: &Model,
    outputs: impl Iterator<Item = (&'a Job<'a>, &'a Finished)>,
) -> Result<(), WriteError> {
    let path = file(args, model);
    let mut script: Option<Script> = None;
    for (_, finished) in outputs.filter(|(job, _)| job.variant.is_protocol()) {
        let printed = Script::printed(&finished.stdout);
        let script = script.get_or_insert_with(|| {
            let earlier = std::fs::read_to_string(&path).map(|text| Script::printed(&text));
            let same = earlier.ok().filter(|earlier| printed.first_difference(earlier).is_none());
            same.unwrap_or_else(|| printed.without_proofs())
        });
        for row in finished.rows.iter().filter(|row| row.outcome == Ok(Verdict::Verified)) {
            script.take_proof(&row.property, &printed);
        }
    }
    let Some(script) = script else { return Ok(()) };
    let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    written.and_then(|()| std::fs::write(&path, script.to_string())).map_err(|error| WriteError { path, error })
}

fn file(args: &Args, model: &Model) -> PathBuf {
    args.root.join("proofs").join(&model.path)
}

/// One process, or two that belong together.
enum Task<'a> {
    /// Is the script that of the model? Both are loaded without proofs.
    Compare(&'a Model, Start),
    /// Does the proof of this lemma hold? The script is loaded with this proof alone.
    Check(Job<'a>),
}

impl Task<'_> {
    fn model(&self) -> &Model {
        match self {
            Task::Compare(model, _) => model,
            Task::Check(job) => job.model,
        }
    }

    fn tool(&self) -> Tool {
        match self {
            Task::Compare(_, start) => start.tool,
            Task::Check(job) => job.tool,
        }
    }
}

/// Checks the scripts of all Tamarin models and lemmas that fit, lemma by lemma, with every tool that was found.
pub fn replay_all(
    args: &Args,
    settings: Settings,
    models: &[Model],
    tools: &[Installed],
    records: &Records,
) -> Result<Vec<Replayed>, ModelError> {
    let theories: Vec<Model> = models.iter().filter(|model| model.prover == Prover::Tamarin).cloned().collect();
    let filter = Filter { only: args.only.clone(), variant: None };
    let proved = |job: &Job<'_>| job.judged.iter().all(|(_, expected)| *expected == Verdict::Verified);
    let mut checks: Vec<Job<'_>> = jobs(&theories, &filter)?;
    checks.retain(|job| job.variant.is_protocol() && proved(job));

    let mut tasks = Vec::new();
    for installed in tools {
        for model in theories.iter().filter(|model| checks.iter().any(|job| job.model.path == model.path)) {
            tasks.push(Task::Compare(model, Start::of(installed)));
            let of_model = checks.iter().filter(|job| job.model.path == model.path);
            tasks.extend(of_model.map(|job| Task::Check(job.by(installed))));
        }
    }
    let run = |task: &Task<'_>| {
        let done = do_task(args, settings, task);
        anstream::eprintln!("{}", describe(task));
        done
    };
    let done = in_parallel(&tasks, settings.jobs, |task| limits(task.model(), settings).memory, run);

    let mut replayed: Vec<Replayed> = Vec::new();
    for (task, (rows, fault)) in tasks.iter().zip(done) {
        let (model, tool) = (task.model(), task.tool());
        if let Task::Compare(..) = task {
            replayed.push(Replayed { model: model.path.clone(), tool, rows, fault, search: Some(0.0) });
        } else if let Some(theory) = replayed.last_mut() {
            let recorded = |row: &Row| Some(records.find_by(tool, model, &row.variant, &row.property)?.run.seconds);
            let seconds: Option<f64> = rows.iter().map(recorded).sum();
            theory.search = theory.search.zip(seconds).map(|(sum, seconds)| sum + seconds);
            theory.rows.extend(rows);
        }
    }
    Ok(replayed)
}

fn describe(task: &Task<'_>) -> String {
    let what = match task {
        Task::Compare(..) => "compared with its script".to_string(),
        Task::Check(job) => job.judged.iter().map(|(lemma, _)| format!("proof of {}", lemma.name)).collect(),
    };
    format!("{}: {what} by {}", task.model().path, task.tool())
}

fn do_task(args: &Args, settings: Settings, task: &Task<'_>) -> (Vec<Row>, Option<Fault>) {
    if INTERRUPTED.load(Ordering::Relaxed) {
        return (Vec::new(), Some(Fault::Interrupted));
    }
    match task {
        Task::Compare(model, start) => (Vec::new(), compare(args, settings, model, *start).err()),
        Task::Check(job) => {
            let start = Start { tool: job.tool, command: job.command };
            let output = read(args, job.model).and_then(|script| {
                let lemma = job.judged.first().map(|(lemma, _)| lemma.name.as_str());
                load(settings, job.model, start, &script.with_proof_of(lemma.unwrap_or_default()))
            });
            let seconds = output.as_ref().ok().map(|output| output.seconds);
            (judge(job, output.and_then(|output| tamarin::parse(&output.stdout)), seconds), None)
        }
    }
}

/// The script of a model.
fn read(args: &Args, model: &Model) -> Result<Script, Fault> {
    let text = std::fs::read_to_string(file(args, model));
    text.map(|text| Script::printed(&text)).map_err(|_| Fault::NoScript(format!("proofs/{}", model.path)))
}

/// Fails if what Tamarin makes of the script is not what it makes of the model.
fn compare(args: &Args, settings: Settings, model: &Model, start: Start) -> Result<(), Fault> {
    let script = read(args, model)?;
    let of_model = run(settings, model, start)?;
    let of_script = load(settings, model, start, &script.without_proofs())?;
    let (theory, scripted) = (Script::printed(&of_model.stdout), Script::printed(&of_script.stdout));
    theory.first_difference(&scripted).map_or(Ok(()), |difference| Err(Fault::OtherModel(difference)))
}

/// Tamarin on a script.
fn load(settings: Settings, model: &Model, start: Start, script: &Script) -> Result<Output, Fault> {
    let failed = |error: std::io::Error| Fault::NotRun(model.path.clone(), error.to_string());
    let folder = tempfile::tempdir().map_err(failed)?;
    let file = folder.path().join(model.file.file_name().unwrap_or_default());
    std::fs::write(&file, script.to_string()).map_err(failed)?;
    run(settings, &Model { file, ..model.clone() }, start)
}

/// Tamarin on a model, without search.
fn run(settings: Settings, model: &Model, start: Start) -> Result<Output, Fault> {
    let limits = limits(model, settings);
    let mut command = tamarin::command(start, model, &Variant::default(), None);
    check_end(start.command, process::run(&mut command, limits), limits.time.as_secs(), limits.memory)
}

/// Prints the table; true if everything is as expected.
pub fn print(replayed: &[Replayed]) -> bool {
    let mut lines = vec![line(&["theory", "by", "lemmas", "checked", "search in s", "replay in s"])];
    for theory in replayed {
        let good = theory.rows.iter().filter(|row| row.deviation().is_none()).count();
        let style = if theory.deviations().is_empty() { GOOD } else { BAD };
        let seconds =
            |seconds: Option<f64>| seconds.map_or("not recorded".to_string(), |seconds| format!("{seconds:.1}"));
        let (all, good) = (theory.rows.len().to_string(), good.to_string());
        let (search, replay) = (seconds(theory.search), seconds(theory.seconds()));
        lines.push((style, vec![theory.model.clone(), theory.tool.to_string(), all, good, search, replay]));
    }
    print_columns(&lines);
    let deviations: Vec<String> = replayed.iter().flat_map(Replayed::deviations).collect();
    anstream::println!();
    deviations.iter().for_each(|deviation| anstream::println!("{BAD}{deviation}{BAD:#}"));
    deviations.is_empty()
}
