//! The right of one process to run one poller on one network, for a while. The database's clock decides.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::ahead::{longest, runs};
use crate::engine::iso;
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, Row};
use crate::store::db::{Sql, Tx};
use crate::store::{Scope, Store, StoreError};

/// A lease that this process holds.
#[derive(Debug, Clone)]
pub struct Lease {
    /// What it is for.
    pub scope: Scope,
    /// Who holds it: a name that no other process has.
    pub holder: String,
    /// Rises with each new holder.
    pub term: i64,
    /// What was strange about the one before it, in words: it was to last for longer than any does.
    pub ahead: Option<String>,
    /// Until then, by this process's own clock, nobody else can have taken it over. Shared by all copies of the lease.
    trusted_until: Arc<Mutex<Instant>>,
}

/// What came of asking for a lease.
#[derive(Debug, Clone)]
pub enum Acquired {
    /// It is ours.
    Held(Lease),
    /// Another process holds it.
    By(String),
}

mod promises;

pub(in crate::store) use promises::promise;
pub use promises::{Promise, Promised};

/// In PostgreSQL a row that is free is locked before it is taken, so that the last holder's writes end first: see [`CHECK`].
const ACQUIRE: Sql = Sql::Each {
    sqlite: concat!(
        "INSERT INTO leases (poller, network, holder, term, expires_at) \
         VALUES ($1, $2, $3, 1, strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', ($4 / 1000.0) || ' seconds')) \
         ON CONFLICT (poller, network) DO UPDATE \
         SET holder = excluded.holder, term = term + 1, expires_at = excluded.expires_at \
         WHERE NOT ",
        runs!(sqlite),
        " RETURNING term"
    ),
    postgres: concat!(
        "WITH free AS (SELECT term FROM leases \
             WHERE poller = $1 AND network = $2 AND NOT ",
        runs!(postgres),
        " FOR UPDATE) \
         INSERT INTO leases (poller, network, holder, term, expires_at) \
         SELECT $1, $2, $3, 1, clock_timestamp() + $4 * interval '1 millisecond' \
         WHERE EXISTS (SELECT 1 FROM free) \
             OR NOT EXISTS (SELECT 1 FROM leases WHERE poller = $1 AND network = $2) \
         ON CONFLICT (poller, network) DO UPDATE \
         SET holder = excluded.holder, term = leases.term + 1, expires_at = excluded.expires_at \
         WHERE NOT ",
        runs!(postgres),
        " RETURNING term"
    ),
};

/// Who is to hold a lease for longer than any lasts.
const AHEAD: Sql = Sql::Each {
    sqlite: concat!(
        "SELECT holder, expires_at FROM leases WHERE poller = $1 AND network = $2 AND expires_at > ",
        longest!(sqlite)
    ),
    postgres: concat!(
        "SELECT holder, expires_at FROM leases WHERE poller = $1 AND network = $2 AND expires_at > ",
        longest!(postgres)
    ),
};

/// Whoever is at it is not late.
const RENEW: Sql = Sql::Each {
    sqlite: concat!(
        "UPDATE leases SET expires_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', ($5 / 1000.0) || ' seconds'), \
             late_at = CASE WHEN $6 > 0 AND promised_by = holder \
                 THEN max(late_at, strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', ($6 / 1000.0) || ' seconds')) \
                 ELSE late_at END \
         WHERE poller = $1 AND network = $2 AND holder = $3 AND term = $4 AND ",
        runs!(sqlite)
    ),
    postgres: concat!(
        "UPDATE leases SET expires_at = clock_timestamp() + $5 * interval '1 millisecond', \
             late_at = CASE WHEN $6 > 0 AND promised_by = holder \
                 THEN greatest(late_at, clock_timestamp() + $6 * interval '1 millisecond') ELSE late_at END \
         WHERE poller = $1 AND network = $2 AND holder = $3 AND term = $4 AND ",
        runs!(postgres)
    ),
};

