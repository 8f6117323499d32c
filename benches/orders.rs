//! Money that comes for orders: each payment names an order, is final at once, and pays it. Beside the plainest code that
//! writes the same rows, without reading or judging anything.
//!
//! ```text
//! cargo bench --bench orders                          SQLite, 10,000 payments beside 100,000 open orders
//! scripts/postgres run cargo bench --bench orders     and PostgreSQL
//! cargo bench --bench orders -- --quick               2,000 payments beside none
//! cargo bench --bench orders -- --open 1000000        beside a million
//! ```
//!
//! A page of 100 payments is one transaction, as `railpoll-watch` writes it. Then a look for what is due, as
//! `railpoll-orders` does it in each sweep: ten of all open orders are. See docs/performance.md.
#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]

#[expect(dead_code, reason = "what benches of payments need besides")]
mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use railpoll::engine::order::{
    NewOrder, OrderFact, OrderKey, PayTo, Reference, SeenMoney, TermsOfShops,
};
use railpoll::engine::{Incoming, Memo};
use railpoll::store::{OrderAnswer, OrderTeller, OrderWorld, Store, Together};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};
use support::Outcome;
use support::cost::{Cost, Work};
use support::database::{Database, Kind};
use support::report::{Table, load};

/// Payments in one transaction.
const PAGE: usize = 100;
/// Orders of a customer.
const EACH: usize = 10;
/// Orders that are told together.
const TOLD: usize = 500;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().collect();
    let quick = args.iter().any(|arg| arg == "--quick");
    let told = args.iter().position(|arg| arg == "--open").and_then(|at| args.get(at + 1));
    let open = match told {
        Some(open) => open.parse()?,
        None if quick => 0,
        None => 100_000,
    };
    let payments = if quick { 2_000 } else { 10_000 };
    println!("{payments} payments for orders, beside {open} open ones; {}", load());
    let mut table = Table::new(["payments matched and settled/s", "ours", "floor", "ratio"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for kind in Kind::all() {
        let (ours, due) = runtime.block_on(Box::pin(ours(&kind, payments, open)))?;
        let floor = runtime.block_on(Box::pin(floor(&kind, payments)))?;
        table.compare(&kind.to_string(), payments, &[ours], &[floor]);
        table.row([
            format!("{kind}, a look for ten that are due"),
            due,
            String::new(),
            String::new(),
        ]);
    }
    table.print();
    println!("afterwards: {}", load());
    Ok(())
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
}

fn order(id: String, customer: usize) -> OrderFact {
    OrderFact::Came {
        told: Box::new(NewOrder {
            key: OrderKey::new("shop", id),
            alt_id: None,
            customer_id: Some(format!("c{customer}")),
            price: "10.5".parse().unwrap_or_else(|_| railpoll::engine::Amount::zero()),
            asset: "xtr".to_owned(),
            original_price: None,
            currency: None,
            rate_id: None,
            pay_to: PayTo::Wallet,
            address: None,
            memo: None,
            created_at: at(0),
        }),
        claim: None,
    }
}

/// The payment of one order, with all that it is told by.
fn payment(number: usize) -> Outcome<[OrderFact; 2]> {
    let id = format!("p{number}");
    let incoming = Incoming {
        incoming_id: id.clone(),
        source: "stellar".to_owned(),
        account: "GAL5Q5KUPOIBX7FCMGAEF4DDBEWRFOARIQI56U4J3U2WDXKDQBRSQ6SG".to_owned(),
        from: Some(format!("wallet-of-c{}", number / EACH)),
        amount: "10.5".parse()?,
        fee: None,
        asset: "native".to_owned(),
        memo: Some(Memo::Text(format!("order-{number}"))),
        subject: None,
        muxed_id: None,
        reference: format!("{number:064x}"),
        at: at(60),
        raw: format!(r#"{{"id":"{id}","type":"payment","amount":"10.5","asset_type":"native"}}"#),
    };
    let key = incoming.key();
    let names = Reference { address: None, texts: vec![format!("order-{number}")] };
    let names = vec![("shop".to_owned(), names)];
    let seen = SeenMoney { incoming, asset: "xtr".to_owned(), names };
    Ok([OrderFact::Received(Box::new(seen)), OrderFact::Confirmed(key)])
}

/// What it costs to match and settle the payments, and how long a look for what is due takes.
async fn ours(kind: &Kind, payments: usize, open: usize) -> Outcome<(Cost, String)> {
    let database = Database::new(kind).await?;
    let store = Store::open(&database.url).await?;
    let world = OrderWorld { terms: TermsOfShops::default(), rails: BTreeSet::new() };
    let happen = async |facts: &[OrderFact], seconds: i64| -> Outcome<()> {
        let teller = OrderTeller::Payer;
        let told =
            store.orders_happen(teller, facts, Together::AllOrNone, &world, at(seconds)).await?;
        let is_done = |answer: &OrderAnswer| matches!(answer, OrderAnswer::Done(_));
        if told.iter().all(is_done) { Ok(()) } else { Err("a fact was not taken".into()) }
    };
    let others = (0..open).map(|n| order(format!("open-{n}"), 1_000_000 + n / EACH));
    let own = (0..payments).map(|n| order(format!("order-{n}"), n / EACH));
    let all: Vec<OrderFact> = others.chain(own).collect();
    for (index, some) in all.chunks(TOLD).enumerate() {
        // The first ten are a minute older than all others.
        if index == 0 {
            happen(&some[..10.min(some.len())], 0).await?;
            happen(&some[10.min(some.len())..], 60).await?;
        } else {
            happen(some, 60).await?;
        }
    }
    drop(all);
    let facts: Vec<OrderFact> =
        (0..payments).map(payment).collect::<Outcome<Vec<_>>>()?.into_iter().flatten().collect();
    let work = Work::begin();
    for page in facts.chunks(2 * PAGE) {
        happen(page, 120).await?;
    }
    let cost = work.end();
    let paid: u64 = store
        .order_counts()
        .await?
        .iter()
        .filter(|(_, status, _)| *status == railpoll::engine::order::OrderStatus::Paid)
        .map(|(_, _, count)| count)
        .sum();
    if usize::try_from(paid) != Ok(payments) {
        return Err(format!("{paid} of {payments} orders are paid").into());
    }
    let begun = Instant::now();
    let due = store.orders_due("shop", at(2 * 3600 + 30), None, 500).await?;
    let took = begun.elapsed();
    let due = format!("{} in {} µs", due.len(), took.as_micros());
    store.close().await;
    database.remove().await?;
    Ok((cost, due))
}

/// The same rows by the plainest code: nothing is read, and nothing judged.
async fn floor(kind: &Kind, payments: usize) -> Outcome<Cost> {
    let database = Database::new(kind).await?;
    let pages: Vec<String> =
        (0..payments / PAGE).map(|page| rows(kind, page)).collect::<Result<_, _>>()?;
    let work = Work::begin();
    match kind {
        Kind::Sqlite => {
            let mut conn = SqliteConnection::connect(&database.url).await?;
            conn.execute("PRAGMA synchronous = FULL").await?;
            for page in pages {
                conn.execute(sqlx::raw_sql(AssertSqlSafe(page))).await?;
            }
            conn.close().await?;
        }
        Kind::Postgres(_) => {
            let mut conn = PgConnection::connect(&database.url).await?;
            for page in pages {
                conn.execute(sqlx::raw_sql(AssertSqlSafe(page))).await?;
            }
            conn.close().await?;
        }
    }
    let cost = work.end();
    database.remove().await?;
    Ok(cost)
}

/// The statements of a page.
fn rows(kind: &Kind, page: usize) -> Result<String, std::fmt::Error> {
    let of = |row: &dyn Fn(usize) -> String| {
        let rows: Vec<String> = (page * PAGE..(page + 1) * PAGE).map(row).collect();
        rows.join(",")
    };
    let (at, micros) = match kind {
        Kind::Sqlite => ("'2024-10-04T00:02:00.000000Z'", "1728000120000000"),
        Kind::Postgres(_) => ("'2024-10-04T00:02:00Z'", "'2024-10-04T00:02:00Z'"),
    };
    let mut text = String::from("BEGIN;");
    let incoming = of(&|n| {
        format!(
            "('stellar','p{n}','on_chain','us','wallet','10.5','native','text','order-{n}','{n:064x}',{at},{at},'{{}}','confirmed',{at},'matched','order','shop','order-{n}','wallet-{n}','xtr','{{\"texts\":[\"order-{n}\"]}}')"
        )
    });
    write!(
        text,
        "INSERT INTO incoming (source,incoming_id,kind,account,from_address,amount,asset,memo_type,memo,reference,received_at,recorded_at,raw,status,confirmed_at,verdict,claimant_kind,claimant_shop,claimant_id,wallet,asset_name,names) VALUES {incoming};"
    )?;
    let statuses = of(&|n| {
        format!(
            "({n},'new',{micros},{micros},'payment'),({n},'paid',{micros},{micros},'confirmed')"
        )
    });
    write!(
        text,
        "INSERT INTO statuses (thing,status,reached_at,recorded_at,source) VALUES {statuses};"
    )?;
    let facts = "{\"shop\":\"shop\",\"order_id\":\"1\",\"status\":\"paid\",\"price\":\"10.5\",\"asset\":\"xtr\"}";
    let events = of(&|n| {
        ["incoming.recorded", "order.claimed", "incoming.confirmed", "order.paid"]
            .map(|word| format!("('{word}','order/shop/order-{n}',2,'{facts}',{at})"))
            .join(",")
    });
    write!(text, "INSERT INTO events (type,subject,version,payload,occurred_at) VALUES {events};")?;
    let movements = of(&|n| {
        let entry = 2 * n + 1;
        format!(
            "({entry},0,'confirmed','incoming/stellar/p{n}','stellar',{at},'received/stellar','wallet/w{n}','xtr','10.5'),({},0,'settlement','order/shop/order-{n}','shop',{at},'wallet/w{n}','order/shop/order-{n}','xtr','10.5')",
            entry + 1
        )
    });
    write!(
        text,
        "INSERT INTO movements (entry,position,kind,about,place,at,from_account,to_account,asset,amount) VALUES {movements};"
    )?;
    let settlements = of(&|n| format!("({n},'w{n}','xtr','10.5','single',{at})"));
    write!(
        text,
        "INSERT INTO settlements (order_number,wallet,asset,amount,kind,settled_at) VALUES {settlements};"
    )?;
    let named = of(&|n| format!("({n},'w{n}','xtr','10.5',0)"));
    write!(
        text,
        "INSERT INTO order_money (order_number,wallet,asset,amount,reserved) VALUES {named};"
    )?;
    let credits = of(&|n| format!("('w{n}','xtr','0',{n})"));
    write!(text, "INSERT INTO credits (wallet,asset,credit,paid_entry) VALUES {credits};")?;
    let links = of(&|n| format!("('c{n}','shop','w{n}','payer',{at})"));
    write!(
        text,
        "INSERT INTO wallet_links (customer_id,shop,wallet,origin,linked_at) VALUES {links};"
    )?;
    text.push_str("COMMIT;");
    Ok(text)
}
