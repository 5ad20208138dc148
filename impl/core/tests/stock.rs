//! PROTOCOL.md section 18.1: the body, the table, and what comes of it over years with an honest and with a lying gateway.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use dke::Reject;
use dke::params::STOCK_MAX;
use dke::stock::{Action, Allowance, Cause, Limits, Own, OwnBatch, Rate, Stock, Time, Word, next};

const DAY: u64 = 24 * 3600;
const NOW: u64 = 1_900_000_000;

fn bytes(stock: &Stock) -> Vec<u8> {
    let mut out = [0; STOCK_MAX];
    let length = stock.write(&mut out).unwrap();
    out[..length].to_vec()
}

#[test]
fn the_body() {
    let stock = Stock { epoch: 7, left: 30, ends_in: 2_000_000 };
    assert_eq!(bytes(&stock), [0x83, 7, 0x18, 30, 0x1a, 0x00, 0x1e, 0x84, 0x80]);
    let longest = Stock { epoch: u64::MAX, left: 256, ends_in: u64::MAX };
    assert_eq!(bytes(&longest).len(), STOCK_MAX);
    for stock in [stock, longest, Stock { epoch: 0, left: 0, ends_in: 0 }] {
        assert_eq!(Stock::parse(&bytes(&stock)), Ok(stock));
    }
    for (wrong, reject) in [
        (&[][..], Reject::Malformed),
        (&[0x82, 7, 1], Reject::Malformed),
        (&[0x83, 7, 1], Reject::Malformed),
        (&[0x83, 0x41, 7, 1], Reject::Malformed),
        (&[0x83, 7, 0x19, 1, 1, 0], Reject::Malformed), // 257
        (&[0x83, 7, 0x1a, 0, 1, 0, 0, 0], Reject::Malformed),
        (&[0x83, 0x18, 7, 1, 0], Reject::NotDeterministic),
        (&[0x83, 7, 1, 0, 0], Reject::TrailingBytes),
    ] {
        assert_eq!(Stock::parse(wrong), Err(reject), "{wrong:02x?}");
    }
}

fn own(epoch: u64, left: u16, not_after: u64) -> Own {
    let batch = OwnBatch { not_after, prekeys: 32, used: 32 - left, left, acknowledged: true };
    Own { epoch, batch: Some(batch) }
}

fn has(epoch: u64, left: u16) -> Word {
    Word::Has(Stock { epoch, left, ends_in: 20 * DAY })
}

/// Each line of the table, and what its neighbours do.
#[test]
fn the_table() {
    let limits = Limits::default();
    let ends = NOW + 20 * DAY;
    let decide = |own: Own, word| next(&own, &word, Time::Clock(NOW), &limits);
    let unsent = |left: u16| {
        let mut own = own(2, left, ends);
        own.batch.as_mut().unwrap().acknowledged = false;
        own
    };
    for (expected, own, word) in [
        (Action::Outdated, own(2, 32, ends), has(3, 32)),
        (Action::Outdated, Own { epoch: 0, batch: None }, has(1, 32)),
        (Action::Renew(Cause::First), Own { epoch: 0, batch: None }, Word::Unknown),
        (Action::Renew(Cause::First), Own { epoch: 9, batch: None }, has(9, 32)),
        (Action::Renew(Cause::Ending), own(2, 32, NOW + 7 * DAY - 1), has(2, 32)),
        (Action::Rest, own(2, 32, NOW + 7 * DAY), has(2, 32)),
        (Action::Renew(Cause::Ending), own(2, 32, 30 * DAY), Word::Unknown),
        (Action::Rest, own(2, 32, NOW + 31 * DAY), has(2, 32)),
        // The gateway finds its end near enough: the node's clock is wrong, and nothing is done by it.
        (Action::Rest, own(2, 32, NOW + 31 * DAY + 1), has(2, 32)),
        (Action::Renew(Cause::WrongClock), own(2, 32, NOW + 31 * DAY + 1), has(1, 32)),
        (
            Action::Renew(Cause::WrongClock),
            own(2, 32, NOW + 400 * DAY),
            Word::Has(Stock { epoch: 2, left: 32, ends_in: 400 * DAY }),
        ),
        (Action::Renew(Cause::Low), own(2, 3, ends), has(2, 3)),
        (Action::Rest, own(2, 4, ends), has(2, 4)),
        (Action::Renew(Cause::Low), own(2, 32, ends), has(2, 3)),
        (Action::Renew(Cause::Low), own(2, 32, ends), has(2, 0)),
        (Action::Renew(Cause::Missing), own(2, 32, ends), has(1, 32)),
        (Action::Renew(Cause::Missing), own(2, 32, ends), Word::Unknown),
        (Action::Renew(Cause::Missing), unsent(31), has(1, 32)),
        (Action::Send, unsent(32), has(1, 32)),
        (Action::Send, unsent(32), Word::Unknown),
        (Action::Renew(Cause::Restored), own(2, 20, ends), has(2, 21)),
        (Action::Rest, own(2, 20, ends), has(2, 20)),
        (Action::Rest, own(2, 20, ends), has(2, 5)),
    ] {
        assert_eq!(decide(own, word), expected, "{own:?} {word:?}");
    }
}

