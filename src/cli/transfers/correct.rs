//! `railpoll transfers correct`: somebody else is paid. The transfer waits for a person then, who may be another.

use clap::Args;

use super::{decide, find};
use crate::cli::decisions::expect_version;
use crate::cli::failure::Failure;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::WhyArgs;
use crate::engine::{Cause, Step, Transfer, TransferStatus, legal};

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
    let store = session.store().await?;
    let transfer = find(&store, &args.transfer_id).await?;
    let id = &transfer.transfer_id;
    expect_version("transfer", id, transfer.version, args.version)?;
    let step = step(&transfer, &args).map_err(Failure::Refused)?;
    let deed = args.why.deed();
    let steps = std::slice::from_ref(&step);
    if store.move_transfers(&deed, steps, &[], session.now()).await?.is_empty() {
        return Err(Failure::Refused(format!(
            "transfer {id} was moved by somebody else meanwhile: look again"
        )));
    }
    decide::tell(id, transfer.status, step.to, step.cause, out)
}

fn step<'a>(transfer: &'a Transfer, args: &CorrectArgs) -> Result<Step<'a>, String> {
    let id = &transfer.transfer_id;
    if let Some((network, payment)) = &transfer.payment {
        return Err(format!(
            "transfer {id} pays out payment {payment} of {network}, which was approved for its own beneficiary: decline \
             it, and let its sender send another"
        ));
    }
    let (to, cause) = (TransferStatus::OnHold, Cause::Corrected);
    if legal(transfer.kind, transfer.status, to, cause).is_err() {
        return Err(format!(
            "transfer {id} is a {} and {}: {}",
            transfer.kind,
            transfer.status,
            decide::possible(transfer)
        ));
    }
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    if transfer.beneficiary.as_deref().and_then(value) == value(&args.beneficiary) {
        return Err(format!("transfer {id} has this beneficiary already"));
    }
    let mut step = Step::new(transfer, to, cause).because(args.why.reason());
    step.changes.beneficiary = Some(args.beneficiary.clone());
    Ok(step)
}
