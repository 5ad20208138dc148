//! Numbers are given once and accepted once, over restarts and failures of the store.

use crate::common::{Bound, Windows};
use dke_app::window::{SEQUENCE_END, Sequence, Window, accept};
use dke_app::{Error, Misuse, Reject};
use quickcheck::quickcheck;
use std::collections::BTreeSet;

#[test]
fn a_window_is_a_set_with_a_lower_end() {
    fn property(numbers: Vec<u16>) -> bool {
        let (mut window, mut accepted) = (Window::default(), BTreeSet::new());
        numbers.into_iter().map(|number| u64::from(number % 300)).all(|number| {
            let too_old = accepted.last().is_some_and(|highest| *highest >= number + 64);
            let expected = !too_old && !accepted.contains(&number);
            let after = window.after(number);
            if let Ok(after) = after {
                window = after;
                accepted.insert(number);
            }
            after.is_ok() == expected && (expected || after == Err(Reject::Replayed))
        })
    }
    quickcheck(property as fn(Vec<u16>) -> bool);
}

#[test]
fn the_ends_of_the_window() {
    let window = Window::default().after(100).unwrap();
    assert_eq!(window.after(100), Err(Reject::Replayed));
    assert!(window.after(37).is_ok());
    assert_eq!(window.after(36), Err(Reject::Replayed));
    let far = window.after(SEQUENCE_END - 1).unwrap();
    assert_eq!((far.next, far.seen), (SEQUENCE_END, 1));
    assert_eq!(far.after(SEQUENCE_END), Err(Reject::Malformed));
    assert_eq!(window.after(164).unwrap().seen, 1);
    assert_eq!(window.after(163).unwrap().seen, 1 | 1 << 63);
}

#[test]
fn nothing_is_given_out_before_the_window_is_durable() {
    let mut store = Windows { broken: true, ..Windows::default() };
    assert_eq!(accept(&mut store, 0, || Ok("content")), Err(Error::Storage("broken")));
    store.broken = false;
    assert_eq!(accept(&mut store, 0, || Err::<(), _>(Reject::NotAuthentic)), Err(Reject::NotAuthentic.into()));
    assert_eq!(accept(&mut store, 0, || Ok("content")), Ok("content"));
    let mut restarted = Windows { window: store.window, broken: false };
    assert_eq!(accept(&mut restarted, 0, || Ok("content")), Err(Reject::Replayed.into()));
}

#[test]
fn a_restart_never_repeats_a_number() {
    let (mut bound, mut given) = (Bound::default(), Vec::new());
    for run in 0..4 {
        let mut sequence = Sequence::open(&mut bound, 3).unwrap();
        given.extend((0..=run).map(|_| sequence.draw().unwrap()));
    }
    assert_eq!(given, [0, 3, 4, 6, 7, 8, 9, 10, 11, 12]);
    assert_eq!(bound.bound, 15);
    assert_eq!(bound.saved, 5);
}

#[test]
fn no_number_without_a_durable_bound_and_none_after_the_last() {
    let mut bound = Bound { broken: true, ..Bound::default() };
    assert_eq!(Sequence::open(&mut bound, 8).unwrap().draw(), Err(Error::Storage("broken")));
    let mut bound = Bound { bound: SEQUENCE_END - 1, ..Bound::default() };
    let mut sequence = Sequence::open(&mut bound, 8).unwrap();
    assert_eq!(sequence.draw(), Ok(SEQUENCE_END - 1));
    assert_eq!(sequence.draw(), Err(Misuse::SequenceExhausted.into()));
}
