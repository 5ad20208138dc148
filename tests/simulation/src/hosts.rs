//! The hosts: each runs the real code, and can be ended at any point.

pub mod client;
pub mod gateway;
pub mod node;
mod requests;

use crate::log::Log;
use crate::monitor::Monitor;
use crate::network::Network;
use crate::random::Seed;
use dke::AdmissionKey;
use dke_agent::Gateway as Link;
use dke_coap::{Endpoint, Parameters};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// What every host needs.
#[derive(Clone)]
pub struct Surroundings {
    /// The network that it is on.
    pub network: Arc<Network>,
    /// Where it tells what it does.
    pub log: Arc<Log>,
    /// What watches it.
    pub monitor: Arc<Monitor>,
    /// Where its randomness comes from.
    pub seed: Seed,
    /// Where the gateway is.
    pub gateway: SocketAddr,
    /// What nodes share with their clients, so that strangers get no prekeys.
    pub admission: Option<AdmissionKey>,
}

impl Surroundings {
    /// A new connection of a host to the gateway, from a port of its own.
    pub fn connect(&self, host: IpAddr, purpose: &str) -> Link {
        let socket = self.network.bind((host, 0).into());
        let random = self.seed.stream(&format!("coap {purpose}"));
        let link = Link::over(Endpoint::client_over(socket, Parameters::default(), random), self.gateway);
        match &self.admission {
            Some(key) => link.admitting(key.clone()),
            None => link,
        }
    }
}
