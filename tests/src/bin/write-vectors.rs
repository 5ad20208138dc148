//! Writes `spec/vectors/*.json` and the worked example of `spec/PROTOCOL.md`, from the specification alone.

use dke_tests::vectors::{Kind, exchange};
use dke_tests::{application, calls, example, rejections};
use std::path::Path;

fn main() -> std::io::Result<()> {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec");
    let exchanges: Vec<_> = Kind::all().into_iter().map(exchange).collect();
    let rejections = rejections::rejections();
    let json = |value: String| value + "\n";
    std::fs::write(spec.join("vectors/exchanges.json"), json(serde_json::to_string_pretty(&exchanges)?))?;
    std::fs::write(spec.join("vectors/rejections.json"), json(serde_json::to_string_pretty(&rejections)?))?;
    let applications = application::applications();
    std::fs::write(spec.join("vectors/application.json"), json(serde_json::to_string_pretty(&applications)?))?;
    let calls = calls::calls();
    std::fs::write(spec.join("vectors/calls.json"), json(serde_json::to_string_pretty(&calls)?))?;
    let protocol = std::fs::read_to_string(spec.join("PROTOCOL.md"))?;
    std::fs::write(spec.join("PROTOCOL.md"), example::replace(&protocol, &exchanges))?;
    println!(
        "{} exchanges, {} rejections, {} secrets of the application layer, {} histories of calls",
        exchanges.len(),
        rejections.len(),
        applications.len(),
        calls.len()
    );
    Ok(())
}
