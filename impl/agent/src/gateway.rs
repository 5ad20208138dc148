//! A gateway on the network: the connection, and what each request to it has in common.

mod failure;
mod pace;
mod requests;
mod resources;

pub use failure::Failure;
pub(crate) use failure::PUZZLE;
pub use requests::Reply;

use crate::budget::{Meter, Share};
use crate::http::{Http, Sent};
use crate::place::Place;
use dke::AdmissionKey;
use dke::crypto::Hash;
use dke_coap::client::Ask;
use dke_coap::names::{MESSAGE, MESSAGE_TYPE, NODE_ID, TOKEN, node_name};
use dke_coap::{Client, Endpoint, Method, Parameters};
use failure::{TOO_MANY, later};
use pace::Pace;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes of the largest answer that is taken.
const BODY_MAX: usize = 64 * 1024;
/// Default ports.
const COAP_PORT: u16 = 5683;
const HTTP_PORT: u16 = 80;
/// One of several addresses must answer a ping within this time.
const PING: Duration = Duration::from_secs(2);

/// An answer, whatever it came over.
pub(crate) struct Answer {
    pub(crate) success: bool,
    pub(crate) class: (u16, u16),
    pub(crate) retry_after: Option<u64>,
    /// Over HTTP only.
    pub(crate) media_type: Option<String>,
    /// Over HTTP only: the OSCORE header field.
    pub(crate) oscore: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn accepted(self) -> Result<Answer, Failure> {
        match (self.success, self.class) {
            (true, _) => Ok(self),
            (false, class @ ((5, 3) | TOO_MANY)) => Err(later(class, self.retry_after)),
            (false, PUZZLE) if !self.body.is_empty() => Err(Failure::Puzzle(self.body)),
            (false, class) => Err(Failure::Refused(class)),
        }
    }

    const fn is_created(&self) -> bool {
        matches!(self.class, (2, 1))
    }
}

/// What goes to a gateway and comes from it, for whoever wants to watch. The resource is the one below the node: `publication`, `offer`,
/// `initiate`, `mailbox`, `confirm`, `sealed`, `credential` or `requests`; or `nodes`, for a request to the node.
#[derive(Clone, Copy, Debug)]
pub enum Traffic<'a> {
    /// A request is about to be sent.
    Sent {
        /// To which resource.
        resource: &'a str,
        /// The request's body.
        body: &'a [u8],
    },
    /// It succeeded.
    Answered {
        /// By which resource.
        resource: &'a str,
        /// The answer's body.
        body: &'a [u8],
    },
}

