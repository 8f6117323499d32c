//! `railpoll books`: what moved on each day, whether the books agree with themselves, and all that is in them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::failure::Failure;
use super::importing::progress;
use super::lists::{Format, Listed};
use super::names::expect_book_place;
use super::output::Out;
use super::session::Session;
use super::table::{Column, Table};
use super::times::Moment;
use crate::daemon::Exit;
use crate::engine::books::{Balance, BookAccount};
use crate::engine::iso;
use crate::store::{BookFilter, MovementRow, Store};
use crate::views::{BooksCheckedJson, DaySums, Viewed};

/// So many movements are read at a time.
const PAGE: u32 = 1_000;
/// How often whoever waits is told how far it is.
const TELL: Duration = Duration::from_millis(200);

const SHOW_EXAMPLES: &str = "\
Examples:
  railpoll books show --since 7d
  railpoll books show --asset xtr --format csv > days.csv

In each line, what came in is the sum of all that stands behind it. Days are those of UTC.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  railpoll books export > movements.csv
  railpoll books export --account wallet/14s9… --json
  railpoll books export --after 4711/0 --json

A movement takes an amount from one account to another; those of one entry happened at once. With --json, whoever goes on behind the last object's entry/position misses nothing.";

#[derive(Debug, Subcommand)]
pub(super) enum BooksCommand {
    /// What moved on each day, of each asset and at each place
    #[command(after_help = SHOW_EXAMPLES)]
    Show(ShowArgs),
    /// Sum all movements anew, and compare: 1 if something does not agree
    Check,
    /// Write all movements
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(ExportArgs),
}

/// Which days to show.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Only from this day on: a date, a time on it, or a time back such as 7d
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Only days before this one
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// Only of this asset
    #[arg(long)]
    asset: Option<String>,
    /// Only at this network, rail or shop; `manual` is what operators gave
    #[arg(long, value_name = "NAME")]
    place: Option<String>,
    /// How it is written [default: table]
    #[arg(long, value_enum)]
    format: Option<Format>,
}

/// Which movements to write.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Only those from or to this account, such as `order/web/1041` or `operator`
    #[arg(long)]
    account: Option<BookAccount>,
    /// Only from then on: a date, a time, or a time back
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Only from before then
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// Only behind this movement
    #[arg(long, value_name = "ENTRY/POSITION", value_parser = place)]
    after: Option<(i64, i64)>,
    /// How it is written [default: csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
}

fn place(text: &str) -> Result<(i64, i64), String> {
    let parts = text
        .split_once('/')
        .and_then(|(entry, position)| Some((entry.parse().ok()?, position.parse().ok()?)));
    parts.ok_or_else(|| "expected ENTRY/POSITION".to_owned())
}

pub(super) async fn run(
    session: &Session,
    command: BooksCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    match command {
        BooksCommand::Show(args) => show(session, args, out).await,
        BooksCommand::Check => check(session, out).await,
        BooksCommand::Export(args) => export(session, args, out).await,
    }
}

async fn show(session: &Session, args: ShowArgs, out: &mut Out) -> Result<(), Failure> {
    if let Some(format) = args.format {
        out.write_as(format)?;
    }
    let now = session.now();
    let (settings, store) = (session.settings()?, session.look().await?);
    let day = |moment: Option<Moment>| {
        moment.map(|moment| iso(moment.before(now)).chars().take("2026-01-31".len()).collect())
    };
    let whole = store.book_days(&BookFilter::default()).await?;
    expect_book_place(settings, &whole, args.asset.as_deref(), args.place.as_deref())?;
    let filter = BookFilter {
        since: day(args.since),
        until: day(args.until),
        asset: args.asset,
        place: args.place,
    };
    let days = DaySums::of(store.book_days(&filter).await?);
    if out.is_json() {
        return days.iter().try_for_each(|day| out.json(&day.view()));
    }
    if out.is_csv() {
        out.csv_heading(DaySums::KEYS)?;
        return days.iter().try_for_each(|day| out.csv_row(DaySums::KEYS, &day.view()));
    }
    if days.is_empty() {
        return out.line(session.nothing("nothing is in the books"));
    }
    out.table(&DaySums::table(&days, now))
}

