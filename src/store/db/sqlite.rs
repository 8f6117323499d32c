//! `SQLite`: how its file is made, opened, looked at, and known again.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Executor as _, SqliteConnection};

use super::pool::Source;
use super::within;
use crate::store::StoreError;

/// Nothing waits longer for a lock.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(30);
/// A file that cannot be opened by then is on a disk that does not answer.
const OPEN_MAX: Duration = Duration::from_secs(45);
/// Names, addresses and accounts of customers are in it: only its owner may read what we make. `SQLite` gives the files
/// beside it the same mode.
const MODE: u32 = 0o600;
/// Ids are random, so that each payment writes a page of each index on ids, and writes it whole: small ones are best.
const PAGE_BYTES: u32 = 4_096;
/// A checkpoint comes after so many pages of the log: with 16 MB a page that changes often is written back seldom.
const CHECKPOINT_PAGES: &str = "4000";
/// `SQLite`'s page cache for the connection that writes, in KiB: what a page of payments changes, and little more. Twice
/// as much was no faster.
const WRITE_CACHE: &str = "-2048";
/// The same for each one that reads.
const READ_CACHE: &str = "-1024";
/// Where `SQLite` keeps what a statement of many rows has changed, until it is through: in memory, for a page of payments
/// changes half a megabyte by it, and a file is as much to write again.
const TEMP_STORE: &str = "temp_store";
/// Where it is kept while tables are made anew that may be large.
pub(in crate::store) const TEMP_IN_FILES: &str = "PRAGMA temp_store = file";
/// So many rows of an answer go from `SQLite`'s thread to ours at once: more than a page of payments has.
const ROWS: usize = 256;
/// Compiled statements that a connection keeps: more than there are.
const STATEMENTS: usize = 128;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// The one that writes.
    Writing,
    /// One that reads what the other has written.
    Reading,
    /// One of a process that only looks, and may write nothing, nor make a file.
    Looking,
}

/// A database file, for one purpose.
#[derive(Debug)]
pub(in crate::store) struct File {
    path: PathBuf,
    purpose: For,
    /// The file that was opened first.
    opened: OnceLock<Identity>,
}

/// Which file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Identity {
    device: u64,
    inode: u64,
    /// While nobody has it open, for whoever looks: how large it was, and when it was written.
    still: Option<(u64, i64, i64)>,
}

/// Makes the file, if it is not there, so that only its owner may read it.
pub(super) fn make(path: &Path) -> Result<(), StoreError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path);
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(sqlx::Error::Io(error).into()),
    }
}

/// The permissions of the file, if others than its owner and group may read it.
pub(super) fn mode_for_others(path: &Path) -> Option<u32> {
    let mode = fs::metadata(path).ok()?.mode() & 0o777;
    (mode & 0o007 != 0).then_some(mode)
}

impl File {
    pub(super) fn new(path: &Path, purpose: For) -> Self {
        Self { path: path.to_owned(), purpose, opened: OnceLock::new() }
    }

    fn options(&self) -> SqliteConnectOptions {
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(false)
            .foreign_keys(true)
            .busy_timeout(WAIT_MAX)
            .statement_cache_capacity(STATEMENTS)
            .row_buffer_size(ROWS);
        let kept = |options: SqliteConnectOptions| {
            options
                .page_size(PAGE_BYTES)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        };
        match self.purpose {
            For::Writing => {
                kept(options).pragma("cache_size", WRITE_CACHE).pragma(TEMP_STORE, "memory")
            }
            For::Reading => kept(options).pragma("cache_size", READ_CACHE),
            // Where nobody writes there is no file beside it, and it must not be made.
            For::Looking => options
                .read_only(true)
                .immutable(!is_in_use(&self.path))
                .pragma("cache_size", READ_CACHE),
        }
    }

    fn identity(&self) -> io::Result<Identity> {
        let found = fs::metadata(&self.path)?;
        let is_still = self.purpose == For::Looking && !is_in_use(&self.path);
        Ok(Identity {
            device: found.dev(),
            inode: found.ino(),
            still: is_still.then(|| (found.size(), found.mtime(), found.mtime_nsec())),
        })
    }
}

/// Whether there is something beside the file that belongs to it: somebody has it open, or died with it open.
fn is_in_use(path: &Path) -> bool {
    let beside = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        fs::metadata(name)
    };
    beside("-shm").is_ok() || beside("-wal").is_ok_and(|log| log.len() > 0)
}

impl Source for File {
    type Conn = SqliteConnection;
    type Mark = Identity;

    async fn connect(&self) -> Result<SqliteConnection, StoreError> {
        within(OPEN_MAX, self.options().connect()).await
    }

    fn mark(&self) -> Result<Identity, StoreError> {
        let moved = || StoreError::Moved(self.path.display().to_string());
        let found = match self.identity() {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound && self.opened.get().is_some() => {
                return Err(moved());
            }
            Err(error) => return Err(sqlx::Error::Io(error).into()),
        };
        let opened = self.opened.get_or_init(|| found);
        let is_the_same = (opened.device, opened.inode) == (found.device, found.inode);
        if is_the_same || self.purpose == For::Looking { Ok(found) } else { Err(moved()) }
    }

    async fn run(conn: &mut SqliteConnection, sql: &'static str) -> Result<(), sqlx::Error> {
        conn.execute(sql).await.map(drop)
    }
}
