//! The chart: three panels of horizontal bars, one row for each peer, in SVG written directly.

use crate::energy;
use crate::measure::{Measured, Run};
use std::fmt::Write;

const LABELS: f64 = 170.0;
const PANEL: f64 = 230.0;
const GAP: f64 = 20.0;
const BAR: f64 = 150.0;
const TOP: f64 = 46.0;
const ROW: f64 = 26.0;
const THICK: f64 = 16.0;

/// Bars of two parts, and the text behind each.
struct Panel {
    title: &'static str,
    rows: Vec<([f64; 2], String)>,
}

fn panels(run: &Run) -> [Panel; 3] {
    let rows = |value: &dyn Fn(&Measured) -> ([f64; 2], String)| run.peers.iter().map(value).collect();
    let edhoc = run.edhoc().node;
    [
        Panel {
            title: "node's CPU + prekey, in EDHOC's",
            rows: rows(&|peer| {
                let parts = [peer.ratio, peer.published / edhoc];
                (parts, format!("{:.2}", parts[0]) + &plus(parts[1], 2))
            }),
        },
        Panel {
            title: "bytes + publication / 64",
            rows: rows(&|peer| {
                let exchanged = peer.exchanged() as f64;
                ([exchanged, peer.bytes() - exchanged], format!("{exchanged:.0}") + &plus(peer.bytes() - exchanged, 0))
            }),
        },
        Panel {
            title: "energy, mJ: computing + radio",
            rows: rows(&|peer| {
                let energy = energy::of(peer, run.multiplication);
                let text =
                    energy.computing.map_or("no figure".into(), |mj| format!("{mj:.2}") + &plus(energy.radio, 2));
                ([energy.computing.unwrap_or_default(), energy.computing.map_or(0.0, |_| energy.radio)], text)
            }),
        },
    ]
}

fn plus(value: f64, digits: usize) -> String {
    if value == 0.0 { String::new() } else { format!(" + {value:.digits$}") }
}

pub(crate) fn draw(run: &Run) -> String {
    let (width, height) = (LABELS + 3.0 * (PANEL + GAP), TOP + ROW * run.peers.len() as f64 + 12.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
         <title>CPU, bytes and energy of a node in one exchange, for each peer</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    for (i, peer) in run.peers.iter().enumerate() {
        let weight = if peer.facts.name.starts_with("DKE") { "bold" } else { "normal" };
        let (x, y) = (LABELS - 10.0, baseline(i));
        let name = peer.facts.name;
        writeln!(
            svg,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"end\" font-weight=\"{weight}\" fill=\"#1a1a1a\">{name}</text>"
        )
        .unwrap();
    }
    for (i, panel) in panels(run).iter().enumerate() {
        bars(&mut svg, panel, LABELS + i as f64 * (PANEL + GAP));
    }
    svg + "</svg>\n"
}

fn baseline(row: usize) -> f64 {
    TOP + ROW * row as f64 + THICK - 4.0
}

fn bars(svg: &mut String, panel: &Panel, left: f64) {
    let most = panel.rows.iter().map(|(parts, _)| parts[0] + parts[1]).fold(0.0, f64::max);
    writeln!(svg, "<text x=\"{left}\" y=\"26\" font-weight=\"bold\" fill=\"#1a1a1a\">{}</text>", panel.title).unwrap();
    for (i, (parts, text)) in panel.rows.iter().enumerate() {
        let y = TOP + ROW * i as f64;
        let mut x = left;
        for (part, colour) in parts.iter().zip(["#1f5f8b", "#e0a030"]) {
            let w = part / most * BAR;
            writeln!(svg, "<rect x=\"{x:.1}\" y=\"{y}\" width=\"{w:.1}\" height=\"{THICK}\" fill=\"{colour}\"/>")
                .unwrap();
            x += w;
        }
        writeln!(svg, "<text x=\"{:.1}\" y=\"{}\" fill=\"#1a1a1a\">{text}</text>", x + 5.0, baseline(i)).unwrap();
    }
}
