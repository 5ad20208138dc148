//! `dke node recover` and `dke client recover`: beginning anew.

use crate::args::{RecoverClient, RecoverNode};
use crate::fault::Fault;
use crate::network::{asked, runtime};
use crate::output::tell;
use crate::report::Report;
use dke::message::Offer;
use dke::{Credential, RustCrypto};
use dke_state::{Epochs, Identity, Locked, recover_client, recover_node};
use rand_core::OsRng;

/// `dke node recover`.
pub(crate) fn node(args: &RecoverNode) -> Result<Report, Fault> {
    let locked = Locked::open(&args.dir)?;
    let identity = Identity::load(&locked)?;
    let signed = match &args.gateway {
        Some(gateway) => shown(gateway, &identity.credential()?)?,
        None => None,
    };
    let recovered = recover_node(&locked, Epochs { last: args.epoch, signed }, &mut OsRng)?;
    Ok(Report::new()
        .with("next_epoch", recovered.epoch.saturating_add(1))
        .with("state_readable", recovered.readable)
        .with("sessions_dropped", recovered.sessions)
        .with("prekeys_dropped", recovered.open)
        .with("next", next_of_node(recovered.readable)))
}

const fn next_of_node(readable: bool) -> &'static str {
    if readable {
        "Publish, or let it run; its clients must call again. No other directory may hold this key."
    } else {
        "Pin clients and authorities again, then publish; its clients must call again. No other directory may hold this key."
    }
}

/// The epoch that a gateway shows with this node's signature: it cannot be too high. `None` if it has no batch, or no prekey to spare.
fn shown(gateway: &str, node: &Credential<'_>) -> Result<Option<u64>, Fault> {
    runtime()?.block_on(async {
        let gateway = asked(gateway).await?;
        match gateway.offer(node.hash(), &mut OsRng).await {
            Ok(offer) => Ok(Some(epoch(&offer, node)?)),
            Err(failure) => {
                tell(&format!("The gateway shows no epoch of this node: {failure}"));
                Ok(None)
            }
        }
    })
}

/// Of an Offer that this node has signed, even if its batch has expired.
fn epoch(offer: &[u8], node: &Credential<'_>) -> Result<u64, Fault> {
    let offer = Offer::parse(offer)?;
    let header = offer.batch.header(node.hash())?;
    offer.batch.verify::<RustCrypto>(node.key())?;
    Ok(header.epoch)
}

/// `dke client recover`.
pub(crate) fn client(args: &RecoverClient) -> Result<Report, Fault> {
    let recovered = recover_client(&Locked::open(&args.dir)?, &mut OsRng)?;
    Ok(Report::new()
        .with("state_readable", recovered.readable)
        .with("sessions_dropped", recovered.sessions)
        .with("pending_dropped", recovered.open)
        .with("next", "Call the nodes again; whether pending calls were carried out is not known."))
}
