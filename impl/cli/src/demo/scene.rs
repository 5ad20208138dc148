//! What happens in the demonstration: told by the parties, drawn as it comes, kept for the page.

use crate::diagram::Diagram;
use crate::fault::Fault;
use crate::files::Out;
use crate::output::show;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

pub(super) const NODE: usize = 0;
pub(super) const GATEWAY: usize = 1;
pub(super) const ANNA: usize = 2;
pub(super) const BEN: usize = 3;
/// Lifelines.
pub(super) const NAMES: [&str; 4] = ["lamp-7 (node)", "gateway", "anna (client)", "ben (client)"];

/// Something that happened.
pub(super) struct Event {
    /// Since the beginning.
    pub(super) at: Duration,
    /// Label of PROTOCOL.md; empty if it is none of the protocol's steps.
    pub(super) step: &'static str,
    pub(super) what: What,
}

pub(super) enum What {
    Message {
        from: usize,
        to: usize,
        name: &'static str,
        bytes: Vec<u8>,
        /// What its two ends read in it, if the teller knows that.
        inside: Option<String>,
    },
    Note {
        party: usize,
        text: String,
    },
    /// Some time goes by.
    Rest,
}

/// Where a party tells what happens.
#[derive(Clone)]
pub(super) struct Teller {
    begin: Instant,
    events: mpsc::UnboundedSender<Event>,
}

impl Teller {
    pub(super) fn new() -> (Teller, mpsc::UnboundedReceiver<Event>) {
        let (events, told) = mpsc::unbounded_channel();
        (Teller { begin: Instant::now(), events }, told)
    }

    fn tell(&self, step: &'static str, what: What) {
        // Nobody listens any more: the demonstration has been given up.
        let _ = self.events.send(Event { at: self.begin.elapsed(), step, what });
    }

    pub(super) fn note(&self, party: usize, step: &'static str, text: impl Into<String>) {
        self.tell(step, What::Note { party, text: text.into() });
    }

    pub(super) fn message(
        &self,
        step: &'static str,
        (from, to): (usize, usize),
        name: &'static str,
        bytes: &[u8],
        inside: Option<String>,
    ) {
        self.tell(step, What::Message { from, to, name, bytes: bytes.to_vec(), inside });
    }

    pub(super) fn rest(&self) {
        self.tell("", What::Rest);
    }
}

/// Draws what it hears, and writes the messages to files.
pub(super) struct Recorder {
    diagram: Diagram,
    draw: bool,
    root: PathBuf,
    pub(super) events: Vec<Event>,
    pub(super) steps: Vec<Value>,
}

impl Recorder {
    /// With `draw` every event becomes a line on the terminal at once.
    pub(super) fn new(root: &Path, draw: bool) -> Recorder {
        let diagram = Diagram::new(NAMES.len());
        if draw {
            show(&format!("{}\n", diagram.head(&NAMES)));
        }
        Recorder { diagram, draw, root: root.to_path_buf(), events: Vec::new(), steps: Vec::new() }
    }

    pub(super) fn record(&mut self, event: Event) -> Result<(), Fault> {
        if self.draw {
            show(&format!("{}\n", self.line(&event)));
        }
        if let What::Message { from, to, name, bytes, .. } = &event.what {
            // Requests and responses are no CBOR.
            let end = if event.step.is_empty() { "message" } else { "cbor" };
            let file = format!("messages/{:02}-{}.{end}", self.steps.len() + 1, name.to_lowercase());
            Out::reserve(&self.root.join(&file))?.write(bytes)?;
            self.steps.push(json!({
                "step": event.step, "message": name, "from": NAMES[*from], "to": NAMES[*to], "bytes": bytes.len(), "file": file,
            }));
        }
        self.events.push(event);
        Ok(())
    }

    fn line(&self, event: &Event) -> String {
        match &event.what {
            What::Message { from, to, name, bytes, .. } => {
                self.diagram.arrow(*from, *to, format!("{} {name}", event.step).trim_start(), bytes.len())
            }
            What::Note { party, text } => self.diagram.note(*party, event.step, text),
            What::Rest => self.diagram.rest(),
        }
    }
}