impl Listed for DaySums {
    const NAME: &'static str = "days";

    fn table(rows: &[Self], _now: DateTime<Utc>) -> Table {
        let mut table = Table::new(&[
            Column::left("DAY"),
            Column::left("ASSET"),
            Column::left("PLACE"),
            Column::right("CAME IN"),
            Column::right("WENT OUT"),
            Column::right("FEES"),
            Column::right("OPERATOR"),
            Column::right("HELD").spare(),
            Column::right("UNMATCHED").spare(),
            Column::right("TRANSFERS"),
            Column::right("WALLETS"),
            Column::right("ORDERS"),
        ]);
        let some = |amount: &Balance| (!amount.is_zero()).then(|| amount.to_string()).into();
        for row in rows {
            table.row([
                row.day.as_str().into(),
                row.asset.as_str().into(),
                row.place.as_str().into(),
                some(&row.came_in),
                some(&row.went_out),
                some(&row.fees),
                some(&row.operator),
                some(&row.held),
                some(&row.unmatched),
                some(&row.transfers),
                some(&row.wallets),
                some(&row.orders),
            ]);
        }
        table
    }
}

async fn check(session: &Session, out: &mut Out) -> Result<(), Failure> {
    let store = session.look().await?;
    let bar = progress(0, "movements");
    bar.enable_steady_tick(TELL);
    let checked = store
        .books_checked(|done| {
            bar.set_length(done);
            bar.set_position(done);
        })
        .await?;
    bar.finish_and_clear();
    // Who only looks writes nothing, unless there is something to tell.
    if !checked.differences.is_empty() || store.books_are_told().await? {
        session.store().await?.tell_books(&checked, session.now()).await?;
    }
    if out.is_json() {
        out.json(&BooksCheckedJson::from(&checked))?;
    } else {
        let (entries, movements) = (checked.entries, checked.movements);
        out.line(format!("{entries} entries with {movements} movements were summed"))?;
        for one in &checked.differences {
            out.line(format!(
                "{}: {} {} is stored, and the movements sum to {}",
                one.what, one.stored, one.asset, one.summed
            ))?;
        }
        if checked.differences.is_empty() {
            out.line("all that is stored agrees with them")?;
        }
    }
    if checked.differences.is_empty() { Ok(()) } else { Err(Failure::Told(Exit::Refused)) }
}

async fn export(session: &Session, args: ExportArgs, out: &mut Out) -> Result<(), Failure> {
    match args.format {
        Some(Format::Table) => {
            let text = "movements are for programs: --format csv or --format json";
            return Err(Failure::Usage(text.to_owned()));
        }
        Some(format @ (Format::Csv | Format::Json)) => out.write_as(format)?,
        None if !out.is_json() => out.write_as(Format::Csv)?,
        None => {}
    }
    let now = session.now();
    let (since, until) = (args.since, args.until);
    let (since, until) = (since.map(|it| it.before(now)), until.map(|it| it.before(now)));
    let is_wanted = |row: &MovementRow| {
        since.is_none_or(|since| row.at >= since) && until.is_none_or(|until| row.at < until)
    };
    let account = args.account.map(|account| account.to_string());
    let store = session.look().await?;
    if out.is_csv() {
        out.csv_heading(MovementRow::KEYS)?;
    }
    let mut after = args.after.unwrap_or((0, -1));
    loop {
        let rows = page(&store, after, account.as_deref()).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = (last.entry, last.position);
        for row in rows.iter().filter(|row| is_wanted(row)) {
            if out.is_json() {
                out.json(&row.view())?;
            } else {
                out.csv_row(MovementRow::KEYS, &row.view())?;
            }
        }
    }
}

async fn page(
    store: &Store,
    after: (i64, i64),
    account: Option<&str>,
) -> Result<Vec<MovementRow>, Failure> {
    Ok(store.movements(after, account, PAGE).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_books_is_an_entry_and_a_position() {
        assert_eq!(place("4711/0"), Ok((4711, 0)));
        for text in ["", "7", "7/", "a/b"] {
            assert!(place(text).is_err(), "{text}");
        }
    }
}
