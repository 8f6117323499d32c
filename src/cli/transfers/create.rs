//! `railpoll transfers create`.

use clap::Args;

use crate::actions::reading::Fields;
use crate::actions::transfers::new::read;
use crate::cli::failure::Failure;
use crate::cli::known;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::ByArgs;
use crate::engine::{Memo, Protocol, TransferKind, TransferStatus, keyed};

pub(super) const EXAMPLES: &str = "\
Examples:
  railpoll transfers create --kind deposit --asset usdc \\
    --amount-expected 100 --subject 'RP 1041' --to G…
  railpoll transfers create --kind withdrawal --asset usdc \\
    --memo-type id --memo 1041 --beneficiary '{\"iban\": \"…\"}'

What is left out comes from the asset's section in the configuration: rail, currency, network, account.";

/// The new transfer.
#[derive(Debug, Args)]
pub(in crate::cli) struct CreateArgs {
    /// Its id [default: a new UUID]
    #[arg(long = "id", value_name = "ID")]
    transfer_id: Option<String>,
    /// Which way the money goes
    #[arg(long, value_parser = known::kind())]
    kind: TransferKind,
    /// How it was agreed: sep6, sep24, sep31
    #[arg(long)]
    protocol: Option<Protocol>,
    /// Where it begins [default: it waits for its money]
    #[arg(long, value_parser = known::status())]
    status: Option<TransferStatus>,
    /// The configured asset [default: the only one]
    #[arg(long)]
    asset: Option<String>,
    /// The configured rail [default: the asset's]
    #[arg(long)]
    rail: Option<String>,
    /// What is to come in
    #[arg(long, value_name = "AMOUNT")]
    amount_expected: Option<String>,
    /// What came in already
    #[arg(long, value_name = "AMOUNT")]
    amount_in: Option<String>,
    /// What goes out
    #[arg(long, value_name = "AMOUNT")]
    amount_out: Option<String>,
    /// What we keep
    #[arg(long, value_name = "AMOUNT")]
    amount_fee: Option<String>,
    /// Who pays in
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// Deposit: the address on the network that is paid, G… or M…
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// The memo's type
    #[arg(long, value_name = "TYPE", value_parser = Memo::TYPES)]
    memo_type: Option<String>,
    /// Deposit: the memo to attach. Else: what the payer must attach
    #[arg(long)]
    memo: Option<String>,
    /// Who is paid on the rail, as JSON
    #[arg(long, value_name = "JSON")]
    beneficiary: Option<String>,
    /// What the deposit on the rail carries, or the payout is to carry
    #[arg(long, value_name = "TEXT")]
    subject: Option<String>,
    /// What has not come by then does not come: a date or a time
    #[arg(long, value_name = "TIME")]
    deadline: Option<String>,
    #[command(flatten)]
    by: ByArgs,
}

impl CreateArgs {
    fn fields(self) -> Fields {
        let id = self.transfer_id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        let given = [
            ("transfer_id", Some(id)),
            ("kind", Some(self.kind.as_str().to_owned())),
            ("protocol", self.protocol.map(|protocol| protocol.as_str().to_owned())),
            ("status", self.status.map(|status| status.as_str().to_owned())),
            ("asset", self.asset),
            ("rail", self.rail),
            ("amount_expected", self.amount_expected),
            ("amount_in", self.amount_in),
            ("amount_out", self.amount_out),
            ("amount_fee", self.amount_fee),
            ("from", self.from),
            ("to", self.to),
            ("memo_type", self.memo_type),
            ("memo", self.memo),
            ("beneficiary", self.beneficiary),
            ("subject", self.subject),
            ("deadline", self.deadline),
        ];
        given.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?))).collect()
    }
}

pub(super) async fn run(session: &Session, args: CreateArgs, out: &mut Out) -> Result<(), Failure> {
    let settings = session.settings()?;
    let refused = |faults: &[String]| {
        Failure::Refused(format!("the transfer is not created:\n  {}", faults.join("\n  ")))
    };
    let deed = args.by.deed();
    let new = read(&args.fields(), settings).map_err(|faults| refused(&faults))?;
    let store = session.store().await?;
    let bad = store.create_transfers(&deed, std::slice::from_ref(&new), session.now()).await?;
    if let Some(bad) = bad.first() {
        return Err(refused(&bad.faults));
    }
    if out.is_json() {
        return out.json(&keyed! { "transfer_id": new.transfer_id, "status": new.status.as_str() });
    }
    out.line(format!("created {} {}: it is {}", new.kind, new.transfer_id, new.status))
}
