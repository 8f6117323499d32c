//! Reading payments: lists, counts, and the whole story of one.

use chrono::{DateTime, Utc};

use super::db::{Arg, Row as DbRow, Sql};
use super::{Store, StoreError};
use crate::engine::{ConnectorRole, PaymentState};

/// A payment as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    /// The configured network's name.
    pub network: String,
    /// The network's id of it.
    pub payment_id: String,
    /// Its state.
    pub state: PaymentState,
    /// Its sub-states.
    pub sub_states: Vec<String>,
    /// Our part in it.
    pub connector_role: String,
    /// Its amount, as the network sent it.
    pub amount: String,
    /// The amount's currency.
    pub currency: String,
    /// What the beneficiary gets.
    pub payout: Option<(String, String)>,
    /// When the sender accepted it.
    pub created_at: Option<DateTime<Utc>>,
    /// When the network last changed it.
    pub modified_at: DateTime<Utc>,
    /// The network fails it after this time.
    pub expires_at: Option<DateTime<Utc>>,
    /// When we saw it first.
    pub first_seen_at: DateTime<Utc>,
    /// Where its review stands.
    pub review: Option<String>,
    /// Not to be acted on before this time.
    pub not_before: Option<DateTime<Utc>>,
    /// When what was to be done in this state was done.
    pub acted_at: Option<DateTime<Utc>>,
    /// The payment that it takes back.
    pub returns: Option<String>,
    /// The payment that took it back.
    pub returned_by: Option<String>,
}

/// Which payments to list.
#[derive(Debug, Clone, Default)]
pub struct PaymentFilter {
    /// Only of this state.
    pub state: Option<String>,
    /// Only of this network.
    pub network: Option<String>,
    /// Only those with this review.
    pub review: Option<String>,
    /// Only those modified at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those that come after this one: its `modified_at` and id.
    pub after: Option<(DateTime<Utc>, String)>,
    /// With `after`: also those of the same time and id on networks whose names come after this one. Two networks of
    /// ours may report one payment.
    pub after_network: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// Everything that is on record of a payment.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Itself.
    pub payment: PaymentRow,
    /// Every status it had, oldest first.
    pub history: Vec<StoryStatus>,
    /// Every operation on it, oldest first.
    pub operations: Vec<StoryOperation>,
    /// Every decision on it, oldest first.
    pub reviews: Vec<StoryReview>,
    /// The network's JSON.
    pub document: String,
}

/// A status that a payment had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryStatus {
    /// The status.
    pub status: String,
    /// When it was reached, by the network's clock.
    pub reached_at: DateTime<Utc>,
    /// When we wrote it down.
    pub recorded_at: DateTime<Utc>,
    /// How we know.
    pub source: String,
}

/// An operation on a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryOperation {
    /// Which.
    pub operation: String,
    /// What came of it.
    pub status: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was tried last.
    pub at: DateTime<Utc>,
    /// The network's answer, or its reason.
    pub reason: Option<String>,
}

/// A decision on a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryReview {
    /// The state that the payment was in.
    pub state: String,
    /// The decision.
    pub decision: String,
    /// Who or what decided.
    pub decided_by: String,
    /// The reason's code.
    pub code: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// How long it is held.
    pub until: Option<DateTime<Utc>>,
    /// When.
    pub decided_at: DateTime<Utc>,
}

const LIST: &str = "SELECT network, payment_id, state, CAST(sub_states AS text) AS sub_states, connector_role, \
    CAST(amount AS text) AS amount, currency, CAST(payout_amount AS text) AS payout_amount, payout_currency, \
    created_at, modified_at, expires_at, first_seen_at, review, not_before, acted_at, returns_payment, \
    returned_by_payment FROM payments \
    WHERE ($1 IS NULL OR state = $1) AND ($2 IS NULL OR network = $2) AND ($3 IS NULL OR review = $3) \
      AND modified_at >= $4 AND ($7 IS NULL OR payment_id = $7) \
      AND ((modified_at, payment_id) > ($5, $6) OR (modified_at = $5 AND payment_id = $6 AND network > $9)) \
    ORDER BY modified_at, payment_id, network LIMIT $8";