/// Watches a gateway's traffic.
pub type Tap = Arc<dyn Fn(&Traffic<'_>) + Send + Sync>;

/// A gateway.
#[derive(Clone)]
pub struct Gateway {
    link: Link,
    tap: Option<Tap>,
    meter: Option<(Arc<Meter>, Share)>,
    admission: Option<AdmissionKey>,
    deadline: Option<Instant>,
}

#[derive(Clone)]
enum Link {
    Coap(Client),
    Http(Http),
}

impl Gateway {
    /// The gateway at `coap://host:port` or `http://host:port`.
    pub async fn connect(address: &str, parameters: Parameters) -> Result<Gateway, Failure> {
        let wrong = || Failure::Address(address.to_string());
        let (scheme, place) = address.split_once("://").ok_or_else(wrong)?;
        let port = match scheme {
            "coap" => COAP_PORT,
            "http" => HTTP_PORT,
            _ => return Err(wrong()),
        };
        let place = Place::parse(place.trim_end_matches('/'), Some(port)).ok_or_else(wrong)?;
        if scheme == "http" {
            return Ok(Gateway::of(Link::Http(Http(place))));
        }
        let network = |error: std::io::Error| Failure::Network(error.to_string());
        let mut addresses = place.addresses().await.map_err(network)?.into_iter().peekable();
        let mut last = None;
        while let Some(peer) = addresses.next() {
            match Endpoint::client_of(peer, parameters).await {
                Ok(endpoint) => {
                    let client = Client::new(endpoint, peer, BODY_MAX);
                    // Of several addresses, one at which somebody listens; a name may have an address of each family.
                    if addresses.peek().is_none() || answers(&client).await {
                        return Ok(Gateway::of(Link::Coap(client)));
                    }
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or_else(wrong, network))
    }

    /// The gateway at this address, over a given CoAP endpoint.
    pub fn over(endpoint: Endpoint, peer: SocketAddr) -> Gateway {
        Gateway::of(Link::Coap(Client::new(endpoint, peer, BODY_MAX)))
    }

    const fn of(link: Link) -> Gateway {
        Gateway { link, tap: None, meter: None, admission: None, deadline: None }
    }

    /// The same gateway, for a node and its clients that share this admission key.
    #[must_use]
    pub fn admitting(self, key: AdmissionKey) -> Gateway {
        Gateway { admission: Some(key), ..self }
    }

    /// The same gateway, of which nothing is awaited beyond this moment.
    #[must_use]
    pub fn until(self, deadline: Instant) -> Gateway {
        Gateway { deadline: Some(deadline), ..self }
    }

    /// What the gateway answers, within the time that there is.
    async fn within<T>(&self, answer: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let Some(deadline) = self.deadline else { return answer.await };
        let late = |_| Failure::Network("there was no answer in time".into());
        timeout_at(deadline, answer).await.map_err(late)?
    }

    /// The same gateway, whose traffic is shown to `tap`.
    #[must_use]
    pub fn tapped(self, tap: Tap) -> Gateway {
        Gateway { tap: Some(tap), ..self }
    }

    /// The same gateway, asked at the cost of a wake-up's budget.
    pub(crate) fn metered(&self, meter: &Arc<Meter>, share: Share) -> Gateway {
        Gateway { meter: Some((meter.clone(), share)), ..self.clone() }
    }

    fn show<'a>(&self, path: &[&'a str], traffic: impl FnOnce(&'a str) -> Traffic<'a>) {
        if let (Some(tap), Some(resource)) = (&self.tap, path.get(2)) {
            tap(&traffic(resource));
        }
    }

    async fn ask(&self, method: Method, path: &[&str], query: &[&str], body: &[u8]) -> Result<Answer, Failure> {
        self.send(&Ask { method, path, query, format: Some(MESSAGE), body }, MESSAGE_TYPE).await
    }

    /// A body of another format, which the node's mailbox token lets it leave. `true` if it was not known.
    async fn put(
        &self,
        path: &[&str],
        token: &[u8],
        body: &[u8],
        (format, media_type): (u16, &str),
    ) -> Result<bool, Failure> {
        let token = shown(token);
        let ask = Ask { method: Method::Put, path, query: &[&token], format: Some(format), body };
        Ok(self.send(&ask, media_type).await?.is_created())
    }

    /// `media_type`: that of the body over HTTP.
    async fn send(&self, ask: &Ask<'_>, media_type: &str) -> Result<Answer, Failure> {
        self.patiently(|| self.send_once(ask, media_type)).await
    }

    /// Tries again after the short pauses that the gateway asks for, within the time that there is.
    async fn patiently<T, F>(&self, once: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut pace = Pace::default();
        self.within(async {
            loop {
                match once().await {
                    Err(failure) => pace.keep(failure).await?,
                    answer => return answer,
                }
            }
        })
        .await
    }

    async fn send_once(&self, ask: &Ask<'_>, media_type: &str) -> Result<Answer, Failure> {
        let Ask { method, path, query, format, body } = *ask;
        self.show(path, |resource| Traffic::Sent { resource, body });
        let request = async {
            Ok(match &self.link {
                Link::Coap(client) => {
                    let format = format.filter(|_| !body.is_empty());
                    client.request(&Ask { format, ..*ask }).await?.into()
                }
                Link::Http(http) => {
                    let target = target(path, query);
                    let request = Sent { method, target: &target, media_type, oscore: None, body, wait: None };
                    http.request(&request, BODY_MAX).await?
                }
            })
        };
        let answer = match &self.meter {
            Some((meter, share)) => meter.ask(*share, request).await,
            None => request.await,
        };
        let answer = answer?.accepted()?;
        self.show(path, |resource| Traffic::Answered { resource, body: &answer.body });
        Ok(answer)
    }
}

/// Does somebody listen there?
async fn answers(client: &Client) -> bool {
    timeout(PING, client.ping()).await.is_ok_and(|answer| answer.is_ok())
}

fn name(node: &Hash) -> String {
    node_name(&node.first_chunk::<NODE_ID>().copied().unwrap_or_default())
}

fn shown(token: &[u8]) -> String {
    format!("{TOKEN}{}", base16ct::lower::encode_string(token))
}

fn target(path: &[&str], query: &[&str]) -> String {
    let mark = if query.is_empty() { "" } else { "?" };
    format!("/{}{mark}{}", path.join("/"), query.join("&"))
}

impl From<dke_coap::Reply> for Answer {
    fn from(reply: dke_coap::Reply) -> Answer {
        Answer {
            success: reply.code.is_success(),
            class: (reply.code.class().into(), (reply.code.0 & 0x1f).into()),
            retry_after: reply.max_age.map(u64::from),
            media_type: None,
            oscore: None,
            body: reply.body,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses() {
        for good in [
            "coap://127.0.0.1",
            "coap://127.0.0.1:61616/",
            "coap://[::1]",
            "coap://[::1]:5683",
            "http://127.0.0.1:8080",
            "coap://localhost",
            "http://localhost",
            "coap://[fe80::1%lo]:5683",
            "http://[fe80::1%25lo]:5683",
        ] {
            // Whether this machine has a route there is another matter.
            let failure = Gateway::connect(good, Parameters::default()).await.err();
            assert!(!matches!(failure, Some(Failure::Address(_))), "{good}");
        }
        for bad in
            ["", "127.0.0.1", "coaps://x", "http://", "http://127.0.0.1/dke", "coap://::1", "coap://[::1", "http://x@y"]
        {
            let failure = Gateway::connect(bad, Parameters::default()).await.err().unwrap();
            assert!(matches!(failure, Failure::Address(_)), "{bad}: {failure}");
        }
    }

    #[tokio::test]
    async fn nobody_listens_and_it_is_told_at_once() {
        let gone = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let slow = Parameters { ack_timeout: Duration::from_secs(3600), ..Parameters::default() };
        for host in ["127.0.0.1", "localhost"] {
            let gateway = Gateway::connect(&format!("coap://{host}:{}", gone.port()), slow).await.unwrap();
            let failure = gateway.sealed(&[7; 32], "x").await.unwrap_err();
            assert_eq!(failure.to_string(), "The gateway cannot be reached: Nobody listens there.");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_awaited_beyond_the_deadline() {
        // It listens, and says nothing.
        let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        for url in
            [format!("coap://{}", silent.local_addr().unwrap()), format!("http://{}", listener.local_addr().unwrap())]
        {
            let (start, wait) = (Instant::now(), Duration::from_secs(5));
            let gateway = Gateway::connect(&url, Parameters::default()).await.unwrap().until(start + wait);
            assert!(matches!(gateway.sealed(&[7; 32], "x").await, Err(Failure::Network(_))), "{url}");
            assert_eq!(start.elapsed().as_secs(), wait.as_secs(), "{url}");
            assert!(matches!(gateway.confirms(&[7; 32], 1, 0, 30).await, Err(Failure::Network(_))), "{url}");
            assert_eq!(start.elapsed().as_secs(), wait.as_secs(), "{url}");
        }
    }
}
