//! How the narrator writes.

use super::Story;
use crate::render::{Kind, fingerprint, gateway_state, visible};
use dke::{Error, Session};
use dke_tests::diagnostic::{Field, annotate};
use dke_tests::harness::TestGateway;
use dke_tests::memory_store::Broken;
use std::fmt::Write;

impl Story {
    pub(super) fn pair(
        &mut self,
        (epoch, index, client): &(u64, u8, String),
        name: &str,
        pair: [Option<(String, [u8; 32])>; 2],
    ) {
        let verdict = match &pair {
            [Some((_, node)), Some((_, other))] => {
                assert_eq!(node, other, "both ends of {epoch}/{index} have the same {name} secret");
                "equal"
            }
            [None, None] => "on neither end",
            _ => "on one end only",
        };
        let [lock, other] = pair.map(|end| end.map_or_else(|| "-".repeat(19), |(print, _)| print));
        let _ = writeln!(self.text, "{epoch}/{index} {name:<7}  lock {lock}  {client} {other}  {verdict}");
    }

    pub(super) fn session(&mut self, end: usize, client: &str, session: &Session) {
        let ends = self.ends.entry((session.epoch, session.index, client.to_owned())).or_default();
        ends.session[end] = Some((fingerprint(session.secret.fingerprint()), *session.secret.expose()));
    }

    pub(super) fn hide(&mut self, data: &[u8], key: &[u8]) {
        self.hidden.extend([data, key].into_iter().filter(|secret| !secret.is_empty()).map(<[u8]>::to_vec));
    }

    pub(super) fn sees(&mut self, way: &str, kind: Kind, message: &[u8]) {
        let what = visible(kind, message, &self.gateway);
        let line = format!("{way:<22} {:<11} {:>4} bytes  {what}", kind.name(), message.len());
        self.seen.push((line, message.to_vec()));
    }

    pub(super) fn step(&mut self, label: &str, who: &str, what: &str) {
        self.steps += 1;
        let _ = write!(self.text, "\n[{}] {label}  {who}: {what}\n", self.steps);
    }

    pub(super) fn line(&mut self, name: &str, value: &str) {
        let _ = writeln!(self.text, "    {name:<14} {value}");
    }

    pub(super) fn change(&mut self, who: &str, before: &str, after: &str) {
        self.line(&format!("{who} before"), before);
        self.line(&format!("{who} after"), if before == after { "unchanged" } else { after });
    }

    pub(super) fn gateway_change(&mut self, before: &TestGateway, outcome: Result<String, Error<Broken>>) {
        match outcome {
            Ok(outcome) => {
                self.change("gateway", &gateway_state(before), &gateway_state(&self.gateway.clone()));
                self.line("outcome", &outcome);
            }
            Err(error) => {
                assert_eq!(before, &self.gateway, "a rejected message changes nothing");
                self.rejected("gateway", &gateway_state(before), &error);
            }
        }
    }

    pub(super) fn rejected(&mut self, who: &str, state: &str, error: &Error<Broken>) {
        self.line("reason", &format!("{}. {error}", error.name()));
        self.change(who, state, state);
    }

    pub(super) fn shown_before(&mut self, message: &[u8]) {
        match self.shown.get(message) {
            Some(step) => self.line("message", &format!("as in [{step}]")),
            None => self.line("message", "shown above"),
        }
    }

    pub(super) fn body(&mut self, kind: Kind, message: &[u8]) {
        match self.shown.get(message) {
            Some(step) => self.line("message", &format!("the very same bytes as in [{step}]")),
            None => {
                self.shown.insert(message.to_vec(), self.steps);
                self.text.push('\n');
                self.message(kind.field(), message);
            }
        }
    }

    /// A message that an attacker made.
    pub(crate) fn forged(&mut self, kind: Kind, message: &[u8]) {
        self.text.push('\n');
        self.message(kind.field(), message);
    }

    pub(super) fn message(&mut self, field: &Field, message: &[u8]) {
        for line in annotate(field, message).lines() {
            let _ = writeln!(self.text, "    {line}");
        }
    }
}
