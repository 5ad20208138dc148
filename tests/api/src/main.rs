//! Compares the public API of each library crate with the file that keeps it. `cargo api`; `--write` accepts the changes.
//!
//! The API is what rustdoc sees: every public path with its signature and its implementations, without blanket, auto and derived ones.
//! It says that something changed, not whether what stayed behaves as before. A line that goes away or changes breaks users, a new one
//! does not, except a trait's method without a default and a variant or field that others must name.

use public_api::{Builder, PublicApi};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const CRATES: [&str; 7] =
    ["dke", "dke-vectors", "dke-coap", "dke-app", "dke-gateway", "dke-agent", "dke-state"];

fn main() -> ExitCode {
    let write = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--write") => true,
        Some(_) => {
            eprintln!("usage: cargo api [--write]");
            return ExitCode::from(2);
        }
    };
    let mut failed = false;
    for name in CRATES {
        let ok = check(name, write).unwrap_or_else(|error| {
            eprintln!("{error}");
            false
        });
        println!(
            "{name}: {}",
            if !ok {
                "CHANGED"
            } else if write {
                "written"
            } else {
                "as kept"
            }
        );
        failed |= !ok;
    }
    ExitCode::from(u8::from(failed))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn check(name: &str, write: bool) -> Result<bool, String> {
    let api = api(name)?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{name}.txt"));
    if write {
        return std::fs::write(&file, api).map(|()| true).map_err(|error| format!("{}: {error}", file.display()));
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let (old, new): (Vec<_>, Vec<_>) = (kept.lines().collect(), api.lines().collect());
    old.iter().filter(|line| !new.contains(line)).for_each(|line| println!("- {line}"));
    new.iter().filter(|line| !old.contains(line)).for_each(|line| println!("+ {line}"));
    if old != new {
        println!("{name}: the public API is no longer that of tests/api/{name}.txt; cargo api --write accepts it");
    }
    Ok(old == new)
}

/// One line for each public item.
fn api(name: &str) -> Result<String, String> {
    let json = rustdoc(name)?;
    let builder = Builder::from_rustdoc_json(json).omit_blanket_impls(true).omit_auto_trait_impls(true);
    let api: PublicApi = builder.omit_auto_derived_impls(true).build().map_err(|error| format!("{name}: {error}"))?;
    Ok(api.to_string())
}

/// Without the feature aws-lc-rs, whose C code would have to be compiled; `release`, because what runs at build time is not optimised
/// then. rustdoc's JSON is unstable: of one stable compiler it has one format, but must be asked for.
fn rustdoc(name: &str) -> Result<PathBuf, String> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root()).env("RUSTC_BOOTSTRAP", "1");
    cargo.args(["rustdoc", "--quiet", "--locked", "--lib", "--release", "-p", name, "--target-dir", "target/api"]);
    cargo.args(["--", "-Zunstable-options", "--output-format", "json"]);
    let status = cargo.status().map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !status.success() {
        return Err(format!("{name}: rustdoc failed"));
    }
    Ok(root().join("target/api/doc").join(name.replace('-', "_")).with_extension("json"))
}
