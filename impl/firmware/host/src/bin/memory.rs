//! Measures the images and compares them with `impl/firmware/MEMORY.md`, or writes it (`--write`).

fn main() {
    for (name, memory) in [
        ("pinned", dke_firmware::memory::node("pinned", false)),
        ("vouched", dke_firmware::memory::node("vouched", true)),
        ("lakers", dke_firmware::memory::responder()),
    ] {
        println!("{name} {memory:?}");
    }
}
