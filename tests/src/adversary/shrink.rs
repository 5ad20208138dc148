//! Makes a failing script small: fewer actions, then simpler ones.

use super::script::{Action, Label, Script};
use std::collections::BTreeMap;

/// All scripts that are one step smaller, the smallest first.
pub fn smaller(script: &Script) -> impl Iterator<Item = Script> + '_ {
    let length = script.0.len();
    let sizes =
        std::iter::successors(Some(length / 2), |size| (*size > 1).then_some(size / 2)).filter(|size| *size > 0);
    let fewer = sizes.flat_map(move |size| {
        (0..length).step_by(size).map(move |from| {
            let kept = script.0.iter().enumerate().filter(|(at, _)| !(from..from + size).contains(at));
            Script(kept.map(|(_, action)| action.clone()).collect())
        })
    });
    let simpler = (0..length).flat_map(move |at| {
        simpler(&script.0[at]).into_iter().map(move |action| {
            let mut smaller = script.clone();
            smaller.0[at] = action;
            smaller
        })
    });
    fewer.chain(simpler)
}

/// Simpler actions that do nearly the same.
fn simpler(action: &Action) -> Vec<Action> {
    let simplified = |change: &dyn Fn(&mut Action)| {
        let mut other = action.clone();
        change(&mut other);
        other
    };
    let mut found = vec![
        simplified(&Action::plain_suite),
        simplified(&Action::one_prekey),
        simplified(&Action::calm),
        simplified(&Action::unlike),
        simplified(&|action| {
            if let Some(refresh) = action.refresh_mut() {
                *refresh = false;
            }
        }),
    ];
    for at in 0..action.clone().changes_mut().map_or(0, |changes| changes.len()) {
        found.push(simplified(&|action| {
            if let Some(changes) = action.changes_mut() {
                changes.remove(at);
            }
        }));
    }
    found.retain(|other| other != action);
    found
}

/// A smallest script near this one that still fails.
pub fn shrink(script: &Script, fails: &mut dyn FnMut(&Script) -> bool) -> Script {
    let mut best = script.clone();
    loop {
        let next = smaller(&best).find(|next| fails(next));
        match next {
            Some(next) => best = next,
            None => return best,
        }
    }
}

/// The same script with its own labels numbered as they appear.
pub fn renumbered(script: &Script) -> Script {
    let mut numbers: BTreeMap<Label, Label> = BTreeMap::new();
    let mut next: BTreeMap<char, u8> = BTreeMap::new();
    let text = script.to_string();
    let mut renumber = |word: &str| {
        let (key, value) = word.split_once('=').map_or(("", word), |(key, value)| (key, value));
        let (name, index) = value.split_once('.').map_or((value, ""), |(name, index)| (name, index));
        let Ok(label) = name.parse::<Label>() else { return word.to_string() };
        if matches!(label.kind, 'n' | 'c' | 'a') {
            return word.to_string();
        }
        let new = *numbers.entry(label).or_insert_with(|| {
            let number = next.entry(label.kind).or_default();
            *number += 1;
            Label { number: *number - 1, ..label }
        });
        let (equals, dot) = (if key.is_empty() { "" } else { "=" }, if index.is_empty() { "" } else { "." });
        format!("{key}{equals}{new}{dot}{index}")
    };
    let line = |line: &str| line.split(' ').map(&mut renumber).collect::<Vec<_>>().join(" ") + "\n";
    text.lines().map(line).collect::<String>().parse().expect("numbers do not change what can be read")
}
