//! The node: N1 to N4. Each step maps a state to the next one; on a rejection there is no next one.

use crate::bytes::Bytes;
use crate::cbor::{BSTR, peek_major, read_end, read_map_of};
use crate::cose::{self, Sign1};
use crate::credential::{self, CoseKey, point_of};
use crate::cwt;
use crate::error::Reject;
use crate::fields::{expect_int, read_bstr};
use crate::gateway::batch_protected;
use crate::key_schedule as ks;
use crate::merkle;
use crate::message::{
    Confirm, Header, Initiate, Publication, bound_header, encode_confirm, encode_header, encode_publication,
    parse_header, parse_initiate,
};
use crate::p256::{Scalar, decompress, ecdh, encode_x, public_key, scalar};
use crate::params::{BATCH_AAD, CWT_AAD, DATA_MAX, KCWT, KID_MAX, is_suite, tag_length};
use crate::sha256::sha256;
use crate::transcript as th;
use crate::weakening::Weakening;

/// A one-time prekey; `y` is gone once it has been used.
#[derive(Clone)]
pub struct Prekey {
    /// y, 32 bytes, until it is erased.
    pub y: Option<Bytes>,
    /// Y, 32 bytes.
    pub public: Bytes,
}

/// A batch as the node keeps it.
#[derive(Clone)]
#[allow(missing_docs, reason = "PROTOCOL.md section 8")]
pub struct Batch {
    pub epoch: u64,
    pub suite: u64,
    pub header: Bytes,
    pub token: Bytes,
    pub prekeys: Vec<Prekey>,
}

/// A Confirm that has not been acknowledged.
#[derive(Clone)]
#[allow(missing_docs, reason = "PROTOCOL.md section 8")]
pub struct Stored {
    pub epoch: u64,
    pub index: u64,
    pub initiate: Bytes,
    pub confirm: Bytes,
}

/// Everything that a node keeps.
#[derive(Clone)]
#[allow(missing_docs, reason = "PROTOCOL.md section 8")]
pub struct Node {
    pub credential: Bytes,
    pub key: Bytes,
    pub insist_on_refresh: bool,
    pub last_epoch: u64,
    /// The current batch and the one before it.
    pub batches: Vec<Batch>,
    pub outbox: Vec<Stored>,
    /// Pinned credentials of clients.
    pub clients: Vec<Bytes>,
    /// Pinned credentials of authorities.
    pub authorities: Vec<Bytes>,
    /// None in the protocol.
    pub weakening: Weakening,
    /// PREKEY_KEPT: each y that was erased and can be stolen all the same. Empty in the protocol.
    pub remains: Vec<Bytes>,
}

/// An Initiate that N2 accepted, with all values that led to it.
#[derive(Clone)]
#[allow(missing_docs, reason = "the names are those of PROTOCOL.md section 6")]
pub struct Accepted {
    pub suite: u64,
    pub epoch: u64,
    pub index: u64,
    pub mode: u64,
    pub x: Bytes,
    pub client: Bytes,
    pub early_data: Bytes,
    pub th_3: Bytes,
    pub prk_2: Bytes,
    pub early_secret: Bytes,
    pub initiate: Bytes,
}

/// What N2 says of an Initiate that it does not reject.
#[derive(Clone)]
pub enum Incoming {
    /// It is the repetition of one that was answered; the same Confirm again.
    Repeated(Bytes),
    /// It is accepted; the prekey has been erased.
    Accepted(Box<Accepted>),
}

/// Is y of this prekey gone, and its batch still there?
pub fn is_erased(node: &Node, epoch: u64, index: u64) -> bool {
    let mut erased = false;
    for batch in &node.batches {
        if batch.epoch == epoch && index < batch.prekeys.len() as u64 {
            erased = batch.prekeys[index as usize].y.is_none();
        }
    }
    erased
}

/// What holds of a node's state before and after every step: at most two batches, the newest first, epochs without a gap, and in
/// the outbox only answers to exchanges whose y is gone.
pub fn is_consistent(node: &Node) -> bool {
    let mut consistent = node.batches.len() <= 2;
    for i in 0..node.batches.len() {
        let (batch, count) = (&node.batches[i], node.batches[i].prekeys.len());
        let depth = count.trailing_zeros() as usize;
        consistent = consistent
            && is_suite(batch.suite)
            && 1 <= batch.epoch
            && batch.epoch + i as u64 == node.last_epoch
            && merkle::is_batch(count, depth);
    }
    for stored in &node.outbox {
        consistent = consistent && is_erased(node, stored.epoch, stored.index);
    }
    consistent
}

