//! `railpoll migrate`: the only command that changes the database's schema.

use clap::Args;

use super::failure::Failure;
use super::output::Out;
use super::session::{Session, is_missing, open};
use crate::engine::keyed;
use crate::store::{OpenedFor, Schema};

/// Whether to change anything.
#[derive(Debug, Args)]
#[command(after_help = "An SQLite file that is not there is made. Back the database up before: \
                        there is no way back to an older version.")]
pub(super) struct MigrateArgs {
    /// Change nothing; end with 1 if there is something to do
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(
    session: &Session,
    args: &MigrateArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    let url = &session.settings()?.database.url;
    if args.check && is_missing(url) {
        return Err(Failure::Refused(format!(
            "there is no database at {url} yet: run `railpoll migrate`"
        )));
    }
    let purpose = if args.check { OpenedFor::Look } else { OpenedFor::Create };
    let store = open(url, purpose).await?;
    let schema = if args.check { store.schema().await? } else { store.migrate().await? };
    store.close().await;
    tell(&url.to_string(), schema, args.check, out)
}

fn tell(url: &str, schema: Schema, check: bool, out: &mut Out) -> Result<(), Failure> {
    let Schema { found, own } = schema;
    let is_current = found == own;
    if out.is_json() {
        let now = if check { found } else { own };
        out.json(&keyed! { "database": url, "was": found, "is": now, "program": own })?;
    } else if is_current {
        out.line(format!("{url} has version {own}, as it should: nothing to do"))?;
    } else if !check {
        out.line(format!("{url} went from version {found} to {own}"))?;
    }
    if is_current || !check {
        return Ok(());
    }
    Err(Failure::Refused(if found > own {
        format!(
            "{url} has version {found}, newer than this program's {own}: upgrade railpoll on this host"
        )
    } else {
        format!("{url} has version {found} and this program needs {own}: run `railpoll migrate`")
    }))
}
