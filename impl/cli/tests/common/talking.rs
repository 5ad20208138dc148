//! A node, a gateway and a client that have a session, or are about to have one.
#![allow(dead_code, reason = "each test uses its part")]

use crate::common::Place;
use crate::common::limit::eventually;
use crate::served::Served;
use serde_json::Value;
use std::process::{Child, Stdio};

/// Answers with all that a request says of itself.
pub(crate) const ECHO: &str = r#"printf '%s %s?%s %s %s %s ' "$DKE_METHOD" "$DKE_PATH" "$DKE_QUERY" "$DKE_FORMAT" "$DKE_SUBJECT" "$DKE_KEYS"; cat; printf '%s ' "$DKE_PATH" >>served"#;

/// lamp-7, anna and ben, whom it trusts, and a gateway that serves.
pub(crate) struct Talking {
    pub(crate) place: Place,
    pub(crate) gateway: Served,
    /// The node's identifier.
    pub(crate) id: String,
}

impl Talking {
    /// The node has published, and sleeps.
    pub(crate) fn new() -> Talking {
        let place = Place::new();
        place.ok("keygen lamp --subject lamp-7 --kid 6c37");
        for client in ["anna", "ben"] {
            place.ok(&format!("keygen {client} --subject {client}"));
            place.ok(&format!("node trust lamp --client {client}/credential.cbor"));
        }
        let gateway = Served::start(&place, "--open --rate 1000");
        let mut talking = Talking { place, gateway, id: String::new() };
        talking.wake();
        talking.id = talking.place.ok("node status lamp")["id"].as_str().unwrap().into();
        talking
    }

    /// Also, this client has a session.
    pub(crate) fn with_session(client: &str) -> Talking {
        let talking = Talking::new();
        talking.session(client);
        talking
    }

    /// A whole exchange.
    pub(crate) fn session(&self, client: &str) {
        let call = self.begin_call(client);
        self.wake();
        assert!(call.wait_with_output().unwrap().status.success());
    }

    /// An exchange that waits for the node.
    #[allow(clippy::zombie_processes, reason = "a test that fails leaves it behind")]
    pub(crate) fn begin_call(&self, client: &str) -> Child {
        let call =
            format!("client call {client} --node lamp/credential.cbor --gateway {} --wait 600", self.gateway.coap);
        let before = self.gateway.waiting("waiting");
        let call = self.spawn(&call);
        eventually("an Initiate comes", || (self.gateway.waiting("waiting") > before).then_some(()));
        call
    }

    pub(crate) fn spawn(&self, words: &str) -> Child {
        self.place.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn node_run(&self, serve: &str) -> std::process::Command {
        let mut command = self.place.command(&format!("node run lamp --gateway {} --once --serve", self.gateway.coap));
        command.arg(serve);
        command
    }

    /// One wake-up, in which requests are answered with what they say.
    pub(crate) fn wake(&self) -> Value {
        self.wake_with(ECHO)
    }

    pub(crate) fn wake_with(&self, serve: &str) -> Value {
        let output = self.node_run(serve).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The command `dke request` for a path of the node.
    pub(crate) fn request(&self, client: &str, scheme: &str, path: &str, more: &str) -> String {
        let gateway = if scheme == "http" { &self.gateway.http } else { &self.gateway.coap };
        format!("request {client} {gateway}/nodes/{}{path} {more}", self.id)
    }

    /// A request that nobody waits for: it is at the gateway when this returns.
    pub(crate) fn leave(&self, client: &str, scheme: &str, path: &str, more: &str) {
        let before = self.gateway.waiting("requests");
        let words = self.request(client, scheme, path, &format!("{more} --wait 0"));
        let (name, sentence) = self.place.refused_with_changes(&words);
        assert_eq!(name, "Pending", "{sentence}");
        // On a slow machine the command may give up before its request has come: then it is made again.
        eventually("the request is at the gateway", || {
            if self.gateway.waiting("requests") > before {
                return Some(());
            }
            self.place.ok(&self.request(client, scheme, "", "--again --wait 0"));
            None
        });
    }

    /// The responses to what was left.
    pub(crate) fn collect(&self, client: &str, scheme: &str) -> Vec<Value> {
        let told = self.place.ok(&self.request(client, scheme, "", "--again --wait 600"));
        told["responses"].as_array().unwrap().clone()
    }

    /// Paths in the order in which they were served.
    pub(crate) fn served(&self) -> String {
        std::fs::read_to_string(self.place.path("served")).unwrap_or_default()
    }
}
