//! Reading for long, while others write.

use super::{BEGUN_WITHIN, Db, Tx, in_time, within};
use crate::store::StoreError;
use crate::store::waking::Woken;

impl Db {
    /// Begins a transaction that only reads, and sees all as it is now, however long it takes. Nobody waits for it.
    pub(in crate::store) async fn snapshot(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite { read, hints, .. } => {
                let mut lent = read.lend().await?;
                in_time(lent.begin("BEGIN")).await?;
                Ok(Tx::Sqlite(lent, Woken::by(hints)))
            }
            Self::Postgres(pool) => {
                let mut lent = pool.lend_tested().await?;
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                within(BEGUN_WITHIN, lent.begin(begin)).await?;
                Ok(Tx::Postgres(lent))
            }
        }
    }
}
