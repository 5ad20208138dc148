//! What commands over the network share.

use crate::fault::Fault;
use dke_agent::Gateway;
use dke_coap::Parameters;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

/// For how long a command that asks once waits for a gateway.
const ASKED: Duration = Duration::from_secs(30);

/// A gateway for a command that asks a little at once: if it does not answer for half a minute, that is told.
pub(crate) async fn asked(url: &str) -> Result<Gateway, Fault> {
    let gateway = Gateway::connect(url, Parameters::default()).await?;
    Ok(gateway.until(Instant::now() + ASKED))
}

/// A runtime for one command.
pub(crate) fn runtime() -> Result<Runtime, Fault> {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Fault::Broken(format!("The system gives no threads: {error}.")))
}
