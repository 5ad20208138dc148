//! The client: C1 and C2.

use crate::bytes::Bytes;
use crate::cbor::encode_bstr;
use crate::cose;
use crate::cose::Sign1;
use crate::credential::{self, point_of};
use crate::cwt;
use crate::error::Reject;
use crate::gateway::check_batch;
use crate::key_schedule as ks;
use crate::merkle;
use crate::message::{Confirm, Initiate, bound_header, encode_initiate, parse_confirm, parse_offer};
use crate::p256::{Point, decompress, ecdh, encode_x, is_x_coordinate, public_key, scalar};
use crate::params::{BATCH_AAD, DATA_MAX, DEPTH_MAX, is_suite, tag_length};
use crate::sha256::{DIGEST_LENGTH as HASH, sha256};
use crate::transcript as th;
use crate::weakening::Weakening;

/// A client: how it names its credential, the credential, and its key.
#[derive(Clone)]
pub struct Client {
    /// ID_CRED_C.
    pub id_cred: Bytes,
    /// CRED_C: the pinned credential, or the payload of the CWT.
    pub credential: Bytes,
    /// c, 32 bytes.
    pub key: Bytes,
    /// None in the protocol.
    pub weakening: Weakening,
}

/// What C1 takes beside the Offer.
#[derive(Clone)]
pub struct Request {
    /// CRED_N, pinned.
    pub node: Bytes,
    /// Highest epoch seen of this node.
    pub highest_epoch: u64,
    /// UNIX seconds.
    pub now: u64,
    /// Ask for refresh?
    pub refresh: bool,
    /// At most 1,024 bytes.
    pub early_data: Bytes,
    /// x, 32 random bytes.
    pub x: Bytes,
}

/// A pending exchange, with all values that led to it.
#[derive(Clone)]
#[allow(missing_docs, reason = "the names are those of PROTOCOL.md section 6")]
pub struct AwaitingConfirm {
    pub weakening: Weakening,
    pub suite: u64,
    pub refresh: bool,
    pub node: Bytes,
    pub epoch: u64,
    pub index: u64,
    pub x: Bytes,
    pub es: Bytes,
    pub ss: Bytes,
    pub th_0: Bytes,
    pub th_1: Bytes,
    pub th_2: Bytes,
    pub th_3: Bytes,
    pub prk_1: Bytes,
    pub prk_2: Bytes,
    pub id_key: ks::AeadKey,
    pub early_data_key: ks::AeadKey,
    pub early_secret: Bytes,
    pub initiate: Bytes,
}

/// A finished exchange.
#[derive(Clone)]
#[allow(missing_docs, reason = "the names are those of PROTOCOL.md section 6")]
pub struct Established {
    pub mode: u64,
    pub answer: Bytes,
    pub ee: Bytes,
    pub th_4: Bytes,
    pub th_5: Bytes,
    pub prk_3: Bytes,
    pub confirm_key: ks::AeadKey,
    pub session_secret: Bytes,
}

/// A client whose credential the nodes pin; InvalidCredential.
pub fn pinned(own: &Bytes, key: &Bytes) -> Result<Client, Reject> {
    let credential = credential::parse(own).map_err(|_| Reject::InvalidCredential)?;
    check_key(&credential.key, key)?;
    Ok(Client {
        id_cred: encode_bstr(&credential.key.kid),
        credential: own.clone(),
        key: key.clone(),
        weakening: Weakening::NONE,
    })
}

/// A client with a CWT; InvalidCredential.
pub fn with_cwt(token: &Bytes, key: &Bytes) -> Result<Client, Reject> {
    let signed = cwt::parse(token).map_err(|_| Reject::InvalidCredential)?;
    let claims = cwt::parse_claims(&signed.payload).map_err(|_| Reject::InvalidCredential)?;
    check_key(&claims.key, key)?;
    Ok(Client {
        id_cred: cwt::id_cred(token),
        credential: signed.payload,
        key: key.clone(),
        weakening: Weakening::NONE,
    })
}

