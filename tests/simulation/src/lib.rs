//! The whole system for years, among strangers: the real gateway, agents, stores and state directories on simulated time, network and
//! disks.
//!
//! | | does | where |
//! |---|---|---|
//! | a run | chapters of troubles, each followed by a calm in which everything must work | [`run`](mod@run), [`plan`] |
//! | the world | a gateway, nodes, clients | [`world`], [`hosts`] |
//! | surroundings | time, datagrams, media, randomness from a seed | [`time`], [`network`], [`medium`], [`random`] |
//! | troubles | one file for each kind | [`scenario`] |
//! | checks | what must hold throughout | [`monitor`], [`traffic`] |
//! | for people | transcripts, and failing plans made small | [`log`], [`shrink`] |
//!
//! To add a trouble: a file in `scenario/` and a line in [`scenario::ALL`]. To add a check: a [`Property`](monitor::Property), and a function
//! of the monitor that hears of the events. The same seed gives the same run.

pub mod hosts;
pub mod log;
pub mod medium;
pub mod monitor;
pub mod network;
pub mod plan;
pub mod random;
pub mod run;
pub mod scenario;
pub mod shrink;
mod stranger;
pub mod time;
pub mod traffic;
pub mod world;