#[test]
fn a_full_batch_is_not_low_and_an_empty_one_is() {
    for (low, prekeys, left, expected) in
        [(4, 1, 1, Action::Rest), (4, 1, 0, Action::Renew(Cause::Low)), (0, 32, 0, Action::Renew(Cause::Low))]
    {
        let batch = OwnBatch { not_after: NOW + 20 * DAY, prekeys, used: prekeys - left, left, acknowledged: true };
        let own = Own { epoch: 1, batch: Some(batch) };
        let limits = Limits { low, ..Limits::default() };
        assert_eq!(next(&own, &has(1, left), Time::Clock(NOW), &limits), expected, "{low} {prekeys} {left}");
    }
}

#[test]
fn without_a_clock() {
    let limits = Limits::default();
    let far = NOW + 3650 * DAY;
    let decide = |since, end, ends_in| {
        let word = Word::Has(Stock { epoch: 2, left: 32, ends_in });
        next(&own(2, 32, far), &word, Time::Wakes { since, end }, &limits)
    };
    assert_eq!(decide(999, far, 100 * DAY), Action::Rest);
    assert_eq!(decide(1000, far, 100 * DAY), Action::Renew(Cause::Ending));
    // By the gateway's word, but only if a new batch lasts longer.
    assert_eq!(decide(1, far, DAY), Action::Rest);
    assert_eq!(decide(1, far + DAY, DAY), Action::Renew(Cause::Ending));
    assert_eq!(decide(1, far + DAY, 7 * DAY), Action::Rest);
}

#[test]
fn a_clock_that_is_behind_makes_no_batch_that_has_ended() {
    let limits = Limits::default();
    let low = own(2, 3, NOW + 20 * DAY);
    let end = |cause, now| limits.end(&low, cause, Time::Clock(now));
    assert_eq!(end(Cause::Low, 0), NOW + 20 * DAY);
    assert_eq!(end(Cause::Low, NOW), NOW + 30 * DAY);
    assert_eq!(end(Cause::WrongClock, 0), 30 * DAY);
    assert!(limits.outlasts(NOW, Time::Clock(NOW)) && !limits.outlasts(30 * DAY, Time::Clock(0)));
}

#[test]
fn what_nobody_used_is_limited() {
    let rate = Rate::default();
    // One try a minute, for a year, whatever the clock does now and then.
    for steps in [&[][..], &[(1000, 0)], &[(1000, NOW + 400 * DAY), (5000, NOW)]] {
        let (mut allowance, mut taken, mut now) = (Allowance::default(), 0_u64, NOW);
        let minutes = 365 * 24 * 60;
        for minute in 0..minutes {
            now += 60;
            now = steps.iter().find(|(at, _)| *at == minute).map_or(now, |(_, to)| *to);
            allowance = allowance.at(now, rate.seconds);
            if let Some(after) = allowance.spend(now, &rate) {
                (allowance, taken) = (after, taken + 1);
            }
        }
        let burst = u64::from(rate.burst) * (1 + steps.len() as u64);
        let steady = minutes * 60 / rate.seconds;
        assert!((steady - 2..=steady + burst).contains(&taken), "{taken} of {steady}");
    }
    // One comes back after five minutes, all after an hour; what has begun to come back goes on.
    let all = (0..rate.burst).try_fold(Allowance::default(), |one, _| one.spend(NOW, &rate)).unwrap();
    let later = |seconds| all.at(NOW + seconds, 300);
    assert_eq!((later(0), later(299).spent, later(300).spent), (all, 12, 11));
    assert_eq!(all.spend(NOW, &rate), None);
    assert_eq!(later(599).at(NOW + 600, 300).spent, 10);
    assert_eq!((later(3599).spent, later(3600)), (1, Allowance::default()));
}

