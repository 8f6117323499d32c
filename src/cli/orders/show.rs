//! `railpoll orders show`: the whole story of an order.

use chrono::{DateTime, Utc};
use clap::Args;

use super::WhichArgs;
use super::list::status;
use crate::actions::orders::story;
use crate::cli::failure::Failure;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::table::{Cell, Column, Table};
use crate::cli::transfers::incoming_table;
use crate::engine::order::{missing, received};
use crate::engine::{Amount, readable, relative};
use crate::store::{OrderRow, OrderStory, PayerRow, SettlementRow, StoryStatus};
use crate::views::order_story_json;

/// Which order to show.
#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    #[command(flatten)]
    which: WhichArgs,
}

pub(super) async fn run(session: &Session, args: &ShowArgs, out: &mut Out) -> Result<(), Failure> {
    let (settings, store) = (session.settings()?, session.look().await?);
    args.which.expect_shop(settings, &store).await?;
    let story = story(&store, args.which.named()).await?;
    if out.is_json() {
        out.json(&order_story_json(&story))
    } else {
        tell(&story, session.now(), out)
    }
}

fn tell(story: &OrderStory, now: DateTime<Utc>, out: &mut Out) -> Result<(), Failure> {
    out.heading(&format!("Order {}", story.row.order.key))?;
    out.table(&facts(&story.row, now))?;
    let parts = [
        ("Statuses", history(&story.history, now)),
        ("Paid by", settlements(&story.settlements, now)),
        ("Incoming", incoming_table(&story.incoming, now)),
        ("May pay it", payers(&story.payers, now)),
    ];
    for (title, table) in parts.iter().filter(|(_, table)| !table.is_empty()) {
        out.line("")?;
        out.heading(title)?;
        out.table(table)?;
    }
    Ok(())
}

fn when(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("{} ({})", readable(time), relative(time, now))
}

fn facts(row: &OrderRow, now: DateTime<Utc>) -> Table {
    let order = &row.order;
    let mut table = Table::new(&[Column::left(""), Column::left("")]);
    let mut fact = |name: &str, value: Option<Cell>| {
        if let Some(value) = value {
            table.row([format!("  {name}").into(), value]);
        }
    };
    let text = |text: &Option<String>| text.as_deref().map(Cell::from);
    let money = |amount: &Amount| Cell::from(format!("{amount} {}", order.asset));
    fact("status", Some(status(order.status)));
    fact("other name", text(&order.alt_id));
    fact("customer", Some(order.customer_id.as_str().into()));
    fact("price", Some(money(&order.price)));
    let asked = order.original_price.as_ref().zip(order.currency.as_ref());
    fact("asked", asked.map(|(price, currency)| format!("{price} {currency}").into()));
    fact("received", Some(money(&received(order, &row.named))));
    let open = order.status.is_open().then(|| money(&missing(order, &row.named)));
    fact("missing", open);
    fact("forgiven", order.short_by.as_ref().map(money));
    fact("way to pay", Some(order.pay_to.as_str().into()));
    fact("address", text(&order.address));
    fact("note", text(&order.memo));
    fact("claimed by", text(&order.claimant));
    fact("created", Some(when(order.created_at, now).into()));
    fact("expires", order.status.is_open().then(|| when(order.expires_at, now).into()));
    fact("paid", order.paid_at.map(|at| when(at, now).into()));
    fact("version", Some(order.version.to_string().into()));
    table
}

fn history(history: &[StoryStatus], now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("  STATUS"),
        Column::left("AT"),
        Column::left(""),
        Column::left("CAUSE"),
        Column::left("BY"),
        Column::prose("REASON"),
    ]);
    for status in history {
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

fn settlements(settlements: &[SettlementRow], now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("  WALLET"),
        Column::right("AMOUNT"),
        Column::left("KIND"),
        Column::left("AT"),
    ]);
    for one in settlements {
        table.row([
            format!("  {}", one.wallet).into(),
            format!("{} {}", one.amount, one.asset).into(),
            one.kind.as_str().into(),
            when(one.settled_at, now).into(),
        ]);
    }
    table
}

/// The wallets that pay for a customer, as a table.
pub(in crate::cli) fn payers(payers: &[PayerRow], now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("  WALLET"),
        Column::right("CREDIT"),
        Column::left("SAYS"),
        Column::left("SINCE"),
    ]);
    for payer in payers {
        let credits = payer.credits.iter();
        let credits: Vec<String> =
            credits.map(|(asset, credit)| format!("{credit} {asset}")).collect();
        table.row([
            format!("  {}", payer.wallet).into(),
            Some(credits.join(", ")).filter(|text| !text.is_empty()).into(),
            payer.origin.as_str().into(),
            relative(payer.linked_at, now).into(),
        ]);
    }
    table
}
