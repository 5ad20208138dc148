//! `dke node run`: a sleeper that wakes up on a schedule.

use crate::admission::with_own_key;
use crate::exchange::{stage_name, trust_name};
use crate::fault::Fault;
use crate::files::now;
use crate::hardening::clear_stack;
use crate::interrupt::Interrupts;
use crate::network::runtime;
use crate::network_args::NodeRun;
use crate::node::parse;
use crate::output::{self, tell};
use crate::report::Report;
use crate::shell::Shell;
use coap_lite::{CoapOption, Packet};
use dke::node::Node;
use dke::params::OUTCOME_DATA_MAX;
use dke::stock::{Limits, Rate, Word};
use dke::store::Pins;
use dke::{Depth, Suite};
use dke_agent::serving::{RESPONSE_MAX, texts};
use dke_agent::{Budget, Call, Failure, Gateway, Handler, Interrupted, NodeAgent, Opened, Settings, Trouble, Wake};
use dke_app::message;
use dke_coap::Parameters;
use dke_state::{Identity, Locked, NodeDir, mode_name};
use rand_core::OsRng;
use serde_json::{Value, json};
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Wakes up until it is interrupted.
pub(crate) fn run(args: &NodeRun, json: bool) -> Result<Report, Fault> {
    runtime()?.block_on(async {
        let mut interrupts = Interrupts::new()?;
        loop {
            let next = Instant::now() + Duration::from_secs(args.every);
            let (woken, interrupted) = undisturbed(one(args), &mut interrupts).await;
            clear_stack();
            let Some(woken) = woken else { return Ok(ended()) };
            match woken {
                Ok(wake) if args.once => return Ok(told(&wake)),
                Err(Interrupted { done, trouble }) if args.once => return Err(unfinished(&done, trouble)),
                Ok(wake) => show(&wake, json),
                Err(Interrupted { done, trouble }) => {
                    let fault = lasting(trouble)?;
                    show(&done, json);
                    tell(&fault.to_string());
                }
            }
            if interrupted {
                return Ok(ended());
            }
            tokio::select! {
                () = sleep_until(next) => {}
                () = interrupts.next() => return Ok(ended()),
            }
        }
    })
}

fn ended() -> Report {
    Report::new().with("ended", "interrupted")
}

/// Lets a wake-up end that an interrupt meets, so that no call is left in the middle; a second interrupt ends it at once. Says whether
/// there was one.
async fn undisturbed<T>(waking: impl Future<Output = T>, interrupts: &mut Interrupts) -> (Option<T>, bool) {
    let mut waking = pin!(waking);
    tokio::select! {
        woken = &mut waking => return (Some(woken), false),
        () = interrupts.next() => tell("The wake-up that has begun is finished first; interrupt once more to end it now."),
    }
    tokio::select! {
        woken = waking => (Some(woken), true),
        () = interrupts.next() => (None, true),
    }
}

/// One wake-up, with sockets of its own: names are looked up anew, because a gateway moves, and the node's addresses change.
async fn one(args: &NodeRun) -> Result<Wake, Interrupted<Fault>> {
    let away = |trouble| Interrupted { done: Wake::default(), trouble };
    let gateway = Gateway::connect(&args.gateway, Parameters::default()).await;
    let gateway = gateway.map_err(|failure| away(Trouble::Gateway(failure)))?;
    let gateway = with_own_key(gateway, args.admission.as_ref()).map_err(|fault| away(stored(fault)))?;
    let mut handler = Commands {
        handler: args.handler.clone(),
        serve: args.serve.clone(),
        patience: Duration::from_secs(args.handler_timeout),
    };
    wake(args, &gateway, &mut handler).await
}

/// What ends `node run` is an error. Whatever a gateway says or fails to do is not, and the node goes on at its next wake-up; nor is what
/// may pass at the node itself.
fn lasting(trouble: Trouble<Fault>) -> Result<Fault, Fault> {
    let lasts = match &trouble {
        Trouble::Gateway(failure) => matches!(failure, Failure::Address(_)),
        Trouble::BatchRefused { .. } | Trouble::Outdated { .. } => false,
        Trouble::Step(dke::Error::Storage(fault)) => !fault.may_pass(),
        Trouble::Step(dke::Error::Caller(misuse)) => *misuse != dke::Misuse::BrokenRandomness,
        Trouble::Step(dke::Error::Peer(_)) => false,
    };
    let fault = Fault::from(trouble);
    if lasts { Err(fault) } else { Ok(fault) }
}

