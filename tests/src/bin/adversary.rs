//! `cargo adversary`: attack scripts against the running code.
use dke_tests::adversary::{Setting, generate, run, world::Driven};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let n: u64 = args[1].parse().unwrap();
    let which = &args[2];
    let setting = Setting::protocol().expect("models");
    let driven = match which.as_str() { "i" => Driven::Implementation, "b" => Driven::Both, _ => Driven::Specification(setting.weakening) };
    let mut met = vec![0u64; setting.theory.parts.len()];
    let (mut acc, mut fin, mut idle, mut acts, mut rej, mut reach) = (0, 0, 0, 0, 0, 0);
    let start = std::time::Instant::now();
    for s in 0..n {
        let script = generate::script(s);
        let out = run(&script, driven, &setting.theory, true);
        for (a, b) in met.iter_mut().zip(&out.met) { *a += u64::from(*b); }
        acc += out.depth.accepted; fin += out.depth.finished; idle += out.depth.idle; rej += out.depth.rejected; acts += script.0.len();
        reach += u32::from(out.depth.accepted > 0);
        if !out.findings.is_empty() { println!("seed {s}\n{script}{:?}\n{}", out.told, out.trace); for (k, f) in out.findings { println!("{k}: {f}"); } break; }
    }
    for (p, m) in setting.theory.parts.iter().zip(&met) { println!("{:30} {:.1}%", p.name(), 100.0 * *m as f64 / n as f64); }
    println!("acts {acts} acc {acc} fin {fin} idle {idle} rej {rej} reach {reach}/{n} {:?}", start.elapsed());
}
