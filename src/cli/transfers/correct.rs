//! `railpoll transfers correct`: somebody else is paid. The transfer waits for a person then, who may be another.

use clap::Args;

use super::decide;
use crate::actions::Actions;
use crate::cli::failure::Failure;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::WhyArgs;

pub(super) const EXAMPLES: &str = "\
Examples:
  railpoll transfers correct t-1041 \\
    --beneficiary '{\"iban\": \"DE02…\"}' \\
    --reason 'the old account is closed'
  railpoll transfers release t-1041 --reason 'called back'

The transfer is on hold then, until it is released. Both beneficiaries are on record: `railpoll audit list`.";

/// Which transfer, and who is paid.
#[derive(Debug, Args)]
pub(in crate::cli) struct CorrectArgs {
    /// The transfer's id
    #[arg(value_name = "TRANSFER")]
    transfer_id: String,
    /// Whom the rail pays, as JSON
    #[arg(long, value_name = "JSON", value_parser = decide::json_text)]
    beneficiary: String,
    /// Only if this is its version still, as `transfers show` tells it: what you saw is what you decide on
    #[arg(long, value_name = "N")]
    version: Option<i64>,
    #[command(flatten)]
    why: WhyArgs,
}

pub(super) async fn run(
    session: &Session,
    args: CorrectArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    let (settings, store) = (session.settings()?, session.store().await?);
    let actions = Actions { store: &store, settings, now: session.now() };
    let CorrectArgs { transfer_id: id, beneficiary, version, why } = &args;
    let (reason, deed) = (why.reason(), why.deed());
    decide::tell(&actions.correct_transfer(id, *version, beneficiary, reason, &deed).await?, out)
}
