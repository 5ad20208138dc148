//! The programs that prove models, and which of them PATH has. Tamarin is there twice: stock Tamarin, which is the reference, and
//! tamarin-rs, a port of it to Rust, which is faster. They are told apart by what they say of themselves, not by the names of their files.

use crate::model::Prover;
use crate::process::{self, Limits};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// A program that proves models, in the order of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// Stock Tamarin: the reference for its models.
    Tamarin,
    /// The port of Tamarin to Rust.
    TamarinRs,
    /// ProVerif.
    #[serde(rename = "proverif")]
    ProVerif,
    /// Verifpal.
    Verifpal,
}

impl Tool {
    /// Those that take the models of a prover; the first is the reference.
    pub fn of(prover: Prover) -> &'static [Tool] {
        match prover {
            Prover::Tamarin => &[Tool::Tamarin, Tool::TamarinRs],
            Prover::ProVerif => &[Tool::ProVerif],
            Prover::Verifpal => &[Tool::Verifpal],
        }
    }

    /// Whose models it takes.
    pub fn prover(self) -> Prover {
        match self {
            Tool::Tamarin | Tool::TamarinRs => Prover::Tamarin,
            Tool::ProVerif => Prover::ProVerif,
            Tool::Verifpal => Prover::Verifpal,
        }
    }

    /// The reference among those that take the models of a prover.
    pub fn reference(prover: Prover) -> Tool {
        match prover {
            Prover::Tamarin => Tool::Tamarin,
            Prover::ProVerif => Tool::ProVerif,
            Prover::Verifpal => Tool::Verifpal,
        }
    }

    /// Its key in `models/verdicts.toml`.
    pub fn key(self) -> &'static str {
        match self {
            Tool::Tamarin => "tamarin",
            Tool::TamarinRs => "tamarin-rs",
            Tool::ProVerif => "proverif",
            Tool::Verifpal => "verifpal",
        }
    }

    /// The names that its file may have.
    pub fn commands(self) -> &'static [&'static str] {
        match self {
            Tool::Tamarin => &["tamarin-prover"],
            Tool::TamarinRs => &["tamarin-rs", "tamarin-prover"],
            Tool::ProVerif => &["proverif"],
            Tool::Verifpal => &["verifpal"],
        }
    }

    /// Is this the first line of what the program says of its version?
    fn says(self, line: &str) -> bool {
        let is_port = line.starts_with("tamarin-rs");
        match self {
            Tool::Tamarin => !is_port,
            Tool::TamarinRs => is_port,
            Tool::ProVerif | Tool::Verifpal => true,
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Tool::Tamarin => "Tamarin",
            Tool::TamarinRs => "tamarin-rs",
            Tool::ProVerif => "ProVerif",
            Tool::Verifpal => "Verifpal",
        })
    }
}

/// A tool that PATH has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Which.
    pub tool: Tool,
    /// The command by which it is started.
    pub command: &'static str,
    /// Its version, in its own words.
    pub version: String,
}

/// Finds a tool on PATH, with all that it needs; else the command that is missing.
pub fn find(tool: Tool) -> Result<Installed, &'static str> {
    let mut found = None;
    for command in tool.commands().iter().copied().filter(|command| on_path(command)) {
        let line = first_line(command, if tool == Tool::ProVerif { "-help" } else { "--version" });
        if tool.says(&line) {
            found = Some(Installed { tool, command, version: version(&line) });
            break;
        }
    }
    let installed = found.ok_or(tool.commands().first().copied().unwrap_or_default())?;
    let needs_maude = matches!(tool, Tool::Tamarin | Tool::TamarinRs);
    if needs_maude && !on_path("maude") { Err("maude") } else { Ok(installed) }
}

/// The tools of a prover that PATH has, and the commands of the others.
pub fn find_all(prover: Prover) -> (Vec<Installed>, Vec<(Tool, &'static str)>) {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for &tool in Tool::of(prover) {
        match find(tool) {
            Ok(installed) => found.push(installed),
            Err(command) => missing.push((tool, command)),
        }
    }
    (found, missing)
}

fn on_path(command: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(command)).any(|file: PathBuf| file.is_file())
}

/// The first line that it prints.
fn first_line(command: &str, argument: &str) -> String {
    let limits = Limits { time: Duration::from_secs(60), memory: 4096 };
    let output = process::run(Command::new(command).arg(argument), limits);
    let stdout = output.map(|output| output.stdout).unwrap_or_default();
    stdout.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("of unknown version").to_string()
}

/// Name and version: the line up to what tells of authors, licences and dates.
fn version(line: &str) -> String {
    let end = [", ", " - ", ". "].iter().filter_map(|end| line.find(end)).min().unwrap_or(line.len());
    line.get(..end).unwrap_or(line).to_string()
}
