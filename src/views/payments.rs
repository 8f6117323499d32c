//! Payments.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Viewed, embedded, view};
use crate::engine::iso;
use crate::store::{PaymentRow, Story, StoryOperation, StoryReview, StoryStatus};

view! {
    /// A payment.
    pub(crate) struct PaymentJson<'a> {
        network: &'a str,
        payment_id: &'a str,
        state: &'a str,
        sub_states: &'a [String],
        connector_role: &'a str,
        amount: &'a str,
        currency: &'a str,
        payout_amount: Option<&'a str>,
        payout_currency: Option<&'a str>,
        end_to_end_id: Option<&'a str>,
        created_at: Option<String>,
        modified_at: String,
        expires_at: Option<String>,
        first_seen_at: String,
        review: Option<&'a str>,
        not_before: Option<String>,
        acted_at: Option<String>,
        returns: Option<&'a str>,
        returned_by: Option<&'a str>,
        version: i64,
    }
}

impl<'a> From<&'a PaymentRow> for PaymentJson<'a> {
    fn from(row: &'a PaymentRow) -> Self {
        Self {
            network: &row.network,
            payment_id: &row.payment_id,
            state: row.state.as_str(),
            sub_states: &row.sub_states,
            connector_role: &row.connector_role,
            amount: &row.amount,
            currency: &row.currency,
            payout_amount: row.payout.as_ref().map(|(amount, _)| amount.as_str()),
            payout_currency: row.payout.as_ref().map(|(_, currency)| currency.as_str()),
            end_to_end_id: row.end_to_end_id.as_deref(),
            created_at: row.created_at.map(iso),
            modified_at: iso(row.modified_at),
            expires_at: row.expires_at.map(iso),
            first_seen_at: iso(row.first_seen_at),
            review: row.review.as_deref(),
            not_before: row.not_before.map(iso),
            acted_at: row.acted_at.map(iso),
            returns: row.returns.as_deref(),
            returned_by: row.returned_by.as_deref(),
            version: row.version,
        }
    }
}

impl Viewed for PaymentRow {
    type View<'a> = PaymentJson<'a>;
    const KEYS: &'static [&'static str] = PaymentJson::KEYS;

    fn view(&self) -> PaymentJson<'_> {
        self.into()
    }
}

/// A payment with its whole story.
#[derive(Debug, Serialize)]
pub(crate) struct PaymentStoryJson<'a> {
    #[serde(flatten)]
    payment: PaymentJson<'a>,
    history: Vec<StatusJson<'a>>,
    operations: Vec<OperationJson<'a>>,
    reviews: Vec<ReviewJson<'a>>,
    document: Box<RawValue>,
}

#[derive(Debug, Serialize)]
struct StatusJson<'a> {
    status: &'a str,
    reached_at: String,
    recorded_at: String,
    source: &'a str,
}

#[derive(Debug, Serialize)]
struct OperationJson<'a> {
    operation: &'a str,
    status: &'a str,
    attempts: i64,
    at: String,
    answer: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct ReviewJson<'a> {
    state: &'a str,
    decision: &'a str,
    decided_by: &'a str,
    code: Option<&'a str>,
    reason: Option<&'a str>,
    until: Option<String>,
    at: String,
    details: Option<Box<RawValue>>,
}

impl<'a> From<&'a Story> for PaymentStoryJson<'a> {
    fn from(story: &'a Story) -> Self {
        Self {
            payment: PaymentJson::from(&story.payment),
            history: story.history.iter().map(StatusJson::from).collect(),
            operations: story.operations.iter().map(OperationJson::from).collect(),
            reviews: story.reviews.iter().map(ReviewJson::from).collect(),
            document: embedded(&story.document),
        }
    }
}

impl<'a> From<&'a StoryStatus> for StatusJson<'a> {
    fn from(status: &'a StoryStatus) -> Self {
        Self {
            status: &status.status,
            reached_at: iso(status.reached_at),
            recorded_at: iso(status.recorded_at),
            source: &status.source,
        }
    }
}

impl<'a> From<&'a StoryOperation> for OperationJson<'a> {
    fn from(operation: &'a StoryOperation) -> Self {
        Self {
            operation: &operation.operation,
            status: &operation.status,
            attempts: operation.attempts,
            at: iso(operation.at),
            answer: operation.reason.as_deref(),
        }
    }
}

impl<'a> From<&'a StoryReview> for ReviewJson<'a> {
    fn from(review: &'a StoryReview) -> Self {
        Self {
            state: &review.state,
            decision: &review.decision,
            decided_by: &review.decided_by,
            code: review.code.as_deref(),
            reason: review.reason.as_deref(),
            until: review.until.map(iso),
            at: iso(review.decided_at),
            details: review.details.as_deref().map(embedded),
        }
    }
}
