//! The command `dke`: node, gateway and client of the Delayed Key Exchange, over the network or on files that anyone can carry by hand.
//!
//! Only [`inspect`] is meant for other crates.

mod admission;
mod args;
mod client;
mod client_call;
mod credential;
mod demo;
mod diagram;
mod exchange;
mod fault;
mod files;
mod gateway;
mod gateway_store;
mod hardening;
mod identity;
pub mod inspect;
mod interrupt;
mod network;
mod network_args;
mod node;
mod node_run;
mod outer;
mod output;
mod protect;
mod protect_args;
mod recover;
mod report;
mod request;
mod serve;
mod shape;
mod shell;
mod vectors;

use crate::args::{Args, Command};
use crate::fault::Fault;
use crate::report::Report;
use clap::Parser as _;
use std::process::ExitCode;

/// Runs the command line. 0: done. 1: the store failed, or a check that was asked for did. 2: bad input, nothing changed.
pub fn main() -> ExitCode {
    hardening::no_core_dumps();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return misused(&error),
    };
    match run(&args).and_then(|report| output::deliver(&report, args.json)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            complain(&fault, args.json);
            ExitCode::from(fault.code())
        }
    }
}

/// Help and version as they are; what is wrong with the arguments, in one sentence.
fn misused(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};
    if matches!(error.kind(), DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand) {
        error.exit();
    }
    let told = error.to_string();
    let told = told.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    let sentence = told.split_whitespace().collect::<Vec<_>>().join(" ");
    let fault = Fault::usage(format!("{sentence}; see `dke --help`."));
    complain(&fault, std::env::args_os().any(|word| word == "--json"));
    ExitCode::from(fault.code())
}

fn complain(fault: &Fault, json: bool) {
    output::tell(&if json { fault.json() } else { format!("dke: {fault}") });
}

fn run(args: &Args) -> Result<Report, Fault> {
    match &args.command {
        Command::Demo(demo) => demo::run(demo, args.json),
        Command::Keygen(args) => identity::keygen(args),
        Command::Credential(command) => credential::run(command),
        Command::Node(command) => node::run(command, args.json),
        Command::Client(command) => client::run(command),
        Command::Gateway(command) => gateway::run(command, args.json),
        Command::Request(args) => request::run(args),
        Command::Seal(args) => protect::seal(args),
        Command::Open(args) => protect::open(args),
        Command::Deliver(args) => protect::deliver(args),
        Command::Export(args) => protect::export(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Vectors(command) => vectors::run(command),
    }
}
