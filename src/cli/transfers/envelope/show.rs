//! What an envelope does, and whose signatures it lacks.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::ShowArgs;
use crate::actions::envelopes::{find, open};
use crate::cli::failure::Failure;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::table::{Column, Table};
use crate::engine::{EnvelopeStatus, readable, relative};
use crate::networks::stellar::{AccountSigner, EnvelopePlan, Missing, Planned, amount};
use crate::store;
use crate::views::EnvelopeJson;

pub(super) async fn show(session: &Session, args: &ShowArgs, out: &mut Out) -> Result<(), Failure> {
    let row = find(&session.look().await?, &args.id).await?;
    if args.xdr {
        return out.write(format!("{}\n", row.xdr).as_bytes());
    }
    let opened = open(session.settings()?, &row)?;
    // Whose signatures were missing once is of no interest once it was sent.
    let missing = if row.status == EnvelopeStatus::WaitingSignatures {
        Some(opened.authorities().await.map(|who| opened.envelope.missing(&who)))
    } else {
        None
    };
    if out.is_json() {
        return show_json(&row, &opened.plan, missing.transpose()?.as_deref(), out);
    }
    tell(&row, &opened.plan, session.now(), out)?;
    match missing {
        None => Ok(()),
        Some(Ok(missing)) => tell_missing(&missing, out),
        // What it does is worth knowing all the same.
        Some(Err(error)) => {
            out.line("")?;
            out.flush()?;
            Err(error.into())
        }
    }
}

#[derive(Debug, Serialize)]
struct OpenedJson<'a> {
    #[serde(flatten)]
    envelope: EnvelopeJson<'a>,
    payer: &'a str,
    memo_type: Option<&'static str>,
    memo: Option<String>,
    operations: Vec<OperationJson<'a>>,
    xdr: &'a str,
    missing: Option<Vec<MissingJson<'a>>>,
}

#[derive(Debug, Serialize)]
struct OperationJson<'a> {
    operation: &'static str,
    to: &'a str,
    asset_id: String,
    amount: String,
}

/// An account whose signatures are missing.
#[derive(Debug, Serialize)]
pub(super) struct MissingJson<'a> {
    account: &'a str,
    weight: u32,
    signers: Vec<SignerJson<'a>>,
}

#[derive(Debug, Serialize)]
struct SignerJson<'a> {
    key: &'a str,
    weight: u32,
}

fn show_json(
    row: &store::Envelope,
    plan: &EnvelopePlan,
    missing: Option<&[Missing]>,
    out: &mut Out,
) -> Result<(), Failure> {
    out.json(&OpenedJson {
        envelope: EnvelopeJson::from(row),
        payer: &plan.payer,
        memo_type: plan.memo.as_ref().map(|memo| memo.memo_type()),
        memo: plan.memo.as_ref().map(|memo| memo.text()),
        operations: plan.operations.iter().map(operation_json).collect(),
        xdr: &row.xdr,
        missing: missing.map(missing_json),
    })
}

fn operation_json(planned: &Planned) -> OperationJson<'_> {
    let (operation, to, asset_id, amount) = parts(planned);
    OperationJson { operation, to, asset_id, amount }
}

/// An operation as the signer reads it: what it is, to whom, of what, and how much.
fn parts(operation: &Planned) -> (&'static str, &str, String, String) {
    match operation {
        Planned::Pay { to, asset, amount } => {
            ("payment", to, asset.to_string(), amount.to_string())
        }
        Planned::CreateAccount { account, starting_balance } => {
            ("create_account", account, "native".to_owned(), starting_balance.to_string())
        }
        Planned::CreateClaimableBalance { claimant, asset, amount } => {
            ("create_claimable_balance", claimant, asset.to_string(), amount.to_string())
        }
    }
}

pub(super) fn missing_json(missing: &[Missing]) -> Vec<MissingJson<'_>> {
    missing
        .iter()
        .map(|one| MissingJson {
            account: &one.account,
            weight: one.weight,
            signers: one.signers.iter().map(signer_json).collect(),
        })
        .collect()
}

fn signer_json(signer: &AccountSigner) -> SignerJson<'_> {
    SignerJson { key: &signer.key, weight: signer.weight }
}

fn tell(
    row: &store::Envelope,
    plan: &EnvelopePlan,
    now: DateTime<Utc>,
    out: &mut Out,
) -> Result<(), Failure> {
    out.heading(&format!("Envelope {}", row.envelope_id))?;
    let mut table = Table::new(&[Column::left(""), Column::left("")]);
    let mut fact =
        |name: &str, value: String| table.row([format!("  {name}").into(), value.into()]);
    fact("network", row.network.clone());
    fact("status", row.status.to_string());
    fact("pays from", plan.payer.clone());
    fact("source", format!("{}, sequence {}", row.source_account, row.sequence));
    if let Some(memo) = &plan.memo {
        fact("memo", memo.to_string());
    }
    let fee = amount(row.fee).map_or_else(|| row.fee.to_string(), |fee| fee.to_string());
    fact("fee", format!("at most {fee} XLM"));
    fact("valid until", format!("{} ({})", readable(row.max_time), relative(row.max_time, now)));
    if let Some(result) = &row.result {
        fact("result", result.clone());
    }
    out.table(&table)?;
    out.line("")?;
    out.heading("Operations")?;
    let mut table = Table::new(&[
        Column::left("  OPERATION"),
        Column::right("AMOUNT"),
        Column::left("ASSET"),
        Column::left("TO"),
        Column::left("FOR"),
    ]);
    // Told from the envelope itself, for that is what is signed; our books tell only what it is for.
    for (position, operation) in plan.operations.iter().enumerate() {
        let (name, to, asset, amount) = parts(operation);
        let payment = row.payments.get(position);
        let purpose = payment.and_then(|one| match (&one.refund_id, &one.transfer_id) {
            (Some(refund), _) => Some(format!("refund {refund}")),
            (None, Some(transfer)) => Some(format!("transfer {transfer}")),
            (None, None) => None,
        });
        table.row([
            format!("  {name}").into(),
            amount.into(),
            asset.into(),
            to.into(),
            purpose.into(),
        ]);
    }
    out.table(&table)
}

pub(super) fn tell_missing(missing: &[Missing], out: &mut Out) -> Result<(), Failure> {
    out.line("")?;
    if missing.is_empty() {
        return out.line("no signature is missing: pending-deposits sends it in its next sweep");
    }
    out.heading("Signatures missing")?;
    let mut table =
        Table::new(&[Column::left("  FOR"), Column::left("WHO MAY SIGN"), Column::right("COUNTS")]);
    for one in missing {
        table.row([
            format!("  {}", one.account).into(),
            "".into(),
            format!("{} needed", one.weight).into(),
        ]);
        for signer in &one.signers {
            table.row(["".into(), signer.key.as_str().into(), signer.weight.to_string().into()]);
        }
    }
    out.table(&table)
}
