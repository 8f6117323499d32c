//! `railpoll payments list`.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use clap::builder::PossibleValuesParser;

use super::review;
use crate::cli::failure::Failure;
use crate::cli::known;
use crate::cli::lists::{ListFlags, Listed, counted, walk};
use crate::cli::names::{Kind, expect_place, expect_state};
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::table::{Cell, Column, Paint, Table};
use crate::engine::read_time as time;
use crate::engine::{Amount, PaymentState, ReviewStatus, iso, relative};
use crate::networks::ripplenet::party_names;
use crate::store::{PaymentFilter, PaymentPlace, PaymentRow, Store};

const EXAMPLES: &str = "\
Examples:
  railpoll payments list --review pending
  railpoll payments list --state EXECUTED --since 2h
  railpoll payments list --amount 100 --currency USD
  railpoll payments list --name 'Maria Garcia'
  railpoll payments list --format csv > payments.csv

The next page: the last line of the table is the command for it. With --json, put the last object's modified_at/network/payment_id after --after.

A list that has looked at a million payments without an end says so, and how to go on; with --name, at a hundred thousand.";

/// Which payments to list.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ListArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    flags: ListFlags,
    /// Only payments that come after this one in the list
    #[arg(long, value_name = "TOKEN", value_parser = token)]
    after: Option<Token>,
}

/// What is asked of a payment in the list.
#[derive(Debug, Args)]
struct WhichArgs {
    /// Only payments in this state, or in another one that the network has
    #[arg(long, value_parser = known::state(state))]
    state: Option<PaymentState>,
    /// Only payments with this sub-state
    #[arg(long)]
    sub_state: Option<String>,
    /// Only payments in which we have this part
    #[arg(long, value_parser = PossibleValuesParser::new(["receiving", "sending"]))]
    role: Option<String>,
    /// Only payments of this network
    #[arg(long)]
    network: Option<String>,
    /// Only payments whose review stands so
    #[arg(long, value_parser = PossibleValuesParser::new(ReviewStatus::ALL.map(ReviewStatus::as_str)))]
    review: Option<String>,
    /// Only payments with this reference of the sender (end-to-end id)
    #[arg(long)]
    reference: Option<String>,
    /// Only payments of this amount: 100 is 100.00
    #[arg(long)]
    amount: Option<Amount>,
    /// Only payments in this currency
    #[arg(long)]
    currency: Option<String>,
    /// Only payments whose sender or beneficiary is named so: each word in a name, in any order and case
    #[arg(long, conflicts_with = "count")]
    name: Option<String>,
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

/// Lists.
pub(super) async fn run(session: &Session, args: ListArgs, out: &mut Out) -> Result<(), Failure> {
    let ListArgs { which, flags, after } = args;
    let only_count = flags.begin(out)?;
    let now = session.now();
    let settings = session.settings()?;
    let store = session.look().await?;
    expect_place(settings, &store, Kind::Network, which.network.as_deref()).await?;
    expect_state(&store, which.state.as_ref()).await?;
    let mut filter = PaymentFilter {
        state: which.state.map(|state| state.as_str().to_owned()),
        sub_state: which.sub_state,
        role: which.role.map(|role| role.to_uppercase()),
        network: which.network,
        review: which.review,
        reference: which.reference,
        amount: which.amount,
        currency: which.currency.map(|currency| currency.to_uppercase()),
        since: flags.since(now),
        until: flags.until(now),
        newest: flags.newest,
        after: None,
        after_network: None,
        limit: 0,
    };
    if only_count {
        return counted::<PaymentRow>(store.payments_count(&filter).await?, out);
    }
    if let Some(token) = after {
        filter.go_on((token.modified_at, token.network, token.payment_id));
    }
    let name = which.name.as_deref().map(words);
    let step = async |room, place| {
        if let Some(place) = place {
            filter.go_on(place);
        }
        filter.limit = room;
        let Some(name) = &name else { return Ok(store.payments_step(&filter).await?) };
        filter.limit = DOCUMENTS;
        let mut step = store.payments_step(&filter).await?;
        named(&store, &mut step.rows, name).await?;
        if step.rows.len() > usize::try_from(room).unwrap_or(usize::MAX) {
            step.rows.truncate(usize::try_from(room).unwrap_or(usize::MAX));
            step.next = step.rows.last().map(place_of);
        }
        // A document is ten times as long as a row.
        step.looked_at = u64::from(DOCUMENTS) * 10;
        Ok(step)
    };
    let token = |(at, network, id): &PaymentPlace| format!("{}/{network}/{id}", iso(*at));
    walk(session, &flags, out, "no payments", step, token).await
}

/// So many documents are read at a time.
const DOCUMENTS: u32 = 200;

fn place_of(row: &PaymentRow) -> PaymentPlace {
    (row.modified_at, row.network.clone(), row.payment_id.clone())
}

fn words(name: &str) -> Vec<String> {
    name.split_whitespace().map(str::to_lowercase).collect()
}

/// Keeps the payments in whose documents somebody is named so.
async fn named(store: &Store, rows: &mut Vec<PaymentRow>, name: &[String]) -> Result<(), Failure> {
    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &*rows {
        ids.entry(row.network.clone()).or_default().push(row.payment_id.clone());
    }
    let mut kept = HashSet::new();
    for (network, ids) in ids {
        let documents = store.documents(&network, ids).await?;
        let is_named = |document: &str| {
            let names = party_names(document);
            name.iter().all(|word| names.iter().any(|name| name.contains(word)))
        };
        let found = documents.into_iter().filter(|(_, document)| is_named(document));
        kept.extend(found.map(|(id, _)| (network.clone(), id)));
    }
    rows.retain(|row| kept.contains(&(row.network.clone(), row.payment_id.clone())));
    Ok(())
}

impl Listed for PaymentRow {
    const NAME: &'static str = "payments";

    fn table(rows: &[Self], now: DateTime<Utc>) -> Table {
        table(rows, now)
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
    }
}
