//! The node on its board, gateway and client here: exchanges, and all that may go wrong with what comes.

use dke::params::{DATA_MAX, INITIATE_MAX};
use dke::{Mode, Reject};
use dke_firmware::parties::NOT_AFTER;
use dke_firmware::uart::Uart;
use dke_firmware::{Answers, Ask, Board, Exchange, Parties, failure, one, plan};
use dke_link::{Answer, Failure, Garbled, Request, slip};

/// A board that has been given randomness and has published a batch.
struct Bench {
    parties: Parties,
    publication: Vec<u8>,
    uart: Uart,
    board: Board,
}

impl Bench {
    fn new(name: &str, suite: u8, insist_on_refresh: bool) -> Bench {
        let parties = Parties::new(1);
        let board = Board::new(name, &parties.factory_page(insist_on_refresh)).unwrap();
        let mut uart = Uart::start(&board, "node");
        assert_eq!(failure(&uart.ask(Request::Seed, &[7; 32]).unwrap()), None);
        let publication = publish(&mut uart, suite, 4);
        parties.check_publication(&publication, 0);
        Bench { parties, publication, uart, board }
    }

    fn ask(&mut self, request: Request, body: &[u8]) -> Answers {
        self.uart.ask(request, body).expect("no loss of power")
    }

    fn initiate(&mut self, index: u8, mode: Mode, early_data: &[u8]) -> Exchange {
        self.parties.initiate(&self.publication, index, mode, early_data)
    }

    /// Why the node rejects this Initiate.
    fn rejection(&mut self, initiate: &[u8]) -> Reject {
        match failure(&self.ask(Request::Initiate, initiate)) {
            Some(Failure::Peer(reject)) => reject,
            other => panic!("{other:?}"),
        }
    }

    /// The node accepts, gives out these data, and both ends have the same key.
    fn completes(&mut self, exchange: Exchange, early_data: &[u8], vouched: bool, mode: Mode) {
        let answers = self.ask(Request::Initiate, &exchange.initiate);
        assert_eq!(one(&answers, Answer::Accepted), [&[u8::from(vouched)], early_data].concat());
        let session = one(&answers, Answer::Session).to_vec();
        let (answer, agreed, fingerprint) = exchange.finish(one(&answers, Answer::Confirm)).unwrap();
        assert_eq!(answer, early_data[..early_data.len().min(32)]);
        assert_eq!(agreed, mode);
        assert_eq!(session, [&[mode.id()], fingerprint.as_slice()].concat());
    }
}

fn publish(uart: &mut Uart, suite: u8, depth: u8) -> Vec<u8> {
    let answers = uart.ask(Request::Publish, &plan(suite, depth, NOT_AFTER)).unwrap();
    one(&answers, Answer::Publication).to_vec()
}

#[test]
fn both_modes_both_suites_both_kinds_of_client() {
    for suite in [2, 3] {
        let mut bench = Bench::new(&format!("honest-{suite}"), suite, false);
        let cwt = bench.parties.cwt("door", 1);
        let data = [&[0xc0, 0xdb, 0xdc, 0xdd], [0x55; DATA_MAX - 4].as_slice()].concat();
        for (index, mode, data) in
            [(0, Mode::Basic, b"".as_slice()), (1, Mode::Refresh, &data), (2, Mode::Basic, b"open")]
        {
            let exchange = bench.initiate(index, mode, data);
            bench.completes(exchange, data, false, mode);
            let exchange = bench.parties.initiate_vouched(&cwt, &bench.publication, index + 8, mode, data);
            bench.completes(exchange, data, true, mode);
        }
        let answers = bench.ask(Request::Republish, &[]);
        assert_eq!(one(&answers, Answer::Publication), bench.publication);
    }
}

#[test]
fn the_nodes_policy_may_insist_on_refresh() {
    let mut bench = Bench::new("insists", 2, true);
    let exchange = bench.initiate(0, Mode::Basic, b"");
    bench.completes(exchange, b"", false, Mode::Refresh);
}

#[test]
fn a_repeated_initiate_gets_the_same_confirm_until_it_is_acknowledged() {
    let mut bench = Bench::new("repeated", 2, false);
    let exchange = bench.initiate(3, Mode::Refresh, b"once");
    let confirm = one(&bench.ask(Request::Initiate, &exchange.initiate), Answer::Confirm).to_vec();
    // A cut of power at rest: the machine is gone, its flash is not.
    bench.uart = Uart::start(&bench.board, "node");
    for _ in 0..2 {
        let answers = bench.ask(Request::Initiate, &exchange.initiate);
        assert_eq!(answers, [(Answer::Repeated, confirm.clone())]);
    }
    let acknowledged = [1u64.to_be_bytes().as_slice(), &[3]].concat();
    assert_eq!(bench.ask(Request::Acknowledge, &acknowledged), []);
    assert_eq!(bench.rejection(&exchange.initiate), Reject::PrekeyConsumed);
}

