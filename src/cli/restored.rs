//! `railpoll restored`: whether the database was restored, and what is being looked up because of that. A person tells it
//! so, or lets things go on.

use chrono::{DateTime, Utc};
use clap::{ArgGroup, Args};

use super::failure::Failure;
use super::output::Out;
use super::session::Session;
use super::table::{Column, Table};
use super::who::ByArgs;
use crate::store::{Restoration, Store};
use crate::views::restored::{RestorationJson, summary};

/// What to do about it. Neither: it is looked at.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
#[command(group(ArgGroup::new("act").args(["begin", "confirm"])))]
#[command(mut_arg("by", |by| by.requires("act")), mut_arg("reason", |reason| reason.requires("act")))]
pub(super) struct RestoredArgs {
    /// Tell the database that it was restored: nothing goes out from now on, until all was looked up
    #[arg(long, requires = "reason")]
    begin: bool,
    /// Let things go out again, though not all was looked up
    #[arg(long, requires = "reason")]
    confirm: bool,
    #[command(flatten)]
    who: ByArgs,
}

const HELP: &str = "\
A database that was restored from a backup, or failed over with a loss, has forgotten what went out since. Hosts notice \
that by themselves, if they have a mark of it; else somebody tells it with --begin. Nothing goes out then, until the pollers \
have looked up everything that is open or recent at the rails and networks where it would have gone.

Examples:
  railpoll restored
  railpoll restored --begin --reason 'backup of Monday'
  railpoll restored --confirm --reason 'the bank has it all'";

pub(super) async fn run(
    session: &Session,
    args: RestoredArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    let store = if args.begin || args.confirm {
        let store = session.store().await?;
        act(&store, &args, session.now()).await?;
        store
    } else {
        session.look().await?
    };
    match store.restoration().await? {
        Some(restoration) => tell(&store, &restoration, out).await,
        None if out.is_json() => Ok(()),
        None => out.line("the database was never restored, as far as anybody has noticed"),
    }
}

async fn act(store: &Store, args: &RestoredArgs, now: DateTime<Utc>) -> Result<(), Failure> {
    let deed = args.who.deed();
    if args.confirm {
        return Ok(store.confirm_restoration(&deed, now).await?);
    }
    let (by, detail) = (&deed.operator.name, deed.reason.as_deref().unwrap_or_default());
    if store.begin_restoration(by, detail, Some(&deed), now).await? {
        return Ok(());
    }
    Err(Failure::Refused(
        "that is noted already, and nothing goes out: `railpoll restored` tells what is left to be looked up"
            .to_owned(),
    ))
}

async fn tell(store: &Store, restoration: &Restoration, out: &mut Out) -> Result<(), Failure> {
    let looks = store.looks(restoration.restoration_id).await?;
    if out.is_json() {
        return out.json(&RestorationJson::of(restoration, &looks));
    }
    out.line(summary(restoration, &looks))?;
    if looks.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&[
        Column::left("PLACE"),
        Column::right("TO LOOK UP"),
        Column::right("LEFT"),
        Column::right("FOUND"),
    ]);
    for one in &looks {
        table.row([
            one.place.as_str().into(),
            one.all.to_string().into(),
            one.left.to_string().into(),
            one.found.to_string().into(),
        ]);
    }
    out.table(&table)
}
