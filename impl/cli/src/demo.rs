//! `dke demo`: gateway, sleepy node and two clients as tasks of one process, over CoAP on loopback, with the durable store.

mod page;
mod parties;
mod requests;
mod scene;

use crate::args::{Demo, Issue, Keygen, RoleArg, Trust};
use crate::fault::Fault;
use crate::files::{self, Out};
use crate::identity::{keygen, private_dir};
use crate::network::runtime;
use crate::report::Report;
use crate::{credential, node};
use dke_coap::Parameters;
use dke_gateway::{Embedded, Gateway, Options, Policy, coap, http};
use dke_state::CREDENTIAL_FILE;
use parties::{Accepted, CALLERS, LAMP, call, sleeper};
use rand_core::OsRng;
use requests::ASKING;
use scene::{ANNA, BEN, NODE, Recorder, Teller};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Runs it. `Failed` if the two ends of an exchange do not have equal keys, or the gateway holds a secret.
pub(crate) fn run(args: &Demo, json: bool) -> Result<Report, Fault> {
    match &args.keep {
        Some(dir) if dir.exists() => Err(Fault::usage(format!("{} exists already.", dir.display()))),
        Some(dir) => {
            private_dir(dir)?;
            play(args, dir, json)
        }
        None => {
            let dir = tempfile::tempdir().map_err(|error| Fault::file(&std::env::temp_dir(), &error))?;
            play(args, dir.path(), json)
        }
    }
}

/// What the parties' tasks leave behind.
struct Ends {
    recorder: Recorder,
    finished: Vec<Report>,
    answered: Vec<Report>,
    accepted: Vec<Accepted>,
}

fn play(args: &Demo, root: &Path, json: bool) -> Result<Report, Fault> {
    let output = args.html.as_deref().map(Out::reserve).transpose()?;
    private_dir(&root.join("messages"))?;
    let ends = runtime()?.block_on(scene(root, !json))?;
    let blind = gateway_is_blind(root, &ends)?;
    let exchanges: Vec<Value> = ends.finished.iter().map(|finished| compare(finished, &ends.accepted)).collect();
    let equal = exchanges.len() == CALLERS.len() && exchanges.iter().all(|exchange| exchange["equal"] == true);
    let served = ends.answered.iter().zip(&ASKING).all(|(told, asking)| told.get("payload")["text"] == asking.answer);
    let mut text = who_knows_what(&exchanges);
    text.push_str(&what_was_asked(&ends.answered));
    if args.keep.is_some() {
        text.push_str(&format!("\nAll files are in {}; look at one with `dke inspect`.\n", root.display()));
    }
    if let (Some(output), Some(path)) = (output, &args.html) {
        output.write(page::page(&ends.recorder.events, &exchanges, &ends.answered).as_bytes())?;
        text.push_str(&format!("\nThe page is {}.\n", path.display()));
    }
    let wrong = match (equal, blind, served) {
        (false, _, _) => Some("The two ends have different keys."),
        (_, false, _) => Some("The gateway's store holds a secret."),
        (_, _, false) => Some("A request has another response than the node's."),
        (true, true, true) => None,
    };
    if let Some(what) = wrong {
        crate::output::show(&text);
        return Err(Fault::Failed(what.into()));
    }
    Ok(Report::new()
        .with("equal", equal)
        .with("gateway_holds_a_secret", !blind)
        .with("exchanges", exchanges)
        .with("requests", ends.answered.iter().map(Report::value).collect::<Vec<_>>())
        .with("steps", ends.recorder.steps)
        .with("directory", args.keep.is_some().then(|| root.display().to_string()))
        .shown_as(text))
}

/// Identities, and whom the node trusts: anna by her kid, ben by the authority's CWT.
fn prepare(root: &Path, teller: &Teller) -> Result<(), Fault> {
    let parties = [
        ("lamp", LAMP, RoleArg::Node),
        ("anna", "anna", RoleArg::Client),
        ("ben", "ben", RoleArg::Client),
        ("authority", "authority", RoleArg::Authority),
    ];
    for (dir, subject, role) in parties {
        keygen(&Keygen { dir: root.join(dir), subject: subject.into(), role: Some(role), kid: None })?;
    }
    node::trust(&Trust {
        dir: root.join("lamp"),
        client: vec![credential_of(root, "anna")],
        authority: vec![credential_of(root, "authority")],
    })?;
    let issue = Issue {
        dir: root.join("authority"),
        client: credential_of(root, "ben"),
        audience: LAMP.into(),
        epoch_max: 1,
        out: root.join("ben.cwt"),
    };
    let bytes = credential::issue(&issue)?.number("bytes");
    teller.note(NODE, "", "pins anna's credential, and the authority");
    teller.note(BEN, "A1", format!("CWT for {LAMP}, {bytes} bytes"));
    teller.rest();
    Ok(())
}

fn credential_of(root: &Path, party: &str) -> PathBuf {
    root.join(party).join(CREDENTIAL_FILE)
}

