//! Every function of `dke` that touches a secret, on one backend.

use crate::log::Log;
use crate::requests::{public, secret};
use crate::watched::{Exports, Watched};
use crate::world::{Identity, Secrets, Store};
use dke::authority::Grant;
use dke::client::{AwaitingConfirm, Client, Request};
use dke::crypto::{AeadKeys, Crypto, Scalar, Sha256};
use dke::key_schedule::{EarlySecret, SessionSecret};
use dke::message::Publication;
use dke::node::{Incoming, Node, Plan};
use dke::params::{CONFIRM_MAX, CWT_MAX, DATA_MAX, INITIATE_MAX, OFFER_MAX, PUBLICATION_MAX};
use dke::store::Pins;
use dke::{Depth, Mode, Suite, gateway};

const INDEX: u8 = 2;

/// What both ends of an exchange have, secret.
pub struct Ends {
    /// Both ends'.
    pub early: Exports<EarlySecret>,
    /// Both ends'.
    pub session: Exports<SessionSecret>,
}

/// The backend's own functions, and whole exchanges: both suites, both modes, with pinned clients and vouched ones.
pub fn check<C: Crypto>(log: &mut Log) -> Ends {
    primitives::<C>(log);
    exchange::<C>(log, Suite::AesCcm16, Mode::Basic, true);
    exchange::<C>(log, Suite::AesCcm8, Mode::Basic, false);
    exchange::<C>(log, Suite::AesCcm8, Mode::Refresh, false)
}

fn primitives<C: Crypto>(log: &mut Log) {
    let mut bytes = [7; 32];
    secret(&mut bytes);
    log.check("Scalar::from_bytes", || Scalar::from_bytes(&bytes)).expect("a scalar");
    let s = log.check("Scalar::draw", || Scalar::draw(&mut Secrets(0))).expect("a scalar");
    log.check("public_key", || C::public_key(&s));
    let mut coordinates = log.check("coordinates", || C::coordinates(&s));
    public(&mut coordinates);
    let point = C::point(&coordinates).expect("on the curve");
    let shared = log.check("agree", || C::agree(&s, &point));
    log.check("sign", || C::sign(&s, &[7; 32]));
    log.check("sha256", || C::sha256(&bytes));
    log.check("sha256 in parts", || {
        let mut hash = C::Sha256::new();
        hash.update(&bytes);
        hash.update(&bytes);
        hash.finish()
    });
    let prk = log.check("extract", || C::extract(&bytes, &shared));
    log.check("expand", || C::expand(&prk, &[b"info", b"in parts"], &mut [0; 42]));
    for (suite, seal, open) in
        [(Suite::AesCcm8, "seal, 8 bytes", "open, 8 bytes"), (Suite::AesCcm16, "seal, 16 bytes", "open, 16 bytes")]
    {
        let mut keys = AeadKeys { key: [1; 16], nonce: [2; 13] };
        secret(&mut keys.key);
        secret(&mut keys.nonce);
        let mut buffer = bytes;
        log.check(seal, || C::seal(suite, &keys, b"aad", &mut buffer));
        public(&mut buffer);
        let (ciphertext, tag) = buffer.split_at_mut(32 - suite.tag());
        log.check(open, || C::open(suite, &keys, b"aad", ciphertext, tag));
    }
}

