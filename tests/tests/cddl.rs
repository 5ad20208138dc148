//! `spec/dke.cddl` is normative: every message of every vector fits it, and wrong ones do not.

use dke_vectors::form::Exchange;
use std::path::PathBuf;

fn spec(name: &str) -> String {
    std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../spec").join(name)).expect("a file")
}

/// Does the item fit this rule?
fn fits(rule: &str, hex: &str) -> bool {
    let grammar = format!("start = {rule}\n{}", spec("dke.cddl"));
    cddl::validate_cbor_from_slice(&grammar, &hex::decode(hex).expect("hex"), None).is_ok()
}

fn vectors() -> Vec<Exchange> {
    serde_json::from_str(&spec("vectors/exchanges.json")).expect("vectors")
}

#[test]
fn every_message_of_every_vector_fits() {
    for vector in vectors() {
        let (inputs, messages) = (&vector.inputs, &vector.messages);
        for (rule, hex) in [
            ("publication", &messages.publication),
            ("offer", &messages.offer),
            ("initiate", &messages.initiate),
            ("confirm", &messages.confirm),
            ("header", &vector.values.header),
            ("id_cred", &inputs.id_cred),
            ("credential", &inputs.node_credential),
            ("credential", &inputs.authority_credential),
        ] {
            assert!(fits(rule, hex), "{}: {rule}", vector.name);
        }
    }
}

#[test]
fn wrong_ones_do_not() {
    let vector = &vectors()[0];
    let messages = &vector.messages;
    // The rule of another message, a missing item, a wrong type, a wrong size.
    assert!(!fits("offer", &messages.publication));
    assert!(!fits("confirm", &messages.initiate));
    assert!(!fits("initiate", &messages.initiate.replacen("86", "85", 1)));
    assert!(!fits("confirm", "840702f640"));
    assert!(!fits("confirm", &format!("84070241aa48{}", "00".repeat(8))));
    assert!(fits("confirm", &format!("84070240{}{}", "48", "00".repeat(8))));
    assert!(fits("stock", "8307181e1a001e8480") && fits("stock", "83000000"));
    assert!(!fits("stock", "830719010100") && !fits("stock", "820700") && !fits("stock", "83410700"));
}

#[test]
fn calls_and_outcomes() {
    let number = format!("48{}", "07".repeat(8));
    let bytes = |length: usize| format!("59{length:04x}{}", "00".repeat(length));
    for call in [format!("82{number}40"), format!("82{number}{}", bytes(1011))] {
        assert!(fits("call", &call), "{call}");
    }
    for call in [format!("82{number}{}", bytes(1012)), format!("81{number}"), "8247000000000000004100".into()] {
        assert!(!fits("call", &call), "{call}");
    }
    for outcome in ["820040", "82004161", "820140", "820440", &format!("8200{}", bytes(1019))] {
        assert!(fits("outcome", outcome), "{outcome}");
    }
    for outcome in ["820540", "82014161", "8200f6", &format!("8200{}", bytes(1020))] {
        assert!(!fits("outcome", outcome), "{outcome}");
    }
}
