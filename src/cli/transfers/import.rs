//! `railpoll transfers import`: the transfers of a file, all of them or none.

use std::collections::HashMap;

use clap::Args;
use indicatif::ProgressBar;

use crate::actions::transfers::new::read;
use crate::cli::failure::Failure;
use crate::cli::importing::{Bad, FileArgs, progress, refused};
use crate::cli::lines::Line;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::ByArgs;
use crate::config::Settings;
use crate::engine::{Keyed, NewTransfer};

pub(super) const EXAMPLES: &str = "\
Examples:
  railpoll transfers import transfers.jsonl
  railpoll transfers import transfers.csv --check
  my-program | railpoll transfers import -

A line is a transfer: {\"transfer_id\": \"t-1041\", \"kind\": \"withdrawal\", \"asset\": \"usdc\", …}. What `railpoll transfers list` prints as JSON or CSV is taken; docs/transfers.md tells which fields are needed. If one line is wrong, none is imported.";

/// Where the transfers are.
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
    let settings = session.settings()?;
    let store = session.store().await?;
    let lines = args.file.lines()?;
    let bar = progress(u64::try_from(lines.len()).unwrap_or(u64::MAX), "reading");
    let (new, mut bad) = understood(lines, settings, &bar);
    bar.set_message("storing");
    if bad.is_empty() {
        let transfers: Vec<NewTransfer> = new.iter().map(|(_, new)| new.clone()).collect();
        let (deed, now) = (args.by.deed(), session.now());
        let refused = if args.file.check {
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
    let done = if args.file.check { "checked" } else { "imported" };
    if out.is_json() {
        return out.json(&Keyed::default().with(done, &new.len()));
    }
    let created = if args.file.check { ", created none" } else { "" };
    out.line(format!("{done} {} transfers{created}", new.len()))
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
