//! A gateway on the network: the resources of PROTOCOL.md section 14 as functions.

mod pace;
mod requests;

pub use requests::Reply;

use crate::admission;
use crate::budget::{Meter, Share, Spent};
use crate::http::{Http, Sent};
use crate::place::Place;
use crate::puzzle::solve;
use dke::AdmissionKey;
use dke::crypto::Hash;
use dke::stock::{Stock, Word};
use dke_coap::client::Ask;
use dke_coap::names::{
    ADMISSION, CONFIRM, CREDENTIAL, INITIATE, LEFT, MAILBOX, MESSAGE, MESSAGE_TYPE, NODE_ID, OFFER, PUBLICATION, ROOT,
    SEALED, TOKEN, node_name,
};
use dke_coap::{Client, Endpoint, Method, Parameters};
use pace::Pace;
use rand_core::CryptoRngCore;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes of the largest answer that is taken.
const BODY_MAX: usize = 64 * 1024;
/// Content-Format and media type of what only its readers understand.
const OCTETS: (u16, &str) = (42, "application/octet-stream");
/// Default ports.
const COAP_PORT: u16 = 5683;
const HTTP_PORT: u16 = 80;
/// One of several addresses must answer a ping within this time.
const PING: Duration = Duration::from_secs(2);
/// Seconds after which another try makes sense, where the gateway does not say.
const WAIT: u64 = 30;

/// Puzzles that are solved for one Offer.
const PUZZLES_MAX: usize = 3;

/// A puzzle is to be solved first.
pub(crate) const PUZZLE: (u16, u16) = (4, 12);
/// This address asks too often (RFC 8516).
const TOO_MANY: (u16, u16) = (4, 29);

/// Why the gateway was of no use.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It could not be reached, or said nothing.
    #[error("The gateway cannot be reached: {0}.")]
    Network(String),
    /// Another try makes sense after so many seconds: no prekey is left, or the queue or the store is full.
    #[error("The gateway has nothing for now; it says to try again in {0} s.")]
    Later(u64),
    /// This address makes too many requests, or holds too many leases; another try makes sense after so many seconds. Short pauses were waited for.
    #[error("The gateway takes nothing more from this address for now; it says to try again in {0} s.")]
    TooMany(u64),
    /// It refused, with a code's class and detail.
    #[error("The gateway refused: {}.{:02}{}.", .0.0, .0.1, hint(*.0))]
    Refused((u16, u16)),
    /// It sets a puzzle first.
    #[error("The gateway sets a puzzle.")]
    Puzzle(Vec<u8>),
    /// The node asks for an admission key.
    #[error(
        "The node's prekeys are for those alone who have its admission key. Its owner gives it out with its credential."
    )]
    NotAdmitted,
    /// The address is not of the form `coap://host:port` or `http://host:port`.
    #[error(
        "{0} is no address of a gateway; coap://HOST:PORT or http://HOST:PORT is expected, with an IPv6 address in brackets."
    )]
    Address(String),
    /// Its answer is larger than any of the protocol's.
    #[error("The gateway's answer is too large.")]
    TooLarge,
    /// The node's budget for this wake-up is spent.
    #[error("The budget of this wake-up is spent: {0}.")]
    Spent(Spent),
    /// It sent what is no message.
    #[error("The gateway's answer is malformed: {0}")]
    Malformed(dke::Reject),
}

fn hint((class, detail): (u16, u16)) -> &'static str {
    match (class, detail) {
        (4, 3) => {
            " (not allowed: the node is not registered by its operator, the token is wrong, or the batch is not genuine)"
        }
        (4, 4) => " (it does not know this node or exchange)",
        PUZZLE => " (its puzzle is too hard, the solution came too late, or this is not the node's admission key)",
        (4, 9) => " (the prekey is taken, or its lease has run out)",
        _ => "",
    }
}

