//! Calls (PROTOCOL.md section 18.2): the specification against the implementation, on random tables and damaged early data.

use dke::call::{Call, Outcome, is_kept, is_over, may_repeat};
use dke::params::{CALL_DATA_MAX, DATA_MAX, OUTCOME_DATA_MAX};
use dke_spec::bytes::{Bytes, bytes};
use dke_spec::call::{self as spec, Judgement, drop_numbers, encode_call, judge, settle};
use dke_spec::sha256::sha256;
use dke_vectors::calls::{Served, Table};
use quickcheck::{Arbitrary, Gen, QuickCheck};

fn native(octets: &Bytes) -> Vec<u8> {
    octets.native_slice().to_vec()
}

/// What happens at a node.
#[derive(Clone, Debug)]
enum Event {
    Batch,
    /// Of one of few clients, with one of few numbers and data; over the previous batch or the current one.
    Call {
        client: u8,
        number: u8,
        data: u8,
        previous: bool,
        answer: Option<u8>,
        damage: Option<(usize, u8)>,
    },
}

impl Arbitrary for Event {
    fn arbitrary(g: &mut Gen) -> Event {
        if u8::arbitrary(g) % 8 == 0 {
            return Event::Batch;
        }
        let damage = (u8::arbitrary(g) % 6 == 0).then(|| (usize::arbitrary(g), u8::arbitrary(g)));
        Event::Call {
            client: u8::arbitrary(g) % 3,
            number: u8::arbitrary(g) % 6,
            data: u8::arbitrary(g) % 8,
            previous: bool::arbitrary(g),
            answer: Arbitrary::arbitrary(g),
            damage,
        }
    }
}

/// Both tables, event by event: what is carried out and what is answered is the same.
#[test]
fn tables_agree() {
    fn agree(room: u8, events: Vec<Event>) -> bool {
        let room = usize::from(room % 12);
        let (mut epoch, mut table, mut here) = (1, Vec::new(), Table::default());
        for event in events {
            let Event::Call { client, number, data, previous, answer, damage } = event else {
                epoch += 1;
                table = drop_numbers(&table, epoch);
                here.begin_batch(epoch);
                continue;
            };
            let over = epoch - u64::from(previous && epoch > 1);
            // Mostly the same data for a number, seldom other.
            let call = spec::Call { number: bytes(&[number; 8]), data: bytes(&[data / 7; 3]) };
            let mut early_data = native(&encode_call(&call).expect("short"));
            if let Some((place, byte)) = damage {
                let place = place % early_data.len();
                early_data[place] = byte;
            }
            let client = sha256(&bytes(&[client]));
            let answer = answer.map(|byte| vec![byte; usize::from(byte) * 5]);
            let (carried_out, answer_data) = match judge(&table, room, &client, over, &bytes(&early_data)) {
                Judgement::Answer(answer_data) => (None, answer_data),
                Judgement::CarryOut(call, with) => {
                    let (with, answer_data) = settle(&with, &client, &call.number, &answer.as_deref().map(bytes));
                    table = with;
                    (Some((native(&call.number).try_into().expect("8 bytes"), native(&call.data))), answer_data)
                }
            };
            let client = native(&client).try_into().expect("32 bytes");
            let served = here.serve(room, &client, over, &early_data, answer.as_deref());
            assert_eq!(served, Served { carried_out, answer_data: native(&answer_data) });
        }
        true
    }
    QuickCheck::new().tests(400).min_tests_passed(400).quickcheck(agree as fn(u8, Vec<Event>) -> bool);
}

