//! The predicates of which the annotations on messages, tree and roles are made, on random inputs: they say exactly when a reader
//! accepts, and what a step leaves behind. No property may discard an input.

use dke_spec::bytes::{Bytes, bytes};
use dke_spec::client::{self, Client, Request, is_end_of, is_usable};
use dke_spec::credential::{CoseKey, Credential, encode};
use dke_spec::gateway::{check_publication, is_storable, offer};
use dke_spec::hkdf::is_output_length;
use dke_spec::key_schedule::{AeadKey, export, is_export, open, seal};
use dke_spec::merkle::{is_batch, is_path, path, root, root_of_path};
use dke_spec::message::{
    Confirm, Header, Initiate, encode_confirm, encode_header, encode_initiate, is_confirm, is_header, is_initiate,
    parse_confirm, parse_header, parse_initiate,
};
use dke_spec::node::{self, Incoming, Node, is_consistent, is_erased};
use dke_spec::p256::{encode_x, encode_y, public_key, scalar};
use dke_spec::params::{DATA_MAX, is_suite, tag_length};
use dke_spec::sha256::sha256;
use dke_spec::weakening::Weakening;
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};

fn holds(tests: u64, property: impl Testable) {
    QuickCheck::new().tests(tests).max_tests(tests).min_tests_passed(tests).quickcheck(property);
}

/// So many bytes, all different from those of another seed.
fn some(length: usize, seed: u64) -> Bytes {
    let block = sha256(&bytes(&seed.to_be_bytes()));
    let mut all = Bytes::new(0);
    while all.len() < length {
        all = all.concat(&block);
    }
    all.slice(0, length)
}

/// A length that is `limit`, or just below or above it.
#[derive(Clone, Copy, Debug)]
struct Around(i8);

impl Around {
    fn of(self, limit: usize) -> usize {
        limit.saturating_add_signed(self.0.into())
    }
}

impl Arbitrary for Around {
    fn arbitrary(g: &mut Gen) -> Self {
        Around(*g.choose(&[0, 0, 0, 0, -1, 1]).unwrap_or(&0))
    }
}

#[test]
fn headers_are_read_if_and_only_if_they_are_in_range() {
    fn property(small: (u8, u8), numbers: (u64, u64), lengths: (Around, Around, Around)) -> bool {
        let header = Header {
            suite: (small.0 % 6).into(),
            node: some(lengths.0.of(32), 1),
            epoch: numbers.0,
            not_after: numbers.1,
            depth: (small.1 % 12).into(),
            root: some(lengths.1.of(32), 2),
            mailbox: some(lengths.2.of(32), 3),
        };
        let encoded = encode_header(&header);
        let other = parse_header(&encoded, &some(32, 4));
        match parse_header(&encoded, &header.node) {
            Ok(read) => is_header(&header) && is_header(&read) && encode_header(&read) == encoded && other.is_err(),
            Err(_) => !is_header(&header),
        }
    }
    holds(2000, property as fn((u8, u8), (u64, u64), (Around, Around, Around)) -> bool);
}

#[test]
fn initiates_are_read_if_and_only_if_their_strings_have_a_permitted_length() {
    fn property(numbers: (u64, u64, u64), x: Around, least: bool, ct_1: Around, ct_2: Around) -> bool {
        let initiate = Initiate {
            flags: numbers.0,
            epoch: numbers.1,
            index: numbers.2,
            x: some(x.of(32), 1),
            ct_1: some(ct_1.of(if least { 9 } else { 355 }), 2),
            ct_2: some(ct_2.of(if least { 8 } else { 1040 }), 3),
        };
        let encoded = encode_initiate(&initiate);
        match parse_initiate(&encoded) {
            Ok(read) => is_initiate(&initiate) && is_initiate(&read) && encode_initiate(&read) == encoded,
            Err(_) => !is_initiate(&initiate),
        }
    }
    holds(2000, property as fn((u64, u64, u64), Around, bool, Around, Around) -> bool);
}

#[test]
fn confirms_are_read_if_and_only_if_their_strings_have_a_permitted_length() {
    fn property(epoch: u64, index: u64, empty: bool, z: Around, ct_3: Around) -> bool {
        let z = some(z.of(if empty { 0 } else { 32 }), 1);
        let confirm = Confirm { epoch, index, z, ct_3: some(ct_3.of(8), 2) };
        let encoded = encode_confirm(&confirm);
        match parse_confirm(&encoded) {
            Ok(read) => is_confirm(&confirm) && is_confirm(&read) && encode_confirm(&read) == encoded,
            Err(_) => !is_confirm(&confirm),
        }
    }
    holds(2000, property as fn(u64, u64, bool, Around, Around) -> bool);
}