/// Does the private key belong to the credential? InvalidKey, InvalidCredential.
fn check_key(public: &credential::CoseKey, private: &Bytes) -> Result<(), Reject> {
    let own = scalar(private).and_then(public_key).or(Err(Reject::InvalidKey))?;
    let stated = point_of(public).map_err(|_| Reject::InvalidCredential)?;
    if own == stated { Ok(()) } else { Err(Reject::InvalidKey) }
}

/// Is this an Offer that C1 may use: of a known suite, not older than what was seen, its prekey on the curve?
pub fn is_usable(offer: &CheckedOffer, request: &Request) -> bool {
    is_suite(offer.suite)
        && 1 <= offer.epoch
        && request.highest_epoch <= offer.epoch
        && offer.index < 1 << DEPTH_MAX
        && is_x_coordinate(&offer.y)
}

/// Step C1, checks 2 to 5 of PROTOCOL.md section 7.
#[hax_lib::ensures(|result| match result { Ok(offer) => is_usable(&offer, request), Err(_) => true })]
pub fn check_offer(w: &Weakening, offer: &Bytes, request: &Request) -> Result<CheckedOffer, Reject> {
    let node = credential::parse(&request.node).map_err(|_| Reject::InvalidCredential)?;
    let offer = parse_offer(offer)?;
    let header = check_batch(&offer.batch, &sha256(&request.node))?;
    let signed = Sign1 { payload: bound_header(w, &header), ..offer.batch };
    if header.epoch < 1 || header.epoch < request.highest_epoch {
        Err(Reject::EpochRollback)
    } else if header.not_after < request.now {
        Err(Reject::Expired)
    } else if offer.index >= 1 << header.depth {
        Err(Reject::IndexOutOfRange)
    } else if offer.path.len() != HASH * header.depth as usize {
        Err(Reject::PathLength)
    } else if !w.unsigned_prekeys && !cose::verify(&point_of(&node.key)?, BATCH_AAD, &signed) {
        Err(Reject::BadSignature)
    } else if !w.no_path_check && merkle::root_of_path(w, offer.index as usize, &offer.y, &offer.path) != header.root {
        Err(Reject::RootMismatch)
    } else {
        let point = decompress(&offer.y).or(Err(Reject::InvalidPoint))?;
        Ok(CheckedOffer {
            suite: header.suite,
            epoch: header.epoch,
            index: offer.index,
            header: signed.payload,
            y: offer.y,
            point,
        })
    }
}

/// An Offer that passed all checks.
#[derive(Clone)]
#[allow(missing_docs, reason = "PROTOCOL.md section 5")]
pub struct CheckedOffer {
    pub suite: u64,
    pub epoch: u64,
    pub index: u64,
    pub header: Bytes,
    pub y: Bytes,
    pub point: Point,
}

