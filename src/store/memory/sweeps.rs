//! The record of sweeps.

use chrono::{DateTime, TimeDelta, Utc};

use super::leases;
use crate::engine::{SweepOutcome, Tally};
use crate::store::db::values::{Arg, Row};
use crate::store::{Lease, Promise, Scope, Store, StoreError};

/// As many sweeps of a poller and network are kept.
const KEPT: i64 = 1_000;

/// A sweep that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepRow {
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: DateTime<Utc>,
    /// How.
    pub outcome: SweepOutcome,
    /// Pages read.
    pub pages: u64,
    /// Requests made.
    pub requests: u64,
    /// What the pages brought.
    pub tally: Tally,
    /// Operations that were carried out.
    pub acted: u64,
    /// What went wrong.
    pub error: Option<String>,
}

impl Store {
    /// Records the holder's sweep, and when the next one is to begin. `promise`: when the holder will be back; one that is
    /// not said changes nothing.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`]: when the next sweep begins is the new holder's to say.
    pub async fn record_sweep(
        &self,
        lease: &Lease,
        sweep: &SweepRow,
        next_sweep_at: Option<DateTime<Utc>>,
        promise: Option<&Promise>,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        leases::check(&mut tx, lease).await?;
        let scope = &lease.scope;
        let key = [Arg::Text(scope.poller.name()), Arg::Text(&scope.network)];
        let number = |n: u64| Arg::Int(i64::try_from(n).unwrap_or(i64::MAX));
        let mut args = key.to_vec();
        args.extend([
            Arg::Time(sweep.started_at),
            Arg::Time(sweep.finished_at),
            Arg::Text(sweep.outcome.as_str()),
            number(sweep.pages),
            number(sweep.requests),
            number(sweep.tally.new),
            number(sweep.tally.changed),
            number(sweep.tally.unchanged),
            number(sweep.tally.stale),
            number(sweep.tally.quarantined),
            number(sweep.acted),
            Arg::MaybeText(sweep.error.as_deref()),
        ]);
        let insert = "INSERT INTO sweeps (poller, network, started_at, finished_at, outcome, pages, requests, \
                      new, changed, unchanged, stale, quarantined, acted, error) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
        tx.conn().execute(insert, &args).await?;
        let [poller, network] = key.clone();
        let prune = "DELETE FROM sweeps WHERE poller = $1 AND network = $2 AND sweep_id <= \
                     (SELECT sweep_id FROM sweeps WHERE poller = $1 AND network = $2 \
                      ORDER BY sweep_id DESC LIMIT 1 OFFSET $3)";
        tx.conn().execute(prune, &[poller, network, Arg::Int(KEPT)]).await?;
        let [poller, network] = key;
        let next = "INSERT INTO cursors (poller, network, next_sweep_at) VALUES ($1, $2, $3) \
                    ON CONFLICT (poller, network) DO UPDATE SET next_sweep_at = excluded.next_sweep_at";
        tx.conn().execute(next, &[poller, network, Arg::MaybeTime(next_sweep_at)]).await?;
        if let Some(promise) = promise {
            leases::promise(&mut tx.conn(), lease, promise).await?;
        }
        tx.commit().await
    }

    /// The newest sweep of a poller on a network.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn last_sweep(&self, scope: &Scope) -> Result<Option<SweepRow>, StoreError> {
        let sql = "SELECT started_at, finished_at, outcome, pages, requests, new, changed, unchanged, stale, \
                   quarantined, acted, error FROM sweeps WHERE poller = $1 AND network = $2 \
                   ORDER BY sweep_id DESC LIMIT 1";
        let key = [Arg::Text(scope.poller.name()), Arg::Text(&scope.network)];
        let rows = self.db.rows(sql, &key).await?;
        rows.first().map(sweep_from).transpose()
    }

    /// When the newest sweep without an error ended, of those that are on record.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn last_success(&self, scope: &Scope) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = "SELECT finished_at FROM sweeps WHERE poller = $1 AND network = $2 AND error IS NULL \
                   ORDER BY sweep_id DESC LIMIT 1";
        let key = [Arg::Text(scope.poller.name()), Arg::Text(&scope.network)];
        self.db.rows(sql, &key).await?.first().map(|row| row.time("finished_at")).transpose()
    }

    /// The time between the last sweeps, as a rule: the middle one of the last three. None if there was one at most.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn usual_gap(&self, scope: &Scope) -> Result<Option<TimeDelta>, StoreError> {
        let sql = "SELECT finished_at FROM sweeps WHERE poller = $1 AND network = $2 \
                   ORDER BY sweep_id DESC LIMIT 4";
        let key = [Arg::Text(scope.poller.name()), Arg::Text(&scope.network)];
        let rows = self.db.rows(sql, &key).await?;
        let ends: Vec<_> =
            rows.iter().map(|row| row.time("finished_at")).collect::<Result<_, _>>()?;
        let gaps = ends.iter().zip(ends.iter().skip(1)).map(|(later, sooner)| *later - *sooner);
        let mut gaps: Vec<TimeDelta> = gaps.collect();
        gaps.sort_unstable();
        Ok(gaps.get(gaps.len() / 2).copied())
    }
}

fn sweep_from(row: &Row) -> Result<SweepRow, StoreError> {
    Ok(SweepRow {
        started_at: row.time("started_at")?,
        finished_at: row.time("finished_at")?,
        outcome: row.parsed("outcome")?,
        pages: row.count("pages")?,
        requests: row.count("requests")?,
        tally: Tally {
            new: row.count("new")?,
            changed: row.count("changed")?,
            silent: 0,
            unchanged: row.count("unchanged")?,
            stale: row.count("stale")?,
            quarantined: row.count("quarantined")?,
        },
        acted: row.count("acted")?,
        error: row.maybe_text("error")?,
    })
}
