//! `dke demo`: the whole protocol in one run, on real keys and real message files.

use crate::args::{
    Accept, Carried, Collect, Data, Demo, Drain, HexArg, Initiate, Issue, Keygen, Offer, Place, Publish, Select, Trust,
};
use crate::diagram::Diagram;
use crate::fault::Fault;
use crate::gateway_store::FILE as GATEWAY_FILE;
use crate::identity::{CREDENTIAL_FILE, keygen, private_dir};
use crate::report::Report;
use crate::{client, credential, gateway, node};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const NODE: usize = 0;
const GATEWAY: usize = 1;
const LAMP: &str = "lamp-7";
const NAMES: [&str; 4] = ["lamp-7 (node)", "gateway", "anna (client)", "ben (client)"];

/// One of the two clients.
struct Caller {
    name: &'static str,
    lifeline: usize,
    refresh: bool,
    early_data: &'static str,
    answer: &'static str,
}

const CALLERS: [Caller; 2] = [
    Caller {
        name: "anna",
        lifeline: 2,
        refresh: false,
        early_data: "anna: light on at 18:00",
        answer: "on at 18:00, anna",
    },
    Caller { name: "ben", lifeline: 3, refresh: true, early_data: "ben: open the valve", answer: "valve is open, ben" },
];

/// Both ends of one exchange.
struct Ends {
    name: &'static str,
    initiated: Report,
    accepted: Option<Report>,
    finished: Option<Report>,
}

struct Stage {
    root: PathBuf,
    diagram: Diagram,
    steps: Vec<Value>,
}

/// Runs it. `Failed` if the two ends of an exchange do not have equal keys.
pub(crate) fn run(args: &Demo) -> Result<Report, Fault> {
    match &args.keep {
        Some(dir) if dir.exists() => Err(Fault::usage(format!("{} exists already.", dir.display()))),
        Some(dir) => {
            private_dir(dir)?;
            play(dir, true)
        }
        None => {
            let dir = tempfile::tempdir().map_err(|error| Fault::file(&std::env::temp_dir(), &error))?;
            play(dir.path(), false)
        }
    }
}

fn play(root: &Path, kept: bool) -> Result<Report, Fault> {
    let mut stage = Stage { root: root.to_path_buf(), diagram: Diagram::new(&NAMES), steps: Vec::new() };
    stage.prepare()?;
    let token = stage.publish()?;
    let mut ends = CALLERS.iter().map(|caller| stage.call(caller)).collect::<Result<Vec<_>, _>>()?;
    stage.wake(&token, &mut ends)?;
    for (caller, ends) in CALLERS.iter().zip(&mut ends) {
        stage.finish(caller, ends)?;
    }
    let blind = stage.gateway_is_blind(&ends)?;
    let exchanges: Vec<Value> = ends.iter().map(compare).collect();
    let equal = exchanges.iter().all(|exchange| exchange["equal"] == true);
    let mut text = stage.diagram.draw();
    text.push_str(&who_knows_what(&exchanges));
    if kept {
        text.push_str(&format!("\nAll files are in {}; look at one with `dke inspect`.\n", root.display()));
    }
    if !equal || !blind {
        anstream::print!("{text}");
        let what = if equal { "The gateway's files hold a secret." } else { "The two ends have different keys." };
        return Err(Fault::Failed(what.into()));
    }
    Ok(Report::new()
        .with("equal", equal)
        .with("gateway_holds_a_secret", !blind)
        .with("exchanges", exchanges)
        .with("steps", stage.steps)
        .with("directory", kept.then(|| root.display().to_string()))
        .shown_as(text))
}

