//! `models/applicability/ATTACKS.md`: every "no" with its reason, and with the picture of the attack where there is one.

use super::candidate::{Answer, Candidate, VARIANTS};
use super::tables::QUESTIONS;
use super::{ApplicabilityError, Study};
use std::fmt::Write;

const HEAD: &str = "# Attacks

Written by `cargo prove --applicability`: every \"no\" of the [table](README.md). Each picture is the trace that Tamarin found; \
[how to read one](../README.md#how-to-read-an-attack-trace). What is asked of `completes` and `first_data` is a trace, so their \"no\" is \
a proof that there is none, and has no picture. (a), (b), (c) are the variants.
";

/// A lemma that is falsified.
#[derive(Clone, Copy, Debug)]
pub struct Attack<'a> {
    /// The candidate.
    pub candidate: &'a Candidate<'a>,
    /// The variant's letter.
    pub letter: &'static str,
    /// Its flag.
    pub flag: &'static str,
    /// The lemma.
    pub lemma: &'a str,
    /// What came out.
    pub answer: Answer,
}

impl Attack<'_> {
    /// The picture's file; none where the prover shows that there is no trace.
    pub fn picture(&self) -> Option<String> {
        (!self.answer.exists_trace).then(|| format!("{}.{}.{}.svg", self.candidate.name, self.letter, self.lemma))
    }
}

/// All of them, in the order of the table.
pub fn all<'a>(study: &'a Study<'a>) -> Vec<Attack<'a>> {
    let mut attacks = Vec::new();
    for candidate in &study.candidates {
        for (letter, flag, _) in VARIANTS {
            for lemma in QUESTIONS {
                if let Some(answer) = candidate.answer(letter, lemma).filter(|answer| !answer.holds) {
                    attacks.push(Attack { candidate, letter, flag, lemma, answer });
                }
            }
        }
    }
    attacks
}

/// Where it stands in the document.
pub fn anchor(candidate: &Candidate<'_>, letter: &str, lemma: &str) -> String {
    format!("{}-{letter}-{lemma}", candidate.name)
}

/// The document.
pub fn document(study: &Study<'_>) -> Result<String, ApplicabilityError> {
    let mut text = HEAD.to_string();
    let mut title = "";
    for attack in all(study) {
        if attack.candidate.about.title != title {
            title = &attack.candidate.about.title;
            let _ = write!(text, "\n## {title}\n");
        }
        let (letter, lemma) = (attack.letter, attack.lemma);
        let anchor = anchor(attack.candidate, letter, lemma);
        let reason = attack.candidate.reason(letter, lemma);
        let reason = reason.ok_or_else(|| ApplicabilityError::NotExplained(anchor.clone()))?;
        let _ = write!(text, "\n<a id=\"{anchor}\"></a>**({letter}) {lemma}.** {reason}");
        let _ = match attack.picture() {
            Some(picture) => writeln!(text, " [Picture](attacks/{picture})"),
            None => writeln!(text, " No trace: proved."),
        };
    }
    superfluous(study)?;
    Ok(text)
}

/// No reason may speak of what is not falsified.
fn superfluous(study: &Study<'_>) -> Result<(), ApplicabilityError> {
    for candidate in &study.candidates {
        for (letter, _, _) in VARIANTS {
            let falsified = |lemma: &str| {
                candidate.answer(letter, lemma).is_some_and(|answer| !answer.holds) && QUESTIONS.contains(&lemma)
            };
            if let Some(lemma) = candidate.reasons(letter).keys().find(|lemma| !falsified(lemma)) {
                return Err(ApplicabilityError::NoAttack(anchor(candidate, letter, lemma)));
            }
        }
    }
    Ok(())
}
