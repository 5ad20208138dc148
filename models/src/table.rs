//! The tables at the end of a run, and the same as JSON.

use crate::coverage;
use crate::model::Variant;
use crate::result::{Row, Source, differences};
use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const PLAIN: Style = Style::new();
/// As expected.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Not as expected.
pub const BAD: Style = AnsiColor::Red.on_default();
const OLD: Style = AnsiColor::Yellow.on_default();

/// All that a run found out.
pub struct Report {
    /// One per model, variant and property.
    pub rows: Vec<Row>,
    /// Properties of PROTOCOL.md, in its order.
    pub names: Vec<String>,
    /// Those that stand in no model.
    pub gaps: Vec<String>,
    /// Commands that PATH does not have, of provers that prove nothing now.
    pub missing: Vec<String>,
}

impl Report {
    /// Every deviation and gap in a sentence.
    pub fn deviations(&self) -> Vec<String> {
        let gaps = self.gaps.iter().map(|name| format!("{name} stands in PROTOCOL.md, but in no model"));
        let deviations = self.rows.iter().filter_map(Row::deviation);
        deviations.chain(differences(&self.rows)).chain(gaps).collect()
    }

    /// Prints the protocol's table, the variants' table and what is wrong.
    pub fn print(&self) {
        let protocol = self.sorted(|row| row.variant.is_protocol());
        if !protocol.is_empty() || !self.gaps.is_empty() {
            let mut lines = vec![line(&["property", "prover", "model", "verdict", "expected", "steps", "seconds"])];
            lines.extend(protocol.into_iter().map(|row| (style(row), cells(row, &row.property))));
            lines.extend(self.gaps.iter().map(|name| (BAD, to_cells(&[name, "none", "", "gap", "", "", ""]))));
            print_columns(&lines);
        }
        let weakened = self.sorted(|row| !row.variant.is_protocol());
        if !weakened.is_empty() {
            let mut lines =
                vec![line(&["variant", "property", "prover", "model", "verdict", "expected", "steps", "seconds"])];
            lines.extend(by_variant(weakened).into_iter().map(|row| {
                let mut cells = cells(row, &row.property);
                cells.insert(0, row.variant.to_string());
                (style(row), cells)
            }));
            anstream::println!("\nWeakened variants\n");
            print_columns(&lines);
        }
        anstream::println!();
        for deviation in self.deviations() {
            anstream::println!("{BAD}{deviation}{BAD:#}");
        }
        anstream::println!("{}", self.conclusion());
    }

    fn conclusion(&self) -> String {
        let is_good = |row: &&Row| row.deviation().is_none();
        let proved = self.rows.iter().filter(|row| row.source == Source::Now).filter(is_good).count();
        let recorded = self.rows.iter().filter(|row| row.source == Source::Record).filter(is_good).count();
        let wrong = self.deviations().len();
        let recorded =
            if recorded == 0 { String::new() } else { format!(", {recorded} recorded earlier and not proved now") };
        format!("{proved} as expected{recorded}, {wrong} not as expected")
    }

    /// The rows in the order of PROTOCOL.md, other properties behind them in the order of the models.
    fn sorted(&self, filter: impl Fn(&Row) -> bool) -> Vec<&Row> {
        let position = |row: &Row| {
            let property = coverage::property(&row.property);
            self.names.iter().position(|name| name == property).unwrap_or(self.names.len())
        };
        let mut rows: Vec<&Row> = self.rows.iter().filter(|row| filter(row)).collect();
        // The tools of one prover stand side by side.
        let mut places = BTreeMap::new();
        for row in &self.rows {
            let next = places.len();
            places.entry(row.place()).or_insert(next);
        }
        rows.sort_by_key(|row| (position(row), row.tool.prover(), places.get(&row.place()).copied(), row.tool));
        rows
    }

    /// The same as one JSON object.
    pub fn to_json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "model": row.model,
                "prover": row.tool.to_string(),
                "variant": (!row.variant.is_protocol()).then(|| row.variant.to_string()),
                "property": row.property,
                "expected": row.expected.to_string(),
                "verdict": row.outcome.as_ref().ok().map(ToString::to_string),
                "fault": row.outcome.as_ref().err().map(ToString::to_string),
                "as_expected": row.deviation().is_none(),
                "proved_now": row.source == Source::Now,
                "steps": row.steps,
                "seconds": row.seconds,
            })
        };
        json!({
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "gaps": self.gaps,
            "missing": self.missing,
            "deviations": self.deviations(),
        })
    }
}

fn by_variant(mut rows: Vec<&Row>) -> Vec<&Row> {
    rows.sort_by(|a, b| {
        let key = |variant: &Variant| (variant.flags().count(), variant.to_string());
        key(&a.variant).cmp(&key(&b.variant))
    });
    rows
}

fn style(row: &Row) -> Style {
    match (row.deviation(), row.source) {
        (Some(_), _) => BAD,
        (None, Source::Record) => OLD,
        (None, Source::Now) => GOOD,
    }
}

fn cells(row: &Row, property: &str) -> Vec<String> {
    let verdict = match (&row.outcome, row.source) {
        (Ok(verdict), Source::Now) => verdict.to_string(),
        (Ok(verdict), Source::Record) => format!("recorded: {verdict}"),
        (Err(_), _) => "none".to_string(),
    };
    vec![
        property.to_string(),
        row.tool.to_string(),
        row.model.clone(),
        verdict,
        row.expected.to_string(),
        row.steps.map_or(String::new(), |steps| steps.to_string()),
        row.seconds.map_or(String::new(), |seconds| format!("{seconds:.1}")),
    ]
}

/// A line of a table and its colour.
pub type Line = (Style, Vec<String>);

/// An uncoloured line.
pub fn line(cells: &[&str]) -> Line {
    (PLAIN, to_cells(cells))
}

fn to_cells(cells: &[&str]) -> Vec<String> {
    cells.iter().map(ToString::to_string).collect()
}

/// Prints left-aligned columns; the first line is the heading.
pub fn print_columns(lines: &[Line]) {
    let columns = lines.iter().map(|(_, cells)| cells.len()).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|(_, cells)| cells.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for (at, (style, cells)) in lines.iter().enumerate() {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
        anstream::println!("{style}{}{style:#}", padded.join("  ").trim_end());
        if at == 0 {
            anstream::println!("{}", widths.iter().map(|&width| "-".repeat(width)).collect::<Vec<_>>().join("  "));
        }
    }
}
