//! A call under way: sends its Initiates, repeats it, waits for a Confirm to any of them.

use crate::caller::store::{Beginning, CallStore, Finishing, Unbegun};
use crate::caller::{Answered, Begun, Called, Caller, Open, Progress, Resumed, Unfinished};
use crate::gateway::Failure;
use dke::Error;
use dke::call;
use dke::client::{Client, Request};
use dke::crypto::Hash;
use dke::params::{DATA_MAX, INITIATE_MAX};
use rand_core::CryptoRngCore;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

/// Seconds for which one request waits for a Confirm.
const WAIT: u64 = 30;
/// Before the gateway is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// Time for an Initiate to come to the gateway, even if nobody waits for its Confirm.
const SENDING: Duration = Duration::from_secs(5);

type News<'g> = Pin<Box<dyn Future<Output = Result<Vec<Vec<u8>>, Failure>> + Send + 'g>>;

/// A pending exchange whose Confirms are waited for.
struct Watched<'g> {
    open: Open,
    /// The gateway says that it has the Initiate.
    taken: bool,
    news: News<'g>,
}

/// What the gateway says when it is asked for the Confirms of an exchange.
enum Asked {
    /// The call has an answer.
    Called(Called),
    /// There is none, and none that verifies.
    Nothing,
    /// It says nothing, or that it cannot tell.
    NoWord,
}

/// A call under way.
pub(super) struct Calling<'g, 's, S, P> {
    caller: &'g Caller<'g>,
    client: &'g Client<'g>,
    store: &'s mut S,
    call: Option<Begun>,
    watched: Vec<Watched<'g>>,
    /// The user asks again after a call that has begun earlier.
    again: bool,
    progress: P,
}

impl<'g, 's, S: CallStore, P: FnMut(Progress)> Calling<'g, 's, S, P> {
    /// What was stored of it is sent again by [`pursue`](Self::pursue).
    pub(super) fn new(
        caller: &'g Caller<'g>,
        client: &'g Client<'g>,
        store: &'s mut S,
        resumed: Resumed,
        progress: P,
    ) -> Self {
        let Resumed { call, exchanges } = resumed;
        let watched: Vec<_> = exchanges.into_iter().map(|open| caller.watched(open)).collect();
        let again = !watched.is_empty();
        Calling { caller, client, store, call, watched, again, progress }
    }

    /// Sends, repeats and waits until there is an answer.
    pub(super) async fn pursue(
        &mut self,
        now: u64,
        deadline: Instant,
        random: &mut impl CryptoRngCore,
    ) -> Result<Called, Unfinished<S::Error>> {
        loop {
            let word = self.send(deadline).await;
            if let Some(called) = self.look(deadline).await? {
                return Ok(called);
            }
            match word {
                None => match self.wait(deadline).await {
                    // The node has rejected it, or so the gateway says: asked again, the call is repeated, once.
                    Err(Unfinished::Unknown(Failure::Refused((4, 4)))) if self.again => self.again = false,
                    ended => return ended,
                },
                Some(Failure::Refused((4, 4 | 9))) => {}
                Some(failure) => return Err(Unfinished::Unknown(failure)),
            }
            if let Some(called) = self.repeat(now, deadline, random).await? {
                return Ok(called);
            }
        }
    }

    /// C1 over a prekey, or over another one if the call may be repeated. If it may not, there may be an answer all the same.
    pub(super) async fn repeat(
        &mut self,
        now: u64,
        deadline: Instant,
        random: &mut impl CryptoRngCore,
    ) -> Result<Option<Called>, Unfinished<S::Error>> {
        let refused = || Unfinished::Unknown(Failure::Refused((4, 9)));
        let Some(call) = self.call.as_mut() else {
            let seen = self.store.highest_epoch(self.caller.node.hash()).map_err(Error::Storage)?;
            return self.end_those_over(seen, deadline, refused()).await.map(Some);
        };
        let mut early_data = [0; DATA_MAX];
        let length =
            call::Call { number: &call.number, data: &call.data }.write(&mut early_data).map_err(Error::Caller)?;
        let offer = match self.caller.offer(deadline, random, &mut self.progress).await {
            Ok(offer) => offer,
            Err(failure) if self.watched.is_empty() => return Err(failure.into()),
            Err(failure) => return Err(Unfinished::Unknown(failure)),
        };
        let request = Request { mode: call.mode, early_data: early_data.get(..length).unwrap_or_default(), now };
        let mut initiate = vec![0; INITIATE_MAX];
        let mut beginning = Beginning { store: &mut *self.store, call, exchanges: self.watched.len() };
        let begun = self.client.initiate(&mut beginning, &self.caller.node, &offer, &request, random, &mut initiate);
        let begun = match begun {
            Ok(begun) => begun,
            Err(Error::Storage(Unbegun::Store(error))) => return Err(Error::Storage(error).into()),
            Err(Error::Storage(Unbegun::Epoch(newest))) => {
                return self.end_those_over(newest, deadline, refused()).await.map(Some);
            }
            Err(Error::Peer(reject)) if self.watched.is_empty() => return Err(Error::Peer(reject).into()),
            Err(Error::Peer(reject)) => return Err(Unfinished::Unknown(Failure::Malformed(reject))),
            Err(Error::Caller(misuse)) => return Err(Error::Caller(misuse).into()),
        };
        initiate.truncate(begun.len);
        (self.progress)(Progress::Initiated {
            epoch: begun.awaiting.epoch(),
            index: begun.awaiting.index(),
            fingerprint: begun.awaiting.early_secret().fingerprint(),
        });
        self.watched.push(self.caller.watched(Open { initiate, awaiting: begun.awaiting }));
        Ok(None)
    }

