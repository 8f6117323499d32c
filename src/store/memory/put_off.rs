//! Things of a place that are put off, each alone: their own calls fail.

use chrono::{DateTime, Utc};

use crate::engine::{later, pause};
use crate::store::db::values::{Arg, Row as DbRow};
use crate::store::{Lease, Scope, Store, StoreError};

/// A thing that is left alone for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutOff {
    /// Its kind and id, such as `payment/ID`.
    pub subject: String,
    /// How often it has failed in a row.
    pub failures: u32,
    /// What was wrong the last time.
    pub reason: String,
    /// When it failed first.
    pub since: DateTime<Utc>,
    /// It is not tried again before.
    pub not_before: DateTime<Utc>,
}

impl Store {
    /// What is put off at the place of `scope`, longest first, also what may be tried again now.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn put_off_things(&self, scope: &Scope) -> Result<Vec<PutOff>, StoreError> {
        let sql = "SELECT subject, failures, reason, since, not_before FROM put_off \
                   WHERE poller = $1 AND place = $2 ORDER BY since, subject";
        let args = [Arg::Text(scope.poller.name()), Arg::Text(&scope.network)];
        self.db.rows(sql, &args).await?.iter().map(put_off_from).collect()
    }

    /// Puts things off that have `failed`, each with the reason, and each for the longer the more often it has. Tells how
    /// they stand now.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn put_off(
        &self,
        lease: &Lease,
        scope: &Scope,
        failed: &[(String, String)],
        now: DateTime<Utc>,
    ) -> Result<Vec<PutOff>, StoreError> {
        let mut tx = self.begin_quiet(lease).await?;
        let mut all = Vec::with_capacity(failed.len());
        for (subject, reason) in failed {
            let (poller, place) = (Arg::Text(scope.poller.name()), Arg::Text(&scope.network));
            let sql = "INSERT INTO put_off (poller, place, subject, failures, reason, since, not_before) \
                       VALUES ($1, $2, $3, 1, $4, $5, $5) \
                       ON CONFLICT (poller, place, subject) DO UPDATE \
                       SET failures = put_off.failures + 1, reason = excluded.reason \
                       RETURNING failures, since";
            let args = [poller, place, Arg::Text(subject), Arg::Text(reason), Arg::Time(now)];
            let Some(row) = tx.conn().row(sql, &args).await? else { continue };
            let failures = u32::try_from(row.int("failures")?).unwrap_or(u32::MAX);
            let since = row.time("since")?;
            let not_before = later(now, pause(failures));
            let sql = "UPDATE put_off SET not_before = $4 WHERE poller = $1 AND place = $2 AND subject = $3";
            let (poller, place) = (Arg::Text(scope.poller.name()), Arg::Text(&scope.network));
            let args = [poller, place, Arg::Text(subject), Arg::Time(not_before)];
            tx.conn().execute(sql, &args).await?;
            let (subject, reason) = (subject.clone(), reason.clone());
            all.push(PutOff { subject, failures, reason, since, not_before });
        }
        tx.commit().await?;
        Ok(all)
    }

    /// Leaves things alone until the time that each wishes, and says so, however often it has failed.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn leave_alone(
        &self,
        lease: &Lease,
        scope: &Scope,
        wishes: &[(String, DateTime<Utc>)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin_quiet(lease).await?;
        for (subject, until) in wishes {
            let (poller, place) = (Arg::Text(scope.poller.name()), Arg::Text(&scope.network));
            let sql = "INSERT INTO put_off (poller, place, subject, failures, reason, since, not_before) \
                       VALUES ($1, $2, $3, 1, 'it has asked to be left alone (Retry-After)', $4, $5) \
                       ON CONFLICT (poller, place, subject) DO UPDATE SET not_before = excluded.not_before";
            let args = [poller, place, Arg::Text(subject), Arg::Time(now), Arg::Time(*until)];
            tx.conn().execute(sql, &args).await?;
        }
        tx.commit().await
    }

    /// Forgets that things were put off: they are well, or gone.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn take_up(
        &self,
        lease: &Lease,
        scope: &Scope,
        things: &[String],
    ) -> Result<(), StoreError> {
        let mut tx = self.begin_quiet(lease).await?;
        for subject in things {
            let sql = "DELETE FROM put_off WHERE poller = $1 AND place = $2 AND subject = $3";
            let args =
                [Arg::Text(scope.poller.name()), Arg::Text(&scope.network), Arg::Text(subject)];
            tx.conn().execute(sql, &args).await?;
        }
        tx.commit().await
    }
}

fn put_off_from(row: &DbRow) -> Result<PutOff, StoreError> {
    Ok(PutOff {
        subject: row.text("subject")?,
        failures: u32::try_from(row.int("failures")?).unwrap_or(u32::MAX),
        reason: row.text("reason")?,
        since: row.time("since")?,
        not_before: row.time("not_before")?,
    })
}
