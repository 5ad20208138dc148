//! PROTOCOL.md section 18.1: what a gateway that lies can make a node do is bounded.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod common;

use common::{Identity, Lamp, Liar, START, garbage, limited, stock};
use dke::AdmissionKey;
use dke::store::NodeStore as _;
use dke_agent::{Spent, Trouble};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// A node whose batch some gateway has acknowledged.
fn published(depth: u64) -> Lamp {
    let mut lamp = Lamp::new(depth);
    lamp.make_batch(START);
    lamp.acknowledge();
    lamp
}

#[tokio::test]
async fn the_same_mail_again_and_again() {
    limited(async {
        let mail: Vec<u8> = (0..900).flat_map(|n| garbage(1, u8::try_from(n % 32).unwrap(), 0)).collect();
        // With its word on what is left, and without.
        for left in [stock(1, 32), (204, Vec::new())] {
            let (mail, says) = (mail.clone(), left.clone());
            let liar = Liar::start(move |method, what, _| match (method, what) {
                ("GET", "left") => says.clone(),
                ("GET", "mailbox") => (200, mail.clone()),
                _ => (204, Vec::new()),
            })
            .await;
            let (mut lamp, anna) = (published(5), Identity::new("anna"));
            let wake = match lamp.wake(&liar.url, Some(START), &anna).await {
                Ok(wake) => wake,
                Err(interrupted) => interrupted.done,
            };
            assert_eq!((wake.rejected, wake.spent), (32, Some(Spent::Repeats)));
            assert_eq!((liar.asked("GET mailbox"), liar.asked("DELETE mailbox")), (2, 32));
        }
    })
    .await;
}

#[tokio::test]
async fn always_other_mail() {
    limited(async {
        let salt = AtomicU64::new(0);
        let liar = Liar::start(move |method, what, _| match (method, what) {
            ("GET", "left") => stock(1, 256),
            ("GET", "mailbox") => {
                let salt = u8::try_from(salt.fetch_add(1, Ordering::Relaxed) % 256).unwrap();
                (200, (0..=255).flat_map(|index| garbage(1, index, salt)).collect())
            }
            _ => (204, Vec::new()),
        })
        .await;
        let (mut lamp, anna) = (published(8), Identity::new("anna"));
        let wake = lamp.wake(&liar.url, Some(START), &anna).await.unwrap();
        assert_eq!((wake.rejected, wake.spent), (512, Some(Spent::Initiates)));
        // Each prekey was tried once, and never is again: so the node thinks of a new batch.
        assert_eq!(lamp.store.batches, 2);
        let requests = liar.all();
        assert!(requests < 600, "{requests}");
    })
    .await;
}

#[tokio::test]
async fn always_other_requests_and_answers_that_are_long() {
    limited(async {
        for (length, expected) in [(0, Spent::Served), (60_000, Spent::Bytes)] {
            let number = AtomicU64::new(0);
            let liar = Liar::start(move |method, what, _| match (method, what) {
                ("GET", "left") => stock(1, 32),
                ("GET", "requests") => {
                    let number = number.fetch_add(1, Ordering::Relaxed);
                    let mut body = Vec::new();
                    minicbor::Encoder::new(&mut body).array(2).unwrap().u64(number).unwrap().bytes(&[2]).unwrap();
                    (200, body)
                }
                ("PUT", _) => (200, vec![0; length]),
                _ => (204, Vec::new()),
            })
            .await;
            let (mut lamp, anna) = (published(5), Identity::new("anna"));
            let wake = lamp.wake(&liar.url, Some(START), &anna).await.unwrap();
            assert_eq!(wake.spent, Some(expected));
            assert!(wake.refused <= 512 && wake.refused * length <= 4 << 20, "{}", wake.refused);
        }
    })
    .await;
}

/// Time is simulated: it passes when nothing else happens.
#[tokio::test(start_paused = true)]
async fn no_answer_at_all() {
    let liar = Liar::start(|method, what, _| match (method, what) {
        ("GET", "left") => stock(1, 32),
        ("GET", "mailbox") => (200, (0..32).flat_map(|index| garbage(1, index, 0)).collect()),
        _ => (0, Vec::new()),
    })
    .await;
    let (mut lamp, anna) = (published(5), Identity::new("anna"));
    let start = Instant::now();
    let _ = lamp.wake(&liar.url, Some(START), &anna).await;
    assert!(start.elapsed() <= Duration::from_secs(900), "{:?}", start.elapsed());
}

