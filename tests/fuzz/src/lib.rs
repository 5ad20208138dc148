//! The fuzz targets, in the situations of the vectors, and their seeds: the vectors' messages, good and bad.

pub mod application;
pub mod network;
pub mod targets;

use dke_vectors::form::{Application, Calls, CredentialKind, Exchange, File, Rejection, Step};
use std::collections::BTreeSet;

const EXCHANGES: &str = include_str!("../../../spec/vectors/exchanges.json");
const REJECTIONS: &str = include_str!("../../../spec/vectors/rejections.json");
const APPLICATION: &str = include_str!("../../../spec/vectors/application.json");
const CALLS: &str = include_str!("../../../spec/vectors/calls.json");

/// The complete exchanges of `spec/vectors`.
pub fn exchanges() -> Vec<Exchange> {
    match File::parse(EXCHANGES.as_bytes()) {
        Ok(File::Exchanges(exchanges)) => exchanges,
        _ => panic!("the vectors are not of their form"),
    }
}

fn applications() -> Vec<Application> {
    match File::parse(APPLICATION.as_bytes()) {
        Ok(File::Applications(applications)) => applications,
        _ => panic!("the vectors are not of their form"),
    }
}

fn rejections() -> Vec<Rejection> {
    match File::parse(REJECTIONS.as_bytes()) {
        Ok(File::Rejections(rejections)) => rejections,
        _ => panic!("the vectors are not of their form"),
    }
}

fn calls() -> Vec<Calls> {
    match File::parse(CALLS.as_bytes()) {
        Ok(File::Calls(calls)) => calls,
        _ => panic!("the vectors are not of their form"),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).expect("vectors are in hex")
}

/// Target and bytes of each seed.
pub fn seeds() -> BTreeSet<(&'static str, Vec<u8>)> {
    let mut seeds = BTreeSet::new();
    for Exchange { credential_kind, inputs, messages, .. } in exchanges() {
        seeds.insert(("publication", unhex(&messages.publication)));
        seeds.insert(("offer", unhex(&messages.offer)));
        seeds.insert(("initiate", unhex(&messages.initiate)));
        seeds.insert(("confirm", unhex(&messages.confirm)));
        for credential in [inputs.node_credential, inputs.pinned_credential, inputs.authority_credential] {
            seeds.insert(("credential", unhex(&credential)));
        }
        if credential_kind == CredentialKind::Cwt {
            // { 13: CWT }
            seeds.insert(("cwt", unhex(&inputs.id_cred).split_off(2)));
        }
    }
    for Rejection { step, message, .. } in rejections() {
        let target = match step {
            Step::G1 => "publication",
            Step::C1 => "offer",
            Step::N2 => "initiate",
            Step::C2 => "confirm",
        };
        seeds.insert((target, unhex(&message)));
    }
    for event in calls().into_iter().flat_map(|calls| calls.events) {
        seeds.insert(("call", unhex(&event.early_data)));
        seeds.insert(("call", unhex(&event.answer_data)));
    }
    seeds.extend(network::seeds());
    seeds.extend(application::seeds());
    seeds
}

#[cfg(test)]
mod tests {
    use super::{application, network, seeds, targets};

    #[test]
    fn every_target_stands_its_seeds() {
        let seeds = seeds();
        for (name, target, least) in [
            ("publication", targets::publication as fn(&[u8]), 50),
            ("offer", targets::offer, 50),
            ("initiate", targets::initiate, 50),
            ("confirm", targets::confirm, 30),
            ("credential", targets::credential, 3),
            ("cwt", targets::cwt, 1),
            ("call", targets::call, 30),
            ("coap", network::coap, 10),
            ("request", network::request, 30),
            ("record", network::record, 4),
            ("option", application::option, 10),
            ("oscore", application::oscore, 20),
            ("inner", application::inner, 10),
            ("cose", application::cose, 50),
            ("jwe", application::jwe, 30),
            ("jws", application::jws, 30),
        ] {
            let own: Vec<_> = seeds.iter().filter(|(of, _)| *of == name).collect();
            assert!(own.len() >= least, "{name} has {} seeds", own.len());
            own.iter().for_each(|(_, seed)| target(seed));
        }
    }
}
