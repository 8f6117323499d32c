//! Lists of money that reached us: filtered, from either end, step by step.

use chrono::{DateTime, Utc};

use super::row::{IncomingRow, incoming_from};
use crate::engine::{Amount, IncomingStatus};
use crate::store::db::Sql;
use crate::store::db::values::Arg;
use crate::store::db::walk::{ROOM, Span, WalkStep, is_amount, plain};
use crate::store::{Store, StoreError};

/// Which incoming payments to list.
#[derive(Debug, Clone, Default)]
pub struct IncomingFilter {
    /// Only those that are confirmed and belong to nobody, and that nobody has seen to.
    pub unmatched: bool,
    /// Only those that stand so.
    pub status: Option<IncomingStatus>,
    /// Only of this network or rail.
    pub source: Option<String>,
    /// Only of one of these, as their places call them: `CODE:ISSUER`, `native`, or a currency. Empty: of any.
    pub asset_ids: Vec<String>,
    /// Only of this amount, whatever its decimals are.
    pub amount: Option<Amount>,
    /// Only those with this memo, of whatever type.
    pub memo: Option<String>,
    /// Only those with this subject.
    pub subject: Option<String>,
    /// Only those with this reference: a transaction's hash, or what the rail calls it.
    pub reference: Option<String>,
    /// Only those that this address paid.
    pub payer: Option<String>,
    /// Only those that came at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those that came before this time.
    pub until: Option<DateTime<Utc>>,
    /// The newest first.
    pub newest: bool,
    /// Only those that come after this one: when it came, its source and its id.
    pub after: Option<IncomingPlace>,
    /// At most so many.
    pub limit: u32,
}

/// Behind which incoming payment a list goes on: when it came, its source and its id.
pub type IncomingPlace = (DateTime<Utc>, String, String);

macro_rules! list {
    ($db:ident, $what:literal, $in:literal, $after:literal, $order:literal) => {
        concat!(
            "SELECT ", $what, " FROM incoming WHERE received_at >= $1 AND received_at <= $2 \
             AND (received_at, source, incoming_id) ", $after, " ($3, $4, $5) \
             AND ($6 IS NULL OR source = $6) AND ($7 IS NULL OR asset ", $in, ") AND ($9 IS NULL OR memo = $9) \
             AND ($10 IS NULL OR subject = $10) AND ($11 IS NULL OR reference = $11) \
             AND ($12 IS NULL OR from_address = $12) AND ($13 IS NULL OR ", is_amount!($db "amount", "$13"),
            ") AND ($14 = 0 OR (verdict NOT IN ('matched', 'credit') AND resolution IS NULL AND status = 'confirmed')) \
             AND ($15 IS NULL OR status = $15) ",
            $order
        )
    };
}

macro_rules! both {
    ($what:literal, $after:literal, $order:literal) => {
        Sql::Each {
            sqlite: list!(sqlite, $what, "IN (SELECT value FROM json_each($8))", $after, $order),
            postgres: list!(postgres, $what, "= ANY ($8)", $after, $order),
        }
    };
}

const LIST: Sql = both!("*", ">", "ORDER BY received_at, source, incoming_id LIMIT $16");
const LIST_NEWEST: Sql =
    both!("*", "<", "ORDER BY received_at DESC, source DESC, incoming_id DESC LIMIT $16");
const COUNT: Sql = both!("count(*) AS n", ">", "");

const EDGE: &str = "SELECT received_at AS at FROM incoming WHERE received_at >= $1 AND received_at <= $2 \
    ORDER BY received_at LIMIT 1 OFFSET $3";
const EDGE_NEWEST: &str = "SELECT received_at AS at FROM incoming WHERE received_at >= $1 AND received_at <= $2 \
    ORDER BY received_at DESC LIMIT 1 OFFSET $3";

impl IncomingFilter {
    fn span(&self) -> Span {
        let after = self.after.as_ref().map(|(at, ..)| *at);
        Span::new(self.since, self.until, after, self.newest)
    }

    fn args<'a>(&'a self, span: Span, amount: Option<&'a str>) -> Vec<Arg<'a>> {
        // Nothing comes before the beginning, and nothing after the end.
        let edge = if self.newest { DateTime::<Utc>::MAX_UTC } else { DateTime::<Utc>::MIN_UTC };
        let (after, source, id) = match &self.after {
            Some((after, source, id)) => (*after, source.as_str(), id.as_str()),
            None => (edge, "", ""),
        };
        vec![
            Arg::Time(span.from),
            Arg::Time(span.to),
            Arg::Time(after),
            Arg::Text(source),
            Arg::Text(id),
            Arg::MaybeText(self.source.as_deref()),
            Arg::MaybeInt((!self.asset_ids.is_empty()).then_some(1)),
            Arg::Texts(self.asset_ids.clone()),
            Arg::MaybeText(self.memo.as_deref()),
            Arg::MaybeText(self.subject.as_deref()),
            Arg::MaybeText(self.reference.as_deref()),
            Arg::MaybeText(self.payer.as_deref()),
            Arg::MaybeText(amount),
            Arg::Int(i64::from(self.unmatched)),
            Arg::MaybeText(self.status.map(IncomingStatus::as_str)),
        ]
    }
}

