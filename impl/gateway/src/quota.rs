//! Requests per address: a bucket of tokens each (RFC 2697's idea), and one for all that are too many to be known.

use crate::policy::Policy;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Addresses that are known at a time, of each kind.
const ADDRESSES_MAX: usize = 65_536;

/// An address, and whether its requests show that they are not forged: those that do have a bucket of their own.
pub(crate) type Requester = (IpAddr, bool);

#[derive(Clone, Copy)]
struct Bucket {
    tokens: u32,
    at: u64,
}

impl Bucket {
    fn refill(&mut self, now: u64, policy: &Policy) {
        let seconds = u32::try_from(now.saturating_sub(self.at)).unwrap_or(u32::MAX);
        self.tokens = self.tokens.saturating_add(seconds.saturating_mul(policy.requests_per_second)).min(policy.burst);
        self.at = now;
    }

    fn draw(&mut self, now: u64, policy: &Policy) -> bool {
        self.refill(now, policy);
        let allowed = self.tokens > 0;
        self.tokens = self.tokens.saturating_sub(1);
        allowed
    }
}

/// The buckets: those that forged requests can fill are apart.
pub(crate) struct Quota {
    proven: Mutex<Buckets>,
    others: Mutex<Buckets>,
}

struct Buckets {
    known: HashMap<IpAddr, Bucket>,
    /// Of all who are not known.
    unknown: Bucket,
    swept: u64,
}

impl Quota {
    pub(crate) fn new() -> Quota {
        Quota { proven: Mutex::new(Buckets::new()), others: Mutex::new(Buckets::new()) }
    }

    /// May this requester make one more request now?
    pub(crate) fn allow(&self, (address, proven): Requester, now: u64, policy: &Policy) -> bool {
        let buckets = if proven { &self.proven } else { &self.others };
        buckets.lock().unwrap_or_else(PoisonError::into_inner).of(address, now, policy).draw(now, policy)
    }
}

impl Buckets {
    fn new() -> Buckets {
        Buckets { known: HashMap::new(), unknown: Bucket { tokens: 0, at: 0 }, swept: 0 }
    }

    fn of(&mut self, address: IpAddr, now: u64, policy: &Policy) -> &mut Bucket {
        if self.known.len() >= ADDRESSES_MAX && self.swept != now {
            self.swept = now;
            self.known.retain(|_, bucket| {
                bucket.refill(now, policy);
                bucket.tokens < policy.burst
            });
        }
        let full = self.known.len() >= ADDRESSES_MAX;
        match self.known.entry(address) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(_) if full => &mut self.unknown,
            Entry::Vacant(new) => new.insert(Bucket { tokens: policy.burst, at: now }),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn policy() -> Policy {
        Policy { burst: 3, requests_per_second: 2, ..Policy::default() }
    }

    #[test]
    fn a_burst_then_a_rate() {
        let (quota, policy, one) = (Quota::new(), policy(), IpAddr::V4(Ipv4Addr::LOCALHOST));
        let allowed = |now| (0..10).filter(|_| quota.allow((one, false), now, &policy)).count();
        assert_eq!([allowed(100), allowed(100), allowed(101), allowed(110)], [3, 0, 2, 3]);
        assert_eq!(allowed(110), 0);
        assert!(quota.allow((one, true), 110, &policy), "what is not forged has a bucket of its own");
    }

    /// Forty nodes behind one address: each asks whether it is known, registers, publishes 256 prekeys, and looks for mail and requests.
    #[test]
    fn a_site_that_starts_up_at_once_is_served() {
        const PUBLICATION: usize = 9;
        let (quota, policy, one) = (Quota::new(), Policy::default(), (IpAddr::V4(Ipv4Addr::LOCALHOST), false));
        assert!((0..40 * (PUBLICATION + 1 + PUBLICATION + 2)).all(|_| quota.allow(one, 100, &policy)));
    }

    /// A flood in the names of many fills up nothing that those need who show that they are not forged.
    #[test]
    fn forged_addresses_take_nothing_from_proven_ones() {
        let (quota, policy) = (Quota::new(), policy());
        for n in 0..u32::try_from(ADDRESSES_MAX).unwrap() + 1000 {
            quota.allow((IpAddr::V4(Ipv4Addr::from_bits(n)), false), 100, &policy);
        }
        let one = IpAddr::V4(Ipv4Addr::BROADCAST);
        let allowed = |proven| (0..10).filter(|_| quota.allow((one, proven), 100, &policy)).count();
        assert_eq!((allowed(false), allowed(true)), (0, 3));
    }

    #[test]
    fn many_addresses_share_what_is_left_over() {
        let (quota, policy) = (Quota::new(), policy());
        let mut allowed = 0;
        for n in 0..u32::try_from(ADDRESSES_MAX).unwrap() + 1000 {
            allowed += usize::from(quota.allow((IpAddr::V4(Ipv4Addr::from_bits(n)), true), 100, &policy));
        }
        assert_eq!(allowed, ADDRESSES_MAX + 3);
        assert!(quota.proven.lock().unwrap().known.len() <= ADDRESSES_MAX);
        // The known ones are forgotten when their buckets are full again.
        assert!(quota.allow((IpAddr::V4(Ipv4Addr::BROADCAST), true), 102, &policy));
        assert_eq!(quota.proven.lock().unwrap().known.len(), 1);
    }
}
