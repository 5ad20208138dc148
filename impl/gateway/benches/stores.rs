//! The two embedded stores that came into question, with the records of a gateway: durable commits, alone and in groups, and reads.
//!
//! redb was chosen: single commits and groups of 64 are within the noise of each other on a loaded machine (193 against 210, and 294 against
//! 175 commits/s), fjall is ahead in groups of 256 (154 against 36 commits/s), redb reads four times as fast (349 against 93 thousand a
//! second), is one file, sees its own changes inside a transaction, and can verify every page when it is opened.
//!
//! `cargo bench -p dke-gateway --bench stores -- [DIRECTORY]` (default: the system's temporary directory; a RAM disk proves nothing). With
//! `--test` everything runs once and briefly.

use fjall::{KeyspaceCreateOptions, PersistMode};
use rand::{Rng as _, RngCore as _};
use redb::{Database, ReadableDatabase as _, TableDefinition};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const RECORDS: TableDefinition<'_, [u8; 25], &[u8]> = TableDefinition::new("records");
/// Bytes of an Initiate with some data.
const RECORD: usize = 200;

#[derive(Clone, Copy)]
struct Scale {
    /// Records that are there before anything is measured.
    stored: u64,
    time: Duration,
    rounds: u32,
}

const FULL: Scale = Scale { stored: 100_000, time: Duration::from_secs(3), rounds: 2 };
const TEST: Scale = Scale { stored: 1000, time: Duration::from_millis(100), rounds: 1 };

fn key(number: u64) -> [u8; 25] {
    let mut key = [0; 25];
    // Nodes are found by hash: consecutive records are far from each other.
    key[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    key[17..].copy_from_slice(&number.to_be_bytes());
    key
}

fn value() -> Vec<u8> {
    let mut value = vec![0; RECORD];
    rand::thread_rng().fill_bytes(&mut value);
    value
}

trait Candidate {
    const NAME: &'static str;
    fn open(path: &Path) -> Self;
    fn commit(&self, numbers: std::ops::Range<u64>);
    fn read(&self, number: u64) -> usize;
}

impl Candidate for Database {
    const NAME: &'static str = "redb";

    fn open(path: &Path) -> Self {
        Database::create(path.join("store.redb")).unwrap()
    }

    fn commit(&self, numbers: std::ops::Range<u64>) {
        let transaction = self.begin_write().unwrap();
        {
            let mut table = transaction.open_table(RECORDS).unwrap();
            for number in numbers {
                table.insert(&key(number), value().as_slice()).unwrap();
            }
        }
        transaction.commit().unwrap();
    }

    fn read(&self, number: u64) -> usize {
        let transaction = self.begin_read().unwrap();
        let table = transaction.open_table(RECORDS).unwrap();
        table.get(&key(number)).unwrap().unwrap().value().len()
    }
}

struct Fjall(fjall::Database, fjall::Keyspace);

impl Candidate for Fjall {
    const NAME: &'static str = "fjall";

    fn open(path: &Path) -> Self {
        let database = fjall::Database::builder(path.join("fjall")).open().unwrap();
        let keyspace = database.keyspace("records", KeyspaceCreateOptions::default).unwrap();
        Fjall(database, keyspace)
    }

    fn commit(&self, numbers: std::ops::Range<u64>) {
        let mut batch = self.0.batch().durability(Some(PersistMode::SyncAll));
        for number in numbers {
            batch.insert(&self.1, key(number), value());
        }
        batch.commit().unwrap();
    }

    fn read(&self, number: u64) -> usize {
        self.1.get(key(number)).unwrap().unwrap().len()
    }
}

/// How often something can be done in a second.
fn rate(time: Duration, mut what: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut times = 0_u32;
    while start.elapsed() < time {
        what();
        times += 1;
    }
    f64::from(times) / start.elapsed().as_secs_f64()
}

fn measure<C: Candidate>(scale: Scale, directory: &Path) {
    let store = C::open(directory);
    for start in (0..scale.stored).step_by(1000) {
        store.commit(start..start + 1000);
    }
    let mut next = scale.stored;
    let mut grouped = |group: u64| {
        let commits = rate(scale.time, || {
            store.commit(next..next + group);
            next += group;
        });
        #[allow(clippy::cast_precision_loss, reason = "group sizes are small")]
        let records = commits * group as f64;
        println!("{:6} {group:4} a commit  {commits:8.0} commits/s  {records:8.0} records/s", C::NAME);
    };
    for group in [1, 8, 64, 256] {
        grouped(group);
    }
    let mut random = rand::thread_rng();
    let reads = rate(scale.time, || {
        std::hint::black_box(store.read(random.gen_range(0..scale.stored)));
    });
    println!("{:6} reads         {reads:8.0} /s", C::NAME);
}

fn main() {
    let (flags, words): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let scale = if flags.iter().any(|flag| flag == "--test") { TEST } else { FULL };
    let place = words.first().map_or_else(std::env::temp_dir, PathBuf::from);
    for _ in 0..scale.rounds {
        let directory = tempfile::tempdir_in(&place).unwrap();
        measure::<Database>(scale, directory.path());
        measure::<Fjall>(scale, directory.path());
    }
}
