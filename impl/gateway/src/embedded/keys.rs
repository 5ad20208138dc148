//! Keys: identifiers and big-endian numbers one behind the other, so that they sort by node, epoch and index.

use crate::record::{Address, NodeId, Place};
use dke::crypto::Hash;
use dke_coap::names::NODE_ID;

const EPOCH: usize = 8;
const PLACE: usize = NODE_ID + EPOCH + 1;

pub(super) fn registration(by: &Address, node: &NodeId) -> Vec<u8> {
    [by.as_slice(), node].concat()
}

pub(super) fn batch(node: &NodeId, epoch: u64) -> Vec<u8> {
    [node.as_slice(), &epoch.to_be_bytes()].concat()
}

pub(super) fn place(place: &Place) -> Vec<u8> {
    [place.node.as_slice(), &place.epoch.to_be_bytes(), &[place.index]].concat()
}

pub(super) fn due(at: u64, at_place: &Place) -> Vec<u8> {
    [at.to_be_bytes().as_slice(), &place(at_place)].concat()
}

pub(super) fn representation(node: &NodeId, name: &str) -> Vec<u8> {
    [node.as_slice(), name.as_bytes()].concat()
}

pub(super) fn request(node: &NodeId, number: u64) -> Vec<u8> {
    [node.as_slice(), &number.to_be_bytes()].concat()
}

pub(super) fn digest(node: &NodeId, digest: &Hash) -> Vec<u8> {
    [node.as_slice(), digest].concat()
}

pub(super) fn request_due(at: u64, node: &NodeId, number: u64) -> Vec<u8> {
    [at.to_be_bytes().as_slice(), &request(node, number)].concat()
}

pub(super) fn read_node(key: &[u8]) -> Option<NodeId> {
    key.try_into().ok()
}

pub(super) fn read_registration(key: &[u8]) -> Option<NodeId> {
    key.split_first_chunk::<{ size_of::<Address>() }>().and_then(|(_, node)| read_node(node))
}

pub(super) fn read_place(key: &[u8]) -> Option<Place> {
    let key: &[u8; PLACE] = key.try_into().ok()?;
    let (node, rest) = key.split_first_chunk()?;
    let (epoch, rest) = rest.split_first_chunk()?;
    Some(Place { node: *node, epoch: u64::from_be_bytes(*epoch), index: *rest.first()? })
}

pub(super) fn read_due(key: &[u8]) -> Option<(u64, Place)> {
    let (at, rest) = key.split_first_chunk()?;
    Some((u64::from_be_bytes(*at), read_place(rest)?))
}

pub(super) fn read_request(key: &[u8]) -> Option<(NodeId, u64)> {
    let (node, number) = key.split_first_chunk()?;
    Some((*node, u64::from_be_bytes(number.try_into().ok()?)))
}

pub(super) fn read_request_due(key: &[u8]) -> Option<(u64, NodeId, u64)> {
    let (at, rest) = key.split_first_chunk()?;
    let (node, number) = read_request(rest)?;
    Some((u64::from_be_bytes(*at), node, number))
}