/// A generator that everybody can repeat.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// A node and an honest gateway, by what they count.
#[derive(Clone, Debug)]
struct Pair {
    own: Own,
    /// Epoch, prekeys without an Initiate (by index), end. `None`: the node is unknown.
    gateway: Option<(u64, Vec<bool>, u64)>,
    /// Prekeys of the node's newest batch that are erased, or whose Initiate was rejected.
    gone: Vec<bool>,
}

impl Pair {
    fn word(&self, now: u64) -> Word {
        self.gateway.as_ref().map_or(Word::Unknown, |(epoch, free, end)| {
            let left = if *end < now { 0 } else { free.iter().filter(|free| **free).count() };
            Word::Has(Stock { epoch: *epoch, left: u16::try_from(left).unwrap(), ends_in: end.saturating_sub(now) })
        })
    }

    /// One wake-up with the node's clock; the gateway's is `now`.
    fn wake(&mut self, clock: u64, now: u64) {
        let limits = Limits::default();
        let time = Time::Clock(clock);
        let cause = match next(&self.own, &self.word(now), time, &limits) {
            Action::Rest | Action::Outdated => return,
            Action::Send => None,
            Action::Renew(cause) => Some(cause),
        };
        if let Some(cause) = cause {
            let not_after = limits.end(&self.own, cause, time);
            let batch = OwnBatch { not_after, prekeys: 32, used: 0, left: 32, acknowledged: false };
            self.own = Own { epoch: self.own.epoch + 1, batch: Some(batch) };
            self.gone = vec![false; 32];
        }
        let batch = self.own.batch.as_mut().unwrap();
        if batch.not_after >= now {
            batch.acknowledged = true;
            self.gateway = Some((self.own.epoch, vec![true; 32], batch.not_after));
        }
    }

    /// Can a client reach the node over each prekey that the gateway would hand out, and is there one?
    fn is_sound(&self, now: u64) -> bool {
        let Some((epoch, free, end)) = &self.gateway else { return false };
        let sound = free.iter().zip(&self.gone).all(|(free, gone)| !free || !gone);
        *epoch == self.own.epoch && *end >= now && free.contains(&true) && sound
    }
}

/// Whatever happened to either store and to the clocks: two wake-ups with right clocks later, every Offer is good.
#[test]
fn two_wake_ups_mend_everything() {
    let mut dice = Dice(0x5eed_cafe_f00d_0001);
    for run in 0..20_000 {
        let mut now = NOW;
        let mut pair = Pair { own: Own { epoch: 0, batch: None }, gateway: None, gone: Vec::new() };
        let mut backups = Vec::new();
        for _ in 0..dice.below(30) {
            match dice.below(9) {
                0 => now += dice.below(40 * DAY),
                1 => backups.push(pair.gateway.clone()),
                2 if !backups.is_empty() => {
                    pair.gateway = backups[usize::try_from(dice.below(backups.len() as u64)).unwrap()].clone();
                }
                3 => pair.gateway = None,
                4 => pair.wake(dice.below(2 * NOW), now),
                // The gateway is away: nothing is compared, and so nothing is done.
                5 => {}
                6 => pair.wake(now, now),
                // Calls, answered or garbage.
                _ => {
                    let Some((epoch, free, _)) = &mut pair.gateway else { continue };
                    for (index, free) in free.iter_mut().enumerate() {
                        if *free && dice.below(3) == 0 {
                            *free = false;
                            if *epoch == pair.own.epoch && !pair.gone[index] {
                                pair.gone[index] = true;
                                let batch = pair.own.batch.as_mut().unwrap();
                                batch.left -= 1;
                                batch.used += u16::from(dice.below(2) == 0);
                            }
                        }
                    }
                }
            }
        }
        let before = pair.clone();
        pair.wake(now, now);
        pair.wake(now, now);
        assert!(pair.is_sound(now), "run {run}: {before:?}\n{pair:?}");
        let epoch = pair.own.epoch;
        pair.wake(now, now);
        assert_eq!(pair.own.epoch, epoch, "run {run}: it rests then");
    }
}