impl Store {
    /// Payments, in the order of `modified_at`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn payments(&self, filter: &PaymentFilter) -> Result<Vec<PaymentRow>, StoreError> {
        self.list(filter, None).await
    }

    /// The payments with this id: one on each network that has such an id.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn payments_with_id(
        &self,
        payment_id: &str,
        network: Option<&str>,
    ) -> Result<Vec<PaymentRow>, StoreError> {
        let network = network.map(str::to_owned);
        let filter = PaymentFilter { network, limit: 100, ..PaymentFilter::default() };
        self.list(&filter, Some(payment_id)).await
    }

    async fn list(
        &self,
        filter: &PaymentFilter,
        payment_id: Option<&str>,
    ) -> Result<Vec<PaymentRow>, StoreError> {
        let beginning = DateTime::<Utc>::UNIX_EPOCH;
        let (after, after_id) = match &filter.after {
            Some((after, id)) => (*after, id.as_str()),
            None => (beginning, ""),
        };
        let args = [
            Arg::MaybeText(filter.state.as_deref()),
            Arg::MaybeText(filter.network.as_deref()),
            Arg::MaybeText(filter.review.as_deref()),
            Arg::Time(filter.since.unwrap_or(beginning).max(after)),
            Arg::Time(after),
            Arg::Text(after_id),
            Arg::MaybeText(payment_id),
            Arg::Int(i64::from(filter.limit)),
            Arg::MaybeText(filter.after_network.as_deref()),
        ];
        self.db.rows(LIST, &args).await?.iter().map(payment_from).collect()
    }

    /// Everything that is on record of a payment.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn story(&self, payment: PaymentRow) -> Result<Story, StoreError> {
        let key = [Arg::Text(&payment.network), Arg::Text(&payment.payment_id)];
        let history = "SELECT status, reached_at, recorded_at, source FROM status_changes \
                       WHERE kind = 'payment' AND network = $1 AND id = $2 ORDER BY reached_at, row_id";
        let mut statuses: Vec<StoryStatus> =
            self.db.rows(history, &key).await?.iter().map(status_from).collect::<Result<_, _>>()?;
        // A status that was learnt of twice, the second time from an earlier copy, is one status.
        statuses.dedup_by(|later, earlier| later.status == earlier.status);
        let operations = "SELECT operation, status, attempt, coalesce(tried_at, intended_at) AS at, \
                          coalesce(reason, answer) AS reason FROM operations \
                          WHERE network = $1 AND payment_id = $2 ORDER BY operation_id";
        let operations = self
            .db
            .rows(operations, &key)
            .await?
            .iter()
            .map(operation_from)
            .collect::<Result<_, _>>()?;
        let reviews = "SELECT state, decision, decided_by, code, reason, until, decided_at FROM reviews \
                       WHERE network = $1 AND payment_id = $2 ORDER BY review_id";
        let reviews =
            self.db.rows(reviews, &key).await?.iter().map(review_from).collect::<Result<_, _>>()?;
        let document = self.document(&payment.network, &payment.payment_id).await?;
        Ok(Story { payment, history: statuses, operations, reviews, document })
    }

    /// How many payments are in one of `states` with this role; `None` for every role.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn count_in(
        &self,
        network: &str,
        states: &[PaymentState],
        role: Option<&ConnectorRole>,
    ) -> Result<u64, StoreError> {
        const COUNT: Sql = Sql::Each {
            sqlite: "SELECT coalesce(sum(payments), 0) AS n FROM payment_counts \
                     WHERE network = $1 AND state IN (SELECT value FROM json_each($2)) \
                       AND ($3 IS NULL OR connector_role = $3)",
            postgres: "SELECT CAST(coalesce(sum(payments), 0) AS bigint) AS n FROM payment_counts \
                       WHERE network = $1 AND state = ANY ($2) AND ($3 IS NULL OR connector_role = $3)",
        };
        let args = [
            Arg::Text(network),
            Arg::Texts(words(states)),
            Arg::MaybeText(role.map(ConnectorRole::as_str)),
        ];
        self.db.rows(COUNT, &args).await?.first().map_or(Ok(0), |row| row.count("n"))
    }

    /// How many of those were modified after `after` and before `before`, both exclusive.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn count_between(
        &self,
        network: &str,
        states: &[PaymentState],
        role: &ConnectorRole,
        after: DateTime<Utc>,
        before: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        const COUNT: Sql = Sql::Each {
            sqlite: "SELECT count(*) AS n FROM payments WHERE network = $1 \
                     AND state IN (SELECT value FROM json_each($2)) AND connector_role = $3 \
                     AND modified_at > $4 AND modified_at < $5",
            postgres: "SELECT count(*) AS n FROM payments WHERE network = $1 AND state = ANY ($2) \
                       AND connector_role = $3 AND modified_at > $4 AND modified_at < $5",
        };
        let args = [
            Arg::Text(network),
            Arg::Texts(words(states)),
            Arg::Text(role.as_str()),
            Arg::Time(after),
            Arg::Time(before),
        ];
        self.db.rows(COUNT, &args).await?.first().map_or(Ok(0), |row| row.count("n"))
    }

    /// Their ids and times, in the order of (`modified_at`, id), at most `limit`; with `past`, only those after it.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn ids_between(
        &self,
        network: &str,
        states: &[PaymentState],
        role: &ConnectorRole,
        between: (DateTime<Utc>, DateTime<Utc>),
        past: Option<&(String, DateTime<Utc>)>,
        limit: u32,
    ) -> Result<Vec<(String, DateTime<Utc>)>, StoreError> {
        const IDS: Sql = Sql::Each {
            sqlite: "SELECT payment_id, modified_at FROM payments WHERE network = $1 \
                     AND state IN (SELECT value FROM json_each($2)) AND connector_role = $3 \
                     AND modified_at > $4 AND modified_at < $5 AND (modified_at, payment_id) > ($6, $7) \
                     ORDER BY modified_at, payment_id LIMIT $8",
            postgres: "SELECT payment_id, modified_at FROM payments WHERE network = $1 AND state = ANY ($2) \
                       AND connector_role = $3 AND modified_at > $4 AND modified_at < $5 \
                       AND (modified_at, payment_id) > ($6, $7) ORDER BY modified_at, payment_id LIMIT $8",
        };
        let (past_id, past_time) = match past {
            Some((id, time)) => (id.as_str(), *time),
            None => ("", between.0),
        };
        let args = [
            Arg::Text(network),
            Arg::Texts(words(states)),
            Arg::Text(role.as_str()),
            Arg::Time(between.0),
            Arg::Time(between.1),
            Arg::Time(past_time),
            Arg::Text(past_id),
            Arg::Int(i64::from(limit)),
        ];
        let rows = self.db.rows(IDS, &args).await?;
        rows.iter().map(|row| Ok((row.text("payment_id")?, row.time("modified_at")?))).collect()
    }

    /// How many payments of a network are in each state.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn counts(&self, network: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = "SELECT state, CAST(sum(payments) AS bigint) AS n FROM payment_counts \
                   WHERE network = $1 GROUP BY state ORDER BY state";
        let rows = self.db.rows(sql, &[Arg::Text(network)]).await?;
        rows.iter().map(|row| Ok((row.text("state")?, row.count("n")?))).collect()
    }
}