/// Step C1: verify the Offer, initiate.
pub fn initiate(client: &Client, request: &Request, offer: &Bytes) -> Result<AwaitingConfirm, Reject> {
    if request.early_data.len() > DATA_MAX {
        Err(Reject::DataTooLong)
    } else {
        let w = client.weakening;
        let offer = check_offer(&w, offer, request)?;
        let x = scalar(&request.x).or(Err(Reject::BrokenRandomness))?;
        let c = scalar(&client.key).or(Err(Reject::InvalidKey))?;
        let node = sha256(&request.node);
        let suite = offer.suite;
        let flags = if request.refresh { 1 } else { 0 };
        let public_x = encode_x(&public_key(x).or(Err(Reject::BrokenRandomness))?);
        // es = x·Y, ss = c·Y
        let es = ecdh(x, &offer.point).or(Err(Reject::InvalidPoint))?;
        let ss = ecdh(c, &offer.point).or(Err(Reject::InvalidPoint))?;
        let th_0 = th::th_0(&w, suite, &node, &offer.header, offer.index, &offer.y);
        let th_1 = th::th_1(&w, &th_0, flags, &public_x);
        let prk_1 = ks::prk_1(&th_1, &es);
        let id_key = ks::id_key(&prk_1, &th_1);
        let ct_1 = ks::seal(suite, &id_key, &th_1, &client.id_cred);
        let th_2 = th::th_2(&w, &th_1, &ct_1, &sha256(&client.credential));
        let prk_2 = ks::prk_2(&w, &prk_1, &th_2, &ss);
        let early_data_key = ks::early_data_key(&prk_2, &th_2);
        let ct_2 = ks::seal(suite, &early_data_key, &th_2, &request.early_data);
        let th_3 = th::th_3(&th_2, &ct_2);
        let early_secret = ks::early_secret(&prk_2, &th_3);
        let message = Initiate { flags, epoch: offer.epoch, index: offer.index, x: public_x, ct_1, ct_2 };
        Ok(AwaitingConfirm {
            weakening: w,
            suite,
            refresh: request.refresh,
            node,
            epoch: offer.epoch,
            index: offer.index,
            x: request.x.clone(),
            es,
            ss,
            th_0,
            th_1,
            th_2,
            th_3,
            prk_1,
            prk_2,
            id_key,
            early_data_key,
            early_secret,
            initiate: encode_initiate(&message),
        })
    }
}

/// Is this an end that C2 may come to: no downgrade, and no more data than allowed?
pub fn is_end_of(established: &Established, pending: &AwaitingConfirm) -> bool {
    (established.mode == 1 || !pending.refresh) && established.answer.len() <= DATA_MAX
}

/// Step C2: verify the Confirm.
#[hax_lib::ensures(|result| match result { Ok(established) => is_end_of(&established, pending), Err(_) => true })]
pub fn finish(pending: &AwaitingConfirm, confirm: &Bytes) -> Result<Established, Reject> {
    let confirm = parse_confirm(confirm)?;
    let w = pending.weakening;
    let refreshed = confirm.z.len() == 32;
    if confirm.epoch != pending.epoch || confirm.index != pending.index {
        Err(Reject::WrongExchange)
    } else if !w.downgrade_accepted && pending.refresh && !refreshed {
        Err(Reject::Downgrade)
    } else if confirm.ct_3.len() > DATA_MAX + tag_length(pending.suite) {
        Err(Reject::DataTooLong)
    } else if refreshed {
        let x = scalar(&pending.x).or(Err(Reject::InvalidKey))?;
        let z = decompress(&confirm.z).or(Err(Reject::InvalidPoint))?;
        // ee = x·Z
        let ee = ecdh(x, &z).or(Err(Reject::InvalidPoint))?;
        let th_4 = th::th_4(&w, &pending.th_3, 1, &confirm.z);
        let prk_3 = ks::prk_3_refresh(&w, &pending.prk_2, &th_4, &ee);
        open_confirm(pending, &confirm, 1, ee, th_4, prk_3)
    } else {
        let th_4 = th::th_4(&w, &pending.th_3, 0, &confirm.z);
        let prk_3 = ks::prk_3_basic(&pending.prk_2, &th_4);
        open_confirm(pending, &confirm, 0, Bytes::new(0), th_4, prk_3)
    }
}

fn open_confirm(
    pending: &AwaitingConfirm,
    confirm: &Confirm,
    mode: u64,
    ee: Bytes,
    th_4: Bytes,
    prk_3: Bytes,
) -> Result<Established, Reject> {
    let confirm_key = ks::confirm_key(&prk_3, &th_4);
    let answer = ks::open(pending.suite, &confirm_key, &th_4, &confirm.ct_3).ok_or(Reject::ConfirmNotAuthentic)?;
    let th_5 = th::th_5(&th_4, &confirm.ct_3);
    let session_secret = ks::session_secret(&prk_3, &th_5);
    Ok(Established { mode, answer, ee, th_4, th_5, prk_3, confirm_key, session_secret })
}