/// N1: epoch = last epoch + 1. Returns the next state and the Publication. `ys` are 2^depth random scalars.
#[hax_lib::requires(is_suite(suite) && is_consistent(node))]
#[hax_lib::ensures(|result| match result {
    Ok((next, _)) => is_consistent(&next) && next.last_epoch - 1 == node.last_epoch,
    Err(_) => true,
})]
pub fn publish(
    node: &Node,
    suite: u64,
    depth: u64,
    not_after: u64,
    token: &Bytes,
    ys: &[Bytes],
) -> Result<(Node, Bytes), Reject> {
    let epoch = node.last_epoch.checked_add(1).ok_or(Reject::EpochExhausted)?;
    let mut prekeys = Vec::new();
    let mut keys = Vec::new();
    let mut all_scalars = ys.len() == 1 << depth;
    for y in ys {
        match scalar(y).and_then(public_key) {
            Ok(point) => {
                let public = encode_x(&point);
                keys.push(public.clone());
                prekeys.push(Prekey { y: Some(y.clone()), public });
            }
            Err(_) => all_scalars = false,
        }
    }
    if !all_scalars {
        Err(Reject::BrokenRandomness)
    } else {
        let header = encode_header(&Header {
            suite,
            node: sha256(&node.credential),
            epoch,
            not_after,
            depth,
            root: merkle::root(&node.weakening, &keys, depth as usize),
            mailbox: sha256(token),
        });
        let mut next = node.clone();
        next.last_epoch = epoch;
        next.batches = Vec::new();
        next.batches.push(Batch { epoch, suite, header, token: token.clone(), prekeys });
        // "Erase the batch before the previous one, with its Confirms."
        if !node.batches.is_empty() {
            next.batches.push(node.batches[0].clone());
        }
        next.outbox = Vec::new();
        for stored in &node.outbox {
            if epoch - stored.epoch <= 1 {
                next.outbox.push(stored.clone());
            }
        }
        let publication = publication(&next)?;
        Ok((next, publication))
    }
}

/// The Publication of the current batch; made again, it is the same byte for byte.
pub fn publication(node: &Node) -> Result<Bytes, Reject> {
    let batch = node.batches.first().ok_or(Reject::EpochUnknown)?;
    let mut ys = Bytes::new(0);
    for prekey in &batch.prekeys {
        ys = ys.concat(&prekey.public);
    }
    let key = scalar(&node.key).or(Err(Reject::InvalidKey))?;
    let header = bound_header(&node.weakening, &parse_header(&batch.header, &sha256(&node.credential))?);
    let signed = cose::sign(key, &batch_protected(), BATCH_AAD, &header).ok_or(Reject::BrokenRandomness)?;
    Ok(encode_publication(&Publication { batch: Sign1 { payload: batch.header.clone(), ..signed }, ys }))
}

/// N2, checks 1 and 2: the place of the batch of this Initiate among the node's batches.
fn find_batch(node: &Node, initiate: &Initiate) -> Result<usize, Reject> {
    if initiate.flags > 1 {
        Err(Reject::UnknownFlags)
    } else if initiate.epoch > node.last_epoch {
        Err(Reject::EpochUnknown)
    } else if initiate.epoch < 1 || node.last_epoch - initiate.epoch > 1 {
        Err(Reject::EpochTooOld)
    } else {
        // "epoch ≥ current − 1": the current batch has the place 0, the previous one, if there is one, the place 1.
        let place = (node.last_epoch - initiate.epoch) as usize;
        let batch = node.batches.get(place).ok_or(Reject::EpochTooOld)?;
        if initiate.index < batch.prekeys.len() as u64 { Ok(place) } else { Err(Reject::IndexOutOfRange) }
    }
}

/// N2, check 3: the Confirm to this very Initiate.
fn repeated(node: &Node, message: &Bytes, initiate: &Initiate) -> Option<Bytes> {
    let digest = sha256(message);
    let mut found = None;
    for stored in &node.outbox {
        if stored.epoch == initiate.epoch && stored.index == initiate.index && stored.initiate == digest {
            found = Some(stored.confirm.clone());
        }
    }
    found
}

/// A client's credential, and the key in it.
struct Identified {
    credential: Bytes,
    key: CoseKey,
}

