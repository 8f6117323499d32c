//! `railpoll payments`: the list, and finding one payment.

use std::num::NonZeroU32;

use chrono::{DateTime, TimeDelta, Utc};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::failure::Failure;
use super::output::{Out, next_page};
use super::session::Session;
use super::table::{Cell, Column, Paint, Table};
use super::times::{Moment, relative, time};
use super::{decisions, payments_show};
use crate::engine::{PaymentState, ReviewStatus, iso};
use crate::store::{PaymentFilter, PaymentRow, Store};

#[derive(Debug, Subcommand)]
pub(super) enum PaymentsCommand {
    /// List payments, by the time of their last change, oldest first
    #[command(after_help = LIST_EXAMPLES)]
    List(ListArgs),
    /// Tell everything that is on record of a payment
    Show(payments_show::ShowArgs),
    #[command(flatten)]
    Decide(decisions::DecisionCommand),
}

const LIST_EXAMPLES: &str = "\
Examples:
  railpoll payments list --review pending            what waits for a person
  railpoll payments list --state EXECUTED --since 2h
  railpoll payments list --json | jq -r .payment_id

The next page: the last line of the table is the command for it. With --json, put the last object's
modified_at/network/payment_id after --after.";

/// Which payments to list.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only payments in this state, such as ACCEPTED or EXECUTED
    #[arg(long, value_parser = state)]
    state: Option<PaymentState>,
    /// Only payments of this network
    #[arg(long)]
    network: Option<String>,
    /// Only payments whose review stands so
    #[arg(long, value_parser = PossibleValuesParser::new(ReviewStatus::ALL.map(ReviewStatus::as_str)))]
    review: Option<String>,
    /// Only payments changed since then: a date, a time, or a time back such as 2h
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// At most so many
    #[arg(long, value_name = "N", default_value = "50")]
    limit: NonZeroU32,
    /// Only payments that come after this one in the list
    #[arg(long, value_name = "TOKEN", value_parser = token)]
    after: Option<Token>,
}

/// The place of a payment in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    modified_at: DateTime<Utc>,
    network: String,
    payment_id: String,
}

fn state(word: &str) -> Result<PaymentState, String> {
    if word.is_empty() {
        return Err("a state has a name".to_owned());
    }
    Ok(PaymentState::from_word(&word.to_uppercase()))
}

fn token(text: &str) -> Result<Token, String> {
    let mut parts = text.splitn(3, '/');
    let (Some(modified_at), Some(network), Some(payment_id)) =
        (parts.next(), parts.next(), parts.next())
    else {
        return Err("expected MODIFIED_AT/NETWORK/PAYMENT_ID".to_owned());
    };
    Ok(Token {
        modified_at: time(modified_at)?,
        network: network.to_owned(),
        payment_id: payment_id.to_owned(),
    })
}

impl Token {
    fn of(row: &PaymentRow) -> String {
        format!("{}/{}/{}", iso(row.modified_at), row.network, row.payment_id)
    }
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
        PaymentsCommand::List(args) => list(session, args, out).await,
        PaymentsCommand::Show(args) => payments_show::run(session, &args, out).await,
        PaymentsCommand::Decide(command) => decisions::run(session, command, out).await,
    }
}

async fn list(session: &Session, args: ListArgs, out: &mut Out) -> Result<(), Failure> {
    let now = session.now();
    let limit = args.limit.get();
    let filter = PaymentFilter {
        state: args.state.as_ref().map(|state| state.as_str().to_owned()),
        network: args.network,
        review: args.review,
        since: args.since.map(|since| since.before(now)),
        after_network: args.after.as_ref().map(|token| token.network.clone()),
        after: args.after.map(|token| (token.modified_at, token.payment_id)),
        // One more tells whether there is a next page.
        limit: limit.saturating_add(1),
    };
    let mut rows = session.look().await?.payments(&filter).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > shown;
    rows.truncate(shown);
    if out.is_json() {
        return rows.iter().try_for_each(|row| out.json(&PaymentJson::from(row)));
    }
    if rows.is_empty() {
        return out.line(nothing(args.state.as_ref()));
    }
    out.table(&table(&rows, now))?;
    let next = rows.last().filter(|_| more).map(Token::of);
    out.notes(next.map(|token| next_page(session.command_line(), &token)).as_slice())
}

