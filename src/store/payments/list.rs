//! Lists of payments: filtered, from either end, step by step.
//!
//! A list goes by the time of the last change, which has an index. What else a filter asks is looked up row by row, in steps
//! of a bounded size: an index for each of them would be written with every payment. Where a state is asked for that few
//! payments are in, the index of states leads to them.

use chrono::{DateTime, Utc};

use super::read::{PaymentRow, payment_from};
use crate::engine::{Amount, PaymentState};
use crate::store::db::Sql;
use crate::store::db::text::sql;
use crate::store::db::values::Arg;
use crate::store::db::walk::{ROOM, Span, WalkStep, is_amount, plain};
use crate::store::{Store, StoreError};

/// Which payments to list.
#[derive(Debug, Clone, Default)]
pub struct PaymentFilter {
    /// Only of this state.
    pub state: Option<String>,
    /// Only those with this sub-state among theirs.
    pub sub_state: Option<String>,
    /// Only those in which we have this part.
    pub role: Option<String>,
    /// Only of this network.
    pub network: Option<String>,
    /// Only those with this review.
    pub review: Option<String>,
    /// Only those with this reference of the sender.
    pub reference: Option<String>,
    /// Only those of this amount, whatever its decimals are.
    pub amount: Option<Amount>,
    /// Only those in this currency.
    pub currency: Option<String>,
    /// Only those modified at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those modified before this time.
    pub until: Option<DateTime<Utc>>,
    /// The newest first.
    pub newest: bool,
    /// Only those that come after this one: its `modified_at` and id.
    pub after: Option<(DateTime<Utc>, String)>,
    /// With `after`: also those of the same time and id on networks whose names come after this one. Two networks of
    /// ours may report one payment.
    pub after_network: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// Behind which payment a list goes on: its `modified_at`, its network, its id.
pub type PaymentPlace = (DateTime<Utc>, String, String);

macro_rules! filters {
    ($db:ident, $sub_state:literal) => {
        concat!(
            " modified_at >= $1 AND modified_at <= $2 \
              AND ($6 IS NULL OR state = $6) AND ($7 IS NULL OR network = $7) AND ($8 IS NULL OR review = $8) \
              AND ($9 IS NULL OR connector_role = $9) AND ($10 IS NULL OR currency = $10) \
              AND ($11 IS NULL OR end_to_end_id = $11) AND ($12 IS NULL OR ",
            $sub_state,
            ") AND ($13 IS NULL OR ",
            is_amount!($db "amount", "$13"),
            ") "
        )
    };
}

macro_rules! columns {
    () => {
        "SELECT *, CAST(sub_states AS text) AS sub_states_text, CAST(amount AS text) AS amount_text, \
         CAST(payout_amount AS text) AS payout_text FROM known_payments "
    };
}

macro_rules! list {
    ($db:ident, $sub_state:literal, $source:literal, $after:literal, $order:literal) => {
        concat!(
            columns!(),
            $source,
            filters!($db, $sub_state),
            "AND ((modified_at, payment_id) ",
            $after,
            " ($3, $4) \
                  OR (modified_at = $3 AND payment_id = $4 AND network ",
            $after,
            " $5)) \
             ORDER BY modified_at ",
            $order,
            ", payment_id ",
            $order,
            ", network ",
            $order,
            " LIMIT $14"
        )
    };
}

macro_rules! both {
    ($sqlite:literal, $postgres:literal, $after:literal, $order:literal) => {
        Sql::Each {
            sqlite: list!(
                sqlite,
                "EXISTS (SELECT 1 FROM json_each(sub_states) WHERE value = $12)",
                $sqlite,
                $after,
                $order
            ),
            postgres: list!(postgres, "jsonb_exists(sub_states, $12)", $postgres, $after, $order),
        }
    };
}

const BY_TIME: Sql = both!("INDEXED BY payments_by_time WHERE", "WHERE", ">", "ASC");
const BY_TIME_NEWEST: Sql = both!("INDEXED BY payments_by_time WHERE", "WHERE", "<", "DESC");
const BY_STATE: Sql = both!(
    "INDEXED BY payments_by_state WHERE state IN (SELECT value FROM json_each($15)) AND",
    "WHERE state = ANY ($15) AND",
    ">",
    "ASC"
);
const BY_STATE_NEWEST: Sql = both!(
    "INDEXED BY payments_by_state WHERE state IN (SELECT value FROM json_each($15)) AND",
    "WHERE state = ANY ($15) AND",
    "<",
    "DESC"
);

const COUNT: Sql = Sql::Each {
    sqlite: concat!(
        "SELECT count(*) AS n FROM known_payments INDEXED BY payments_by_time WHERE $3 IS NOT NULL AND $4 IS NOT NULL AND $5 IS NULL AND",
        filters!(sqlite, "EXISTS (SELECT 1 FROM json_each(sub_states) WHERE value = $12)")
    ),
    postgres: concat!(
        "SELECT count(*) AS n FROM known_payments WHERE CAST($3 AS timestamptz) IS NOT NULL AND CAST($4 AS text) IS NOT NULL \
         AND CAST($5 AS text) IS NULL AND",
        filters!(postgres, "jsonb_exists(sub_states, $12)")
    ),
};

const EDGE: &str = "SELECT modified_at AS at FROM known_payments WHERE modified_at >= $1 AND modified_at <= $2 \
    ORDER BY modified_at LIMIT 1 OFFSET $3";
const EDGE_NEWEST: &str = "SELECT modified_at AS at FROM known_payments WHERE modified_at >= $1 AND modified_at <= $2 \
    ORDER BY modified_at DESC LIMIT 1 OFFSET $3";

impl PaymentFilter {
    fn span(&self) -> Span {
        let after = self.after.as_ref().map(|(at, _)| *at);
        Span::new(self.since, self.until, after, self.newest)
    }

