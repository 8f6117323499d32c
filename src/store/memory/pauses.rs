//! Pauses that a wrong clock has made too long.

use chrono::{DateTime, Utc};

use crate::store::db::values::Arg;
use crate::store::{Lease, Store, StoreError};

/// What waits at the place $1 until a time later than $2 may go on at $3. Each is one statement that reads an index of what is
/// open. A hold counts if it was decided at a time that is not yet: then it was a clock that was ahead.
const GO_ON: [&str; 8] = [
    "UPDATE put_off SET not_before = $3 WHERE place = $1 AND not_before > $2",
    "UPDATE payouts SET not_before = $3 WHERE rail = $1 AND finished_at IS NULL AND not_before > $2",
    "UPDATE transfers SET not_before = $3 WHERE rail = $1 AND completed_at IS NULL AND not_before > $2",
    "UPDATE transfers SET not_before = $3 WHERE network = $1 AND status = 'pending_trust' AND not_before > $2",
    "UPDATE transfers SET not_before = $3 \
     WHERE network = $1 AND comes_in = 'rail' AND refund_id IS NULL AND status = 'pending_anchor' AND not_before > $2",
    "UPDATE refunds SET not_before = $3 \
     WHERE place = $1 AND finished_at IS NULL AND under_way IS NULL AND not_before > $2",
    "UPDATE transactions SET not_before = $3 WHERE network = $1 AND finished_at IS NULL AND not_before > $2",
    "UPDATE operations SET not_before = $3 \
     WHERE network = $1 AND status IN ('intended', 'unknown') AND not_before > $2",
];

const LOOK_AGAIN: &str = "UPDATE known_payments SET not_before = $2 \
     WHERE network = $1 AND review = 'held' AND acted_at IS NULL AND not_before > $2 \
       AND EXISTS (SELECT 1 FROM reviews r WHERE r.network = known_payments.network \
           AND r.payment_id = known_payments.payment_id AND r.decided_at > $2)";

impl Store {
    /// Lets go on at `now` what waits at the lease's place for a time later than `beyond`, which no pause of ours reaches: the
    /// clock that it was reckoned by was ahead. How much there was.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn end_pauses(
        &self,
        lease: &Lease,
        beyond: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let place = Arg::Text(lease.scope.place());
        let mut ended = 0;
        // One statement in each transaction: whoever has the turn need not wait for it.
        for sql in GO_ON {
            let args = [place.clone(), Arg::Time(beyond), Arg::Time(now)];
            ended += self.end_some(lease, sql, &args).await?;
        }
        Ok(ended + self.end_some(lease, LOOK_AGAIN, &[place, Arg::Time(now)]).await?)
    }

    async fn end_some(
        &self,
        lease: &Lease,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> Result<u64, StoreError> {
        let mut tx = self.begin_quiet(lease).await?;
        let ended = tx.conn().execute(sql, args).await?;
        tx.commit().await?;
        Ok(ended)
    }
}
