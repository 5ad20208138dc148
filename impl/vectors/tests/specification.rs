//! `spec/vectors`, written by the specification, under the implementation on every backend; and what changed vectors lead to.
#![allow(clippy::unwrap_used)]

use dke::{Crypto, RustCrypto};
use dke_vectors::form::{Application, Calls, CredentialKind, Exchange, File, Format, ObjectKeys, Rejection};
use dke_vectors::{Mismatch, check_application, check_calls, check_exchange, check_rejection};
use serde_json::Value;
use std::collections::BTreeSet;

const EXCHANGES: &str = include_str!("../../../spec/vectors/exchanges.json");
const REJECTIONS: &str = include_str!("../../../spec/vectors/rejections.json");

fn exchanges() -> Vec<Exchange> {
    let File::Exchanges(exchanges) = File::parse(EXCHANGES.as_bytes()).unwrap() else { panic!("no exchanges") };
    assert_eq!(exchanges.len(), 16);
    exchanges
}

fn rejections() -> Vec<Rejection> {
    let File::Rejections(rejections) = File::parse(REJECTIONS.as_bytes()).unwrap() else { panic!("no rejections") };
    assert!(rejections.len() >= 150);
    rejections
}

const APPLICATION: &str = include_str!("../../../spec/vectors/application.json");

fn applications() -> Vec<Application> {
    let File::Applications(applications) = File::parse(APPLICATION.as_bytes()).unwrap() else { panic!("another file") };
    assert_eq!(applications.len(), 4);
    applications
}

fn every_vector_holds<C: Crypto>() {
    let exchanges = exchanges();
    for vector in &exchanges {
        let compared = check_exchange::<C>(vector).unwrap_or_else(|mismatch| panic!("{mismatch}"));
        // Not one of the values and messages is left out.
        let json = serde_json::to_value(vector).unwrap();
        for group in ["values", "messages"] {
            for key in json[group].as_object().unwrap().keys() {
                assert!(compared.contains(&*format!("{group}.{key}")), "{}: {group}.{key} is left out", vector.name);
            }
        }
    }
    let mismatches: Vec<String> = rejections()
        .iter()
        .filter_map(|rejection| {
            let base = exchanges.iter().find(|vector| vector.name == rejection.base).unwrap();
            check_rejection::<C>(base, rejection).err().map(|mismatch| mismatch.to_string())
        })
        .collect();
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
}

