//! What must hold whatever comes over the network, or out of the store: CoAP datagrams, requests to the gateway, stored records.

use crate::{exchanges, unhex};
use coap_lite::CoapOption;
use dke_coap::Bare;
use dke_coap::block::Block;
use dke_coap::message::parse;
use dke_coap::names::node_name;
use dke_gateway::record::{
    BatchInfo, BatchRecord, ExchangeRecord, Message, NodeRecord, Representation, RequestRecord, RequestState,
};
use dke_gateway::resource::{Method, Request, Status, handle};
use dke_gateway::{Embedded, Gateway, NodeId, Options, Policy, Refusal, node_id};
use std::collections::BTreeSet;
use std::time::Duration;
use tempfile::TempDir;

/// A datagram: what is read is read the same when it is written again, and so are its blocks; a message without its hop's part likewise.
pub fn coap(data: &[u8]) {
    if let Some(bare) = Bare::parse(data) {
        assert_eq!(Bare::parse(&bare.encode()), Some(bare));
    }
    let Ok((class, mut packet)) = parse(data) else { return };
    let written = packet.to_bytes_unlimited().expect("it was read");
    let (again, same) = parse(&written).expect("own");
    assert_eq!((again, same.to_bytes_unlimited().expect("own")), (class, written));
    for option in [CoapOption::Block1, CoapOption::Block2] {
        let Ok(Some(block)) = Block::read(&packet, option) else { continue };
        block.write(&mut packet, option);
        assert_eq!(Block::read(&packet, option), Ok(Some(block)));
    }
}

/// A gateway that knows the node of a vector, with a batch whose prekeys cost a small puzzle.
struct Served {
    gateway: Gateway<Embedded>,
    node: NodeId,
    runtime: tokio::runtime::Runtime,
    _directory: TempDir,
}

impl Served {
    fn new() -> Served {
        let directory = tempfile::tempdir().expect("room");
        let store = Embedded::open(&directory.path().join("store"), Options::default()).expect("a new store");
        let policy = Policy { open: true, nodes_max: 4, puzzle: 1, burst: u32::MAX, ..Policy::default() };
        let gateway = Gateway::new(store, policy, std::sync::Arc::new(|| 0), &mut rand_core::OsRng);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let vector = &exchanges()[0];
        let node = runtime.block_on(async {
            let (node, _) = gateway.register(&unhex(&vector.inputs.node_credential)).await.expect("a good credential");
            gateway.publish(&node, &unhex(&vector.messages.publication)).await.expect("a good Publication");
            node
        });
        Served { gateway, node, runtime, _directory: directory }
    }
}

