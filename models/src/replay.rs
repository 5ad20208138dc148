//! Proof scripts: `proofs/PATH` holds the theory `models/PATH` as Tamarin prints it, with the proofs of its verified lemmas. Tamarin loads
//! it without `--prove` and checks every step instead of searching; a step that does not apply makes its lemma incomplete.

use crate::args::Args;
use crate::fault::{Fault, check_end};
use crate::installed;
use crate::model::{Model, Prover, Variant, Verdict};
use crate::plan::Job;
use crate::process::{self, Limits};
use crate::record::Records;
use crate::result::{Row, judge};
use crate::run::Finished;
use crate::script::Script;
use crate::table::{BAD, GOOD, line, print_columns};
use crate::tamarin;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

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
    /// One row per lemma whose proof is in the script.
    pub rows: Vec<Row>,
    /// Why the script is not that of the model.
    pub fault: Option<Fault>,
    /// Seconds of the search, from the record.
    pub search: Option<f64>,
    /// Seconds of loading and checking the script.
    pub replay: Option<f64>,
}

impl Replayed {
    /// What is wrong, in sentences.
    pub fn deviations(&self) -> Vec<String> {
        let fault = self.fault.iter().map(|fault| format!("{}: {fault}", self.model));
        fault.chain(self.rows.iter().filter_map(Row::deviation)).collect()
    }
}

/// Writes the script of a model from the outputs of its lemmas' searches.
pub fn record(args: &Args, model: &Model, jobs: &[Job<'_>], finished: &[Finished]) -> Result<(), WriteError> {
    let of_model =
        jobs.iter().zip(finished).filter(|(job, _)| job.model.path == model.path && job.variant.is_protocol());
    let mut script: Option<Script> = None;
    for (job, finished) in of_model {
        let printed = Script::printed(&finished.stdout);
        let script = script.get_or_insert_with(|| printed.without_proofs());
        for (lemma, _) in job.judged.iter().filter(|(_, expected)| *expected == Verdict::Verified) {
            script.take_proof(&lemma.name, &printed);
        }
    }
    let path = file(args, model);
    let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    let text = script.map(|script| script.to_string()).unwrap_or_default();
    written.and_then(|()| std::fs::write(&path, text)).map_err(|error| WriteError { path, error })
}

fn file(args: &Args, model: &Model) -> PathBuf {
    args.root.join("proofs").join(&model.path)
}

/// Checks the scripts of all Tamarin models that fit; returns them, or the command that is missing.
pub fn replay_all(args: &Args, models: &[Model], records: &Records) -> Result<Vec<Replayed>, &'static str> {
    installed::version(Prover::Tamarin)?;
    let fits = |model: &&Model| args.only.as_ref().is_none_or(|part| model.path.contains(part));
    let theories = models.iter().filter(|model| model.prover == Prover::Tamarin).filter(fits);
    Ok(theories.map(|model| replay(args, model, records)).collect())
}

fn replay(args: &Args, model: &Model, records: &Records) -> Replayed {
    let protocol = Variant::default();
    let present = model.properties(&protocol).unwrap_or_default();
    let judged = present.iter().filter_map(|lemma| Some((lemma.clone(), lemma.expected.of(&protocol)?)));
    let judged: Vec<_> = judged.filter(|(_, expected)| *expected == Verdict::Verified).collect();
    let seconds =
        judged.iter().map(|(lemma, _)| records.find(model, &protocol, &lemma.name).map(|found| found.seconds));
    let search = seconds.sum();
    let job = Job { model, variant: &protocol, judged, present };

    let checked = check(args, model);
    let replay = checked.as_ref().ok().map(|(_, seconds)| *seconds);
    match checked {
        Ok((stdout, seconds)) => {
            let rows = judge(&job, tamarin::parse(&stdout), Some(seconds));
            Replayed { model: model.path.clone(), rows, fault: None, search, replay }
        }
        Err(fault) => Replayed { model: model.path.clone(), rows: Vec::new(), fault: Some(fault), search, replay },
    }
}

/// What Tamarin prints for the script, if it is a script of this model, and the seconds that took.
fn check(args: &Args, model: &Model) -> Result<(String, f64), Fault> {
    let path = file(args, model);
    if !path.is_file() {
        return Err(Fault::NoScript(format!("proofs/{}", model.path)));
    }
    let script = Model { file: path, ..model.clone() };
    let run = |mut command: Command| {
        let limits = Limits { time: Duration::from_secs(args.time), memory: args.memory };
        check_end("tamarin-prover", process::run(&mut command, limits), args.time, args.memory)
    };
    let of_model = run(tamarin::command(model, &Variant::default(), None))?;
    let of_script = run(tamarin::command(&script, &Variant::default(), None))?;
    let (theory, scripted) = (Script::printed(&of_model.stdout), Script::printed(&of_script.stdout));
    match theory.first_difference(&scripted) {
        Some(difference) => Err(Fault::OtherModel(difference)),
        None => Ok((of_script.stdout, of_script.seconds)),
    }
}

/// Prints the table; true if everything is as expected.
pub fn print(replayed: &[Replayed]) -> bool {
    let mut lines = vec![line(&["theory", "lemmas", "checked", "search in s", "replay in s"])];
    for theory in replayed {
        let good = theory.rows.iter().filter(|row| row.deviation().is_none()).count();
        let style = if theory.deviations().is_empty() { GOOD } else { BAD };
        let seconds =
            |seconds: Option<f64>| seconds.map_or("not recorded".to_string(), |seconds| format!("{seconds:.1}"));
        let (all, good) = (theory.rows.len().to_string(), good.to_string());
        lines.push((style, vec![theory.model.clone(), all, good, seconds(theory.search), seconds(theory.replay)]));
    }
    print_columns(&lines);
    let deviations: Vec<String> = replayed.iter().flat_map(Replayed::deviations).collect();
    anstream::println!();
    deviations.iter().for_each(|deviation| anstream::println!("{BAD}{deviation}{BAD:#}"));
    deviations.is_empty()
}
