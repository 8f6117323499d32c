//! `railpoll payments show`: the whole story of a payment.

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::Value;

use super::review;
use crate::actions::payments::find_by_any;
use crate::cli::document::pretty;
use crate::cli::failure::Failure;
use crate::cli::names::{Kind, expect_place};
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::table::{Cell, Column, Paint, Table};
use crate::engine::{Difference, differences, readable, relative};
use crate::store::{PaymentRow, Story};
use crate::views::PaymentStoryJson;

/// Which payment to show.
#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// The payment's id or its beginning, or the sender's reference (end-to-end id)
    #[arg(value_name = "PAYMENT")]
    payment_id: String,
    /// The network it is on, where several have such an id
    #[arg(long)]
    network: Option<String>,
    /// Print the network's JSON alone, laid out for people
    #[arg(long, conflicts_with = "json")]
    document: bool,
}

pub(super) async fn run(session: &Session, args: &ShowArgs, out: &mut Out) -> Result<(), Failure> {
    let store = session.look().await?;
    expect_place(session.settings()?, &store, Kind::Network, args.network.as_deref()).await?;
    let payment = find_by_any(&store, &args.payment_id, args.network.as_deref()).await?;
    let story = store.story(payment).await?;
    if args.document {
        pretty(&story.document).lines().try_for_each(|line| out.line(line))
    } else if out.is_json() {
        out.json(&PaymentStoryJson::from(&story))
    } else {
        tell(&story, session.now(), out)
    }
}

fn tell(story: &Story, now: DateTime<Utc>, out: &mut Out) -> Result<(), Failure> {
    let payment = &story.payment;
    out.heading(&format!("Payment {} on {}", payment.payment_id, payment.network))?;
    out.table(&facts(payment, now))?;
    let parts = [
        ("Statuses", history(story, now)),
        ("Reviews", reviews(story, now)),
        ("Operations", operations(story, now)),
    ];
    for (title, table) in parts {
        out.line("")?;
        if table.is_empty() {
            out.heading(&format!("{title}: none"))?;
        } else {
            out.heading(title)?;
            out.table(&table)?;
        }
    }
    let void = story.reviews.iter().rev().find_map(|review| review.details.as_deref());
    if let Some(void) = void {
        out.line("")?;
        out.heading("Decided on, and what came")?;
        out.table(&sides(void))?;
    }
    Ok(())
}

/// In what the two sides of a decision that is void differ, each whole.
fn sides(details: &str) -> Table {
    let mut table =
        Table::new(&[Column::left("  FACT"), Column::prose("DECIDED ON"), Column::prose("CAME")]);
    let details: Value = serde_json::from_str(details).unwrap_or_default();
    let side = |name: &str| details.get(name).cloned().unwrap_or_default();
    for Difference { at, was, is } in differences(&side("was"), &side("is")) {
        table.row([format!("  {at}").into(), plain(&was).into(), plain(&is).into()]);
    }
    table
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A time, and how far it is.
fn when(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("{} ({})", readable(time), relative(time, now))
}

fn facts(payment: &PaymentRow, now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[Column::left(""), Column::left("")]);
    let mut fact = |name: &str, value: Option<Cell>| {
        if let Some(value) = value {
            table.row([format!("  {name}").into(), value]);
        }
    };
    let text = |text: String| Some(Cell::from(text));
    let linked = |id: &Option<String>| id.clone().map(Cell::from);
    fact("state", text(payment.state.to_string()));
    let sub_states = payment.sub_states.join(", ");
    fact("sub-states", (!sub_states.is_empty()).then(|| sub_states.into()));
    fact("our role", text(payment.connector_role.to_lowercase()));
    fact("amount", text(format!("{} {}", payment.amount, payment.currency)));
    let payout = payment.payout.as_ref();
    fact("pays out", payout.map(|(amount, currency)| format!("{amount} {currency}").into()));
    fact("sender's reference", linked(&payment.end_to_end_id));
    fact("created", payment.created_at.map(|time| when(time, now).into()));
    fact("changed", text(when(payment.modified_at, now)));
    fact("first seen", text(when(payment.first_seen_at, now)));
    fact("deadline", payment.expires_at.map(|time| deadline(payment, time, now)));
    fact("review", payment.review.is_some().then(|| review(payment)));
    fact("not before", payment.not_before.map(|time| when(time, now).into()));
    fact("acted on", payment.acted_at.map(|time| when(time, now).into()));
    fact("version", text(payment.version.to_string()));
    fact("returns", linked(&payment.returns));
    fact("returned by", linked(&payment.returned_by));
    table
}

fn deadline(payment: &PaymentRow, expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Cell {
    let distance = relative(expires_at, now);
    let at = readable(expires_at);
    if payment.state.is_over() {
        // It was met or missed: how far it is says nothing any more.
        at.into()
    } else if expires_at <= now {
        Cell::from(format!("{at} (expired {distance})")).paint(Paint::Bad)
    } else {
        Cell::from(format!("{at} (expires {distance})")).paint(Paint::Watch)
    }
}

fn history(story: &Story, now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("  STATUS"),
        Column::left("REACHED"),
        Column::left(""),
        Column::left("RECORDED"),
        Column::left("KNOWN FROM"),
    ]);
    for status in &story.history {
        table.row([
            format!("  {}", status.status).into(),
            readable(status.reached_at).into(),
            relative(status.reached_at, now).into(),
            readable(status.recorded_at).into(),
            status.source.as_str().into(),
        ]);
    }
    table
}

fn reviews(story: &Story, now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("  DECISION"),
        Column::left("BY"),
        Column::left("AT"),
        Column::left(""),
        Column::left("IN STATE"),
        Column::left("CODE"),
        Column::left("UNTIL"),
        Column::prose("REASON"),
    ]);
    for review in &story.reviews {
        table.row([
            format!("  {}", review.decision).into(),
            review.decided_by.as_str().into(),
            readable(review.decided_at).into(),
            relative(review.decided_at, now).into(),
            review.state.as_str().into(),
            review.code.clone().into(),
            review.until.map(readable).into(),
            review.reason.clone().into(),
        ]);
    }
    table
}

fn operations(story: &Story, now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("  OPERATION"),
        Column::left("STATUS"),
        Column::right("TRIED"),
        Column::left("AT"),
        Column::left(""),
        Column::prose("ANSWER"),
    ]);
    for operation in &story.operations {
        let status = Cell::from(operation.status.as_str());
        table.row([
            format!("  {}", operation.operation).into(),
            match operation.status.as_str() {
                "done" => status.paint(Paint::Good),
                "refused" => status.paint(Paint::Bad),
                _ => status.paint(Paint::Watch),
            },
            operation.attempts.to_string().into(),
            readable(operation.at).into(),
            relative(operation.at, now).into(),
            operation.reason.clone().into(),
        ]);
    }
    table
}
