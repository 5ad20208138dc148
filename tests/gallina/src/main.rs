//! Translates the executable specification into Gallina, the language of Rocq: `spec/src` to `proofs/rocq/generated`.
//!
//! The translation is one of syntax: for each function a definition with the same structure. What a machine integer, a sequence or
//! a method of the standard library means stands in `proofs/rocq/Rust.v`. What the translation does not know it refuses, with a panic
//! that names the module; nothing is left out silently.

mod call;
mod expression;
mod function;
mod item;
mod operator;
mod source;
mod types;

use source::{MODULES, Source};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

const HELP: &str = "Translates spec/src into Gallina: proofs/rocq/generated.

Usage: cargo gallina [--check | SOURCE TARGET]

  --check        writes nothing; fails if what is there is not what would be written
  SOURCE TARGET  translates the files of another directory into another one";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => write(&specification(), &directory()),
        ["--check"] => check(),
        [source, target] => write(Path::new(source), Path::new(target)),
        _ => {
            println!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo gallina: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Each file by its name, and its text.
fn generated(specification: &Path) -> io::Result<Vec<(String, String)>> {
    let source = Source::load(specification)?;
    Ok(MODULES.iter().map(|module| (format!("{}.v", module.name), item::file(&source, module))).collect())
}

fn write(specification: &Path, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    for (name, text) in generated(specification)? {
        fs::write(directory.join(name), text)?;
    }
    Ok(())
}

fn check() -> io::Result<()> {
    let generated = generated(&specification())?;
    for (name, text) in &generated {
        if fs::read_to_string(directory().join(name)).ok().as_ref() != Some(text) {
            return Err(io::Error::other(format!("generated/{name} is stale; run `cargo gallina`")));
        }
    }
    for entry in fs::read_dir(directory())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".v") && !generated.iter().any(|(known, _)| *known == name) {
            return Err(io::Error::other(format!("generated/{name} is not generated from anything; remove it")));
        }
    }
    Ok(())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn specification() -> PathBuf {
    root().join("spec/src")
}

fn directory() -> PathBuf {
    root().join("proofs/rocq/generated")
}
