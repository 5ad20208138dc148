//! How the specification makes the test vectors.

use dke_spec::bytes::{Bytes, bytes};
use dke_spec::client::{self, AwaitingConfirm, Client, Request};
use dke_spec::credential::{CoseKey, Credential, encode};
use dke_spec::cwt::{Claims, issue};
use dke_spec::error::Reject;
use dke_spec::key_schedule::{AeadKey, export};
use dke_spec::node::{self, Accepted, Incoming, Node};
use dke_spec::p256::{encode_x, encode_y, public_key, scalar};
use dke_spec::sha256::sha256;
use dke_spec::weakening::Weakening;
use dke_spec::{gateway, transcript};
use dke_vectors::form::{CredentialKind, EXPORT, Exchange, Inputs, Messages, State, Step, Values};

/// Epoch before the one that the vectors publish.
pub const LAST_EPOCH: u64 = 6;
/// Not after, UNIX seconds.
pub const NOT_AFTER: u64 = 1_900_000_000;
/// The client's clock, UNIX seconds.
pub const NOW: u64 = 1_800_000_000;
/// Depth of the batch.
pub const DEPTH: u64 = 2;
/// Which prekey is offered.
pub const INDEX: u64 = 2;
/// Hex.
pub fn hex(data: &Bytes) -> String {
    hex::encode(data.native_slice())
}

/// Bytes of hex; panics on anything else, since vectors are made by us.
pub fn unhex(text: &str) -> Bytes {
    bytes(&hex::decode(text).expect("vectors are in hex"))
}

/// 32 bytes that look random and are the same each time.
pub fn drawn(label: &str) -> Bytes {
    sha256(&bytes(format!("DKE-v1 vectors: {label}").as_bytes()))
}

/// The COSE_Key of a private key.
pub fn cose_key(key: &Bytes, kid: &[u8]) -> CoseKey {
    let point = public_key(scalar(key).expect("a scalar")).expect("a point");
    CoseKey { kid: bytes(kid), x: encode_x(&point), y: encode_y(&point) }
}

/// A credential of a private key.
pub fn credential(subject: &str, kid: &[u8], key: &Bytes) -> Bytes {
    encode(&Credential { subject: bytes(subject.as_bytes()), key: cose_key(key, kid) })
}

/// All parties and states of one vector, on the side of the specification.
#[derive(Clone)]
pub struct World {
    /// The node before N1.
    pub fresh: Node,
    /// The node after N1.
    pub node: Node,
    /// The client.
    pub client: Client,
    /// Its request.
    pub request: Request,
    /// N1's message.
    pub publication: Bytes,
    /// G2's message.
    pub offer: Bytes,
    /// After C1.
    pub pending: AwaitingConfirm,
    /// After N2.
    pub accepted: Accepted,
    /// The node after N2.
    pub erased: Node,
    /// N3's message.
    pub confirm: Bytes,
}

/// What distinguishes the vectors.
#[derive(Clone, Copy)]
pub struct Kind {
    /// 2 or 3.
    pub suite: u64,
    /// Refresh?
    pub refresh: bool,
    /// A CWT instead of a kid?
    pub cwt: bool,
    /// Early and answer data?
    pub data: bool,
}

impl Kind {
    /// All sixteen.
    pub fn all() -> Vec<Self> {
        let mut kinds = Vec::new();
        for suite in [2, 3] {
            for refresh in [false, true] {
                for cwt in [false, true] {
                    for data in [false, true] {
                        kinds.push(Self { suite, refresh, cwt, data });
                    }
                }
            }
        }
        kinds
    }

    /// suite2-basic-kid-data
    pub fn name(&self) -> String {
        let mode = if self.refresh { "refresh" } else { "basic" };
        let credential = if self.cwt { "cwt" } else { "kid" };
        format!("suite{}-{mode}-{credential}-{}", self.suite, if self.data { "data" } else { "empty" })
    }
}

/// The credential of the authority of all vectors.
pub fn authority_credential() -> Bytes {
    credential("authority", b"A1", &drawn("authority"))
}

/// The node of all vectors, before N1.
pub fn node() -> Node {
    let key = drawn("node");
    Node {
        credential: credential("lock.example", b"N", &key),
        key,
        insist_on_refresh: false,
        last_epoch: LAST_EPOCH,
        batches: vec![],
        outbox: vec![],
        clients: vec![credential("alice", b"C", &drawn("client"))],
        authorities: vec![authority_credential()],
        weakening: Weakening::NONE,
        remains: vec![],
    }
}

/// The CWT of all vectors, or one with other claims.
pub fn token(audience: &str, epoch_max: u64, kid: &[u8], signer: &str) -> Bytes {
    let claims = Claims {
        subject: bytes(b"bob"),
        audience: bytes(audience.as_bytes()),
        key: cose_key(&drawn("client"), b"B"),
        epoch_max,
    };
    issue(&Weakening::NONE, scalar(&drawn(signer)).expect("a scalar"), &bytes(kid), &claims).expect("a signature")
}

