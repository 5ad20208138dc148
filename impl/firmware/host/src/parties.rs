//! All parties but the node: the factory, the gateway, clients and the authority.

use dke::client::{AwaitingConfirm, Client, Request};
use dke::gateway::{self, Known};
use dke::params::{CONFIRM_MAX, CREDENTIAL_MAX, CWT_MAX, DATA_MAX, INITIATE_MAX, OFFER_MAX};
use dke::ram::RamClient;
use dke::{Credential, Crypto, Mode, RustCrypto, Scalar, authority, credential};
use dke_link::Random;

/// Before every batch's not_after.
pub const NOW: u64 = 1_900_000_000;
/// Of every batch.
pub const NOT_AFTER: u64 = 2_000_000_000;

/// A key and its credential.
pub struct Party {
    /// ES256 or ECDH.
    pub key: Scalar,
    /// Encoded.
    pub credential: Vec<u8>,
}

impl Party {
    /// With a fixed key, of 32 such bytes.
    pub fn new(subject: &str, kid: &[u8], key: u8) -> Party {
        let key = Scalar::from_bytes(&[key; 32]).expect("a scalar");
        let mut out = [0; CREDENTIAL_MAX];
        let length = credential::encode(subject, kid, &RustCrypto::coordinates(&key), &mut out).expect("fits");
        Party { key, credential: out[..length].to_vec() }
    }

    /// Read.
    pub fn credential(&self) -> Credential<'_> {
        Credential::parse(&self.credential).expect("well-formed")
    }
}

/// All that the tests have to do with.
pub struct Parties {
    /// The node, as the factory made it.
    pub node: Party,
    /// Pinned by the node.
    pub client: Party,
    /// Not pinned, of the longest names.
    pub guest: Party,
    /// Pinned by the node.
    pub authority: Party,
    /// Randomness of the clients.
    pub random: Random,
}

/// A client's exchange under way.
pub struct Exchange {
    /// The message.
    pub initiate: Vec<u8>,
    /// The client's state.
    pub awaiting: AwaitingConfirm,
    store: RamClient<1, 1>,
}

impl Parties {
    /// The same ones, with randomness by this seed.
    pub fn new(seed: u8) -> Parties {
        Parties {
            node: Party::new("door", b"n1", 0x11),
            client: Party::new("phone", b"c1", 0x22),
            guest: Party::new(&"g".repeat(64), &[0x67; 16], 0x33),
            authority: Party::new("authority", &[0x61; 16], 0x44),
            random: Random::new([seed; 32]),
        }
    }

    /// The factory's page; the node's `factory` module says how it is read.
    pub fn factory_page(&self, insist_on_refresh: bool) -> Vec<u8> {
        let mut page = [self.node.key.expose().as_slice(), &[insist_on_refresh.into()]].concat();
        for party in [&self.node, &self.client] {
            page.push(u8::try_from(party.credential.len()).expect("short"));
            page.extend(&party.credential);
        }
        page.push(0);
        page.push(u8::try_from(self.authority.credential.len()).expect("short"));
        page.extend(&self.authority.credential);
        page.push(0);
        page
    }

    /// A1: a CWT for the guest.
    pub fn cwt(&self, audience: &str, epoch_max: u64) -> Vec<u8> {
        let (guest, own) = (self.guest.credential(), self.authority.credential());
        let grant = authority::Grant { client: &guest, audience, epoch_max };
        let mut out = [0; CWT_MAX];
        let length = authority::issue(&self.authority.key, own.kid(), &grant, &mut out).expect("fits");
        out[..length].to_vec()
    }

    /// G1: the gateway takes this Publication, the newest so far.
    pub fn check_publication(&self, publication: &[u8], highest_epoch: u64) {
        let known = Known { publications: &[], highest_epoch };
        gateway::verify_publication::<RustCrypto>(publication, &self.node.credential(), &known, NOW)
            .expect("a good Publication");
    }

    /// C1 by the pinned client.
    pub fn initiate(&mut self, publication: &[u8], index: u8, mode: Mode, early_data: &[u8]) -> Exchange {
        let (credential, key) = (self.client.credential.clone(), self.client.key.clone());
        let credential = Credential::parse(&credential).expect("well-formed");
        self.exchange(&Client::pinned(&credential, &key), publication, index, mode, early_data)
    }

    /// C1 by the guest, with this CWT.
    pub fn initiate_vouched(
        &mut self,
        cwt: &[u8],
        publication: &[u8],
        index: u8,
        mode: Mode,
        early_data: &[u8],
    ) -> Exchange {
        let key = self.guest.key.clone();
        let client = Client::vouched(cwt, &key).expect("a CWT");
        self.exchange(&client, publication, index, mode, early_data)
    }

    /// C1 by any client.
    pub fn exchange(
        &mut self,
        client: &Client<'_>,
        publication: &[u8],
        index: u8,
        mode: Mode,
        early_data: &[u8],
    ) -> Exchange {
        let node = self.node.credential();
        let (mut offer, mut initiate) = ([0; OFFER_MAX], [0; INITIATE_MAX]);
        let length = gateway::offer(publication, node.hash(), index, &mut offer).expect("an Offer");
        let mut store = RamClient::new();
        let request = Request { mode, early_data, now: NOW };
        let begun = client
            .initiate(&mut store, &node, &offer[..length], &request, &mut self.random, &mut initiate)
            .expect("a good Offer");
        Exchange { initiate: initiate[..begun.len].to_vec(), awaiting: begun.awaiting, store }
    }
}

impl Exchange {
    /// C2: the answer, the mode and the session's fingerprint, or the name of the rejection.
    pub fn finish(mut self, confirm: &[u8]) -> Result<(Vec<u8>, Mode, [u8; 8]), &'static str> {
        assert!(confirm.len() <= CONFIRM_MAX);
        let mut answer = [0; DATA_MAX];
        let done = self.awaiting.finish(&mut self.store, confirm, &mut answer).map_err(|failed| failed.error.name())?;
        Ok((done.answer.to_vec(), done.session.mode, done.session.secret.fingerprint()))
    }
}
