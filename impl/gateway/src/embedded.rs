//! The durable store in one file: redb, with group commit.
//!
//! One thread writes ([`Embedded::open_inline`]: whoever makes a change). It takes all changes that wait, up to [`GROUP_MAX`], runs them in one transaction, commits once and tells all of them.
//! So a commit's price is shared by whatever arrived during the one before. Readers share one read transaction of
//! the last commit. After an error of
//! the medium redb takes no change until the file is opened anew: the writer ends.
//!
//! **Backup**: copy the file while no process has it open. It is complete in itself.

mod keys;
mod rows;
mod tables;

use crate::refusal::Refusal;
use crate::store::{Change, Read, Store, StoreError, Write};
use redb::{Database, DatabaseError, StorageBackend, StorageError};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tables::{Opened, Reading, Writing, check_format};
use tokio::sync::{oneshot, watch};

/// Changes in one commit.
const GROUP_MAX: usize = 256;
/// Changes that may wait for the writer; further ones are refused.
const WAITING_MAX: usize = 4096;
/// After a commit of several changes the next one waits for as many again, for a part of the time that it took, at most so long.
const LINGER: u32 = 4;
const LINGER_MAX: Duration = Duration::from_millis(4);
/// "Retry after" when too many wait.
const RETRY: u64 = 1;

/// The store in one file.
pub struct Embedded {
    latest: Arc<Latest>,
    opened: Opened,
    changes: Changes,
    failure: watch::Receiver<Option<StoreError>>,
}

/// Who runs the changes.
enum Changes {
    /// A thread of its own.
    Thread { jobs: Option<mpsc::SyncSender<Box<dyn Job>>>, writer: Option<JoinHandle<()>> },
    /// Whoever makes them; `None` once the medium has failed.
    Inline(Mutex<Option<Writer>>),
}

/// What readers see: opening a transaction and its tables anew for each of them would cost more than what most of them read.
type Latest = RwLock<Arc<Reading>>;

/// How the store is opened.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bytes of memory for pages.
    pub cache: usize,
    /// Bytes of the file from which on nothing more is taken in.
    pub quota: u64,
    /// Bytes that must be free on the medium; with fewer nothing more is taken in, so that what is there can still be changed.
    pub free: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { cache: 64 * 1024 * 1024, quota: u64::MAX, free: 16 * 1024 * 1024 }
    }
}

impl Embedded {
    /// Opens the store in this file; makes it if there is no such file.
    ///
    /// Every page's checksum is verified: `Damaged` if the file is not what was written, `InUse` if another process has it open.
    pub fn open(path: &Path, options: Options) -> Result<Embedded, StoreError> {
        if !path.exists() {
            create(path).map_err(|error| opening(path, error))?;
        }
        let database = builder(options).open(path).map_err(|error| opening(path, error))?;
        check_format(&database).map_err(|why| StoreError::Damaged(path.display().to_string(), why))?;
        let of = path.to_path_buf();
        let (latest, opened, writer, failure) = Writer::begin(database, move || is_full(&of, options))?;
        let (jobs, queue) = mpsc::sync_channel(WAITING_MAX);
        let writer =
            std::thread::Builder::new().name("store".into()).spawn(move || writer.run(queue)).map_err(failed)?;
        let changes = Changes::Thread { jobs: Some(jobs), writer: Some(writer) };
        Ok(Embedded { latest, opened, changes, failure })
    }

    /// Opens the store on another medium than a file; makes it if the medium is empty. `is_full` is asked before each change.
    ///
    /// There is no thread: each change is committed alone, before [`Store::write`] first yields. So all that happens follows from what the
    /// callers do, as a simulation needs it; a real gateway is slower this way.
    pub fn open_inline(
        medium: impl StorageBackend,
        options: Options,
        is_full: impl Fn() -> bool + Send + 'static,
    ) -> Result<Embedded, StoreError> {
        let place = Path::new("on the given medium");
        let is_new = medium.len().map_err(failed)? == 0;
        let database = builder(options).create_with_backend(medium).map_err(|error| opening(place, error))?;
        if is_new {
            Writing::create(&database)?;
        }
        check_format(&database).map_err(|why| StoreError::Damaged(place.display().to_string(), why))?;
        let (latest, opened, writer, failure) = Writer::begin(database, is_full)?;
        Ok(Embedded { latest, opened, changes: Changes::Inline(Mutex::new(Some(writer))), failure })
    }
}

