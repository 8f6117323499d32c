//! A database that was restored, or failed over with a loss: it has forgotten what went out. Until that was looked up, or
//! a person says that it need not be, nothing goes out.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::engine::{Action, Chain};
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, Row, stored_time};
use crate::store::db::{Sql, Tx};
use crate::store::outbox::audit;
use crate::store::{Deed, Store, StoreError};

/// For so long after it, a new payout is asked about before it is handed over: it may be one that was forgotten.
const ASKED_FIRST: TimeDelta = TimeDelta::days(30);
/// What ended longer ago is not looked up.
const RECENT: TimeDelta = TimeDelta::days(30);

/// What a host finds when it looks whether the database is the one that it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The newest event.
    pub newest: i64,
    /// The hash of all events up to the one that the host has seen, where a seal ends there.
    pub hash: Option<Chain>,
    /// The time by the database's clock.
    pub now: DateTime<Utc>,
    /// Whether things are held because it was restored.
    pub is_held: bool,
    /// When the newest restoration began that is over.
    pub explained_at: Option<DateTime<Utc>>,
    /// What is wrong with its history, by the last look at all of it.
    pub rewritten: Option<String>,
}

/// That a database was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restoration {
    /// Its number.
    pub restoration_id: i64,
    /// When it was noticed.
    pub began_at: DateTime<Utc>,
    /// By which host, or by whom.
    pub told_by: String,
    /// What was noticed.
    pub detail: String,
    /// When things went on.
    pub ended_at: Option<DateTime<Utc>>,
    /// Who let them go on before all was looked up.
    pub confirmed_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Whether something may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Sending {
    /// It may.
    Free,
    /// It may, once its place was asked whether it has it.
    AskFirst,
    /// Nothing may.
    Held,
}

const OUTLOOK: Sql = sql!(
    "SELECT coalesce((SELECT max(id) FROM events), 0) AS newest, \
     (SELECT hash FROM event_seals WHERE last_id = $1) AS hash, \
     " now " AS now, \
     (SELECT count(*) FROM restorations WHERE ended_at IS NULL) AS held, \
     (SELECT max(began_at) FROM restorations WHERE ended_at IS NOT NULL) AS explained_at, \
     (SELECT detail FROM event_checks ORDER BY check_id DESC LIMIT 1) AS rewritten"
);

const BEGIN: Sql = sql!(
    "INSERT INTO restorations (began_at, told_by, detail) VALUES (" now ", $1, $2) \
     ON CONFLICT DO NOTHING RETURNING restoration_id"
);

/// What is open, and what ended without the money being where it was to go, may have gone out since: on its rail, or back on
/// the network whose account of ours it came to.
const LOOKS: &str = "INSERT INTO restoration_looks (restoration_id, place, kind, id) \
    SELECT CAST($1 AS bigint), rail, CASE comes_in WHEN 'network' THEN 'payout' ELSE 'refund' END, transfer_id FROM transfers \
        WHERE completed_at IS NULL OR (status NOT IN ('completed', 'refunded') AND completed_at > $2) \
    UNION SELECT CAST($1 AS bigint), source, 'incoming', incoming_id FROM incoming WHERE verdict NOT IN ('matched', 'credit') AND resolution IS NULL AND status = 'confirmed' \
    UNION SELECT CAST($1 AS bigint), network, 'network', '' FROM transfers WHERE comes_in = 'rail' AND completed_at IS NULL \
    UNION SELECT CAST($1 AS bigint), network, 'network', '' FROM transfers WHERE comes_in = 'network' AND account IS NOT NULL \
        AND (completed_at IS NULL OR (status NOT IN ('completed', 'refunded') AND completed_at > $2)) \
    UNION SELECT CAST($1 AS bigint), network, 'network', '' FROM channel_accounts";

const NEWEST: &str = "SELECT * FROM restorations ORDER BY restoration_id DESC LIMIT 1";

pub(in crate::store) const END: Sql = sql!(
    "UPDATE restorations SET ended_at = $1 WHERE ended_at IS NULL AND NOT EXISTS (SELECT 1 FROM restoration_looks l \
     WHERE l.restoration_id = restorations.restoration_id AND l.looked_at IS NULL)"
);

