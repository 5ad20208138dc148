//! Bad input: exit code 2, one sentence, nothing changed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::Place;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn bad_input_changes_nothing() {
    let place = Place::with_node(1);
    place.initiate("a", "");
    fs::write(place.path("garbage"), b"garbage").unwrap();
    fs::write(place.path("long"), vec![b'x'; 1025]).unwrap();
    let take = "client initiate anna --node lamp/credential.cbor --offer";
    for (words, name) in [
        ("keygen lamp --subject other".to_string(), "Usage"),
        ("keygen new --subject x --kid 000102030405060708090a0b0c0d0e0f10".into(), "InvalidCredential"),
        ("node publish nowhere --out p.cbor".into(), "File"),
        ("node publish lamp --out nowhere/p.cbor".into(), "File"),
        ("node publish lamp --not-after 1000000000 --out p.cbor".into(), "Usage"),
        ("node accept lamp missing.cbor --out c.cbor".into(), "File"),
        ("node accept lamp garbage --out c.cbor".into(), "Malformed"),
        ("node accept lamp initiate-a.cbor --data-file long --out c.cbor".into(), "DataTooLong"),
        ("node accept lamp initiate-a.cbor --out nowhere/c.cbor".into(), "File"),
        ("node accept anna initiate-a.cbor --out c.cbor".into(), "Usage"),
        ("node forget lamp --epoch 1 --index 0".into(), "Usage"),
        ("node trust lamp".into(), "Usage"),
        ("node trust lamp --client garbage".into(), "Malformed"),
        ("gateway register gate garbage".into(), "Malformed"),
        ("gateway publish gate garbage".into(), "Malformed"),
        ("gateway publish gate publication.cbor --node nobody".into(), "UnknownNode"),
        ("gateway queue gate garbage".into(), "Malformed"),
        ("gateway drain gate --token 00 --out-dir .".into(), "WrongToken"),
        ("gateway drain gate --token 00 --out-dir nowhere".into(), "File"),
        ("gateway confirm gate garbage".into(), "Malformed"),
        ("gateway collect gate --epoch 1 --index 0 --out c.cbor".into(), "Usage"),
        ("client finish anna garbage".into(), "Malformed"),
        ("client resend anna --epoch 9 --index 0 --out i.cbor".into(), "Usage"),
        ("credential show garbage".into(), "Malformed"),
        ("inspect garbage".into(), "Usage"),
        (format!("{take} garbage --out i.cbor"), "Malformed"),
        (format!("{take} offer-a.cbor --out nowhere/i.cbor"), "File"),
        (format!("{take} offer-a.cbor --now 99999999999 --out i.cbor"), "Expired"),
        (format!("{take} offer-a.cbor --data-file long --out i.cbor"), "DataTooLong"),
        (format!("{take} offer-a.cbor --cwt garbage --out i.cbor"), "InvalidCredential"),
    ] {
        assert_eq!(place.refused(&words).0, name, "dke {words}");
    }
    for words in
        ["", "nonsense", "node publish", "node publish lamp --depth 9 --out p.cbor", "keygen x --subject x --kid 0"]
    {
        let before = place.files();
        let output = place.run(words);
        assert_eq!(output.status.code(), Some(2), "dke {words}");
        assert!(words.is_empty() || String::from_utf8_lossy(&output.stderr).lines().count() == 1, "dke {words}");
        assert_eq!(before, place.files());
    }
}

#[test]
fn damaged_state_is_refused() {
    let place = Place::with_node(1);
    place.initiate("a", "");
    for (file, words) in [
        ("lamp/node.json", "node accept lamp initiate-a.cbor --out c.cbor"),
        ("lamp/identity.json", "node status lamp"),
        ("anna/client.json", "client status anna"),
        ("gate/gateway.json", "gateway offer gate --out o.cbor"),
    ] {
        let path = place.path(file);
        let good = fs::read(&path).unwrap();
        let mut flipped = good.clone();
        let digit = good.iter().rposition(u8::is_ascii_digit).unwrap();
        flipped[digit] = if good[digit] == b'1' { b'2' } else { b'1' };
        for bad in [flipped, good[..good.len() / 2].to_vec(), Vec::new(), b"{}".to_vec()] {
            fs::write(&path, bad).unwrap();
            let (name, sentence) = place.refused(words);
            assert_eq!(name, "State");
            assert!(sentence.contains("is damaged") && sentence.contains(file), "{sentence}");
        }
        fs::write(&path, good).unwrap();
        assert!(place.run(words).status.success(), "dke {words}");
    }
}

#[test]
fn what_is_no_regular_file_is_not_replaced() {
    let (place, elsewhere) = (Place::with_node(0), Place::new());
    let socket = elsewhere.path("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let words = format!("node publish lamp --again --out {}", socket.display());
    assert_eq!(place.refused(&words).0, "File");
}

#[test]
fn a_busy_directory_is_refused() {
    let place = Place::with_node(0);
    let lock = fs::OpenOptions::new().write(true).open(place.path("lamp/lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(place.refused("node status lamp").0, "Busy");
    drop(lock);
    place.ok("node status lamp");
}

#[test]
fn secrets_are_for_their_owner_only() {
    let place = Place::with_node(0);
    place.initiate("a", "");
    for file in ["lamp/node.json", "lamp/identity.json", "anna/identity.json", "anna/client.json"] {
        let mode = fs::metadata(place.path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}
