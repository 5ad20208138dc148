//! The weakened variants, and the attack on each as a file in `tests/attacks/`.

use super::generate::script;
use super::script::{NoAction, Script};
use super::shrink::{renumbered, shrink};
use super::theory::Theory;
use super::world::Driven;
use super::{Finding, Outcome, Setting, run};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A weakened variant, and what is expected of it.
#[derive(Clone, Copy, Debug)]
pub struct Weakened {
    /// Flags of the models (see [`dke_spec::weakening`]), `A+B`.
    pub flags: &'static str,
    /// The lemma that falls, or why none does.
    pub expected: Result<&'static str, &'static str>,
}

const fn falls(flags: &'static str, lemma: &'static str) -> Weakened {
    Weakened { flags, expected: Ok(lemma) }
}

const fn holds(flags: &'static str, why: &'static str) -> Weakened {
    Weakened { flags, expected: Err(why) }
}

/// All variants, in the order of the table.
pub const ALL: [Weakened; 20] = [
    falls("UNSIGNED_PREKEYS", "key_origin"),
    falls("NO_PATH_CHECK", "key_origin"),
    holds(
        "LEAF_WITHOUT_INDEX",
        "in a real tree the sides of the path fix the index, as trees.spthy proves; core.spthy has no path",
    ),
    falls("LEAF_WITHOUT_INDEX+PATH_WITHOUT_SIDES", "key_origin"),
    falls("NODE_UNBOUND", "uks"),
    falls("EPOCH_UNBOUND", "key_origin"),
    falls("SUITE_UNBOUND", "key_origin"),
    falls("FLAGS_UNBOUND", "no_downgrade"),
    falls("CLIENT_UNBOUND", "uks"),
    falls("NO_SS", "agreement_client_node"),
    falls("NO_ES", "early_secrecy"),
    falls("NO_EE", "forward_secrecy"),
    falls("PREKEY_REUSED", "replay"),
    falls("PREKEY_KEPT", "forward_secrecy"),
    falls("DOWNGRADE_ACCEPTED", "no_downgrade"),
    falls("CWT_WITHOUT_AUDIENCE", "authority"),
    falls("CWT_UNVERIFIED", "authority"),
    holds("TH_0_HEADER_ONLY", "suite and node stand in the header"),
    holds("TH_4_WITHOUT_MODE", "the mode has a label of its own in PRK_3, and Z tells it"),
    holds("TH_4_WITHOUT_TH_3", "PRK_2 depends on all that TH_3 does but CT_2, which CT_2's own tag protects"),
];

/// An attack file: a script, and in its comments for which variant it is, what it violates, and which random script it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attack {
    /// Flags of the variant.
    pub flags: String,
    /// Lemmas that it violates, the expected one first. None: nothing was found.
    pub violates: Vec<String>,
    /// So many random scripts, from number 0, it took; or were tried in vain.
    pub runs: u64,
    /// The script, made small. Empty if nothing was found.
    pub script: Script,
}

/// Why an attack file cannot be read.
#[derive(Debug)]
pub enum AttackError {
    /// The file.
    File(std::io::Error),
    /// A line of its script.
    Line(NoAction),
    /// A comment `# key: value` is missing.
    Missing(&'static str),
}

/// The folder of the attack files.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("attacks")
}

impl Attack {
    /// The file of a variant.
    pub fn file(flags: &str) -> PathBuf {
        folder().join(format!("{flags}.dke"))
    }

    /// Reads the file of a variant.
    pub fn read(flags: &str) -> Result<Attack, AttackError> {
        Attack::parse(&std::fs::read_to_string(Attack::file(flags)).map_err(AttackError::File)?)
    }

    fn parse(text: &str) -> Result<Attack, AttackError> {
        let value = |key: &'static str| {
            let of = |line: &'_ str| line.strip_prefix("# ")?.strip_prefix(key)?.strip_prefix(": ").map(str::to_string);
            text.lines().find_map(of).ok_or(AttackError::Missing(key))
        };
        let violates = value("violates")?;
        let lemmas = violates.split(", ").filter(|lemma| *lemma != "nothing").map(str::to_string);
        Ok(Attack {
            flags: value("variant")?,
            violates: lemmas.collect(),
            runs: value("runs")?.parse().map_err(|_| AttackError::Missing("runs"))?,
            script: text.parse().map_err(AttackError::Line)?,
        })
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let violates = if self.violates.is_empty() { "nothing".to_string() } else { self.violates.join(", ") };
        format!("# variant: {}\n# violates: {violates}\n# runs: {}\n{}", self.flags, self.runs, self.script)
    }
}

/// Looks for the attack on a variant among the random scripts from number 0. `progress` is told how many were tried.
pub fn search(weakened: &Weakened, setting: &Setting, most: u64, progress: &dyn Fn(u64)) -> Attack {
    for number in 0..most {
        progress(number + 1);
        if let Some(attack) = smallest(weakened, setting, &script(number), number + 1) {
            return attack;
        }
    }
    Attack { flags: weakened.flags.to_string(), violates: Vec::new(), runs: most, script: Script::default() }
}

/// The attack that is in this script, made small; `runs` is how many it took. `None` if there is none.
pub fn smallest(weakened: &Weakened, setting: &Setting, script: &Script, runs: u64) -> Option<Attack> {
    let attempt = |script: &Script| run(script, Driven::Specification(setting.weakening), &setting.theory, false);
    let wanted = |script: &Script| match weakened.expected {
        Ok(lemma) => attempt(script).violation(lemma).is_some(),
        Err(_) => !attempt(script).findings.is_empty(),
    };
    wanted(script).then(|| {
        let script = renumbered(&shrink(script, &mut |script| wanted(script)));
        let violates = violated(&attempt(&script), &setting.theory, weakened.expected.ok());
        Attack { flags: weakened.flags.to_string(), violates, runs, script }
    })
}

/// Names of the lemmas that a run violated, without helpers, the expected one first.
pub fn violated(outcome: &Outcome, theory: &Theory, first: Option<&str>) -> Vec<String> {
    let helper = |name: &str| theory.parts.iter().any(|part| part.helper && part.name() == name);
    let name = |finding: &(usize, Finding)| match &finding.1 {
        Finding::Violation(name, _) if helper(name) => None,
        Finding::Violation(name, _) => Some(name.split('.').next().unwrap_or_default().to_string()),
        other => Some(other.to_string()),
    };
    let all: BTreeSet<String> = outcome.findings.iter().filter_map(name).collect();
    let (mut sorted, rest): (Vec<String>, Vec<String>) = all.into_iter().partition(|name| Some(name.as_str()) == first);
    sorted.extend(rest);
    sorted
}
