//! The books are summed anew, and compared with what is stored of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::engine::books::{AccountKind, Balance, BookAccount};
use crate::engine::{Alert, AlertName, Poller};
use crate::store::db::breathe;
use crate::store::db::values::Arg;
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
        let mut checked = BooksChecked::default();
        let (mut credits, mut days, mut orders) = (Sums::new(), Sums::new(), Sums::new());
        let (mut entry, mut position) = (0_i64, -1_i64);
        loop {
            let sql = "SELECT * FROM movements WHERE (entry, position) > ($1, $2) ORDER BY entry, position LIMIT $3";
            let rows =
                conn.rows(sql, &[Arg::Int(entry), Arg::Int(position), Arg::Int(AT_ONCE)]).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let number = row.int("entry")?;
                checked.entries += u64::from(number != entry);
                (entry, position) = (number, row.int("position")?);
                let (place, asset) = (row.text("place")?, row.text("asset")?);
                let mut day = crate::engine::iso(row.time("at")?);
                day.truncate("2026-01-01".len());
                let amount = row.amount("amount")?;
                let from = (row.parsed("from_account")?, Balance::debt(amount.clone()));
                let to = (row.parsed("to_account")?, Balance::of(amount));
                for (account, amount) in [from, to] {
                    let account: BookAccount = account;
                    let kind = account.kind();
                    add(&mut days, format!("day {day} {place} {kind}"), &asset, &amount);
                    match account {
                        BookAccount::Wallet(wallet) => {
                            add(&mut credits, format!("credit {wallet}"), &asset, &amount);
                        }
                        BookAccount::Order { shop, order_id } => {
                            add(&mut orders, format!("order {shop}/{order_id}"), &asset, &amount);
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
                checked.movements += 1;
            }
            progress(checked.movements);
            breathe().await;
        }
        let mut stored = Sums::new();
        for row in conn.rows("SELECT wallet, asset, credit FROM credits", &[]).await? {
            add(
                &mut stored,
                format!("credit {}", row.text("wallet")?),
                &row.text("asset")?,
                &row.balance("credit")?,
            );
        }
        compare(&mut checked, credits, stored);
        let mut stored = Sums::new();
        for row in conn.rows("SELECT * FROM book_days", &[]).await? {
            let kind: AccountKind = row.parsed("account")?;
            let what = format!("day {} {} {kind}", row.text("day")?, row.text("place")?);
            add(&mut stored, what, &row.text("asset")?, &row.balance("amount")?);
        }
        compare(&mut checked, days, stored);
        let mut number = 0;
        let mut stored = Sums::new();
        loop {
            let sql = "SELECT number, shop, order_id, asset, price FROM orders WHERE status = 'paid' AND number > $1 \
                       ORDER BY number LIMIT $2";
            let rows = conn.rows(sql, &[Arg::Int(number), Arg::Int(AT_ONCE)]).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                number = row.int("number")?;
                let what = format!("order {}/{}", row.text("shop")?, row.text("order_id")?);
                add(&mut stored, what, &row.text("asset")?, &Balance::of(row.amount("price")?));
            }
            breathe().await;
        }
        compare(&mut checked, orders, stored);
        Ok(checked)
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
