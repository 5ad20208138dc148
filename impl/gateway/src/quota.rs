//! Requests per address: a bucket of tokens each (RFC 2697's idea), and one for all that are too many to be known.

use crate::policy::Policy;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Addresses that are known at a time.
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

/// The buckets.
pub(crate) struct Quota {
    inner: Mutex<Inner>,
}

struct Inner {
    known: HashMap<Requester, Bucket>,
    others: Bucket,
    swept: u64,
}

impl Quota {
    pub(crate) fn new() -> Quota {
        let others = Bucket { tokens: 0, at: 0 };
        Quota { inner: Mutex::new(Inner { known: HashMap::new(), others, swept: 0 }) }
    }

    /// May this requester make one more request now?
    pub(crate) fn allow(&self, requester: Requester, now: u64, policy: &Policy) -> bool {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let inner = &mut *inner;
        if inner.known.len() >= ADDRESSES_MAX && inner.swept != now {
            inner.swept = now;
            inner.known.retain(|_, bucket| {
                bucket.refill(now, policy);
                bucket.tokens < policy.burst
            });
        }
        let full = inner.known.len() >= ADDRESSES_MAX;
        let bucket = match inner.known.entry(requester) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(_) if full => &mut inner.others,
            Entry::Vacant(new) => new.insert(Bucket { tokens: policy.burst, at: now }),
        };
        bucket.draw(now, policy)
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

    #[test]
    fn many_addresses_share_what_is_left_over() {
        let (quota, policy) = (Quota::new(), policy());
        let mut allowed = 0;
        for n in 0..u32::try_from(ADDRESSES_MAX).unwrap() + 1000 {
            allowed += usize::from(quota.allow((IpAddr::V4(Ipv4Addr::from_bits(n)), true), 100, &policy));
        }
        assert_eq!(allowed, ADDRESSES_MAX + 3);
        assert!(quota.inner.lock().unwrap().known.len() <= ADDRESSES_MAX);
        // The known ones are forgotten when their buckets are full again.
        assert!(quota.allow((IpAddr::V4(Ipv4Addr::BROADCAST), true), 102, &policy));
        assert_eq!(quota.inner.lock().unwrap().known.len(), 1);
    }
}
