//! `dke client call` and `dke client resume`: a whole exchange over a gateway.

use crate::client_store::{ClientFile, PendingState};
use crate::fault::Fault;
use crate::files::{self, Locked, now};
use crate::identity::Identity;
use crate::network_args::{Call, To};
use crate::node::given;
use crate::report::{Report, data};
use crate::serve::{runtime, tell};
use crate::session::{SessionState, mode_name};
use dke::client::{AwaitingConfirm, Client};
use dke::crypto::Hash;
use dke::store::{ClientStore, Pending};
use dke::{Credential, Mode};
use dke_agent::{Asked, Called, Caller, Gateway, Progress, Unfinished};
use dke_coap::Parameters;
use rand_core::OsRng;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::Instant;

/// `dke client call`.
pub(crate) fn call(args: &Call) -> Result<Report, Fault> {
    runtime()?.block_on(async { call_over(args, connect(&args.to).await?, show).await })
}

/// A whole call over this gateway.
pub(crate) async fn call_over(
    args: &Call,
    gateway: Gateway,
    progress: impl FnMut(Progress) + Send,
) -> Result<Report, Fault> {
    let node = files::read(&args.to.node)?;
    let node = Credential::parse(&node).map_err(|reject| Fault::from(reject).about(&args.to.node))?;
    let cwt = args.cwt.as_deref().map(files::read).transpose()?;
    let early_data = given(&args.data)?;
    let identity = Identity::load(&Locked::wait(&args.to.dir)?)?;
    let credential = identity.credential()?;
    let client: Client<'_> = match (&cwt, &args.cwt) {
        (Some(cwt), Some(path)) => {
            Client::vouched(cwt, &identity.key).map_err(|misuse| Fault::from(misuse).about(path))?
        }
        _ => Client::pinned(&credential, &identity.key),
    };
    let caller = Caller { gateway, node };
    let mode = if args.refresh { Mode::Refresh } else { Mode::Basic };
    let asked = Asked { mode, early_data: &early_data, now: now(None), deadline: deadline(&args.to) };
    let mut store = ClientDir::new(&args.to, &caller.node);
    let called = caller.call(&client, &mut store, &asked, &mut OsRng, progress).await;
    store.told(called)
}

/// `dke client resume`: all pending exchanges with one node.
pub(crate) fn resume(args: &To) -> Result<Report, Fault> {
    let node = files::read(&args.node)?;
    let node = Credential::parse(&node).map_err(|reject| Fault::from(reject).about(&args.node))?;
    let pending: Vec<PendingState> = {
        let file = ClientFile::open(Locked::wait(&args.dir)?)?;
        file.state.pending.iter().filter(|one| one.node.0 == *node.hash()).cloned().collect()
    };
    runtime()?.block_on(async {
        let caller = Caller { gateway: connect(args).await?, node };
        let mut finished = Vec::new();
        for one in pending {
            let awaiting: AwaitingConfirm = AwaitingConfirm::from_bytes(&one.state.0)
                .map_err(|_| Fault::state(&args.dir.join("client.json"), "a pending exchange cannot be read"))?;
            let mut store = ClientDir::new(args, &caller.node);
            let called = caller.resume(&mut store, &one.initiate.0, awaiting, deadline(args), show).await;
            let report = match store.told(called) {
                Ok(report) => report.value(),
                Err(broken @ Fault::Broken(_)) => return Err(broken),
                Err(fault) => {
                    serde_json::json!({ "epoch": one.epoch, "index": one.index, "unfinished": fault.to_string() })
                }
            };
            finished.push(report);
        }
        Ok(Report::new().with("node", node.subject()).with("exchanges", finished))
    })
}

async fn connect(to: &To) -> Result<Gateway, Fault> {
    Ok(Gateway::connect(&to.gateway, Parameters::default()).await?)
}

fn deadline(to: &To) -> Instant {
    let now = Instant::now();
    // A wait beyond what the clock can say is a wait for ever.
    now.checked_add(Duration::from_secs(to.wait)).unwrap_or(now + Duration::from_secs(u32::MAX.into()))
}

fn show(progress: Progress) {
    tell(&match progress {
        Progress::Exhausted(seconds) => format!("No prekey is left; the next try is in {seconds} s."),
        Progress::Initiated { epoch, index, fingerprint } => {
            format!("Epoch {epoch} index {index}: the early key {} is usable.", hex::encode(fingerprint))
        }
        Progress::Queued => "The gateway has the message; the node sleeps.".into(),
        Progress::Waiting => "The node still sleeps.".into(),
    });
}

/// The client's directory, locked for each step only: other commands work while this one waits.
pub(crate) struct ClientDir {
    dir: PathBuf,
    node: String,
    node_hash: Hash,
    /// An exchange has ended in this state, which is not stored yet: it becomes durable in one with the session.
    ended: Option<ClientFile>,
}

impl ClientDir {
    fn new(to: &To, node: &Credential<'_>) -> ClientDir {
        ClientDir { dir: to.dir.clone(), node: node.subject().to_string(), node_hash: *node.hash(), ended: None }
    }

    fn open(&self) -> Result<ClientFile, Fault> {
        ClientFile::open(Locked::wait(&self.dir)?)
    }

    /// Stores how a call ended, and tells it.
    fn told(mut self, called: Result<Called, Unfinished<Fault>>) -> Result<Report, Fault> {
        let ended = self.ended.take();
        let called = match called {
            Ok(called) => called,
            Err(unfinished) => {
                if let Some(mut file) = ended {
                    file.save()?;
                }
                return Err(match unfinished {
                    Unfinished::Gateway(failure) => failure.into(),
                    Unfinished::Step(error) => error.into(),
                    Unfinished::Pending => Fault::Input { name: "Pending", sentence: unfinished.to_string() },
                    Unfinished::Discarded => Fault::Input { name: "Gateway", sentence: unfinished.to_string() },
                });
            }
        };
        let session = &called.session;
        if let Some(mut file) = ended {
            file.keep(SessionState::new(&self.node, &self.node_hash, session, called.early.expose()))?;
        }
        Ok(Report::new()
            .with("step", "C2")
            .with("node", self.node)
            .with("mode", mode_name(session.mode))
            .with("epoch", session.epoch)
            .with("index", session.index)
            .with("answer", data(&called.answer))
            .with("early_fingerprint", hex::encode(called.early.fingerprint()))
            .with("session_fingerprint", hex::encode(session.secret.fingerprint())))
    }
}

impl ClientStore for ClientDir {
    type Error = Fault;

    fn highest_epoch(&self, node: &Hash) -> Result<u64, Fault> {
        self.open()?.highest_epoch(node)
    }

    fn begin(&mut self, pending: &Pending<'_>) -> Result<(), Fault> {
        // The exchange before this one may have ended without a session.
        let mut file = match self.ended.take() {
            Some(file) => file,
            None => self.open()?,
        };
        file.state.names.insert(hex::encode(pending.node), self.node.clone());
        file.begin(pending)
    }

    fn end(&mut self, exchange: &Hash) -> Result<(), Fault> {
        let mut file = self.open()?;
        file.end(exchange)?;
        self.ended = Some(file);
        Ok(())
    }
}