fn nothing(state: Option<&PaymentState>) -> String {
    match state {
        Some(PaymentState::Other(word)) => {
            let known = PaymentState::KNOWN.map(|state| state.to_string()).join(", ");
            format!("no payments; {word} is not a state that railpoll knows: {known}")
        }
        Some(_) | None => "no payments".to_owned(),
    }
}

fn table(rows: &[PaymentRow], now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("PAYMENT"),
        Column::left("NETWORK"),
        Column::left("STATE"),
        Column::left("ROLE").spare(),
        Column::right("AMOUNT"),
        Column::left("CHANGED").spare(),
        Column::left("DEADLINE"),
        Column::left("REVIEW"),
    ]);
    for row in rows {
        table.row([
            row.payment_id.as_str().into(),
            row.network.as_str().into(),
            row.state.as_str().into(),
            row.connector_role.to_lowercase().into(),
            format!("{} {}", row.amount, row.currency).into(),
            relative(row.modified_at, now).into(),
            deadline(row, now),
            review(row),
        ]);
    }
    table
}

/// A deadline means nothing once the payment is over.
fn deadline(row: &PaymentRow, now: DateTime<Utc>) -> Cell {
    let Some(expires_at) = row.expires_at.filter(|_| !row.state.is_over()) else {
        return None.into();
    };
    let cell = Cell::from(relative(expires_at, now));
    if expires_at - now < TimeDelta::minutes(5) { cell.paint(Paint::Bad) } else { cell }
}

/// Where a payment's review stands.
pub(super) fn review(row: &PaymentRow) -> Cell {
    let cell = Cell::from(row.review.clone());
    match row.review.as_deref().and_then(|word| word.parse().ok()) {
        Some(ReviewStatus::Pending | ReviewStatus::Held) => cell.paint(Paint::Watch),
        Some(ReviewStatus::Declined) => cell.paint(Paint::Bad),
        Some(ReviewStatus::Approved) => cell.paint(Paint::Good),
        None => cell,
    }
}

/// The one payment with this id.
pub(super) async fn find(
    store: &Store,
    payment_id: &str,
    network: Option<&str>,
) -> Result<PaymentRow, Failure> {
    let mut found = store.payments_with_id(payment_id, network).await?;
    let place = network.map_or_else(|| "any network".to_owned(), |name| format!("network {name}"));
    match (found.pop(), found.as_slice()) {
        (None, _) => Err(Failure::Refused(format!(
            "there is no payment {payment_id} on {place}; `railpoll payments list` shows what there is"
        ))),
        (Some(payment), []) => Ok(payment),
        (Some(last), others) => {
            let mut networks: Vec<&str> = others.iter().map(|row| row.network.as_str()).collect();
            networks.push(&last.network);
            Err(Failure::Refused(format!(
                "payment {payment_id} is on several networks ({}): say which with --network",
                networks.join(", ")
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_one_place() {
        let token = token("2026-11-20T10:00:00.000001Z/acme/a/b").unwrap();
        assert_eq!(token.modified_at.timestamp_subsec_micros(), 1);
        assert_eq!((token.network.as_str(), token.payment_id.as_str()), ("acme", "a/b"));
        for text in ["", "a", "2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z/acme", "x/acme/p"] {
            assert!(super::token(text).is_err(), "{text}");
        }
    }

    #[test]
    fn states_are_found_in_small_letters_too() {
        assert_eq!(state("executed").unwrap(), PaymentState::Executed);
        assert!(nothing(Some(&state("executd").unwrap())).contains("EXECUTED"));
    }
}
