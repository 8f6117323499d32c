//! Rows that could not be understood or believed.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::alerts;
use crate::engine::{Action, ConnectorRole, PaymentState};
use crate::store::db::Sql;
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, Row as DbRow};
use crate::store::outbox::audit;
use crate::store::{Deed, Scope, Store, StoreError};

/// A row that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedRow {
    /// Its number.
    pub quarantine_id: i64,
    /// The poller that met it.
    pub poller: String,
    /// The network that sent it.
    pub network: String,
    /// The payment, if that much could be read.
    pub payment_id: Option<String>,
    /// The row as it came, up to 64 kB.
    pub raw: String,
    /// What is wrong with it.
    pub reason: String,
    /// When the payment was set aside first.
    pub first_seen_at: DateTime<Utc>,
    /// When it was set aside last, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// How often it was set aside, each minute counted once.
    pub seen: u64,
    /// When it needed no attention any more.
    pub resolved_at: Option<DateTime<Utc>>,
    /// How it was seen to.
    pub resolution: Option<String>,
}

/// Which rows to list. They are few: a network whose rows cannot be read is seen to.
#[derive(Debug, Clone, Default)]
pub struct QuarantineFilter {
    /// Also those that need no attention any more.
    pub resolved: bool,
    /// Only of this poller.
    pub poller: Option<String>,
    /// Only of this network or rail.
    pub place: Option<String>,
    /// Only of this payment.
    pub payment_id: Option<String>,
    /// Only those met first at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those met first before this time.
    pub until: Option<DateTime<Utc>>,
    /// The newest first.
    pub newest: bool,
    /// Only those after the row with this number; with `newest` only those before it.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

macro_rules! list {
    ($what:literal, $order:literal) => {
        concat!(
            "SELECT ", $what, " FROM quarantine WHERE ($1 = 1 OR resolved_at IS NULL) AND ($2 IS NULL OR poller = $2) \
             AND ($3 IS NULL OR network = $3) AND ($4 IS NULL OR payment_id = $4) AND first_seen_at >= $5 \
             AND first_seen_at < $6 AND quarantine_id > $7 AND quarantine_id < $8",
            $order
        )
    };
}

const LIST: &str = list!("*", " ORDER BY quarantine_id LIMIT $9");
const LIST_NEWEST: &str = list!("*", " ORDER BY quarantine_id DESC LIMIT $9");
const COUNT: &str = list!("count(*) AS n", "");

impl QuarantineFilter {
    fn args(&self) -> Vec<Arg<'_>> {
        let (above, below) = if self.newest { (None, self.after) } else { (self.after, None) };
        vec![
            Arg::Int(i64::from(self.resolved)),
            Arg::MaybeText(self.poller.as_deref()),
            Arg::MaybeText(self.place.as_deref()),
            Arg::MaybeText(self.payment_id.as_deref()),
            Arg::Time(self.since.unwrap_or(DateTime::<Utc>::MIN_UTC)),
            Arg::Time(self.until.unwrap_or(DateTime::<Utc>::MAX_UTC)),
            Arg::Int(above.unwrap_or(0)),
            Arg::Int(below.unwrap_or(i64::MAX)),
        ]
    }
}

