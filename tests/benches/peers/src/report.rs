//! The tables and their text. What does not depend on the machine comes first, so that a test can compare it with the file.

use crate::dke::{BASIC, REFRESH};
use crate::energy;
use crate::exchange::{BATCH, Flight};
use crate::measure::{Measured, Run};
use std::fmt::Write;

/// A target, judged by this run's numbers.
struct Target {
    what: &'static str,
    value: f64,
    at_most: f64,
}

impl Target {
    fn verdict(&self) -> &'static str {
        if self.value <= self.at_most { "pass" } else { "miss" }
    }
}

/// Bytes and wake-ups: the same in every run.
pub(crate) fn link(run: &Run) -> String {
    let mut out = String::from(LINK);
    let edhoc = run.edhoc().bytes();
    for peer in &run.peers {
        let published = match peer.publication {
            0 => "0".into(),
            bytes => format!("{:.1} ({bytes} / {BATCH})", bytes as f64 / BATCH as f64),
        };
        let (before, delivered) = (peer.delivered() - 1, peer.delivered() as f64 - 0.5);
        let (wakes, flights) = (peer.wakes.len(), peer.flights().count());
        let (sum, ratio) = (peer.bytes(), peer.bytes() / edhoc);
        let row =
            format!("| {} | {} | {published} | {sum:.1} | {ratio:.2} | {flights} |", peer.facts.name, sizes(peer));
        writeln!(out, "{row} {wakes} | {before} | {delivered} T |").unwrap();
    }
    out
}