impl Store {
    /// Whether money of this asset came, as its place calls it.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn has_asset_in(&self, asset: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 AS one FROM incoming WHERE asset = $1 LIMIT 1";
        Ok(!self.db.rows(sql, &[Arg::Text(asset)]).await?.is_empty())
    }

    /// Incoming payments, in the order in which they came.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn incoming(&self, filter: &IncomingFilter) -> Result<Vec<IncomingRow>, StoreError> {
        let (mut filter, mut found) = (filter.clone(), Vec::new());
        let limit = filter.limit;
        loop {
            let step = self.incoming_step(&filter).await?;
            found.extend(step.rows);
            let Some(next) = step.next else { return Ok(found) };
            filter.limit = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
            if filter.limit == 0 {
                return Ok(found);
            }
            filter.after = Some(next);
        }
    }

    /// One step through a list of incoming payments.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn incoming_step(
        &self,
        filter: &IncomingFilter,
    ) -> Result<WalkStep<IncomingRow, IncomingPlace>, StoreError> {
        let edge = if filter.newest { EDGE_NEWEST } else { EDGE };
        let edge = self.edge(edge.into(), filter.span(), Arg::Time).await?;
        let (span, rest) = filter.span().cut(edge, filter.newest);
        let amount = filter.amount.as_ref().map(plain);
        let mut args = filter.args(span, amount.as_deref());
        args.push(Arg::Int(i64::from(filter.limit)));
        let sql = if filter.newest { LIST_NEWEST } else { LIST };
        let rows = self.db.rows(sql, &args).await?;
        let rows: Vec<IncomingRow> = rows.iter().map(incoming_from).collect::<Result<_, _>>()?;
        let is_full = rows.len() >= usize::try_from(filter.limit).unwrap_or(usize::MAX);
        Ok(match rows.last().map(|row| &row.incoming) {
            Some(last) if is_full => {
                let next = Some((last.at, last.source.clone(), last.incoming_id.clone()));
                WalkStep { looked_at: u64::try_from(rows.len()).unwrap_or(u64::MAX), next, rows }
            }
            Some(_) | None => {
                let next = rest.map(|at| (at, String::new(), String::new()));
                WalkStep { looked_at: u64::from(ROOM), next, rows }
            }
        })
    }

    /// How many incoming payments the filter lets through, whatever its limit is.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn incoming_count(&self, filter: &IncomingFilter) -> Result<u64, StoreError> {
        let filter = IncomingFilter { newest: false, after: None, ..filter.clone() };
        let amount = filter.amount.as_ref().map(plain);
        let (mut span, mut count) = (filter.span(), 0);
        loop {
            let edge = self.edge(EDGE.into(), span, Arg::Time).await?;
            let (part, rest) = span.cut(edge, false);
            let args = filter.args(part, amount.as_deref());
            count +=
                self.db.rows(COUNT, &args).await?.first().map_or(Ok(0), |row| row.count("n"))?;
            let Some(rest) = rest else { return Ok(count) };
            span.from = rest;
        }
    }

    /// Incoming payments whose ids begin so, at any place or at one, in the order of their ids, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn incoming_beginning(
        &self,
        beginning: &str,
        place: Option<&str>,
        limit: u32,
    ) -> Result<Vec<IncomingRow>, StoreError> {
        const BEGINNING: Sql = Sql::Each {
            sqlite: "SELECT * FROM incoming WHERE incoming_id >= $1 AND incoming_id < $1 || char(1114111) \
                         AND ($2 IS NULL OR source = $2) ORDER BY incoming_id, source LIMIT $3",
            postgres: "SELECT * FROM incoming WHERE starts_with(incoming_id, $1) AND ($2 IS NULL OR source = $2) \
                       ORDER BY incoming_id, source LIMIT $3",
        };
        let args = [Arg::Text(beginning), Arg::MaybeText(place), Arg::Int(i64::from(limit))];
        self.db.rows(BEGINNING, &args).await?.iter().map(incoming_from).collect()
    }
}
