//! The node's loop: a request, its answers, sleep.

use crate::factory::Factory;
use crate::hardware::{self, Region};
use crate::link::Link;
use dke::node::{Accepted, Incoming, Node, Plan};
use dke::params::{CONFIRM_MAX, INITIATE_MAX};
use dke::store::Trust;
use dke::{Depth, Error, Reject, Suite};
use dke_flash::cut::{PowerCut, PowerLost};
use dke_flash::{Fault, FlashStore};
use dke_link::{Answer, Failure, Garbled, Random, Request};

/// A frame: the kind and the longest body.
type Frame = [u8; 1 + INITIATE_MAX];
type Store = FlashStore<PowerCut<Region>>;

/// Early data that the node says again in its answer: so many bytes of it.
const ECHO: usize = 32;

/// All that a node has.
struct Board<'a, L, T> {
    node: Node<'a>,
    trust: T,
    store: Store,
    random: Random,
    link: L,
}

/// Why a request ended early.
enum Stop {
    Failed(Failure),
    PowerLost,
}

impl From<Error<Fault<PowerLost>>> for Stop {
    fn from(error: Error<Fault<PowerLost>>) -> Self {
        match error {
            Error::Storage(Fault::Driver(PowerLost)) => Stop::PowerLost,
            error => Stop::Failed(error.into()),
        }
    }
}

impl From<Garbled> for Stop {
    fn from(garbled: Garbled) -> Self {
        Stop::Failed(Failure::Link(garbled))
    }
}

/// The node, from its start on. `frame` is the one large buffer that it has.
pub fn run<L: Link, T: Trust>(frame: &mut Frame, trust: fn(&Factory<'static>) -> T) -> ! {
    hardware::paint();
    let mut link = L::open();
    let Some((factory, store)) = start() else { panicked::<L>() };
    let trust = trust(&factory);
    let node = Node::new(factory.credential, &factory.key, factory.insist_on_refresh);
    link.send(Answer::Ready, &[], &[]);
    Board { node, trust, store, random: Random::unseeded(), link }.serve(frame)
}

#[inline(never)]
fn start() -> Option<(Factory<'static>, Store)> {
    let factory = Factory::read(hardware::factory_page()).ok()?;
    Some((factory, FlashStore::mount(PowerCut::new(Region::take())).ok()?))
}

impl<L: Link, T: Trust> Board<'_, L, T> {
    fn serve(&mut self, frame: &mut Frame) -> ! {
        loop {
            let done = match self.link.receive(frame) {
                Ok(length) => self.request(length, frame),
                Err(garbled) => Err(garbled.into()),
            };
            match done {
                Ok(()) => {}
                Err(Stop::Failed(failure)) => self.link.send(Answer::Failed, &failure.to_bytes(), &[]),
                Err(Stop::PowerLost) => hardware::restart(),
            }
            self.link.send(Answer::Done, &[], &[]);
        }
    }

    fn request(&mut self, length: usize, frame: &mut Frame) -> Result<(), Stop> {
        let (kind, body) = frame.get(..length).and_then(<[u8]>::split_first).ok_or(Garbled::WrongLength)?;
        match Request::from_code(*kind).ok_or(Garbled::UnknownKind)? {
            Request::Seed => self.random = Random::new(exactly(body)?),
            Request::Publish => return self.publish(&exactly(body)?, frame),
            Request::Republish => return self.republish(frame),
            Request::Initiate => return self.initiate(length, frame),
            Request::Acknowledge => {
                let [epoch @ .., index] = exactly::<9>(body)?;
                self.node.acknowledged(&mut self.store, u64::from_be_bytes(epoch), index)?;
            }
            Request::CutPower => {
                let [a, b, c, d, seed @ ..] = exactly::<12>(body)?;
                self.store.flash().cut_after(u32::from_be_bytes([a, b, c, d]), u64::from_be_bytes(seed));
            }
            Request::Stack => {
                self.link.send(Answer::Stack, &hardware::painted_off().to_be_bytes(), &[]);
                hardware::paint();
            }
        }
        Ok(())
    }

    /// N1.
    #[inline(never)]
    fn publish(&mut self, plan: &[u8; 10], out: &mut Frame) -> Result<(), Stop> {
        let [suite, depth, not_after @ ..] = *plan;
        let peer = |reject| Stop::Failed(Failure::Peer(reject));
        let plan = Plan {
            suite: Suite::from_id(suite.into()).ok_or(peer(Reject::UnknownSuite))?,
            depth: Depth::new(depth.into()).ok_or(peer(Reject::DepthOutOfRange))?,
            not_after: u64::from_be_bytes(not_after),
        };
        let length = self.node.publish(&mut self.store, &plan, &mut self.random, out)?;
        self.link.send(Answer::Publication, &[], out.get(..length).unwrap_or_default());
        Ok(())
    }

    /// N1.3.
    #[inline(never)]
    fn republish(&mut self, out: &mut Frame) -> Result<(), Stop> {
        let length = self.node.republish(&self.store, out)?;
        self.link.send(Answer::Publication, &[], out.get(..length).unwrap_or_default());
        Ok(())
    }

    /// N2, and N3 in the buffer in which the Initiate was.
    #[inline(never)]
    fn initiate(&mut self, length: usize, frame: &mut Frame) -> Result<(), Stop> {
        let mut buffer = [0; CONFIRM_MAX];
        let initiate = frame.get(1..length).unwrap_or_default();
        match self.node.accept(&mut self.store, &self.trust, initiate, &mut buffer)? {
            Incoming::Repeated(confirm) => {
                self.link.send(Answer::Repeated, &[], confirm);
                Ok(())
            }
            Incoming::Accepted(accepted) => self.confirm(accepted, frame),
        }
    }

    /// N3.
    fn confirm(&mut self, accepted: Accepted<'_>, out: &mut Frame) -> Result<(), Stop> {
        let early_data = accepted.early_data();
        self.link.send(Answer::Accepted, &[accepted.peer().vouched().into()], early_data);
        let mut answer = [0; ECHO];
        let echo = early_data.len().min(ECHO);
        answer.iter_mut().zip(early_data).for_each(|(to, from)| *to = *from);
        let answer = answer.get(..echo).unwrap_or_default();
        let confirmed = accepted
            .confirm(&mut self.store, answer, &mut self.random, out)
            .map_err(|failed| Stop::from(failed.error))?;
        self.link.send(Answer::Confirm, &[], out.get(..confirmed.len).unwrap_or_default());
        let session = confirmed.session;
        self.link.send(Answer::Session, &[session.mode.id()], &session.secret.fingerprint());
        Ok(())
    }
}

/// A body of exactly `N` bytes.
fn exactly<const N: usize>(body: &[u8]) -> Result<[u8; N], Garbled> {
    body.try_into().map_err(|_| Garbled::WrongLength)
}

/// The end of a node that panicked. It never does.
pub fn panicked<L: Link>() -> ! {
    L::open().send(Answer::Panicked, &[], &[]);
    loop {
        cortex_m::asm::wfi();
    }
}
