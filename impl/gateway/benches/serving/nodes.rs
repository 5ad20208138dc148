//! Nodes for the benchmark: real signatures over batches that share their prekeys, made here because `Node::publish` draws new ones.

use dke::crypto::{Crypto as _, PublicKey};
use dke::message::Header;
use dke::params::{CREDENTIAL_MAX, HEADER_MAX};
use dke::{Credential, Depth, RustCrypto, Scalar, Suite, credential, merkle};
use dke_gateway::{Embedded, Gateway, NodeId};
use rand::rngs::OsRng;
use std::sync::Arc;

/// Registers so many nodes, each with a batch of 2^depth prekeys and some queued Initiates.
pub(crate) fn fill(gateway: &Arc<Gateway<Embedded>>, count: usize, depth: u64, queued: u64) -> Vec<NodeId> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let depth = Depth::new(depth).unwrap();
    let ys: Vec<PublicKey> =
        (0..depth.prekeys()).map(|_| RustCrypto::public_key(&Scalar::draw(&mut OsRng).unwrap())).collect();
    let ys = Arc::new(ys);
    let mut tasks = tokio::task::JoinSet::new();
    let mut ids = Vec::new();
    runtime.block_on(async {
        for number in 0..count {
            let (gateway, ys) = (gateway.clone(), ys.clone());
            tasks.spawn(async move { one(&gateway, number, depth, &ys, queued).await });
            if tasks.len() >= 128 {
                ids.push(tasks.join_next().await.unwrap().unwrap());
            }
        }
        while let Some(id) = tasks.join_next().await {
            ids.push(id.unwrap());
        }
    });
    ids
}

async fn one(gateway: &Gateway<Embedded>, number: usize, depth: Depth, ys: &[PublicKey], queued: u64) -> NodeId {
    let key = Scalar::draw(&mut OsRng).unwrap();
    let mut bytes = [0; CREDENTIAL_MAX];
    let length =
        credential::encode(&format!("node-{number}"), b"n", &RustCrypto::coordinates(&key), &mut bytes).unwrap();
    let credential = Credential::parse(&bytes[..length]).unwrap();
    let (id, _) = gateway.register(credential.bytes()).await.unwrap();
    let header = Header {
        suite: Suite::AesCcm8,
        node: *credential.hash(),
        epoch: 1,
        not_after: u64::MAX,
        depth,
        root: merkle::root::<RustCrypto>(ys).unwrap(),
        mailbox: RustCrypto::sha256(&[7; 16]),
    };
    gateway.publish(&id, &publication(&key, &header, ys)).await.unwrap();
    for _ in 0..queued {
        let offer = gateway.offer(&id, [127, 0, 0, 1].into(), &[]).await.unwrap();
        let index = dke::message::Offer::parse(&offer).unwrap().index;
        gateway.queue(&id, [127, 0, 0, 1].into(), &initiate(1, index)).await.unwrap();
    }
    id
}

fn publication(key: &Scalar, header: &Header, ys: &[PublicKey]) -> Vec<u8> {
    let mut encoded = [0; HEADER_MAX];
    let length = header.write(&mut encoded).unwrap();
    let header = [&[0x58, u8::try_from(length).unwrap()], &encoded[..length]].concat();
    // Sig_structure (RFC 9052 section 4.4).
    let signed = [b"\x84\x6aSignature1\x43\xa1\x01\x26\x4cDKE-v1 batch".as_slice(), &header].concat();
    let signature = RustCrypto::sign(key, &RustCrypto::sha256(&signed));
    let ys = ys.as_flattened();
    let length = u16::try_from(ys.len()).unwrap().to_be_bytes();
    [b"\x82\x84\x43\xa1\x01\x26\xa0".as_slice(), &header, &[0x58, 64], &signature, &[0x59], &length, ys].concat()
}

/// An Initiate of the right form, with 64 bytes of data. Only the node could tell that it is none.
pub(crate) fn initiate(epoch: u8, index: u64) -> Vec<u8> {
    let index = u8::try_from(index).unwrap();
    let index = if index < 24 { vec![index] } else { vec![0x18, index] };
    let x: [u8; 32] = rand::random();
    [[0x86, 0, epoch].as_slice(), &index, &[0x58, 32], &x, &[0x4a], &[1; 10], &[0x58, 72], &[2; 72]].concat()
}
