//! One test for every rejection by peer and misuse by caller that this crate can name; none changes any state.

mod callers;
#[path = "../common/mod.rs"]
mod common;
mod confirms;
mod forge;
mod gateway;
mod initiates;
mod offers;

use dke::{Error, Misuse, Reject};

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