fn sizes(peer: &Measured) -> String {
    let wake = |flights: &Vec<Flight>| {
        let one = |flight: &Flight| match flight {
            Flight::In(bytes) => format!("in {bytes}"),
            Flight::Out(bytes) => format!("out {bytes}"),
        };
        flights.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    peer.wakes.iter().map(wake).collect::<Vec<_>>().join("; ")
}

fn cpu(run: &Run) -> String {
    let mut out = String::from(CPU);
    let edhoc = run.edhoc().node;
    for peer in &run.peers {
        let Measured { node, ratio, published, client, facts, .. } = peer;
        let whole = ratio + published / edhoc;
        writeln!(
            out,
            "| {} | {} | {node:.0} | {published:.0} | {ratio:.2} | {whole:.2} | {client:.0} |",
            facts.name, facts.cryptography
        )
        .unwrap();
    }
    let multiplication = run.multiplication;
    writeln!(out, "\nOne bare ECDH of p256 0.13 in the same rounds: {multiplication:.0} µs.").unwrap();
    out
}

fn energy(run: &Run) -> String {
    let mut out = format!(
        include_str!("energy.md"),
        volt = energy::VOLT,
        cpu = energy::CPU_MA,
        tx = energy::TX_MA,
        rx = energy::RX_MA,
        mhz = energy::CPU_MHZ,
        instructions = energy::MULTIPLICATION_M,
        cycles = energy::cycles_per_instruction(),
        ms = energy::multiplication_ms(),
        listening = energy::listening(100.0),
    );
    for peer in &run.peers {
        let energy = energy::of(peer, run.multiplication);
        let (computing, sum) = match energy.computing {
            Some(computing) => (format!("{computing:.2}"), format!("{:.2}", computing + energy.radio)),
            None => ("–".into(), "–".into()),
        };
        writeln!(out, "| {} | {computing} | {:.3} | {sum} |", peer.facts.name, energy.radio).unwrap();
    }
    out
}

fn targets(run: &Run) -> [Target; 4] {
    let (basic, refresh, edhoc) = (run.find(BASIC), run.find(REFRESH), run.edhoc());
    [
        Target { what: "node CPU, basic, in that of EDHOC's responder", value: basic.ratio, at_most: 0.50 },
        Target { what: "node CPU, refresh, in that of EDHOC's responder", value: refresh.ratio, at_most: 0.95 },
        Target {
            what: "bytes over the constrained link, basic, in EDHOC's",
            value: basic.bytes() / edhoc.bytes(),
            at_most: 1.15,
        },
        Target {
            what: "wake-ups, in EDHOC's",
            value: basic.wakes.len() as f64 / edhoc.wakes.len() as f64,
            at_most: 0.50,
        },
    ]
}

/// For the terminal and the file.
pub(crate) fn verdicts(run: &Run) -> String {
    let mut out = String::from("| target, all on p256 0.13 | at most | this run | |\n|---|---|---|---|\n");
    for target in targets(run) {
        writeln!(out, "| {} | {:.2} | {:.3} | {} |", target.what, target.at_most, target.value, target.verdict())
            .unwrap();
    }
    out
}

/// The whole of PEERS.md.
pub(crate) fn document(run: &Run, rounds: usize) -> String {
    let (link, cpu, energy, verdicts) = (link(run), cpu(run), energy(run), verdicts(run));
    format!(
        "{HEAD}\n{link}\n{cpu}\nMedians of {rounds} interleaved rounds.\n\n{energy}\n## Targets\n\n{verdicts}\n{TAIL}"
    )
}

const HEAD: &str = "<!-- Written by `cargo peers --write`; its first table is checked by `cargo peers --test`. -->
# Beside other key exchanges

A client calls a node that sleeps. What does that cost the node? One program runs all of them in turn, in one thread: EDHOC (RFC 9528) by
lakers 0.8, Noise IK by snow 0.10, Olm by vodozemac 0.11, and DKE. The node is always the responder, since it is the client who calls; the
client knows the node's static key, the node the client's. Messages carry no application data.

![The node's CPU, bytes and energy of each peer](PEERS.svg)
";

const LINK: &str = "## Over the constrained link

Bytes are those of the messages, without CoAP, UDP or a radio's frames. A publication has 64 prekeys; each exchange bears its share. In DKE
epoch and index take two bytes each here, as most of them do. Of Olm, one-time keys are counted as bare bytes with a signature each.

The node wakes up every T. A client that calls at a random time waits T/2 for the first wake-up. It may protect data after as many wake-ups
as the last but one column says, and its first protected data are with the node after the time in the last one: EDHOC's client has no key
before message_2, and message_3 meets a sleeping node; the others send with their first message.

| | bytes, by wake-up | + publication | sum | in EDHOC's | flights | wake-ups | waits for | data there after |
|---|---|---|---|---|---|---|---|---|
";

const CPU: &str = "## CPU

Thread CPU time in µs, on a machine that other work shares: only ratios count, and they are taken round by round. Each peer runs on its own
default cryptography; Noise also on P-256. Whatever says P-256 computes on the same crate, p256 0.13, DKE with combs of its own over that
crate's points. Olm has no other curve than Curve25519, which is faster in itself here. lakers 0.8 has method 3 only (static keys on both sides), none with signatures. \"Prekey\" is
an exchange's share of making and signing the publication; the node does that beforehand, when it is awake anyway.

| | cryptography | node | prekey | node, in EDHOC's | with prekey | client |
|---|---|---|---|---|---|---|
";

const TAIL: &str = "\
The verdicts are computed from the tables above; `cargo peers` measures anew. Node CPU leaves the prekey out here; the column
\"with prekey\" has both.

What the numbers do not tell: Noise IK's first message can be replayed and is as secret as the node's static key for ever; Olm and DKE lose
their prekey with the exchange, and DKE's client also knows that the prekey is recent and signed with all others of its batch. EDHOC has
forward secrecy for all data, because its client waits; DKE's refresh has it for all after the node's answer (section 10 of PROTOCOL.md).

lakers 0.8 panics on x coordinates in message_1 that are not on the curve (a test of this program shows it), so it is measured on valid
input only. DKE rejects each of them by name: `cargo test -p dke --test reject points`.
";
