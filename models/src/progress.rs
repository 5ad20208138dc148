//! Progress on standard error: a line per model that changes in place on a terminal, else a line per finished process.

use crate::plan::Job;
use crate::result::Row;
use crate::tool::Tool;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

/// One line per model.
pub struct Progress {
    lines: BTreeMap<String, ProgressBar>,
    in_place: bool,
}

impl Progress {
    /// For these jobs.
    pub fn new(jobs: &[Job<'_>]) -> Progress {
        let in_place = std::io::stderr().is_terminal();
        let all = MultiProgress::new();
        let mut lines: BTreeMap<String, ProgressBar> = BTreeMap::new();
        for job in jobs.iter().filter(|_| in_place) {
            lines.entry(job.model.path.clone()).or_insert_with(|| all.add(line(&job.model.path))).inc_length(1);
        }
        Progress { lines, in_place }
    }

    /// A process begins.
    pub fn begin(&self, job: &Job<'_>) {
        if let Some(line) = self.lines.get(&job.model.path) {
            line.enable_steady_tick(Duration::from_millis(200));
            line.set_message(describe(job));
        }
    }

    /// A process has ended.
    pub fn done(&self, job: &Job<'_>, rows: &[Row]) {
        let deviations: Vec<String> = rows.iter().filter_map(Row::deviation).collect();
        if let Some(line) = self.lines.get(&job.model.path) {
            line.inc(1);
            deviations.iter().for_each(|deviation| line.println(deviation));
            if line.length() == Some(line.position()) {
                line.finish_with_message("done");
            }
        }
        if !self.in_place {
            let seconds = rows.first().and_then(|row| row.seconds).map_or(String::new(), |s| format!(" in {s:.1} s"));
            let outcome = if deviations.is_empty() { "as expected" } else { "NOT as expected" };
            anstream::eprintln!("{} {}: {outcome}{seconds}", job.model.path, describe(job));
        }
    }
}

fn line(path: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {prefix:32} {pos:>3}/{len:3} {elapsed:>4} {msg}");
    ProgressBar::new(0)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        .with_prefix(path.to_string())
}

/// What is asked, and whom if there are several.
fn describe(job: &Job<'_>) -> String {
    let what = match job.judged.as_slice() {
        [(property, _)] => property.name.clone(),
        several => format!("{} properties", several.len()),
    };
    let what = if job.variant.is_protocol() { what } else { format!("{what} in {}", job.variant) };
    if Tool::of(job.model.prover).len() > 1 { format!("{what} by {}", job.tool) } else { what }
}
