//! The demonstration's end: one protected request through each translation, while the node sleeps.

use super::credential_of;
use super::scene::{ANNA, BEN, GATEWAY, NODE, Teller};
use crate::exchange::id;
use crate::fault::Fault;
use crate::files;
use crate::protect_args::{Request, RequestFormat, Verb};
use crate::report::Report;
use crate::request;
use dke::Credential;
use dke_agent::{Gateway, Tap, Traffic};
use dke_coap::Parameters;
use dke_coap::names::NODES;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// For how long a client waits.
const PATIENCE: u64 = 60;
/// From one request to the next.
const BETWEEN: Duration = Duration::from_millis(250);

/// A request, and how it travels.
pub(super) struct Asking {
    pub(super) client: &'static str,
    lifeline: usize,
    pub(super) over_http: bool,
    format: RequestFormat,
    pub(super) by: &'static str,
    method: Verb,
    pub(super) path: &'static str,
    pub(super) payload: &'static str,
    /// What the node answers.
    pub(super) answer: &'static str,
}

pub(super) const ASKING: [Asking; 3] = [
    Asking {
        client: "anna",
        lifeline: ANNA,
        over_http: true,
        format: RequestFormat::Jwe,
        by: "JWE",
        method: Verb::Get,
        path: "temperature",
        payload: "",
        answer: "21.5 degrees, anna",
    },
    Asking {
        client: "ben",
        lifeline: BEN,
        over_http: true,
        format: RequestFormat::Oscore,
        by: "OSCORE",
        method: Verb::Put,
        path: "valve",
        payload: "close it at dusk",
        answer: "closes at dusk, ben",
    },
    Asking {
        client: "anna",
        lifeline: ANNA,
        over_http: false,
        format: RequestFormat::Oscore,
        by: "OSCORE",
        method: Verb::Get,
        path: "battery",
        payload: "",
        answer: "87 percent, anna",
    },
];

/// All of them, when the node has fallen asleep, one shortly after the other, over the gateway's two addresses. What each client got.
pub(super) async fn ask(root: &Path, coap: &str, http: &str, teller: &Teller) -> Result<Vec<Report>, Fault> {
    let mut asked = Vec::new();
    for asking in &ASKING {
        sleep(BETWEEN).await;
        let url = if asking.over_http { http } else { coap }.to_string();
        // A task for each: what one writes to its files does not hold up another's connection, so they come to the gateway in this order.
        let (root, teller) = (root.to_path_buf(), teller.clone());
        asked.push(tokio::spawn(async move { ask_one(&root, &url, asking, teller).await }));
    }
    let mut answered = Vec::new();
    for one in asked {
        answered.push(one.await.map_err(|error| Fault::Broken(format!("A client has ended: {error}.")))??);
    }
    Ok(answered)
}

async fn ask_one(root: &Path, url: &str, asking: &'static Asking, teller: Teller) -> Result<Report, Fault> {
    let gateway = Gateway::connect(url, Parameters::default()).await?.tapped(tap(teller.clone(), asking));
    let node = files::read(&credential_of(root, "lamp"))?;
    let args = Request {
        dir: root.join(asking.client),
        url: format!("{url}/{NODES}/{}/{}", id(Credential::parse(&node)?.hash()), asking.path),
        format: Some(asking.format),
        method: asking.method,
        data: Some(asking.payload.into()),
        data_file: None,
        content_format: None,
        wait: PATIENCE,
        again: false,
        give_up: false,
        session: None,
        early: false,
    };
    let answered = request::ask(&args, &gateway).await?;
    let said = answered.get("payload")["text"].as_str().unwrap_or_default();
    teller.note(asking.lifeline, "", format!("{}: \"{said}\"", answered.str("code")));
    Ok(answered.with("client", asking.client).with("over", scheme(asking)).with("by", asking.by))
}

const fn scheme(asking: &Asking) -> &'static str {
    if asking.over_http { "HTTP" } else { "CoAP" }
}

/// What a request and its response hold, for its two ends.
fn tap(teller: Teller, asking: &'static Asking) -> Tap {
    let how = format!("{}, {}", scheme(asking), asking.by);
    Arc::new(move |traffic: &Traffic<'_>| match *traffic {
        Traffic::Sent { resource: NODES, body } => {
            let payload = if asking.payload.is_empty() { String::new() } else { format!(": \"{}\"", asking.payload) };
            let inside = format!("{} asks for /{}{payload}.", asking.client, asking.path);
            teller.message("", (asking.lifeline, GATEWAY), "Request", body, Some(inside));
            teller.note(GATEWAY, "", format!("queues it ({how})"));
        }
        Traffic::Answered { resource: NODES, body } => {
            let inside = format!("The node answers: \"{}\".", asking.answer);
            teller.message("", (GATEWAY, asking.lifeline), "Response", body, Some(inside));
        }
        _ => {}
    })
}

/// What the node is given: `[number, message]` after one another.
pub(super) fn given(teller: &Teller, sequence: &[u8]) {
    let mut decoder = minicbor::Decoder::new(sequence);
    while let Ok(Some(2)) = decoder.array() {
        let (Ok(_), Ok(message)) = (decoder.u64(), decoder.bytes()) else { return };
        teller.message("", (GATEWAY, NODE), "Request", message, None);
    }
}
