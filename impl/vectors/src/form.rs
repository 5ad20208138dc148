//! The form of the files: `spec/vectors/README.md` explains each member.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// The export that each exchange shows of both secrets: label, context, bytes.
pub const EXPORT: (&str, &[u8], usize) = ("vector", &[1, 2, 3], 40);

macro_rules! record {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(missing_docs, reason = "spec/vectors/README.md")]
        pub struct $name { $(pub $field: $type,)* }
    };
}

record! {
    /// One complete exchange with all inputs and every intermediate value; byte strings in hex.
    Exchange {
        name: String,
        suite: u64,
        mode: u64,
        credential_kind: CredentialKind,
        inputs: Inputs,
        messages: Messages,
        values: Values,
    }
}
record! {
    /// What goes in.
    Inputs {
        node_credential: String,
        node_key: String,
        client_credential: String,
        pinned_credential: String,
        client_key: String,
        id_cred: String,
        authority_credential: String,
        authority_key: String,
        last_epoch: u64,
        not_after: u64,
        depth: u64,
        token: String,
        prekeys: Vec<String>,
        index: u64,
        now: u64,
        refresh: bool,
        early_data: String,
        x: String,
        answer: String,
        z: String,
    }
}
record! {
    /// What goes over the wire.
    Messages { publication: String, offer: String, initiate: String, confirm: String, }
}
record! {
    /// What is computed, in the notation of PROTOCOL.md section 6.
    Values {
        header: String,
        es: String,
        ss: String,
        ee: String,
        th_0: String,
        th_1: String,
        prk_1: String,
        id_key: String,
        id_nonce: String,
        ct_1: String,
        th_2: String,
        prk_2: String,
        early_data_key: String,
        early_data_nonce: String,
        ct_2: String,
        th_3: String,
        early_secret: String,
        early_export: String,
        early_fingerprint: String,
        th_4: String,
        prk_3: String,
        confirm_key: String,
        confirm_nonce: String,
        ct_3: String,
        th_5: String,
        session_secret: String,
        session_export: String,
        session_fingerprint: String,
    }
}
record! {
    /// A message that must be rejected.
    Rejection {
        name: String,
        base: String,
        step: Step,
        change: String,
        state: State,
        message: String,
        reject: String,
    }
}

record! {
    /// What an early or a session secret protects at the application layer.
    Application {
        name: String,
        exchange: String,
        secret: String,
        keys: Keys,
        protected: Vec<Protected>,
        refused: Vec<Refused>,
    }
}
record! {
    /// The exported keys.
    Keys {
        oscore_master_secret: String,
        oscore_master_salt: String,
        client_id: String,
        node_id: String,
        to_node: ObjectKeys,
        to_client: ObjectKeys,
    }
}
record! {
    /// The exported keys of one direction.
    ObjectKeys {
        kid: String,
        encrypt0_key: String,
        encrypt0_iv: String,
        mac0_key: String,
        jwe_key: String,
        jws_key: String,
    }
}
record! {
    /// Content, and how it travels.
    Protected {
        format: Format,
        direction: u64,
        sequence: u64,
        exp: Option<u64>,
        content: String,
        object: String,
    }
}
record! {
    /// What must not be opened.
    Refused {
        change: String,
        format: Format,
        direction: u64,
        sequence: u64,
        accepted: Vec<u64>,
        now: Option<u64>,
        object: String,
        reject: String,
    }
}

record! {
    /// What a node does with calls: events in order.
    Calls {
        name: String,
        room: u64,
        events: Vec<Event>,
    }
}
record! {
    /// A batch begins (no client), or early data arrives.
    Event {
        what: String,
        client: Option<String>,
        epoch: u64,
        early_data: String,
        answer: Option<String>,
        number: Option<String>,
        data: String,
        answer_data: String,
    }
}

/// How content is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "spec/vectors/README.md")]
pub enum Format {
    Encrypt0,
    Mac0,
    Jwe,
    Jws,
    OscoreRequest,
    OscoreResponse,
}

impl Format {
    /// All.
    pub const ALL: [Format; 6] =
        [Format::Encrypt0, Format::Mac0, Format::Jwe, Format::Jws, Format::OscoreRequest, Format::OscoreResponse];
}

/// How the client names its credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CredentialKind {
    /// The kid of a pinned credential.
    Kid,
    /// A CWT by value.
    Cwt,
}

/// Who receives a bad message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "PROTOCOL.md section 7")]
pub enum Step {
    G1,
    C1,
    N2,
    C2,
}

/// The state in which a bad message arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Before the step in the base.
    #[serde(rename = "")]
    Before,
    /// The base's Initiate was accepted, confirmed and acknowledged.
    #[serde(rename = "erased")]
    Erased,
}

/// A file of vectors.
#[derive(Clone, Debug)]
pub enum File {
    /// Complete exchanges.
    Exchanges(Vec<Exchange>),
    /// Messages that must be rejected.
    Rejections(Vec<Rejection>),
    /// The application layer.
    Applications(Vec<Application>),
    /// Calls.
    Calls(Vec<Calls>),
}

impl File {
    /// Reads a file; what names a base is a rejection, what names an exchange is of the application layer, what has events
    /// is about calls.
    pub fn parse(json: &[u8]) -> Result<File, serde_json::Error> {
        #[derive(Deserialize)]
        struct Kind {
            base: Option<IgnoredAny>,
            exchange: Option<IgnoredAny>,
            events: Option<IgnoredAny>,
        }
        let kinds: Vec<Kind> = serde_json::from_slice(json)?;
        if kinds.iter().any(|kind| kind.base.is_some()) {
            serde_json::from_slice(json).map(File::Rejections)
        } else if kinds.iter().any(|kind| kind.exchange.is_some()) {
            serde_json::from_slice(json).map(File::Applications)
        } else if kinds.iter().any(|kind| kind.events.is_some()) {
            serde_json::from_slice(json).map(File::Calls)
        } else {
            serde_json::from_slice(json).map(File::Exchanges)
        }
    }
}