/// In PostgreSQL the row is locked against a takeover until the transaction ends, and not against a renewal: a poller whose
/// writes overlap would else keep its own renewal waiting for ever. In `SQLite` all others wait anyway.
const CHECK: Sql = Sql::Each {
    sqlite: concat!(
        "SELECT term FROM leases WHERE poller = $1 AND network = $2 AND holder = $3 AND term = $4 AND ",
        runs!(sqlite)
    ),
    postgres: concat!(
        "SELECT term FROM leases WHERE poller = $1 AND network = $2 AND holder = $3 AND term = $4 AND ",
        runs!(postgres),
        " FOR KEY SHARE"
    ),
};

/// Whoever ends takes back what it has promised, and what others have promised stands.
const RELEASE: Sql = sql!(
    "UPDATE leases SET expires_at = " now ", \
     promised_by = CASE WHEN $5 = 1 AND promised_by = $3 THEN NULL ELSE promised_by END, \
     expected_by = CASE WHEN $5 = 1 AND promised_by = $3 THEN NULL ELSE expected_by END, \
     late_at = CASE WHEN $5 = 1 AND promised_by = $3 THEN NULL ELSE late_at END \
     WHERE poller = $1 AND network = $2 AND holder = $3 AND term = $4"
);

impl Lease {
    /// Whether nobody else can have it now. For calls that no database guards.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        Instant::now() < *self.trusted_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trust_until(&self, until: Instant) {
        *self.trusted_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    fn args(&self) -> [Arg<'_>; 4] {
        [
            Arg::Text(self.scope.poller.name()),
            Arg::Text(&self.scope.network),
            Arg::Text(&self.holder),
            Arg::Int(self.term),
        ]
    }

    /// The error that says that it is over.
    #[must_use]
    pub fn lost(&self) -> StoreError {
        StoreError::LeaseLost { poller: self.scope.poller, network: self.scope.network.clone() }
    }
}

