//! The sequence as a page that is complete in itself: each message unfolds, and a switch shows only what the gateway sees.

use super::scene::{Event, GATEWAY, NAMES, NODE, What};
use crate::inspect::inspect;
use crate::outer;
use crate::report::Report;
use dke::message::{Confirm, Initiate, Offer, Publication};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5d6b7a; --line: #c9d1d9; --paper: #f6f8fa; --card: #fff; --mark: #1f6feb; --seal: #2f7d6d; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --soft: #9aa8b6; --line: #3a4550; --paper: #14191f; --card: #1c232b; --mark: #6ea8fe; --seal: #4fb39e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, 'DejaVu Sans', sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { color: var(--soft); margin: .25rem 0 1rem; max-width: 46rem; }
label { display: inline-flex; gap: .6rem; align-items: center; padding: .5rem .8rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; cursor: pointer; }
label input { width: 1.1rem; height: 1.1rem; accent-color: var(--mark); }
.scene { position: relative; margin-top: 1.25rem; }
.names, .note, summary { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); align-items: center; }
.names { position: sticky; top: 0; z-index: 2; background: var(--paper); border-bottom: 1px solid var(--line); }
.names b { text-align: center; padding: .4rem 0; }
.life { position: absolute; top: 2.2rem; bottom: 0; width: 0; border-left: 2px solid var(--line); }
.note > div { justify-self: center; position: relative; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .2rem .5rem; margin: .2rem .25rem; max-width: 100%; overflow-wrap: anywhere; font-size: .87rem; }
.note.plain > div { border-style: dashed; color: var(--soft); }
details { position: relative; }
summary { list-style: none; cursor: pointer; padding: .15rem 0; }
summary::-webkit-details-marker { display: none; }
.arrow { position: relative; text-align: center; padding: .25rem 0 .35rem; }
.arrow > span { background: var(--paper); padding: 0 .4rem; color: var(--mark); }
.arrow small { color: var(--soft); }
.arrow::before { content: ''; position: absolute; bottom: .3rem; left: var(--half); right: var(--half); border-top: 2px solid var(--mark); }
.arrow::after { content: ''; position: absolute; bottom: calc(.3rem - 4px); border: 5px solid transparent; }
.right::after { right: var(--half); border-left: 9px solid var(--mark); border-right: 0; }
.left::after { left: var(--half); border-right: 9px solid var(--mark); border-left: 0; }
summary:hover .arrow > span, summary:focus-visible .arrow > span { text-decoration: underline; }
.open { position: relative; z-index: 1; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .8rem; margin: .3rem 0 .6rem; }
.open p { margin: 0 0 .4rem; max-width: none; color: var(--ink); }
.open p.private { color: var(--seal); }
pre { margin: 0; overflow-x: auto; font-size: .78rem; line-height: 1.4; }
.who { display: none; color: var(--soft); font-size: .8rem; }
.rest { height: 1rem; }
body:has(#see:checked) .private { display: none; }
body:not(:has(#see:checked)) .gate { display: none; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; background: var(--card); }
th, td { border: 1px solid var(--line); padding: .3rem .7rem; text-align: left; font-variant-numeric: tabular-nums; }
td code { font-size: .9em; }
@media (max-width: 720px) {
  .names, .life { display: none; }
  .note, summary { display: block; }
  .note > div, summary .arrow { margin: .25rem 0; }
  .note > div { display: table; justify-self: start; }
  .arrow { text-align: left; background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--mark); border-radius: .4rem; padding: .35rem .6rem; }
  .arrow::before, .arrow::after { display: none; }
  .arrow > span { background: none; padding: 0; }
  .arrow > .who, .who { display: block; color: var(--soft); }
}
";

/// The page.
pub(super) fn page(events: &[Event], exchanges: &[Value], answered: &[Report]) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "A delayed key exchange" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "A delayed key exchange" }
                p { "Two clients agree on keys with a node that sleeps, through a gateway that nobody trusts. A message unfolds when it is "
                    "touched: its bytes in CBOR diagnostic notation, with the names of PROTOCOL.md." }
                label { input #see type="checkbox"; "Show only what the gateway sees" }
                div.scene {
                    @for party in 0..NAMES.len() { div.life style=(format!("left:calc({}% - 1px)", 100 * (2 * party + 1) / (2 * NAMES.len()))) {} }
                    div.names { @for party in 0..NAMES.len() { b { (name_of(party)) } } }
                    @for event in events { (row(event, events)) }
                }
                h2 { "Who knows what" }
                (knowledge(exchanges))
                h2 { "What was asked" }
                (asked(answered))
            }
        }
    }
    .into_string()
}