#[test]
fn paths_lead_every_leaf_to_the_root_and_no_other() {
    fn property(depth: u8, index: usize, other: usize, seed: u64) -> bool {
        let depth = usize::from(depth % 5);
        let keys: Vec<Bytes> = (0..1 << depth).map(|i| some(32, seed.wrapping_add(i))).collect();
        let (index, other) = (index % keys.len(), other % keys.len());
        let w = &Weakening::NONE;
        let (root, path) = (root(w, &keys, depth), path(w, &keys, depth, index));
        is_batch(keys.len(), depth)
            && !is_batch(keys.len() + 1, depth)
            && !is_batch(keys.len(), depth + 1)
            && is_path(&path)
            && path.len() == 32 * depth
            && !is_path(&path.concat(&bytes(&[0])))
            && root_of_path(w, index, &keys[index], &path) == root
            && (index == other || root_of_path(w, other, &keys[index], &path) != root)
            && (index == other || root_of_path(w, index, &keys[other], &path) != root)
    }
    holds(200, property as fn(u8, usize, usize, u64) -> bool);
    assert!(is_batch(256, 8) && !is_batch(512, 9));
}

#[test]
fn exports_are_given_if_and_only_if_they_are_in_range() {
    fn property(label: Around, context: Around, length: Around, least: bool) -> bool {
        let limit = |most| if least { 1 } else { most };
        let (label, context) = (some(label.of(limit(64)), 1), some(context.of(limit(65_535)), 2));
        let length = length.of(limit(8160));
        let in_range = (1..=64).contains(&label.len()) && context.len() <= 65_535 && (1..=8160).contains(&length);
        let result = export(&some(32, 3), &label, &context, length);
        is_export(&label, &context, length) == in_range
            && result.is_ok() == in_range
            && (!in_range || is_output_length(length))
            && result.is_ok_and(|exported| exported.len() == length) == in_range
    }
    holds(40, property as fn(Around, Around, Around, bool) -> bool);
}

#[test]
fn a_suite_has_the_tag_that_its_ciphertexts_have() {
    fn property(number: u64, plaintext: Vec<u8>) -> bool {
        let number = number % 6;
        let key = AeadKey { key: some(16, 1), nonce: some(13, 2) };
        let (th, plaintext) = (some(32, 3), bytes(&plaintext));
        is_suite(number) == [2, 3].contains(&number)
            && (!is_suite(number) || {
                let sealed = seal(number, &key, &th, &plaintext);
                sealed.len() == plaintext.len() + tag_length(number)
                    && open(number, &key, &th, &sealed) == Some(plaintext)
            })
    }
    holds(200, property as fn(u64, Vec<u8>) -> bool);
}

fn identity(subject: &str, seed: u64) -> (Bytes, Bytes) {
    let key = some(32, seed);
    let point = public_key(scalar(&key).expect("a scalar")).expect("a point");
    let key_of = CoseKey { kid: bytes(subject.as_bytes()), x: encode_x(&point), y: encode_y(&point) };
    (encode(&Credential { subject: bytes(subject.as_bytes()), key: key_of }), key)
}

fn parties() -> (Node, Client) {
    let (own, key) = identity("n", 1);
    let (pinned, client_key) = identity("c", 2);
    let client = client::pinned(&pinned, &client_key).expect("a client");
    let node = Node {
        credential: own,
        key,
        insist_on_refresh: false,
        last_epoch: 0,
        batches: vec![],
        outbox: vec![],
        clients: vec![pinned],
        authorities: vec![],
        weakening: Weakening::NONE,
        remains: vec![],
    };
    (node, client)
}

#[test]
fn batches_are_stored_and_used_only_in_their_time() {
    fn property(last_epoch: u32, suite: bool) -> bool {
        let (mut node, _) = parties();
        node.last_epoch = last_epoch.into();
        let (suite, end) = (if suite { 2 } else { 3 }, 1000);
        let (next, publication) = node::publish(&node, suite, 0, end, &some(16, 3), &[some(32, 4)]).expect("N1");
        let header = parse_header(&next.batches[0].header, &sha256(&node.credential)).expect("a header");
        let offer = offer(&publication, &node.credential, 0).expect("G2");
        let mut good = is_consistent(&next) && is_header(&header);
        for seen in header.epoch.saturating_sub(1)..=header.epoch + 1 {
            for now in end - 1..=end + 1 {
                let stored = check_publication(&publication, &node.credential, seen, now);
                let request = Request {
                    node: node.credential.clone(),
                    highest_epoch: seen,
                    now,
                    refresh: false,
                    early_data: Bytes::new(0),
                    x: some(32, 5),
                };
                let used = client::check_offer(&Weakening::NONE, &offer, &request);
                // A client takes the newest batch that it has seen once more, a gateway does not.
                let usable = header.epoch >= seen && now <= end;
                good = good
                    && stored.is_ok() == is_storable(&header, seen, now)
                    && is_storable(&header, seen, now) == (usable && header.epoch != seen)
                    && used.is_ok() == usable
                    && used.is_ok_and(|offer| is_usable(&offer, &request)) == usable;
            }
        }
        good
    }
    holds(4, property as fn(u32, bool) -> bool);
    let (node, _) = parties();
    let (next, _) = node::publish(&node, 2, 0, 1, &some(16, 3), &[some(32, 4)]).expect("N1");
    let mut header = parse_header(&next.batches[0].header, &sha256(&node.credential)).expect("a header");
    header.epoch = 0;
    assert!(!is_storable(&header, 0, 0));
}

