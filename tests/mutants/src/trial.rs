//! Runs tests: each once without a change, to see what it reaches; and for each change those that reach it, until one fails.

use crate::build::Tests;
use crate::list::Mutant;
use std::collections::HashSet;
use std::error::Error;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A changed test may take so much longer than the unchanged one.
const FACTOR: u32 = 5;
const GRACE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(5);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Caught,
    /// A test did not end in time.
    Late,
    Missed,
}

/// One test function.
struct Test<'a> {
    tests: &'a Tests,
    name: String,
    time: Duration,
    reaches: HashSet<u32>,
}

/// The verdict on each change, `jobs` at a time.
pub(crate) fn run(
    tests: &[Tests],
    mutants: &[&Mutant],
    tree: &Path,
    jobs: usize,
) -> Result<Vec<(u32, Verdict)>, Box<dyn Error>> {
    let mut all = Vec::new();
    for one in tests {
        for name in names(one)? {
            all.push(Test { tests: one, name, time: Duration::ZERO, reaches: HashSet::new() });
        }
    }
    let ran = each(&all, jobs, |number, test| test.baseline(&tree.join(format!("seen-{number}"))));
    let mut sound = Vec::new();
    for (test, ran) in all.into_iter().zip(ran) {
        match ran {
            Some((time, reaches)) => sound.push(Test { time, reaches, ..test }),
            None => eprintln!("{} fails without any change, and is left out.", test.name),
        }
    }
    sound.sort_by_key(|test| test.time);
    let (done, start) = (AtomicUsize::new(0), Instant::now());
    Ok(each(mutants, jobs, |_, mutant| {
        let verdict = verdict(&sound, mutant.id);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(50) {
            eprintln!("{done} of {} after {} s", mutants.len(), start.elapsed().as_secs());
        }
        (mutant.id, verdict)
    }))
}

fn verdict(tests: &[Test<'_>], id: u32) -> Verdict {
    for test in tests.iter().filter(|test| test.reaches.contains(&id)) {
        match test.changed(id) {
            Some(true) => {}
            Some(false) => return Verdict::Caught,
            None => return Verdict::Late,
        }
    }
    Verdict::Missed
}

/// The names of the tests in a binary, but for those that are ignored.
fn names(tests: &Tests) -> Result<Vec<String>, Box<dyn Error>> {
    let list = |more: &[&str]| -> Result<HashSet<String>, Box<dyn Error>> {
        let output = Command::new(&tests.binary).args(["--list", "--format", "terse"]).args(more).output()?;
        let text = String::from_utf8(output.stdout)?;
        Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_string).collect())
    };
    let ignored = list(&["--ignored"])?;
    Ok(list(&[])?.into_iter().filter(|name| !ignored.contains(name)).collect())
}

impl Test<'_> {
    fn start(&self, variable: &str, value: &str) -> std::io::Result<Child> {
        Command::new(&self.tests.binary)
            .args(["--exact", &self.name])
            .current_dir(&self.tests.dir)
            .env(variable, value)
            .env("INSTA_UPDATE", "no")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
    }

    /// How long it takes, and what it reaches. `None` if it fails.
    fn baseline(&self, seen: &Path) -> Option<(Duration, HashSet<u32>)> {
        fs::create_dir(seen).ok()?;
        let start = Instant::now();
        let passed = self.start("MUTANTS_SEEN", seen.to_str()?).ok()?.wait().ok()?.success();
        let time = start.elapsed();
        let mut reaches = HashSet::new();
        for process in fs::read_dir(seen).ok()? {
            let text = fs::read_to_string(process.ok()?.path()).ok()?;
            reaches.extend(text.lines().filter_map(|line| line.parse::<u32>().ok()));
        }
        passed.then_some((time, reaches))
    }

    /// Does it pass with this change? `None` if it does not end in time.
    fn changed(&self, id: u32) -> Option<bool> {
        let mut child = self.start("MUTANT", &id.to_string()).ok()?;
        let end = Instant::now() + GRACE + FACTOR * self.time;
        let passed = loop {
            match child.try_wait() {
                Ok(Some(status)) => break Some(status.success()),
                Ok(None) if Instant::now() < end => thread::sleep(POLL),
                _ => break None,
            }
        };
        // With everything that it has started, which outlives a test that fails early.
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).stderr(Stdio::null()).status();
        let _ = child.wait();
        passed
    }
}

/// Does something with each item, several at a time. The results are in the items' order.
fn each<T: Sync, R: Send>(items: &[T], jobs: usize, work: impl Fn(usize, &T) -> R + Sync) -> Vec<R> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(number) else { break };
                    let result = work(number, item);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((number, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}
