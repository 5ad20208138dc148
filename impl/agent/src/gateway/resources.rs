//! The resources of PROTOCOL.md section 14 as functions.

use super::failure::PUZZLE;
use super::{BODY_MAX, Failure, Gateway, Link, Traffic, name, shown, target};
use crate::admission;
use crate::http::Sent;
use crate::puzzle::solve;
use dke::crypto::Hash;
use dke::stock::{Stock, Word};
use dke_coap::Method;
use dke_coap::client::Ask;
use dke_coap::names::{ADMISSION, CONFIRM, CREDENTIAL, INITIATE, LEFT, MAILBOX, OFFER, PUBLICATION, ROOT, SEALED};
use rand_core::CryptoRngCore;
use std::time::Duration;
use tokio::time::timeout;

/// Content-Format and media type of what only its readers understand.
const OCTETS: (u16, &str) = (42, "application/octet-stream");
/// Puzzles that are solved for one Offer.
const PUZZLES_MAX: usize = 3;

impl Gateway {
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
        self.patiently(|| self.confirms_once(node, epoch, index, wait)).await
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
        self.put(&path, token, sealed, OCTETS).await
    }

    /// Reads a sealed representation.
    pub async fn sealed(&self, node: &Hash, title: &str) -> Result<Vec<u8>, Failure> {
        Ok(self.ask(Method::Get, &[ROOT, &name(node), SEALED, title], &[], &[]).await?.body)
    }
}

/// A CBOR sequence's items.
pub(super) fn split(sequence: &[u8]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut decoder = minicbor::Decoder::new(sequence);
    let mut items = Vec::new();
    while decoder.position() < sequence.len() {
        let start = decoder.position();
        decoder.skip().map_err(|_| Failure::Malformed(dke::Reject::Malformed))?;
        items.push(sequence.get(start..decoder.position()).unwrap_or_default().to_vec());
    }
    Ok(items)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn sequences() {
        assert_eq!(split(&[0x01, 0x82, 0x02, 0x03, 0x40]).unwrap(), [vec![1], vec![0x82, 2, 3], vec![0x40]]);
        assert!(split(&[]).unwrap().is_empty());
        assert!(matches!(split(&[0x01, 0x82, 0x02]), Err(Failure::Malformed(_))));
    }
}
