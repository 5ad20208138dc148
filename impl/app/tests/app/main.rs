//! The application layer: vectors of RFC 8613, objects and messages both ways, what is refused, restarts, parsers under noise.

mod common;
mod objects;
mod oscore;
mod parsers;
mod window;