impl Store {
    /// The rows that are set aside, oldest first; with `resolved` also those that need no attention any more.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn quarantined(
        &self,
        resolved: bool,
        limit: u32,
    ) -> Result<Vec<QuarantinedRow>, StoreError> {
        self.quarantine(&QuarantineFilter { resolved, limit, ..QuarantineFilter::default() }).await
    }

    /// The rows that the filter lets through, in the order of their numbers.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn quarantine(
        &self,
        filter: &QuarantineFilter,
    ) -> Result<Vec<QuarantinedRow>, StoreError> {
        let mut args = filter.args();
        args.push(Arg::Int(i64::from(filter.limit)));
        let sql = if filter.newest { LIST_NEWEST } else { LIST };
        self.db.rows(sql, &args).await?.iter().map(row_from).collect()
    }

    /// How many rows the filter lets through, whatever its limit is.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn quarantine_count(&self, filter: &QuarantineFilter) -> Result<u64, StoreError> {
        let rows = self.db.rows(COUNT, &filter.args()).await?;
        rows.first().map_or(Ok(0), |row| row.count("n"))
    }

    /// The payments of the poller and network that are set aside and need attention, behind the row `behind`, in the order
    /// in which they were set aside.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn quarantined_of(
        &self,
        scope: &Scope,
        behind: i64,
        limit: u32,
    ) -> Result<Vec<QuarantinedRow>, StoreError> {
        let sql = "SELECT * FROM quarantine WHERE network = $1 AND poller = $2 AND resolved_at IS NULL \
                   AND payment_id IS NOT NULL AND quarantine_id > $3 ORDER BY quarantine_id LIMIT $4";
        let args = [
            Arg::Text(&scope.network),
            Arg::Text(scope.poller.name()),
            Arg::Int(behind),
            Arg::Int(i64::from(limit)),
        ];
        self.db.rows(sql, &args).await?.iter().map(row_from).collect()
    }

    /// The row with this number, whether it still needs attention or not.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there is none.
    pub async fn quarantined_row(&self, quarantine_id: i64) -> Result<QuarantinedRow, StoreError> {
        let sql = "SELECT * FROM quarantine WHERE quarantine_id = $1";
        let rows = self.db.rows(sql, &[Arg::Int(quarantine_id)]).await?;
        match rows.first() {
            Some(row) => row_from(row),
            None => Err(StoreError::Refused(format!("there is no quarantine row {quarantine_id}"))),
        }
    }

    /// How many rows of the poller and network are set aside.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn quarantined_count(&self, scope: &Scope) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) AS n FROM quarantine \
                   WHERE network = $1 AND poller = $2 AND resolved_at IS NULL";
        let args = [Arg::Text(&scope.network), Arg::Text(scope.poller.name())];
        self.db.rows(sql, &args).await?.first().map_or(Ok(0), |row| row.count("n"))
    }

    /// How many payments of the poller's list are set aside that were modified after `after` and before `before`, both
    /// exclusive, or nobody knows when; without those that [`Store::count_between`] counts, for an older version of a
    /// payment may be stored.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn set_aside_between(
        &self,
        scope: &Scope,
        states: &[PaymentState],
        role: &ConnectorRole,
        after: DateTime<Utc>,
        before: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        const COUNT: Sql = sql!(
            "SELECT count(*) AS n FROM ( \
             SELECT max(modified_at) AS newest FROM quarantine q \
             WHERE network = $1 AND poller = $2 AND resolved_at IS NULL AND NOT EXISTS ( \
             SELECT 1 FROM payments p WHERE p.network = q.network AND p.payment_id = q.payment_id \
             AND p.state " among "$3" " AND p.connector_role = $4) \
             GROUP BY coalesce(payment_id, CAST(raw_hash AS text))) AS payments \
             WHERE newest IS NULL OR (newest > $5 AND newest < $6)"
        );
        let words = states.iter().map(|state| state.as_str().to_owned()).collect();
        let args = [
            Arg::Text(&scope.network),
            Arg::Text(scope.poller.name()),
            Arg::Texts(words),
            Arg::Text(role.as_str()),
            Arg::Time(after),
            Arg::Time(before),
        ];
        self.db.rows(COUNT, &args).await?.first().map_or(Ok(0), |row| row.count("n"))
    }

    /// Marks a row as seen to, with a word on how. Without a deed it was no operator.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if it is not set aside.
    pub async fn resolve_quarantined(
        &self,
        row: &QuarantinedRow,
        resolution: &str,
        deed: Option<&Deed>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin(None).await?;
        let conn = &mut tx.conn();
        let sql = "UPDATE quarantine SET resolved_at = $2, resolution = $3 \
                   WHERE quarantine_id = $1 AND resolved_at IS NULL";
        let args = [Arg::Int(row.quarantine_id), Arg::Time(now), Arg::Text(resolution)];
        if conn.execute(sql, &args).await? == 0 {
            let text = format!("quarantine row {} needs no attention any more", row.quarantine_id);
            return Err(StoreError::Refused(text));
        }
        alerts::retell_quarantine(conn, &row.network, None, now).await?;
        if let Some(deed) = deed {
            let about = format!("quarantine/{}", row.quarantine_id);
            let details = json!({ "network": row.network, "payment_id": row.payment_id });
            audit::write(conn, deed, Action::QuarantineResolve, &about, &details, now).await?;
        }
        tx.commit().await
    }
}

fn row_from(row: &DbRow) -> Result<QuarantinedRow, StoreError> {
    Ok(QuarantinedRow {
        quarantine_id: row.int("quarantine_id")?,
        poller: row.text("poller")?,
        network: row.text("network")?,
        payment_id: row.maybe_text("payment_id")?,
        raw: row.text("raw")?,
        reason: row.text("reason")?,
        first_seen_at: row.time("first_seen_at")?,
        last_seen_at: match row.maybe_time("last_seen_at")? {
            Some(at) => at,
            None => row.time("first_seen_at")?,
        },
        seen: row.count("seen")?,
        resolved_at: row.maybe_time("resolved_at")?,
        resolution: row.maybe_text("resolution")?,
    })
}
