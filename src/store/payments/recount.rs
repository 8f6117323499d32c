//! Counting anew what is kept counted.

use crate::engine::{ConnectorRole, PaymentState};
use crate::store::db::text::sql;
use crate::store::db::values::Arg;
use crate::store::db::{Conn, Sql};
use crate::store::{Lease, Store, StoreError};

const FORGET: Sql = sql!("DELETE FROM payment_counts WHERE network = $1 AND connector_role = $3 AND state " among "$2");

const COUNT: Sql = sql!(
    "INSERT INTO payment_counts (network, state, connector_role, payments) \
     SELECT network, state, connector_role, count(*) FROM known_payments \
     WHERE network = $1 AND connector_role = $3 AND state " among "$2" " \
     GROUP BY network, state, connector_role"
);

const TOTAL: Sql = sql!(
    "SELECT CAST(coalesce(sum(payments), 0) AS bigint) AS n FROM payment_counts \
     WHERE network = $1 AND connector_role = $3 AND state " among "$2"
);

impl Store {
    /// Counts the payments in `states` with this role one by one, and corrects what [`Store::count_in`] tells of them.
    /// By how much that was too high: 0, unless somebody has changed the database by hand.
    ///
    /// It costs a scan of an index.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn recount(
        &self,
        lease: Option<&Lease>,
        network: &str,
        states: &[PaymentState],
        role: &ConnectorRole,
    ) -> Result<i64, StoreError> {
        let words = states.iter().map(|state| state.as_str().to_owned()).collect();
        let args = [Arg::Text(network), Arg::Texts(words), Arg::Text(role.as_str())];
        // Nobody else writes payments meanwhile: see `begin`.
        let mut tx = self.begin(lease).await?;
        let conn = &mut tx.conn();
        let was = total(conn, &args).await?;
        conn.execute(FORGET, &args).await?;
        conn.execute(COUNT, &args).await?;
        let is = total(conn, &args).await?;
        tx.commit().await?;
        Ok(was - is)
    }
}

async fn total(conn: &mut Conn<'_>, args: &[Arg<'_>]) -> Result<i64, StoreError> {
    conn.row(TOTAL, args).await?.map_or(Ok(0), |row| row.int("n"))
}
