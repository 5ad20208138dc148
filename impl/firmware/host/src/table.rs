//! `MEMORY.md`: the measured figures as tables, and their comparison with the targets and with what is recorded.

use crate::memory::Memory;
use std::fmt::Write;

/// Bytes that an image may take.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Code and constants.
    pub flash: u32,
    /// Variables.
    pub ram: u32,
    /// The highest stack.
    pub stack: u32,
}

/// One image.
pub struct Row {
    /// As the tables call it.
    pub name: &'static str,
    /// What it takes.
    pub memory: Memory,
    /// What it may take; none for a peer.
    pub target: Option<Target>,
}

/// A step's stack may grow by so much before someone has to write the file anew, and to say why.
const TOLERANCE_PERCENT: u32 = 5;

/// The document. `compiler` made the images.
pub fn render(rows: &[Row], compiler: &str) -> String {
    let mut out = String::from(INTRODUCTION);
    for Row { name, memory, target } in rows {
        let (flash, ram, stack) = (number(memory.flash), number(memory.ram), number(memory.peak()));
        let _ = writeln!(out, "| {name} | {flash} | {ram} | {stack} |");
        if let Some(Target { flash, ram, stack }) = target {
            let (flash, ram, stack) = (number(*flash), number(*ram), number(*stack));
            let _ = writeln!(out, "| its target, at most | {flash} | {ram} | {stack} |");
        }
    }
    out.push_str("\nThe highest stack in each step, of the whole program down to its `main`:\n\n| image | step | bytes |\n|---|---|---|\n");
    for Row { name, memory, .. } in rows {
        for (step, bytes) in &memory.stack {
            let _ = writeln!(out, "| {name} | {step} | {} |", number(*bytes));
        }
    }
    let _ = write!(out, "\nCompiler: {compiler}.\n");
    out
}

const INTRODUCTION: &str = "# Memory of a node

Written by `.ci/firmware --write`, never by hand; `.ci/firmware` fails where a target is missed or a step takes 5 % more stack than here.

Bytes, for a Cortex-M4 (thumbv7em-none-eabi) at opt-level \"s\" with fat LTO and panic = abort, measured on QEMU's mps2-an386. *Flash* is code
and constants, the start-up code included; *static RAM* has the buffer for the longest message (1,449 bytes), and nothing more for 16
outstanding prekeys, which are in flash; *stack* is painted before each step. There is no heap. The images take their messages from memory: no
driver is counted. Data are of the largest size (1,024 bytes), the CWT of the longest one. The peer is the responder of lakers 0.8 with
lakers-crypto-rustcrypto (EDHOC, method 3, suite 2, credentials by reference, messages of up to 256 bytes), on the same board, with the same flags and
cryptographic crates; it neither signs nor stores anything.

| image | flash | static RAM | stack |
|---|---|---|---|
";

/// What is wrong with these figures, given the recorded document.
pub fn complaints(rows: &[Row], recorded: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for Row { name, memory, target } in rows {
        let Some(target) = target else { continue };
        let figures = [
            ("flash", memory.flash, target.flash),
            ("static RAM", memory.ram, target.ram),
            ("stack", memory.peak(), target.stack),
        ];
        for (what, bytes, limit) in figures.into_iter().filter(|(_, bytes, limit)| bytes > limit) {
            complaints.push(format!("{name}: {what} is {} bytes, the target {}", number(bytes), number(limit)));
        }
        for (step, bytes) in &memory.stack {
            match recorded_stack(recorded, name, step) {
                None => complaints.push(format!("{name}, {step}: nothing is recorded")),
                Some(before) if u64::from(*bytes) * 100 > u64::from(before) * u64::from(100 + TOLERANCE_PERCENT) => {
                    complaints.push(format!(
                        "{name}, {step}: stack is {} bytes, was {}",
                        number(*bytes),
                        number(before)
                    ));
                }
                Some(_) => {}
            }
        }
    }
    complaints
}

fn recorded_stack(recorded: &str, name: &str, step: &str) -> Option<u32> {
    let row = format!("| {name} | {step} | ");
    let bytes = recorded.lines().find_map(|line| line.strip_prefix(&row))?.strip_suffix(" |")?;
    bytes.replace(',', "").parse().ok()
}

/// With a comma before each three digits.
fn number(n: u32) -> String {
    let digits = n.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(flash: u32, stack: u32) -> [Row; 1] {
        let memory = Memory { flash, ram: 10, stack: vec![("start", 100), ("accept", stack)] };
        [Row { name: "node", memory, target: Some(Target { flash: 40_960, ram: 10, stack: 2_000 }) }]
    }

    #[test]
    fn more_stack_or_a_missed_target_is_told_with_both_numbers() {
        let recorded = render(&rows(40_000, 1_000), "any");
        assert_eq!(complaints(&rows(40_960, 1_050), &recorded), [""; 0]);
        assert_eq!(complaints(&rows(40_000, 1_051), &recorded), ["node, accept: stack is 1,051 bytes, was 1,000"]);
        assert_eq!(complaints(&rows(40_961, 500), &recorded), ["node: flash is 40,961 bytes, the target 40,960"]);
        assert_eq!(
            complaints(&rows(40_000, 1_000), ""),
            ["node, start: nothing is recorded", "node, accept: nothing is recorded"]
        );
        let recorded = render(&rows(40_000, 2_000), "any");
        assert_eq!(complaints(&rows(40_000, 2_001), &recorded), ["node: stack is 2,001 bytes, the target 2,000"]);
    }
}
