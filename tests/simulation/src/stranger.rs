//! What strangers need: CoAP from addresses of their own, and messages that look like messages.

use crate::hosts::node::NodeHost;
use crate::world::{World, gateway_address};
use dke::Credential;
use dke::message::{Header, Offer};
use dke_coap::client::Ask;
use dke_coap::names::{INITIATE, MESSAGE, NODE_ID, OFFER, ROOT, node_name};
use dke_coap::{Client, Code, Endpoint, Method, Parameters, Reply};
use rand::rngs::StdRng;
use std::net::IpAddr;

/// A stranger who waits for answers.
pub(crate) struct Stranger {
    client: Client,
}

impl Stranger {
    /// At this address.
    pub(crate) fn new(world: &World, address: IpAddr, random: StdRng) -> Stranger {
        let endpoint = Endpoint::client_over(world.network.bind((address, 0).into()), Parameters::default(), random);
        Stranger { client: Client::new(endpoint, gateway_address(), 64 * 1024) }
    }

    /// Asks something below a node.
    pub(crate) async fn ask(&self, method: Method, path: &[&str], body: &[u8]) -> Option<Reply> {
        let format = (!body.is_empty()).then_some(MESSAGE);
        self.client.request(&Ask { method, path, query: &[], format, body }).await.ok()
    }

    /// Asks an Offer of a node: epoch and index.
    pub(crate) async fn offer(&self, node: &NodeHost) -> Option<(u64, u64)> {
        let reply = self.ask(Method::Post, &[ROOT, &name_of(node), OFFER], &[]).await?;
        let offer = Offer::parse(&reply.body).ok()?;
        let credential = credential_of(node);
        let epoch = Header::parse(offer.batch.header, credential.hash()).ok()?.epoch;
        node.gives_to_stranger(epoch);
        Some((epoch, offer.index))
    }

    /// Leaves garbage in place of an Initiate.
    pub(crate) async fn initiate(&self, node: &NodeHost, epoch: u64, index: u64) -> Option<Code> {
        let body = garbage_initiate(epoch, index);
        self.ask(Method::Post, &[ROOT, &name_of(node), INITIATE], &body).await.map(|reply| reply.code)
    }
}

/// A node's name in paths.
pub(crate) fn name_of(node: &NodeHost) -> String {
    node_name(&credential_of(node).hash().first_chunk::<NODE_ID>().copied().expect("a hash is longer"))
}

fn credential_of(node: &NodeHost) -> Credential<'_> {
    Credential::parse(&node.credential).expect("it was made by the simulation")
}

/// An Initiate in form only.
fn garbage_initiate(epoch: u64, index: u64) -> Vec<u8> {
    let mut out = vec![0x86, 0x00];
    out.extend(uint(epoch));
    out.extend(uint(index));
    out.extend([0x58, 0x20]);
    out.extend([0; 31]);
    out.extend([5, 0x49]);
    out.extend(*b"AAAAAAAAA");
    out.push(0x48);
    out.extend(*b"BBBBBBBB");
    out
}

/// A small unsigned integer in CBOR.
fn uint(number: u64) -> Vec<u8> {
    match u8::try_from(number) {
        Ok(small) if small < 24 => vec![small],
        Ok(small) => vec![0x18, small],
        Err(_) => [&[0x1b], number.to_be_bytes().as_slice()].concat(),
    }
}
