//! Lists of transfers: filtered, from either end, step by step.
//!
//! They go by the history, where a transfer's creation stands once: an index on the transfers themselves would be written
//! again with every step of each. What a filter asks is looked up row by row.

use chrono::{DateTime, Utc};

use super::rows::transfer_from;
use crate::engine::{Amount, Transfer, TransferKind, TransferStatus, subject_key};
use crate::store::db::Sql;
use crate::store::db::values::Arg;
use crate::store::db::walk::{ROOM, Span, WalkStep, is_amount, plain};
use crate::store::{Store, StoreError};

/// Which transfers to list.
#[derive(Debug, Clone, Default)]
pub struct TransferFilter {
    /// Only in this status.
    pub status: Option<TransferStatus>,
    /// Only of this kind.
    pub kind: Option<TransferKind>,
    /// Only of this rail.
    pub rail: Option<String>,
    /// Only of this network.
    pub network: Option<String>,
    /// Only of this configured asset.
    pub asset: Option<String>,
    /// Only those of which this amount is expected, came in, or goes out.
    pub amount: Option<Amount>,
    /// Only those with this memo, of whatever type.
    pub memo: Option<String>,
    /// Only those with this subject, as banks leave it: without blanks, marks and case.
    pub subject: Option<String>,
    /// Only those that have this reference of the rail or of the network, or that pay out the payment with this id.
    pub reference: Option<String>,
    /// Only those that this address pays.
    pub payer: Option<String>,
    /// Only those created at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those created before this time.
    pub until: Option<DateTime<Utc>>,
    /// The newest first.
    pub newest: bool,
    /// Only those that come after this one: its `created_at` and id.
    pub after: Option<TransferPlace>,
    /// At most so many.
    pub limit: u32,
}

/// Behind which transfer a list goes on: its `created_at` and id.
pub type TransferPlace = (DateTime<Utc>, String);

macro_rules! filters {
    ($db:ident) => {
        concat!(
            "($5 IS NULL OR t.status = $5) AND ($6 IS NULL OR t.kind = $6) AND ($7 IS NULL OR t.rail = $7) \
             AND ($8 IS NULL OR t.network = $8) AND ($9 IS NULL OR t.asset = $9) AND ($10 IS NULL OR t.memo = $10) \
             AND ($11 IS NULL OR t.subject_key = $11) AND ($12 IS NULL OR t.from_address = $12) \
             AND ($13 IS NULL OR t.rail_reference = $13 OR t.network_reference = $13 OR t.payment_id = $13) \
             AND ($14 IS NULL OR ", is_amount!($db "t.amount_expected", "$14"), " OR ",
            is_amount!($db "t.amount_in", "$14"), " OR ", is_amount!($db "t.amount_out", "$14"), ") "
        )
    };
}

macro_rules! from {
    (sqlite) => {
        " FROM statuses s INDEXED BY statuses_created CROSS JOIN things n ON n.number = s.thing \
            CROSS JOIN transfers t ON t.transfer_id = n.id \
          WHERE n.kind = 'transfer' AND s.source = 'created' AND "
    };
    (postgres) => {
        " FROM statuses s CROSS JOIN LATERAL (SELECT id FROM things WHERE number = s.thing AND kind = 'transfer' OFFSET 0) n \
            CROSS JOIN LATERAL (SELECT * FROM transfers WHERE transfer_id = n.id OFFSET 0) t \
          WHERE s.source = 'created' AND "
    };
}

macro_rules! list {
    ($db:ident, $after:literal, $order:literal) => {
        concat!(
            "SELECT t.*",
            from!($db),
            "s.reached_at >= $1 AND s.reached_at <= $2 AND (s.reached_at, s.thing) ",
            $after,
            " ($3, coalesce((SELECT number FROM things WHERE id = $4 AND kind = 'transfer'), 0)) AND ",
            filters!($db),
            "ORDER BY s.reached_at ",
            $order,
            ", s.thing ",
            $order,
            " LIMIT $15"
        )
    };
}

const LIST: Sql =
    Sql::Each { sqlite: list!(sqlite, ">", "ASC"), postgres: list!(postgres, ">", "ASC") };
const LIST_NEWEST: Sql =
    Sql::Each { sqlite: list!(sqlite, "<", "DESC"), postgres: list!(postgres, "<", "DESC") };

macro_rules! count {
    ($db:ident) => {
        concat!(
            "SELECT count(*) AS n", from!($db),
            "s.reached_at >= $1 AND s.reached_at <= $2 AND CAST($3 AS text) IS NOT NULL AND CAST($4 AS text) IS NOT NULL AND ",
            filters!($db)
        )
    };
}

const COUNT: Sql = Sql::Each { sqlite: count!(sqlite), postgres: count!(postgres) };

const EDGE: &str = "SELECT reached_at AS at FROM statuses WHERE source = 'created' \
    AND reached_at >= $1 AND reached_at <= $2 ORDER BY reached_at LIMIT 1 OFFSET $3";
const EDGE_NEWEST: &str = "SELECT reached_at AS at FROM statuses WHERE source = 'created' \
    AND reached_at >= $1 AND reached_at <= $2 ORDER BY reached_at DESC LIMIT 1 OFFSET $3";

