//! Which addresses have shown that they receive (RFC 9175 section 2.4): a source address can be forged, and what goes to one that was
//! forged hits somebody else.
//!
//! An address shows it by giving back an Echo value, which it can know only from a message to it. Nothing is kept for a value that was
//! handed out: it is a time and a MAC over time and address.

use crate::shares::subscriber;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;

/// Times as many bytes as it sent may go to an address that has not shown that it receives.
pub(crate) const FACTOR: usize = 3;
/// Bytes of an Echo value: seconds since the start, and a MAC.
const TIME: usize = 4;
const MAC: usize = 8;
/// Bytes of the MAC's key, SHA-256's block.
const KEY: usize = 64;
pub(crate) const ECHO_LENGTH: usize = TIME + MAC;
/// Seconds for which an Echo value counts.
const FRESH: u64 = 60;
/// An address counts as shown for one to two periods.
const PERIOD: Duration = Duration::from_secs(300);
/// Addresses that are remembered for one period, and those of one IPv6 network.
const ADDRESSES_MAX: usize = 32_768;
const PER_NETWORK_MAX: usize = 256;

/// What is known of a message's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// This very message shows that it is not forged.
    Proven,
    /// An earlier message from this address has shown that it receives.
    Shown,
    /// It may be forged.
    Unknown,
}

/// Hands out Echo values, and remembers who gave them back.
pub(crate) struct Reach {
    key: [u8; KEY],
    start: Instant,
    current: Generation,
    previous: Generation,
    turned: Instant,
}

#[derive(Default)]
struct Generation {
    addresses: HashSet<IpAddr>,
    of_network: HashMap<IpAddr, usize>,
}

impl Generation {
    fn add(&mut self, address: IpAddr) {
        let network = self.of_network.entry(subscriber(address)).or_default();
        if *network < PER_NETWORK_MAX && self.addresses.insert(address) {
            *network = network.saturating_add(1);
        }
    }
}

impl Reach {
    /// Nobody has shown anything yet. The key is random.
    pub(crate) fn new(key: [u8; KEY], now: Instant) -> Reach {
        Reach { key, start: now, current: Generation::default(), previous: Generation::default(), turned: now }
    }

    /// What a message from this address with this Echo value, if any, shows.
    pub(crate) fn source(&mut self, address: IpAddr, echo: Option<&[u8]>, now: Instant) -> Source {
        let address = address.to_canonical();
        if echo.is_some_and(|echo| self.is_fresh(address, echo, now)) {
            self.turn(now);
            self.current.add(address);
            return Source::Proven;
        }
        if now.saturating_duration_since(self.turned) >= PERIOD {
            self.turn(now);
        }
        if self.current.addresses.contains(&address) || self.previous.addresses.contains(&address) {
            Source::Shown
        } else {
            Source::Unknown
        }
    }

    /// The Echo value for this address.
    pub(crate) fn echo(&self, address: IpAddr, now: Instant) -> [u8; ECHO_LENGTH] {
        self.value(address.to_canonical(), self.seconds(now))
    }

    fn seconds(&self, now: Instant) -> u32 {
        u32::try_from(now.saturating_duration_since(self.start).as_secs()).unwrap_or(u32::MAX)
    }

    fn is_fresh(&self, address: IpAddr, echo: &[u8], now: Instant) -> bool {
        let Some((time, _)) = echo.split_first_chunk::<TIME>() else { return false };
        let time = u32::from_be_bytes(*time);
        let age = u64::from(self.seconds(now)).checked_sub(time.into());
        age.is_some_and(|age| age <= FRESH) && self.mac(address, time).verify_truncated_left(mac_of(echo)).is_ok()
    }

    fn mac(&self, address: IpAddr, time: u32) -> Hmac<Sha256> {
        let octets = match address {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => address.octets(),
        };
        let mut mac = <Hmac<Sha256> as hmac::Mac>::new(&self.key.into());
        mac.update(&octets);
        mac.update(&time.to_be_bytes());
        mac
    }