impl Stage {
    fn dir(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn credential(&self, party: &str) -> PathBuf {
        self.dir(party).join(CREDENTIAL_FILE)
    }

    fn message(&mut self, step: &'static str, from: usize, to: usize, name: &str, report: &Report, file: &Path) {
        let bytes = report.number("bytes");
        self.diagram.arrow(from, to, &format!("{step} {name}"), bytes);
        let file = file.strip_prefix(&self.root).unwrap_or(file).display().to_string();
        self.steps.push(
            json!({ "step": step, "message": name, "from": NAMES[from], "to": NAMES[to], "bytes": bytes, "file": file }),
        );
    }

    /// Identities, and whom the node trusts: anna by her kid, ben by the authority's CWT.
    fn prepare(&mut self) -> Result<(), Fault> {
        for (dir, subject) in [("lamp", LAMP), ("anna", "anna"), ("ben", "ben"), ("authority", "authority")] {
            keygen(&Keygen { dir: self.dir(dir), subject: subject.into(), kid: None })?;
        }
        let trust = Trust {
            dir: self.dir("lamp"),
            client: vec![self.credential("anna")],
            authority: vec![self.credential("authority")],
        };
        node::trust(&trust)?;
        let cwt = credential::issue(&Issue {
            dir: self.dir("authority"),
            client: self.credential("ben"),
            audience: LAMP.into(),
            epoch_max: 1,
            out: self.dir("ben.cwt"),
        })?;
        let bytes = cwt.number("bytes");
        self.diagram.note(NODE, "", "pins anna's credential, and the authority");
        self.diagram.note(3, "A1", &format!("CWT for {LAMP}, {bytes} bytes"));
        self.steps.push(json!({ "step": "A1", "message": "CWT", "from": "authority", "to": NAMES[3], "bytes": bytes, "file": "ben.cwt" }));
        gateway::register(&Carried {
            dir: self.dir("gateway"),
            file: self.credential("lamp"),
            select: Select::default(),
        })?;
        Ok(())
    }

    fn publish(&mut self) -> Result<Vec<u8>, Fault> {
        let out = self.dir("publication.cbor");
        let published = node::publish(&Publish {
            dir: self.dir("lamp"),
            depth: 3,
            suite: 2,
            not_after: None,
            again: false,
            out: out.clone(),
        })?;
        self.diagram.note(NODE, "N1", "draws 8 prekeys, signs once");
        self.message("N1", NODE, GATEWAY, "Publication", &published, &out);
        gateway::publish(&Carried { dir: self.dir("gateway"), file: out, select: Select::default() })?;
        self.diagram.note(GATEWAY, "G1", "signature and tree are right");
        self.diagram.note(NODE, "", "sleeps");
        self.diagram.rest();
        hex::decode(published.str("token")).map_err(|_| Fault::Broken("The node has no token.".into()))
    }

    fn call(&mut self, caller: &Caller) -> Result<Ends, Fault> {
        let offer = self.dir(&format!("offer-{}.cbor", caller.name));
        let offered = gateway::offer(&Offer {
            dir: self.dir("gateway"),
            select: Select::default(),
            lease: 3600,
            out: offer.clone(),
        })?;
        self.message("G2", GATEWAY, caller.lifeline, "Offer", &offered, &offer);
        let out = self.dir(&format!("initiate-{}.cbor", caller.name));
        let initiated = client::initiate(&Initiate {
            dir: self.dir(caller.name),
            node: self.credential("lamp"),
            offer,
            cwt: caller.refresh.then(|| self.dir("ben.cwt")),
            refresh: caller.refresh,
            data: Data { data: Some(caller.early_data.into()), data_file: None },
            now: None,
            out: out.clone(),
        })?;
        let fingerprint = initiated.str("early_fingerprint");
        let names = if caller.refresh { "refresh, CWT" } else { "basic, kid" };
        self.diagram.note(caller.lifeline, "C1", &format!("{names}; early key {fingerprint}"));
        self.message("C1", caller.lifeline, GATEWAY, "Initiate", &initiated, &out);
        let queued = gateway::queue(&Carried { dir: self.dir("gateway"), file: out, select: Select::default() })?;
        let (epoch, index) = (queued.number("epoch"), queued.number("index"));
        self.diagram.note(GATEWAY, "G3", &format!("queues epoch {epoch} index {index}; cannot read it"));
        self.diagram.rest();
        Ok(Ends { name: caller.name, initiated, accepted: None, finished: None })
    }

    fn wake(&mut self, token: &[u8], ends: &mut [Ends]) -> Result<(), Fault> {
        self.diagram.note(NODE, "", "wakes up");
        let mail = self.dir("mail");
        private_dir(&mail)?;
        gateway::drain(&Drain {
            dir: self.dir("gateway"),
            select: Select::default(),
            token: HexArg(token.to_vec()),
            out_dir: mail.clone(),
        })?;
        for (caller, ends) in CALLERS.iter().zip(ends) {
            let (epoch, index) = (ends.initiated.number("epoch"), ends.initiated.number("index"));
            let initiate = mail.join(format!("initiate-{epoch}-{index}.cbor"));
            self.message("G3", GATEWAY, NODE, "Initiate", &ends.initiated, &initiate);
            let out = self.dir(&format!("confirm-{}.cbor", caller.name));
            let accepted = node::accept(&Accept {
                dir: self.dir("lamp"),
                initiate,
                data: Data { data: Some(caller.answer.into()), data_file: None },
                insist_on_refresh: false,
                out: out.clone(),
            })?;
            let how = if accepted.get("vouched") == true { "by CWT" } else { "by kid" };
            let said = accepted.get("early_data")["text"].as_str().unwrap_or_default();
            self.diagram.note(
                NODE,
                "N2",
                &format!("is {} {how}; erases the prekey; reads \"{said}\"", accepted.str("client")),
            );
            let session = accepted.str("session_fingerprint");
            self.diagram.note(NODE, "N3", &format!("session key {session}, {}", accepted.str("mode")));
            self.message("N3", NODE, GATEWAY, "Confirm", &accepted, &out);
            gateway::confirm(&Carried { dir: self.dir("gateway"), file: out, select: Select::default() })?;
            let index = u8::try_from(index).unwrap_or_default();
            node::forget(&Place { dir: self.dir("lamp"), epoch, index })?;
            self.diagram.note(NODE, "N4", "the gateway keeps it (G4): drops its copy");
            ends.accepted = Some(accepted);
        }
        self.diagram.note(NODE, "", "sleeps");
        self.diagram.rest();
        Ok(())
    }

    fn finish(&mut self, caller: &Caller, ends: &mut Ends) -> Result<(), Fault> {
        let out = self.dir(&format!("confirm-{}-collected.cbor", caller.name));
        let (epoch, index) = (ends.initiated.number("epoch"), ends.initiated.number("index"));
        let place = Place { dir: self.dir("gateway"), epoch, index: u8::try_from(index).unwrap_or_default() };
        let collect = Collect { place, select: Select::default(), number: 0, out: out.clone() };
        let collected = gateway::collect(&collect)?;
        self.message("G4", GATEWAY, caller.lifeline, "Confirm", &collected, &out);
        let finished = client::finish(&self.dir(caller.name), &out)?;
        self.diagram.note(caller.lifeline, "C2", &format!("session key {}", finished.str("session_fingerprint")));
        let said = finished.get("answer")["text"].as_str().unwrap_or_default();
        self.diagram.note(caller.lifeline, "", &format!("reads \"{said}\""));
        ends.finished = Some(finished);
        Ok(())
    }

    /// Nothing that the gateway has holds the data, the clients' kids or the sessions' secrets, neither as bytes nor in hexadecimal.
    fn gateway_is_blind(&self, ends: &[Ends]) -> Result<bool, Fault> {
        let path = self.dir("gateway").join(GATEWAY_FILE);
        let kept = fs::read_to_string(&path).map_err(|error| Fault::file(&path, &error))?;
        let state = self.dir("lamp").join("node.json");
        let node = fs::read_to_string(&state).map_err(|error| Fault::file(&state, &error))?;
        let node: Value = serde_json::from_str(&node).map_err(|_| Fault::state(&state, "it does not parse"))?;
        let sessions = node["state"]["sessions"].as_array().cloned().unwrap_or_default();
        let secrets = sessions.iter().flat_map(|session| {
            ["early_secret", "session_secret"].map(|name| session[name].as_str().unwrap_or_default().to_string())
        });
        let data = CALLERS.iter().flat_map(|caller| [caller.early_data, caller.answer]).map(hex::encode);
        let kids = ends.iter().flat_map(|ends| &ends.accepted).map(|accepted| accepted.str("kid").to_string());
        let sought: Vec<String> = secrets.chain(data).chain(kids).collect();
        Ok(sought.len() == 5 * CALLERS.len() && sought.iter().all(|one| !one.is_empty() && !kept.contains(one)))
    }
}

fn compare(ends: &Ends) -> Value {
    let of = |report: &Option<Report>, name: &str| {
        report.as_ref().map(|report| report.str(name).to_string()).unwrap_or_default()
    };
    let early = [ends.initiated.str("early_fingerprint").to_string(), of(&ends.accepted, "early_fingerprint")];
    let session = [of(&ends.finished, "session_fingerprint"), of(&ends.accepted, "session_fingerprint")];
    let modes = [of(&ends.finished, "mode"), of(&ends.accepted, "mode")];
    let equal = [&early, &session, &modes].iter().all(|pair| !pair[0].is_empty() && pair[0] == pair[1]);
    json!({
        "client": ends.name,
        "mode": modes[0],
        "early_key": { "client": early[0], "node": early[1] },
        "session_key": { "client": session[0], "node": session[1] },
        "equal": equal,
    })
}

/// Who knows what at the end.
fn who_knows_what(exchanges: &[Value]) -> String {
    let mut out = format!("\n{:26}{:18}  {:18}  {}\n", "who knows what", "client", LAMP, "gateway");
    for exchange in exchanges {
        let name = exchange["client"].as_str().unwrap_or_default();
        for (key, label) in [("early_key", "early key"), ("session_key", "session key")] {
            let end = |party: &str| exchange[key][party].as_str().unwrap_or_default().to_string();
            let sign = if end("client") == end("node") { '=' } else { '≠' };
            out.push_str(&format!(
                "{:26}{:16} {sign} {:18}  -\n",
                format!("{name}: {label}"),
                end("client"),
                end("node")
            ));
        }
        out.push_str(&format!("{:26}{:18}  {:18}  -\n", format!("{name}: identity, data"), "yes", "yes"));
        out.push_str(&format!("{:26}{:18}  {:18}  yes\n", format!("{name}: index, sizes, times"), "yes", "yes"));
    }
    out
}
