//! Wallets that report by push, and are believed.

use chrono::{DateTime, Utc};

use crate::engine::Action;
use crate::store::db::Conn;
use crate::store::db::values::Arg;
use crate::store::outbox::audit;
use crate::store::{Deed, Store, StoreError};

/// A wallet that may report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletRow {
    /// The configured network's name.
    pub network: String,
    /// Its address.
    pub address: String,
    /// From where it reports.
    pub ip_address: String,
    /// The nonce of what it told last.
    pub last_nonce: i64,
    /// Since when it may.
    pub added_at: DateTime<Utc>,
}

impl Store {
    /// The wallets that may report, of `network` or of all, by their addresses.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn wallets(&self, network: Option<&str>) -> Result<Vec<WalletRow>, StoreError> {
        let sql =
            "SELECT * FROM wallets WHERE ($1 IS NULL OR network = $1) ORDER BY network, address";
        let rows = self.db.rows(sql, &[Arg::MaybeText(network)]).await?;
        rows.iter()
            .map(|row| {
                Ok(WalletRow {
                    network: row.text("network")?,
                    address: row.text("address")?,
                    ip_address: row.text("ip_address")?,
                    last_nonce: row.int("last_nonce")?,
                    added_at: row.time("added_at")?,
                })
            })
            .collect()
    }

    /// Lets a wallet report, or has it report from elsewhere. Its nonce never falls.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn add_wallet(&self, wallet: &WalletRow, deed: &Deed) -> Result<(), StoreError> {
        let sql = "INSERT INTO wallets (network, address, ip_address, last_nonce, added_at) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (network, address) DO UPDATE SET ip_address = excluded.ip_address, \
                       last_nonce = CASE WHEN wallets.last_nonce > excluded.last_nonce THEN wallets.last_nonce \
                           ELSE excluded.last_nonce END";
        let args = [
            Arg::Text(&wallet.network),
            Arg::Text(&wallet.address),
            Arg::Text(&wallet.ip_address),
            Arg::Int(wallet.last_nonce),
            Arg::Time(wallet.added_at),
        ];
        let mut tx = self.begin(None).await?;
        tx.conn().execute(sql, &args).await?;
        let subject = format!("wallet/{}", wallet.address);
        let details =
            serde_json::json!({ "network": wallet.network, "ip_address": wallet.ip_address });
        let (action, at) = (Action::WalletAdd, wallet.added_at);
        audit::write(&mut tx.conn(), deed, action, &subject, &details, at).await?;
        tx.commit().await
    }

    /// Lets a wallet report no more. False if it could not.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn remove_wallet(
        &self,
        network: &str,
        address: &str,
        deed: &Deed,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sql = "DELETE FROM wallets WHERE network = $1 AND address = $2";
        let mut tx = self.begin(None).await?;
        if tx.conn().execute(sql, &[Arg::Text(network), Arg::Text(address)]).await? == 0 {
            return Ok(false);
        }
        let subject = format!("wallet/{address}");
        let details = serde_json::json!({ "network": network });
        audit::write(&mut tx.conn(), deed, Action::WalletRemove, &subject, &details, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// A wallet was heard: its nonce is stored with what it told, so that a try that failed can be made again.
pub(super) async fn heard(
    conn: &mut Conn<'_>,
    network: &str,
    address: &str,
    nonce: i64,
) -> Result<(), StoreError> {
    let sql = "UPDATE wallets SET last_nonce = $3 WHERE network = $1 AND address = $2 AND last_nonce < $3";
    let args = [Arg::Text(network), Arg::Text(address), Arg::Int(nonce)];
    if conn.execute(sql, &args).await? == 0 {
        return Err(StoreError::Refused(format!(
            "the nonce {nonce} of wallet {address} is not above its last, or it may not report"
        )));
    }
    Ok(())
}
