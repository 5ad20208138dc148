//! The parties of a vector, ready to do the protocol's steps on its inputs.

use crate::form::{CredentialKind, Exchange};
use crate::{Given, Mismatch};
use dke::authority::{Grant, issue};
use dke::client::{AWAITING, AwaitingConfirm, Client, Request};
use dke::cwt::Cwt;
use dke::gateway::{self, Known, verify_publication};
use dke::node::{Incoming, Node, Plan};
use dke::params::{
    CONFIRM_MAX, CREDENTIAL_MAX, CWT_MAX, DATA_MAX, INITIATE_MAX, KEY, OFFER_MAX, PREKEYS_MAX, PUBLICATION_MAX, TOKEN,
};
use dke::ram::{Full, RamClient, RamNode};
use dke::store::{Batch, ClientStore, NodeStore, Pending, Pins};
use dke::{
    Credential, Crypto, Depth, Error, Failed, Misuse, Mode, Reject, RustCrypto, Scalar, Session, Suite, credential,
};

/// The node's memory: the largest batch, and one Confirm.
pub type Store = Box<RamNode<PREKEYS_MAX, 1>>;

/// All inputs of a vector, as the implementation takes them.
pub struct Parties {
    pub(crate) suite: Suite,
    pub(crate) mode: Mode,
    pub(crate) index: u8,
    pub(crate) node_credential: Vec<u8>,
    node_key: Scalar,
    pub(crate) client_credential: Vec<u8>,
    pub(crate) cwt: Option<Vec<u8>>,
    pub(crate) client_key: Scalar,
    pub(crate) id_cred: Vec<u8>,
    pub(crate) authority: Vec<u8>,
    pub(crate) authority_key: Scalar,
    pinned: Vec<u8>,
    last_epoch: u64,
    not_after: u64,
    depth: Depth,
    token: Vec<u8>,
    pub(crate) prekeys: Vec<Scalar>,
    now: u64,
    pub(crate) early_data: Vec<u8>,
    pub(crate) x: Scalar,
    pub(crate) answer: Vec<u8>,
    pub(crate) z: Scalar,
}

/// What the node made of an Initiate that it accepted.
pub struct Answered {
    /// Of N2.
    pub early: dke::key_schedule::EarlySecret,
    /// Of N2.
    pub early_data: Vec<u8>,
    /// Of N3.
    pub confirm: Vec<u8>,
    /// Of N3.
    pub session: Session,
}

impl Parties {
    /// Reads the inputs: [`Mismatch::Form`] where one is not what it should be.
    pub fn new(vector: &Exchange) -> Result<Parties, Mismatch> {
        let form = |member| Mismatch::Form { vector: vector.name.clone(), member };
        let bytes = |member, text: &str| hex::decode(text).map_err(|_| form(member));
        let credential = |member, text: &str| {
            let bytes = bytes(member, text)?;
            Credential::own(&bytes).map_err(|_| form(member))?;
            Ok(bytes)
        };
        let scalar = |member, text: &str| {
            let bytes: [u8; KEY] = bytes(member, text)?.try_into().map_err(|_| form(member))?;
            Scalar::from_bytes(&bytes).map_err(|_| form(member))
        };
        let inputs = &vector.inputs;
        let mode = if inputs.refresh { Mode::Refresh } else { Mode::Basic };
        if Mode::from_id(vector.mode) != Some(mode) {
            return Err(form("mode"));
        }
        let depth = Depth::new(inputs.depth).ok_or(form("inputs.depth"))?;
        if inputs.prekeys.len() != usize::from(depth.prekeys()) {
            return Err(form("inputs.prekeys"));
        }
        let prekeys: Result<Vec<Scalar>, Mismatch> =
            inputs.prekeys.iter().map(|y| scalar("inputs.prekeys", y)).collect();
        let id_cred = bytes("inputs.id_cred", &inputs.id_cred)?;
        let (client_credential, cwt) = match vector.credential_kind {
            CredentialKind::Kid => (credential("inputs.client_credential", &inputs.client_credential)?, None),
            CredentialKind::Cwt => {
                // { 13: CWT }
                let cwt = id_cred.strip_prefix(&[0xa1, 0x0d]).ok_or(form("inputs.id_cred"))?;
                (bytes("inputs.client_credential", &inputs.client_credential)?, Some(cwt.to_vec()))
            }
        };
        let parties = Parties {
            suite: Suite::from_id(vector.suite).ok_or(form("suite"))?,
            mode,
            index: depth.index(inputs.index).ok_or(form("inputs.index"))?,
            node_credential: credential("inputs.node_credential", &inputs.node_credential)?,
            node_key: scalar("inputs.node_key", &inputs.node_key)?,
            client_credential,
            cwt,
            client_key: scalar("inputs.client_key", &inputs.client_key)?,
            id_cred,
            authority: credential("inputs.authority_credential", &inputs.authority_credential)?,
            authority_key: scalar("inputs.authority_key", &inputs.authority_key)?,
            pinned: credential("inputs.pinned_credential", &inputs.pinned_credential)?,
            last_epoch: inputs.last_epoch,
            not_after: inputs.not_after,
            depth,
            token: bytes("inputs.token", &inputs.token)?,
            prekeys: prekeys?,
            now: inputs.now,
            early_data: bytes("inputs.early_data", &inputs.early_data)?,
            x: scalar("inputs.x", &inputs.x)?,
            answer: bytes("inputs.answer", &inputs.answer)?,
            z: scalar("inputs.z", &inputs.z)?,
        };
        if parties.token.len() != TOKEN {
            return Err(form("inputs.token"));
        }
        // A client refuses a CWT that is not of the right form.
        parties.client::<RustCrypto>().map_err(|_| form("inputs.id_cred"))?;
        Ok(parties)
    }