fn words(states: &[PaymentState]) -> Vec<String> {
    states.iter().map(|state| state.as_str().to_owned()).collect()
}

fn payment_from(row: &DbRow) -> Result<PaymentRow, StoreError> {
    Ok(PaymentRow {
        network: row.text("network")?,
        payment_id: row.text("payment_id")?,
        state: PaymentState::from_word(&row.text("state")?),
        sub_states: row.texts("sub_states")?,
        connector_role: row.text("connector_role")?,
        amount: row.text("amount")?,
        currency: row.text("currency")?,
        payout: row.maybe_text("payout_amount")?.zip(row.maybe_text("payout_currency")?),
        created_at: row.maybe_time("created_at")?,
        modified_at: row.time("modified_at")?,
        expires_at: row.maybe_time("expires_at")?,
        first_seen_at: row.time("first_seen_at")?,
        review: row.maybe_text("review")?,
        not_before: row.maybe_time("not_before")?,
        acted_at: row.maybe_time("acted_at")?,
        returns: row.maybe_text("returns_payment")?,
        returned_by: row.maybe_text("returned_by_payment")?,
    })
}

fn status_from(row: &DbRow) -> Result<StoryStatus, StoreError> {
    Ok(StoryStatus {
        status: row.text("status")?,
        reached_at: row.time("reached_at")?,
        recorded_at: row.time("recorded_at")?,
        source: row.text("source")?,
    })
}

fn operation_from(row: &DbRow) -> Result<StoryOperation, StoreError> {
    Ok(StoryOperation {
        operation: row.text("operation")?,
        status: row.text("status")?,
        attempts: row.int("attempt")?,
        at: row.time("at")?,
        reason: row.maybe_text("reason")?,
    })
}

fn review_from(row: &DbRow) -> Result<StoryReview, StoreError> {
    Ok(StoryReview {
        state: row.text("state")?,
        decision: row.text("decision")?,
        decided_by: row.text("decided_by")?,
        code: row.maybe_text("code")?,
        reason: row.maybe_text("reason")?,
        until: row.maybe_time("until")?,
        decided_at: row.time("decided_at")?,
    })
}
