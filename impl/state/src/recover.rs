//! Beginning anew, where a state is lost, was copied or restored.

use crate::client::ClientState;
use crate::error::Error;
use crate::files::Locked;
use crate::identity::{Identity, Role};
use crate::node::NodeState;
use crate::original::State;
use rand_core::CryptoRngCore;

/// Epochs that are skipped at least where nobody knows how many the lost state had used beyond those that are known. At the rate of PROTOCOL.md
/// section 18.1 a node does not use them up in years.
pub const EPOCH_GAP: u64 = 1 << 16;
/// So many beyond the gap may be drawn in addition: who begins anew twice from the same backup must not use the same epochs twice.
const EPOCH_SPREAD: u64 = 1 << 31;

/// What is known of a node's epochs besides its state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Epochs {
    /// The last one that was used, by the owner's word.
    pub last: Option<u64>,
    /// One that was used, by the node's own signature.
    pub signed: Option<u64>,
}

/// What became of a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The node's next batch has a higher epoch.
    pub epoch: u64,
    /// Was there a state that could be read? Pinned credentials, or epochs seen, are kept from it.
    pub readable: bool,
    /// Sessions that were dropped.
    pub sessions: usize,
    /// Prekeys, or pending exchanges, that were dropped.
    pub open: usize,
}

/// A node begins anew: a higher epoch, no prekeys, no sessions, no requests. Pinned credentials stay. `EpochUnknown` if nothing tells how high.
pub fn recover_node(locked: &Locked, epochs: Epochs, random: &mut impl CryptoRngCore) -> Result<Recovered, Error> {
    let mut identity = of_role(locked, Role::Node)?;
    let old = readable(locked.load::<NodeState>(NodeState::FILE, NodeState::FORMAT))?;
    let known = old.as_ref().map(|state| state.last_epoch).max(epochs.signed);
    let epoch = match (epochs.last, known) {
        // One more than the last: a call may be repeated over the epoch after it (PROTOCOL.md section 18.2).
        (Some(last), known) => last.max(known.unwrap_or_default()).checked_add(1),
        (None, Some(known)) => known.checked_add(gap(random)?),
        (None, None) => return Err(Error::EpochUnknown),
    };
    let epoch = epoch.ok_or(dke::Misuse::EpochExhausted)?;
    identity.renew(random)?;
    let mut recovered = Recovered { epoch, readable: old.is_some(), ..Recovered::default() };
    let mut state = NodeState { last_epoch: epoch, ..NodeState::empty(identity.instance()) };
    if let Some(old) = old {
        recovered.sessions = old.sessions.len();
        recovered.open = old.batches.values().map(|batch| batch.left()).fold(0, usize::saturating_add);
        (state.clients, state.authorities) = (old.clients, old.authorities);
    }
    locked.save(NodeState::FILE, NodeState::FORMAT, &state)?;
    // Killed before this: the state belongs to no identity, and this can be repeated.
    identity.save_as(locked, Role::Node)?;
    Ok(recovered)
}

/// EPOCH_GAP to EPOCH_GAP + EPOCH_SPREAD - 1, in steps of EPOCH_GAP: what two draws differ in is room enough for the epochs of years.
fn gap(random: &mut impl CryptoRngCore) -> Result<u64, dke::Misuse> {
    let mut drawn = [0; 8];
    random.try_fill_bytes(&mut drawn).map_err(|_| dke::Misuse::BrokenRandomness)?;
    let drawn = u64::from_be_bytes(drawn) % EPOCH_SPREAD;
    Ok(EPOCH_GAP.saturating_add(drawn & !(EPOCH_GAP.saturating_sub(1))))
}

/// A client begins anew: no pending exchanges, no sessions. The epochs seen stay, if they can be read: they may be older than what was seen last.
pub fn recover_client(locked: &Locked, random: &mut impl CryptoRngCore) -> Result<Recovered, Error> {
    let mut identity = of_role(locked, Role::Client)?;
    let old = readable(locked.load::<ClientState>(ClientState::FILE, ClientState::FORMAT))?;
    identity.renew(random)?;
    let mut recovered = Recovered { readable: old.is_some(), ..Recovered::default() };
    let mut state = ClientState::empty(identity.instance());
    if let Some(old) = old {
        (recovered.sessions, recovered.open) = (old.sessions.len(), old.pending.len());
        (state.seen, state.names) = (old.seen, old.names);
    }
    locked.save(ClientState::FILE, ClientState::FORMAT, &state)?;
    identity.save_as(locked, Role::Client)?;
    Ok(recovered)
}

/// The identity of a directory that is not the original any more.
fn of_role(locked: &Locked, role: Role) -> Result<Identity, Error> {
    let identity = Identity::load(locked)?;
    match identity.role_in(locked)? {
        Some(other) if other != role => Err(Error::WrongRole(locked.dir(), other, role)),
        _ => Ok(identity),
    }
}

/// A damaged state is as good as none.
fn readable<T>(loaded: Result<Option<T>, Error>) -> Result<Option<T>, Error> {
    match loaded {
        Err(Error::Damaged(..)) => Ok(None),
        loaded => loaded,
    }
}
