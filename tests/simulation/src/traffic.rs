//! What went over the network, by host: so that an amplifier, or a node that a gateway keeps busy, is noticed.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;

/// To an address that has not shown that it receives, at most so many times its bytes go.
const AMPLIFICATION_MAX: usize = 3;
/// In all, and over any second.
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

/// Bytes in its name, and to it.
#[derive(Default)]
struct Victim {
    sent: usize,
    received: usize,
    /// Of the last second, where the answers are made: what came in its name, what went to it, and when.
    second: VecDeque<(Instant, usize, usize)>,
}

impl Victim {
    /// One more event of the last second. The bytes that came and those that went.
    fn second(&mut self, came: usize, went: usize) -> (usize, usize) {
        let now = Instant::now();
        self.second.push_back((now, came, went));
        while self.second.front().is_some_and(|(at, ..)| now - *at >= SECOND) {
            self.second.pop_front();
        }
        self.second.iter().fold((0, 0), |(all_in, all_out), (_, one_in, one_out)| (all_in + one_in, all_out + one_out))
    }
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
            victim.sent += bytes;
        }
        if let Some(victim) = self.spoofed.get_mut(&to) {
            victim.received += bytes;
            let (came, went) = victim.second(0, bytes);
            let Victim { sent, received, .. } = victim;
            if *received > AMPLIFICATION_MAX * *sent {
                self.worst.get_or_insert(format!("{received} bytes went to {to}, in whose name {sent} were sent"));
            }
            if went > AMPLIFICATION_MAX * came {
                self.worst.get_or_insert(format!("{went} bytes went to {to} in a second, in whose name {came} came"));
            }
        }
    }

    pub(crate) fn arrived(&mut self, from: IpAddr, bytes: usize) {
        self.arrived += 1;
        if let Some(victim) = self.spoofed.get_mut(&from) {
            victim.second(bytes, 0);
        }
    }
}
