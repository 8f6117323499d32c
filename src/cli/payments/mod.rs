//! `railpoll payments`: the list, one payment, and decisions.

mod find;
mod list;
mod show;

use clap::Subcommand;
use serde::Serialize;

pub(super) use self::find::find;
use super::decisions;
use super::failure::Failure;
use super::output::Out;
use super::session::Session;
use super::table::{Cell, Paint};
use crate::engine::{ReviewStatus, iso};
use crate::store::PaymentRow;

#[derive(Debug, Subcommand)]
pub(super) enum PaymentsCommand {
    /// List payments, by the time of their last change, oldest first
    List(Box<list::ListArgs>),
    /// Tell everything that is on record of a payment
    Show(show::ShowArgs),
    #[command(flatten)]
    Decide(decisions::DecisionCommand),
}

/// A payment for programs, as the documentation promises it.
#[derive(Debug, Serialize)]
pub(super) struct PaymentJson<'a> {
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

pub(super) async fn run(
    session: &Session,
    command: PaymentsCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    match command {
        PaymentsCommand::List(args) => list::run(session, *args, out).await,
        PaymentsCommand::Show(args) => show::run(session, &args, out).await,
        PaymentsCommand::Decide(command) => decisions::run(session, command, out).await,
    }
}

/// Where a payment's review stands.
fn review(row: &PaymentRow) -> Cell {
    let cell = Cell::from(row.review.clone());
    match row.review.as_deref().and_then(|word| word.parse().ok()) {
        Some(ReviewStatus::Pending | ReviewStatus::Held) => cell.paint(Paint::Watch),
        Some(ReviewStatus::Declined) => cell.paint(Paint::Bad),
        Some(ReviewStatus::Approved) => cell.paint(Paint::Good),
        None => cell,
    }
}
