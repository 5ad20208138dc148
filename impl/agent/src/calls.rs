//! The node's side of section 18.2: what early data asks for is carried out once.

use crate::budget::Meter;
use crate::node::{Call, Handler, Ledger, Numbered};
use dke::call::{self, Judgement, Outcome};
use dke::node::Accepted;
use dke::params::{DATA_MAX, PREKEYS_MAX};
use dke::{Error, Misuse, RustCrypto};

/// Numbers for which a node has room. Each has used up a prekey of the last three epochs, so that there are at most half as many.
const CALLS_MAX: usize = 2 * 3 * PREKEYS_MAX;

/// The answer data to the early data of an exchange. If that is a call that has not come before, it is carried out.
pub(crate) async fn answer_data<S: Ledger>(
    store: &mut S,
    handler: &mut impl Handler,
    meter: &Meter,
    accepted: &Accepted<'_>,
) -> Result<Vec<u8>, Error<S::Error>> {
    let (peer, early_data) = (accepted.peer(), accepted.early_data());
    if early_data.is_empty() {
        return Ok(Vec::new());
    }
    let (call::Call { number, data }, digest) =
        match call::judge::<RustCrypto>(store.calls(), CALLS_MAX, peer.hash(), early_data) {
            Judgement::Answer(outcome) => return Ok(written(&outcome)?),
            Judgement::CarryOut(call, digest) => (call, digest),
        };
    let begun = Numbered { client: peer.hash(), number, digest: &digest, epoch: accepted.epoch() };
    store.begin_call(&begun).map_err(Error::Storage)?;
    let call = Call { peer, number, data, mode: accepted.mode() };
    let answer = meter.away(handler.answer(&call)).await;
    let outcome = Outcome::of(answer.as_deref());
    if let Outcome::Done(answer) = outcome {
        store.settle_call(peer.hash(), number, answer).map_err(Error::Storage)?;
    }
    Ok(written(&outcome)?)
}

fn written(outcome: &Outcome<'_>) -> Result<Vec<u8>, Misuse> {
    let mut data = [0; DATA_MAX];
    let length = outcome.write(&mut data)?;
    Ok(data.get(..length).unwrap_or_default().to_vec())
}