/// All parties at once; what they tell is drawn as it comes.
async fn scene(root: &Path, draw: bool) -> Result<Ends, Fault> {
    let (teller, mut told) = Teller::new();
    prepare(root, &teller)?;
    let (url, http) = serve(root).await?;
    let accepted: Arc<Mutex<Vec<Accepted>>> = Arc::default();
    let (awake, published) = watch::channel(false);
    let (done, stop) = watch::channel(false);
    let mut recorder = Recorder::new(root, draw);
    let parties = async {
        let node = sleeper(root, &url, teller.clone(), accepted.clone(), awake, stop);
        let clients = async {
            let clients = tokio::join!(
                call(root, &url, &CALLERS[0], ANNA, teller.clone(), published.clone()),
                call(root, &url, &CALLERS[1], BEN, teller.clone(), published.clone()),
            );
            let finished = vec![clients.0?, clients.1?];
            let answered = requests::ask(root, &url, &http, &teller).await;
            let _ = done.send(true);
            Ok::<_, Fault>((finished, answered?))
        };
        tokio::try_join!(node, clients).map(|((), finished)| finished)
    };
    tokio::pin!(parties);
    let (finished, answered) = loop {
        tokio::select! {
            biased;
            Some(event) = told.recv() => recorder.record(event)?,
            finished = &mut parties => break finished?,
        }
    };
    while let Ok(event) = told.try_recv() {
        recorder.record(event)?;
    }
    let accepted = std::mem::take(&mut *accepted.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Ends { recorder, finished, answered, accepted })
}

/// The gateway, on ports of the system's choice. Returns its addresses for CoAP and HTTP.
async fn serve(root: &Path) -> Result<(String, String), Fault> {
    let store = Embedded::open(&root.join(STORE), Options::default())?;
    let policy = Policy { retry_after: 1, ..Policy::default() };
    let gateway = Arc::new(Gateway::new(store, policy, Arc::new(|| files::now(None)), &mut OsRng));
    let registered = gateway.register(&files::read(&credential_of(root, "lamp"))?).await;
    registered.map_err(|refusal| Fault::Broken(refusal.to_string()))?;
    let any = ([127, 0, 0, 1], 0).into();
    let failed = |error: std::io::Error| Fault::Broken(format!("Loopback cannot be listened on: {error}."));
    let (over_coap, serve_coap) = coap(gateway.clone(), any, Parameters::default()).await.map_err(failed)?;
    let (over_http, serve_http) = http(gateway, any).await.map_err(failed)?;
    tokio::spawn(serve_coap);
    tokio::spawn(serve_http);
    Ok((format!("coap://{over_coap}"), format!("http://{over_http}")))
}

const STORE: &str = "gateway.store";

/// Nothing that the gateway has stored holds the data, the clients' kids or the sessions' secrets.
fn gateway_is_blind(root: &Path, ends: &Ends) -> Result<bool, Fault> {
    let path = root.join(STORE);
    let kept = fs::read(&path).map_err(|error| Fault::file(&path, &error))?;
    let data = CALLERS.iter().flat_map(|caller| [caller.early_data.as_bytes(), caller.answer.as_bytes()]);
    let secrets = ends.accepted.iter().flat_map(|one| [one.early_secret.as_slice(), &one.session_secret, &one.kid]);
    let asked =
        ASKING.iter().flat_map(|asking| [asking.path.as_bytes(), asking.payload.as_bytes(), asking.answer.as_bytes()]);
    let sought: Vec<&[u8]> = data.chain(secrets).collect();
    // The store is the right one: the node's own name is found in it.
    let holds = |bytes: &[u8]| kept.windows(bytes.len().max(1)).any(|part| part == bytes);
    Ok(sought.len() == 5 * CALLERS.len()
        && holds(LAMP.as_bytes())
        && !sought.into_iter().chain(asked.filter(|text| !text.is_empty())).any(holds))
}

fn compare(finished: &Report, accepted: &[Accepted]) -> Value {
    let fingerprint = |name| finished.str(name).to_string();
    let (early, session) = (fingerprint("early_fingerprint"), fingerprint("session_fingerprint"));
    let node = accepted.iter().find(|one| hex::encode(one.early) == early);
    let (node_early, node_session) =
        node.map(|one| (hex::encode(one.early), hex::encode(one.session))).unwrap_or_default();
    let same_mode = node.is_some_and(|one| one.mode == finished.str("mode"));
    json!({
        "client": node.map(|one| one.peer.clone()),
        "mode": finished.str("mode"),
        "early_key": { "client": early, "node": node_early },
        "session_key": { "client": session, "node": node_session },
        "equal": same_mode && early == node_early && session == node_session && !session.is_empty(),
    })
}

/// The requests, each through its translation.
fn what_was_asked(answered: &[Report]) -> String {
    let mut out = format!("\n{:26}{:18}  {:20}  {}\n", "what was asked", "from the client", "protected by", "response");
    for told in answered {
        let what = format!("{}: {}", told.str("client"), told.str("request"));
        let response = format!("{} {}", told.str("code"), told.get("payload")["text"].as_str().unwrap_or_default());
        let keys = format!("{}, {} keys", told.str("by"), told.str("keys"));
        out.push_str(&format!("{what:26}{:18}  {keys:20}  {response}\n", format!("{} to CoAP", told.str("over"))));
    }
    out
}

/// Who knows what at the end.
fn who_knows_what(exchanges: &[Value]) -> String {
    let mut out = format!("\n{:26}{:18}  {:18}  {}\n", "who knows what", "client", LAMP, "gateway");
    for exchange in exchanges {
        let name = exchange["client"].as_str().unwrap_or_default();
        for (key, label) in [("early_key", "early key"), ("session_key", "session key")] {
            let end = |party: &str| exchange[key][party].as_str().unwrap_or_default().to_string();
            let sign = if end("client") == end("node") { '=' } else { '≠' };
            let what = format!("{name}: {label}");
            out.push_str(&format!("{what:26}{:16} {sign} {:18}  -\n", end("client"), end("node")));
        }
        out.push_str(&format!("{:26}{:18}  {:18}  -\n", format!("{name}: identity, data"), "yes", "yes"));
        out.push_str(&format!("{:26}{:18}  {:18}  yes\n", format!("{name}: index, sizes, times"), "yes", "yes"));
    }
    out
}