/// N2, check 6.
fn identify(node: &Node, id_cred: &Bytes, epoch: u64) -> Result<Identified, Reject> {
    if peek_major(id_cred, 0) == Some(BSTR) {
        let kid = read_bstr(id_cred, 0, 1, KID_MAX)?;
        read_end(id_cred, kid.next)?;
        let credential = by_kid(&node.clients, &kid.value).ok_or(Reject::UnknownClient)?;
        let key = credential::parse(&credential)?.key;
        Ok(Identified { credential, key })
    } else {
        let at = expect_int(id_cred, read_map_of(id_cred, 0, 1)?, KCWT)?;
        let token = cose::read(id_cred, at)?;
        read_end(id_cred, token.next)?;
        let kid = cwt::parse_protected(&token.value.protected)?;
        let authority = by_kid(&node.authorities, &kid).ok_or(Reject::UnknownAuthority)?;
        let claims = cwt::parse_claims(&token.value.payload)?;
        if claims.audience != credential::parse(&node.credential)?.subject {
            Err(Reject::WrongAudience)
        } else if claims.epoch_max < epoch {
            Err(Reject::CwtExpired)
        } else if !node.weakening.cwt_unverified && !is_vouched(node, &authority, &token.value, &claims)? {
            Err(Reject::BadSignature)
        } else {
            Ok(Identified { credential: token.value.payload, key: claims.key })
        }
    }
}

/// Does the authority's signature verify?
fn is_vouched(node: &Node, authority: &Bytes, token: &Sign1, claims: &cwt::Claims) -> Result<bool, Reject> {
    let signed = Sign1 { payload: cwt::bound_claims(&node.weakening, claims), ..token.clone() };
    Ok(cose::verify(&point_of(&credential::parse(authority)?.key)?, CWT_AAD, &signed))
}

/// The pinned credential with this kid.
fn by_kid(pinned: &[Bytes], kid: &Bytes) -> Option<Bytes> {
    let mut found = None;
    for credential in pinned {
        if credential::parse(credential).is_ok_and(|c| c.key.kid == *kid) {
            found = Some(credential.clone());
        }
    }
    found
}

/// N2: returns the next state, in which y is erased, and what to do.
#[hax_lib::requires(is_consistent(node))]
#[hax_lib::ensures(|result| match result {
    Ok((next, Incoming::Accepted(accepted))) => {
        is_consistent(&next)
            && is_erased(&next, accepted.epoch, accepted.index)
            && !is_erased(node, accepted.epoch, accepted.index)
            && accepted.early_data.len() <= DATA_MAX
    }
    Ok((next, Incoming::Repeated(_))) => is_consistent(&next),
    Err(_) => true,
})]
pub fn accept(node: &Node, message: &Bytes) -> Result<(Node, Incoming), Reject> {
    let initiate = parse_initiate(message)?;
    let place = find_batch(node, &initiate)?;
    let index = initiate.index as usize;
    match repeated(node, message, &initiate) {
        Some(confirm) => Ok((node.clone(), Incoming::Repeated(confirm))),
        None => {
            let batch = &node.batches[place];
            let secret = batch.prekeys[index].y.clone();
            let y = secret.clone().and_then(|y| scalar(&y).ok()).ok_or(Reject::PrekeyConsumed)?;
            let accepted = authenticate(node, batch, y, message, &initiate)?;
            let mut next = node.clone();
            next.batches[place].prekeys[index].y = if node.weakening.prekey_reused { secret.clone() } else { None };
            if node.weakening.prekey_kept {
                next.remains.extend(secret);
            }
            Ok((next, Incoming::Accepted(Box::new(accepted))))
        }
    }
}

