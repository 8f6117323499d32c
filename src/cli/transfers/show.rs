//! `railpoll transfers show`: the whole story of a transfer.

use chrono::{DateTime, Utc};
use clap::Args;

use super::incoming_show;
use super::list::status;
use crate::actions::transfers::story;
use crate::cli::failure::Failure;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::table::{Cell, Column, Table};
use crate::engine::{Amount, Refund, Transfer, readable, relative};
use crate::store::{Envelope, PayoutRow, TransferStory};
use crate::views::TransferStoryJson;

/// Which transfer to show.
#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// The transfer's id, or its beginning
    #[arg(value_name = "TRANSFER")]
    transfer_id: String,
}

pub(super) async fn run(session: &Session, args: &ShowArgs, out: &mut Out) -> Result<(), Failure> {
    let story = story(&session.look().await?, &args.transfer_id).await?;
    if out.is_json() {
        out.json(&TransferStoryJson::from(&story))
    } else {
        tell(&story, session.now(), out)
    }
}

fn tell(story: &TransferStory, now: DateTime<Utc>, out: &mut Out) -> Result<(), Failure> {
    let transfer = &story.transfer;
    out.heading(&format!("Transfer {}", transfer.transfer_id))?;
    out.table(&facts(transfer, now))?;
    let parts = [
        ("Statuses", history(story, now)),
        ("Payouts", payouts(&story.payouts, now)),
        ("Envelopes", envelopes(&story.envelopes, now)),
        ("Refunds", refunds(&story.refunds)),
        ("Incoming", incoming_show::table(&story.incoming, now)),
    ];
    for (title, table) in parts.iter().filter(|(_, table)| !table.is_empty()) {
        out.line("")?;
        out.heading(title)?;
        out.table(table)?;
    }
    Ok(())
}

/// A time, and how far it is.
pub(super) fn when(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("{} ({})", readable(time), relative(time, now))
}

fn facts(transfer: &Transfer, now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[Column::left(""), Column::left("")]);
    let mut fact = |name: &str, value: Option<Cell>| {
        if let Some(value) = value {
            table.row([format!("  {name}").into(), value]);
        }
    };
    let text = |text: &Option<String>| text.as_deref().map(Cell::from);
    let (inside, outside) = if transfer.kind.is_deposit() {
        (&transfer.currency, &transfer.asset)
    } else {
        (&transfer.asset, &transfer.currency)
    };
    let money = |amount: &Option<Amount>, unit: &str| {
        amount.as_ref().map(|amount| Cell::from(format!("{amount} {unit}")))
    };
    let kind = match transfer.protocol {
        Some(protocol) => format!("{}, {protocol}", transfer.kind),
        None => transfer.kind.to_string(),
    };
    fact("kind", Some(kind.into()));
    fact("status", Some(status(transfer.status)));
    fact("reason", transfer.told().map(|told| told.into_owned().into()));
    fact("asset", Some(format!("{} on {}", transfer.asset, transfer.network).into()));
    fact("rail", Some(transfer.rail.as_str().into()));
    fact("expected", money(&transfer.amount_expected, inside));
    fact("came in", money(&transfer.amount_in, inside));
    fact("goes out", money(&transfer.amount_out, outside));
    fact("fee", money(&transfer.amount_fee, inside));
    fact("rail's fee", money(&transfer.rail_fee, &transfer.currency));
    fact("from", text(&transfer.from_address));
    fact("to", text(&transfer.to_address));
    fact("our account", text(&transfer.account));
    fact("memo", transfer.memo.as_ref().map(|memo| memo.to_string().into()));
    fact("subject", text(&transfer.subject));
    fact("beneficiary", text(&transfer.beneficiary));
    fact("rail's name", text(&transfer.rail_reference));
    fact("network's name", text(&transfer.network_reference));
    let payment = transfer.payment.as_ref();
    fact("pays out", payment.map(|(network, id)| format!("payment {id} of {network}").into()));
    fact("deadline", transfer.deadline.map(|time| when(time, now).into()));
    fact("created", Some(when(transfer.created_at, now).into()));
    fact("moved", Some(when(transfer.updated_at, now).into()));
    let not_before = transfer.not_before.filter(|time| *time > now);
    fact("not before", not_before.map(|time| when(time, now).into()));
    table
}

fn history(story: &TransferStory, now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("  STATUS"),
        Column::left("AT"),
        Column::left(""),
        Column::left("CAUSE"),
        Column::left("BY"),
        Column::prose("REASON"),
    ]);
    for status in &story.history {
        table.row([
            format!("  {}", status.status).into(),
            readable(status.reached_at).into(),
            relative(status.reached_at, now).into(),
            status.source.as_str().into(),
            status.decided_by.clone().into(),
            status.reason.clone().into(),
        ]);
    }
    table
}

fn payouts(payouts: &[PayoutRow], now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("  PAYOUT"),
        Column::left("FOR"),
        Column::left("STATUS"),
        Column::right("AMOUNT"),
        Column::right("TRIED"),
        Column::left(""),
        Column::prose("ANSWER"),
    ]);
    for payout in payouts {
        table.row([
            format!("  {}", payout.payout_id).into(),
            payout.purpose.as_str().into(),
            payout.status.as_str().into(),
            format!("{} {}", payout.amount, payout.currency).into(),
            payout.attempts.to_string().into(),
            payout.tried_at.map(|time| relative(time, now)).into(),
            payout.answer.clone().or_else(|| payout.reference.clone()).into(),
        ]);
    }
    table
}

fn envelopes(envelopes: &[Envelope], now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("  ENVELOPE"),
        Column::left("STATUS"),
        Column::right("SEQUENCE"),
        Column::right("TRIED"),
        Column::left(""),
        Column::prose("RESULT"),
    ]);
    for envelope in envelopes {
        table.row([
            format!("  {}", envelope.envelope_id).into(),
            envelope.status.as_str().into(),
            envelope.sequence.to_string().into(),
            envelope.attempts.to_string().into(),
            envelope.sent_at.map(|time| relative(time, now)).into(),
            envelope.result.clone().into(),
        ]);
    }
    table
}

fn refunds(refunds: &[Refund]) -> Table {
    let mut table = Table::new(&[
        Column::left("  REFUND"),
        Column::left("STATUS"),
        Column::left("PLACE"),
        Column::right("AMOUNT"),
        Column::left("REFERENCE"),
        Column::prose("REASON"),
    ]);
    for refund in refunds {
        table.row([
            format!("  {}", refund.refund_id).into(),
            refund.status.as_str().into(),
            refund.place.as_str().into(),
            format!("{} {}", refund.amount, refund.asset).into(),
            refund.reference.clone().into(),
            refund.message.clone().unwrap_or_else(|| refund.reason.clone()).into(),
        ]);
    }
    table
}
