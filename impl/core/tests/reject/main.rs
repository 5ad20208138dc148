//! One test for every rejection by peer and misuse by caller that this crate can name; none changes any state.

mod callers;
#[path = "../common/mod.rs"]
mod common;
mod confirms;
mod forge;
mod gateway;
mod initiates;
mod offers;
mod points;

use dke::{Blame, Error, Failed, Misuse, Reject};

#[test]
fn names_are_those_of_the_protocol() {
    let document = include_str!("../../../../spec/PROTOCOL.md");
    let section = document.split("## 9 Rejections").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| name"));
    let mut listed: Vec<_> = rows.map(|row| row.split('|').nth(1).unwrap().trim()).collect();
    let mut known: Vec<_> = Reject::ALL.iter().map(|reject| reject.name()).collect();
    known.extend(Misuse::ALL.iter().map(|misuse| misuse.name()).filter(|name| *name != "DataTooLong"));
    known.push(Error::Storage(()).name());
    listed.sort_unstable();
    known.sort_unstable();
    assert_eq!(known, listed);
    for reject in Reject::ALL {
        assert!(reject.to_string().ends_with('.'));
    }
}

#[test]
fn errors_say_whose_fault_they_are() {
    let failed = Failed { state: (), error: Error::Storage("The store is full.") };
    assert!(format!("{failed:?}").contains("full"));
    for (error, name, blame, sentence) in [
        (failed.error, "Storage", Blame::Storage, "The store failed; the step was not done: The store is full."),
        (Misuse::InvalidKey.into(), "InvalidKey", Blame::Caller, "A private key is not a scalar."),
        (Reject::Expired.into(), "Expired", Blame::Peer, "The batch's not_after has passed."),
    ] {
        assert_eq!((error.name(), error.blame(), &*error.to_string()), (name, blame, sentence));
    }
}
