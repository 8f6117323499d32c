//! Seals: how far the hash chain over events has come, and whether the events are still those that it was made of.
//!
//! Who writes events does not hash them, for many write at once. Their ids are in the order of commits, so whoever comes
//! later can: a sealer reads what stands behind the newest seal and appends another. Two that seal at once make the same
//! seal, and one of them is dropped.

use chrono::{DateTime, Utc};

use super::events::StoredEvent;
use crate::engine::{Chain, Link};
use crate::store::db::breathe;
use crate::store::db::values::{Arg, Row, stored_time};
use crate::store::{Store, StoreError};

/// So many events are read at once. A seal is of no more.
const READ_AT_ONCE: u32 = 1_000;
/// So many seals are read at once.
const SEALS_AT_ONCE: i64 = 500;
/// More places where history is another than it was are not told.
const DIFFERENCES_MAX: usize = 20;

/// How far the chain has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The last event that is sealed; 0 if none is.
    pub last_id: i64,
    /// The hash of all events up to it.
    pub hash: Chain,
}

/// Events that are not what they were when they were sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealDifference {
    /// They stand behind this event.
    pub after_id: i64,
    /// Up to this one.
    pub last_id: i64,
    /// How many there were.
    pub sealed: i64,
    /// How many there are.
    pub found: i64,
}

/// What came of looking at all of history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// How many events were looked at.
    pub events: i64,
    /// How many seals.
    pub seals: i64,
    /// Where history is another than it was: the first ones.
    pub differences: Vec<SealDifference>,
    /// Up to where it was looked at.
    pub head: Head,
}

const CHECKED: &str = "INSERT INTO event_checks (checked_at, events, detail) VALUES ($1, $2, $3)";

struct Seal {
    after_id: i64,
    last_id: i64,
    events: i64,
    hash: Chain,
}

const HEAD: &str =
    "SELECT after_id, last_id, events, hash FROM event_seals ORDER BY last_id DESC LIMIT 1";
const NOT_BEHIND: &str = "SELECT after_id, last_id, events, hash FROM event_seals WHERE last_id <= $1 \
                          ORDER BY last_id DESC LIMIT 1";
const SEALS: &str = "SELECT after_id, last_id, events, hash FROM event_seals WHERE last_id > $1 ORDER BY last_id LIMIT $2";
const APPEND: &str = "INSERT INTO event_seals (last_id, after_id, events, hash, sealed_at) VALUES ($1, $2, $3, $4, $5) \
                      ON CONFLICT DO NOTHING";