#[test]
fn two_epochs_live_and_the_third_is_gone() {
    let mut bench = Bench::new("epochs", 2, false);
    let first = bench.publication.clone();
    let late = bench.initiate(0, Mode::Basic, b"in time");
    let too_late = bench.initiate(1, Mode::Basic, b"too late");
    bench.publication = publish(&mut bench.uart, 3, 2);
    bench.parties.check_publication(&bench.publication, 1);
    bench.completes(late, b"in time", false, Mode::Basic);
    bench.publication = publish(&mut bench.uart, 2, 0);
    bench.parties.check_publication(&bench.publication, 2);
    assert_eq!(bench.rejection(&too_late.initiate), Reject::EpochTooOld);
    let exchange = bench.initiate(0, Mode::Basic, b"new");
    bench.completes(exchange, b"new", false, Mode::Basic);
    assert_ne!(first, bench.publication);
}

#[test]
fn an_erased_prekey_is_nowhere_in_flash() {
    let mut bench = Bench::new("erased", 2, false);
    // The generator is known here: the token is drawn first, then the prekeys.
    let mut random = dke_link::Random::new([7; 32]);
    rand_core_fill(&mut random, &mut [0; 16]);
    let y: Vec<[u8; 32]> = (0..2).map(|_| rand_core_fill(&mut random, &mut [0; 32])).collect();
    let holds = |bench: &Bench, y: &[u8; 32]| bench.board.flash().unwrap().windows(32).any(|bytes| bytes == y);
    let exchange = bench.initiate(0, Mode::Basic, b"");
    assert!(holds(&bench, &y[0]) && holds(&bench, &y[1]));
    bench.completes(exchange, b"", false, Mode::Basic);
    assert!(!holds(&bench, &y[0]) && holds(&bench, &y[1]));
}

fn rand_core_fill<const N: usize>(random: &mut dke_link::Random, out: &mut [u8; N]) -> [u8; N] {
    use rand_core::RngCore;
    random.fill_bytes(out);
    *out
}

#[test]
fn bad_initiates_are_rejected_by_name_and_consume_nothing() {
    let mut bench = Bench::new("bad", 2, false);
    let good = bench.initiate(0, Mode::Refresh, b"good");
    let with = |at: usize, byte: u8| {
        let mut bad = good.initiate.clone();
        bad[at] = byte;
        bad
    };
    let last = good.initiate.len() - 1;
    // [ flags, epoch, index, X, CT_1, CT_2 ]: heads and small integers have one byte each.
    assert_eq!(good.initiate[..6], [0x86, 1, 1, 0, 0x58, 32]);
    let ct_1 = 6 + 32 + 1;
    let cases = [
        (vec![], Reject::Malformed),
        (good.initiate[..last].to_vec(), Reject::Malformed),
        (with(0, 0x85), Reject::Malformed),
        ([with(0, 0x86), vec![0]].concat(), Reject::TrailingBytes),
        ([&[0x86, 0x18, 1], &good.initiate[2..]].concat(), Reject::NotDeterministic),
        (with(1, 2), Reject::UnknownFlags),
        (with(2, 2), Reject::EpochUnknown),
        (with(2, 0), Reject::EpochTooOld),
        (with(3, 16), Reject::IndexOutOfRange),
        ([&good.initiate[..6], &[0xff; 32], &good.initiate[38..]].concat(), Reject::InvalidPoint),
        (with(1, 0), Reject::IdentityNotAuthentic),
        (with(3, 1), Reject::IdentityNotAuthentic),
        (with(ct_1, !good.initiate[ct_1]), Reject::IdentityNotAuthentic),
        (with(last, !good.initiate[last]), Reject::EarlyDataNotAuthentic),
    ];
    for (case, (bad, reject)) in cases.into_iter().enumerate() {
        assert_eq!(bench.rejection(&bad), reject, "case {case}");
    }
    // One byte of data more than there may be.
    let mut long = bench.initiate(2, Mode::Basic, &[0; DATA_MAX]).initiate;
    let head = long.len() - (DATA_MAX + 8) - 3;
    assert_eq!(long[head..head + 3], [0x59, 0x04, 0x08]);
    long[head + 2] += 1;
    long.push(0);
    assert_eq!(bench.rejection(&long), Reject::DataTooLong);
    bench.completes(good, b"good", false, Mode::Refresh);
}

