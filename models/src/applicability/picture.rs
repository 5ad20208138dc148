//! Pictures of attacks: Tamarin writes the trace as a graph, Graphviz draws it. A picture names the hash of its model, so that one of an
//! older model is drawn again.

use super::attacks::{self, Attack};
use super::{ApplicabilityError, Study, read};
use crate::model::{Prover, Variant};
use crate::process::{self, Ended, Limits};
use crate::tamarin::{self, Start};
use crate::tool;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const LIMITS: Limits = Limits { time: Duration::from_secs(300), memory: 6144 };

/// The comment in a picture by which it belongs to its model.
pub fn mark(attack: &Attack<'_>) -> String {
    let model = attack.candidate.model;
    format!("<!-- {} {} {}: sha256 {} -->", model.path, attack.flag, attack.lemma, model.sha256())
}

/// Does a picture show this attack on the model as it is?
pub fn is_current(picture: &str, attack: &Attack<'_>) -> bool {
    picture.contains(&mark(attack))
}

/// Draws what is missing or out of date, and removes what shows no attack.
pub fn draw_all(study: &Study<'_>) -> Result<usize, ApplicabilityError> {
    let folder = study.picture("");
    std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, error))?;
    let mut files = BTreeSet::new();
    let mut drawn = 0;
    for attack in attacks::all(study) {
        let Some(file) = attack.picture() else { continue };
        let path = study.picture(&file);
        files.insert(file);
        if !read(&path).is_ok_and(|picture| is_current(&picture, &attack)) {
            let picture = draw(&attack)?;
            std::fs::write(&path, picture).map_err(|error| failed(&path, error))?;
            drawn += 1;
        }
    }
    for entry in std::fs::read_dir(&folder).map_err(|error| failed(&folder, error))? {
        let path = entry.map_err(|error| failed(&folder, error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !files.contains(&name) {
            std::fs::remove_file(&path).map_err(|error| failed(&path, error))?;
        }
    }
    Ok(drawn)
}

fn failed(path: &Path, error: std::io::Error) -> ApplicabilityError {
    ApplicabilityError::File { path: path.to_path_buf(), error }
}

/// The picture as SVG.
fn draw(attack: &Attack<'_>) -> Result<String, ApplicabilityError> {
    let variant: Variant = attack.flag.parse().unwrap_or_default();
    let folder = tempfile::tempdir().map_err(|error| failed(Path::new("."), error))?;
    let graph = folder.path().join("trace.dot");
    let tamarin = tool::find_all(Prover::Tamarin).0;
    let none = || ApplicabilityError::Picture("neither tamarin-prover nor tamarin-rs is on PATH".to_string());
    let start = tamarin.first().map(Start::of).ok_or_else(none)?;
    let mut prover = tamarin::command(start, attack.candidate.model, &variant, Some(attack.lemma));
    run(prover.arg(format!("--output-dot={}", graph.display())))?;
    let svg = run(Command::new("dot").arg("-Tsvg").arg(&graph))?;
    let (head, body) = svg.split_once("<svg").unwrap_or(("", &svg));
    // Which version drew it says nothing of the attack.
    let kept = head.lines().take_while(|line| !line.starts_with("<!-- Generated"));
    Ok(format!("{}\n{}\n<svg{body}", kept.collect::<Vec<_>>().join("\n"), mark(attack)))
}

/// Runs a command that must succeed; returns what it printed.
fn run(command: &mut Command) -> Result<String, ApplicabilityError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output =
        process::run(command, LIMITS).map_err(|error| ApplicabilityError::Picture(format!("{name}: {error}")))?;
    match output.ended {
        Ended::Exit(status) if status.success() => Ok(output.stdout),
        _ => Err(ApplicabilityError::Picture(format!("{name} failed: {}", output.stderr.trim()))),
    }
}