#[tokio::test]
async fn nothing_left_whatever_is_published() {
    limited(async {
        let epoch = Arc::new(AtomicU64::new(1));
        let shared = epoch.clone();
        let liar = Liar::start(move |method, what, _| match (method, what) {
            ("GET", "left") => stock(shared.load(Ordering::SeqCst), 0),
            _ => (204, Vec::new()),
        })
        .await;
        let (mut lamp, anna) = (published(0), Identity::new("anna"));
        let mut told = 0;
        // A day of wake-ups, one each minute.
        for minute in 0..1440 {
            epoch.store(lamp.store.last_epoch().unwrap(), Ordering::SeqCst);
            let wake = lamp.wake(&liar.url, Some(START + 60 * minute), &anna).await.unwrap();
            told += usize::from(wake.spent == Some(Spent::Rate));
        }
        // 12 at once, and one for every five minutes.
        assert_eq!(lamp.store.batches - 1, 12 + 1440 / 5 - 1);
        assert_eq!(told, 1440 - (lamp.store.batches - 1));
    })
    .await;
}

#[tokio::test]
async fn refusals_cost_at_most_two_batches_a_wake_up() {
    limited(async {
        for status in [403, 409] {
            let liar = Liar::start(move |method, what, _| match (method, what) {
                ("GET", "left") => (404, Vec::new()),
                ("PUT", "publication") => (status, Vec::new()),
                _ => (204, Vec::new()),
            })
            .await;
            let (mut lamp, anna) = (published(0), Identity::new("anna"));
            let refused = lamp.wake(&liar.url, Some(START), &anna).await.unwrap_err();
            assert!(matches!(refused.trouble, Trouble::BatchRefused { .. }), "{refused}");
            assert!(liar.asked("PUT publication") <= 2 && lamp.store.batches <= 3, "{status}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_higher_epoch_than_the_nodes_stops_it() {
    limited(async {
        let liar = Liar::start(|method, what, _| match (method, what) {
            ("GET", "left") => stock(u64::MAX, 0),
            _ => (204, Vec::new()),
        })
        .await;
        let (mut lamp, anna) = (published(5), Identity::new("anna"));
        let stopped = lamp.wake(&liar.url, Some(START), &anna).await.unwrap_err();
        assert!(matches!(stopped.trouble, Trouble::Outdated { own: 1, gateway: u64::MAX }), "{stopped}");
        assert!(stopped.to_string().contains("dke node recover"));
        assert_eq!((liar.all(), lamp.store.batches, lamp.store.last_epoch().unwrap()), (1, 1, 1));
    })
    .await;
}

/// The gateway has a batch of this epoch that is not the node's.
#[tokio::test]
async fn a_token_that_is_refused_leads_to_another_batch() {
    limited(async {
        let liar = Liar::start(|method, what, _| match (method, what) {
            ("GET", "left") => stock(1, 32),
            ("GET", _) => (403, Vec::new()),
            _ => (204, Vec::new()),
        })
        .await;
        let (mut lamp, anna) = (published(5), Identity::new("anna"));
        let refused = lamp.wake(&liar.url, Some(START), &anna).await.unwrap_err();
        assert_eq!(refused.done.mended[0].to_string(), "gateway refused epoch 1: published epoch 2");
        assert_eq!(lamp.store.batches, 2);
    })
    .await;
}

/// The batch is there, and the admission key is not: it is sent again until the gateway has it.
#[tokio::test]
async fn an_admission_key_that_did_not_arrive() {
    limited(async {
        let known = Arc::new(AtomicU64::new(0));
        let shared = known.clone();
        let liar = Liar::start(move |method, what, _| match (method, what) {
            ("GET", "left") if shared.load(Ordering::SeqCst) == 0 => (404, Vec::new()),
            ("GET", "left") => stock(1, 32),
            ("PUT", "publication") => {
                shared.store(1, Ordering::SeqCst);
                (201, Vec::new())
            }
            ("PUT", "admission") if shared.fetch_add(1, Ordering::SeqCst) == 1 => (500, Vec::new()),
            _ => (204, Vec::new()),
        })
        .await;
        let (mut lamp, anna) = (Lamp::new(5), Identity::new("anna"));
        lamp.admission = Some(AdmissionKey::from_bytes([7; 16]));
        let wake = async |lamp: &mut Lamp| lamp.wake(&liar.url, Some(START), &anna).await;
        assert!(wake(&mut lamp).await.is_err());
        wake(&mut lamp).await.unwrap();
        assert_eq!((liar.asked("PUT publication"), liar.asked("PUT admission")), (1, 2));
        // Now both are acknowledged.
        wake(&mut lamp).await.unwrap();
        assert_eq!((liar.asked("PUT publication"), liar.asked("PUT admission")), (1, 2));
    })
    .await;
}
