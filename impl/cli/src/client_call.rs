//! `dke client call` and `dke client resume`: a whole exchange over a gateway.

use crate::admission::with_key;
use crate::client::unreadable;
use crate::fault::Fault;
use crate::files::{self, now};
use crate::network_args::{Call, To};
use crate::node::given;
use crate::output::tell;
use crate::report::{Report, data};
use crate::serve::runtime;
use dke::client::{AwaitingConfirm, Client};
use dke::{Credential, Mode};
use dke_agent::{Asked, Called, Caller, Gateway, Progress, Unfinished};
use dke_coap::Parameters;
use dke_state::{ClientDir, Identity, Locked, PendingState, RealDisk, SharedClientDir, mode_name};
use rand_core::OsRng;
use std::sync::Arc;
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
    let mut store = shared(&args.to, &caller.node)?;
    let called = caller.call(&client, &mut store, &asked, &mut OsRng, progress).await;
    told(store, &caller.node, called)
}

/// `dke client resume`: all pending exchanges with one node.
pub(crate) fn resume(args: &To) -> Result<Report, Fault> {
    let node = files::read(&args.node)?;
    let node = Credential::parse(&node).map_err(|reject| Fault::from(reject).about(&args.node))?;
    let pending: Vec<PendingState> = {
        let file = ClientDir::open(Locked::wait(&args.dir)?)?;
        file.state.pending.iter().filter(|one| one.node.0 == *node.hash()).cloned().collect()
    };
    runtime()?.block_on(async {
        let caller = Caller { gateway: connect(args).await?, node };
        let mut finished = Vec::new();
        for one in pending {
            let awaiting: AwaitingConfirm = AwaitingConfirm::from_bytes(one.state.expose())
                .map_err(|_| unreadable(&args.dir.join("client.json")))?;
            let mut store = shared(args, &caller.node)?;
            let called = caller.resume(&mut store, &one.initiate.0, awaiting, deadline(args), show).await;
            let report = match told(store, &caller.node, called) {
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

fn shared(to: &To, node: &Credential<'_>) -> Result<SharedClientDir, Fault> {
    Ok(SharedClientDir::new(Arc::new(RealDisk::open(&to.dir)?), node))
}

async fn connect(to: &To) -> Result<Gateway, Fault> {
    with_key(Gateway::connect(&to.gateway, Parameters::default()).await?, to.admission.as_ref())
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

/// Stores how a call ended, and tells it.
fn told(
    store: SharedClientDir,
    node: &Credential<'_>,
    called: Result<Called, Unfinished<dke_state::Error>>,
) -> Result<Report, Fault> {
    let called = match called {
        Ok(called) => called,
        Err(unfinished) => {
            store.settle()?;
            return Err(match unfinished {
                Unfinished::Gateway(failure) => failure.into(),
                Unfinished::Step(error) => error.into(),
                Unfinished::Pending => Fault::Input { name: "Pending", sentence: unfinished.to_string() },
                Unfinished::Discarded => Fault::Input { name: "Gateway", sentence: unfinished.to_string() },
            });
        }
    };
    let session = &called.session;
    store.keep(session, called.early.expose())?;
    Ok(Report::new()
        .with("step", "C2")
        .with("node", node.subject())
        .with("mode", mode_name(session.mode))
        .with("epoch", session.epoch)
        .with("index", session.index)
        .with("answer", data(&called.answer))
        .with("early_fingerprint", hex::encode(called.early.fingerprint()))
        .with("session_fingerprint", hex::encode(session.secret.fingerprint())))
}