impl Store {
    /// What a host needs to know that has seen the event `seen`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn outlook(&self, seen: i64) -> Result<Outlook, StoreError> {
        let rows = self.db.rows(OUTLOOK, &[Arg::Int(seen)]).await?;
        let nothing = || StoreError::Refused("the database has told nothing".to_owned());
        let row = rows.first().ok_or_else(nothing)?;
        let hash = row.maybe_text("hash")?;
        Ok(Outlook {
            newest: row.int("newest")?,
            hash: hash.and_then(|hash| hash.parse().ok()),
            now: row.time("now")?,
            is_held: row.int("held")? > 0,
            explained_at: row.maybe_time("explained_at")?,
            rewritten: row.maybe_text("rewritten")?,
        })
    }

    /// Notes that the database was restored, and what is to be looked up. False if that is noted already.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn begin_restoration(
        &self,
        told_by: &str,
        detail: &str,
        deed: Option<&Deed>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        // Who is about to write down what goes out does so before this, or sees it.
        if let Tx::Postgres(_) = tx {
            tx.conn().execute("SELECT pg_advisory_xact_lock(8246974)", &[]).await?;
        }
        let args = [Arg::Text(told_by), Arg::Text(detail)];
        let Some(row) = tx.conn().row(BEGIN, &args).await? else { return Ok(false) };
        let id = row.int("restoration_id")?;
        let recent = stored_time(now) - RECENT;
        tx.conn().execute(LOOKS, &[Arg::Int(id), Arg::Time(recent)]).await?;
        tx.conn().execute(END, &[Arg::Time(stored_time(now))]).await?;
        if let Some(deed) = deed {
            let (about, details) = (subject(id), json!({ "detail": detail }));
            let action = Action::DatabaseRestored;
            audit::write(&mut tx.conn(), deed, action, &about, &details, now).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The newest restoration, over or not.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn restoration(&self) -> Result<Option<Restoration>, StoreError> {
        let rows = self.db.rows(NEWEST, &[]).await?;
        rows.first().map(restoration_from).transpose()
    }

    /// Whether things are held because the database was restored.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn is_held(&self) -> Result<bool, StoreError> {
        let open = self.restoration().await?;
        Ok(open.is_some_and(|restoration| restoration.ended_at.is_none()))
    }

    /// Whether a new payout may be one that was forgotten: the database was restored not long ago.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn was_restored(&self, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let newest = self.restoration().await?;
        let ended_at = newest.and_then(|restoration| restoration.ended_at);
        Ok(ended_at.is_some_and(|ended_at| now - ended_at < ASKED_FIRST))
    }

    /// Lets things go on though not all was looked up.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if nothing is held.
    pub async fn confirm_restoration(
        &self,
        deed: &Deed,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE restorations SET ended_at = $1, confirmed_by = $2, reason = $3 WHERE ended_at IS NULL \
                   RETURNING restoration_id";
        let (by, why) = (&deed.operator.name, deed.reason.as_deref().unwrap_or_default());
        let args = [Arg::Time(stored_time(now)), Arg::Text(by), Arg::Text(why)];
        let mut tx = self.db.begin().await?;
        let Some(row) = tx.conn().row(sql, &args).await? else {
            let text = "nothing is held: there is nothing to confirm".to_owned();
            return Err(StoreError::Refused(text));
        };
        let about = subject(row.int("restoration_id")?);
        let action = Action::DatabaseConfirm;
        audit::write(&mut tx.conn(), deed, action, &about, &json!({}), now).await?;
        tx.commit().await
    }
}

/// What the record of deeds calls a restoration.
fn subject(restoration_id: i64) -> String {
    format!("restoration/{restoration_id}")
}

/// Whether something may go out, for a transaction that writes down that it is about to.
pub(in crate::store) async fn sending(
    tx: &mut Tx,
    now: DateTime<Utc>,
) -> Result<Sending, StoreError> {
    if let Tx::Postgres(_) = tx {
        tx.conn().execute("SELECT pg_advisory_xact_lock_shared(8246974)", &[]).await?;
    }
    let Some(row) = tx.conn().row(NEWEST, &[]).await? else { return Ok(Sending::Free) };
    Ok(match row.maybe_time("ended_at")? {
        None => Sending::Held,
        Some(ended_at) if now - ended_at < ASKED_FIRST => Sending::AskFirst,
        Some(_) => Sending::Free,
    })
}

fn restoration_from(row: &Row) -> Result<Restoration, StoreError> {
    Ok(Restoration {
        restoration_id: row.int("restoration_id")?,
        began_at: row.time("began_at")?,
        told_by: row.text("told_by")?,
        detail: row.text("detail")?,
        ended_at: row.maybe_time("ended_at")?,
        confirmed_by: row.maybe_text("confirmed_by")?,
        reason: row.maybe_text("reason")?,
    })
}