fn exchange<C: Crypto>(log: &mut Log, suite: Suite, mode: Mode, vouched: bool) -> Ends {
    let form = match (mode, vouched) {
        (Mode::Basic, true) => "vouched",
        (Mode::Basic, false) => "basic",
        (Mode::Refresh, _) => "refresh",
    };
    let log = &mut log.under(form);
    let (node_id, client_id) =
        (Identity::new::<Watched<C>>("node", b"n", 1), Identity::new::<Watched<C>>("client", b"c", 2));
    let authority_id = Identity::new::<Watched<C>>("authority", b"a", 3);
    let (mut store, mut rng) = (Store::default(), Secrets(4));

    let node: Node<'_, Watched<C>> = Node::with_crypto(node_id.credential(), &node_id.key, false);
    let plan = Plan { suite, depth: Depth::new(3).expect("a depth"), not_after: 10 };
    let mut publication = [0; PUBLICATION_MAX];
    let published =
        log.check("Node::publish", || node.publish(&mut store, &plan, &mut rng, &mut publication)).expect("published");
    public(&mut publication);
    log.check("Node::republish", || node.republish(&store, &mut [0; PUBLICATION_MAX])).expect("published");
    let mut offer = [0; OFFER_MAX];
    let len =
        gateway::offer(&publication[..published], node_id.credential().hash(), INDEX, &mut offer).expect("offered");
    let offer = &offer[..len];

    let mut cwt = [0; CWT_MAX];
    let client_credential = client_id.credential();
    let grant = Grant { client: &client_credential, audience: "node", epoch_max: 5 };
    let len = log
        .check("authority::issue", || dke::authority::issue(&authority_id.key, b"a", &grant, &mut cwt))
        .expect("issued");
    public(&mut cwt);
    let client: Client<'_, Watched<C>> = match vouched {
        true => Client::vouched_with_crypto(&cwt[..len], &client_id.key).expect("a CWT"),
        false => Client::pinned_with_crypto(&client_credential, &client_id.key),
    };
    let mut data = *b"secret data";
    secret(&mut data);
    let request = Request { mode, early_data: &data, now: 1 };
    let mut initiate = [0; INITIATE_MAX];
    let node_credential = node_id.credential();
    let begun = log.check("Client::initiate", || {
        client.initiate(&mut Store::default(), &node_credential, offer, &request, &mut rng, &mut initiate)
    });
    let begun = begun.expect("initiated");
    let stored = log.check("AwaitingConfirm::to_bytes", || begun.awaiting.to_bytes());
    let awaiting = log.check("AwaitingConfirm::from_bytes", || AwaitingConfirm::<Watched<C>>::from_bytes(&stored));
    let awaiting = awaiting.expect("stored");
    let early = log.check("AwaitingConfirm::early_secret", || awaiting.early_secret());

    let token = store.token();
    let header =
        Publication::parse(&publication[..published]).and_then(|message| message.batch.header(node_credential.hash()));
    let header = header.expect("a header");
    let mut checked = log.check("gateway::check_token", || gateway::check_token(&token, &header.mailbox));
    public(&mut checked);
    checked.expect("the token");

    let (clients, authorities) = ([client_id.credential()], [authority_id.credential()]);
    let pins = Pins::new(if vouched { &[] } else { &clients }, &authorities).expect("different");
    let mut buffer = [0; CONFIRM_MAX];
    let incoming = log.check("Node::accept", || node.accept(&mut store, &pins, &initiate[..begun.len], &mut buffer));
    let Ok(Incoming::Accepted(accepted)) = incoming else { panic!("not accepted") };
    log.check("Accepted::early_secret", || accepted.early_secret());
    let mut confirm = [0; CONFIRM_MAX];
    let confirmed = log.check("Accepted::confirm", || accepted.confirm(&mut store, &data, &mut rng, &mut confirm));
    let confirmed = confirmed.map_err(|failed| failed.error).expect("confirmed");

    let mut answer = [0; DATA_MAX];
    let done = log.check("AwaitingConfirm::finish", || {
        awaiting.finish(&mut Store::default(), &confirm[..confirmed.len], &mut answer)
    });
    let session = done.map_err(|failed| failed.error).expect("finished").session.secret;
    log.check("SessionSecret::export", || session.export("label", b"context", &mut [0; 40])).expect("exported");
    log.check("EarlySecret::export", || early.export("label", b"context", &mut [0; 40])).expect("exported");
    log.check("SessionSecret::fingerprint", || session.fingerprint());
    log.check("EarlySecret::fingerprint", || early.fingerprint());
    Ends { early: Exports(early), session: Exports(session) }
}
