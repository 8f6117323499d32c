//! The accounts whose sequence numbers we use: one worker has one at a time.

use serde_json::json;

use crate::store::db::Sql;
use crate::store::db::values::Arg;
use crate::store::memory::ahead::runs;
use crate::store::transfers::payouts::claims::claimant;
use crate::store::{Lease, Store, StoreError};

/// An account whose sequence numbers this worker uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// The account: `G…`.
    pub account: String,
    /// The newest sequence number that an envelope of ours has used. The network's may be another.
    pub sequence: Option<i64>,
}

/// A channel whose worker's lease is over is free.
const TAKE: Sql = Sql::Each {
    sqlite: concat!(
        "INSERT INTO channel_accounts (network, account, claimed_by, claimed_term) \
             SELECT $1, value ->> 'account', $3, $4 FROM json_each($2) WHERE true \
             ON CONFLICT (network, account) DO UPDATE SET claimed_by = excluded.claimed_by, claimed_term = excluded.claimed_term \
             WHERE (channel_accounts.claimed_by = excluded.claimed_by AND channel_accounts.claimed_term = excluded.claimed_term) \
               OR NOT EXISTS (SELECT 1 FROM leases l WHERE l.poller || '/' || l.network = channel_accounts.claimed_by \
                   AND l.term = channel_accounts.claimed_term AND ",
        runs!(sqlite, "l."),
        ") RETURNING account, sequence"
    ),
    postgres: concat!(
        "INSERT INTO channel_accounts (network, account, claimed_by, claimed_term) \
               SELECT $1, r.account, $3, $4 FROM jsonb_to_recordset($2) AS r (account text) ORDER BY r.account \
               ON CONFLICT (network, account) DO UPDATE SET claimed_by = excluded.claimed_by, claimed_term = excluded.claimed_term \
               WHERE (channel_accounts.claimed_by = excluded.claimed_by AND channel_accounts.claimed_term = excluded.claimed_term) \
                 OR NOT EXISTS (SELECT 1 FROM leases l WHERE l.poller || '/' || l.network = channel_accounts.claimed_by \
                     AND l.term = channel_accounts.claimed_term AND ",
        runs!(postgres, "l."),
        ") RETURNING account, sequence"
    ),
};

impl Store {
    /// Takes those of `accounts` that no other living worker has, and tells them in the order of their names. They are
    /// this worker's as long as its lease has its term.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn take_channels(
        &self,
        lease: &Lease,
        network: &str,
        accounts: &[String],
    ) -> Result<Vec<Channel>, StoreError> {
        let claimant = claimant(lease);
        let rows: Vec<_> = accounts.iter().map(|account| json!({ "account": account })).collect();
        let args = [
            Arg::Text(network),
            Arg::Json(json!(rows).to_string()),
            Arg::Text(&claimant),
            Arg::Int(lease.term),
        ];
        let mut tx = self.begin_quiet(lease).await?;
        let mut channels = Vec::with_capacity(accounts.len());
        for row in tx.conn().rows(TAKE, &args).await? {
            let (account, sequence) = (row.text("account")?, row.maybe_int("sequence")?);
            channels.push(Channel { account, sequence });
        }
        tx.commit().await?;
        channels.sort_by(|one, other| one.account.cmp(&other.account));
        Ok(channels)
    }
}
