//! Callgrind's counts as a table, and the comparison of two tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// A change of more than this fails.
const TOLERANCE: f64 = 0.02;
/// The unit in which the table tells the others.
const UNIT: &str = "p256: s·P";

/// A step, and the operations that it cannot avoid.
const ROWS: [(&str, &str); 17] = [
    ("p256: s·P", ""),
    ("p256: sign", ""),
    ("p256: verify", ""),
    ("decompress P", ""),
    ("s·P", ""),
    ("s·G", ""),
    ("sign", ""),
    ("verify", ""),
    ("N1 publish 16 prekeys", "16 s·G + sign"),
    ("N1 publish 64 prekeys", "64 s·G + sign"),
    ("N2, N3 accept and confirm, basic", "decompress P + 2 s·P"),
    ("N2, N3 accept and confirm, refresh", "decompress P + 3 s·P + s·G"),
    ("G1 verify a Publication of 64", "verify"),
    ("C1 initiate", "verify + decompress P + 2 s·P + s·G"),
    ("C1 initiate, refresh", "verify + decompress P + 2 s·P + s·G"),
    ("C2 finish, basic", ""),
    ("C2 finish, refresh", "decompress P + s·P"),
];

type Counts = BTreeMap<String, u64>;

/// The counts that callgrind left in a directory, by name. Only what the program itself does: the C library has other code for other
/// machines.
pub fn read(directory: &Path) -> Counts {
    let program = std::env::current_exe().expect("this program has a path");
    let mut counts = Counts::new();
    for entry in std::fs::read_dir(directory).expect("callgrind's directory") {
        let dump = std::fs::read_to_string(entry.expect("a file").path()).expect("callgrind's text");
        let name = dump.lines().find_map(|line| line.strip_prefix("desc: Trigger: Client Request: "));
        if let Some(name) = name {
            counts.insert(name.into(), own(&dump, &program));
        }
    }
    counts
}

/// Σ of the lines `LINE COST` under this object; the line after `calls=` is what the callee cost, counted under its own name.
fn own(dump: &str, program: &Path) -> u64 {
    let (mut inside, mut callee, mut sum) = (false, false, 0);
    for line in dump.lines() {
        if let Some(object) = line.strip_prefix("ob=") {
            inside = Path::new(object) == program;
        } else if line.starts_with("calls=") {
            callee = true;
        } else if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
            let cost = line.split_whitespace().nth(1).and_then(|cost| cost.parse::<u64>().ok());
            if inside && !callee {
                sum += cost.unwrap_or_default();
            }
            callee = false;
        }
    }
    sum
}

/// INSTRUCTIONS.md.
pub fn table(counts: &Counts) -> String {
    let mut text = String::from(include_str!("instructions.md"));
    for (name, floor) in ROWS {
        let count = counts[name];
        let unit = count as f64 / counts[UNIT] as f64;
        let ratio = match floor {
            "" => String::new(),
            floor => format!("{:.3}", count as f64 / cost(counts, floor) as f64),
        };
        let _ = writeln!(text, "| {name} | {count} | {unit:.3} | {floor} | {ratio} |");
    }
    text
}

/// Of `2 s·P + sign`.
fn cost(counts: &Counts, sum: &str) -> u64 {
    let term = |term: &str| match term.split_once(' ') {
        Some((times, name)) if times.parse::<u64>().is_ok() => times.parse::<u64>().unwrap_or_default() * counts[name],
        _ => counts[term],
    };
    sum.split(" + ").map(term).sum()
}

/// One line for each row, and how many are not within the tolerance of the table.
pub fn compare(counts: &Counts, table: &str) -> (Vec<String>, usize) {
    let recorded = |name: &str| {
        let row = table.lines().find_map(|line| line.strip_prefix(&format!("| {name} | ")))?;
        row.split(' ').next()?.parse::<u64>().ok()
    };
    let mut failed = 0;
    let line = |(name, _): &(&str, &str)| {
        let (now, then) = (counts[*name], recorded(name).unwrap_or_default());
        let change = now as f64 / then as f64 - 1.0;
        let within = change.abs() <= TOLERANCE;
        failed += usize::from(!within);
        format!("{name}: {now}, recorded {then}: {}", if within { "ok" } else { "CHANGED by more than 2 %" })
    };
    (ROWS.iter().map(line).collect(), failed)
}
