//! `dke gateway serve`: the gateway on the network.

use crate::fault::Fault;
use crate::files;
use crate::interrupt::Interrupts;
use crate::network::runtime;
use crate::network_args::Serve;
use crate::output::{show, tell};
use crate::report::Report;
use dke_agent::Place;
use dke_coap::Parameters;
use dke_gateway::resource::node_name;
use dke_gateway::{Embedded, Gateway, Options, Policy, Refusal, coap, http, store::StoreError};
use rand_core::OsRng;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Seconds from one sweep of what is old to the next.
const SWEEP: Duration = Duration::from_secs(60);
/// When the store has failed, those who wait are told so for this long, before the gateway ends.
const TELL: Duration = Duration::from_secs(1);

/// Serves until it is interrupted.
pub(crate) fn run(args: &Serve, json: bool) -> Result<Report, Fault> {
    runtime()?.block_on(async {
        let mut interrupts = Interrupts::new()?;
        let gateway = open(args).await?;
        let mut ready = Report::new();
        let mut listen = Listening::default();
        for address in addresses(&args.coap).await? {
            listen.add("coap", address, coap(gateway.clone(), address, Parameters::default()).await);
        }
        ready = ready.with("coap", listen.done()?);
        if let Some(place) = &args.http {
            let mut listen = Listening::default();
            for address in addresses(place).await? {
                listen.add("http", address, http(gateway.clone(), address).await);
            }
            ready = ready.with("http", listen.done()?);
        }
        let ready = ready.with("store", args.store.display().to_string());
        show(&if json { ready.json() } else { ready.text() });
        tokio::select! {
            broken = failure(&gateway) => Err(broken),
            never = sweep(&gateway) => match never {},
            () = interrupts.next() => Ok(Report::new().with("ended", "interrupted")),
        }
    })
}

/// Opens the store, and registers the nodes that the operator names.
async fn open(args: &Serve) -> Result<Arc<Gateway<Embedded>>, Fault> {
    let policy = Policy {
        open: args.open,
        nodes_per_address: args.nodes_per_address,
        bytes_per_address: args.bytes_per_address,
        puzzle: args.puzzle,
        puzzle_max: args.puzzle_max,
        prekey_share: args.prekey_share,
        lease: args.lease,
        leases_per_address: args.leases_per_address,
        queue_max: args.queue,
        requests_max: args.requests,
        requests_per_address: args.requests.div_ceil(8),
        request_retention: args.keep_requests,
        requests_per_second: args.rate,
        burst: args.burst,
        ..Policy::default()
    };
    let options = Options { quota: args.quota.unwrap_or(u64::MAX), ..Options::default() };
    let store = Embedded::open(&args.store, options)?;
    let gateway = Arc::new(Gateway::new(store, policy, Arc::new(|| files::now(None)), &mut OsRng));
    for path in &args.node {
        let (node, _) = gateway.register(&files::read(path)?).await.map_err(|refusal| refused(refusal).about(path))?;
        tell(&format!("{} is registered as {}.", path.display(), node_name(&node)));
    }
    Ok(gateway)
}

/// Returns when the store has failed: it must be opened anew then.
async fn failure(gateway: &Gateway<Embedded>) -> Fault {
    let error = gateway.failure().await;
    tokio::time::sleep(TELL).await;
    Fault::Broken(format!(
        "{error} The gateway has ended; what it acknowledged is stored. Start it again when the medium is sound."
    ))
}

/// Forgets what is old, again and again.
async fn sweep(gateway: &Gateway<Embedded>) -> Infallible {
    loop {
        tokio::time::sleep(SWEEP).await;
        if let Err(refusal) = gateway.sweep().await {
            tell(&format!("Nothing was forgotten: {refusal}"));
        }
    }
}

/// All addresses of a place: `localhost` may have one of each family.
async fn addresses(place: &Place) -> Result<Vec<SocketAddr>, Fault> {
    let unknown = |error| Fault::usage(format!("{} cannot be listened on: {error}.", place.authority()));
    let mut found = place.addresses().await.map_err(unknown)?;
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Where one face listens; a name may have an address that this host has not.
#[derive(Default)]
struct Listening {
    at: Vec<String>,
    failed: Option<Fault>,
}

impl Listening {
    fn add(
        &mut self,
        scheme: &str,
        address: SocketAddr,
        bound: io::Result<(SocketAddr, impl Future<Output = ()> + Send + 'static)>,
    ) {
        match bound {
            Ok((at, serve)) => {
                self.at.push(format!("{scheme}://{at}"));
                tokio::spawn(serve);
            }
            Err(error) => self.failed = Some(listening(address, &error)),
        }
    }

    fn done(self) -> Result<String, Fault> {
        match self.failed.filter(|_| self.at.is_empty()) {
            Some(fault) => Err(fault),
            None => Ok(self.at.join(" ")),
        }
    }
}

fn listening(address: SocketAddr, error: &io::Error) -> Fault {
    Fault::usage(format!("{address} cannot be listened on: {error}."))
}

fn refused(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::Rejected(reject) => reject.into(),
        Refusal::Store(error) => error.into(),
        refusal => Fault::usage(refusal.to_string()),
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        let name = match error {
            StoreError::Damaged(..) => "State",
            StoreError::InUse(_) => "Busy",
            StoreError::Full | StoreError::Failed(_) => return Fault::Broken(error.to_string()),
        };
        Fault::Input { name, sentence: error.to_string() }
    }
}
