//! Standard output and standard error: no command fails silently, or panics, because of them.

use crate::fault::Fault;
use crate::report::{Delivery, Report, printable};
use dke_state::Party;
use std::io::{self, ErrorKind, Write};

/// Writes a report, and after that what it delivers counts as delivered.
pub(crate) fn deliver(report: &Report, json: bool) -> Result<(), Fault> {
    let written = match report.bytes().filter(|_| !json) {
        Some(bytes) => write(&mut io::stdout().lock(), bytes),
        None => text(&if json { report.json() } else { report.text() }),
    };
    let closed = || report.delivers().is_some() && is_closed();
    match written {
        Ok(()) if closed() => Err(undelivered("standard output is closed", report)),
        Ok(()) => report.delivers().map_or(Ok(()), settle),
        // Its reader has enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe && report.delivers().is_none() => Ok(()),
        Err(error) => Err(undelivered(&error.to_string(), report)),
    }
}

fn undelivered(why: &str, report: &Report) -> Fault {
    let again =
        |one: &Delivery| format!(" What was received is kept: `dke deliver {}` gives it again.", one.dir.display());
    let kept = report.delivers().map(again).unwrap_or_default();
    Fault::Broken(format!("The result could not be written: {why}.{kept}"))
}

/// The contents have been delivered.
fn settle(delivery: &Delivery) -> Result<(), Fault> {
    let mut party = Party::wait(&delivery.dir)?;
    if party.undelivered().remove(&delivery.contents) {
        party.save()?;
    }
    Ok(())
}

/// A line of a command that goes on, whoever listens.
pub(crate) fn show(line: &str) {
    if let Err(error) = text(line) {
        tell(&format!("Standard output cannot be written: {error}."));
    }
}

/// A line for the operator. Nobody can be told where this fails.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", printable(line));
}

fn text(text: &str) -> io::Result<()> {
    write(&mut anstream::stdout().lock(), text.as_bytes())
}

fn write(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}

/// The standard library opens /dev/null, for reading and writing, in the place of an output that was closed when the process began.
fn is_closed() -> bool {
    use rustix::fs::{OFlags, fcntl_getfl, fstat, stat};
    let stdout = io::stdout();
    let both = fcntl_getfl(&stdout).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR);
    let null = fstat(&stdout)
        .ok()
        .zip(stat("/dev/null").ok())
        .is_some_and(|(out, null)| out.st_rdev == null.st_rdev && out.st_ino == null.st_ino);
    both && null
}
