//! Power is cut at any word or page that the board writes, hundreds of times. After each start: no prekey is used twice, and nothing
//! is lost that the board has sent.

use dke::{Mode, Reject};
use dke_firmware::parties::NOT_AFTER;
use dke_firmware::uart::Uart;
use dke_firmware::{Answers, Ask, Board, Exchange, Parties, failure, one, plan};
use dke_link::{Answer, Failure, Random, Request};
use rand_core::RngCore;
use std::collections::BTreeMap;

const CUTS: u32 = 300;
const DEPTH: u8 = 2;

/// A prekey's exchange, as the other side saw it.
struct Seen {
    exchange: Option<Exchange>,
    initiate: Vec<u8>,
    accepted: u32,
    confirm: Option<Vec<u8>>,
    acknowledged: bool,
}

struct Bench {
    uart: Uart,
    parties: Parties,
    chance: Random,
    epoch: u64,
    publication: Vec<u8>,
    /// By index, of the newest batch.
    seen: BTreeMap<u8, Seen>,
    cuts: u32,
    /// By request: cuts in the middle of it.
    hit: BTreeMap<u8, u32>,
    lost: u32,
}

impl Bench {
    fn new(board: &Board, parties: Parties) -> Bench {
        let mut bench = Bench {
            uart: Uart::start(board, "node"),
            parties,
            chance: Random::new([9; 32]),
            epoch: 0,
            publication: Vec::new(),
            seen: BTreeMap::new(),
            cuts: 0,
            hit: BTreeMap::new(),
            lost: 0,
        };
        bench.seed();
        bench
    }

    fn below(&mut self, n: u32) -> u32 {
        self.chance.next_u32() % n
    }

    /// The board's randomness is another after each start.
    fn seed(&mut self) {
        let mut seed = [0; 32];
        self.chance.fill_bytes(&mut seed);
        assert_eq!(self.uart.ask(Request::Seed, &seed), Some(vec![]));
    }

    /// Asks with a cut of power ahead, at one of the next `span` words. `None`: it came.
    fn risk(&mut self, request: Request, body: &[u8], span: u32) -> Option<Answers> {
        let words = self.below(span);
        // Half of the cuts tear their word; a seed of 0 leaves it as it was.
        let mut seed = [0; 8];
        if self.below(2) == 0 {
            self.chance.fill_bytes(&mut seed);
        }
        let cut = [words.to_be_bytes().as_slice(), &seed].concat();
        assert_eq!(self.uart.ask(Request::CutPower, &cut), Some(vec![]));
        let answers = self.uart.ask(request, body);
        if answers.is_none() {
            self.cuts += 1;
            *self.hit.entry(request.code()).or_default() += 1;
            self.seed();
        }
        answers
    }

    /// N1: either the new batch is there, or the old one still is.
    fn publish(&mut self) {
        let plan = plan(2, DEPTH, NOT_AFTER);
        let published = match self.risk(Request::Publish, &plan, 80) {
            Some(answers) => one(&answers, Answer::Publication).to_vec(),
            None => {
                let answers = self.uart.ask(Request::Republish, &[]).unwrap();
                match failure(&answers) {
                    Some(failure) => {
                        assert_eq!((failure, self.epoch), (Failure::Peer(Reject::EpochTooOld), 0));
                        return;
                    }
                    None => one(&answers, Answer::Publication).to_vec(),
                }
            }
        };
        if published == self.publication {
            return;
        }
        self.parties.check_publication(&published, self.epoch);
        self.epoch += 1;
        self.publication = published;
        self.seen.clear();
    }

    /// C1, N2, N3 over a new prekey.
    fn exchange(&mut self, index: u8) {
        let mode = if self.below(2) == 0 { Mode::Basic } else { Mode::Refresh };
        let exchange = self.parties.initiate(&self.publication, index, mode, &[index; 9]);
        let seen = Seen {
            initiate: exchange.initiate.clone(),
            exchange: Some(exchange),
            accepted: 0,
            confirm: None,
            acknowledged: false,
        };
        self.seen.insert(index, seen);
        self.deliver(index);
    }

    /// The Initiate, once or once more.
    fn deliver(&mut self, index: u8) {
        let initiate = self.seen[&index].initiate.clone();
        // The erasure of y is five words, the Confirm some twenty. What was sent before a cut counts, too.
        let span = if self.below(2) == 0 { 5 } else { 25 };
        let answers = self.risk(Request::Initiate, &initiate, span);
        let cut = answers.is_none();
        let answers = answers.unwrap_or_else(|| std::mem::take(&mut self.uart.cut_off));
        let seen = self.seen.get_mut(&index).unwrap();
        for (answer, body) in &answers {
            match answer {
                Answer::Accepted => seen.accepted += 1,
                Answer::Confirm => {
                    assert_eq!(seen.confirm, None, "a second exchange over one prekey");
                    seen.confirm = Some(body.clone());
                    seen.exchange.take().unwrap().finish(body).expect("the right Confirm");
                }
                Answer::Repeated => {
                    match &seen.confirm {
                        Some(confirm) => assert_eq!(body, confirm, "another Confirm"),
                        None => drop(seen.exchange.take().unwrap().finish(body).expect("the right Confirm")),
                    }
                    seen.confirm = Some(body.clone());
                }
                Answer::Failed => {
                    assert_eq!(Failure::from_bytes(body), Some(Failure::Peer(Reject::PrekeyConsumed)));
                    assert!(seen.confirm.is_none() || seen.acknowledged, "a Confirm that was sent is lost");
                    self.lost += u32::from(seen.confirm.is_none());
                }
                Answer::Session => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(seen.accepted <= 1, "early data were given out twice");
        if cut {
            self.deliver(index);
        }
    }

    /// N4.
    fn acknowledge(&mut self, index: u8) {
        let body = [self.epoch.to_be_bytes().as_slice(), &[index]].concat();
        self.seen.get_mut(&index).unwrap().acknowledged = true;
        assert!(self.risk(Request::Acknowledge, &body, 2).is_none_or(|answers| answers.is_empty()));
    }

    /// Something that a gateway may do now.
    fn step(&mut self) {
        let unused = (0..1 << DEPTH).find(|index| !self.seen.contains_key(index));
        let confirmed =
            self.seen.iter().filter(|(_, seen)| seen.confirm.is_some()).map(|(index, _)| *index).next_back();
        match (self.below(8), unused, confirmed) {
            (0..4, Some(index), _) if self.epoch > 0 => self.exchange(index),
            (4, _, Some(index)) => self.acknowledge(index),
            (0..7, _, _) if !self.seen.is_empty() => {
                let nth = self.below(u32::try_from(self.seen.len()).unwrap());
                let index = *self.seen.keys().nth(nth as usize).unwrap();
                self.deliver(index);
            }
            _ => self.publish(),
        }
    }
}

#[test]
fn no_cut_of_power_brings_a_prekey_back_or_loses_what_was_sent() {
    let parties = Parties::new(2);
    let board = Board::new("cuts", &parties.factory_page(false)).unwrap();
    let mut bench = Bench::new(&board, parties);
    while bench.cuts < CUTS {
        bench.step();
    }
    println!("{} batches, {} cuts: {:?} by request, {} exchanges lost", bench.epoch, bench.cuts, bench.hit, bench.lost);
    let all = [Request::Publish, Request::Initiate, Request::Acknowledge];
    assert!(
        all.iter().all(|request| bench.hit.get(&request.code()).is_some_and(|hits| *hits >= 10)),
        "{:?}",
        bench.hit
    );
    assert!(bench.lost > 0 && bench.epoch > 5);
}
