//! How many transfers wait for a poller.

use crate::engine::TransferStatus;
use crate::store::db::Sql;
use crate::store::db::text::sql;
use crate::store::db::values::Arg;
use crate::store::{Store, StoreError};

/// Transfers to be counted. They are found by their rails, so that a count reads an index alone.
#[derive(Debug, Clone, Copy)]
pub struct Waiting<'a> {
    /// The rails that they may be of.
    pub rails: &'a [String],
    /// Their network. None: any.
    pub network: Option<&'a str>,
    /// Whether their money comes in on the rail. Else it comes in on the network.
    pub are_deposits: bool,
    /// The statuses that they wait in.
    pub statuses: &'a [TransferStatus],
}

const COUNT: Sql = sql!(
    "SELECT count(*) AS n FROM transfers WHERE rail " among "$1" " AND status " among "$2" " AND comes_in = $3 \
     AND completed_at IS NULL AND refund_id IS NULL AND ($4 IS NULL OR network = $4)"
);

impl Store {
    /// How many transfers wait so. Those whose money goes back are not among them.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn count_waiting(&self, waiting: &Waiting<'_>) -> Result<u64, StoreError> {
        let statuses = waiting.statuses.iter().map(|status| status.as_str().to_owned()).collect();
        let args = [
            Arg::Texts(waiting.rails.to_vec()),
            Arg::Texts(statuses),
            Arg::Text(if waiting.are_deposits { "rail" } else { "network" }),
            Arg::MaybeText(waiting.network),
        ];
        let rows = self.db.rows(COUNT, &args).await?;
        rows.first().map_or(Ok(0), |row| row.count("n"))
    }
}
