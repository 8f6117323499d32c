//! `railpoll transfers envelope`: transactions of ours that wait for signatures of people.

mod show;
mod sign;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use crate::cli::failure::Failure;
use crate::cli::lists::{ListFlags, Listed, counted, walk};
use crate::cli::names::{Kind, expect_place};
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::table::{Column, Table};
use crate::cli::who::WhyArgs;
use crate::config::NetworkKind;
use crate::engine::{EnvelopeStatus, readable, relative};
use crate::store::{self, WalkStep};

const SHOW_EXAMPLES: &str = "\
Examples:
  # what is to be signed, and who has not signed
  railpoll transfers envelope show t-1041
  # the envelope alone, for a wallet
  railpoll transfers envelope show t-1041 --xdr";

const SIGN_EXAMPLES: &str = "\
Examples:
  railpoll transfers envelope sign t-1041 \\
    --signed signed.xdr --reason 'checked'
  railpoll transfers envelope show t-1041 --xdr > unsigned
  my-wallet sign unsigned \\
    | railpoll transfers envelope sign t-1041 --signed - \\
    --reason 'checked'
  railpoll transfers envelope sign t-1041 --seeds ~/seed \\
    --by kim --reason 'checked'

The network is asked who may sign, so the envelope's Horizon must be reachable. With the last signature the poller pending-deposits sends the envelope in its next sweep.";

/// More envelopes are not listed.
const LISTED_MAX: u32 = 1_000;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum EnvelopeCommand {
    /// List envelopes that wait for signatures, oldest first
    List(ListArgs),
    /// Tell what an envelope does, and whose signatures are missing
    #[command(after_help = SHOW_EXAMPLES)]
    Show(ShowArgs),
    /// Add signatures to an envelope that waits for them
    #[command(after_help = SIGN_EXAMPLES)]
    Sign(SignArgs),
}

/// Which envelopes to list.
#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    /// Only of this network
    #[arg(long)]
    network: Option<String>,
    #[command(flatten)]
    flags: ListFlags,
    /// Only envelopes that come after this one in the list
    #[arg(long, value_name = "ENVELOPE")]
    after: Option<String>,
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
    #[command(flatten)]
    why: WhyArgs,
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
        EnvelopeCommand::List(args) => list(session, args, out).await,
        EnvelopeCommand::Show(args) => show::show(session, &args, out).await,
        EnvelopeCommand::Sign(args) => sign::sign(session, &args, out).await,
    }
}

async fn list(session: &Session, args: ListArgs, out: &mut Out) -> Result<(), Failure> {
    let ListArgs { network, flags, after } = args;
    let only_count = flags.begin(out)?;
    let settings = session.settings()?;
    let store = session.look().await?;
    expect_place(settings, &store, Kind::Network, network.as_deref()).await?;
    let (since, until) = (flags.since(session.now()), flags.until(session.now()));
    let is_stellar = |kind: &NetworkKind| match kind {
        NetworkKind::Stellar(_) => true,
        NetworkKind::RippleNet(_) | NetworkKind::Tari => false,
    };
    let mut waiting = Vec::new();
    for own in settings.networks.values().filter(|own| is_stellar(&own.kind)) {
        if network.as_ref().is_some_and(|network| *network != own.name) {
            continue;
        }
        let open = store.open_envelopes(&own.name, DateTime::<Utc>::MAX_UTC, LISTED_MAX).await?;
        waiting.extend(open.into_iter().filter(|one| {
            one.status == EnvelopeStatus::WaitingSignatures
                && since.is_none_or(|since| one.created_at >= since)
                && until.is_none_or(|until| one.created_at < until)
        }));
    }
    if only_count {
        let count = u64::try_from(waiting.len()).unwrap_or(u64::MAX);
        return counted::<store::Envelope>(count, out);
    }
    waiting.sort_by(|one, other| {
        (one.created_at, &one.envelope_id).cmp(&(other.created_at, &other.envelope_id))
    });
    if flags.newest {
        waiting.reverse();
    }
    let step = async |room: u32, place: Option<String>| {
        let behind = place.as_ref().or(after.as_ref());
        let behind = behind.and_then(|id| waiting.iter().position(|one| one.envelope_id == *id));
        let rest = behind.map_or(0, |at| at + 1);
        let end =
            waiting.len().min(rest.saturating_add(usize::try_from(room).unwrap_or(usize::MAX)));
        let rows: Vec<store::Envelope> = waiting.get(rest..end).unwrap_or_default().to_vec();
        let next = rows.last().filter(|_| end < waiting.len()).map(|row| row.envelope_id.clone());
        Ok(WalkStep { rows, looked_at: 0, next })
    };
    walk(session, &flags, out, "no envelope waits for signatures", step, Clone::clone).await
}

impl Listed for store::Envelope {
    const NAME: &'static str = "envelopes";

    fn table(rows: &[Self], now: DateTime<Utc>) -> Table {
        let mut table = Table::new(&[
            Column::left("ENVELOPE"),
            Column::left("NETWORK"),
            Column::right("PAYMENTS"),
            Column::left("MADE"),
            Column::left("VALID UNTIL"),
        ]);
        for row in rows {
            table.row([
                row.envelope_id.as_str().into(),
                row.network.as_str().into(),
                row.payments.len().to_string().into(),
                relative(row.created_at, now).into(),
                readable(row.max_time).into(),
            ]);
        }
        table
    }
}