/// The texts that the statements' parameters borrow.
struct Texts {
    subject: Option<String>,
    amount: Option<String>,
}

impl TransferFilter {
    fn span(&self) -> Span {
        let after = self.after.as_ref().map(|(at, _)| *at);
        Span::new(self.since, self.until, after, self.newest)
    }

    fn texts(&self) -> Texts {
        Texts {
            subject: self.subject.as_deref().map(subject_key),
            amount: self.amount.as_ref().map(plain),
        }
    }

    fn args<'a>(&'a self, span: Span, texts: &'a Texts) -> Vec<Arg<'a>> {
        // Nothing comes before the beginning, and nothing after the end.
        let edge = if self.newest { DateTime::<Utc>::MAX_UTC } else { DateTime::<Utc>::MIN_UTC };
        let (after, id) = match &self.after {
            Some((after, id)) => (*after, id.as_str()),
            None => (edge, ""),
        };
        vec![
            Arg::Micros(span.from),
            Arg::Micros(span.to),
            Arg::Micros(after),
            Arg::Text(id),
            Arg::MaybeText(self.status.map(TransferStatus::as_str)),
            Arg::MaybeText(self.kind.map(TransferKind::as_str)),
            Arg::MaybeText(self.rail.as_deref()),
            Arg::MaybeText(self.network.as_deref()),
            Arg::MaybeText(self.asset.as_deref()),
            Arg::MaybeText(self.memo.as_deref()),
            Arg::MaybeText(texts.subject.as_deref()),
            Arg::MaybeText(self.payer.as_deref()),
            Arg::MaybeText(self.reference.as_deref()),
            Arg::MaybeText(texts.amount.as_deref()),
        ]
    }
}

impl Store {
    /// Transfers, in the order of their creation.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn transfers(&self, filter: &TransferFilter) -> Result<Vec<Transfer>, StoreError> {
        let (mut filter, mut found) = (filter.clone(), Vec::new());
        let limit = filter.limit;
        loop {
            let step = self.transfers_step(&filter).await?;
            found.extend(step.rows);
            let Some(next) = step.next else { return Ok(found) };
            filter.limit = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
            if filter.limit == 0 {
                return Ok(found);
            }
            filter.after = Some(next);
        }
    }

    /// One step through a list of transfers.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn transfers_step(
        &self,
        filter: &TransferFilter,
    ) -> Result<WalkStep<Transfer, TransferPlace>, StoreError> {
        let edge = if filter.newest { EDGE_NEWEST } else { EDGE };
        let edge = self.edge(edge.into(), filter.span(), Arg::Micros).await?;
        let (span, rest) = filter.span().cut(edge, filter.newest);
        let texts = filter.texts();
        let mut args = filter.args(span, &texts);
        args.push(Arg::Int(i64::from(filter.limit)));
        let sql = if filter.newest { LIST_NEWEST } else { LIST };
        let rows = self.db.rows(sql, &args).await?;
        let rows: Vec<Transfer> = rows.iter().map(transfer_from).collect::<Result<_, _>>()?;
        let is_full = rows.len() >= usize::try_from(filter.limit).unwrap_or(usize::MAX);
        Ok(match rows.last() {
            Some(last) if is_full => {
                let next = Some((last.created_at, last.transfer_id.clone()));
                WalkStep { looked_at: u64::try_from(rows.len()).unwrap_or(u64::MAX), next, rows }
            }
            Some(_) | None => {
                let next = rest.map(|at| (at, String::new()));
                WalkStep { looked_at: u64::from(ROOM), next, rows }
            }
        })
    }

    /// How many transfers the filter lets through, whatever its limit is.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn transfers_count(&self, filter: &TransferFilter) -> Result<u64, StoreError> {
        let texts = filter.texts();
        let (mut span, mut count) = (filter.span(), 0);
        loop {
            let edge = self.edge(EDGE.into(), span, Arg::Micros).await?;
            let (part, rest) = span.cut(edge, false);
            let args = filter.args(part, &texts);
            count +=
                self.db.rows(COUNT, &args).await?.first().map_or(Ok(0), |row| row.count("n"))?;
            let Some(rest) = rest else { return Ok(count) };
            span.from = rest;
        }
    }

    /// Transfers whose ids begin so, in the order of their ids, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn transfers_beginning(
        &self,
        beginning: &str,
        limit: u32,
    ) -> Result<Vec<Transfer>, StoreError> {
        const BEGINNING: Sql = Sql::Each {
            sqlite: "SELECT * FROM transfers WHERE transfer_id >= $1 AND transfer_id < $1 || char(1114111) \
                     ORDER BY transfer_id LIMIT $2",
            postgres: "SELECT * FROM transfers WHERE starts_with(transfer_id, $1) ORDER BY transfer_id LIMIT $2",
        };
        let args = [Arg::Text(beginning), Arg::Int(i64::from(limit))];
        self.db.rows(BEGINNING, &args).await?.iter().map(transfer_from).collect()
    }

    /// Whether there is a transfer of this asset.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn has_asset(&self, asset: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 AS one FROM transfers WHERE asset = $1 LIMIT 1";
        Ok(!self.db.rows(sql, &[Arg::Text(asset)]).await?.is_empty())
    }
}
