//! Writes the seeds into the corpora: `cargo run --manifest-path tests/fuzz/Cargo.toml --bin write-seeds`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (number, (target, bytes)) in dke_fuzz::seeds().into_iter().enumerate() {
        std::fs::create_dir_all(root.join(target))?;
        std::fs::write(root.join(target).join(format!("seed-{number:03}")), bytes)?;
    }
    Ok(())
}
