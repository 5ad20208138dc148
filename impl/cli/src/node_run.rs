//! `dke node run`: a sleeper that wakes up on a schedule.

use crate::fault::Fault;
use crate::files::{Locked, now};
use crate::identity::Identity;
use crate::network_args::NodeRun;
use crate::node::{mode_name, parse, record};
use crate::node_store::NodeFile;
use crate::report::Report;
use crate::serve::{interrupted, runtime, tell};
use dke::node::{Node, Peer};
use dke::store::Pins;
use dke::{Depth, Session, Suite};
use dke_agent::{Call, Failure, Gateway, Handler, Interrupted, Ledger, NodeAgent, Settings, Unsent, Wake};
use dke_coap::Parameters;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep_until, timeout};

const MONTH: u64 = 30 * 24 * 3600;

/// Wakes up until it is interrupted.
pub(crate) fn run(args: &NodeRun, json: bool) -> Result<Report, Fault> {
    runtime()?.block_on(async {
        let gateway = Gateway::connect(&args.gateway, Parameters::default()).await?;
        let mut handler =
            Command { command: args.handler.clone(), patience: Duration::from_secs(args.handler_timeout) };
        loop {
            let next = Instant::now() + Duration::from_secs(args.every);
            let woken = wake(args, &gateway, &mut handler).await;
            match woken {
                Ok(wake) if args.once => return Ok(told(&wake)),
                Ok(wake) => anstream::print!("{}", if json { told(&wake).json() } else { line(&wake) }),
                // The gateway may be there again at the next wake-up; everything else will not mend itself.
                Err(Interrupted::Gateway(failure)) if !args.once => tell(&failure.to_string()),
                Err(Interrupted::Gateway(failure)) => return Err(failure.into()),
                Err(Interrupted::Step(error)) => return Err(error.into()),
            }
            tokio::select! {
                () = sleep_until(next) => {}
                () = interrupted() => return Ok(Report::new().with("ended", "interrupted")),
            }
        }
    })
}

/// One wake-up. The directory is free for other commands while the node sleeps.
pub(crate) async fn wake(
    args: &NodeRun,
    gateway: &Gateway,
    handler: &mut impl Handler,
) -> Result<Wake, Interrupted<Fault>> {
    let step = |fault: Fault| Interrupted::Step(dke::Error::Storage(fault));
    let locked = Locked::wait(&args.dir).map_err(step)?;
    let identity = Identity::load(&locked).map_err(step)?;
    let mut file = NodeFile::open(locked).map_err(step)?;
    let (clients, authorities) = (file.state.clients.clone(), file.state.authorities.clone());
    let (clients, authorities) = (parse(&clients).map_err(step)?, parse(&authorities).map_err(step)?);
    let agent = NodeAgent {
        gateway: gateway.clone(),
        node: Node::new(identity.credential().map_err(step)?, &identity.key, args.insist_on_refresh),
        trust: Pins::new(&clients, &authorities).map_err(|misuse| Interrupted::Step(misuse.into()))?,
        settings: Settings {
            low: args.low,
            suite: Suite::from_id(args.suite).unwrap_or(Suite::AesCcm8),
            depth: Depth::new(args.depth).ok_or_else(|| step(Fault::usage("The depth is 0 to 8.")))?,
            lifetime: MONTH,
        },
    };
    agent.wake(&mut file, handler, now(None)).await
}

fn told(wake: &Wake) -> Report {
    Report::new()
        .with("published", wake.published)
        .with("answered", wake.answered)
        .with("repeated", wake.repeated)
        .with("rejected", wake.rejected)
        .with("left", wake.left)
}

fn line(wake: &Wake) -> String {
    let Wake { published, answered, repeated, rejected, left } = wake;
    format!(
        "published {published}, answered {answered}, repeated {repeated}, rejected {rejected}; {left} prekeys left\n"
    )
}

/// A handler that is a command of the shell.
struct Command {
    command: Option<String>,
    patience: Duration,
}

impl Handler for Command {
    async fn answer(&mut self, call: &Call<'_>) -> Option<Vec<u8>> {
        let command = self.command.as_ref()?;
        match timeout(self.patience, execute(command, call)).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(why)) => {
                tell(&format!("The handler gave no answer: {why}."));
                None
            }
            Err(_) => {
                tell("The handler took too long.");
                None
            }
        }
    }
}

async fn execute(command: &str, call: &Call<'_>) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| error.to_string();
    let mut child = tokio::process::Command::new("sh")
        .args(["-c", command])
        .env("DKE_PEER", call.peer.subject())
        .env("DKE_KID", hex::encode(call.peer.kid()))
        .env("DKE_MODE", mode_name(call.mode))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let (mut input, output) = (child.stdin.take(), child.stdout.take());
    let give = async {
        if let Some(input) = &mut input {
            // A handler need not read what it is given.
            let _ = input.write_all(call.data).await;
        }
        drop(input);
    };
    let take = async {
        let mut answer = Vec::new();
        if let Some(output) = output {
            output.take(dke::params::DATA_MAX as u64 + 1).read_to_end(&mut answer).await?;
        }
        Ok(answer)
    };
    let ((), answer) = tokio::join!(give, take);
    let answer = answer.map_err(failed)?;
    if answer.len() > dke::params::DATA_MAX {
        return Err("the answer has more than 1,024 bytes".into());
    }
    let status = child.wait().await.map_err(failed)?;
    if status.success() { Ok(answer) } else { Err(status.to_string()) }
}

impl Ledger for NodeFile {
    fn outbox(&self) -> Result<Vec<Unsent>, Fault> {
        let unsent = |kept: &crate::node_store::KeptConfirm| Unsent {
            epoch: kept.epoch,
            index: kept.index,
            confirm: kept.confirm.0.clone(),
        };
        Ok(self.state.outbox.iter().map(unsent).collect())
    }

    fn left(&self) -> Result<usize, Fault> {
        let batch = self.state.batches.get(&self.state.last_epoch);
        Ok(batch.map_or(0, |batch| batch.prekeys.iter().filter(|prekey| prekey.y.is_some()).count()))
    }

    fn acknowledged(&self) -> Result<u64, Fault> {
        Ok(self.state.acknowledged)
    }

    fn set_acknowledged(&mut self, epoch: u64) -> Result<(), Fault> {
        self.state.acknowledged = epoch;
        self.save()
    }

    fn keep(&mut self, peer: &Peer, early: &[u8; 32], session: &Session) -> Result<(), Fault> {
        NodeFile::keep(self, record(peer.subject(), session, early))
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