    /// No Confirm has come, and the call is not repeated. Exchanges to which none can come any more are ended: the node has signed a
    /// batch of epoch `newest`.
    async fn end_those_over(
        &mut self,
        newest: u64,
        deadline: Instant,
        otherwise: Unfinished<S::Error>,
    ) -> Result<Called, Unfinished<S::Error>> {
        let mut over = Vec::new();
        for exchange in self.exchanges(|one| call::is_over(one.open.awaiting.epoch(), newest)) {
            match self.ask(&exchange, deadline).await? {
                Asked::Called(called) => return Ok(called),
                Asked::Nothing => over.push(exchange),
                Asked::NoWord => {}
            }
        }
        if over.is_empty() {
            return Err(otherwise);
        }
        self.watched.retain(|one| !over.contains(one.open.awaiting.exchange()));
        let all = self.watched.is_empty();
        let number = self.call.as_ref().map(|call| call.number);
        self.store.give_up(&over, number.as_ref().filter(|_| all)).map_err(Error::Storage)?;
        Err(if all { Unfinished::Over } else { otherwise })
    }

    /// Sends all Initiates (again). If the gateway has taken none: what it says.
    async fn send(&mut self, deadline: Instant) -> Option<Failure> {
        let mut word = None;
        for one in &mut self.watched {
            let sent = self.caller.gateway.initiate(self.caller.node.hash(), &one.open.initiate);
            match by(deadline, sent).await {
                Ok(_) => one.taken = true,
                Err(failure) => (one.taken, word) = (false, Some(failure)),
            }
        }
        if self.watched.iter().any(|one| one.taken) {
            (self.progress)(Progress::Queued);
            return None;
        }
        word
    }

    /// Asks for Confirms of exchanges whose Initiates the gateway does not take: it may have forgotten the batch, but not the Confirm.
    async fn look(&mut self, deadline: Instant) -> Result<Option<Called>, Unfinished<S::Error>> {
        for exchange in self.exchanges(|one| !one.taken) {
            if let Asked::Called(called) = self.ask(&exchange, deadline).await? {
                return Ok(Some(called));
            }
        }
        Ok(None)
    }