/// N2, checks 4 to 7.
fn authenticate(
    node: &Node,
    batch: &Batch,
    y: Scalar,
    message: &Bytes,
    initiate: &Initiate,
) -> Result<Accepted, Reject> {
    let (w, suite) = (&node.weakening, batch.suite);
    let point = decompress(&initiate.x).or(Err(Reject::InvalidPoint))?;
    // es = y·X
    let es = ecdh(y, &point).or(Err(Reject::InvalidPoint))?;
    let public = &batch.prekeys[initiate.index as usize].public;
    let own = sha256(&node.credential);
    let header = bound_header(w, &parse_header(&batch.header, &own)?);
    let th_0 = th::th_0(w, suite, &own, &header, initiate.index, public);
    let th_1 = th::th_1(w, &th_0, initiate.flags, &initiate.x);
    let prk_1 = ks::prk_1(&th_1, &es);
    let id_cred =
        ks::open(suite, &ks::id_key(&prk_1, &th_1), &th_1, &initiate.ct_1).ok_or(Reject::IdentityNotAuthentic)?;
    let client = identify(node, &id_cred, initiate.epoch)?;
    // ss = y·C
    let ss = ecdh(y, &point_of(&client.key)?).or(Err(Reject::InvalidPoint))?;
    let th_2 = th::th_2(w, &th_1, &initiate.ct_1, &sha256(&client.credential));
    let prk_2 = ks::prk_2(w, &prk_1, &th_2, &ss);
    if initiate.ct_2.len() > DATA_MAX + tag_length(suite) {
        Err(Reject::DataTooLong)
    } else {
        let early_data = ks::open(suite, &ks::early_data_key(&prk_2, &th_2), &th_2, &initiate.ct_2)
            .ok_or(Reject::EarlyDataNotAuthentic)?;
        let th_3 = th::th_3(&th_2, &initiate.ct_2);
        let refresh = initiate.flags == 1 || node.insist_on_refresh;
        Ok(Accepted {
            suite,
            epoch: initiate.epoch,
            index: initiate.index,
            mode: if refresh { 1 } else { 0 },
            x: initiate.x.clone(),
            client: client.credential,
            early_data,
            early_secret: ks::early_secret(&prk_2, &th_3),
            th_3,
            prk_2,
            initiate: message.clone(),
        })
    }
}

/// What N3 gives beside the next state.
#[derive(Clone)]
#[allow(missing_docs, reason = "the names are those of PROTOCOL.md section 6")]
pub struct Confirmed {
    pub confirm: Bytes,
    pub session_secret: Bytes,
}

/// N3: returns the next state, whose outbox has the Confirm. `z` is random and used in refresh mode only.
#[hax_lib::requires(is_consistent(node) && is_erased(node, accepted.epoch, accepted.index))]
#[hax_lib::ensures(|result| match result {
    Ok((next, _)) => is_consistent(&next) && next.outbox.len() == node.outbox.len() + 1 && answer.len() <= DATA_MAX,
    Err(_) => true,
})]
pub fn confirm(node: &Node, accepted: &Accepted, answer: &Bytes, z: &Bytes) -> Result<(Node, Confirmed), Reject> {
    if answer.len() > DATA_MAX {
        Err(Reject::DataTooLong)
    } else {
        let w = &node.weakening;
        let fresh = if accepted.mode == 1 { Some(ephemeral(&accepted.x, z)?) } else { None };
        let public_z = match &fresh {
            Some(fresh) => fresh.public.clone(),
            None => Bytes::new(0),
        };
        let th_4 = th::th_4(w, &accepted.th_3, accepted.mode, &public_z);
        let prk_3 = match &fresh {
            Some(fresh) => ks::prk_3_refresh(w, &accepted.prk_2, &th_4, &fresh.ee),
            None => ks::prk_3_basic(&accepted.prk_2, &th_4),
        };
        let ct_3 = ks::seal(accepted.suite, &ks::confirm_key(&prk_3, &th_4), &th_4, answer);
        let session_secret = ks::session_secret(&prk_3, &th::th_5(&th_4, &ct_3));
        let confirm = encode_confirm(&Confirm { epoch: accepted.epoch, index: accepted.index, z: public_z, ct_3 });
        let mut next = node.clone();
        next.outbox.push(Stored {
            epoch: accepted.epoch,
            index: accepted.index,
            initiate: sha256(&accepted.initiate),
            confirm: confirm.clone(),
        });
        Ok((next, Confirmed { confirm, session_secret }))
    }
}

/// Z and ee = z·X.
struct Ephemeral {
    public: Bytes,
    ee: Bytes,
}

fn ephemeral(x: &Bytes, z: &Bytes) -> Result<Ephemeral, Reject> {
    let z = scalar(z).or(Err(Reject::BrokenRandomness))?;
    let public = encode_x(&public_key(z).or(Err(Reject::BrokenRandomness))?);
    let point = decompress(x).or(Err(Reject::InvalidPoint))?;
    Ok(Ephemeral { public, ee: ecdh(z, &point).or(Err(Reject::InvalidPoint))? })
}

/// N4: the gateway has acknowledged the Confirm of this exchange.
#[hax_lib::requires(is_consistent(node))]
#[hax_lib::ensures(|next| is_consistent(&next) && next.outbox.len() <= node.outbox.len())]
pub fn acknowledged(node: &Node, epoch: u64, index: u64) -> Node {
    let mut next = node.clone();
    next.outbox = Vec::new();
    for stored in &node.outbox {
        if stored.epoch != epoch || stored.index != index {
            next.outbox.push(stored.clone());
        }
    }
    next
}
