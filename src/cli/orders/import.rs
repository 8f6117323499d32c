//! `railpoll orders import`: the orders of a file, all of them or none.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use clap::Args;
use indicatif::ProgressBar;

use crate::actions::Actions;
use crate::actions::orders::new::{OrderToTake, read};
use crate::cli::failure::Failure;
use crate::cli::importing::{Bad, FileArgs, progress, refused};
use crate::cli::lines::Line;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::ByArgs;
use crate::config::Settings;
use crate::engine::order::OrderKey;
use crate::engine::{Keyed, keyed};

pub(super) const EXAMPLES: &str = "\
Examples:
  railpoll orders import orders.jsonl
  railpoll orders import orders.csv --check
  my-shop | railpoll orders import -

A line is an order: {\"shop\": \"web\", \"order_id\": \"1041\", \"price\": \"25\", …}. What `railpoll orders list` prints of open orders as JSON or CSV is taken; docs/orders.md tells which fields are needed. If one line is wrong, none is imported. An order that is known already is left as it is, unless its shop asks another price.";

/// Where the orders are.
#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    by: ByArgs,
}

pub(super) async fn run(
    session: &Session,
    args: &ImportArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    let (settings, now) = (session.settings()?, session.now());
    let store = session.store().await?;
    let lines = args.file.lines()?;
    let bar = progress(u64::try_from(lines.len()).unwrap_or(u64::MAX), "reading");
    let (new, mut bad) = understood(lines, (settings, now), &bar);
    bar.set_message("storing");
    let is_tried = args.file.check;
    let (numbers, orders): (Vec<u64>, Vec<OrderToTake>) = new.into_iter().unzip();
    let mut known = 0;
    if bad.is_empty() {
        let actions = Actions { store: &store, settings, now };
        let answers = actions.import_orders(&orders, is_tried, &args.by.deed()).await?;
        for (number, answer) in numbers.into_iter().zip(answers) {
            match answer {
                Ok(is_new) => known += usize::from(!is_new),
                Err(refusal) => bad.push((number, vec![refusal.text])),
            }
        }
    }
    bar.finish_and_clear();
    if !bad.is_empty() {
        return Err(refused(&bad, out.is_json()));
    }
    let done = if is_tried { "checked" } else { "imported" };
    let taken = orders.len() - known;
    if out.is_json() {
        return out.json(&Keyed::default().with(done, &taken).and(keyed! { "known": known }));
    }
    let created = if is_tried { ", created none" } else { "" };
    let before = if known == 0 { String::new() } else { format!("; {known} were known already") };
    out.line(format!("{done} {taken} orders{created}{before}"))
}

/// The orders that the lines are, each with its line's number, and the lines that are none.
pub(super) fn understood(
    lines: Vec<Line>,
    (settings, now): (&Settings, DateTime<Utc>),
    bar: &ProgressBar,
) -> (Vec<(u64, OrderToTake)>, Vec<Bad>) {
    let (mut new, mut bad) = (Vec::with_capacity(lines.len()), Vec::new());
    let mut first: HashMap<OrderKey, u64> = HashMap::with_capacity(lines.len());
    for (number, fields) in lines {
        bar.inc(1);
        let told = fields.map_err(|why| vec![why]).and_then(|fields| read(&fields, settings, now));
        match told {
            Ok(order) => {
                let key = order.told.key.clone();
                if let Some(other) = first.get(&key) {
                    bad.push((
                        number,
                        vec![format!("line {other} has the same shop and order_id")],
                    ));
                } else {
                    first.insert(key, number);
                    new.push((number, order));
                }
            }
            Err(faults) => bad.push((number, faults)),
        }
    }
    (new, bad)
}