    fn exchanges(&self, which: impl Fn(&Watched<'_>) -> bool) -> Vec<Hash> {
        self.watched.iter().filter(|one| which(one)).map(|one| *one.open.awaiting.exchange()).collect()
    }

    /// Asks for the Confirms of one exchange, without waiting for one.
    async fn ask(&mut self, exchange: &Hash, deadline: Instant) -> Result<Asked, Unfinished<S::Error>> {
        let place = self.watched.iter().position(|one| one.open.awaiting.exchange() == exchange);
        let found = place.and_then(|place| Some((place, &self.watched.get(place)?.open.awaiting)));
        let Some((place, awaiting)) = found else { return Ok(Asked::NoWord) };
        let asked = self.caller.gateway.confirms(self.caller.node.hash(), awaiting.epoch(), awaiting.index(), 0);
        let confirms = match by(deadline, asked).await {
            Ok(confirms) => confirms,
            Err(Failure::Refused((4, 4))) => return Ok(Asked::Nothing),
            Err(_) => return Ok(Asked::NoWord),
        };
        Ok(self.finish(place, &confirms)?.map_or(Asked::Nothing, Asked::Called))
    }

    /// Waits for a Confirm to any exchange.
    async fn wait(&mut self, deadline: Instant) -> Result<Called, Unfinished<S::Error>> {
        let waited = self.listen(deadline).await;
        // A question that has begun and is not polled any more would keep others from being asked.
        for one in &mut self.watched {
            one.news = self.caller.news(one.open.awaiting.epoch(), one.open.awaiting.index(), Duration::ZERO);
        }
        match waited {
            Err(Unfinished::Pending) => {
                let seen = self.store.highest_epoch(self.caller.node.hash()).map_err(Error::Storage)?;
                self.end_those_over(seen, deadline, Unfinished::Pending).await
            }
            waited => waited,
        }
    }

    async fn listen(&mut self, deadline: Instant) -> Result<Called, Unfinished<S::Error>> {
        loop {
            let Ok((place, news)) = timeout_at(deadline, first(&mut self.watched)).await else {
                return Err(Unfinished::Pending);
            };
            let confirms = match news {
                Ok(confirms) => confirms,
                Err(failure) => {
                    // Its word on one exchange; the others may still have an answer.
                    if let Some(one) = self.watched.get_mut(place) {
                        one.taken = false;
                        one.news = Box::pin(std::future::pending());
                    }
                    if self.watched.iter().any(|one| one.taken) {
                        continue;
                    }
                    return Err(Unfinished::Unknown(failure));
                }
            };
            if let Some(called) = self.finish(place, &confirms)? {
                return Ok(called);
            }
            (self.progress)(Progress::Waiting);
        }
    }

    /// C2 with the first of these Confirms that verifies. `None`: there is none, or it does not end the call.
    fn finish(&mut self, place: usize, confirms: &[Vec<u8>]) -> Result<Option<Called>, Unfinished<S::Error>> {
        if place >= self.watched.len() {
            return Ok(None);
        }
        let Watched { open, taken, .. } = self.watched.swap_remove(place);
        let Open { initiate, mut awaiting } = open;
        for confirm in confirms {
            let early = awaiting.early_secret();
            let exchange = *awaiting.exchange();
            let mut buffer = [0; DATA_MAX];
            match awaiting.finish(&mut Finishing, confirm, &mut buffer) {
                Ok(done) => {
                    let number = self.call.as_ref().map(|call| call.number);
                    let answered = if number.is_some() {
                        Answered::read(done.answer)
                    } else {
                        Answered::Done(done.answer.to_vec())
                    };
                    let called = Called { number, answered, session: done.session, early };
                    return self.ended(&exchange, called);
                }
                Err(failed) => awaiting = failed.state,
            }
        }
        let news = self.caller.news(awaiting.epoch(), awaiting.index(), PAUSE);
        self.watched.push(Watched { open: Open { initiate, awaiting }, taken, news });
        Ok(None)
    }

    /// An exchange has ended with this. Does the call?
    fn ended(&mut self, exchange: &Hash, called: Called) -> Result<Option<Called>, Unfinished<S::Error>> {
        let refused = matches!(called.answered, Answered::Refused(_));
        let all = !refused || self.watched.is_empty();
        let ends = called.number.as_ref().filter(|_| all);
        self.store.finish(exchange, &called, ends).map_err(Error::Storage)?;
        Ok(all.then_some(called))
    }
}

impl Caller<'_> {
    fn watched(&self, open: Open) -> Watched<'_> {
        let news = self.news(open.awaiting.epoch(), open.awaiting.index(), Duration::ZERO);
        Watched { open, taken: false, news }
    }

    /// Confirms for an exchange, none if there were none for a while, or why the gateway has none.
    fn news(&self, epoch: u64, index: u8, pause: Duration) -> News<'_> {
        Box::pin(async move {
            sleep(pause).await;
            loop {
                match self.gateway.confirms(self.node.hash(), epoch, index, WAIT).await {
                    // A gateway that restarts, or a network that fails for a while, is waited for.
                    Err(Failure::Network(_) | Failure::Later(_) | Failure::TooMany(_)) => sleep(PAUSE).await,
                    news => return news,
                }
            }
        })
    }

    /// Asks for an Offer until there is one.
    async fn offer(
        &self,
        deadline: Instant,
        random: &mut impl CryptoRngCore,
        progress: &mut impl FnMut(Progress),
    ) -> Result<Vec<u8>, Failure> {
        loop {
            match by(deadline, self.gateway.offer(self.node.hash(), random)).await {
                Err(failure @ (Failure::Later(seconds) | Failure::TooMany(seconds))) => {
                    let again = Instant::now().checked_add(Duration::from_secs(seconds));
                    let Some(again) = again.filter(|again| *again < deadline) else {
                        return Err(failure);
                    };
                    progress(Progress::Exhausted(seconds));
                    sleep_until(again).await;
                }
                asked => return asked,
            }
        }
    }
}

/// The exchange of which there are news first.
async fn first(watched: &mut [Watched<'_>]) -> (usize, Result<Vec<Vec<u8>>, Failure>) {
    poll_fn(|context| {
        for (place, one) in watched.iter_mut().enumerate() {
            if let Poll::Ready(news) = one.news.as_mut().poll(context) {
                return Poll::Ready((place, news));
            }
        }
        Poll::Pending
    })
    .await
}

/// What the gateway says by the deadline, or shortly after it has begun.
async fn by<T>(deadline: Instant, asked: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let patience = deadline.max(Instant::now().checked_add(SENDING).unwrap_or(deadline));
    match timeout_at(patience, asked).await {
        Ok(answer) => answer,
        Err(_) => Err(Failure::Network("it did not answer in time".into())),
    }
}
