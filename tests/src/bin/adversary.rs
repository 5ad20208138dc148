//! `cargo adversary`: attack scripts against the running code, with the models' lemmas as monitors.

use clap::Parser;
use dke_tests::adversary::campaign::{Plan, campaign};
use dke_tests::adversary::script::Script;
use dke_tests::adversary::table::{document, replace, table};
use dke_tests::adversary::variants::{ALL, Attack, search, smallest};
use dke_tests::adversary::world::Driven;
use dke_tests::adversary::{Setting, run};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Random attack scripts of a gateway that does what it likes, with the lemmas of models/tamarin evaluated after every action.
#[derive(Parser)]
#[command(after_help = "Examples:
  cargo adversary --scripts 20000 --spec 1500
  cargo adversary --replay tests/attacks/NO_EE.dke --variant NO_EE
  cargo adversary --variant NO_EE --write      look for an attack on the specification without ee, keep it in tests/attacks
  cargo adversary --variant NO_EE --replay tests/attacks/NO_EE.dke --write      make the kept one small again
  cargo adversary --table                      write the table in tests/ADVERSARY.md")]
struct Arguments {
    /// Number of random scripts
    #[arg(long, default_value_t = 1000)]
    scripts: u64,
    /// Of these, with the specification alongside; the rest on the implementation alone
    #[arg(long, default_value_t = 100)]
    spec: u64,
    /// Number of the first script; the same number is the same script
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Threads
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Runs one script from a file instead, on specification and implementation, or on the specification of --variant
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// Looks for an attack on the specification of a weakened variant instead, in at most --scripts scripts
    #[arg(long, value_name = "FLAGS")]
    variant: Option<String>,
    /// Keeps the attack that --variant finds
    #[arg(long, requires = "variant")]
    write: bool,
    /// Writes the table of variants instead
    #[arg(long)]
    table: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments {
        Arguments { table: true, .. } => write_table(),
        Arguments { replay: Some(file), variant, write: false, .. } => replay(file, variant.as_deref()),
        Arguments { variant: Some(flags), .. } => look_for(flags, &arguments),
        _ => random(&arguments),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn setting(variant: Option<&str>) -> Result<Setting, String> {
    let read = match variant {
        None => Setting::protocol(),
        Some(flags) => Setting::weakened(flags).ok_or_else(|| format!("there is no variant {flags}"))?,
    };
    read.map_err(|error| format!("{error:?}"))
}

fn random(arguments: &Arguments) -> Result<bool, String> {
    let &Arguments { scripts, spec, seed, threads, .. } = arguments;
    let plan = Plan { scripts, both: spec.min(scripts), seed, threads };
    let start = Instant::now();
    let progress = |done: u64| {
        if done.is_multiple_of(500) {
            eprintln!("{done} of {scripts} scripts");
        }
    };
    match campaign(&plan, &setting(None)?, &progress) {
        Ok(report) => {
            print!("{report}");
            println!("{:.0} s", start.elapsed().as_secs_f64());
            let shortcomings = report.shortcomings();
            shortcomings.iter().for_each(|shortcoming| println!("not enough: {shortcoming}"));
            Ok(shortcomings.is_empty())
        }
        Err(failure) => {
            println!("{failure}");
            Ok(false)
        }
    }
}

fn replay(file: &Path, variant: Option<&str>) -> Result<bool, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let script: Script = text.parse().map_err(|error| format!("{error:?}"))?;
    let setting = setting(variant)?;
    let driven = variant.map_or(Driven::Both, |_| Driven::Specification(setting.weakening));
    let outcome = run(&script, driven, &setting.theory, false);
    for (action, told) in script.0.iter().zip(&outcome.told) {
        println!("{action}\n    {told}");
    }
    print!("{}", outcome.trace());
    outcome.findings.iter().for_each(|(actions, finding)| println!("after {actions} actions: {finding}"));
    Ok(outcome.findings.is_empty())
}

fn look_for(flags: &str, arguments: &Arguments) -> Result<bool, String> {
    let weakened = ALL.iter().find(|weakened| weakened.flags == flags);
    let weakened = weakened.ok_or_else(|| format!("{flags} is not in the table"))?;
    let progress = |done: u64| {
        if done.is_multiple_of(50) {
            eprintln!("{flags}: {done} scripts");
        }
    };
    let setting = setting(Some(flags))?;
    let attack = match &arguments.replay {
        None => search(weakened, &setting, arguments.scripts, &progress),
        Some(_) => {
            let kept = Attack::read(flags).map_err(|error| format!("{error:?}"))?;
            smallest(weakened, &setting, &kept.script, kept.runs).ok_or("it is no attack any more")?
        }
    };
    print!("{}", attack.text());
    if arguments.write {
        let file = Attack::file(flags);
        std::fs::write(&file, attack.text()).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(weakened.expected.is_ok() != attack.violates.is_empty())
}

fn write_table() -> Result<bool, String> {
    let table = table().map_err(|error| format!("{error:?}"))?;
    let text = std::fs::read_to_string(document()).map_err(|error| format!("{}: {error}", document().display()))?;
    std::fs::write(document(), replace(&text, &table)).map_err(|error| error.to_string())?;
    Ok(true)
}
