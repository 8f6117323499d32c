//! What there is in the books: sums of days, and movements one by one.

use chrono::{DateTime, Utc};

use crate::engine::Amount;
use crate::engine::books::{AccountKind, Balance, BookAccount, EntryKind};
use crate::store::db::Sql;
use crate::store::db::values::Arg;
use crate::store::{Store, StoreError};

/// What each kind of account got, less what it gave, on one day, of one asset and at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookDay {
    /// The day, in UTC: `2026-01-01`.
    pub day: String,
    /// The asset.
    pub asset: String,
    /// The place.
    pub place: String,
    /// The kind of account.
    pub account: AccountKind,
    /// How much.
    pub amount: Balance,
}

/// A movement as it stands in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovementRow {
    /// The number of its entry.
    pub entry: i64,
    /// Its place in the entry.
    pub position: i64,
    /// What kind of fact the entry is of.
    pub kind: EntryKind,
    /// What it happened to.
    pub about: String,
    /// Where.
    pub place: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Who gave.
    pub from: BookAccount,
    /// Who got.
    pub to: BookAccount,
    /// Of what.
    pub asset: String,
    /// How much.
    pub amount: Amount,
}

/// Which days to show.
#[derive(Debug, Clone, Default)]
pub struct BookFilter {
    /// Only this day and later: `2026-01-01`.
    pub since: Option<String>,
    /// Only days before this one.
    pub until: Option<String>,
    /// Only of this asset.
    pub asset: Option<String>,
    /// Only at this place.
    pub place: Option<String>,
}

impl Store {
    /// The sums of days, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn book_days(&self, filter: &BookFilter) -> Result<Vec<BookDay>, StoreError> {
        let sql = "SELECT * FROM book_days WHERE ($1 IS NULL OR day >= $1) AND ($2 IS NULL OR day < $2) \
                   AND ($3 IS NULL OR asset = $3) AND ($4 IS NULL OR place = $4) ORDER BY day, asset, place, account";
        let args = [
            Arg::MaybeText(filter.since.as_deref()),
            Arg::MaybeText(filter.until.as_deref()),
            Arg::MaybeText(filter.asset.as_deref()),
            Arg::MaybeText(filter.place.as_deref()),
        ];
        let rows = self.db.rows(sql, &args).await?;
        rows.iter()
            .map(|row| {
                Ok(BookDay {
                    day: row.text("day")?,
                    asset: row.text("asset")?,
                    place: row.text("place")?,
                    account: row.parsed("account")?,
                    amount: row.balance("amount")?,
                })
            })
            .collect()
    }

    /// Movements behind this one (the number of its entry and its place in it), in their order, at most `limit`; only of an
    /// account, if one is named.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn movements(
        &self,
        after: (i64, i64),
        account: Option<&str>,
        limit: u32,
    ) -> Result<Vec<MovementRow>, StoreError> {
        const SQL: Sql = Sql::Same(
            "SELECT * FROM movements WHERE (entry, position) > ($1, $2) \
             AND ($3 IS NULL OR from_account = $3 OR to_account = $3) ORDER BY entry, position LIMIT $4",
        );
        let (entry, position) = after;
        let args = [
            Arg::Int(entry),
            Arg::Int(position),
            Arg::MaybeText(account),
            Arg::Int(i64::from(limit)),
        ];
        let rows = self.db.rows(SQL, &args).await?;
        rows.iter()
            .map(|row| {
                Ok(MovementRow {
                    entry: row.int("entry")?,
                    position: row.int("position")?,
                    kind: row.parsed("kind")?,
                    about: row.text("about")?,
                    place: row.text("place")?,
                    at: row.time("at")?,
                    from: row.parsed("from_account")?,
                    to: row.parsed("to_account")?,
                    asset: row.text("asset")?,
                    amount: row.amount("amount")?,
                })
            })
            .collect()
    }
}
