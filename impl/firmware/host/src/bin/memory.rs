//! Measures the images and compares them with `impl/firmware/MEMORY.md`, or writes it (`--write`).

use dke_firmware::memory;
use dke_firmware::table::{Row, Target, complaints, render};
use std::process::ExitCode;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../MEMORY.md");

fn main() -> ExitCode {
    let target = |flash| Some(Target { flash, ram: 2_048, stack: 8_192 });
    let rows = [
        Row { name: "node, pinned clients only", memory: memory::node("pinned", false), target: target(40_960) },
        Row { name: "node, authorities too", memory: memory::node("vouched", true), target: target(49_152) },
        Row { name: "EDHOC responder, lakers", memory: memory::responder(), target: None },
    ];
    let table = render(&rows, &memory::compiler("pinned"));
    println!("{}", table.lines().filter(|line| line.starts_with('|')).collect::<Vec<_>>().join("\n"));
    let write = std::env::args().nth(1).as_deref() == Some("--write");
    let recorded = if write { table.clone() } else { std::fs::read_to_string(FILE).unwrap_or_default() };
    let complaints = complaints(&rows, &recorded);
    for complaint in &complaints {
        eprintln!("MEMORY.md: {complaint}");
    }
    if write {
        std::fs::write(FILE, table).expect("MEMORY.md can be written");
    }
    if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