    /// Goes on behind this payment.
    pub fn go_on(&mut self, (at, network, id): PaymentPlace) {
        self.after = Some((at, id));
        self.after_network = Some(network);
    }

    fn args<'a>(&'a self, span: Span, amount: Option<&'a str>) -> Vec<Arg<'a>> {
        // Nothing comes before the beginning, and nothing after the end.
        let edge = if self.newest { DateTime::<Utc>::MAX_UTC } else { DateTime::<Utc>::MIN_UTC };
        let (after, id) = match &self.after {
            Some((after, id)) => (*after, id.as_str()),
            None => (edge, ""),
        };
        vec![
            Arg::Time(span.from),
            Arg::Time(span.to),
            Arg::Time(after),
            Arg::Text(id),
            Arg::MaybeText(self.after_network.as_deref()),
            Arg::MaybeText(self.state.as_deref()),
            Arg::MaybeText(self.network.as_deref()),
            Arg::MaybeText(self.review.as_deref()),
            Arg::MaybeText(self.role.as_deref()),
            Arg::MaybeText(self.currency.as_deref()),
            Arg::MaybeText(self.reference.as_deref()),
            Arg::MaybeText(self.sub_state.as_deref()),
            Arg::MaybeText(amount),
        ]
    }

    /// Whether the number of payments in each state tells how many there are.
    const fn is_counted(&self) -> bool {
        self.sub_state.is_none()
            && self.review.is_none()
            && self.reference.is_none()
            && self.amount.is_none()
            && self.currency.is_none()
            && self.since.is_none()
            && self.until.is_none()
    }
}

impl Store {
    /// Payments, in the order of `modified_at`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn payments(&self, filter: &PaymentFilter) -> Result<Vec<PaymentRow>, StoreError> {
        let (mut filter, mut found) = (filter.clone(), Vec::new());
        let limit = filter.limit;
        loop {
            let step = self.payments_step(&filter).await?;
            found.extend(step.rows);
            let Some(next) = step.next else { return Ok(found) };
            filter.limit = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
            if filter.limit == 0 {
                return Ok(found);
            }
            filter.go_on(next);
        }
    }

