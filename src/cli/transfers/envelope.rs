//! `railpoll transfers envelope`: transactions of ours that wait for signatures of people.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::show::envelope_json;
use crate::cli::failure::Failure;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::table::{Column, Table};
use crate::cli::times::relative;
use crate::config::{self, NetworkKind, Settings};
use crate::engine::{Clock, EnvelopeStatus, Poller, iso};
use crate::networks::stellar::{
    Authority, Envelope, EnvelopeError, EnvelopePlan, Horizon, Keys, Missing, Planned, amount,
    authorities,
};
use crate::states::{horizon_client, stellar_settings_of};
use crate::store::{self, Store};

const SHOW_EXAMPLES: &str = "\
Examples:
  railpoll transfers envelope show t-1041              what is to be signed, and who has not signed
  railpoll transfers envelope show t-1041 --xdr        the envelope alone, for a wallet";

const SIGN_EXAMPLES: &str = "\
Examples:
  railpoll transfers envelope sign t-1041 --signed signed.xdr
  my-wallet sign \"$(railpoll transfers envelope show t-1041 --xdr)\" | railpoll transfers envelope sign t-1041 --signed -
  railpoll transfers envelope sign t-1041 --seeds ~/seed

The network is asked who may sign, so the envelope's Horizon must be reachable. With the last signature the poller
pending-deposits sends the envelope in its next sweep.";

/// A signed envelope is far shorter.
const SIGNED_MAX: u64 = 1024 * 1024;
/// More envelopes are not listed.
const LISTED_MAX: u32 = 1_000;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum EnvelopeCommand {
    /// List envelopes that wait for signatures
    List,
    /// Tell what an envelope does, and whose signatures are missing
    #[command(after_help = SHOW_EXAMPLES)]
    Show(ShowArgs),
    /// Add signatures to an envelope that waits for them
    #[command(after_help = SIGN_EXAMPLES)]
    Sign(SignArgs),
}

/// Which envelope to show.
#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// The envelope's hash, or the id of a transfer: then its newest envelope
    #[arg(value_name = "ENVELOPE")]
    id: String,
    /// Print nothing but the envelope, in base64
    #[arg(long)]
    xdr: bool,
}

/// Which envelope to sign, and with what.
#[derive(Debug, Args)]
pub(in crate::cli) struct SignArgs {
    /// The envelope's hash, or the id of a transfer: then its newest envelope
    #[arg(value_name = "ENVELOPE")]
    id: String,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct With {
    /// The same envelope, signed with any wallet: a file with its base64; - reads standard input
    #[arg(long, value_name = "FILE")]
    signed: Option<PathBuf>,
    /// A file with seeds S…, one in a line, that nobody else can read
    #[arg(long, value_name = "FILE")]
    seeds: Option<PathBuf>,
}

pub(super) async fn run(
    session: &Session,
    command: EnvelopeCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    match command {
        EnvelopeCommand::List => list(session, out).await,
        EnvelopeCommand::Show(args) => show(session, &args, out).await,
        EnvelopeCommand::Sign(args) => sign(session, &args, out).await,
    }
}

async fn list(session: &Session, out: &mut Out) -> Result<(), Failure> {
    let settings = session.settings()?;
    let store = session.store().await?;
    let is_stellar = |kind: &NetworkKind| match kind {
        NetworkKind::Stellar(_) => true,
        NetworkKind::RippleNet(_) => false,
    };
    let mut waiting = Vec::new();
    for network in settings.networks.values().filter(|network| is_stellar(&network.kind)) {
        let open =
            store.open_envelopes(&network.name, DateTime::<Utc>::MAX_UTC, LISTED_MAX).await?;
        let unsigned = |one: &store::Envelope| one.status == EnvelopeStatus::WaitingSignatures;
        waiting.extend(open.into_iter().filter(unsigned));
    }
    if out.is_json() {
        return waiting.iter().try_for_each(|row| out.json(&envelope_json(row)));
    }
    if waiting.is_empty() {
        return out.line("no envelope waits for signatures");
    }
    let mut table = Table::new(&[
        Column::left("ENVELOPE"),
        Column::left("ON"),
        Column::right("PAYMENTS"),
        Column::left("MADE"),
        Column::left("VALID"),
    ]);
    for row in &waiting {
        table.row([
            row.envelope_id.as_str().into(),
            row.network.as_str().into(),
            row.payments.len().to_string().into(),
            relative(row.created_at, session.now()).into(),
            format!("until {}", iso(row.max_time)).into(),
        ]);
    }
    out.table(&table)
}

/// The envelope with this hash, or else the newest of the transfer with this id.
async fn find(store: &Store, id: &str) -> Result<store::Envelope, Failure> {
    if let Some(envelope) = store.envelope(id).await? {
        return Ok(envelope);
    }
    let story = store.transfer_story(id).await?.ok_or_else(|| {
        Failure::Refused(format!(
            "there is no envelope and no transfer {id}; `railpoll transfers envelope list` shows what waits for \
             signatures"
        ))
    })?;
    // They are told in the order of their making, and only the newest can be open.
    story.envelopes.into_iter().next_back().ok_or_else(|| {
        Failure::Refused(format!(
            "there is no envelope for transfer {id}; `railpoll transfers explain {id}` tells what comes next"
        ))
    })
}

/// An envelope with what the network and the ledger's own form tell of it.
struct Opened {
    horizon: Horizon,
    envelope: Envelope,
    plan: EnvelopePlan,
}

fn open(settings: &Settings, row: &store::Envelope) -> Result<Opened, Failure> {
    let (network, own) = stellar_settings_of(settings, &row.network).map_err(Failure::Refused)?;
    let sender = settings.pollers.get(&Poller::PendingDeposits);
    let retry = sender.map(|poller| poller.retry).ok_or_else(|| {
        Failure::Defect("there are no settings of the poller pending-deposits".to_owned())
    })?;
    let horizon =
        horizon_client(network, own, retry, Clock::system(), |_| {}).map_err(Failure::Refused)?;
    let unreadable = |error: EnvelopeError| {
        Failure::Refused(format!("envelope {} cannot be read: {error}", row.envelope_id))
    };
    let envelope = Envelope::parse(&row.xdr, horizon.network_id()).map_err(unreadable)?;
    let plan = envelope.plan().map_err(unreadable)?;
    Ok(Opened { horizon, envelope, plan })
}

impl Opened {
    /// Who must sign, as the network has it now.
    async fn authorities(&self) -> Result<Vec<Authority>, Failure> {
        let account = async |id: &str| {
            let found = self.horizon.account(id).await.map_err(Failure::Network)?;
            found.ok_or_else(|| {
                Failure::Refused(format!("our account {id} does not exist on the network"))
            })
        };
        let source = account(&self.envelope.source()).await?;
        let payer = account(&self.plan.payer).await?;
        Ok(authorities(&source, &payer))
    }
}

async fn show(session: &Session, args: &ShowArgs, out: &mut Out) -> Result<(), Failure> {
    let row = find(&session.store().await?, &args.id).await?;
    if args.xdr {
        return out.write(format!("{}\n", row.xdr).as_bytes());
    }
    let opened = open(&session.settings()?, &row)?;
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
            Err(error)
        }
    }
}

