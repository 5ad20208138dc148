//! A project in a temporary folder, with provers that say what a test wants them to say.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "every test crate uses a part of it")]

#[path = "../../../tests/common/limit.rs"]
mod limit;

use limit::Limit;
use serde_json::Value;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The folder. PATH of the runs has nothing but its stubs.
pub struct Project {
    folder: TempDir,
    _limit: Limit,
}

/// How a run of `cargo prove` ended.
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Its one JSON object.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }

    pub fn deviations(&self) -> Vec<String> {
        let json = self.json();
        let deviations = json["deviations"].as_array().expect("deviations");
        deviations.iter().map(|deviation| deviation.as_str().expect("a sentence").to_string()).collect()
    }

    /// The run failed, and one of its sentences has these words.
    #[track_caller]
    pub fn fails_with(&self, words: &str) {
        let deviations = self.deviations();
        assert!(deviations.iter().any(|deviation| deviation.contains(words)), "{words}: {deviations:?}");
        assert_eq!(self.code, Some(1));
    }

    #[track_caller]
    pub fn is_as_expected(&self) {
        assert_eq!(self.deviations(), Vec::<String>::new());
        assert_eq!(self.code, Some(0));
    }
}

pub const THEORY: &str = "theory T begin
/* Above a lemma.
 * expect: verified; in WEAK: falsified */
lemma secrecy:
  \"All x #i. Secret(x)@i ==> not Ex #j. K(x)@j\"

/* expect: verified */
lemma executable: exists-trace \"Ex x #i. Secret(x)@i\"
end
";

impl Project {
    /// With the models given by path and text, and a PROTOCOL.md that names the properties.
    pub fn new(properties: &[&str], models: &[(&str, &str)]) -> Project {
        let project = Project { folder: TempDir::new().expect("a temporary folder"), _limit: Limit::default() };
        let rows: String = properties.iter().map(|name| format!("| {name} | says | nothing |\n")).collect();
        let table =
            format!("## 10 Security considerations\n\n| property | says | broken by |\n|---|---|---|\n{rows}\n");
        project.write("spec/PROTOCOL.md", &table);
        std::fs::create_dir_all(project.path("path")).expect("a folder for the stubs");
        models.iter().for_each(|(path, text)| project.write(&format!("models/{path}"), text));
        project
    }

    /// With one theory and its provers; `body` is what the prover does, in sh.
    pub fn with_tamarin(body: &str) -> Project {
        let project = Project::new(&["secrecy"], &[("tamarin/t.spthy", THEORY)]);
        project.stub("tamarin-prover", body);
        project.stub("maude", "");
        project
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).expect("a file")
    }

    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{from} is not in {text}");
        self.write(path, &text.replace(from, to));
    }

    /// A command on the private PATH.
    pub fn stub(&self, command: &str, body: &str) {
        self.stub_named(command, "stub 1.0, by nobody", body);
    }

    /// The same, with what it says of its version.
    pub fn stub_named(&self, command: &str, version: &str, body: &str) {
        let version = format!("case \"$1\" in --version|-help) printf '%s\\n' '{version}'; exit 0;; esac\n");
        let path = self.path("path").join(command);
        std::fs::write(&path, format!("#!/bin/sh\n{version}{body}\n")).expect("a stub");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("permissions");
    }

    pub fn remove_stub(&self, command: &str) {
        std::fs::remove_file(self.path("path").join(command)).expect("the stub");
    }

    pub fn prove(&self, args: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_prove"))
            .arg("--root")
            .arg(self.folder.path())
            .args(args)
            .env("PATH", OsString::from(self.path("path")))
            .stdin(Stdio::null())
            .output()
            .expect("the runner");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    pub fn prove_json(&self) -> Run {
        self.prove(&["--json"])
    }
}

/// sh that prints a text.
pub fn says(text: &str) -> String {
    format!("printf '%s\\n' '{}'", text.replace('\'', "'\\''"))
}

/// sh that prints one text for the variant WEAK and another for the protocol.
pub fn says_by_variant(protocol: &str, weak: &str) -> String {
    format!("case \"$*\" in *-D=WEAK*) {};; *) {};; esac", says(weak), says(protocol))
}

/// What Tamarin prints at its end.
pub fn summary(lemmas: &[&str]) -> String {
    let rule = "=".repeat(78);
    let lines: String = lemmas.iter().map(|lemma| format!("  {lemma}\n")).collect();
    format!("\n{rule}\nsummary of summaries:\n\nanalyzed: t.spthy\n\n  processing time: 0.93s\n  \n{lines}\n{rule}")
}

pub const SECRECY: &str = "secrecy (all-traces): verified (12 steps)";
pub const ATTACK: &str = "secrecy (all-traces): falsified - found trace (7 steps)";
pub const EXECUTABLE: &str = "executable (exists-trace): verified (5 steps)";

/// A prover that tells what the theory expects.
pub fn honest() -> String {
    says_by_variant(&summary(&[SECRECY, EXECUTABLE]), &summary(&[ATTACK, EXECUTABLE]))
}

/// Has the process ended? One that nobody waits for stays as a zombie. A signal takes its time, so this asks for a while.
pub fn has_ended(pid: &str) -> bool {
    let stat = || std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    (0..2400).any(|_| {
        let ended = stat().rsplit_once(") ").is_none_or(|(_, fields)| fields.starts_with('Z'));
        if !ended {
            std::thread::sleep(Duration::from_millis(50));
        }
        ended
    })
}
