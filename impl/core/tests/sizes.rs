//! The sizes that `params` states are those of the longest messages, byte for byte.

mod common;

use common::{Identity, NOW, TestRng, accepted};
use dke::client::{Client, Request};
use dke::cwt::Cwt;
use dke::gateway::offer;
use dke::message::{Initiate, Publication};
use dke::node::{Node, Plan};
use dke::params::*;
use dke::store::{NodeStore, Pins};
use dke::{Depth, Mode, Suite};

#[test]
fn the_longest_messages_fit_and_none_of_the_buffers_is_larger() {
    let longest = "s".repeat(NAME_MAX);
    let node_id = Identity::new(&longest, &[b'n'; KID_MAX], 1);
    let client_id = Identity::new(&longest, &[b'c'; KID_MAX], 2);
    let authority = Identity::new(&longest, &[b'a'; KID_MAX], 3);
    assert_eq!(node_id.ccs.len(), CREDENTIAL_MAX);
    let cwt = common::cwt(&authority, &client_id, &longest, u64::MAX);
    assert_eq!(cwt.len(), CWT_MAX);
    let parts = Cwt::parse(&cwt).unwrap();
    assert_eq!((parts.protected.len(), parts.payload.len()), (CWT_PROTECTED_MAX, CLAIMS_MAX));

    let mut store = common::MemoryNode { last: u64::MAX - 1, ..common::MemoryNode::default() };
    let node: Node<'_> = Node::new(node_id.credential(), &node_id.key, false);
    let plan = Plan { suite: Suite::AesCcm16, depth: Depth::new(DEPTH_MAX.into()).unwrap(), not_after: u64::MAX };
    let mut publication = vec![0; PUBLICATION_MAX];
    let len = node.publish(&mut store, &plan, &mut TestRng::new(4), &mut publication).unwrap();
    assert_eq!(len, PUBLICATION_MAX);
    let batch = Publication::parse(&publication).unwrap();
    assert_eq!((batch.batch.header.len(), batch.prekeys().len()), (HEADER_MAX, PREKEYS_MAX));
    assert_eq!(store.batch(u64::MAX).unwrap().unwrap().header(), batch.batch.header);

    let mut offered = vec![0; OFFER_MAX];
    let len = offer(&publication, node_id.credential().hash(), u8::MAX, &mut offered).unwrap();
    assert_eq!((len, PATH_MAX), (OFFER_MAX, 256));

    let client: Client<'_> = Client::vouched(&cwt, &client_id.key).unwrap();
    let request = Request { mode: Mode::Refresh, early_data: &[1; DATA_MAX], now: NOW };
    let mut initiate = vec![0; INITIATE_MAX];
    let begun = client
        .initiate(
            &mut common::MemoryClient::default(),
            &node_id.credential(),
            &offered,
            &request,
            &mut TestRng::new(5),
            &mut initiate,
        )
        .unwrap();
    assert_eq!(begun.len, INITIATE_MAX);
    let message = Initiate::parse(&initiate).unwrap();
    assert_eq!((message.ct_1.len(), message.ct_2.len()), (CT_1_MAX, CT_DATA_MAX));
    assert_eq!(CT_1_MAX, ID_CRED_MAX + TAG_MAX);

    let authorities = [authority.credential()];
    let pins = Pins::new(&[], &authorities).unwrap();
    let mut buffer = [0; CONFIRM_MAX];
    let incoming = node.accept(&mut store, &pins, &initiate, &mut buffer).unwrap();
    let mut confirm = vec![0; CONFIRM_MAX];
    let answer = [2; DATA_MAX];
    let confirmed = accepted(incoming).confirm(&mut store, &answer, &mut TestRng::new(6), &mut confirm).unwrap();
    assert_eq!(confirmed.len, CONFIRM_MAX);
    let mut received = [0; DATA_MAX];
    let mut client_store = common::MemoryClient::default();
    let done =
        begun.awaiting.finish(&mut client_store, &confirm, &mut received).map_err(|failed| failed.error).unwrap();
    assert_eq!(done.answer, answer);
    // A peer's CT_1 may have any length up to CT_1_MAX, whatever the suite's tag.
    assert_eq!(CT_1_PLAIN_MAX, CT_1_MAX - TAG_MIN);
    assert_eq!((CT_1_MIN, CT_DATA_MIN), (9, 8));
}

/// The figures that PROTOCOL.md gives to credentials, on its worked example.
#[test]
fn the_credential_of_the_worked_example() {
    let document = include_str!("../../../spec/PROTOCOL.md");
    let shown = |name: &str| {
        let lines = document.split(&format!("\n{name} (")).nth(1).unwrap().lines().skip(1);
        let digits: String = lines.take_while(|line| line.starts_with("  ")).map(str::trim).collect();
        let byte = |i: usize| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap();
        (0..digits.len() / 2).map(byte).collect::<Vec<_>>()
    };
    let key: [u8; KEY] = shown("node's identity key").try_into().unwrap();
    let key = dke::Scalar::from_bytes(&key).unwrap();
    let mut out = [0; CREDENTIAL_MAX];
    let at = <dke::RustCrypto as dke::Crypto>::coordinates(&key);
    let len = dke::credential::encode("lock.example", b"N", &at, &mut out).unwrap();
    assert_eq!(out[..len], shown("CRED_N"));
}
