//! The application layer: vectors of RFC 8613, objects and messages both ways, requests and responses, what is refused, restarts,
//! parsers under noise.

mod common;
mod exchange;
mod objects;
mod oscore;
mod parsers;
mod request;
mod window;
