//! Promises: whoever runs a poller for ever says when it will be back, so that others notice if it is not. The database's
//! clock decides, as it does for leases.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Lease, millis};
use crate::engine::{Alert, AlertName, Poller, iso};
use crate::store::db::values::Row;
use crate::store::db::{Conn, Sql};
use crate::store::memory::ahead::{longest, runs};
use crate::store::memory::alerts::{named, set};
use crate::store::{OpenAlert, Scope, Store, StoreError};

/// When the holder of a lease will be back: its next sweep is to begin then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// From now.
    pub back_in: Duration,
    /// How much later than that it is late.
    pub patience: Duration,
}

/// A promise that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promised {
    /// What is run.
    pub scope: Scope,
    /// By whom.
    pub by: String,
    /// Until when it was to be back, by the database's clock.
    pub expected_by: DateTime<Utc>,
    /// Whether it is late.
    pub is_late: bool,
    /// Whether whoever made it holds the lease.
    pub is_held: bool,
}

const PROMISE: Sql = Sql::Each {
    sqlite: "UPDATE leases SET promised_by = $3, \
                 expected_by = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', ($5 / 1000.0) || ' seconds'), \
                 late_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', ($6 / 1000.0) || ' seconds') \
             WHERE poller = $1 AND network = $2 AND holder = $3 AND term = $4",
    postgres: "UPDATE leases SET promised_by = $3, \
                   expected_by = clock_timestamp() + $5 * interval '1 millisecond', \
                   late_at = clock_timestamp() + $6 * interval '1 millisecond' \
               WHERE poller = $1 AND network = $2 AND holder = $3 AND term = $4",
};

/// Who promised by a clock that was ahead, and whom nobody has followed, is gone: a holder that lives asks anew.
const PROMISED: Sql = Sql::Each {
    sqlite: concat!(
        "SELECT poller, network, promised_by, expected_by, \
             (holder = promised_by AND ",
        runs!(sqlite),
        ") AS held, (late_at < strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') OR expires_at > ",
        longest!(sqlite),
        ") AS late FROM leases WHERE late_at IS NOT NULL ORDER BY poller, network"
    ),
    postgres: concat!(
        "SELECT poller, network, promised_by, expected_by, \
             CAST(CASE WHEN holder = promised_by AND ",
        runs!(postgres),
        " THEN 1 ELSE 0 END AS bigint) AS held, \
             CAST(CASE WHEN late_at < clock_timestamp() OR expires_at > ",
        longest!(postgres),
        " THEN 1 ELSE 0 END AS bigint) AS late FROM leases WHERE late_at IS NOT NULL ORDER BY poller, network"
    ),
};

/// Writes down when the holder of `lease` will be back.
pub(in crate::store) async fn promise(
    conn: &mut Conn<'_>,
    lease: &Lease,
    promise: &Promise,
) -> Result<(), StoreError> {
    let [poller, network, holder, term] = lease.args();
    let late_in = promise.back_in.saturating_add(promise.patience);
    let args = [poller, network, holder, term, millis(promise.back_in), millis(late_in)];
    conn.execute(PROMISE, &args).await.map(drop)
}

async fn promised(conn: &mut Conn<'_>) -> Result<Vec<Promised>, StoreError> {
    let rows = conn.rows(PROMISED, &[]).await?;
    // A poller that only a newer version has is that one's to tell of.
    let known = |row: &&Row| row.text("poller").is_ok_and(|name| name.parse::<Poller>().is_ok());
    rows.iter().filter(known).map(promised_from).collect()
}

fn promised_from(row: &Row) -> Result<Promised, StoreError> {
    Ok(Promised {
        scope: Scope { poller: row.parsed("poller")?, network: row.text("network")? },
        by: row.text("promised_by")?,
        expected_by: row.time("expected_by")?,
        is_late: row.int("late")? != 0,
        is_held: row.int("held")? != 0,
    })
}

impl Promised {
    /// What is told of one that is late. It says nothing that changes while nobody comes back.
    #[must_use]
    pub fn told(&self) -> String {
        let Self { scope: Scope { poller, network }, by, .. } = self;
        let until = iso(self.expected_by);
        if self.is_held {
            format!(
                "{by} runs {poller} on {network} and stands still: it was to be back by {until}"
            )
        } else {
            format!("nobody runs {poller} on {network}: {by} was to be back by {until}")
        }
    }

    /// The scope at whose place its alert stands.
    fn owner(&self) -> Scope {
        Scope { poller: self.scope.poller, network: self.scope.place().to_owned() }
    }

    fn alert(&self) -> Alert {
        let alert = Alert::of(AlertName::PollerSilent, self.told());
        // Of several processes that share a place, each is missed alone.
        if self.scope == self.owner() { alert } else { alert.about(&self.scope.network) }
    }
}

impl Store {
    /// Promises that the holder of `lease` will be back.
    ///
    /// # Errors
    /// [`StoreError::Database`]. That the lease is over is no error: whoever has it promises anew.
    pub async fn promise(&self, lease: &Lease, what: &Promise) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        promise(&mut tx.conn(), lease, what).await?;
        tx.commit().await
    }

    /// Every promise that stands, of all pollers.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn promises(&self) -> Result<Vec<Promised>, StoreError> {
        promised(&mut self.db.reader().await?.conn()).await
    }

    /// Looks who is late, and brings the alerts of that to it, wherever they stand. Every promise that stands.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn tell_silent(
        &self,
        lease: &Lease,
        now: DateTime<Utc>,
    ) -> Result<Vec<Promised>, StoreError> {
        let mut reader = self.db.reader().await?;
        let all = promised(&mut reader.conn()).await?;
        let open = named(&mut reader.conn(), AlertName::PollerSilent).await?;
        drop(reader);
        if open.is_empty() && !all.iter().any(|one| one.is_late) {
            return Ok(all);
        }
        // Somebody else may be at the same, or be back: what is so now is looked at in turn.
        let mut tx = self.begin(Some(lease)).await?;
        let conn = &mut tx.conn();
        let all = promised(conn).await?;
        let open = named(conn, AlertName::PollerSilent).await?;
        for owner in places(&all, &open) {
            let late = all.iter().filter(|one| one.is_late && one.owner() == owner);
            let standing: Vec<Alert> = late.map(Promised::alert).collect();
            set(conn, &owner, AlertName::PollerSilent, &standing, now).await?;
        }
        tx.commit().await?;
        Ok(all)
    }
}

/// Where such an alert stands, or is to.
fn places(all: &[Promised], open: &[OpenAlert]) -> BTreeSet<Scope> {
    let late = all.iter().filter(|one| one.is_late).map(Promised::owner);
    let told = open.iter().filter_map(|alert| {
        let poller = alert.poller.parse().ok()?;
        Some(Scope { poller, network: alert.place.clone() })
    });
    late.chain(told).collect()
}
