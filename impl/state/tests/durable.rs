//! What was stored is there after a power failure, and nothing is reported as stored that may not be there.
#![allow(clippy::unwrap_used)]

use dke_state::{Disk as _, Error, Locked, MemoryDisk, RealDisk};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use std::collections::BTreeMap;
use std::sync::Arc;

const FORMAT: &str = "test";
const OLD: &str = "the old secret";
const NEW: &str = "the new secret";
/// Names that one replacement changes, at most.
const CHANGES: usize = 8;

fn put(disk: &MemoryDisk, text: &str) -> Result<(), Error> {
    Locked::on(Arc::new(disk.clone()))?.save("state", FORMAT, &text)
}

fn get(disk: &MemoryDisk) -> Option<String> {
    Locked::on(Arc::new(disk.clone())).unwrap().load("state", FORMAT).unwrap()
}

fn medium() -> MemoryDisk {
    let disk = MemoryDisk::new();
    put(&disk, OLD).unwrap();
    disk
}

/// The medium fails at each operation in turn, and then the power, with each number of changed names that had become durable by chance.
#[test]
fn a_state_is_replaced_wholly_or_not_at_all() {
    let whole = medium();
    let before = whole.operations();
    put(&whole, NEW).unwrap();
    let operations = whole.operations() - before;
    assert!(operations > 3);
    for (cut, kept) in (0..=operations).flat_map(|cut| (0..CHANGES).map(move |kept| (cut, kept))) {
        let disk = medium();
        disk.fail_at(Some(disk.operations() + cut));
        let stored = put(&disk, NEW);
        disk.fail_at(None);
        assert_eq!(stored.is_ok(), cut == operations, "an error of the medium is told, cut {cut}");
        disk.lose_power(kept);
        let found = get(&disk).expect("the state is lost");
        assert!(found == NEW || (stored.is_err() && found == OLD), "cut {cut}, kept {kept}: {found}");
        assert!(stored.is_err() || !disk.holds(OLD.as_bytes()), "kept {kept}: the old bytes are left");
    }
}

/// Runs this on a thread on which the system refuses to make anything durable.
fn without_sync<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let refused = BTreeMap::from([(libc::SYS_fsync, Vec::new()), (libc::SYS_fdatasync, Vec::new())]);
    let errno = u32::try_from(libc::EIO).unwrap();
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(refused, SeccompAction::Allow, SeccompAction::Errno(errno), arch).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            seccompiler::apply_filter(&program).unwrap();
            work()
        });
        thread.join().unwrap()
    })
}

#[test]
fn nothing_is_stored_where_the_system_cannot_sync() {
    let place = tempfile::tempdir().unwrap();
    let disk = RealDisk::open(place.path()).unwrap();
    disk.create("file").unwrap();
    assert!(without_sync(|| disk.write("file", b"bytes")).is_err(), "a file's bytes are not durable");
    disk.write("file", b"bytes").unwrap();
    assert!(without_sync(|| disk.wipe("file")).is_err(), "it may not be wiped");
    assert!(without_sync(|| disk.sync()).is_err(), "names are not durable");
    disk.sync().unwrap();
    let save = |text: &str| Locked::open(place.path()).unwrap().save("state", FORMAT, &text);
    save(OLD).unwrap();
    assert!(matches!(without_sync(|| save(NEW)), Err(Error::Store(..))));
}
