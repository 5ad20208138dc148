//! Every function of `dke-app` that touches a secret, and what `dke-agent` does with one.

use crate::log::Log;
use crate::protocol::Ends;
use crate::requests::{public, secret};
use coap_lite::{CoapOption, MessageClass, Packet, RequestType, ResponseType};
use dke::key_schedule::{EarlySecret, SessionSecret};
use dke_app::exchange::Numbers;
use dke_app::jose::{Serialization, open_jwe, open_jws, seal_jwe, seal_jws};
use dke_app::oscore::Context;
use dke_app::{Direction, Exporter, Role, cose, export};
use std::mem::forget;

const TO: Direction = Direction::ToNode;

/// Under the keys of either stage.
pub fn check(log: &mut Log, ends: &Ends) {
    let [mut early, mut session] = [*ends.early.0.expose(), *ends.session.0.expose()];
    public(&mut early);
    public(&mut session);
    stage(&mut log.under("early"), &ends.early, &EarlySecret::restore(early));
    stage(&mut log.under("session"), &ends.session, &SessionSecret::restore(session));
    let mut token = [7; 16];
    secret(&mut token);
    log.check("dke-agent, the token in a request", || base16ct::lower::encode_string(&token));
}

/// `known` are the same keys, public.
fn stage(log: &mut Log, keys: &impl Exporter, known: &impl Exporter) {
    oscore(log, keys, known);
    encrypt0(log, keys);
    mac0(log, keys);
    for (form, name) in [(Serialization::Compact, "compact"), (Serialization::Json, "JSON")] {
        jose(&mut log.under(name), keys, form);
    }
}

fn content() -> Vec<u8> {
    let mut content = b"what is sealed is as secret as the keys".to_vec();
    secret(content.as_mut_slice());
    content
}

/// What is opened is forgotten, since a packet's structure depends on it; the response is to a request opened under the known keys.
fn oscore(log: &mut Log, keys: &impl Exporter, known: &impl Exporter) {
    log.check("export::oscore", || export::oscore(keys)).expect("exported");
    let mut context =
        |role| log.check("oscore::Context::from_secret", || Context::from_secret(keys, role)).expect("exported");
    let (client, node) = (context(Role::Client), context(Role::Node));

    let mut request = Packet::new();
    request.header.code = MessageClass::Request(RequestType::Put);
    request.add_option(CoapOption::UriPath, b"light".to_vec());
    request.payload = content();
    let (mut outer, sent) =
        log.check("oscore, protect_request", || client.protect_request(1, &request)).expect("protected");
    public(outer.payload.as_mut_slice());
    log.check("oscore, unprotect_request", || forget(node.unprotect_request(&mut Numbers::default(), &outer)));
    let known_node = Context::from_secret(known, Role::Node).expect("exported");
    let received = known_node.unprotect_request(&mut Numbers::default(), &outer).expect("opened");

    let mut response = Packet::new();
    response.header.code = MessageClass::Response(ResponseType::Changed);
    response.payload = content();
    let outer = log.check("oscore, protect_response", || node.protect_response(received, Some(1), &response));
    let mut outer = outer.expect("protected");
    public(outer.payload.as_mut_slice());
    log.check("oscore, unprotect_response", || forget(client.unprotect_response(&sent, &outer)));
    let known_client = Context::from_secret(known, Role::Client).expect("exported");
    known_client.unprotect_response(&sent, &outer).expect("opened");
}

fn encrypt0(log: &mut Log, keys: &impl Exporter) {
    let key = log.check("export::encrypt0", || export::encrypt0(keys, TO)).expect("exported");
    let mut object = log.check("cose::seal_encrypt0", || cose::seal_encrypt0(&key, 1, &content())).expect("sealed");
    public(object.as_mut_slice());
    log.check("cose::open_encrypt0", || cose::open_encrypt0(&key, &mut Numbers::default(), &object)).expect("opened");
}

fn mac0(log: &mut Log, keys: &impl Exporter) {
    let key = log.check("export::mac0", || export::mac0(keys, TO)).expect("exported");
    let mut object = log.check("cose::seal_mac0", || cose::seal_mac0(&key, 1, b"in clear")).expect("sealed");
    public(object.as_mut_slice());
    log.check("cose::open_mac0", || cose::open_mac0(&key, &mut Numbers::default(), &object)).expect("opened");
}

fn jose(log: &mut Log, keys: &impl Exporter, form: Serialization) {
    let key = log.check("export::jwe", || export::jwe(keys, TO)).expect("exported");
    let mut object = log.check("jose::seal_jwe", || seal_jwe(&key, 1, Some(9), &content(), form)).expect("sealed");
    public(object.as_mut_str());
    log.check("jose::open_jwe", || open_jwe(&key, &mut Numbers::default(), Some(1), &object)).expect("opened");

    let key = log.check("export::jws", || export::jws(keys, TO)).expect("exported");
    let mut object = log.check("jose::seal_jws", || seal_jws(&key, 1, Some(9), b"in clear", form)).expect("sealed");
    public(object.as_mut_str());
    log.check("jose::open_jws", || open_jws(&key, &mut Numbers::default(), Some(1), &object)).expect("opened");
}
