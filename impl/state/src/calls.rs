//! Calls, as client and node keep them: PROTOCOL.md section 18.2.

use crate::error::Error;
use crate::hexed::{Hex, HexN};
use dke::Mode;
use dke::call::Kept;
use dke::params::CALL_NUMBER;
use dke_agent::{Begun, Numbered};
use serde::{Deserialize, Serialize};
use std::path::Path;

use crate::session::mode_name;

/// A call that has begun, at the client.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallState {
    /// Tells it from all others of this client.
    pub number: HexN<CALL_NUMBER>,
    /// H(CRED_N).
    pub node: HexN<32>,
    /// basic or refresh.
    pub mode: String,
    /// What the node is to carry out.
    pub data: Hex,
    /// Epoch of its first Initiate.
    pub first: u64,
    /// The CWT under which it was made; none under a pinned credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwt: Option<Hex>,
}

impl CallState {
    /// A call with this node that has its first exchange. `None` before that.
    pub(crate) fn new(call: &Begun, node: &[u8; 32], cwt: Option<&[u8]>) -> Option<CallState> {
        Some(CallState {
            number: HexN(call.number),
            node: HexN(*node),
            mode: mode_name(call.mode).into(),
            data: Hex(call.data.clone()),
            first: call.first?,
            cwt: cwt.map(|cwt| Hex(cwt.to_vec())),
        })
    }

    /// As a caller goes on with it.
    pub(crate) fn begun(&self, file: &Path) -> Result<Begun, Error> {
        let mode = [Mode::Basic, Mode::Refresh].into_iter().find(|mode| mode_name(*mode) == self.mode);
        let damaged = || Error::Damaged(file.to_path_buf(), "the mode of a call is neither basic nor refresh".into());
        let mode = mode.ok_or_else(damaged)?;
        Ok(Begun { number: self.number.0, mode, data: self.data.0.clone(), first: Some(self.first) })
    }
}

/// The number of a call, at the node.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptCall {
    client: HexN<32>,
    number: HexN<CALL_NUMBER>,
    digest: HexN<32>,
    /// Of the exchange over which it came first.
    pub epoch: u64,
    /// Once there is one.
    answer: Option<Hex>,
}

impl KeptCall {
    /// It begins.
    pub(crate) fn new(call: &Numbered<'_>) -> KeptCall {
        KeptCall {
            client: HexN(*call.client),
            number: HexN(*call.number),
            digest: HexN(*call.digest),
            epoch: call.epoch,
            answer: None,
        }
    }

    /// It has this answer.
    pub(crate) fn settle(&mut self, answer: &[u8]) {
        self.answer = Some(Hex(answer.to_vec()));
    }

    /// As it is judged.
    pub fn kept(&self) -> Kept<'_> {
        Kept {
            client: &self.client.0,
            number: &self.number.0,
            digest: &self.digest.0,
            answer: self.answer.as_ref().map(|answer| answer.0.as_slice()),
        }
    }
}
