//! `dke client call` and `dke client resume`: a call over a gateway.

use crate::admission::with_key;
use crate::fault::Fault;
use crate::files::{self, now};
use crate::network::runtime;
use crate::network_args::{Call, Resume, To};
use crate::node::given;
use crate::output::tell;
use crate::report::{Report, data};
use dke::client::Client;
use dke::crypto::Hash;
use dke::{Credential, Mode};
use dke_agent::{Answered, Asked, Called, Caller, Gateway, Progress, Unfinished};
use dke_coap::Parameters;
use dke_state::{ClientDir, Identity, Locked, RealDisk, Resumable, SharedClientDir, Undelivered, mode_name};
use rand_core::OsRng;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The node's word, in a Confirm.
const UNKNOWN: &str = "It is not known whether the call was carried out: the node began it, and has no answer; a new call would be another one.";

/// Time for a message to come to the gateway, even if nobody waits for the node.
const SENDING: Duration = Duration::from_secs(5);

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
    let data = given(&args.data)?;
    let identity = Identity::load(&Locked::wait(&args.to.dir)?)?;
    let credential = identity.credential()?;
    let client = client(&identity, &credential, cwt.as_deref());
    let client = client.map_err(|fault| args.cwt.iter().fold(fault, |fault, path| fault.about(path)))?;
    let caller = Caller { gateway, node };
    let mode = if args.refresh { Mode::Refresh } else { Mode::Basic };
    let asked = Asked { mode, data: &data, now: now(None), deadline: deadline(&args.to) };
    let mut store = shared(&args.to, &caller.node, cwt.as_deref())?;
    let called = caller.call(&client, &mut store, &asked, &mut OsRng, progress).await;
    told(&args.to, &caller.node, called)
}

/// `dke client resume`: all calls to one node that have no answer, and all other pending exchanges with it.
pub(crate) fn resume(args: &Resume) -> Result<Report, Fault> {
    let to = &args.to;
    let node = files::read(&to.node)?;
    let node = Credential::parse(&node).map_err(|reject| Fault::from(reject).about(&to.node))?;
    let identity = Identity::load(&Locked::wait(&to.dir)?)?;
    let credential = identity.credential()?;
    runtime()?.block_on(async {
        let caller = Caller { gateway: connect(to).await?, node };
        // Answers that were received and not delivered come first.
        let kept = undelivered(to, caller.node.hash())?;
        let mut finished: Vec<Value> = kept.iter().map(|one| Report::again(one).value()).collect();
        let mut delivered: Vec<Hash> = kept.iter().map(|one| one.from.0).collect();
        for Resumable { resumed, cwt } in shared(to, &caller.node, None)?.resumable()? {
            let number = resumed.call.as_ref().map(|call| hex::encode(call.number));
            let places: Vec<Value> = resumed
                .exchanges
                .iter()
                .map(|one| json!({ "epoch": one.awaiting.epoch(), "index": one.awaiting.index() }))
                .collect();
            let client = client(&identity, &credential, cwt.as_deref())?;
            let mut store = shared(to, &caller.node, cwt.as_deref())?;
            let when = (now(None), deadline(to));
            let called = caller.resume(&client, &mut store, resumed, when, &mut OsRng, show).await;
            finished.push(match told(to, &caller.node, called) {
                Ok(report) => {
                    delivered.extend(report.delivers().into_iter().flat_map(|one| one.contents.clone()));
                    report.value()
                }
                Err(broken @ Fault::Broken(_)) => return Err(broken),
                Err(fault) => json!({ "call": number, "exchanges": places, "unfinished": fault.to_string() }),
            });
        }
        let mut report = Report::new().with("node", caller.node.subject()).with("exchanges", finished);
        if args.give_up {
            let given_up = shared(to, &caller.node, None)?.give_up_all()?;
            report = report.with("given_up", given_up.iter().map(hex::encode).collect::<Vec<_>>());
        }
        Ok(report.delivering(&to.dir, delivered))
    })
}

/// Answers of this node that wait to be delivered.
fn undelivered(to: &To, node: &Hash) -> Result<Vec<Undelivered>, Fault> {
    let file = ClientDir::open(Locked::wait(&to.dir)?)?;
    let all = file.state.undelivered.all().iter();
    Ok(all.filter(|one| one.peer.0 == *node && one.tells("answer")).cloned().collect())
}

fn client<'a>(identity: &'a Identity, credential: &Credential<'a>, cwt: Option<&'a [u8]>) -> Result<Client<'a>, Fault> {
    match cwt {
        Some(cwt) => Ok(Client::vouched(cwt, &identity.key)?),
        None => Ok(Client::pinned(credential, &identity.key)),
    }
}

fn shared(to: &To, node: &Credential<'_>, cwt: Option<&[u8]>) -> Result<SharedClientDir, Fault> {
    Ok(SharedClientDir::new(Arc::new(RealDisk::open(&to.dir)?), node, cwt)
        .telling(|node, called| report(node, called).facts()))
}

async fn connect(to: &To) -> Result<Gateway, Fault> {
    // At the deadline the caller asks once more for the Confirms of exchanges that are over.
    let gateway = Gateway::connect(&to.gateway, Parameters::default()).await?.until(deadline(to) + SENDING);
    with_key(gateway, to.admission.as_ref())
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

/// How a call ended.
fn told(to: &To, node: &Credential<'_>, called: Result<Called, Unfinished<dke_state::Error>>) -> Result<Report, Fault> {
    let sentence = |name, sentence| Fault::Input { name, sentence };
    let called = called.map_err(|unfinished| match unfinished {
        Unfinished::Gateway(failure) => failure.into(),
        Unfinished::Step(error) => error.into(),
        Unfinished::Pending => sentence("Pending", unfinished.to_string()),
        Unfinished::Unknown(_) | Unfinished::Over => sentence("Unknown", unfinished.to_string()),
    })?;
    let report = report(node.subject(), &called);
    answer(called.answered.clone())?;
    Ok(report.delivering(&to.dir, vec![Undelivered::of_call(&called)]))
}

fn report(node: &str, called: &Called) -> Report {
    let session = &called.session;
    let answer = answer(called.answered.clone()).ok();
    Report::new()
        .with("step", "C2")
        .with("node", node)
        .with("call", called.number.map(hex::encode))
        .with("mode", mode_name(session.mode))
        .with("epoch", session.epoch)
        .with("index", session.index)
        .with("answer", answer.map(|answer| data(&answer)))
        .with("early_fingerprint", hex::encode(called.early.fingerprint()))
        .with("session_fingerprint", hex::encode(session.secret.fingerprint()))
}

/// The node's answer, or why there is none.
pub(crate) fn answer(answered: Answered) -> Result<Vec<u8>, Fault> {
    match answered {
        Answered::Done(answer) => Ok(answer),
        Answered::Unknown => Err(Fault::Input { name: "Unknown", sentence: UNKNOWN.into() }),
        Answered::Refused(why) => {
            Err(Fault::Input { name: "Refused", sentence: format!("The call was not carried out: {why}.") })
        }
    }
}
