//! What must hold whatever arrives. Each target receives its input where an exchange of the vectors waits for a message.

use crate::{exchanges, unhex};
use dke::call::{Call, Outcome};
use dke::client::{AWAITING, AwaitingConfirm};
use dke::credential::encode;
use dke::cwt::{Cwt, IdCred};
use dke::message::{Initiate, Offer, Publication};
use dke::params::{CREDENTIAL_MAX, DATA_MAX};
use dke::store::NodeStore;
use dke::{Credential, Error, Misuse, Reject, RustCrypto};
use dke_vectors::form::Exchange;
use dke_vectors::parties::{Parties, Store};
use std::cell::RefCell;

fn vector(name: &str) -> Exchange {
    exchanges().into_iter().find(|vector| vector.name == name).expect("there is such a vector")
}

fn parties(vector: &Exchange) -> Parties {
    Parties::new(vector).expect("a good vector")
}

/// G1: what is accepted is the node's own Publication, and gives an Offer. (A signature is malleable; all else is signed.)
pub fn publication(data: &[u8]) {
    thread_local!(static SITUATIONS: [(Parties, Vec<u8>); 2] =
    ["suite2-basic-kid-data", "suite3-basic-kid-data"].map(vector).map(|vector| {
        (parties(&vector), unhex(&vector.messages.publication))
    }));
    let Ok(read) = Publication::parse(data) else { return };
    SITUATIONS.with(|situations| {
        if situations[0].0.verify::<RustCrypto>(data).is_ok() {
            situations[0].0.offer(data).expect("it was verified");
            assert!(situations.iter().any(|(_, good)| {
                Publication::parse(good).is_ok_and(|good| (good.batch.header, good.ys) == (read.batch.header, read.ys))
            }));
        }
    });
}

/// C1: what is accepted leads to an Initiate of the right form over that prekey.
pub fn offer(data: &[u8]) {
    thread_local!(static PARTIES: Parties = parties(&vector("suite2-refresh-kid-data")));
    PARTIES.with(|parties| {
        if let Ok((initiate, awaiting)) = parties.initiate::<RustCrypto>(data) {
            let (offer, initiate) = (Offer::parse(data).expect("accepted"), Initiate::parse(&initiate).expect("own"));
            assert_eq!((offer.index, awaiting.epoch()), (initiate.index, initiate.epoch));
        }
    });
}

/// A node that waits for Initiates, and those that are on their way to it.
struct Waiting {
    parties: Parties,
    store: Store,
    good: Vec<Vec<u8>>,
}

impl Waiting {
    fn new(suite: u64) -> Self {
        let vectors: Vec<Exchange> = exchanges().into_iter().filter(|vector| vector.suite == suite).collect();
        let parties = parties(&vectors[0]);
        let good = vectors.iter().map(|vector| unhex(&vector.messages.initiate)).collect();
        Waiting { store: published(&parties), parties, good }
    }

    /// Which prekeys are there, for both epochs that could have any.
    fn prekeys(&self) -> Vec<bool> {
        let epoch = self.store.last_epoch().expect("sound");
        let at = |epoch, index| self.store.prekey(epoch, index).expect("sound").is_some_and(|y| y.secret.is_some());
        (0..=255).flat_map(|index| [at(epoch - 1, index), at(epoch, index)]).collect()
    }
}

fn published(parties: &Parties) -> Store {
    let mut store = parties.store().expect("room");
    parties.publish::<RustCrypto>(&mut store).expect("room");
    store
}

/// N2 and N3, in both suites: what is rejected changes nothing; what is accepted is accepted once, and is on its way to the node.
pub fn initiate(data: &[u8]) {
    thread_local!(static NODES: RefCell<[Waiting; 2]> = RefCell::new([2, 3].map(Waiting::new)));
    NODES.with_borrow_mut(|nodes| {
        for node in nodes {
            let before = node.prekeys();
            match node.parties.answer::<RustCrypto>(&mut node.store, data) {
                Ok(_) => {
                    assert!(node.good.iter().any(|good| good == data));
                    let left = |prekeys: Vec<bool>| prekeys.into_iter().filter(|left| *left).count();
                    assert_eq!(left(before), left(node.prekeys()) + 1);
                    let again = node.parties.answer::<RustCrypto>(&mut node.store, data);
                    assert_eq!(again.err(), Some(Reject::PrekeyConsumed.into()));
                    node.store = published(&node.parties);
                }
                Err(_) => assert_eq!(before, node.prekeys()),
            }
        }
    });
}

/// C2, in both suites and modes: only the right Confirm ends the exchange, any other leaves it as it was.
pub fn confirm(data: &[u8]) {
    thread_local!(static PENDING: Vec<(Parties, [u8; AWAITING], Vec<u8>)> =
        exchanges().iter().filter(|vector| vector.name.ends_with("kid-data")).map(|vector| {
            let parties = parties(vector);
            let (_, awaiting) = parties.initiate::<RustCrypto>(&unhex(&vector.messages.offer)).expect("a good Offer");
            (parties, *awaiting.to_bytes(), unhex(&vector.messages.confirm))
        }).collect());
    PENDING.with(|pending| {
        for (parties, state, good) in pending {
            let awaiting = AwaitingConfirm::<RustCrypto>::from_bytes(state).expect("as stored");
            match parties.finish(awaiting, data) {
                Ok(_) => assert_eq!(data, good.as_slice()),
                Err(failed) => assert_eq!(*failed.state.to_bytes(), *state),
            }
        }
    });
}

/// A credential that is read is the one that would be written: there is one encoding only.
pub fn credential(data: &[u8]) {
    if let Ok(read) = Credential::parse(data) {
        let mut out = [0; CREDENTIAL_MAX];
        let len = encode(read.subject(), read.kid(), read.key(), &mut out).expect("of the right form");
        assert_eq!(out.get(..len), Some(data));
    }
}

/// A CWT: as the node reads it, and, where it is of the right form, as it arrives in an Initiate.
pub fn cwt(data: &[u8]) {
    thread_local!(static VECTOR: Exchange = vector("suite2-basic-cwt-data"));
    let _ = IdCred::parse(data);
    let Ok(cwt) = Cwt::parse(data) else { return };
    VECTOR.with(|good| {
        let mut vector = good.clone();
        vector.inputs.id_cred = format!("a10d{}", hex::encode(data));
        let Ok(parties) = Parties::new(&vector) else {
            assert!(cwt.protected().is_err() || cwt.claims().is_err());
            return;
        };
        match parties.initiate::<RustCrypto>(&unhex(&good.messages.offer)) {
            Ok((initiate, _)) => {
                if parties.answer::<RustCrypto>(&mut published(&parties), &initiate).is_ok() {
                    let own = unhex(&good.inputs.id_cred).split_off(2);
                    let own = Cwt::parse(&own).expect("a good CWT");
                    assert_eq!((own.protected, own.payload), (cwt.protected, cwt.payload));
                }
            }
            // Another alg than ES256 takes more bytes than an ID_CRED has.
            Err(error) => assert_eq!(error, Error::Caller(Misuse::BufferTooSmall)),
        }
    });
}

/// A Call or an Outcome that is read is the one that would be written: there is one encoding only.
pub fn call(data: &[u8]) {
    let mut out = [0; DATA_MAX];
    if let Ok(call) = Call::parse(data) {
        let len = call.write(&mut out).expect("of the right form");
        assert_eq!(out.get(..len), Some(data));
    }
    if let Ok(outcome) = Outcome::parse(data) {
        let len = outcome.write(&mut out).expect("of the right form");
        assert_eq!(out.get(..len), Some(data));
    }
}