    fn value(&self, address: IpAddr, time: u32) -> [u8; ECHO_LENGTH] {
        let tag = self.mac(address, time).finalize().into_bytes();
        let mut value = [0; ECHO_LENGTH];
        value.iter_mut().zip(time.to_be_bytes().into_iter().chain(tag)).for_each(|(to, from)| *to = from);
        value
    }

    /// Forgets those of the period before, when this one is over or full.
    fn turn(&mut self, now: Instant) {
        let over = now.saturating_duration_since(self.turned);
        if over < PERIOD && self.current.addresses.len() < ADDRESSES_MAX {
            return;
        }
        let last = std::mem::take(&mut self.current);
        self.previous = if over < PERIOD.saturating_mul(2) { last } else { Generation::default() };
        self.turned = now;
    }
}

/// The MAC in an Echo value; what is shorter or longer than one is no MAC of ours.
fn mac_of(echo: &[u8]) -> &[u8] {
    echo.get(TIME..).filter(|mac| mac.len() == MAC).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use Source::{Proven, Shown, Unknown};

    const ONE: [u8; KEY] = [7; KEY];

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn who_gives_an_echo_back_has_shown_it_for_a_while() {
        let start = Instant::now();
        let mut reach = Reach::new(ONE, start);
        let (one, other) = (ip("192.0.2.1"), ip("192.0.2.2"));
        let echo = reach.echo(one, start);
        assert_eq!(reach.source(one, None, start), Unknown);
        assert_eq!(reach.source(other, Some(&echo), start), Unknown, "another address");
        assert_eq!(Reach::new([8; KEY], start).source(one, Some(&echo), start), Unknown, "another key");
        let later = start + Duration::from_secs(FRESH);
        assert_eq!(reach.source(one, Some(&echo), later), Proven);
        assert_eq!(reach.source(ip("::ffff:192.0.2.1"), None, later), Shown);
        assert_eq!(reach.source(other, None, later), Unknown);
        assert_eq!(reach.source(one, Some(&echo), later + Duration::from_secs(1)), Shown, "it is stale");
        assert_eq!(reach.source(one, None, later + PERIOD), Shown);
        assert_eq!(reach.source(one, None, later + 2 * PERIOD), Unknown);
    }

    #[test]
    fn what_is_no_echo_shows_nothing() {
        let start = Instant::now();
        let mut reach = Reach::new(ONE, start);
        let one = ip("2001:db8::1");
        let echo = reach.echo(one, start);
        for bad in [&[][..], &[0], &echo[..4], &echo[..11], &[&echo[..], &[0]].concat(), &[0; ECHO_LENGTH], &[0xff; 40]]
        {
            assert_eq!(reach.source(one, Some(bad), start), Unknown, "{bad:?}");
        }
        let mut of_the_future = echo;
        of_the_future[3] = 1;
        assert_eq!(reach.source(one, Some(&of_the_future), start), Unknown);
    }

    #[test]
    fn it_is_bounded() {
        let start = Instant::now();
        let mut reach = Reach::new(ONE, start);
        let mut show = |address: IpAddr| {
            let echo = reach.echo(address, start);
            reach.source(address, Some(&echo), start);
            (reach.current.addresses.len(), reach.previous.addresses.len())
        };
        let mut most = 0;
        for n in 0..2 * PER_NETWORK_MAX {
            let bits = (0x2001_0db8_u128 << 96) | u128::try_from(n).unwrap();
            most = show(IpAddr::V6(bits.into())).0;
        }
        assert_eq!(most, PER_NETWORK_MAX, "of one network");
        for n in 0..u32::try_from(3 * ADDRESSES_MAX).unwrap() {
            let (current, previous) = show(IpAddr::V4(n.into()));
            assert!(current <= ADDRESSES_MAX && previous <= ADDRESSES_MAX);
        }
    }
}
