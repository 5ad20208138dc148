//! What addresses hold of a resource that strangers can take: bounded in all, and for each of them.
//!
//! One address never takes more than is left for all others together, its own share included: one takes a half at most, a second
//! one a third, and a newcomer is refused only when nothing is left at all. (The threshold is that of Choudhury and Hahne, "Dynamic
//! queue length thresholds for shared-memory packet switches", 1998.)

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who counts as one address: an IPv4 address, or the /64 network of an IPv6 address.
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// May one more be taken by who holds `held`, while `free` are left and nobody may hold more than `each`?
pub const fn may_take(held: usize, free: usize, each: usize) -> bool {
    free > 0 && (held == 0 || (held < free && held < each))
}

/// Counts what each address holds of one resource. Clones count together.
#[derive(Clone)]
pub struct Shares(Arc<Inner>);

struct Inner {
    all: usize,
    each: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    by: HashMap<IpAddr, usize>,
    sum: usize,
}

impl Shares {
    /// At most `all` are held at a time, and at most `each` by one address.
    pub fn new(all: usize, each: usize) -> Shares {
        Shares(Arc::new(Inner { all, each, held: Mutex::default() }))
    }

    /// Takes one, until the guard is dropped. `None` if nothing is left, or this address has its share.
    pub fn take(&self, address: IpAddr) -> Option<Share> {
        let by = subscriber(address);
        let mut held = self.0.lock();
        let (own, free) = (held.by.get(&by).copied().unwrap_or_default(), self.0.all.saturating_sub(held.sum));
        if !may_take(own, free, self.0.each) {
            return None;
        }
        held.by.insert(by, own.saturating_add(1));
        held.sum = held.sum.saturating_add(1);
        Some(Share { of: self.0.clone(), by })
    }

    /// How many are held.
    pub fn held(&self) -> usize {
        self.0.lock().sum
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of what is shared; it is given back when this is dropped.
pub struct Share {
    of: Arc<Inner>,
    by: IpAddr,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.of.lock();
        held.sum = held.sum.saturating_sub(1);
        let left = held.by.get(&self.by).map_or(0, |own| own.saturating_sub(1));
        if left == 0 {
            held.by.remove(&self.by);
        } else {
            held.by.insert(self.by, left);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn take_all(shares: &Shares, by: &str) -> Vec<Share> {
        std::iter::from_fn(|| shares.take(by.parse().unwrap())).collect()
    }

    #[test]
    fn nobody_takes_more_than_is_left() {
        let shares = Shares::new(64, usize::MAX);
        let first = take_all(&shares, "192.0.2.1");
        let second = take_all(&shares, "192.0.2.2");
        let third = take_all(&shares, "192.0.2.3");
        assert_eq!([first.len(), second.len(), third.len()], [32, 16, 8]);
        assert_eq!(shares.held(), 56);
        drop(first);
        assert_eq!(take_all(&shares, "192.0.2.3").len(), 16);
        drop((second, third));
        assert_eq!(shares.held(), 0);
        assert!(shares.0.lock().by.is_empty());
    }

    #[test]
    fn who_has_none_gets_the_last_one() {
        let shares = Shares::new(2, 1);
        let first = take_all(&shares, "192.0.2.1");
        let second = take_all(&shares, "192.0.2.2");
        assert_eq!([first.len(), second.len(), take_all(&shares, "192.0.2.3").len()], [1, 1, 0]);
    }

    #[test]
    fn a_network_of_ipv6_is_one() {
        let of = |text: &str| subscriber(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::1"));
        assert_ne!(of("2001:db8:1:3::1"), of("2001:db8:1:2::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        let shares = Shares::new(16, 2);
        let held = [take_all(&shares, "2001:db8::1"), take_all(&shares, "2001:db8::2")];
        assert_eq!(held.map(|held| held.len()), [2, 0]);
    }
}