/// Why another try makes sense only later.
fn later(class: (u16, u16), retry_after: Option<u64>) -> Failure {
    let seconds = retry_after.unwrap_or(WAIT).max(1);
    if class == TOO_MANY { Failure::TooMany(seconds) } else { Failure::Later(seconds) }
}

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
        self.send(method, path, query, body, (MESSAGE, MESSAGE_TYPE)).await
    }

    /// `format`: the body's Content-Format and media type.
    async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[&str],
        body: &[u8],
        format: (u16, &str),
    ) -> Result<Answer, Failure> {
        let mut pace = Pace::default();
        self.within(async {
            loop {
                match self.send_once(method, path, query, body, format).await {
                    Err(failure) => pace.keep(failure).await?,
                    answer => return answer,
                }
            }
        })
        .await
    }

    async fn send_once(
        &self,
        method: Method,
        path: &[&str],
        query: &[&str],
        body: &[u8],
        format: (u16, &str),
    ) -> Result<Answer, Failure> {
        self.show(path, |resource| Traffic::Sent { resource, body });
        let request = async {
            Ok(match &self.link {
                Link::Coap(client) => {
                    let format = (!body.is_empty()).then_some(format.0);
                    client.request(&Ask { method, path, query, format, body }).await?.into()
                }
                Link::Http(http) => {
                    let (target, media_type) = (target(path, query), format.1);
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

    /// Registers a node, where the gateway allows that. `true` if it was not known.
    pub async fn register(&self, credential: &dke::Credential<'_>) -> Result<bool, Failure> {
        let node = name(credential.hash());
        let answer = self.ask(Method::Put, &[ROOT, &node, CREDENTIAL], &[], credential.bytes()).await?;
        Ok(answer.is_created())
    }

    /// N1.3, G1. `true` if it was not known.
    pub async fn publish(&self, node: &Hash, publication: &[u8]) -> Result<bool, Failure> {
        Ok(self.ask(Method::Put, &[ROOT, &name(node), PUBLICATION], &[], publication).await?.is_created())
    }

    /// What the gateway has of a node: PROTOCOL.md section 18.1.
    pub async fn left(&self, node: &Hash) -> Result<Word, Failure> {
        match self.ask(Method::Get, &[ROOT, &name(node), LEFT], &[], &[]).await {
            Ok(answer) => Ok(Word::Has(Stock::parse(&answer.body).map_err(Failure::Malformed)?)),
            Err(Failure::Refused((4, 4))) => Ok(Word::Unknown),
            Err(failure) => Err(failure),
        }
    }

    /// G2: an Offer, for this requester alone.
    ///
    /// If the gateway sets a puzzle, it is solved first, from a random beginning: that takes a while on purpose. If the node asks for an
    /// admission key, that is shown.
    pub async fn offer(&self, node: &Hash, random: &mut impl CryptoRngCore) -> Result<Vec<u8>, Failure> {
        let named = name(node);
        let path = [ROOT, &named, OFFER];
        let mut body = Vec::new();
        // It becomes harder while others take prekeys.
        for _ in 0..=PUZZLES_MAX {
            match self.ask(Method::Post, &path, &[], &body).await {
                Err(Failure::Puzzle(puzzle)) => {
                    body = match admission::read(&puzzle) {
                        Some(challenge) => {
                            let key = self.admission.as_ref().ok_or(Failure::NotAdmitted)?;
                            challenge.answer(key, node, random)
                        }
                        None => solve(&puzzle, random).await.ok_or(Failure::Refused(PUZZLE))?,
                    };
                }
                answer => return Ok(answer?.body),
            }
        }
        Err(Failure::Refused(PUZZLE))
    }

    /// The newest batch of this node, of this epoch, is for those clients alone that have the [admission key](Self::admitting). Nothing
    /// happens without one.
    pub async fn admit(&self, node: &Hash, token: &[u8], epoch: u64) -> Result<(), Failure> {
        let Some(key) = &self.admission else { return Ok(()) };
        let body = admission::batch(key, node, epoch);
        self.ask(Method::Put, &[ROOT, &name(node), ADMISSION], &[&shown(token)], &body).await.map(drop)
    }

    /// G3. `true` if it was not known.
    pub async fn initiate(&self, node: &Hash, initiate: &[u8]) -> Result<bool, Failure> {
        Ok(self.ask(Method::Post, &[ROOT, &name(node), INITIATE], &[], initiate).await?.is_created())
    }

    /// Initiates that wait for the node; more may wait when these are answered.
    pub async fn mailbox(&self, node: &Hash, token: &[u8]) -> Result<Vec<Vec<u8>>, Failure> {
        let answer = self.ask(Method::Get, &[ROOT, &name(node), MAILBOX], &[&shown(token)], &[]).await?;
        split(&answer.body)
    }

    /// The node has rejected this Initiate.
    pub async fn discard(&self, node: &Hash, token: &[u8], epoch: u64, index: u8) -> Result<(), Failure> {
        let (epoch, index) = (epoch.to_string(), index.to_string());
        let path = [ROOT, &name(node), MAILBOX, &epoch, &index];
        self.ask(Method::Delete, &path, &[&shown(token)], &[]).await.map(drop)
    }

    /// G4. `true` if it was not known.
    pub async fn confirm(&self, node: &Hash, token: &[u8], confirm: &[u8]) -> Result<bool, Failure> {
        Ok(self.ask(Method::Post, &[ROOT, &name(node), CONFIRM], &[&shown(token)], confirm).await?.is_created())
    }

    /// Waits until there are Confirms for this exchange, by Observe or by a request that waits; at most so many seconds, then none are
    /// returned. With 0 it does not wait.
    pub async fn confirms(&self, node: &Hash, epoch: u64, index: u8, wait: u64) -> Result<Vec<Vec<u8>>, Failure> {
        let mut pace = Pace::default();
        self.within(async {
            loop {
                match self.confirms_once(node, epoch, index, wait).await {
                    Err(failure) => pace.keep(failure).await?,
                    confirms => return confirms,
                }
            }
        })
        .await
    }

    async fn confirms_once(&self, node: &Hash, epoch: u64, index: u8, wait: u64) -> Result<Vec<Vec<u8>>, Failure> {
        let (node, epoch, index) = (name(node), epoch.to_string(), index.to_string());
        let path = [ROOT, &node, CONFIRM, &epoch, &index];
        let answer = match &self.link {
            Link::Coap(client) if wait == 0 => {
                let ask = Ask { method: Method::Get, path: &path, query: &[], format: None, body: &[] };
                client.request(&ask).await?.into()
            }
            Link::Coap(client) => {
                let ask = Ask { method: Method::Get, path: &path, query: &[], format: None, body: &[] };
                let (first, observation) = client.observe(&ask).await?;
                match observation.filter(|_| first.body.is_empty()) {
                    Some(mut observation) => match timeout(Duration::from_secs(wait), observation.next()).await {
                        Ok(Ok(Some(news))) => news.into(),
                        Ok(Err(failure)) => return Err(failure.into()),
                        Ok(Ok(None)) | Err(_) => first.into(),
                    },
                    None => first.into(),
                }
            }
            Link::Http(http) => {
                let target = target(&path, &[]);
                let wait = (wait > 0).then_some(wait);
                let request =
                    Sent { method: Method::Get, target: &target, media_type: "", oscore: None, body: &[], wait };
                http.request(&request, BODY_MAX).await?
            }
        };
        let answer = answer.accepted()?;
        self.show(&path, |resource| Traffic::Answered { resource, body: &answer.body });
        split(&answer.body)
    }

    /// Leaves a sealed representation for the node's clients.
    pub async fn put_sealed(&self, node: &Hash, token: &[u8], title: &str, sealed: &[u8]) -> Result<bool, Failure> {
        let path = [ROOT, &name(node), SEALED, title];
        Ok(self.send(Method::Put, &path, &[&shown(token)], sealed, OCTETS).await?.is_created())
    }

    /// Reads a sealed representation.
    pub async fn sealed(&self, node: &Hash, title: &str) -> Result<Vec<u8>, Failure> {
        Ok(self.ask(Method::Get, &[ROOT, &name(node), SEALED, title], &[], &[]).await?.body)
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

/// A CBOR sequence's items.
fn split(sequence: &[u8]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut decoder = minicbor::Decoder::new(sequence);
    let mut items = Vec::new();
    while decoder.position() < sequence.len() {
        let start = decoder.position();
        decoder.skip().map_err(|_| Failure::Malformed(dke::Reject::Malformed))?;
        items.push(sequence.get(start..decoder.position()).unwrap_or_default().to_vec());
    }
    Ok(items)
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

impl From<dke_coap::Failure> for Failure {
    fn from(failure: dke_coap::Failure) -> Failure {
        match failure {
            dke_coap::Failure::TooLarge => Failure::TooLarge,
            other => Failure::Network(other.to_string().trim_end_matches('.').to_string()),
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

    #[test]
    fn sequences() {
        assert_eq!(split(&[0x01, 0x82, 0x02, 0x03, 0x40]).unwrap(), [vec![1], vec![0x82, 2, 3], vec![0x40]]);
        assert!(split(&[]).unwrap().is_empty());
        assert!(matches!(split(&[0x01, 0x82, 0x02]), Err(Failure::Malformed(_))));
    }
}