const fn stored(fault: Fault) -> Trouble<Fault> {
    Trouble::Step(dke::Error::Storage(fault))
}

/// One wake-up. The directory is free for other commands while the node sleeps.
pub(crate) async fn wake(
    args: &NodeRun,
    gateway: &Gateway,
    handler: &mut impl Handler,
) -> Result<Wake, Interrupted<Fault>> {
    let step = |fault: Fault| Interrupted { done: Wake::default(), trouble: stored(fault) };
    let state = |error: dke_state::Error| step(error.into());
    let locked = Locked::wait(&args.dir).map_err(state)?;
    let identity = Identity::load(&locked).map_err(state)?;
    let mut file = NodeDir::open(locked).map_err(state)?;
    let (clients, authorities) = (file.state.clients.clone(), file.state.authorities.clone());
    let (clients, authorities) = (parse(&clients).map_err(step)?, parse(&authorities).map_err(step)?);
    let agent = NodeAgent {
        gateway: gateway.clone(),
        node: Node::new(identity.credential().map_err(state)?, &identity.key, args.insist_on_refresh),
        trust: Pins::new(&clients, &authorities).map_err(|misuse| step(misuse.into()))?,
        settings: settings(args).map_err(step)?,
    };
    let clock = args.no_clock.is_none().then(|| now(None));
    let woken = agent.wake(&mut file, handler, clock, &mut OsRng).await;
    woken.map_err(|Interrupted { done, trouble }| Interrupted { done, trouble: trouble.map(Fault::from) })
}

fn settings(args: &NodeRun) -> Result<Settings, Fault> {
    Ok(Settings {
        suite: Suite::from_id(args.suite).unwrap_or(Suite::AesCcm8),
        depth: Depth::new(args.depth).ok_or_else(|| Fault::usage("The depth is 0 to 8."))?,
        limits: Limits { low: args.low, ..Limits::default() },
        rate: Rate::default(),
        budget: Budget::default(),
        end: args.no_clock.unwrap_or_default(),
        mends: !args.drain,
    })
}

fn told(wake: &Wake) -> Report {
    let gateway = match wake.gateway {
        Some(Word::Has(stock)) => json!({ "epoch": stock.epoch, "left": stock.left, "ends_in": stock.ends_in }),
        Some(Word::Unknown) | None => Value::Null,
    };
    Report::new()
        .with("gateway", gateway)
        .with("mended", wake.mended.iter().map(ToString::to_string).collect::<Vec<_>>())
        .with("published", wake.published)
        .with("answered", wake.answered)
        .with("repeated", wake.repeated)
        .with("rejected", wake.rejected)
        .with("served", wake.served)
        .with("refused", wake.refused)
        .with("left", wake.left)
        .with("budget", wake.spent.map(|spent| spent.to_string()))
}

fn show(wake: &Wake, json: bool) {
    output::show(&if json { told(wake).json() } else { format!("{wake}\n") });
}

/// What went wrong, and what was done all the same.
fn unfinished(done: &Wake, trouble: Trouble<Fault>) -> Fault {
    let summary = done.to_string().replace("\n  ", "; ");
    match Fault::from(trouble) {
        Fault::Input { name, sentence } => {
            Fault::Input { name, sentence: format!("{sentence} At this wake-up: {summary}.") }
        }
        fault => fault,
    }
}

/// Handlers that are commands of the shell.
struct Commands {
    handler: Option<String>,
    serve: Option<String>,
    patience: Duration,
}

