//! The books begin: what was with us before there were any stands in them as if it had come in when it
//! last moved.

use super::post::post;
use crate::engine::books::{Entry, Occasion, entries_of_step, unmatched};
use crate::store::db::Conn;
use crate::store::transfers::incoming::incoming_from;
use crate::store::transfers::transfer_from;
use crate::store::{Store, StoreError, take_turn};

/// Transfers whose money is neither where it was to go nor back.
const TRANSFERS: &str = "SELECT * FROM transfers WHERE amount_in IS NOT NULL \
    AND status NOT IN ('completed', 'refunded') ORDER BY created_at, transfer_id";
const NOBODYS: &str = "SELECT * FROM incoming WHERE verdict NOT IN ('matched', 'credit') AND resolution IS NULL \
    AND status = 'confirmed' AND wallet IS NULL ORDER BY received_at, source, incoming_id";

impl Store {
    /// Opens the books, if nothing stands in them.
    pub(in crate::store) async fn open_books(&self) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        take_turn(&mut tx).await?;
        let conn = &mut tx.conn();
        if conn.row("SELECT entry FROM movements LIMIT 1", &[]).await?.is_some() {
            return Ok(());
        }
        let entries = opening(conn).await?;
        post(conn, &entries).await?;
        tx.commit().await
    }
}

async fn opening(conn: &mut Conn<'_>) -> Result<Vec<Entry>, StoreError> {
    let mut entries = Vec::new();
    for row in conn.rows(TRANSFERS, &[]).await? {
        entries.extend(entries_of_step(None, &transfer_from(&row)?, None));
    }
    for row in conn.rows(NOBODYS, &[]).await? {
        let row = incoming_from(&row)?;
        let key = row.incoming.key();
        let on = Occasion { about: key.subject(), place: key.source, at: row.incoming.at };
        entries.extend(unmatched(&on, row.asset_in_books(), &row.incoming.amount));
    }
    Ok(entries)
}