/// Runs the exchange of one kind.
pub fn world(kind: Kind) -> World {
    let fresh = node();
    let ys: Vec<Bytes> = (0..1 << DEPTH).map(|i| drawn(&format!("y_{i}"))).collect();
    let token_bytes = drawn("token").slice(0, 16);
    let (node, publication) = node::publish(&fresh, kind.suite, DEPTH, NOT_AFTER, &token_bytes, &ys).expect("N1");
    let offer = gateway::offer(&publication, &node.credential, INDEX).expect("G2");
    let key = drawn("client");
    let client = if kind.cwt {
        client::with_cwt(&token("lock.example", 9, b"A1", "authority"), &key)
    } else {
        client::pinned(&node.clients[0], &key)
    };
    let client = client.expect("a client");
    let request = Request {
        node: node.credential.clone(),
        highest_epoch: LAST_EPOCH,
        now: NOW,
        refresh: kind.refresh,
        early_data: bytes(if kind.data { b"unlock the door" } else { b"" }),
        x: drawn("x"),
    };
    let pending = client::initiate(&client, &request, &offer).expect("C1");
    let (erased, incoming) = node::accept(&node, &pending.initiate).expect("N2");
    let Incoming::Accepted(accepted) = incoming else { panic!("N2 accepts") };
    let answer = bytes(if kind.data { b"unlocked" } else { b"" });
    let (_, confirmed) = node::confirm(&erased, &accepted, &answer, &drawn("z")).expect("N3");
    World {
        fresh,
        node,
        client,
        request,
        publication,
        offer,
        pending,
        accepted: *accepted,
        erased,
        confirm: confirmed.confirm,
    }
}

/// The vector of one kind.
pub fn exchange(kind: Kind) -> Exchange {
    let world = world(kind);
    let pending = &world.pending;
    let established = client::finish(pending, &world.confirm).expect("C2");
    let initiate = dke_spec::message::parse_initiate(&pending.initiate).expect("an Initiate");
    let confirm = dke_spec::message::parse_confirm(&world.confirm).expect("a Confirm");
    let batch = &world.node.batches[0];
    let (label, context, length) = EXPORT;
    let exported =
        |secret: &Bytes| hex(&export(secret, &bytes(label.as_bytes()), &bytes(context), length).expect("in range"));
    let fingerprint = |secret: &Bytes| hex(&export(secret, &bytes(b"fingerprint"), &bytes(&[]), 8).expect("in range"));
    let key = |key: &AeadKey| (hex(&key.key), hex(&key.nonce));
    let (id_key, id_nonce) = key(&pending.id_key);
    let (early_data_key, early_data_nonce) = key(&pending.early_data_key);
    let (confirm_key, confirm_nonce) = key(&established.confirm_key);
    assert!(transcript::th_5(&established.th_4, &confirm.ct_3) == established.th_5);
    Exchange {
        name: kind.name(),
        suite: kind.suite,
        mode: established.mode,
        credential_kind: if kind.cwt { CredentialKind::Cwt } else { CredentialKind::Kid },
        inputs: Inputs {
            node_credential: hex(&world.node.credential),
            node_key: hex(&world.node.key),
            client_credential: hex(&world.client.credential),
            pinned_credential: hex(&world.node.clients[0]),
            client_key: hex(&world.client.key),
            id_cred: hex(&world.client.id_cred),
            authority_credential: hex(&authority_credential()),
            authority_key: hex(&drawn("authority")),
            last_epoch: LAST_EPOCH,
            not_after: NOT_AFTER,
            depth: DEPTH,
            token: hex(&batch.token),
            prekeys: batch.prekeys.iter().map(|prekey| hex(prekey.y.as_ref().expect("not used yet"))).collect(),
            index: INDEX,
            now: NOW,
            refresh: kind.refresh,
            early_data: hex(&world.request.early_data),
            x: hex(&world.request.x),
            answer: hex(&established.answer),
            z: hex(&drawn("z")),
        },
        messages: Messages {
            publication: hex(&world.publication),
            offer: hex(&world.offer),
            initiate: hex(&pending.initiate),
            confirm: hex(&world.confirm),
        },
        values: Values {
            header: hex(&batch.header),
            es: hex(&pending.es),
            ss: hex(&pending.ss),
            ee: hex(&established.ee),
            th_0: hex(&pending.th_0),
            th_1: hex(&pending.th_1),
            prk_1: hex(&pending.prk_1),
            id_key,
            id_nonce,
            ct_1: hex(&initiate.ct_1),
            th_2: hex(&pending.th_2),
            prk_2: hex(&pending.prk_2),
            early_data_key,
            early_data_nonce,
            ct_2: hex(&initiate.ct_2),
            th_3: hex(&pending.th_3),
            early_secret: hex(&pending.early_secret),
            early_export: exported(&pending.early_secret),
            early_fingerprint: fingerprint(&pending.early_secret),
            th_4: hex(&established.th_4),
            prk_3: hex(&established.prk_3),
            confirm_key,
            confirm_nonce,
            ct_3: hex(&confirm.ct_3),
            th_5: hex(&established.th_5),
            session_secret: hex(&established.session_secret),
            session_export: exported(&established.session_secret),
            session_fingerprint: fingerprint(&established.session_secret),
        },
    }
}

/// What the specification says of a message at a step, in the state that the vector names.
pub fn judge(world: &World, step: Step, state: State, message: &Bytes) -> Option<Reject> {
    match step {
        Step::G1 => gateway::check_publication(message, &world.node.credential, LAST_EPOCH, NOW).err(),
        Step::C1 => client::check_offer(&Weakening::NONE, message, &world.request).err(),
        Step::N2 => {
            let node = if state == State::Erased { &world.erased } else { &world.node };
            node::accept(node, message).err()
        }
        Step::C2 => client::finish(&world.pending, message).err(),
    }
}