/// A Call or an Outcome with one byte changed, cut or added: read or rejected in the same way.
#[test]
fn readers_agree() {
    fn agree(length: usize, status: u8, place: usize, byte: u8, cut: bool) -> bool {
        let data = vec![byte; length % 1100];
        let number = [status; 8];
        let mut out = [0; DATA_MAX];
        let written = Call { number: &number, data: &data }.write(&mut out);
        let specified = encode_call(&spec::Call { number: bytes(&number), data: bytes(&data) });
        assert_eq!(written.is_ok(), data.len() <= CALL_DATA_MAX);
        assert_eq!(written.ok().map(|length| out[..length].to_vec()), specified.ok().map(|call| native(&call)));
        let outcome =
            spec::Outcome { status: u64::from(status % 6), data: bytes(&data[..data.len().min(OUTCOME_DATA_MAX)]) };
        let mut messages = vec![native(&spec::encode_outcome(&outcome)), out.to_vec(), data];
        for message in &mut messages {
            if cut {
                message.truncate(place % (message.len() + 1));
            } else if !message.is_empty() {
                let place = place % message.len().min(16);
                message[place] = byte;
            }
            let (here, there) = (Call::parse(message), spec::parse_call(&bytes(message)));
            match (&here, &there) {
                (Ok(here), Ok(there)) => {
                    assert_eq!(
                        (here.number.to_vec(), here.data.to_vec()),
                        (native(&there.number), native(&there.data))
                    );
                }
                (Err(here), Err(there)) => assert_eq!(here.name(), format!("{there:?}")),
                _ => return false,
            }
            let (here, there) = (Outcome::parse(message), spec::parse_outcome(&bytes(message)));
            match (&here, &there) {
                (Ok(here), Ok(there)) => {
                    let mut out = [0; DATA_MAX];
                    let length = here.write(&mut out).expect("it was read");
                    assert_eq!(out[..length].to_vec(), native(&spec::encode_outcome(there)));
                }
                (Err(here), Err(there)) => assert_eq!(here.name(), format!("{there:?}")),
                _ => return false,
            }
        }
        true
    }
    QuickCheck::new().tests(2000).min_tests_passed(2000).quickcheck(agree as fn(usize, u8, usize, u8, bool) -> bool);
}

/// How long a number is kept, and over which epochs a call is repeated: the same on both sides, and such that no call can come when
/// its number is forgotten.
#[test]
fn a_number_is_kept_as_long_as_its_call_can_come() {
    for first in 1..6_u64 {
        for epoch in 1..10 {
            for exchanges in 0..6 {
                assert_eq!(may_repeat(first, exchanges, epoch), spec::may_repeat(first, exchanges, epoch));
            }
            assert_eq!(is_over(first, epoch), spec::is_over(first, epoch));
        }
        for accepted in (1..20).filter(|epoch| may_repeat(first, 1, *epoch)) {
            for current in accepted..20 {
                let forgotten = !is_kept(accepted, current);
                let can_come = (current.max(2) - 1..=current).any(|epoch| may_repeat(first, 1, epoch));
                assert!(!(forgotten && can_come), "first {first}, accepted over {accepted}, now {current}");
            }
        }
        // Not longer than necessary: a call that began with the epoch over which it came can still come over the next one.
        assert!(is_kept(first, first + 2) && !is_kept(first, first + 3));
    }
    assert!(is_kept(u64::MAX, u64::MAX - 1) && !may_repeat(u64::MAX, 1, 0));
}

/// Each client takes all numbers that it may, one after the other: each further one finds a place, until there is none for anybody.
#[test]
fn one_client_leaves_each_other_one_a_place() {
    const ROOM: usize = 1536;
    let mut table: Vec<([u8; 32], [u8; 8])> = Vec::new();
    let takes = |table: &mut Vec<([u8; 32], [u8; 8])>, client: [u8; 32]| {
        let digest = [0; 32];
        let mut taken = 0;
        loop {
            let number = (table.len() as u64).to_be_bytes();
            let mut early_data = [0; DATA_MAX];
            let length = Call { number: &number, data: b"" }.write(&mut early_data).expect("it is short");
            let kept =
                table.iter().map(|(client, number)| dke::call::Kept { client, number, digest: &digest, answer: None });
            match dke::call::judge::<dke::RustCrypto>(kept, ROOM, &client, &early_data[..length]) {
                dke::call::Judgement::CarryOut(..) => table.push((client, number)),
                dke::call::Judgement::Answer(_) => return taken,
            }
            taken += 1;
        }
    };
    let taken: Vec<usize> = (1..=5).map(|client| takes(&mut table, [client; 32])).collect();
    assert_eq!(taken, [768, 384, 192, 96, 48]);
}