impl Store {
    /// How far the chain over events has come.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn sealed_head(&self) -> Result<Head, StoreError> {
        let rows = self.db.rows(HEAD, &[]).await?;
        rows.first().map_or(Ok(Head::default()), |row| seal_from(row).map(|seal| seal.head()))
    }

    /// Seals the events behind the newest seal: up to so many seals. True if there may be more.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn seal_events(&self, seals: u32, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut head = self.sealed_head().await?;
        for _ in 0..seals {
            let events = self.events_after(head.last_id, READ_AT_ONCE).await?;
            let Some(last) = events.last() else { return Ok(false) };
            let next = Head { last_id: last.id, hash: chained(head.hash, &events) };
            let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
            let hash = next.hash.to_string();
            let args = [
                Arg::Int(next.last_id),
                Arg::Int(head.last_id),
                Arg::Int(count),
                Arg::Text(&hash),
                Arg::Time(stored_time(now)),
            ];
            let mut tx = self.db.begin().await?;
            let is_appended = tx.conn().execute(APPEND, &args).await? > 0;
            tx.commit().await?;
            if !is_appended {
                // Somebody else was quicker, and goes on.
                return Ok(false);
            }
            if count < i64::from(READ_AT_ONCE) {
                return Ok(false);
            }
            head = next;
            breathe().await;
        }
        Ok(true)
    }

    /// The hash of all events up to `id`, from the newest seal that is not behind it. None if there is no such event.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn chain_at(&self, id: i64) -> Result<Option<Chain>, StoreError> {
        let seals = self.db.rows(NOT_BEHIND, &[Arg::Int(id)]).await?;
        let mut head = match seals.first() {
            Some(row) => seal_from(row)?.head(),
            None => Head::default(),
        };
        while head.last_id < id {
            let mut events = self.events_after(head.last_id, READ_AT_ONCE).await?;
            events.retain(|event| event.id <= id);
            let Some(last) = events.last() else { return Ok(None) };
            head = Head { last_id: last.id, hash: chained(head.hash, &events) };
            breathe().await;
        }
        Ok(Some(head.hash))
    }

    /// Hashes all of history anew, and compares it with its seals. Nothing is written: whoever may only look can verify.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn verify_events(&self) -> Result<Verified, StoreError> {
        let mut verified = self.compare_with_seals().await?;
        // What stands behind the newest seal is hashed with the rest, and has nothing to be compared with yet.
        loop {
            let head = verified.head;
            let events = self.events_after(head.last_id, READ_AT_ONCE).await?;
            let Some(last) = events.last() else { return Ok(verified) };
            verified.events += i64::try_from(events.len()).unwrap_or(i64::MAX);
            verified.head = Head { last_id: last.id, hash: chained(head.hash, &events) };
            breathe().await;
        }
    }

    /// Writes down what came of looking at all of history: the pollers' next sweeps tell of it.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn record_verified(
        &self,
        verified: &Verified,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let detail = verified.detail();
        let args = [
            Arg::Time(stored_time(now)),
            Arg::Int(verified.events),
            Arg::MaybeText(detail.as_deref()),
        ];
        let mut tx = self.db.begin().await?;
        tx.conn().execute(CHECKED, &args).await?;
        tx.commit().await
    }

    async fn compare_with_seals(&self) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        loop {
            let args = [Arg::Int(verified.head.last_id), Arg::Int(SEALS_AT_ONCE)];
            let rows = self.db.rows(SEALS, &args).await?;
            if rows.is_empty() {
                return Ok(verified);
            }
            for row in &rows {
                let seal = seal_from(row)?;
                self.verify_seal(&seal, &mut verified).await?;
            }
        }
    }

    async fn verify_seal(&self, seal: &Seal, verified: &mut Verified) -> Result<(), StoreError> {
        let before = verified.head;
        let (mut hash, mut found, mut last) = (before.hash, 0, before.last_id);
        while last < seal.last_id {
            let mut events = self.events_after(last, READ_AT_ONCE).await?;
            events.retain(|event| event.id <= seal.last_id);
            let Some(newest) = events.last() else { break };
            last = newest.id;
            hash = chained(hash, &events);
            found += i64::try_from(events.len()).unwrap_or(i64::MAX);
        }
        verified.events += found;
        verified.seals += 1;
        let is_same = seal.after_id == before.last_id && hash == seal.hash && found == seal.events;
        if !is_same && verified.differences.len() < DIFFERENCES_MAX {
            let (after_id, last_id) = (before.last_id, seal.last_id);
            verified.differences.push(SealDifference {
                after_id,
                last_id,
                sealed: seal.events,
                found,
            });
        }
        // From the seal on, as it was made: so what was changed is found, and not all that came after it.
        verified.head = seal.head();
        breathe().await;
        Ok(())
    }
}

impl Verified {
    /// What is wrong, for a person to read. None: nothing.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        let first = self.differences.first()?;
        let SealDifference { after_id, last_id, sealed, found } = first;
        let counts = if sealed == found {
            format!("{found} events")
        } else {
            format!("{found} events where {sealed} were sealed")
        };
        Some(format!(
            "history was rewritten: behind event {after_id}, up to event {last_id}, stand {counts}, and they are not what \
             they were"
        ))
    }
}

impl Seal {
    const fn head(&self) -> Head {
        Head { last_id: self.last_id, hash: self.hash }
    }
}

fn chained(hash: Chain, events: &[StoredEvent]) -> Chain {
    events.iter().fold(hash, |hash, event| {
        hash.with(Link {
            id: event.id,
            event_type: &event.event_type,
            subject: &event.subject,
            version: event.version,
            occurred_at: event.occurred_at,
            data: &event.data,
        })
    })
}

fn seal_from(row: &Row) -> Result<Seal, StoreError> {
    Ok(Seal {
        after_id: row.int("after_id")?,
        last_id: row.int("last_id")?,
        events: row.int("events")?,
        hash: row.parsed("hash")?,
    })
}
