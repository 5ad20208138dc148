//! What went over the network, by host: so that an amplifier, or a node that a gateway keeps busy, is noticed.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;

/// To an address that has not shown that it receives, at most so many times its bytes go over any second.
const AMPLIFICATION_MAX: usize = 3;
const SECOND: Duration = Duration::from_secs(1);

/// Counters of all hosts.
#[derive(Default)]
pub struct Traffic {
    /// Datagrams that a host has sent.
    sent: BTreeMap<IpAddr, u64>,
    /// Addresses in whose names strangers send, and where nobody receives.
    spoofed: BTreeMap<IpAddr, Victim>,
    /// Bytes for a spoofed address, over the bytes sent in its name: the worst that was seen.
    worst: Option<String>,
    /// Datagrams that arrived anywhere.
    arrived: u64,
}

#[derive(Default)]
struct Victim {
    /// When, how many bytes in its name, how many to it.
    log: VecDeque<(Instant, usize, usize)>,
    sums: (usize, usize),
}

impl Traffic {
    /// From now on this address is one that does not receive, in whose name somebody sends.
    pub fn spoof(&mut self, address: IpAddr) {
        self.spoofed.entry(address).or_default();
    }

    /// Datagrams that a host has sent so far.
    pub fn sent_by(&self, host: IpAddr) -> u64 {
        self.sent.get(&host).copied().unwrap_or_default()
    }

    /// Datagrams that arrived anywhere so far.
    pub const fn arrived_in_all(&self) -> u64 {
        self.arrived
    }

    /// What is wrong with the answers to spoofed addresses, if anything is.
    pub fn amplified(&self) -> Option<&str> {
        self.worst.as_deref()
    }

    pub(crate) fn sent(&mut self, from: IpAddr, to: IpAddr, bytes: usize) {
        *self.sent.entry(from).or_default() += 1;
        if let Some(victim) = self.spoofed.get_mut(&from) {
            victim.count(bytes, 0);
        }
        if let Some(victim) = self.spoofed.get_mut(&to) {
            let (received, answered) = victim.count(0, bytes);
            if answered > AMPLIFICATION_MAX * received && self.worst.is_none() {
                let why = format!("{answered} bytes went to {to} within a second, which had sent {received}");
                self.worst = Some(why);
            }
        }
    }

    pub(crate) fn arrived(&mut self, _to: IpAddr) {
        self.arrived += 1;
    }
}

impl Victim {
    fn count(&mut self, received: usize, answered: usize) -> (usize, usize) {
        let now = Instant::now();
        self.log.push_back((now, received, answered));
        self.sums = (self.sums.0 + received, self.sums.1 + answered);
        while let Some((then, received, answered)) = self.log.front().copied() {
            if now.duration_since(then) < SECOND {
                break;
            }
            self.sums = (self.sums.0 - received, self.sums.1 - answered);
            self.log.pop_front();
        }
        self.sums
    }
}
