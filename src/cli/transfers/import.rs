//! `railpoll transfers import`: the transfers of a file, all of them or none.

use std::collections::HashMap;
use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::lines::{self, Format, Line};
use crate::actions::transfers::new::read;
use crate::cli::failure::{Failure, say, say_json};
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::ByArgs;
use crate::config::Settings;
use crate::daemon::Exit;
use crate::engine::{Keyed, NewTransfer, keyed};

pub(super) const EXAMPLES: &str = "\
Examples:
  railpoll transfers import transfers.jsonl
  railpoll transfers import transfers.csv --check
  my-program | railpoll transfers import -

A line is a transfer: {\"transfer_id\": \"t-1041\", \"kind\": \"withdrawal\", \"asset\": \"usdc\", …}. What `railpoll transfers list` prints as JSON or CSV is taken; docs/transfers.md tells which fields are needed. If one line is wrong, none is imported.";

/// A person reads no more, and mends none of them one by one.
const TOLD_MAX: usize = 100;

/// Where the transfers are.
#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    /// The file; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How it is written [default: csv for a name that ends in .csv, else json]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Find the mistakes, and create nothing
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    by: ByArgs,
}

/// A line that is wrong: its number, and its faults.
pub(super) type Bad = (u64, Vec<String>);

pub(super) async fn run(
    session: &Session,
    args: &ImportArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    let settings = session.settings()?;
    let store = session.store().await?;
    let lines = lines_of(args).map_err(|why| {
        Failure::Refused(format!("{} cannot be read: {why}", args.file.display()))
    })?;
    let bar = progress(lines.len());
    let (new, mut bad) = understood(lines, settings, &bar);
    bar.set_message("storing");
    if bad.is_empty() {
        let transfers: Vec<NewTransfer> = new.iter().map(|(_, new)| new.clone()).collect();
        let (deed, now) = (args.by.deed(), session.now());
        let refused = if args.check {
            store.check_transfers(&deed, &transfers, now).await?
        } else {
            store.create_transfers(&deed, &transfers, now).await?
        };
        for one in refused {
            let number = new.get(one.index).map_or(0, |(number, _)| *number);
            bad.push((number, one.faults));
        }
    }
    bar.finish_and_clear();
    if !bad.is_empty() {
        return Err(refused(&bad, out.is_json()));
    }
    let done = if args.check { "checked" } else { "imported" };
    if out.is_json() {
        return out.json(&Keyed::default().with(done, &new.len()));
    }
    let created = if args.check { ", created none" } else { "" };
    out.line(format!("{done} {} transfers{created}", new.len()))
}

fn lines_of(args: &ImportArgs) -> Result<Vec<Line>, String> {
    let is_csv = args.file.extension().is_some_and(|it| it.eq_ignore_ascii_case("csv"));
    let format = args.format.unwrap_or(if is_csv { Format::Csv } else { Format::Json });
    let source: Box<dyn Read> = if args.file == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(&args.file).map_err(|error| error.to_string())?)
    };
    lines::read(source, format)
}

/// The transfers that the lines are, each with its line's number, and the lines that are none.
pub(super) fn understood(
    lines: Vec<Line>,
    settings: &Settings,
    bar: &ProgressBar,
) -> (Vec<(u64, NewTransfer)>, Vec<Bad>) {
    let (mut new, mut bad) = (Vec::with_capacity(lines.len()), Vec::new());
    let mut first: HashMap<String, u64> = HashMap::with_capacity(lines.len());
    for (number, fields) in lines {
        bar.inc(1);
        let told = fields.map_err(|why| vec![why]).and_then(|fields| read(&fields, settings));
        match told {
            Ok(transfer) => {
                if let Some(other) = first.get(&transfer.transfer_id) {
                    bad.push((number, vec![format!("line {other} has the same transfer_id")]));
                } else {
                    first.insert(transfer.transfer_id.clone(), number);
                    new.push((number, transfer));
                }
            }
            Err(faults) => bad.push((number, faults)),
        }
    }
    (new, bad)
}

/// Names every line that is wrong.
fn refused(bad: &[Bad], json: bool) -> Failure {
    if json {
        for (number, faults) in bad {
            for fault in faults {
                say_json(
                    &keyed! { "error": fault, "code": "bad_line", "hint": None::<&str>, "line": number },
                );
            }
        }
        return Failure::Told(Exit::Refused);
    }
    for (number, faults) in bad.iter().take(TOLD_MAX) {
        for fault in faults {
            say(&format!("line {number}: {fault}"));
        }
    }
    if let Some(more) = bad.len().checked_sub(TOLD_MAX).filter(|more| *more > 0) {
        say(&format!("and {more} lines more"));
    }
    let count = bad.len();
    let lines = if count == 1 { "line is" } else { "lines are" };
    say(&format!("{count} {lines} wrong: nothing was imported"));
    Failure::Told(Exit::Refused)
}

fn progress(lines: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(lines).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar.set_message("reading");
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