impl Handler for Commands {
    async fn answer(&mut self, call: &Call<'_>) -> Option<Vec<u8>> {
        // Without a handler there is nothing to be carried out.
        let Some(command) = &self.handler else { return Some(Vec::new()) };
        let shell = Shell { command, patience: self.patience, most: OUTCOME_DATA_MAX };
        let environment = [
            ("DKE_CALL", hex::encode(call.number)),
            ("DKE_PEER", call.peer.subject().to_string()),
            ("DKE_KID", hex::encode(call.peer.kid())),
            ("DKE_PEER_HASH", hex::encode(call.peer.hash())),
            ("DKE_PEER_TRUST", trust_name(call.peer.vouched()).to_string()),
            ("DKE_MODE", mode_name(call.mode).to_string()),
        ];
        match shell.run(&environment, call.data).await {
            Ok((status, answer)) if status.success() => return Some(answer),
            Ok((status, _)) => tell(&format!("The handler gave no answer: {status}.")),
            Err(why) => tell(&format!("The handler gave no answer: {why}.")),
        }
        None
    }

    async fn serve(&mut self, request: &Opened<'_>) -> Option<Packet> {
        let shell = Shell { command: self.serve.as_ref()?, patience: self.patience, most: RESPONSE_MAX };
        let method = message::code(request.message);
        Some(match shell.run(&environment(request), &request.message.payload).await {
            Ok((status, payload)) if status.success() => {
                let mut response = message::with_code(success(method));
                response.payload = payload;
                response
            }
            Ok((status, _)) => failed(&status.to_string()),
            Err(why) => failed(&why),
        })
    }
}

/// What a request says of itself.
fn environment(request: &Opened<'_>) -> [(&'static str, String); 8] {
    let Opened { peer, stage, message } = request;
    // RFC 7252 section 6.5: a slash inside a segment must not look like one between two.
    let escaped = |segment: String| segment.replace('%', "%25").replace('/', "%2F");
    let path: Vec<String> = texts(message, CoapOption::UriPath).into_iter().map(escaped).collect();
    let format = message.get_first_option(CoapOption::ContentFormat);
    let format = format.map(|bytes| bytes.iter().take(2).fold(0_u32, |number, byte| (number << 8) | u32::from(*byte)));
    let values = [
        ("DKE_METHOD", method_name(message::code(message)).to_string()),
        ("DKE_PATH", format!("/{}", path.join("/"))),
        ("DKE_QUERY", texts(message, CoapOption::UriQuery).join("&")),
        ("DKE_FORMAT", format.map(|format| format.to_string()).unwrap_or_default()),
        ("DKE_SUBJECT", peer.subject.clone()),
        ("DKE_PEER_HASH", hex::encode(peer.hash)),
        ("DKE_PEER_TRUST", trust_name(peer.vouched).to_string()),
        ("DKE_KEYS", stage_name(*stage).to_string()),
    ];
    // No variable of the environment holds a zero byte.
    values.map(|(name, value)| (name, value.replace('\0', "\u{fffd}")))
}

fn failed(why: &str) -> Packet {
    const INTERNAL: u8 = 0xa0;
    tell(&format!("The request was not served: {why}."));
    message::with_code(INTERNAL)
}

/// A request's code for people and commands.
pub(crate) const fn method_name(code: u8) -> &'static str {
    match code {
        1 => "GET",
        2 => "POST",
        3 => "PUT",
        4 => "DELETE",
        5 => "FETCH",
        6 => "PATCH",
        7 => "iPATCH",
        _ => "",
    }
}

/// The response's code when all went well (RFC 7252 section 5.8, RFC 8132): 2.05, 2.02 or 2.04.
pub(crate) const fn success(method: u8) -> u8 {
    match method {
        1 | 5 => 0x45,
        4 => 0x42,
        _ => 0x44,
    }
}

impl From<Trouble<Fault>> for Fault {
    fn from(trouble: Trouble<Fault>) -> Fault {
        match trouble {
            Trouble::Gateway(failure) => failure.into(),
            Trouble::Step(error) => error.into(),
            Trouble::BatchRefused { .. } => Fault::Input { name: "Gateway", sentence: trouble.to_string() },
            Trouble::Outdated { .. } => Fault::Input { name: "State", sentence: trouble.to_string() },
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Fault {
        match failure {
            Failure::Address(_) => Fault::usage(failure.to_string()),
            Failure::Malformed(reject) => reject.into(),
            _ => Fault::Input { name: "Gateway", sentence: failure.to_string() },
        }
    }
}
