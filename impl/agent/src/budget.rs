//! What one wake-up may cost, whatever the gateway does: PROTOCOL.md section 18.1.

use crate::gateway::{Answer, Failure};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// What one wake-up may cost. [`Default`] has the numbers of PROTOCOL.md: the Initiates of two full batches fit.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Requests to the gateway.
    pub requests: u32,
    /// Bytes of its answers' bodies.
    pub bytes: u64,
    /// Seconds, without those in which a handler is at work.
    pub seconds: u64,
    /// Initiates that are looked at; none of them costs more than three scalar multiplications and the verification of a CWT.
    pub initiates: u32,
    /// Clients' requests (section 16) that are looked at.
    pub served: u32,
    /// New batches.
    pub batches: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { requests: 2048, bytes: 4 << 20, seconds: 900, initiates: 512, served: 512, batches: 2 }
    }
}

/// Which part of the budget ended a wake-up, or a part of it. The next wake-up goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// Requests to the gateway.
    Requests,
    /// Bytes of its answers.
    Bytes,
    /// Seconds.
    Seconds,
    /// Initiates.
    Initiates,
    /// Clients' requests.
    Served,
    /// New batches at this wake-up.
    Batches,
    /// New batches over hours and days: the [`Rate`](dke::stock::Rate).
    Rate,
    /// The gateway showed only what it had shown before.
    Repeats,
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Spent::Requests => "no more requests to the gateway at this wake-up",
            Spent::Bytes => "no more bytes from the gateway at this wake-up",
            Spent::Seconds => "no more time for the gateway at this wake-up",
            Spent::Initiates => "no more Initiates at this wake-up",
            Spent::Served => "no more requests of clients at this wake-up",
            Spent::Batches => "no more batches at this wake-up",
            Spent::Rate => "no more batches for now: too many were made that no client used",
            Spent::Repeats => "the gateway shows again what was answered",
        })
    }
}

/// Who spends: mail leaves a quarter of everything for the node's prekeys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    Mail,
    Upkeep,
}

impl Share {
    const fn of(self, all: u64) -> u64 {
        match self {
            Share::Mail => all.saturating_sub(all >> 2),
            Share::Upkeep => all,
        }
    }
}

/// Counts what a wake-up spends, and ends what would spend more. Everything that costs goes through here.
pub(crate) struct Meter {
    budget: Budget,
    start: Instant,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    requests: u32,
    bytes: u64,
    initiates: u32,
    served: u32,
    batches: u32,
    /// In which a handler was at work.
    away: Duration,
}

impl Meter {
    pub(crate) fn new(budget: Budget) -> Meter {
        Meter { budget, start: Instant::now(), counts: Mutex::default() }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes one request to the gateway.
    pub(crate) async fn ask(
        &self,
        share: Share,
        request: impl Future<Output = Result<Answer, Failure>>,
    ) -> Result<Answer, Failure> {
        let patience = self.begin(share)?;
        let answer = timeout(patience, request).await.map_err(|_| Failure::Spent(Spent::Seconds))??;
        let mut counts = self.counts();
        counts.bytes = counts.bytes.saturating_add(answer.body.len().try_into().unwrap_or(u64::MAX));
        Ok(answer)
    }

    /// Time that is left for the next request.
    fn begin(&self, share: Share) -> Result<Duration, Failure> {
        let mut counts = self.counts();
        let spent = self.start.elapsed().saturating_sub(counts.away);
        let patience = Duration::from_secs(share.of(self.budget.seconds)).saturating_sub(spent);
        if u64::from(counts.requests) >= share.of(self.budget.requests.into()) {
            return Err(Failure::Spent(Spent::Requests));
        }
        if counts.bytes >= share.of(self.budget.bytes) {
            return Err(Failure::Spent(Spent::Bytes));
        }
        if patience.is_zero() {
            return Err(Failure::Spent(Spent::Seconds));
        }
        counts.requests = counts.requests.saturating_add(1);
        Ok(patience)
    }

    /// The handler's time is not the gateway's doing.
    pub(crate) async fn away<T>(&self, handler: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let answer = handler.await;
        let mut counts = self.counts();
        counts.away = counts.away.saturating_add(start.elapsed());
        answer
    }

    pub(crate) fn initiate(&self) -> Result<(), Failure> {
        take(&mut self.counts().initiates, self.budget.initiates, Spent::Initiates)
    }

    pub(crate) fn serve(&self) -> Result<(), Failure> {
        take(&mut self.counts().served, self.budget.served, Spent::Served)
    }

    pub(crate) fn batch(&self) -> Result<(), Failure> {
        take(&mut self.counts().batches, self.budget.batches, Spent::Batches)
    }
}

fn take(count: &mut u32, limit: u32, spent: Spent) -> Result<(), Failure> {
    if *count >= limit {
        return Err(Failure::Spent(spent));
    }
    *count = count.saturating_add(1);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    async fn slow() -> Result<Answer, Failure> {
        sleep(Duration::from_secs(60)).await;
        Err(Failure::Refused((4, 4)))
    }

    /// Time passes when nothing else happens.
    #[tokio::test(start_paused = true)]
    async fn slow_answers_end_with_the_time_and_mail_leaves_some() {
        let (meter, start) = (Meter::new(Budget::default()), Instant::now());
        meter.away(sleep(Duration::from_secs(5000))).await;
        for share in [Share::Mail, Share::Upkeep] {
            while !matches!(meter.ask(share, slow()).await, Err(Failure::Spent(Spent::Seconds))) {}
            let expected = if share == Share::Mail { 675 } else { 900 };
            assert_eq!(start.elapsed(), Duration::from_secs(5000 + expected), "the handler's time does not count");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_counted() {
        let meter = Meter::new(Budget { seconds: u64::MAX >> 1, ..Budget::default() });
        let mut asked = 0;
        while !matches!(meter.ask(Share::Upkeep, slow()).await, Err(Failure::Spent(Spent::Requests))) {
            asked += 1;
        }
        assert_eq!(asked, 2048);
    }
}
