//! Runs one process with a time limit and a memory limit. The process leads a group of its own, and the limits hold for the group: Tamarin
//! has `maude` processes, and some provers are started by a script.

use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Set by the signal handler: all processes are to end.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);

const POLL: Duration = Duration::from_millis(20);
const MEASURE: Duration = Duration::from_millis(200);

/// What a process may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Wall-clock time.
    pub time: Duration,
    /// Resident memory of its group in MiB. It is measured, not enforced by the kernel: some provers reserve a terabyte of address space
    /// and use little of it. Without `/proc` there is no memory limit.
    pub memory: u64,
}

/// How it ended.
#[derive(Clone, Copy, Debug)]
pub enum Ended {
    /// By itself.
    Exit(ExitStatus),
    /// It was killed after its time.
    TimeLimit,
    /// It was killed because of its memory.
    MemoryLimit,
    /// The runner was asked to stop.
    Interrupted,
}

/// What came out.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub ended: Ended,
    /// Standard output so far.
    pub stdout: String,
    /// Standard error so far.
    pub stderr: String,
    /// Wall-clock seconds.
    pub seconds: f64,
}

/// Runs the command to its end or to a limit.
pub fn run(command: &mut Command, limits: Limits) -> std::io::Result<Output> {
    // Files, not pipes: a pipe would have to be emptied meanwhile, and stays open while any member of the group lives.
    let (mut stdout, mut stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdin(Stdio::null()).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?).process_group(0);
    let start = Instant::now();
    let mut child = command.spawn()?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let mut measured = start;
    let ended = loop {
        if let Some(status) = child.try_wait()? {
            break Ended::Exit(status);
        }
        if INTERRUPTED.load(Ordering::Relaxed) {
            break Ended::Interrupted;
        }
        if start.elapsed() > limits.time {
            break Ended::TimeLimit;
        }
        if measured.elapsed() > MEASURE {
            measured = Instant::now();
            if group.is_some_and(|group| resident_mebibytes(group) > limits.memory) {
                break Ended::MemoryLimit;
            }
        }
        std::thread::sleep(POLL);
    };
    if let Some(group) = group {
        // Also after a normal exit: nothing of the group may go on. It fails if nothing is left.
        let _ = kill_process_group(group, Signal::KILL);
    }
    child.wait()?;
    let seconds = start.elapsed().as_secs_f64();
    Ok(Output { ended, stdout: content(&mut stdout)?, stderr: content(&mut stderr)?, seconds })
}

fn content(file: &mut File) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Resident memory of all members of the group.
fn resident_mebibytes(group: Pid) -> u64 {
    let page = rustix::param::page_size() as u64;
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let stats = processes.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    let pages: u64 = stats.filter_map(|stat| resident_pages(&stat, group)).sum();
    (pages * page) >> 20
}

/// Field 24 (rss) of `/proc/PID/stat` if field 5 (pgrp) is the group; field 2, in parentheses, may contain anything (proc_pid_stat(5)).
fn resident_pages(stat: &str, group: Pid) -> Option<u64> {
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split_whitespace().collect();
    let is_member = fields.get(5 - 3)?.parse() == Ok(group.as_raw_nonzero().get());
    if is_member { fields.get(24 - 3)?.parse().ok() } else { None }
}

/// Memory of the machine that is not in use, in MiB.
pub fn available_mebibytes() -> Option<u64> {
    let meminfo = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kibibytes| kibibytes >> 10)
}