    /// One step through a list of payments.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn payments_step(
        &self,
        filter: &PaymentFilter,
    ) -> Result<WalkStep<PaymentRow, PaymentPlace>, StoreError> {
        let amount = filter.amount.as_ref().map(plain);
        let limit = Arg::Int(i64::from(filter.limit));
        let (rest, rows, looked_at) = if let Some((states, count)) = self.few(filter).await? {
            let span = filter.span();
            let mut args = filter.args(span, amount.as_deref());
            args.extend([limit, Arg::Texts(states)]);
            let sql = if filter.newest { BY_STATE_NEWEST } else { BY_STATE };
            (None, self.db.rows(sql, &args).await?, count)
        } else {
            let edge = if filter.newest { EDGE_NEWEST } else { EDGE };
            let edge = self.edge(edge.into(), filter.span(), Arg::Time).await?;
            let (span, rest) = filter.span().cut(edge, filter.newest);
            let mut args = filter.args(span, amount.as_deref());
            args.push(limit);
            let sql = if filter.newest { BY_TIME_NEWEST } else { BY_TIME };
            (rest, self.db.rows(sql, &args).await?, u64::from(ROOM))
        };
        let rows: Vec<PaymentRow> = rows.iter().map(payment_from).collect::<Result<_, _>>()?;
        let is_full = rows.len() >= usize::try_from(filter.limit).unwrap_or(usize::MAX);
        Ok(match rows.last() {
            Some(last) if is_full => {
                let next = (last.modified_at, last.network.clone(), last.payment_id.clone());
                let looked_at = u64::try_from(rows.len()).unwrap_or(u64::MAX);
                WalkStep { looked_at, next: Some(next), rows }
            }
            Some(_) | None => {
                let next = rest.map(|at| (at, String::new(), String::new()));
                WalkStep { looked_at, next, rows }
            }
        })
    }

    /// How many payments the filter lets through, whatever its limit is.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn payments_count(&self, filter: &PaymentFilter) -> Result<u64, StoreError> {
        if filter.is_counted() {
            let states = filter.state.clone().into_iter().collect();
            return self.counted(filter, states, filter.state.is_none()).await;
        }
        let amount = filter.amount.as_ref().map(plain);
        let (mut span, mut count) = (filter.span(), 0);
        loop {
            let edge = self.edge(EDGE.into(), span, Arg::Time).await?;
            let (part, rest) = span.cut(edge, false);
            let mut args = filter.args(part, amount.as_deref());
            args[4] = Arg::MaybeText(None);
            count +=
                self.db.rows(COUNT, &args).await?.first().map_or(Ok(0), |row| row.count("n"))?;
            let Some(rest) = rest else { return Ok(count) };
            span.from = rest;
        }
    }

    /// The states that the filter can mean, if few payments are in them, and how many are.
    async fn few(&self, filter: &PaymentFilter) -> Result<Option<(Vec<String>, u64)>, StoreError> {
        let states = match (&filter.state, &filter.review) {
            (Some(state), _) => vec![state.clone()],
            // Only what is not over is reviewed.
            (None, Some(_)) => {
                let sql = "SELECT DISTINCT state FROM payment_counts";
                let words = self.db.rows(sql, &[]).await?;
                let words: Vec<String> =
                    words.iter().map(|row| row.text("state")).collect::<Result<_, _>>()?;
                words.into_iter().filter(|word| !PaymentState::from_word(word).is_over()).collect()
            }
            (None, None) => return Ok(None),
        };
        let count = self.counted(filter, states.clone(), false).await?;
        Ok((count <= u64::from(ROOM)).then_some((states, count)))
    }

    async fn counted(
        &self,
        filter: &PaymentFilter,
        states: Vec<String>,
        all: bool,
    ) -> Result<u64, StoreError> {
        const COUNTED: Sql = sql!(
            "SELECT CAST(coalesce(sum(payments), 0) AS bigint) AS n FROM payment_counts \
             WHERE ($1 IS NULL OR network = $1) AND ($2 IS NULL OR connector_role = $2) \
             AND ($3 = 1 OR state " among "$4" ")"
        );
        let args = [
            Arg::MaybeText(filter.network.as_deref()),
            Arg::MaybeText(filter.role.as_deref()),
            Arg::Int(i64::from(all)),
            Arg::Texts(states),
        ];
        self.db.rows(COUNTED, &args).await?.first().map_or(Ok(0), |row| row.count("n"))
    }
}