fn builder(options: Options) -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(options.cache).set_check_integrity_on_open(true);
    builder
}

fn is_full(path: &Path, options: Options) -> bool {
    let free = |medium: rustix::fs::StatVfs| medium.f_bavail.saturating_mul(medium.f_frsize);
    fs::metadata(path).is_ok_and(|file| file.len() >= options.quota)
        || rustix::fs::statvfs(path).is_ok_and(|medium| free(medium) < options.free)
}

impl Drop for Changes {
    /// What was accepted is still written.
    fn drop(&mut self) {
        let Changes::Thread { jobs, writer } = self else { return };
        *jobs = None;
        if let Some(writer) = writer.take() {
            let _ = writer.join();
        }
    }
}

impl Store for Embedded {
    fn start(&self) -> u64 {
        self.opened.start
    }

    fn uptime(&self) -> u64 {
        self.opened.uptime
    }

    fn read<T>(&self, query: impl FnOnce(&dyn Read) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner).clone();
        query(&*latest)
    }

    async fn write<T: Send + 'static>(&self, change: impl Change<T>) -> Result<T, Refusal> {
        let (tell, told) = oneshot::channel();
        let job = Box::new(Waiting { change: Some(change), result: None, tell });
        match &self.changes {
            Changes::Thread { jobs, .. } => match jobs.as_ref().ok_or_else(ended)?.try_send(job) {
                Ok(()) => {}
                Err(mpsc::TrySendError::Full(_)) => return Err(Refusal::Busy(RETRY)),
                Err(mpsc::TrySendError::Disconnected(_)) => return Err(ended().into()),
            },
            Changes::Inline(writer) => {
                let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                if !writer.as_ref().ok_or_else(ended)?.serve(vec![job]) {
                    *writer = None;
                }
            }
        }
        told.await.map_err(|_| ended())?
    }

    async fn failure(&self) -> StoreError {
        let mut failure = self.failure.clone();
        let known = failure.wait_for(Option::is_some).await;
        known.ok().and_then(|error| error.clone()).unwrap_or_else(ended)
    }
}

/// Makes the file under another name first: a file of the right name is always a whole store, and never made anew.
fn create(path: &Path) -> Result<(), DatabaseError> {
    let mut new = path.as_os_str().to_os_string();
    new.push(".new");
    let new = PathBuf::from(new);
    let _ = fs::remove_file(&new);
    let database = Database::create(&new)?;
    Writing::create(&database).map_err(|error| StorageError::Io(std::io::Error::other(error.to_string())))?;
    drop(database);
    fs::rename(&new, path).map_err(StorageError::Io)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|directory| directory.sync_all()).map_err(StorageError::Io)?;
    Ok(())
}

fn opening(path: &Path, error: DatabaseError) -> StoreError {
    let path = path.display().to_string();
    match error {
        DatabaseError::DatabaseAlreadyOpen => StoreError::InUse(path),
        DatabaseError::Storage(StorageError::Io(error)) if is_medium(&error) => {
            StoreError::Failed(format!("{path}: {error}"))
        }
        error => StoreError::Damaged(path, error.to_string().trim_end_matches('.').to_string()),
    }
}

/// The medium's own errors; others (a file too short, not of the format) mean that the file is damaged.
fn is_medium(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, UnexpectedEof};
    !matches!(error.kind(), InvalidData | UnexpectedEof)
}

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::Failed(error.to_string().trim_end_matches('.').to_string())
}

fn ended() -> StoreError {
    StoreError::Failed("its writer has ended".into())
}

