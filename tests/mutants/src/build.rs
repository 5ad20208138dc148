//! A copy of the tree in which a crate is changed, and its tests.

use crate::list::Mutant;
use crate::sites::{self, Site};
use crate::weave::{Woven, weave};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Rounds in which what does not compile is taken out: type errors hide borrow errors.
const ROUNDS: usize = 40;
/// The crate that every switch calls.
const SWITCH: &str = "mutant_switch";

pub(crate) struct Build<'a> {
    tree: &'a Path,
    /// The one that is changed first.
    packages: &'a [&'a str],
    target: PathBuf,
    /// Changes that do not compile by themselves, as they would not under cargo-mutants.
    pub(crate) unviable: Vec<u32>,
    /// Changes that compile alone, perhaps, but not behind a switch.
    pub(crate) inexpressible: Vec<u32>,
}

/// A test binary.
pub(crate) struct Tests {
    pub(crate) binary: PathBuf,
    /// Where cargo would run it.
    pub(crate) dir: PathBuf,
}

/// What the compiler says.
struct Answer {
    tests: Vec<Tests>,
    errors: Vec<Fault>,
}

/// An error: files and bytes of the places that it names, the main one first, and its text.
struct Fault {
    places: Vec<(String, usize)>,
    text: String,
}

impl<'a> Build<'a> {
    /// Copies what git knows of the tree, as it is now.
    pub(crate) fn of(tree: &'a Path, packages: &'a [&'a str]) -> Result<Build<'a>, Box<dyn Error>> {
        let listed = Command::new("git").args(["ls-files", "-z", "-co", "--exclude-standard"]).output()?.stdout;
        for name in listed.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            let name = Path::new(OsStr::from_bytes(name));
            // A file that was deleted, but not in git.
            if name.symlink_metadata().is_ok() {
                let to = tree.join(name);
                fs::create_dir_all(to.parent().ok_or("no parent")?)?;
                fs::copy(name, to)?;
            }
        }
        let switch = tree.join(SWITCH);
        fs::create_dir_all(switch.join("src"))?;
        fs::write(
            switch.join("Cargo.toml"),
            format!("[package]\nname = \"{SWITCH}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n"),
        )?;
        fs::write(switch.join("src/lib.rs"), include_str!("switch.rs.txt"))?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
        let target = std::env::current_dir()?.join(target);
        Ok(Build { tree, packages, target, unviable: Vec::new(), inexpressible: Vec::new() })
    }

    /// Puts all changes in and compiles the tests. What does not compile is taken out.
    pub(crate) fn tests(&mut self, mutants: &[Mutant]) -> Result<Vec<Tests>, Box<dyn Error>> {
        let package = self.packages.first().ok_or("no package")?;
        self.add_switch(package)?;
        let mut files: BTreeMap<&str, Vec<&Mutant>> = BTreeMap::new();
        for mutant in mutants {
            files.entry(&mutant.file).or_default().push(mutant);
        }
        let mut sources: BTreeMap<&str, (String, Vec<Site>)> = BTreeMap::new();
        for (file, mutants) in &files {
            let source = fs::read_to_string(file)?;
            let sites = sites::of(&source, mutants)?;
            let found: HashSet<u32> = sites.iter().flat_map(|site| &site.changes).map(|(id, _)| *id).collect();
            self.inexpressible.extend(mutants.iter().map(|one| one.id).filter(|id| !found.contains(id)));
            sources.insert(file, (source, sites));
        }
        for _ in 0..ROUNDS {
            let mut woven = BTreeMap::new();
            for (file, (source, sites)) in &sources {
                let changed = weave(source, sites, &|id| !self.holds(id));
                fs::write(self.tree.join(file), &changed.text)?;
                woven.insert(*file, changed);
            }
            let answer = self.compile()?;
            if answer.errors.is_empty() {
                return Ok(answer.tests);
            }
            eprintln!(
                "{} errors; {} changes are left",
                answer.errors.len(),
                mutants.iter().filter(|one| self.holds(one.id)).count()
            );
            self.take_out(&answer.errors, &woven)?;
        }
        Err("The changed crate does not compile.".into())
    }

    /// Is this change in the build?
    pub(crate) fn holds(&self, id: u32) -> bool {
        !self.unviable.contains(&id) && !self.inexpressible.contains(&id)
    }

    fn add_switch(&self, package: &str) -> Result<(), Box<dyn Error>> {
        let metadata = Command::new("cargo")
            .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
            .current_dir(self.tree)
            .output()?;
        let metadata: Value = serde_json::from_slice(&metadata.stdout)?;
        let mut packages = metadata["packages"].as_array().into_iter().flatten();
        let found = packages.find(|one| one["name"] == package).ok_or("There is no such crate.")?;
        let manifest = PathBuf::from(found["manifest_path"].as_str().ok_or("no manifest")?);
        let text = fs::read_to_string(&manifest)?;
        let line = format!("[dependencies]\n{SWITCH} = {{ path = {:?} }}\n", self.tree.join(SWITCH));
        Ok(fs::write(manifest, text.replacen("[dependencies]\n", &line, 1))?)
    }

    fn compile(&self) -> Result<Answer, Box<dyn Error>> {
        let mut command = Command::new("cargo");
        command.args(["test", "--no-run", "--offline", "--tests", "--message-format", "json"]);
        for package in self.packages {
            command.args(["-p", package]);
        }
        let command = command.current_dir(self.tree).env("CARGO_TARGET_DIR", &self.target);
        // The switch must be callable from constant functions.
        let output = command.env("RUSTC_BOOTSTRAP", SWITCH).stderr(Stdio::piped()).output()?;
        let mut answer = Answer { tests: Vec::new(), errors: Vec::new() };
        for line in output.stdout.split(|byte| *byte == b'\n') {
            let Ok(line) = serde_json::from_slice::<Value>(line) else { continue };
            if line["reason"] == "compiler-message" && line["message"]["level"] == "error" {
                answer.errors.extend(fault(&line["message"]));
            } else if line["reason"] == "compiler-artifact" && line["profile"]["test"] == true {
                let manifest = Path::new(line["manifest_path"].as_str().unwrap_or_default());
                if let (Some(binary), Some(dir)) = (line["executable"].as_str(), manifest.parent()) {
                    answer.tests.push(Tests { binary: binary.into(), dir: dir.to_path_buf() });
                }
            }
        }
        if answer.errors.is_empty() && !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok(answer)
    }

    fn take_out(&mut self, errors: &[Fault], woven: &BTreeMap<&str, Woven>) -> Result<(), Box<dyn Error>> {
        let before = self.unviable.len() + self.inexpressible.len();
        for error in errors {
            let places = || error.places.iter().filter_map(|(file, at)| Some((woven.get(file.as_str())?, *at)));
            if let Some(id) = places().find_map(|(file, at)| file.change(at)) {
                self.unviable.push(id);
            } else if let Some(ids) = places().find_map(|(file, at)| file.site(at)) {
                self.inexpressible.extend(ids);
            } else if let Some(ids) = places().find_map(|(file, at)| file.arm_after(at)) {
                // A match that is not exhaustive without an arm: one of those that follow.
                self.unviable.extend(ids);
            } else {
                return Err(error.text.clone().into());
            }
        }
        for ids in [&mut self.unviable, &mut self.inexpressible] {
            ids.sort_unstable();
            ids.dedup();
        }
        self.inexpressible.retain(|id| !self.unviable.contains(id));
        if self.unviable.len() + self.inexpressible.len() == before {
            Err("An error is nobody's.".into())
        } else {
            Ok(())
        }
    }
}

/// Where an error is; none for the last line, which counts the others.
fn fault(message: &Value) -> Option<Fault> {
    let spans = message["spans"].as_array()?;
    let (main, others): (Vec<&Value>, Vec<&Value>) = spans.iter().partition(|span| span["is_primary"] == true);
    let place = |span: &Value| {
        Some((span["file_name"].as_str()?.to_string(), usize::try_from(span["byte_start"].as_u64()?).ok()?))
    };
    let places: Vec<(String, usize)> = main.into_iter().chain(others).filter_map(place).collect();
    let text = message["rendered"].as_str().unwrap_or_default().to_string();
    (!places.is_empty()).then_some(Fault { places, text })
}