    /// The node, whose policy is not to insist on refresh.
    pub fn node<C: Crypto>(&self) -> Result<Node<'_, C>, Misuse> {
        Ok(Node::with_crypto(Credential::own(&self.node_credential)?, &self.node_key, false))
    }

    /// The client.
    pub fn client<C: Crypto>(&self) -> Result<Client<'_, C>, Misuse> {
        match &self.cwt {
            Some(cwt) => Client::vouched_with_crypto(cwt, &self.client_key),
            None => Ok(Client::pinned_with_crypto(&Credential::own(&self.client_credential)?, &self.client_key)),
        }
    }

    /// A1: the CWT, issued again from its claims; `None` if the client has none.
    pub fn issue(&self) -> Result<Option<Vec<u8>>, Misuse> {
        let Some(cwt) = &self.cwt else { return Ok(None) };
        let claims = Cwt::parse(cwt).and_then(|cwt| cwt.claims()).map_err(|_| Misuse::InvalidCredential)?;
        let mut client = [0; CREDENTIAL_MAX];
        let len = credential::encode(claims.subject, claims.kid, &claims.key, &mut client)?;
        let client = Credential::own(&client[..len])?;
        let grant = Grant { client: &client, audience: claims.audience, epoch_max: claims.epoch_max };
        let mut out = vec![0; CWT_MAX];
        let len = issue(&self.authority_key, Credential::own(&self.authority)?.kid(), &grant, &mut out)?;
        out.truncate(len);
        Ok(Some(out))
    }

    /// The node's memory before N1: `last_epoch` was published, and its batch is gone.
    pub fn store(&self) -> Result<Store, Full> {
        let mut store = Store::default();
        if self.last_epoch > 0 {
            store.commit_batch(self.last_epoch, &Batch::new(&[], [0; TOKEN]).ok_or(Full)?)?;
            store.begin_batch(self.last_epoch)?;
        }
        Ok(store)
    }

    /// N1.
    pub fn publish<C: Crypto>(&self, store: &mut Store) -> Result<Vec<u8>, Error<Full>> {
        let plan = Plan { suite: self.suite, depth: self.depth, not_after: self.not_after };
        let drawn: Vec<u8> = self.prekeys.iter().flat_map(Scalar::expose).copied().collect();
        let mut random = Given::new([self.token.as_slice(), &drawn].concat());
        let mut out = vec![0; PUBLICATION_MAX];
        let len = self.node::<C>()?.publish(&mut **store, &plan, &mut random, &mut out)?;
        out.truncate(len);
        Ok(out)
    }

    /// G1, with nothing stored but the number of the last epoch.
    pub fn verify<C: Crypto>(&self, publication: &[u8]) -> Result<(), Error<Full>> {
        let known = Known { publications: &[], highest_epoch: self.last_epoch };
        let node = Credential::own(&self.node_credential)?;
        verify_publication::<C>(publication, &node, &known, self.now)?;
        Ok(())
    }

    /// G2.
    pub fn offer(&self, publication: &[u8]) -> Result<Vec<u8>, Error<Full>> {
        let node = Credential::own(&self.node_credential)?;
        let mut out = vec![0; OFFER_MAX];
        let len = gateway::offer(publication, node.hash(), self.index, &mut out).map_err(|error| match error {
            Error::Peer(reject) => Error::Peer(reject),
            Error::Caller(misuse) => Error::Caller(misuse),
            Error::Storage(never) => match never {},
        })?;
        out.truncate(len);
        Ok(out)
    }

    /// C1, by a client that has seen `last_epoch`.
    pub fn initiate<C: Crypto>(&self, offer: &[u8]) -> Result<(Vec<u8>, AwaitingConfirm<C>), Error<Full>> {
        let node = Credential::own(&self.node_credential)?;
        let mut store = RamClient::<1, 1>::new();
        let (exchange, node_hash) = (&[0; 32], node.hash());
        let seen = Pending {
            exchange,
            node: node_hash,
            epoch: self.last_epoch,
            index: 0,
            state: &[0; AWAITING],
            initiate: &[],
        };
        store.begin(&seen).and_then(|()| store.end(exchange)).map_err(Error::Storage)?;
        let request = Request { mode: self.mode, early_data: &self.early_data, now: self.now };
        let mut random = Given::new(*self.x.expose());
        let mut out = vec![0; INITIATE_MAX];
        let begun = self.client::<C>()?.initiate(&mut store, &node, offer, &request, &mut random, &mut out)?;
        out.truncate(begun.len);
        Ok((out, begun.awaiting))
    }

    /// N2 and, if it accepts, N3. `PrekeyConsumed` stands for a repeated Initiate, too.
    pub fn answer<C: Crypto>(&self, store: &mut Store, initiate: &[u8]) -> Result<Answered, Error<Full>> {
        let (pinned, authorities) = ([Credential::own(&self.pinned)?], [Credential::own(&self.authority)?]);
        let trust = Pins::new(&pinned, &authorities)?;
        let mut buffer = [0; CONFIRM_MAX];
        let incoming = self.node::<C>()?.accept(&mut **store, &trust, initiate, &mut buffer)?;
        let Incoming::Accepted(accepted) = incoming else { return Err(Reject::PrekeyConsumed.into()) };
        let (early, early_data) = (accepted.early_secret(), accepted.early_data().to_vec());
        let mut random = Given::new(*self.z.expose());
        let mut out = vec![0; CONFIRM_MAX];
        let confirmed =
            accepted.confirm(&mut **store, &self.answer, &mut random, &mut out).map_err(|failed| failed.error)?;
        out.truncate(confirmed.len);
        Ok(Answered { early, early_data, confirm: out, session: confirmed.session })
    }

    /// N4.
    pub fn acknowledged(&self, store: &mut Store) -> Result<(), Error<Full>> {
        let epoch = store.last_epoch().map_err(Error::Storage)?;
        self.node::<RustCrypto>()?.acknowledged(&mut **store, epoch, self.index)
    }

    /// C2. Gives the answer data and the session, or hands the pending exchange back.
    #[allow(clippy::result_large_err, reason = "the state is handed back")]
    pub fn finish<C: Crypto>(
        &self,
        awaiting: AwaitingConfirm<C>,
        confirm: &[u8],
    ) -> Result<(Vec<u8>, Session), Failed<AwaitingConfirm<C>, Full>> {
        let mut buffer = [0; DATA_MAX];
        let established = awaiting.finish(&mut RamClient::<1, 1>::new(), confirm, &mut buffer)?;
        Ok((established.answer.to_vec(), established.session))
    }
}
