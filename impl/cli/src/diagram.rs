//! A sequence diagram in the terminal.

use anstyle::{AnsiColor, Style};

const FIRST: usize = 6;
const GAP: usize = 28;

/// Lifelines; what happens on them comes line by line.
pub(crate) struct Diagram {
    parties: usize,
}

impl Diagram {
    pub(crate) const fn new(parties: usize) -> Diagram {
        Diagram { parties }
    }

    /// The names above the lifelines.
    pub(crate) fn head(&self, names: &[&str]) -> String {
        let mut head = vec![' '; at(self.parties)];
        for (party, name) in names.iter().enumerate() {
            let start = at(party).saturating_sub(name.chars().count() / 2);
            write(&mut head, start, name);
        }
        let bold = Style::new().bold();
        format!("{bold}{}{bold:#}\n{}", text(&head), self.rest())
    }

    /// A line on which nothing happens.
    pub(crate) fn rest(&self) -> String {
        text(&self.lifelines())
    }

    /// What a party does or knows now.
    pub(crate) fn note(&self, party: usize, step: &str, what: &str) -> String {
        let mut line = self.lifelines();
        let start = at(party) + 2;
        let note = if step.is_empty() { what.to_string() } else { format!("{step}  {what}") };
        write(&mut line, start, &note);
        let styled = if step.is_empty() { Style::new().dimmed() } else { Style::new().bold() };
        let (before, after): (String, String) = (line[..start].iter().collect(), text(&line[start..]));
        format!("{before}{styled}{after}{styled:#}")
    }

    /// A message with its size.
    pub(crate) fn arrow(&self, from: usize, to: usize, name: &str, bytes: usize) -> String {
        let mut line = self.lifelines();
        let (left, right) = (at(from.min(to)), at(from.max(to)));
        line[left + 1..right].fill('─');
        let label = format!(" {name} {bytes} bytes ");
        let start = left + (right - left).saturating_sub(label.chars().count()) / 2;
        write(&mut line, start.max(left + 2), &label);
        if from < to {
            line[right - 1] = '▶';
        } else {
            line[left + 1] = '◀';
        }
        let colour = Style::new().fg_color(Some(AnsiColor::Cyan.into()));
        let part = |range: &[char]| range.iter().collect::<String>();
        format!("{}{colour}{}{colour:#}{}", part(&line[..=left]), part(&line[left + 1..right]), text(&line[right..]))
    }

    fn lifelines(&self) -> Vec<char> {
        let mut line = vec![' '; at(self.parties)];
        for party in 0..self.parties {
            line[at(party)] = '│';
        }
        line
    }
}

const fn at(party: usize) -> usize {
    FIRST + party * GAP
}

fn write(line: &mut Vec<char>, start: usize, text: &str) {
    for (place, character) in (start..).zip(text.chars()) {
        if place >= line.len() {
            line.resize(place + 1, ' ');
        }
        line[place] = character;
    }
}

fn text(line: &[char]) -> String {
    line.iter().collect::<String>().trim_end().to_string()
}
