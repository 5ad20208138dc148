//! How many sessions a party keeps, and which one goes for another (PROTOCOL.md section 18.3).

use crate::session::SessionState;

/// Sessions that are kept: with 600 bytes for each, most of a state stays small enough to be written at each step.
pub const SESSIONS_MAX: usize = 1024;
/// A client's exchanges that wait for a Confirm: with all nodes. One node has no more than are left for others, so that one that never
/// answers leaves room for them.
pub const PENDING_MAX: usize = 256;
/// A client's requests that wait for a response, shared in the same way.
pub const AWAITING_MAX: usize = 64;

/// Removes sessions beyond the bound: of the peer that has the most, one that was never used, or else the oldest. Where several peers
/// have the most, those that an authority vouches for lose theirs first: however many they are, each pinned one keeps its newest.
///
/// So nobody pushes out the session of a peer that has fewer. A session stays as long as it has early keys, for its batch lives, and as
/// long as a request awaits a response: these are bounded by prekeys and by the party's own requests.
pub(crate) fn bound(sessions: &mut Vec<SessionState>, most: usize) {
    while sessions.len() > most
        && let Some(place) = surplus(sessions)
    {
        sessions.remove(place);
    }
}

fn surplus(sessions: &[SessionState]) -> Option<usize> {
    // An older state has no hash of a peer: its name tells it from others.
    let peer = |one: &SessionState| (one.peer_hash.as_ref().map(|hash| hash.0), one.peer.clone());
    let mut held = std::collections::HashMap::new();
    for session in sessions {
        let count = held.entry(peer(session)).or_insert(0_usize);
        *count = count.saturating_add(1);
    }
    let removable = |one: &SessionState| one.early_secret.is_none() && one.protected.awaiting.is_empty();
    let worth = |one: &SessionState| {
        let count = held.get(&peer(one)).copied().unwrap_or_default();
        (count, one.vouched, one.protected.is_unused())
    };
    // The first of the largest: the oldest.
    let candidates = sessions.iter().enumerate().filter(|(_, one)| removable(one));
    candidates.rev().max_by_key(|(_, one)| worth(one)).map(|(place, _)| place)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::hexed::{HexN, Secret};
    use crate::session::Protected;

    fn session(peer: u8, index: u8, is_early: bool) -> SessionState {
        SessionState {
            peer: "peer".into(),
            peer_hash: Some(HexN([peer; 32])),
            vouched: false,
            mode: "basic".into(),
            suite: 2,
            epoch: 1,
            index,
            early_secret: is_early.then(|| Secret::new(&[1; 32])),
            session_secret: Secret::new(&[2; 32]),
            protected: Protected::default(),
        }
    }

    fn kept(sessions: &[SessionState]) -> Vec<(u8, u8)> {
        sessions.iter().map(|one| (one.peer_hash.as_ref().map_or(0, |hash| hash.0[0]), one.index)).collect()
    }

    #[test]
    fn the_oldest_of_the_peer_with_the_most_goes() {
        let mut sessions = vec![session(1, 0, false)];
        sessions.extend((0..4).map(|index| session(2, index, false)));
        sessions.push(session(3, 0, false));
        bound(&mut sessions, 4);
        assert_eq!(kept(&sessions), [(1, 0), (2, 2), (2, 3), (3, 0)]);
        bound(&mut sessions, 4);
        assert_eq!(sessions.len(), 4);
    }

    #[test]
    fn vouched_peers_push_out_no_pinned_one() {
        let mut sessions: Vec<SessionState> = (0..4).map(|peer| session(peer, 0, false)).collect();
        sessions.extend((4..100).map(|peer| session(peer, 0, false).vouched(true)));
        bound(&mut sessions, 6);
        assert_eq!(kept(&sessions), [(0, 0), (1, 0), (2, 0), (3, 0), (98, 0), (99, 0)]);
    }

    #[test]
    fn what_is_in_use_stays() {
        let mut sessions: Vec<SessionState> = (0..3).map(|index| session(1, index, true)).collect();
        bound(&mut sessions, 1);
        assert_eq!(sessions.len(), 3, "their batch lives");
        sessions.iter_mut().for_each(|one| one.early_secret = None);
        sessions[0].protected.counters = serde_json::from_str(r#"{"early":{},"session":{},"switched":true}"#).unwrap();
        bound(&mut sessions, 2);
        assert_eq!(kept(&sessions), [(1, 0), (1, 2)], "the first one was used");
    }
}
