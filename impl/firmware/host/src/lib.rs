//! The other side of the firmware: QEMU with a board, and gateway and client to its node.
//!
//! The images are those that `.ci/firmware` builds.

pub mod board;
pub mod lakers;
pub mod mailbox;
pub mod memory;
pub mod parties;
pub mod table;
pub mod uart;

pub use board::{Board, Image};
pub use parties::{Exchange, Parties};

use dke_link::{Answer, Failure, Request};

/// What came back for one request, without `Done`.
pub type Answers = Vec<(Answer, Vec<u8>)>;

/// A board's end of the link, as the host sees it.
pub trait Ask {
    /// A request and its answers. `None`: the board has started anew instead.
    fn ask(&mut self, request: Request, body: &[u8]) -> Option<Answers>;
}

/// The body of the only answer of this kind.
///
/// # Panics
/// If there is none, or more than one.
pub fn one(answers: &Answers, kind: Answer) -> &[u8] {
    let mut found = answers.iter().filter(|(answer, _)| *answer == kind);
    match (found.next(), found.next()) {
        (Some((_, body)), None) => body,
        _ => panic!("not one {kind:?}: {:?} {:?}", failure(answers), kinds(answers)),
    }
}

/// Why the request failed, if it did.
pub fn failure(answers: &Answers) -> Option<Failure> {
    answers.iter().find(|(answer, _)| *answer == Answer::Failed).and_then(|(_, body)| Failure::from_bytes(body))
}

/// The kinds of the answers.
pub fn kinds(answers: &Answers) -> Vec<Answer> {
    answers.iter().map(|(answer, _)| *answer).collect()
}

/// The body of `Publish`.
pub fn plan(suite: u8, depth: u8, not_after: u64) -> Vec<u8> {
    [&[suite, depth], not_after.to_be_bytes().as_slice()].concat()
}
