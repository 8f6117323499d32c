//! `railpoll customers`: who orders, what they have, and which wallets pay for them.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::failure::Failure;
use super::lists::{ListFlags, Listed, counted, walk};
use super::names::expect_shop;
use super::orders::{order_table, payer_table};
use super::output::Out;
use super::session::Session;
use super::table::{Column, Table};
use crate::actions::customers::find;
use crate::engine::order::{Customer, OrderStatus};
use crate::engine::read_time as time;
use crate::engine::{iso, readable, relative};
use crate::store::{CustomerPlace, CustomerRow, CustomerSpan, WalkStep};
use crate::views::{credits_of, customer_whole_json};

/// A person reads no more.
const OPEN_MAX: u32 = 100;

const EXAMPLES: &str = "\
Examples:
  railpoll customers list --shop web --newest
  railpoll customers show alice

The next page: the last line of the table is the command for it. With --json, put the last object's created_at/shop/customer_id after --after.";

#[derive(Debug, Subcommand)]
pub(super) enum CustomersCommand {
    /// List customers, by when they came on record, oldest first
    #[command(after_help = EXAMPLES)]
    List(ListArgs),
    /// Tell everything that is known of a customer
    Show(ShowArgs),
}

/// Which customers to list.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only customers of this shop
    #[arg(long, value_name = "NAME")]
    shop: Option<String>,
    #[command(flatten)]
    flags: ListFlags,
    /// Only customers that come after this one in the list
    #[arg(long, value_name = "TOKEN", value_parser = token)]
    after: Option<CustomerPlace>,
}

/// Which customer to show.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The customer's id, or its beginning
    #[arg(value_name = "CUSTOMER")]
    customer_id: String,
    /// Their shop, where several have such a customer
    #[arg(long, value_name = "NAME")]
    shop: Option<String>,
}

fn token(text: &str) -> Result<CustomerPlace, String> {
    let mut parts = text.splitn(3, '/');
    let (Some(at), Some(shop), Some(id)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("expected CREATED_AT/SHOP/CUSTOMER_ID".to_owned());
    };
    Ok((time(at)?, Customer::new(shop, id)))
}

pub(super) async fn run(
    session: &Session,
    command: CustomersCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    match command {
        CustomersCommand::List(args) => list(session, args, out).await,
        CustomersCommand::Show(args) => show(session, &args, out).await,
    }
}

async fn list(session: &Session, args: ListArgs, out: &mut Out) -> Result<(), Failure> {
    let flags = args.flags;
    let only_count = flags.begin(out)?;
    let now = session.now();
    let (settings, store) = (session.settings()?, session.look().await?);
    expect_shop(settings, &store, args.shop.as_deref()).await?;
    let mut filter = CustomerSpan {
        shop: args.shop,
        since: flags.since(now),
        until: flags.until(now),
        newest: flags.newest,
        after: args.after,
        limit: 0,
    };
    if only_count {
        return counted::<CustomerRow>(store.customers_count(&filter).await?, out);
    }
    let step = async |room, place: Option<CustomerPlace>| {
        filter.after = place.or(filter.after.take());
        filter.limit = room;
        let WalkStep { rows: found, looked_at, next } = store.customers_step(&filter).await?;
        let mut rows = Vec::with_capacity(found.len());
        for (_, Customer { shop, customer_id }) in found {
            rows.extend(store.customers_called(&customer_id, Some(&shop)).await?);
        }
        Ok(WalkStep { rows, looked_at, next })
    };
    let token = |(at, customer): &CustomerPlace| {
        format!("{}/{}/{}", iso(*at), customer.shop, customer.customer_id)
    };
    walk(session, &flags, out, "no customers", step, token).await
}

impl Listed for CustomerRow {
    const NAME: &'static str = "customers";

    fn table(rows: &[Self], now: DateTime<Utc>) -> Table {
        let mut table = Table::new(&[
            Column::left("CUSTOMER"),
            Column::left("SHOP"),
            Column::right("OPEN"),
            Column::right("PAID"),
            Column::right("WALLETS"),
            Column::right("CREDIT"),
            Column::left("SINCE").spare(),
        ]);
        for row in rows {
            table.row([
                row.customer.customer_id.as_str().into(),
                row.customer.shop.as_str().into(),
                count(row, OrderStatus::is_open).to_string().into(),
                count(row, |status| status == OrderStatus::Paid).to_string().into(),
                row.payers.len().to_string().into(),
                credit(row).into(),
                relative(row.created_at, now).into(),
            ]);
        }
        table
    }
}

fn count(row: &CustomerRow, is_it: impl Fn(OrderStatus) -> bool) -> u64 {
    row.orders.iter().filter(|(status, _)| is_it(*status)).map(|(_, count)| count).sum()
}

/// What they have, if they ever had something.
fn credit(row: &CustomerRow) -> Option<String> {
    let credits = credits_of(row).into_iter();
    let credits: Vec<String> = credits.map(|(asset, credit)| format!("{credit} {asset}")).collect();
    Some(credits.join(", ")).filter(|text| !text.is_empty())
}

async fn show(session: &Session, args: &ShowArgs, out: &mut Out) -> Result<(), Failure> {
    let (settings, store) = (session.settings()?, session.look().await?);
    expect_shop(settings, &store, args.shop.as_deref()).await?;
    let row = find(&store, &args.customer_id, args.shop.as_deref()).await?;
    let open = store.open_orders_of(&row.customer, OPEN_MAX).await?;
    if out.is_json() {
        return out.json(&customer_whole_json(&row, &open));
    }
    let now = session.now();
    let Customer { shop, customer_id } = &row.customer;
    out.heading(&format!("Customer {customer_id} of {shop}"))?;
    let mut facts = Table::new(&[Column::left(""), Column::left("")]);
    let since = format!("{} ({})", readable(row.created_at), relative(row.created_at, now));
    facts.row(["  known since".into(), since.into()]);
    facts.row(["  credit".into(), credit(&row).into()]);
    for (status, count) in &row.orders {
        facts.row([format!("  orders {status}").into(), count.to_string().into()]);
    }
    out.table(&facts)?;
    let parts =
        [("Wallets", payer_table(&row.payers, now)), ("Open orders", order_table(&open, now))];
    for (title, table) in parts.iter().filter(|(_, table)| !table.is_empty()) {
        out.line("")?;
        out.heading(title)?;
        out.table(table)?;
    }
    Ok(())
}
