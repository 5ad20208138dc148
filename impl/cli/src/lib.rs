//! The command `dke`: node, gateway and client of the Delayed Key Exchange on files that anyone can carry by hand.
//!
//! Only [`inspect`] is meant for other crates.

mod args;
mod client;
mod client_store;
mod credential;
mod demo;
mod diagram;
mod fault;
mod files;
mod gateway;
mod gateway_store;
mod hexed;
mod identity;
pub mod inspect;
mod node;
mod node_store;
mod report;
mod shape;

use crate::args::{Args, Command};
use crate::fault::Fault;
use crate::report::Report;
use clap::Parser as _;
use std::process::ExitCode;

/// Runs the command line. 0: done. 1: the store failed, or the demonstration found unequal keys. 2: bad input, nothing changed.
pub fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(report) => {
            anstream::print!("{}", if args.json { report.json() } else { report.text() });
            ExitCode::SUCCESS
        }
        Err(fault) => {
            anstream::eprintln!("{}", if args.json { fault.json() } else { format!("dke: {fault}") });
            ExitCode::from(fault.code())
        }
    }
}

fn run(args: &Args) -> Result<Report, Fault> {
    match &args.command {
        Command::Demo(args) => demo::run(args),
        Command::Keygen(args) => identity::keygen(args),
        Command::Credential(command) => credential::run(command),
        Command::Node(command) => node::run(command),
        Command::Client(command) => client::run(command),
        Command::Gateway(command) => gateway::run(command),
        Command::Inspect(args) => inspect::run(args),
    }
}
