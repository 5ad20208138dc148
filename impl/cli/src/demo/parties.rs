//! The demonstration's node and clients: the very code of `dke node run` and `dke client call`, watched.

use super::credential_of;
use super::requests::{ASKING, given};
use super::scene::{GATEWAY, NODE, Teller};
use crate::args::Data;
use crate::client_call::call_over;
use crate::fault::Fault;
use crate::network_args::{Call as CallArgs, NodeRun, To};
use crate::node_run::{method_name, success, wake};
use crate::report::Report;
use coap_lite::{CoapOption, Packet};
use dke::Session;
use dke::key_schedule::EarlySecret;
use dke::message::Initiate;
use dke::node::Peer;
use dke_agent::serving::texts;
use dke_agent::{Call, Gateway, Handler, Opened, Progress, Tap, Traffic};
use dke_app::message;
use dke_coap::Parameters;
use dke_coap::names::{CONFIRM, INITIATE, MAILBOX, OFFER, PUBLICATION, REQUESTS};
use dke_state::mode_name;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// The node's name.
pub(super) const LAMP: &str = "lamp-7";
/// From one wake-up to the next.
const EVERY: Duration = Duration::from_millis(1500);
/// For how long a client waits.
const PATIENCE: u64 = 120;

/// One of the two clients.
pub(super) struct Caller {
    pub(super) name: &'static str,
    refresh: bool,
    /// After the node has fallen asleep.
    begins: Duration,
    pub(super) early_data: &'static str,
    pub(super) answer: &'static str,
}

/// Who calls, and what is said.
pub(super) const CALLERS: [Caller; 2] = [
    Caller {
        name: "anna",
        refresh: false,
        begins: Duration::from_millis(150),
        early_data: "anna: light on at 18:00",
        answer: "on at 18:00, anna",
    },
    Caller {
        name: "ben",
        refresh: true,
        begins: Duration::from_millis(400),
        early_data: "ben: open the valve",
        answer: "valve is open, ben",
    },
];

/// The node's end of an exchange.
pub(super) struct Accepted {
    pub(super) peer: String,
    pub(super) kid: Vec<u8>,
    pub(super) mode: &'static str,
    pub(super) early: [u8; 8],
    pub(super) session: [u8; 8],
    pub(super) early_secret: [u8; 32],
    pub(super) session_secret: [u8; 32],
}

/// The node: wakes up every now and then until it is told to stop. `awake` turns true after the first wake-up.
pub(super) async fn sleeper(
    root: &Path,
    url: &str,
    teller: Teller,
    accepted: Arc<Mutex<Vec<Accepted>>>,
    awake: watch::Sender<bool>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Fault> {
    let args = NodeRun {
        dir: root.join("lamp"),
        gateway: url.into(),
        every: EVERY.as_secs(),
        once: false,
        handler: None,
        serve: None,
        handler_timeout: PATIENCE,
        low: 1,
        drain: false,
        no_clock: None,
        depth: 3,
        suite: 2,
        admission: None,
        insist_on_refresh: false,
    };
    let gateway = Gateway::connect(url, Parameters::default()).await?.tapped(node_tap(teller.clone()));
    let mut handler = Answers { teller: teller.clone(), accepted };
    loop {
        teller.note(NODE, "", "wakes up");
        wake(&args, &gateway, &mut handler).await.map_err(|interrupted| Fault::from(interrupted.trouble))?;
        teller.note(NODE, "", "sleeps");
        teller.rest();
        // The clients are gone: then there is nobody to tell.
        let _ = awake.send(true);
        tokio::select! {
            () = sleep(EVERY) => {}
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        }
    }
}

fn node_tap(teller: Teller) -> Tap {
    Arc::new(move |traffic: &Traffic<'_>| match *traffic {
        Traffic::Sent { resource: PUBLICATION, body } => {
            teller.note(NODE, "N1", "draws 8 prekeys, signs once");
            teller.message("N1", (NODE, GATEWAY), "Publication", body, None);
        }
        Traffic::Answered { resource: PUBLICATION, .. } => {
            teller.note(GATEWAY, "G1", "signature and tree are right");
        }
        Traffic::Answered { resource: MAILBOX, body } => {
            let mut rest = body;
            while let Some((initiate, behind)) = first_item(rest) {
                teller.message("N2", (GATEWAY, NODE), "Initiate", initiate, None);
                rest = behind;
            }
        }
        Traffic::Sent { resource: CONFIRM, body } => {
            teller.message("N3", (NODE, GATEWAY), "Confirm", body, None);
        }
        Traffic::Answered { resource: CONFIRM, .. } => {
            teller.note(NODE, "N4", "the gateway keeps it (G4): drops its copy");
        }
        Traffic::Answered { resource: REQUESTS, body } => given(&teller, body),
        Traffic::Sent { resource: REQUESTS, body } if !body.is_empty() => {
            teller.message("", (NODE, GATEWAY), "Response", body, None);
        }
        _ => {}
    })
}