fn millis(time: Duration) -> Arg<'static> {
    Arg::Int(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

fn strange(row: &Row) -> Result<String, StoreError> {
    let (holder, until) = (row.text("holder")?, iso(row.time("expires_at")?));
    Ok(format!("{holder} held the lease until {until}, longer than any lasts: its clock was ahead"))
}

/// Writes the row of the lease of `scope` as it is.
pub(in crate::store) async fn touch(tx: &mut Tx, scope: &Scope) -> Result<(), StoreError> {
    let sql = "UPDATE leases SET holder = holder WHERE poller = $1 AND network = $2";
    let key = [Arg::Text(scope.poller.name()), Arg::Text(&scope.network)];
    tx.conn().execute(sql, &key).await.map(drop)
}

/// Refuses a transaction whose lease is over.
pub(in crate::store) async fn check(tx: &mut Tx, lease: &Lease) -> Result<(), StoreError> {
    match tx.conn().row(CHECK, &lease.args()).await? {
        Some(_) => Ok(()),
        None => Err(lease.lost()),
    }
}

impl Store {
    /// Asks for the lease of `scope` for the time `ttl`. It is given if nobody holds it, or its holder has let it run out.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn acquire_lease(
        &self,
        scope: &Scope,
        holder: &str,
        ttl: Duration,
    ) -> Result<Acquired, StoreError> {
        let asked = Instant::now();
        let key = [Arg::Text(scope.poller.name()), Arg::Text(&scope.network)];
        let mut tx = self.db.begin().await?;
        let ahead = tx.conn().row(AHEAD, &key).await?.map(|row| strange(&row)).transpose()?;
        let [poller, network] = key.clone();
        let args = [poller, network, Arg::Text(holder), millis(ttl)];
        let given = tx.conn().row(ACQUIRE, &args).await?;
        let acquired = match given {
            Some(row) => Acquired::Held(Lease {
                scope: scope.clone(),
                holder: holder.to_owned(),
                term: row.int("term")?,
                ahead,
                trusted_until: Arc::new(Mutex::new(asked + ttl)),
            }),
            None => {
                let sql = "SELECT holder FROM leases WHERE poller = $1 AND network = $2";
                let row = tx.conn().row(sql, &key).await?;
                Acquired::By(row.map(|row| row.text("holder")).transpose()?.unwrap_or_default())
            }
        };
        tx.commit().await?;
        Ok(acquired)
    }

    /// Asks for the lease of the first of `slots` parts of `scope` that nobody holds, for the time `ttl`. If each has a
    /// holder, the first one's is told.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn acquire_slot(
        &self,
        scope: &Scope,
        slots: u32,
        holder: &str,
        ttl: Duration,
    ) -> Result<Acquired, StoreError> {
        let first = self.acquire_lease(scope, holder, ttl).await?;
        if matches!(first, Acquired::Held(_)) {
            return Ok(first);
        }
        for n in 2..=slots {
            let next = self.acquire_lease(&scope.slot(n), holder, ttl).await?;
            if matches!(next, Acquired::Held(_)) {
                return Ok(next);
            }
        }
        Ok(first)
    }

    /// Whether nobody holds some part of the lease's place that comes before its own. (The first part is the place's name.)
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn is_part_before_free(&self, lease: &Lease) -> Result<bool, StoreError> {
        let (poller, network) = (lease.scope.poller, lease.scope.place().to_owned());
        let first = Scope { poller, network };
        let parts = (1..).map(|n| first.slot(n));
        for part in parts.take_while(|part| *part != lease.scope) {
            if self.lease_holder(&part).await?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes the lease run for `ttl` from now.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if it has run out, even if nobody else has it yet.
    pub async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<(), StoreError> {
        self.renew_at_work(lease, ttl, Duration::ZERO).await
    }

    /// The same for a holder who is at it: whatever it has promised, it is not late before `patience` from now.
    ///
    /// # Errors
    /// As [`Self::renew_lease`].
    pub async fn renew_at_work(
        &self,
        lease: &Lease,
        ttl: Duration,
        patience: Duration,
    ) -> Result<(), StoreError> {
        let asked = Instant::now();
        let mut tx = self.db.begin().await?;
        let [poller, network, holder, term] = lease.args();
        let args = [poller, network, holder, term, millis(ttl), millis(patience)];
        let renewed = tx.conn().execute(RENEW, &args).await?;
        if renewed == 0 {
            return Err(lease.lost());
        }
        tx.commit().await?;
        lease.trust_until(asked + ttl);
        Ok(())
    }

    /// Gives the lease back, so that the next process need not wait, and takes back what its holder has promised: it ends.
    /// One that is over already is nobody's loss.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.end_lease(lease, true).await
    }

    /// Gives the lease back, and is going to ask for it again: what its holder has promised stands.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn drop_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.end_lease(lease, false).await
    }

    async fn end_lease(&self, lease: &Lease, is_end: bool) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let [poller, network, holder, term] = lease.args();
        let args = [poller, network, holder, term, Arg::Int(i64::from(is_end))];
        tx.conn().execute(RELEASE, &args).await?;
        tx.commit().await
    }

    /// Who holds the lease of `scope` now.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn lease_holder(&self, scope: &Scope) -> Result<Option<String>, StoreError> {
        const HOLDER: Sql = Sql::Each {
            sqlite: concat!(
                "SELECT holder FROM leases WHERE poller = $1 AND network = $2 AND ",
                runs!(sqlite)
            ),
            postgres: concat!(
                "SELECT holder FROM leases WHERE poller = $1 AND network = $2 AND ",
                runs!(postgres)
            ),
        };
        let key = [Arg::Text(scope.poller.name()), Arg::Text(&scope.network)];
        let rows = self.db.rows(HOLDER, &key).await?;
        rows.first().map(|row| row.text("holder")).transpose()
    }
}
