//! What is not done yet.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};

use super::stage::Stage;
use super::work::Made;
use crate::support::databases::Kind;

/// The first column of an answer, which is text, by whoever asks for the first time.
pub(super) fn texts(stage: &Stage, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    let (world, query) = (stage.world(), sqlx::query(AssertSqlSafe(sql.to_owned())));
    let url = &world.database.url;
    world.wait(async {
        match stage.kind() {
            Kind::Sqlite => {
                let mut conn = SqliteConnection::connect(url).await?;
                let rows = query.fetch_all(&mut conn).await?;
                conn.close().await?;
                rows.iter().map(|row| row.try_get(0)).collect()
            }
            Kind::Postgres => {
                let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
                let mut conn = PgConnection::connect(url).await?;
                let rows = query.fetch_all(&mut conn).await?;
                conn.close().await?;
                rows.iter().map(|row| row.try_get(0)).collect()
            }
        }
    })
}

/// Everything that is not as it is to be at the end; nothing is left if all is done.
pub(super) fn left(stage: &Stage, made: &Made) -> Vec<String> {
    let mut left = at_the_network(stage, made);
    match in_the_database(stage, made) {
        Ok(more) => left.extend(more),
        Err(error) => left.push(format!("the database: {error}")),
    }
    left
}

fn at_the_network(stage: &Stage, made: &Made) -> Vec<String> {
    let sandbox = &stage.world().sandbox;
    let is_over = |state: &str| ["COMPLETED", "RETURNED", "FAILED"].contains(&state);
    let states = made.payments.iter().map(|id| (id, sandbox.state_of(*id).unwrap().to_string()));
    let mut left: Vec<String> = states
        .filter(|(_, state)| !is_over(state))
        .map(|(id, state)| format!("payment/{id} is {state} at the network"))
        .collect();
    if sandbox.partner_has_plans(&made.payments) {
        left.push("the partner has plans".to_owned());
    }
    left
}

fn in_the_database(stage: &Stage, made: &Made) -> Result<Vec<String>, sqlx::Error> {
    let mut left = Vec::new();
    let ask = |sql: &str| texts(stage, sql);
    let known: BTreeMap<String, String> = ask("SELECT payment_id || ' ' || state FROM payments")?
        .iter()
        .map(|row| row.split_once(' ').unwrap())
        .map(|(id, state)| (id.to_owned(), state.to_owned()))
        .collect();
    for id in &made.payments {
        let told = stage.world().sandbox.state_of(*id).unwrap().to_string();
        let ours = known.get(&id.to_string());
        if ours != Some(&told) {
            left.push(format!("payment/{id} is {told}, and to us {ours:?}"));
        }
    }
    for (what, rows) in [
        ("transfer", "transfer_id || ' ' || status FROM transfers WHERE completed_at IS NULL"),
        ("operation", "payment_id || ' ' || status FROM operations WHERE finished_at IS NULL"),
        ("payout", "transfer_id || ' ' || status FROM payouts WHERE finished_at IS NULL"),
        ("envelope", "envelope_id || ' ' || status FROM envelopes WHERE finished_at IS NULL"),
        ("refund", "refund_id || ' ' || status FROM refunds WHERE finished_at IS NULL"),
        (
            "alert",
            "name || ' ' || poller || ' ' || network || ' ' || detail FROM alerts WHERE ended_at IS NULL",
        ),
        ("put off", "subject || ' ' || reason FROM put_off"),
        ("set aside", "reason FROM quarantine WHERE resolved_at IS NULL"),
        ("restoration", "detail FROM restorations WHERE ended_at IS NULL"),
    ] {
        left.extend(ask(&format!("SELECT {rows}"))?.iter().map(|row| format!("{what} {row}")));
    }
    let over = ask("SELECT CAST(count(*) AS text) FROM transfers WHERE payment_id IS NULL")?;
    let wanted =
        made.deposits.len() + made.by_bank.len() + made.by_gateway.len() + made.sent_back.len();
    if over != [wanted.to_string()] {
        left.push(format!("{over:?} transfers are on record, and {wanted} were made"));
    }
    Ok(left)
}
