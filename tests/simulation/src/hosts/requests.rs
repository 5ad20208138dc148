//! A client's requests to a node (PROTOCOL.md section 16), which wait for their responses on its disk.

use super::client::ClientHost;
use dke::Credential;
use dke::crypto::Hash;
use dke_agent::Unanswered;
use dke_app::message;
use dke_app::request::Protection;
use dke_coap::Code;
use dke_state::StoredRequest;
use rand::Rng as _;
use std::time::Duration;
use tokio::time::Instant;

/// POST, whose payload tells requests apart.
const POST: u8 = 2;

impl ClientHost {
    /// Makes a request to a node, and waits for the response for at most this time. Returns what tells the request from all others; `None` if
    /// there are no keys yet.
    pub async fn ask(&self, node_credential: &[u8], patience: Duration) -> Option<String> {
        let content = format!("request {} {}", self.name, self.number());
        let node = Credential::parse(node_credential).expect("it was made by the simulation");
        let mut random = self.around.seed.stream(&content);
        let mut message = message::with_code(POST);
        message.payload = content.as_bytes().to_vec();
        let protection = Protection::ALL[random.gen_range(0..Protection::ALL.len())];
        let is_node = |one: &Hash| one == node.hash();
        let request = StoredRequest::begin(self.disk(), is_node, |_| true, protection, message, &mut random).ok()?;
        self.around.monitor.asked(&self.name, node.subject(), &content);
        self.send(node.subject(), request, patience).await;
        Some(content)
    }

    /// Asks again for all responses of a node.
    pub async fn ask_again(&self, node_credential: &[u8], patience: Duration) {
        let node = Credential::parse(node_credential).expect("it was made by the simulation");
        for request in StoredRequest::all(&self.disk(), |one| one == node.hash()).unwrap_or_default() {
            self.send(node.subject(), request, patience).await;
        }
    }

    async fn send(&self, node: &str, mut request: StoredRequest, patience: Duration) {
        let content = String::from_utf8_lossy(&request.message().payload).into_owned();
        let link = self.around.connect(self.address, &format!("{} {content} {}", self.name, self.number()));
        let answered = link.answer_of(&request.node().clone(), &mut request, Instant::now() + patience).await;
        let ended = match answered {
            Ok(response) if Code(message::code(&response)).is_success() => {
                let answer = String::from_utf8_lossy(&response.payload).into_owned();
                self.around.monitor.answered(node, &content, &answer);
                "answered".to_string()
            }
            Ok(response) => format!("the node says {}", Code(message::code(&response))),
            Err(unanswered) => {
                if let Unanswered::Unprotected(..) = unanswered {
                    // The node has no such keys any more, or the gateway lies: its user gives it up.
                    let _ = StoredRequest::forget(&self.disk(), &[request]);
                }
                unanswered.to_string()
            }
        };
        self.around.log.tell(&self.name, format!("{node} {content:?}: {ended}"));
    }
}
