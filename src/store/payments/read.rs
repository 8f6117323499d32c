//! Reading payments: by their ids, and counts.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::engine::{ConnectorRole, PaymentState};
use crate::store::db::Sql;
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, Row as DbRow};
use crate::store::{Store, StoreError};

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
    /// The sender's reference.
    pub end_to_end_id: Option<String>,
    /// How many versions of it were stored.
    pub version: i64,
}

const WITH_ID: &str = "SELECT *, CAST(sub_states AS text) AS sub_states_text, CAST(amount AS text) AS amount_text, \
           CAST(payout_amount AS text) AS payout_text FROM payments \
    WHERE payment_id = $1 AND ($2 IS NULL OR network = $2) ORDER BY network";

/// In PostgreSQL the order of texts is its own, so that the whole index of ids is read.
const BEGINNING: Sql = Sql::Each {
    sqlite: "SELECT *, CAST(sub_states AS text) AS sub_states_text, CAST(amount AS text) AS amount_text, \
                 CAST(payout_amount AS text) AS payout_text FROM payments \
             WHERE payment_id >= $1 AND payment_id < $1 || char(1114111) AND ($2 IS NULL OR network = $2) \
             ORDER BY payment_id, network LIMIT $3",
    postgres: "SELECT *, CAST(sub_states AS text) AS sub_states_text, CAST(amount AS text) AS amount_text, \
                   CAST(payout_amount AS text) AS payout_text FROM payments \
               WHERE starts_with(payment_id, $1) AND ($2 IS NULL OR network = $2) ORDER BY payment_id, network LIMIT $3",
};

impl Store {
    /// The payments with this id: one on each network that has such an id.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn payments_with_id(
        &self,
        payment_id: &str,
        network: Option<&str>,
    ) -> Result<Vec<PaymentRow>, StoreError> {
        let args = [Arg::Text(payment_id), Arg::MaybeText(network)];
        self.db.rows(WITH_ID, &args).await?.iter().map(payment_from).collect()
    }

    /// Payments whose ids begin so, in the order of their ids, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn payments_beginning(
        &self,
        beginning: &str,
        network: Option<&str>,
        limit: u32,
    ) -> Result<Vec<PaymentRow>, StoreError> {
        let args = [Arg::Text(beginning), Arg::MaybeText(network), Arg::Int(i64::from(limit))];
        self.db.rows(BEGINNING, &args).await?.iter().map(payment_from).collect()
    }

    /// The network's JSON of these payments of one network, by id; of those that there are.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn documents(
        &self,
        network: &str,
        payment_ids: Vec<String>,
    ) -> Result<HashMap<String, String>, StoreError> {
        const DOCUMENTS: Sql = Sql::Each {
            sqlite: "SELECT payment_id, document FROM payment_documents \
                     WHERE network = $1 AND payment_id IN (SELECT value FROM json_each($2))",
            postgres: "SELECT d.* FROM unnest($2::text[]) AS wanted (id) CROSS JOIN LATERAL \
                       (SELECT payment_id, CAST(document AS text) AS document FROM payment_documents \
                        WHERE network = $1 AND payment_id = wanted.id OFFSET 0) d",
        };
        let rows = self.db.rows(DOCUMENTS, &[Arg::Text(network), Arg::Texts(payment_ids)]).await?;
        rows.iter().map(|row| Ok((row.text("payment_id")?, row.text("document")?))).collect()
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
        const COUNT: Sql = sql!(
            "SELECT CAST(coalesce(sum(payments), 0) AS bigint) AS n FROM payment_counts \
             WHERE network = $1 AND state " among "$2" " AND ($3 IS NULL OR connector_role = $3)"
        );
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
        const COUNT: Sql = sql!(
            "SELECT count(*) AS n FROM known_payments WHERE network = $1 AND state " among "$2" " \
             AND connector_role = $3 AND modified_at > $4 AND modified_at < $5"
        );
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
        const IDS: Sql = sql!(
            "SELECT payment_id, modified_at FROM known_payments WHERE network = $1 AND state " among "$2" " \
             AND connector_role = $3 AND modified_at > $4 AND modified_at < $5 \
             AND (modified_at, payment_id) > ($6, $7) ORDER BY modified_at, payment_id LIMIT $8"
        );
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

pub(super) fn payment_from(row: &DbRow) -> Result<PaymentRow, StoreError> {
    Ok(PaymentRow {
        network: row.text("network")?,
        payment_id: row.text("payment_id")?,
        state: PaymentState::from_word(&row.text("state")?),
        sub_states: row.json("sub_states_text")?,
        connector_role: row.text("connector_role")?,
        amount: row.text("amount_text")?,
        currency: row.text("currency")?,
        payout: row.maybe_text("payout_text")?.zip(row.maybe_text("payout_currency")?),
        created_at: row.maybe_time("created_at")?,
        modified_at: row.time("modified_at")?,
        expires_at: row.maybe_time("expires_at")?,
        first_seen_at: row.time("first_seen_at")?,
        review: row.maybe_text("review")?,
        not_before: row.maybe_time("not_before")?,
        acted_at: row.maybe_time("acted_at")?,
        returns: row.maybe_text("returns_payment")?,
        returned_by: row.maybe_text("returned_by_payment")?,
        end_to_end_id: row.maybe_text("end_to_end_id")?,
        version: row.int("version")?,
    })
}