#[test]
fn every_vector_holds_on_rustcrypto() {
    every_vector_holds::<RustCrypto>();
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn every_vector_holds_on_aws_lc() {
    every_vector_holds::<dke::crypto::AwsLc>();
}

#[test]
fn every_rejection_of_a_message_has_a_vector() {
    let seen: BTreeSet<String> = rejections().into_iter().map(|rejection| rejection.reject).collect();
    let bookkeeping = ["NotOffered", "IndexTaken", "QueueFull", "UnknownNode", "Exhausted", "WrongToken"];
    for reject in dke::Reject::ALL {
        let name = reject.name();
        assert_eq!(seen.contains(name), !bookkeeping.contains(&name), "{name}");
    }
}

/// A vector with the last digit of one member changed.
fn changed(vector: &Exchange, group: &str, member: &str) -> Exchange {
    let mut json = serde_json::to_value(vector).unwrap();
    let place = &mut json[group][member];
    let text = place.as_str().unwrap();
    let (kept, last) = text.split_at(text.len() - 1);
    let other = if last == "0" { "1" } else { "0" };
    *place = Value::String(format!("{kept}{other}"));
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_change_of_any_value_is_seen() {
    let vectors = exchanges();
    for name in ["suite2-refresh-kid-data", "suite3-refresh-cwt-data"] {
        let vector = vectors.iter().find(|vector| vector.name == name).unwrap();
        let json = serde_json::to_value(vector).unwrap();
        for group in ["values", "messages"] {
            for member in json[group].as_object().unwrap().keys() {
                let mismatch = check_exchange::<RustCrypto>(&changed(vector, group, member)).unwrap_err();
                let Mismatch::Differs { member: found, .. } = &mismatch else { panic!("{member}: {mismatch}") };
                assert_eq!(*found, format!("{group}.{member}"));
            }
        }
        // A changed input changes something, too.
        for (member, value) in json["inputs"].as_object().unwrap() {
            let unused = member == "authority_credential" || member == "authority_key";
            if value.is_string() && !(unused && vector.credential_kind == CredentialKind::Kid) {
                assert!(check_exchange::<RustCrypto>(&changed(vector, "inputs", member)).is_err(), "{name}: {member}");
            }
        }
    }
}

#[test]
fn a_wrong_rejection_is_seen() {
    let (exchanges, rejections) = (exchanges(), rejections());
    let base = |of: &Rejection| exchanges.iter().find(|vector| vector.name == of.base).unwrap();
    let good = rejections.iter().find(|rejection| rejection.reject == "WrongExchange").unwrap();
    let other = Rejection { reject: "Downgrade".into(), ..good.clone() };
    let mismatch = check_rejection::<RustCrypto>(base(good), &other).unwrap_err();
    assert_eq!(
        mismatch.to_string(),
        format!("{}: to be rejected as Downgrade, but rejected as WrongExchange here", good.name)
    );
    let accepted = Rejection { message: base(good).messages.confirm.clone(), ..good.clone() };
    let mismatch = check_rejection::<RustCrypto>(base(good), &accepted).unwrap_err();
    assert!(matches!(mismatch, Mismatch::Judged { found: None, .. }), "{mismatch}");
    let odd = Rejection { message: "0".into(), ..good.clone() };
    let mismatch = check_rejection::<RustCrypto>(base(good), &odd).unwrap_err();
    assert!(matches!(mismatch, Mismatch::Form { member: "message", .. }), "{mismatch}");
}

#[test]
fn files_of_another_form_are_refused() {
    for bad in ["", "{}", "[1]", "[{}]", "[{\"base\":\"x\"}]", &EXCHANGES[..EXCHANGES.len() / 2]] {
        assert!(File::parse(bad.as_bytes()).is_err(), "{bad}");
    }
    let vector = &exchanges()[0];
    let with = |change: &dyn Fn(&mut Exchange)| {
        let mut vector = vector.clone();
        change(&mut vector);
        match check_exchange::<RustCrypto>(&vector) {
            Err(Mismatch::Form { member, .. }) => member,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(with(&|vector| vector.suite = 4), "suite");
    assert_eq!(with(&|vector| vector.mode = 1), "mode");
    assert_eq!(with(&|vector| vector.inputs.depth = 9), "inputs.depth");
    assert_eq!(with(&|vector| vector.inputs.depth = 1), "inputs.prekeys");
    assert_eq!(with(&|vector| vector.inputs.index = 4), "inputs.index");
    assert_eq!(with(&|vector| vector.inputs.x = "00".repeat(32)), "inputs.x");
    assert_eq!(with(&|vector| vector.inputs.token.clear()), "inputs.token");
    assert_eq!(with(&|vector| vector.credential_kind = CredentialKind::Cwt), "inputs.id_cred");
    assert_eq!(with(&|vector| vector.inputs.node_credential = "a0".into()), "inputs.node_credential");
    assert_eq!(with(&|vector| vector.messages.offer = "xy".into()), "messages.offer");
}

#[test]
fn the_application_layer_holds() {
    for vector in applications() {
        let compared = check_application(&vector).unwrap_or_else(|mismatch| panic!("{mismatch}"));
        assert_eq!(compared, 16 + 2 * 12 + vector.refused.len(), "{}", vector.name);
        // Every format in both directions, and every rejection that it knows.
        for format in Format::ALL {
            let jose = matches!(format, Format::Jwe | Format::Jws);
            for direction in [0, 1] {
                let place = |of: (Format, u64)| of == (format, direction);
                assert!(vector.protected.iter().any(|one| place((one.format, one.direction))), "{format:?}");
                let refused = vector.refused.iter().filter(|one| place((one.format, one.direction)));
                let names: BTreeSet<&str> = refused.map(|one| one.reject.as_str()).collect();
                let expected: &[&str] = match format {
                    Format::OscoreResponse => &["NotAuthentic"],
                    _ if jose => &["Expired", "Malformed", "NotAuthentic", "Replayed", "UnknownKey"],
                    Format::Encrypt0 | Format::Mac0 => &["Malformed", "NotAuthentic", "Replayed", "UnknownKey"],
                    _ => &["NotAuthentic", "Replayed", "UnknownKey"],
                };
                assert_eq!(names, BTreeSet::from_iter(expected.iter().copied()), "{format:?}, direction {direction}");
            }
        }
    }
}

#[test]
fn a_change_in_the_application_layer_is_seen() {
    let vector = applications().swap_remove(1);
    let refused = |change: &dyn Fn(&mut Application)| {
        let mut changed = vector.clone();
        change(&mut changed);
        check_application(&changed).unwrap_err()
    };
    let other = |text: &mut String| {
        let last = if text.ends_with('0') { "1" } else { "0" };
        text.replace_range(text.len() - 1.., last);
    };
    for member in 0..vector.protected.len() {
        let object = refused(&|vector| other(&mut vector.protected[member].object));
        assert!(matches!(object, Mismatch::Differs { member: "object", .. }), "{object}");
        assert!(matches!(refused(&|vector| other(&mut vector.protected[member].content)), Mismatch::Differs { .. }));
        refused(&|vector| vector.protected[member].sequence += 1);
        refused(&|vector| vector.protected[member].direction ^= 1);
    }
    for member in 0..vector.refused.len() {
        let judged = refused(&|vector| vector.refused[member].reject = "Full".into());
        assert!(matches!(judged, Mismatch::Judged { .. }), "{judged}");
    }
    type Member = fn(&mut ObjectKeys) -> &mut String;
    let members: [Member; 6] = [
        |keys| &mut keys.kid,
        |keys| &mut keys.encrypt0_key,
        |keys| &mut keys.encrypt0_iv,
        |keys| &mut keys.mac0_key,
        |keys| &mut keys.jwe_key,
        |keys| &mut keys.jws_key,
    ];
    for member in members {
        refused(&|vector| other(member(&mut vector.keys.to_node)));
        refused(&|vector| other(member(&mut vector.keys.to_client)));
    }
    refused(&|vector| other(&mut vector.secret));
    refused(&|vector| other(&mut vector.keys.oscore_master_salt));
    assert!(matches!(refused(&|vector| vector.name = "x".into()), Mismatch::Form { member: "name", .. }));
    assert!(matches!(refused(&|vector| vector.refused[0].direction = 2), Mismatch::Form { member: "direction", .. }));
}

const CALLS: &str = include_str!("../../../spec/vectors/calls.json");

fn calls() -> Vec<Calls> {
    let File::Calls(calls) = File::parse(CALLS.as_bytes()).unwrap() else { panic!("another file") };
    calls
}

#[test]
fn every_call_is_carried_out_as_the_vectors_say() {
    let calls = calls();
    assert!(calls.len() >= 6);
    for vector in &calls {
        check_calls(vector).unwrap_or_else(|mismatch| panic!("{mismatch}"));
    }
}

#[test]
fn a_changed_call_is_a_mismatch() {
    for vector in calls() {
        for place in 0..vector.events.len() {
            if vector.events[place].client.is_none() {
                continue;
            }
            let mut changed = vector.clone();
            changed.events[place].answer_data.push_str("00");
            assert!(matches!(check_calls(&changed), Err(Mismatch::Differs { member: "answer_data", .. })));
            let mut changed = vector.clone();
            let number = &mut changed.events[place].number;
            *number = if number.is_some() { None } else { Some("00".repeat(8)) };
            assert!(matches!(check_calls(&changed), Err(Mismatch::Differs { member: "number", .. })));
            let mut changed = vector.clone();
            changed.events[place].early_data = "x".into();
            assert!(matches!(check_calls(&changed), Err(Mismatch::Form { member: "early_data", .. })));
        }
    }
}
