//! Whether the database is still the one that this host knows.
//!
//! Beside its state a host keeps a mark: the newest event that it has seen sealed, and the hash of all events up to it. A
//! database that is behind the mark, or has another hash there, has lost what came since: it was restored, or failed over
//! with a loss.

use std::cell::RefCell;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::config::DatabaseSettings;
use crate::engine::Chain;
use crate::store::{Outlook, Store, StoreError};

/// A sweep makes no more seals: of 1,000 events each.
const SEALS_MAX: u32 = 50;

/// What a host has seen of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    event: i64,
    hash: String,
    /// When, by the database's clock: microseconds since 1970.
    seen_at: i64,
}

/// The mark of one database on this host.
#[derive(Debug)]
pub(super) struct Vigil {
    /// None: it is kept as long as this process lives.
    file: Option<PathBuf>,
    mark: RefCell<Option<Mark>>,
    /// What this host is called.
    host: String,
}

impl Vigil {
    /// The vigil over the database of `settings`. What cannot be read is as if it were not there, and said.
    pub(super) fn new(settings: &DatabaseSettings) -> Self {
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let file = settings.state_dir.as_ref().map(|folder| folder.join(file_name(settings)));
        if file.is_none() {
            tracing::warn!(
                "database.state_dir is not set: after a restart, this host cannot tell whether the database was restored"
            );
        }
        let mark = file.as_deref().and_then(read);
        Self { file, mark: RefCell::new(mark), host: host.trim().to_owned() }
    }

    /// Looks at the database, before a sweep and after it. If it has lost what this host has seen, that is written down there, and
    /// nothing goes out until it was looked up.
    pub(super) async fn look(
        &self,
        store: &Store,
        now: DateTime<Utc>,
    ) -> Result<Outlook, StoreError> {
        let mark = self.mark.borrow().clone();
        let Some(mark) = mark else { return store.outlook(0).await };
        let mut outlook = store.outlook(mark.event).await?;
        let Some(loss) = loss(store, &mark, &outlook).await? else { return Ok(outlook) };
        if outlook.explained_at.is_some_and(|began_at| began_at.timestamp_micros() > mark.seen_at) {
            // It is known, and over.
            self.set(None);
            return Ok(outlook);
        }
        if !outlook.is_held {
            let host = format!("host {}", self.host);
            store.begin_restoration(&host, &loss, None, now).await?;
            tracing::error!(
                loss,
                "the database has lost what this host has seen: nothing goes out"
            );
            outlook = store.outlook(mark.event).await?;
        }
        Ok(outlook)
    }

    /// Seals what was written since, and keeps a mark of it. `outlook` is of now: what came before it is known to be what
    /// this host has seen.
    pub(super) async fn seal(
        &self,
        store: &Store,
        outlook: &Outlook,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        // What is held is not to become the history that everybody knows.
        if outlook.is_held {
            return Ok(());
        }
        let known = self.mark.borrow().as_ref().map_or(0, |mark| mark.event);
        if outlook.newest <= known {
            return Ok(());
        }
        store.seal_events(SEALS_MAX, now).await?;
        let head = store.sealed_head().await?;
        if head.last_id > known {
            let hash = head.hash.to_string();
            self.set(Some(Mark {
                event: head.last_id,
                hash,
                seen_at: outlook.now.timestamp_micros(),
            }));
        }
        Ok(())
    }

    fn set(&self, mark: Option<Mark>) {
        if let (Some(file), Some(mark)) = (&self.file, &mark)
            && let Err(error) = write(file, mark)
        {
            tracing::warn!(file = %file.display(), %error, "the mark of the newest event cannot be written");
        }
        self.mark.replace(mark);
    }
}

/// What the database has lost of what `mark` has seen, if it has.
async fn loss(store: &Store, mark: &Mark, outlook: &Outlook) -> Result<Option<String>, StoreError> {
    let (seen, newest) = (mark.event, outlook.newest);
    if newest < seen {
        return Ok(Some(format!(
            "the newest event is {newest}, and this host has seen event {seen}{}: what came between is lost",
            DateTime::from_timestamp_micros(mark.seen_at).map_or_else(String::new, |at| format!(
                " at {}",
                at.format("%Y-%m-%d %H:%M:%S UTC")
            ))
        )));
    }
    let known: Option<Chain> = mark.hash.parse().ok();
    if outlook.hash.is_some() && outlook.hash == known {
        return Ok(None);
    }
    // No seal ends there, which is no loss if the hash there is the same.
    if known.is_some() && store.chain_at(seen).await? == known {
        return Ok(None);
    }
    Ok(Some(format!("the events up to {seen} are not those that this host has seen")))
}

/// One database has one name, whoever logs in there with whatever password.
fn file_name(settings: &DatabaseSettings) -> String {
    let hash = Sha256::digest(settings.url.place());
    let short: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("railpoll-{short}.mark")
}

fn read(file: &Path) -> Option<Mark> {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::warn!(file = %file.display(), %error, "the mark of the newest event cannot be read");
            return None;
        }
    };
    let mark = serde_json::from_slice(&text);
    mark.inspect_err(|error| {
        tracing::warn!(file = %file.display(), %error, "the mark of the newest event is unreadable");
    })
    .ok()
}

/// Whoever reads it while it is written sees the old one or the new one.
fn write(file: &Path, mark: &Mark) -> io::Result<()> {
    let beside = file.with_extension(format!("mark.{}", std::process::id()));
    let mut new = fs::File::create(&beside)?;
    new.write_all(&serde_json::to_vec(mark)?)?;
    new.sync_all()?;
    fs::rename(&beside, file)
}
