//! Tells the linker where the node's `memory.x` is.

fn main() {
    println!("cargo::rustc-link-search={}/../node", env!("CARGO_MANIFEST_DIR"));
    println!("cargo::rerun-if-changed=../node/memory.x");
}