fn show_json(
    row: &store::Envelope,
    plan: &EnvelopePlan,
    missing: Option<&[Missing]>,
    out: &mut Out,
) -> Result<(), Failure> {
    let mut object = envelope_json(row);
    object["payer"] = json!(plan.payer);
    object["memo_type"] = json!(plan.memo.as_ref().map(|memo| memo.memo_type()));
    object["memo"] = json!(plan.memo.as_ref().map(|memo| memo.text()));
    object["operations"] = plan.operations.iter().map(operation_json).collect();
    object["xdr"] = json!(row.xdr);
    object["missing"] = json!(missing.map(missing_json));
    out.json(&object)
}

fn operation_json(operation: &Planned) -> Value {
    let (name, to, asset, amount) = parts(operation);
    json!({ "operation": name, "to": to, "asset": asset, "amount": amount })
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

fn missing_json(missing: &[Missing]) -> Value {
    let signers = |one: &Missing| -> Value {
        let signers = one.signers.iter();
        signers.map(|signer| json!({ "key": signer.key, "weight": signer.weight })).collect()
    };
    missing
        .iter()
        .map(|one| json!({ "account": one.account, "weight": one.weight, "signers": signers(one) }))
        .collect()
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
    fact("valid until", format!("{} ({})", iso(row.max_time), relative(row.max_time, now)));
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

fn tell_missing(missing: &[Missing], out: &mut Out) -> Result<(), Failure> {
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

async fn sign(session: &Session, args: &SignArgs, out: &mut Out) -> Result<(), Failure> {
    let settings = session.settings()?;
    let store = session.store().await?;
    let row = find(&store, &args.id).await?;
    let id = &row.envelope_id;
    if row.status != EnvelopeStatus::WaitingSignatures {
        return Err(Failure::Refused(format!(
            "envelope {id} is {} and takes no signatures",
            row.status
        )));
    }
    if row.max_time <= session.now() {
        return Err(Failure::Refused(format!(
            "envelope {id} was valid until {}: pending-deposits makes another",
            iso(row.max_time)
        )));
    }
    let mut opened = open(&settings, &row)?;
    opened.horizon.check().await.map_err(Failure::Network)?;
    let authorities = opened.authorities().await?;
    let refused = |why: String| Failure::Refused(format!("envelope {id}: {why}"));
    let envelope = &mut opened.envelope;
    if let Some(file) = &args.with.signed {
        let text = text_of(file)?;
        let signed = Envelope::parse(&text, opened.horizon.network_id())
            .map_err(|error| refused(error.to_string()))?;
        envelope
            .take_signatures(&signed, &authorities)
            .map_err(|error| refused(error.to_string()))?;
    }
    if let Some(file) = &args.with.seeds {
        let secret = config::read_private(file).map_err(|error| refused(error.to_string()))?;
        let keys =
            Keys::parse(secret.expose_secret()).map_err(|error| refused(error.to_string()))?;
        envelope.sign(&keys, &authorities).map_err(|error| refused(error.to_string()))?;
    }
    let missing = envelope.missing(&authorities);
    let xdr = envelope.to_xdr_base64().map_err(|error| refused(error.to_string()))?;
    if xdr == row.xdr && !missing.is_empty() {
        return Err(refused(format!(
            "no signature that is missing was given; `railpoll transfers envelope show {id}` tells who may sign"
        )));
    }
    store.sign_envelope(id, &row.xdr, &xdr, missing.is_empty()).await?;
    if out.is_json() {
        let is_complete = missing.is_empty();
        return out.json(&json!({
            "envelope_id": id,
            "complete": is_complete,
            "missing": missing_json(&missing),
        }));
    }
    out.line(format!("signed envelope {id}"))?;
    tell_missing(&missing, out)
}

/// What stands in a file, or comes on standard input.
fn text_of(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().take(SIGNED_MAX).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(SIGNED_MAX).read_to_string(&mut text))
    };
    read.map_err(|error| Failure::Refused(format!("{} cannot be read: {error}", file.display())))?;
    Ok(text)
}
