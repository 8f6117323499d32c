//! The books are summed anew, and compared with what is stored of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::engine::books::{AccountKind, Balance, BookAccount};
use crate::engine::{Alert, AlertName, Poller, iso};
use crate::store::db::values::{Arg, Row};
use crate::store::db::{Conn, breathe};
use crate::store::memory::alerts;
use crate::store::{Scope, Store, StoreError};

/// So many movements are summed at once.
const AT_ONCE: i64 = 5_000;

/// What a check of the books has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BooksChecked {
    /// How many entries there are.
    pub entries: u64,
    /// How many movements.
    pub movements: u64,
    /// What does not agree.
    pub differences: Vec<BookDifference>,
}

/// Something stored that the movements do not sum to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookDifference {
    /// What it is: `credit WALLET`, `day 2026-01-01 PLACE ACCOUNT`, `order SHOP/ID`.
    pub what: String,
    /// In which asset.
    pub asset: String,
    /// What is stored.
    pub stored: Balance,
    /// What the movements sum to.
    pub summed: Balance,
}

type Sums = BTreeMap<(String, String), Balance>;

fn add(sums: &mut Sums, what: String, asset: &str, amount: &Balance) {
    let sum = sums.entry((what, asset.to_owned())).or_insert_with(Balance::zero);
    *sum = sum.plus(amount);
}

impl Store {
    /// Sums all movements anew, and compares: the credit of each wallet, the sums of each day, and each paid order's price.
    /// `progress` hears how many movements were summed. What is written meanwhile is not looked at.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn books_checked(
        &self,
        mut progress: impl FnMut(u64),
    ) -> Result<BooksChecked, StoreError> {
        let mut tx = self.db.snapshot().await?;
        let conn = &mut tx.conn();
        let mut summing = Summing::default();
        loop {
            let sql = "SELECT * FROM movements WHERE (entry, position) > ($1, $2) ORDER BY entry, position LIMIT $3";
            let (entry, position) = summing.after;
            let args = [Arg::Int(entry), Arg::Int(position), Arg::Int(AT_ONCE)];
            let rows = conn.rows(sql, &args).await?;
            if rows.is_empty() {
                break;
            }
            rows.iter().try_for_each(|row| summing.add(row))?;
            progress(summing.checked.movements);
            breathe().await;
        }
        let Summing { mut checked, credits, days, orders, .. } = summing;
        compare(&mut checked, credits, stored_credits(conn).await?);
        compare(&mut checked, days, stored_days(conn).await?);
        compare(&mut checked, orders, paid_prices(conn).await?);
        Ok(checked)
    }
}

/// The sums of movements, as they are read.
#[derive(Default)]
struct Summing {
    checked: BooksChecked,
    /// The number of the last entry, and the place in it.
    after: (i64, i64),
    credits: Sums,
    days: Sums,
    orders: Sums,
}

impl Summing {
    fn add(&mut self, row: &Row) -> Result<(), StoreError> {
        let number = row.int("entry")?;
        self.checked.entries += u64::from(number != self.after.0);
        self.checked.movements += 1;
        self.after = (number, row.int("position")?);
        let (place, asset) = (row.text("place")?, row.text("asset")?);
        let mut day = iso(row.time("at")?);
        day.truncate("2026-01-01".len());
        let amount = row.amount("amount")?;
        let from: (BookAccount, _) = (row.parsed("from_account")?, Balance::debt(amount.clone()));
        let to = (row.parsed("to_account")?, Balance::of(amount));
        for (account, amount) in [from, to] {
            let kind = account.kind();
            add(&mut self.days, format!("day {day} {place} {kind}"), &asset, &amount);
            match account {
                BookAccount::Wallet(wallet) => {
                    add(&mut self.credits, format!("credit {wallet}"), &asset, &amount);
                }
                BookAccount::Order { shop, order_id } => {
                    add(&mut self.orders, format!("order {shop}/{order_id}"), &asset, &amount);
                }
                BookAccount::Received(_)
                | BookAccount::Operator
                | BookAccount::Out
                | BookAccount::Transfer(_)
                | BookAccount::Fees
                | BookAccount::Held
                | BookAccount::Unmatched => {}
            }
        }
        Ok(())
    }
}

async fn stored_credits(conn: &mut Conn<'_>) -> Result<Sums, StoreError> {
    let mut stored = Sums::new();
    for row in conn.rows("SELECT wallet, asset, credit FROM credits", &[]).await? {
        let what = format!("credit {}", row.text("wallet")?);
        add(&mut stored, what, &row.text("asset")?, &row.balance("credit")?);
    }
    Ok(stored)
}

async fn stored_days(conn: &mut Conn<'_>) -> Result<Sums, StoreError> {
    let mut stored = Sums::new();
    for row in conn.rows("SELECT * FROM book_days", &[]).await? {
        let kind: AccountKind = row.parsed("account")?;
        let what = format!("day {} {} {kind}", row.text("day")?, row.text("place")?);
        add(&mut stored, what, &row.text("asset")?, &row.balance("amount")?);
    }
    Ok(stored)
}

/// A paid order's lines are its price.
async fn paid_prices(conn: &mut Conn<'_>) -> Result<Sums, StoreError> {
    let (mut number, mut stored) = (0, Sums::new());
    loop {
        let sql = "SELECT number, shop, order_id, asset, price FROM orders WHERE status = 'paid' AND number > $1 \
                   ORDER BY number LIMIT $2";
        let rows = conn.rows(sql, &[Arg::Int(number), Arg::Int(AT_ONCE)]).await?;
        if rows.is_empty() {
            return Ok(stored);
        }
        for row in &rows {
            number = row.int("number")?;
            let what = format!("order {}/{}", row.text("shop")?, row.text("order_id")?);
            add(&mut stored, what, &row.text("asset")?, &Balance::of(row.amount("price")?));
        }
        breathe().await;
    }
}

impl Store {
    /// Whether the alert stands that the books differ.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn books_are_told(&self) -> Result<bool, StoreError> {
        let mut reader = self.db.reader().await?;
        Ok(!alerts::named(&mut reader.conn(), AlertName::BooksDiffer).await?.is_empty())
    }

    /// Raises the alert for what a check of the books has found, or ends it.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn tell_books(
        &self,
        checked: &BooksChecked,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let name = AlertName::BooksDiffer;
        let alert = checked.differences.first().map(|first| {
            let BookDifference { what, asset, stored, summed } = first;
            let detail = format!(
                "the first is {what}: {stored} {asset} is stored, and {summed} is in the books"
            );
            let count = u64::try_from(checked.differences.len()).unwrap_or(u64::MAX);
            Alert::of(name, detail).counting(count)
        });
        let scope = Scope { poller: Poller::Orders, network: "books".to_owned() };
        let mut tx = self.begin(None).await?;
        alerts::set(&mut tx.conn(), &scope, name, alert.as_slice(), now).await?;
        tx.commit().await
    }
}

/// What is stored and what is summed must be the same; nothing and not there are.
fn compare(checked: &mut BooksChecked, mut summed: Sums, stored: Sums) {
    for ((what, asset), stored) in stored {
        let key = (what, asset);
        let sum = summed.remove(&key).unwrap_or_else(Balance::zero);
        if sum != stored {
            let (what, asset) = key;
            checked.differences.push(BookDifference { what, asset, stored, summed: sum });
        }
    }
    for ((what, asset), sum) in summed {
        if !sum.is_zero() {
            let stored = Balance::zero();
            checked.differences.push(BookDifference { what, asset, stored, summed: sum });
        }
    }
}