/// The first Initiate of a sequence, and what stands behind it.
fn first_item(sequence: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut decoder = minicbor::Decoder::new(sequence);
    decoder.skip().ok()?;
    sequence.split_at_checked(decoder.position())
}

/// The node's handler.
struct Answers {
    teller: Teller,
    accepted: Arc<Mutex<Vec<Accepted>>>,
}

impl Handler for Answers {
    async fn answer(&mut self, call: &Call<'_>) -> Option<Vec<u8>> {
        let how = if call.peer.vouched() { "by CWT" } else { "by kid" };
        let said = String::from_utf8_lossy(call.data);
        let who = call.peer.subject();
        self.teller.note(NODE, "N2", format!("is {who} {how}; erases the prekey; reads \"{said}\""));
        let caller = CALLERS.iter().find(|caller| caller.name == who)?;
        Some(caller.answer.as_bytes().to_vec())
    }

    fn established(&mut self, peer: &Peer, early: &EarlySecret, session: &Session) {
        let fingerprint = session.secret.fingerprint();
        let mode = mode_name(session.mode);
        self.teller.note(NODE, "N3", format!("session key {}, {mode}", hex::encode(fingerprint)));
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).push(Accepted {
            peer: peer.subject().to_string(),
            kid: peer.kid().to_vec(),
            mode,
            early: early.fingerprint(),
            session: fingerprint,
            early_secret: *early.expose(),
            session_secret: *session.secret.expose(),
        });
    }

    async fn serve(&mut self, request: &Opened<'_>) -> Option<Packet> {
        let path = texts(request.message, CoapOption::UriPath).join("/");
        let method = message::code(request.message);
        self.teller.note(NODE, "", format!("{} asks: {} /{path}", request.peer.subject, method_name(method)));
        let asking = ASKING
            .iter()
            .find(|asking| (asking.client, asking.path) == (request.peer.subject.as_str(), path.as_str()))?;
        let mut response = message::with_code(success(method));
        response.payload = asking.answer.as_bytes().to_vec();
        Some(response)
    }
}

/// A client: calls once, after the node has fallen asleep for the first time.
pub(super) async fn call(
    root: &Path,
    url: &str,
    caller: &'static Caller,
    lifeline: usize,
    teller: Teller,
    mut published: watch::Receiver<bool>,
) -> Result<Report, Fault> {
    let _ = published.wait_for(|published| *published).await;
    sleep(caller.begins).await;
    let gateway = Gateway::connect(url, Parameters::default()).await?;
    let gateway = gateway.tapped(client_tap(teller.clone(), caller, lifeline));
    let args = CallArgs {
        to: To {
            dir: root.join(caller.name),
            node: credential_of(root, "lamp"),
            gateway: url.into(),
            wait: PATIENCE,
            admission: None,
        },
        cwt: caller.refresh.then(|| root.join("ben.cwt")),
        refresh: caller.refresh,
        data: Data { data: Some(caller.early_data.into()), data_file: None },
    };
    let progress = |progress: Progress| {
        if let Progress::Initiated { fingerprint, .. } = progress {
            let how = if caller.refresh { "refresh, CWT" } else { "basic, kid" };
            teller.note(lifeline, "C1", format!("{how}; early key {}", hex::encode(fingerprint)));
        }
    };
    let finished = call_over(&args, gateway, progress).await?;
    teller.note(lifeline, "C2", format!("session key {}", finished.str("session_fingerprint")));
    let said = finished.get("answer")["text"].as_str().unwrap_or_default();
    teller.note(lifeline, "", format!("reads \"{said}\""));
    Ok(finished)
}

fn client_tap(teller: Teller, caller: &'static Caller, lifeline: usize) -> Tap {
    Arc::new(move |traffic: &Traffic<'_>| match *traffic {
        Traffic::Answered { resource: OFFER, body } => {
            teller.message("G2", (GATEWAY, lifeline), "Offer", body, None);
        }
        Traffic::Sent { resource: INITIATE, body } => {
            let inside =
                format!("CT_1 says who calls: {}. CT_2: a number, and \"{}\".", caller.name, caller.early_data);
            teller.message("C1", (lifeline, GATEWAY), "Initiate", body, Some(inside));
            if let Ok(message) = Initiate::parse(body) {
                let place = format!("epoch {} index {}", message.epoch, message.index);
                teller.note(GATEWAY, "G3", format!("queues {place}; cannot read it"));
            }
        }
        Traffic::Answered { resource: CONFIRM, body } if !body.is_empty() => {
            let inside = format!("CT_3: done, and \"{}\".", caller.answer);
            teller.message("G4", (GATEWAY, lifeline), "Confirm", body, Some(inside));
        }
        _ => {}
    })
}