/// What a node does next.
#[derive(Clone, Copy, Debug)]
enum Act {
    Publish { suite: u64, depth: u64 },
    Exchange { index: u64, refresh: bool, length: usize },
    Acknowledge,
}

impl Arbitrary for Act {
    fn arbitrary(g: &mut Gen) -> Self {
        let refresh = bool::arbitrary(g);
        match u8::arbitrary(g) % 6 {
            0 | 1 => Act::Publish { suite: 2 + u64::from(refresh), depth: u64::from(u8::arbitrary(g) % 2) },
            2 => Act::Acknowledge,
            _ => Act::Exchange {
                index: u64::from(u8::arbitrary(g) % 2),
                refresh,
                length: if u8::arbitrary(g).is_multiple_of(4) { DATA_MAX + 1 } else { 5 },
            },
        }
    }
}

/// One exchange over the current batch, each step held to what its annotation promises.
fn exchange(node: &Node, client: &Client, publication: &Bytes, act: Act, seed: u64) -> (Node, bool) {
    let Act::Exchange { index, refresh, length } = act else { return (node.clone(), true) };
    let Ok(offer) = offer(publication, &node.credential, index) else { return (node.clone(), true) };
    let request = Request {
        node: node.credential.clone(),
        highest_epoch: node.last_epoch,
        now: 0,
        refresh,
        early_data: bytes(b"early"),
        x: some(32, seed),
    };
    let pending = client::initiate(client, &request, &offer).expect("C1");
    let used = is_erased(node, node.last_epoch, index);
    match node::accept(node, &pending.initiate) {
        Err(_) => (node.clone(), used),
        Ok((_, Incoming::Repeated(_))) => (node.clone(), false),
        Ok((next, Incoming::Accepted(accepted))) => {
            let good = !used && is_consistent(&next) && is_erased(&next, accepted.epoch, accepted.index);
            let answer = some(length, 9);
            match node::confirm(&next, &accepted, &answer, &some(32, seed + 1)) {
                Err(_) => (next, good && length > DATA_MAX),
                Ok((last, confirmed)) => {
                    let done = client::finish(&pending, &confirmed.confirm).expect("C2");
                    let end = is_end_of(&done, &pending) && done.answer == answer;
                    let grown = last.outbox.len() == next.outbox.len() + 1;
                    let again = node::accept(&last, &pending.initiate);
                    let repeated =
                        matches!(again, Ok((_, Incoming::Repeated(ref confirm))) if *confirm == confirmed.confirm);
                    (last, good && end && grown && repeated)
                }
            }
        }
    }
}

#[test]
fn every_step_leaves_a_consistent_node() {
    fn property(acts: Vec<Act>) -> bool {
        let (mut node, client) = parties();
        let mut publication = Bytes::new(0);
        let mut good = is_consistent(&node);
        for (seed, act) in (100..).step_by(10).zip(acts.into_iter().take(6)) {
            match act {
                Act::Publish { suite, depth } => {
                    let ys: Vec<Bytes> = (0..1 << depth).map(|i| some(32, seed + i)).collect();
                    let (next, made) = node::publish(&node, suite, depth, 0, &some(16, seed), &ys).expect("N1");
                    good = good && next.last_epoch == node.last_epoch + 1;
                    (node, publication) = (next, made);
                }
                Act::Acknowledge => {
                    if let Some(stored) = node.outbox.first().cloned() {
                        let next = node::acknowledged(&node, stored.epoch, stored.index);
                        good = good && next.outbox.len() < node.outbox.len();
                        node = next;
                    }
                }
                Act::Exchange { .. } => {
                    let (next, held) = exchange(&node, &client, &publication, act, seed);
                    good = good && held;
                    node = next;
                }
            }
            good = good && is_consistent(&node);
        }
        good
    }
    holds(12, property as fn(Vec<Act>) -> bool);
    // What the invariant forbids.
    let (node, _) = parties();
    let ys = [some(32, 4)];
    let (first, _) = node::publish(&node, 2, 0, 0, &some(16, 3), &ys).expect("N1");
    let mut gap = first.clone();
    gap.last_epoch = 3;
    let mut twice = first.clone();
    twice.batches.push(first.batches[0].clone());
    let mut early = first.clone();
    early.outbox.push(node::Stored { epoch: 1, index: 0, initiate: some(32, 1), confirm: some(32, 2) });
    let mut odd = first.clone();
    odd.batches[0].prekeys.clear();
    assert!(is_consistent(&first));
    assert!([gap, twice, early, odd].iter().all(|node| !is_consistent(node)));
}
