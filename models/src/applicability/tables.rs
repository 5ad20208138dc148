//! The tables of `models/applicability/README.md`.

use super::candidate::{Candidate, Kind, Link, Party, VARIANTS};
use super::{ApplicabilityError, Study, attacks};
use std::fmt::Write;

/// The questions, one lemma each, in the order of the columns.
pub const QUESTIONS: [&str; 13] = [
    "completes",
    "first_data",
    "early_secrecy",
    "session_secrecy",
    "agreement_initiator",
    "agreement_responder",
    "kci_initiator",
    "kci_responder",
    "key_origin",
    "forward_secrecy",
    "prepared_theft",
    "replay",
    "hoarding",
];

/// Candidate and variant by question.
pub fn verdicts(study: &Study<'_>) -> Result<String, ApplicabilityError> {
    let mut text =
        format!("| candidate | variant | {} |\n|---|---|{}\n", QUESTIONS.join(" | "), "---|".repeat(QUESTIONS.len()));
    for candidate in &study.candidates {
        for (letter, _, what) in VARIANTS {
            let cells: Result<Vec<String>, _> = QUESTIONS.iter().map(|lemma| cell(candidate, letter, lemma)).collect();
            let title = &candidate.about.title;
            let _ = writeln!(text, "| {title} | ({letter}) {what} | {} |", cells?.join(" | "));
        }
    }
    Ok(text)
}

/// `yes` is a proof, `no` leads to the attack or to the proof that there is no trace.
fn cell(candidate: &Candidate<'_>, letter: &str, lemma: &str) -> Result<String, ApplicabilityError> {
    let completes = candidate.answer(letter, "completes").is_some_and(|answer| answer.holds);
    let text = match candidate.answer(letter, lemma) {
        Some(answer) if answer.holds => "yes".to_string(),
        Some(_) => format!("[**no**](ATTACKS.md#{})", attacks::anchor(candidate, letter, lemma)),
        None if !completes => "n/a".to_string(),
        None => "–".to_string(),
    };
    Ok(text)
}

/// What each candidate is, what the gateway holds, and which known result its first variant reproduces.
pub fn candidates(study: &Study<'_>) -> String {
    let head = "| candidate | defined in | (b): the gateway holds, made in advance | (c): the gateway holds in addition | known result that (a) reproduces |";
    let mut text = format!("{head}\n|---|---|---|---|---|\n");
    for candidate in &study.candidates {
        let about = &candidate.about;
        let title = format!("[{}]({}.spthy)", about.title, candidate.name);
        let _ = writeln!(
            text,
            "| {title} | {} | {} | {} | {} |",
            about.source, about.in_advance, about.at_gateway, about.known
        );
    }
    text
}

/// Bytes and flights over the constrained link.
pub fn links(study: &Study<'_>) -> String {
    let head = "| candidate | messages: to the node ←, from the node → | flights | node receives | node sends | together | figures from |";
    let mut text = format!("{head}\n|---|---|---:|---:|---:|---:|---|\n");
    for candidate in &study.candidates {
        let Some(link) = study.links.get(&candidate.name) else { continue };
        let title = &candidate.about.title;
        let row = match link.kind {
            Kind::None => format!("| {title} | no byte format | – | – | – | – | {} |", link.source),
            Kind::Example | Kind::Layout => {
                let (received, sent) = (bytes(link, Party::Initiator), bytes(link, Party::Responder));
                let (messages, all) = (messages(link), received + sent);
                format!(
                    "| {title} | {messages} | {} | {received} | {sent} | {all} | {}: {} |",
                    flights(link),
                    if link.kind == Kind::Example { "example" } else { "layout" },
                    link.source
                )
            }
        };
        let _ = writeln!(text, "{row}");
    }
    text
}

fn bytes(link: &Link, from: Party) -> u32 {
    link.message.iter().filter(|message| message.from == from).map(|message| message.bytes).sum()
}

/// Changes of direction, and one more.
fn flights(link: &Link) -> usize {
    let turns = link.message.windows(2).filter(|pair| matches!(pair, [one, next] if one.from != next.from));
    turns.count() + usize::from(!link.message.is_empty())
}

fn messages(link: &Link) -> String {
    let show = |message: &super::candidate::Message| {
        let arrow = if message.from == Party::Initiator { "←" } else { "→" };
        format!("{arrow} {} {}", message.name, message.bytes)
    };
    link.message.iter().map(show).collect::<Vec<_>>().join(", ")
}