/// A request, as a face hands it on: `METHOD PATH?QUERY`, a line's end, the body. The gateway has an answer, and it is none of its own
/// faults. A body that is a message may be a request to the node.
pub fn request(data: &[u8]) {
    thread_local!(static SERVED: Served = Served::new());
    let line = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (line, body) = (String::from_utf8_lossy(&data[..line]), data.get(line + 1..).unwrap_or_default());
    let (method, target) = line.split_once(' ').unwrap_or(("GET", &line));
    let method = match method {
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "FETCH" => Method::Fetch,
        _ => Method::Get,
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parts = |text: &str, by| text.split(by).map(str::to_owned).collect::<Vec<_>>();
    let (path, query) = (parts(path.trim_start_matches('/'), '/'), parts(query, '&'));
    let asked = Request { address: [127, 0, 0, 1].into(), method, path: &path, query: &query, format: None, body };
    SERVED.with(|served| {
        let answer = served.runtime.block_on(handle(&served.gateway, &asked));
        assert_ne!(answer.status, Status::Internal);
        if let Some(bare) = Bare::parse(body) {
            let asked = served.gateway.ask(&served.node, asked.address, &bare, Duration::ZERO);
            assert!(!matches!(served.runtime.block_on(asked), Err(Refusal::Store(_))));
        }
    });
}

/// A macro, since what is read borrows from what it is read from.
macro_rules! same {
    ($record:ty, $data:expr) => {
        if let Ok(read) = minicbor::decode::<$record>($data) {
            let written = minicbor::to_vec(&read).expect("it was read");
            assert_eq!(minicbor::decode::<$record>(&written).expect("own"), read);
        }
    };
}

/// A record: what is read is read the same when it is written again.
pub fn record(data: &[u8]) {
    same!(NodeRecord, data);
    same!(BatchRecord<'_>, data);
    same!(ExchangeRecord, data);
    same!(Representation, data);
    same!(RequestRecord, data);
}

/// Targets and bytes.
pub(crate) fn seeds() -> BTreeSet<(&'static str, Vec<u8>)> {
    let mut seeds = BTreeSet::new();
    let vector = &exchanges()[0];
    let credential = unhex(&vector.inputs.node_credential);
    let node = node_id(dke::Credential::parse(&credential).expect("a good credential").hash());
    let name = node_name(&node);
    let messages = &vector.messages;
    let [publication, initiate, confirm] =
        [&messages.publication, &messages.initiate, &messages.confirm].map(|message| unhex(message));
    let token = "token=00112233445566778899aabbccddeeff";
    let solution = [&[0x82, 0x50], [1; 16].as_slice(), &[0x48], &[2; 8]].concat();
    for (method, rest, body) in [
        ("GET", "", &[][..]),
        ("PUT", "/credential", &credential),
        ("PUT", "/publication", &publication),
        ("POST", "/offer", &[]),
        ("POST", "/offer", &solution),
        ("POST", "/initiate", &initiate),
        ("GET", &format!("/mailbox?{token}"), &[]),
        ("DELETE", &format!("/mailbox/1/0?{token}"), &[]),
        ("POST", &format!("/confirm?{token}"), &confirm),
        ("GET", "/confirm/1/0", &[]),
        ("PUT", &format!("/sealed/readings?{token}"), b"sealed"),
        ("GET", "/sealed/readings", &[]),
        ("DELETE", &format!("/sealed/readings?{token}"), &[]),
        ("GET", &format!("/requests?{token}"), &[]),
        ("PUT", &format!("/requests/0?{token}"), &[0x44, 0x90, 0xff, 1]),
        ("GET", "/response/0", &[]),
        // POST with an OSCORE option, and a JWE: what a client asks of a node.
        ("POST", "/requests", &[2, 0x92, 9, 20, 0xff, 1]),
        ("FETCH", "/requests", &[2, 0xc2, 0xfd, 0xeb, 0xff, 1]),
    ] {
        for node in [name.as_str(), "AAAAAAAAAAAAAAAAAAAAAA", "x"] {
            seeds.insert(("request", [format!("{method} /dke/{node}{rest}\n").as_bytes(), body].concat()));
        }
        let segments: Vec<&str> = rest.split(['/', '?']).filter(|part| !part.is_empty()).collect();
        let code = match method {
            "GET" => 1,
            "POST" => 2,
            "PUT" => 3,
            "DELETE" => 4,
            _ => 5,
        };
        let mut datagram = vec![0x44, code, 0, 7, 1, 2, 3, 4];
        let mut last = 0;
        for segment in [&["dke", &name], segments.as_slice()].concat() {
            // Uri-Query is option 15, Uri-Path option 11; 13 in the length means one more byte.
            let number = if segment.starts_with("token=") { 15 } else { 11 };
            let length = u8::try_from(segment.len()).expect("short");
            match length.checked_sub(13) {
                None => datagram.push((number - last) << 4 | length),
                Some(more) => datagram.extend([(number - last) << 4 | 13, more]),
            }
            datagram.extend(segment.as_bytes());
            last = number;
        }
        if !body.is_empty() {
            datagram.push(0xff);
            datagram.extend(body);
        }
        seeds.insert(("coap", datagram));
    }
    for target in ["/dke", "/dke?after=x", "/.well-known/core", "/.well-known/core?rt=dke.gateway", "/"] {
        seeds.insert(("request", format!("GET {target}\n").into_bytes()));
    }
    let info = BatchInfo { epoch: 1, depth: 2, not_after: 3, mailbox: [4; 32], reserved: 5, start: 6, stored: 7 };
    let batch = BatchRecord { publication: &publication, tree: &[1; 64] };
    let confirms = vec![Message(confirm)];
    let exchange = ExchangeRecord { stored: 1, discarded: false, initiate, confirms, by: [1; 16] };
    let by = Some([1; 16]);
    let node = NodeRecord { credential, batches: vec![info], representations: 1, requests: 2, by, admission: None };
    let sealed = Representation { stored: 1, bytes: b"sealed".to_vec() };
    seeds.extend([minicbor::to_vec(node), minicbor::to_vec(batch)].map(|record| ("record", record.expect("own"))));
    seeds.extend([minicbor::to_vec(exchange), minicbor::to_vec(sealed)].map(|record| ("record", record.expect("own"))));
    let waits = RequestState::Waits { by: [1; 16], request: vec![2, 0xff, 1] };
    for state in [waits, RequestState::Answered { response: vec![0x44, 0xff, 1], by: [1; 16], awaited: true }] {
        let request = RequestRecord { stored: 1, digest: [2; 32], state };
        seeds.insert(("record", minicbor::to_vec(request).expect("own")));
    }
    seeds
}
