//! The page for people: which nodes there are, and how they are.

use crate::gateway::{Gateway, NodeState};
use crate::refusal::Refusal;
use crate::resource::node_name;
use crate::store::Store;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Nodes on the page.
const SHOWN: usize = 200;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5d6b7a; --line: #dfe4ea; --paper: #f6f8fa; --card: #fff; --bar: #2f7d6d;
  --low: #c2571a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --soft: #9aa8b6; --line: #333d48; --paper: #14191f; --card: #1c232b;
  --bar: #4fb39e; --low: #e08a4f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 16px/1.45 system-ui, 'DejaVu Sans', sans-serif; }
h1 { font-size: 1.35rem; margin: 0; }
p { color: var(--soft); margin: .25rem 0 1.25rem; }
dl.sums { display: flex; flex-wrap: wrap; gap: .75rem; margin: 0 0 1.25rem; }
dl.sums div { flex: 1 1 7rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .9rem; }
dl.sums dt { color: var(--soft); font-size: .85rem; }
dl.sums dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
ul { list-style: none; margin: 0; padding: 0; display: grid; gap: .75rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); }
li { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .8rem .9rem; min-width: 0; }
li h2 { font-size: 1.05rem; margin: 0; overflow-wrap: anywhere; }
li code { color: var(--soft); font-size: .8rem; overflow-wrap: anywhere; }
.bar { display: block; height: .5rem; border-radius: .25rem; background: var(--line); margin: .6rem 0 .3rem; overflow: hidden; }
.bar span { display: block; height: 100%; background: var(--bar); }
.bar span.low { background: var(--low); }
li dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem .9rem; margin: .4rem 0 0; font-size: .9rem; }
li dt { color: var(--soft); }
li dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
";

/// The page, complete in itself.
pub(crate) fn page<S: Store>(gateway: &Gateway<S>) -> Result<String, Refusal> {
    let totals = gateway.totals()?;
    let nodes = gateway.nodes(None, SHOWN)?;
    let now = gateway.now();
    let waiting: u64 = nodes.iter().map(|node| u64::from(node.waiting)).sum();
    let more = totals.nodes > u64::try_from(nodes.len()).unwrap_or_default();
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="refresh" content="10";
                title { "DKE gateway" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "DKE gateway" }
                p { "Carries key exchanges for nodes that sleep. It holds no key of theirs." }
                dl.sums {
                    (sum("nodes", totals.nodes))
                    (sum("messages waiting", waiting))
                    (sum("prekeys on loan", u64::try_from(totals.leases).unwrap_or_default()))
                }
                @if nodes.is_empty() { p { "No node is registered yet." } }
                ul { @for node in &nodes { (card(node, now)) } }
                @if more { p { "The first " (nodes.len()) " nodes are shown; " code { "/dke?after=" } " lists the others." } }
            }
        }
    };
    Ok(markup.into_string())
}

fn sum(name: &str, number: u64) -> Markup {
    html! { div { dt { (name) } dd { (number) } } }
}

fn card(node: &NodeState, now: u64) -> Markup {
    let left = node.left.unwrap_or(node.prekeys);
    let percent = u32::from(left).saturating_mul(100).checked_div(node.prekeys.into()).unwrap_or_default();
    let expired = node.not_after.is_some_and(|end| end < now);
    html! {
        li {
            h2 { (node.subject) }
            code { (node_name(&node.id)) }
            @if node.epoch == 0 {
                p { "Has not published yet." }
            } @else {
                div.bar { span.low[percent <= 25] style=(format!("width:{percent}%")) {} }
                dl {
                    dt { "prekeys left" } dd { (left) " of " (node.prekeys) @if expired { ", expired" } }
                    dt { "messages waiting" } dd { (node.waiting) }
                    dt { "requests waiting" } dd { (node.requests) }
                    dt { "batch" } dd { (node.epoch) ", " (ago(node.published, now)) }
                    dt { "last awake" } dd { (ago(node.awake, now)) }
                    @if let Some(seconds) = node.next_wake { dt { "expected in" } dd { (span(seconds)) } }
                }
            }
        }
    }
}

fn ago(then: Option<u64>, now: u64) -> String {
    then.map_or_else(|| "not seen since start".into(), |then| format!("{} ago", span(now.saturating_sub(then))))
}

/// A span of time in its largest unit.
fn span(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_their_largest_unit() {
        let spans = [0, 119, 120, 7199, 7200, 172_799, 172_800, 864_000].map(span);
        assert_eq!(spans, ["0 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 days", "10 days"]);
        assert_eq!([ago(None, 9), ago(Some(4), 9), ago(Some(9), 4)], ["not seen since start", "5 s ago", "0 s ago"]);
    }

    #[test]
    fn a_card_says_what_is_left_and_whether_it_has_ended() {
        let node = |left, not_after| NodeState {
            id: [7; 16],
            subject: "lamp <7>".into(),
            epoch: 3,
            prekeys: 8,
            left: Some(left),
            not_after: Some(not_after),
            published: Some(40),
            waiting: 5,
            requests: 6,
            awake: None,
            next_wake: Some(30),
        };
        let card = |left, not_after| card(&node(left, not_after), 100).into_string();
        let low = card(2, 101);
        for text in
            ["lamp &lt;7&gt;", "2 of 8", "width:25%", "class=\"low\"", "3, 60 s ago", "not seen since start", "30 s"]
        {
            assert!(low.contains(text), "{text}: {low}");
        }
        assert!(!low.contains("expired") && !card(3, 100).contains("expired") && card(3, 99).contains("expired"));
        assert!(!card(3, 100).contains("low"));
        let sum = sum("nodes", 4).into_string();
        assert!(sum.contains("nodes") && sum.contains('4'), "{sum}");
    }
}