/// A change on its way.
trait Job: Send {
    /// Runs the rules. An error means that the transaction cannot be committed.
    fn run(&mut self, records: &mut dyn Write) -> Result<(), StoreError>;
    /// Tells the requester how it ended.
    fn tell(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Waiting<T, F> {
    change: Option<F>,
    result: Option<Result<T, Refusal>>,
    tell: oneshot::Sender<Result<T, Refusal>>,
}

impl<T: Send, F: Change<T>> Job for Waiting<T, F> {
    fn run(&mut self, records: &mut dyn Write) -> Result<(), StoreError> {
        let Some(change) = self.change.take() else { return Ok(()) };
        let result = change(records);
        let broken = match &result {
            Err(Refusal::Store(error)) if *error != StoreError::Full => Err(error.clone()),
            _ => Ok(()),
        };
        self.result = Some(result);
        broken
    }

    fn tell(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(ended().into()),
            (Err(error), _) => Err(error.into()),
        };
        // Who does not wait any more need not be told.
        let _ = self.tell.send(result);
    }
}

struct Writer {
    database: Database,
    latest: Arc<Latest>,
    is_full: Box<dyn Fn() -> bool + Send>,
    fail: watch::Sender<Option<StoreError>>,
}

/// What readers see, which start this is, the writer, and how it will end.
type Begun = (Arc<Latest>, Opened, Writer, watch::Receiver<Option<StoreError>>);

impl Writer {
    fn begin(database: Database, is_full: impl Fn() -> bool + Send + 'static) -> Result<Begun, StoreError> {
        let opened = Writing::begin_start(&database)?;
        let latest = Arc::new(Latest::new(Arc::new(Reading::begin(&database)?)));
        let (fail, failure) = watch::channel(None);
        let writer = Writer { database, latest: latest.clone(), is_full: Box::new(is_full), fail };
        Ok((latest, opened, writer, failure))
    }

    fn run(self, queue: mpsc::Receiver<Box<dyn Job>>) {
        let (mut last, mut took) = (1, Duration::ZERO);
        while let Ok(first) = queue.recv() {
            let (mut group, began) = (vec![first], Instant::now());
            // Those who were told just now may come again: a commit for the first one alone would make the others wait.
            let linger = took.checked_div(LINGER).unwrap_or_default().min(LINGER_MAX);
            while group.len() < last
                && let Ok(next) = queue.recv_timeout(linger.saturating_sub(began.elapsed()))
            {
                group.push(next);
            }
            while group.len() < GROUP_MAX
                && let Ok(next) = queue.try_recv()
            {
                group.push(next);
            }
            let start = Instant::now();
            last = group.len();
            if !self.serve(group) {
                return;
            }
            took = start.elapsed();
        }
    }

    /// Commits these changes together, and tells who waits for them. `false` if the medium has failed.
    fn serve(&self, mut group: Vec<Box<dyn Job>>) -> bool {
        let committed = self.commit(&mut group);
        for job in group {
            job.tell(committed.clone());
        }
        match committed {
            Err(error @ StoreError::Failed(_)) => {
                self.fail.send_replace(Some(error));
                false
            }
            _ => true,
        }
    }

    fn commit(&self, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        let transaction = self.database.begin_write().map_err(failed)?;
        let mut records = Writing::begin(&transaction, (self.is_full)())?;
        for job in group {
            job.run(&mut records)?;
        }
        let changed = records.changed();
        drop(records);
        if !changed {
            return transaction.abort().map_err(failed);
        }
        transaction.commit().map_err(failed)?;
        // Before anybody is told: who is told reads what it has changed.
        let reading = Arc::new(Reading::begin(&self.database)?);
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = reading;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    /// A disk that fails is no damaged store: nobody is told to restore a backup.
    #[test]
    fn what_the_medium_says_is_no_damage() {
        let of =
            |kind: io::ErrorKind| opening(Path::new("store"), DatabaseError::Storage(StorageError::Io(kind.into())));
        for kind in [io::ErrorKind::PermissionDenied, io::ErrorKind::StorageFull, io::ErrorKind::Other] {
            assert!(matches!(of(kind), StoreError::Failed(_)), "{kind}");
        }
        for kind in [io::ErrorKind::InvalidData, io::ErrorKind::UnexpectedEof] {
            assert!(matches!(of(kind), StoreError::Damaged(..)), "{kind}");
        }
        assert!(matches!(opening(Path::new("store"), DatabaseError::DatabaseAlreadyOpen), StoreError::InUse(_)));
    }
}