fn row(event: &Event, all: &[Event]) -> Markup {
    match &event.what {
        What::Message { from, to, name, bytes, .. } => message(event, *from, *to, name, bytes, all),
        What::Note { party, text } => {
            let seen = *party == GATEWAY;
            html! {
                div.note.plain[event.step.is_empty()].private[!seen] {
                    div style=(format!("grid-column:{}", party + 1)) {
                        span.who { (NAMES[*party]) }
                        @if !event.step.is_empty() { b { (event.step) } " " }
                        (text)
                    }
                }
            }
        }
        What::Rest => html! { div.rest {} },
    }
}

fn message(event: &Event, from: usize, to: usize, name: &str, bytes: &[u8], all: &[Event]) -> Markup {
    let (left, right) = (from.min(to), from.max(to));
    let columns = right - left + 1;
    let style = format!("grid-column:{}/{};--half:calc(100%/{})", left + 1, right + 2, 2 * columns);
    let milliseconds = event.at.as_millis();
    // Whoever told the same bytes knew what is inside.
    let inside = all.iter().find_map(|other| match &other.what {
        What::Message { bytes: same, inside: Some(inside), .. } if same == bytes => Some(inside),
        _ => None,
    });
    html! {
        details {
            summary {
                div.arrow.right[from < to].left[from > to] style=(style) {
                    span.who { (name_of(from)) " → " (name_of(to)) }
                    span { b { (event.step) } " " (name) " " small { (bytes.len()) " bytes, after " (milliseconds) " ms" } }
                }
            }
            div.open {
                @if let Some(inside) = inside { p.private { (inside) } }
                p.gate { (seen(bytes)) }
                pre { (inspect(bytes).map_or_else(|error| error.to_string(), |shown| shown.diagnostic)) }
            }
        }
    }
}

/// The gateway does not know who its clients are.
fn name_of(party: usize) -> Markup {
    if party > GATEWAY {
        html! { span.private { (NAMES[party]) } span.gate { "somebody" } }
    } else {
        html! { (NAMES[party]) }
    }
}

/// What the gateway learns from a message.
fn seen(bytes: &[u8]) -> String {
    if let Ok(publication) = Publication::parse(bytes) {
        format!("The gateway sees {} public prekeys, their tree and the node's signature.", publication.prekeys().len())
    } else if let Ok(offer) = Offer::parse(bytes) {
        format!("The gateway sees that somebody takes prekey {}.", offer.index)
    } else if let Ok(initiate) = Initiate::parse(bytes) {
        let asked = if initiate.flags == 1 { "refresh is asked for" } else { "basic will do" };
        let (epoch, index) = (initiate.epoch, initiate.index);
        format!(
            "The gateway sees epoch {epoch}, index {index}, that {asked}, and sizes: not who calls, not what is said."
        )
    } else if let Ok(confirm) = Confirm::parse(bytes) {
        let mode = if confirm.z.is_empty() { "basic" } else { "refresh" };
        format!("The gateway sees epoch {}, index {}, {mode}, and sizes: not the answer.", confirm.epoch, confirm.index)
    } else if outer::shown(bytes).is_some() {
        "The gateway sees a kid, a number and sizes: neither method nor path, not what is said.".into()
    } else {
        "The gateway sees these bytes.".into()
    }
}

fn asked(answered: &[Report]) -> Markup {
    html! {
        div.wide { table {
            tr { th { "over" } th { "protected by" } th.private { "request" } th.private { "response" } th { "gateway" } }
            @for told in answered {
                tr {
                    td { (told.str("over")) " to CoAP" }
                    td { (told.str("by")) }
                    td.private { (told.str("client")) ": " (told.str("request")) }
                    td.private { (told.str("code")) " " (told.get("payload")["text"].as_str().unwrap_or_default()) }
                    td { "translates it, cannot read it" }
                }
            }
        } }
    }
}

fn knowledge(exchanges: &[Value]) -> Markup {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    html! {
        div.wide { table {
            tr { th { "exchange" } th { "what" } th.private { "client" } th.private { (NAMES[NODE]) } th { "gateway" } }
            @for exchange in exchanges {
                @let name = format!("{}, {}", text(&exchange["client"]), text(&exchange["mode"]));
                @for (key, label) in [("early_key", "early key"), ("session_key", "session key")] {
                    tr {
                        td { span.private { (name) } span.gate { "somebody" } }
                        td { (label) ", fingerprint" }
                        td.private { code { (text(&exchange[key]["client"])) } }
                        td.private { code { (text(&exchange[key]["node"])) } }
                        td { "does not know it" }
                    }
                }
            }
        } }
    }
}
