//! Which provers are on PATH, and their versions.

use crate::model::Prover;
use crate::process::{self, Limits};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// The prover's version, or the first of its commands that PATH does not have.
pub fn version(prover: Prover) -> Result<String, &'static str> {
    if let Some(missing) = prover.commands().iter().find(|command| find(command).is_none()) {
        return Err(missing);
    }
    let versions = prover.commands().iter().map(|command| match *command {
        "proverif" => first_line(command, "-help", &[". "]),
        "maude" => format!("Maude {}", first_line(command, "--version", &[])),
        _ => first_line(command, "--version", &[", ", " - "]),
    });
    Ok(versions.collect::<Vec<_>>().join(", "))
}

/// The command's file.
fn find(command: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(command)).find(|file| file.is_file())
}

/// The first line that it prints, up to the first of the signs.
fn first_line(command: &str, argument: &str, ends: &[&str]) -> String {
    let limits = Limits { time: Duration::from_secs(20), memory: 4096 };
    let output = process::run(Command::new(command).arg(argument), limits);
    let stdout = output.map(|output| output.stdout).unwrap_or_default();
    let line = stdout.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("of unknown version");
    let end = ends.iter().filter_map(|end| line.find(end)).min().unwrap_or(line.len());
    line.get(..end).unwrap_or(line).to_string()
}