#[test]
fn strangers_are_rejected() {
    let mut bench = Bench::new("strangers", 3, false);
    let stranger = dke_firmware::parties::Party::new("stranger", b"s1", 0x55);
    let exchange = bench.parties.exchange(
        &dke::client::Client::pinned(&stranger.credential(), &stranger.key),
        &bench.publication,
        0,
        Mode::Basic,
        b"",
    );
    assert_eq!(bench.rejection(&exchange.initiate), Reject::UnknownClient);

    let good = bench.parties.cwt("door", 1);
    let tampered = |at: usize| {
        let mut cwt = good.clone();
        cwt[at] ^= 1;
        cwt
    };
    let kid = good.windows(16).position(|bytes| bytes == [0x61; 16]).unwrap();
    let subject = good.windows(16).position(|bytes| bytes == [b'g'; 16]).unwrap();
    let cases = [
        (tampered(kid), Reject::UnknownAuthority),
        (tampered(subject), Reject::BadSignature),
        (tampered(good.len() - 1), Reject::BadSignature),
        (bench.parties.cwt("window", 1), Reject::WrongAudience),
        (bench.parties.cwt("door", 0), Reject::CwtExpired),
    ];
    for (cwt, reject) in cases {
        let exchange = bench.parties.initiate_vouched(&cwt, &bench.publication, 0, Mode::Basic, b"");
        assert_eq!(bench.rejection(&exchange.initiate), reject);
    }
    let exchange = bench.parties.initiate_vouched(&good, &bench.publication, 0, Mode::Basic, b"");
    bench.completes(exchange, b"", true, Mode::Basic);
}

#[test]
fn what_is_no_request_is_answered_and_forgotten() {
    let mut bench = Bench::new("garbled", 2, false);
    let mut raw = |bytes: &[u8]| {
        bench.uart.send_raw(bytes);
        failure(&bench.uart.answers().unwrap())
    };
    let link = |garbled| Some(Failure::Link(garbled));
    let frame = |bytes: &[u8]| {
        let mut line = Vec::new();
        slip::send(&[bytes], |byte| line.push(byte));
        line
    };
    let initiate = Request::Initiate.code();
    assert_eq!(raw(&frame(&[0])), link(Garbled::UnknownKind));
    assert_eq!(raw(&frame(&[0xff, 1, 2, 3])), link(Garbled::UnknownKind));
    assert_eq!(raw(&frame(&[Request::Seed.code(), 1])), link(Garbled::WrongLength));
    assert_eq!(raw(&frame(&[Request::Acknowledge.code()])), link(Garbled::WrongLength));
    assert_eq!(raw(&frame(&[&[initiate], [0; INITIATE_MAX + 1].as_slice()].concat())), link(Garbled::TooLong));
    assert_eq!(raw(&frame(&[[initiate; 10_000].as_slice(), &[0]].concat())), link(Garbled::TooLong));
    assert_eq!(raw(&[0xc0, initiate, 0xdb, 0x01, 0xc0]), link(Garbled::BadEscape));
    assert_eq!(raw(&[0xc0, initiate, 0xdb, 0xc0]), link(Garbled::BadEscape));
    assert_eq!(
        raw(&frame(&[&[initiate], [0x86; INITIATE_MAX].as_slice()].concat())),
        Some(Failure::Peer(Reject::Malformed))
    );
    assert_eq!(
        raw(&frame(&[&[Request::Publish.code()], plan(4, 4, 0).as_slice()].concat())),
        Some(Failure::Peer(Reject::UnknownSuite))
    );
    assert_eq!(
        raw(&frame(&[&[Request::Publish.code()], plan(2, 9, 0).as_slice()].concat())),
        Some(Failure::Peer(Reject::DepthOutOfRange))
    );
    let exchange = bench.initiate(0, Mode::Basic, b"still there");
    bench.completes(exchange, b"still there", false, Mode::Basic);
}

#[test]
fn without_randomness_nothing_is_published_and_too_large_a_batch_is_refused() {
    let parties = Parties::new(1);
    let board = Board::new("unseeded", &parties.factory_page(false)).unwrap();
    let mut uart = Uart::start(&board, "node");
    let fails = |uart: &mut Uart, suite, depth| failure(&uart.ask(Request::Publish, &plan(suite, depth, 0)).unwrap());
    assert_eq!(fails(&mut uart, 2, 0), Some(Failure::Caller(dke::Misuse::BrokenRandomness)));
    assert_eq!(failure(&uart.ask(Request::Republish, &[]).unwrap()), Some(Failure::Peer(Reject::EpochTooOld)));
    uart.ask(Request::Seed, &[1; 32]).unwrap();
    assert_eq!(fails(&mut uart, 2, 5), Some(Failure::Storage));
    assert_eq!(fails(&mut uart, 2, 6), Some(Failure::Caller(dke::Misuse::BufferTooSmall)));
    publish(&mut uart, 2, 4);
}
