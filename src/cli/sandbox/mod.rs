//! `railpoll sandbox`: a simulated network on loopback, to try a set-up against; and its customers.

mod pay;
mod rails;
mod section;
mod stellar;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use clap::{Args, Subcommand};
use serde_json::json;

use super::failure::Failure;
use super::output::Out;
use super::session::Session;
use crate::daemon::Signals;
use railpoll_sandbox::{FaultRates, Partner, PaymentSpec, Quirks, Role, Sandbox, SandboxOptions};
use rails::RailTrials;
pub(super) use section::{path, section};
use stellar::StellarTrial;

/// What the network is like.
#[derive(Debug, Args)]
#[command(after_help = "\
It listens on 127.0.0.1 only, keeps everything in memory, and checks every request strictly: what a client does wrong is listed at the end. Stop it with Ctrl-C.

Examples:
  # 600 payments a minute, no faults
  railpoll sandbox
  # a list to read, in which nothing happens
  railpoll sandbox --payments 10000 --arrivals 0
  # a Stellar network beside it, on port 8651
  railpoll sandbox --horizon
  # a bank and a Taler wire gateway, on 8652 and 8653
  railpoll sandbox --bank --wire-gateway
  # all of it, and a config in which every poller runs
  railpoll sandbox --everything --write-config trial
  # 5 % of requests meet an error, a cut or a slow answer
  railpoll sandbox --faults 50")]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct SandboxArgs {
    #[command(subcommand)]
    command: Option<SandboxCommand>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum SandboxCommand {
    /// Pay as a customer: on the simulated ledger, or into the simulated bank
    #[command(after_help = pay::EXAMPLES)]
    Pay(pay::PayArgs),
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 8650)]
    port: u16,
    /// Payments that are there from the start, in ACCEPTED
    #[arg(long, default_value_t = 100)]
    payments: usize,
    /// New payments a minute
    #[arg(long, default_value_t = 600)]
    arrivals: u32,
    /// Requests per 1000 that meet a fault, of each of five kinds a fifth
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=900))]
    faults: u32,
    /// Seconds until a token expires
    #[arg(long, default_value_t = 300)]
    token_seconds: u64,
    /// Our node's part in the payments
    #[arg(long, default_value = "receiving", value_parser = ["receiving", "sending"])]
    role: String,
    /// Ids, amounts, delays and faults follow from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes a config file that fits, with its secret beside it, into this folder
    #[arg(long, value_name = "DIR")]
    write_config: Option<PathBuf>,
    /// Serves a Stellar network, a bank and a Taler wire gateway too, on their usual ports
    #[arg(long)]
    everything: bool,
    /// Serves a Stellar network too, its Horizon on this port; 0 takes a free one
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "8651")]
    horizon: Option<u16>,
    /// Serves a bank too that speaks the http contract for rails, on this port; 0 takes a free one
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "8652")]
    bank: Option<u16>,
    /// Serves a Taler wire gateway too, on this port; 0 takes a free one
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "8653")]
    wire_gateway: Option<u16>,
}

pub(super) async fn run(
    session: &Session,
    args: SandboxArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    match args.command {
        Some(SandboxCommand::Pay(pay)) => pay::run(session, &pay, out).await,
        None => serve(args.serve, out).await,
    }
}

async fn serve(args: ServeArgs, out: &mut Out) -> Result<(), Failure> {
    if let Some(folder) = &args.write_config {
        refuse_old(folder)?;
    }
    let mut signals = Signals::of_process()
        .map_err(|error| Failure::Defect(format!("signals cannot be caught: {error}")))?;
    let role = if args.role == "sending" { Role::Sending } else { Role::Receiving };
    let arrivals =
        PaymentSpec { role, expires_in: TimeDelta::minutes(5), ..PaymentSpec::default() };
    let options = SandboxOptions {
        port: args.port,
        seed: args.seed,
        token_lifetime: Duration::from_secs(args.token_seconds),
        faults: faults(args.faults),
        quirks: Quirks {
            late: args.faults / 5,
            late_for: Duration::from_secs(2),
            ..Quirks::default()
        },
        partner: Some(Partner {
            arrivals_per_minute: args.arrivals,
            arrivals: arrivals.clone(),
            ..Partner::default()
        }),
        partner_every: Some(Duration::from_millis(100)),
        ..SandboxOptions::default()
    };
    let sandbox = Sandbox::start(options).await.map_err(|error| {
        Failure::Refused(format!("port {} cannot be listened on: {error}", args.port))
    })?;
    sandbox.add_payments(args.payments, &arrivals);
    // Whoever takes any port for one takes any for all.
    let usual = |usual| if args.port == 0 { 0 } else { usual };
    let beside = |port: Option<u16>, own| port.or(args.everything.then(|| usual(own)));
    let stellar = match beside(args.horizon, HORIZON_PORT) {
        Some(port) => Some(StellarTrial::start(port, args.seed, args.faults).await?),
        None => None,
    };
    let (bank, gateway) = (beside(args.bank, BANK_PORT), beside(args.wire_gateway, GATEWAY_PORT));
    let rails = RailTrials::start(bank, gateway, args.seed, args.faults).await?;
    match &args.write_config {
        Some(folder) => {
            let file = write_config(&sandbox, folder, &args.role)?;
            if let Some(stellar) = &stellar {
                stellar.write_config(&file)?;
            }
            rails.write_config(&file)?;
            if let (Some(stellar), true) = (&stellar, bank.is_some()) {
                stellar.write_asset(&file)?;
            }
            out.line(format!("wrote {}", file.display()))?;
        }
        None => {
            for line in network_section(&sandbox, &args.role, Path::new("secret")).lines() {
                out.line(line)?;
            }
            out.line(format!("# secret holds {}", sandbox.client_secret()))?;
        }
    }
    if let Some(stellar) = &stellar {
        stellar.tell(args.write_config.is_none(), out)?;
    }
    rails.tell(args.write_config.is_none(), out)?;
    out.line(format!("a simulated RippleNet is at {}", sandbox.base_url()))?;
    out.flush()?;
    signals.stopping().await;
    tell_end(&sandbox, stellar.as_ref(), &rails, out)
}

/// A database of an earlier network knows payments that this one has never heard of.
fn refuse_old(folder: &Path) -> Result<(), Failure> {
    let database = folder.join(DATABASE);
    if !database.exists() {
        return Ok(());
    }
    let database = database.display();
    Err(Failure::Refused(format!(
        "{database} belongs to an earlier sandbox, whose payments this one does not know: take another folder, or remove \
         it with `rm {database}*`"
    )))
}

/// A fifth of `per_mille` for each kind of fault.
pub(super) fn faults(per_mille: u32) -> FaultRates {
    let each = per_mille / 5;
    FaultRates {
        status_500: each,
        status_429: each,
        retry_after: 1,
        cut_before: each,
        cut_after: each,
        slow: each,
        slow_for: Duration::from_millis(500),
        ..FaultRates::default()
    }
}

/// The config of this network, with its secret in this file.
fn network_section(sandbox: &Sandbox, role: &str, secret: &Path) -> String {
    section(
        "networks.sandbox",
        [
            ("kind", json!("ripplenet")),
            ("base_url", json!(sandbox.base_url())),
            ("token_url", json!(sandbox.token_url())),
            ("audience", json!(sandbox.audience())),
            ("client_id", json!(sandbox.client_id())),
            ("client_secret_file", path(secret)),
            ("connector_role", json!(role)),
        ],
    )
}

/// Writes `railpoll.toml` and the secret that it names into `folder`.
pub(super) fn write_config(
    sandbox: &Sandbox,
    folder: &Path,
    role: &str,
) -> Result<PathBuf, Failure> {
    let failed = |what: &Path, error: std::io::Error| {
        Failure::Refused(format!("{} cannot be written: {error}", what.display()))
    };
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let folder = folder.canonicalize().map_err(|error| failed(folder, error))?;
    let secret = folder.join("secret");
    write_secret(&secret, sandbox.client_secret()).map_err(|error| failed(&secret, error))?;
    let file = folder.join("railpoll.toml");
    let database = json!(format!("sqlite:{}", folder.join(DATABASE).display()));
    let database = section("database", [("url", database)]);
    let text = format!("{database}\n{}\n{POLLERS}", network_section(sandbox, role, &secret));
    fs::write(&file, text).map_err(|error| failed(&file, error))?;
    Ok(file)
}

/// The database that the config names, in the config's folder.
const DATABASE: &str = "railpoll.db";
/// Where the others are, unless another port is asked for.
const HORIZON_PORT: u16 = 8651;
const BANK_PORT: u16 = 8652;
const GATEWAY_PORT: u16 = 8653;

const POLLERS: &str = "\
[defaults.poller]
enabled = true
initial_delay = \"0s\"
fixed_delay = \"1s\"
overlap = \"5s\"
[defaults.poller.review]
mode = \"automatic\"
require_user_info = [\"/Cdtr/Nm\", \"/CdtrAcct/Id\"]
";

/// Writes a file that only its owner may read.
pub(super) fn write_secret(path: &Path, secret: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(secret.as_bytes())
}

/// Adds sections to a config file.
fn append(file: &Path, sections: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let written = fs::OpenOptions::new()
        .append(true)
        .open(file)
        .and_then(|mut open| write!(open, "\n{sections}"));
    written
        .map_err(|error| Failure::Refused(format!("{} cannot be written: {error}", file.display())))
}

fn tell_end(
    sandbox: &Sandbox,
    stellar: Option<&StellarTrial>,
    rails: &RailTrials,
    out: &mut Out,
) -> Result<(), Failure> {
    let summary = sandbox.summary();
    out.line(format!("{} requests, {} tokens", summary.requests, summary.tokens))?;
    for (state, payments) in &summary.payments {
        out.line(format!("{state:>20}  {payments}"))?;
    }
    let mut violations = sandbox.violations();
    if let Some(stellar) = stellar {
        violations.extend(stellar.tell_end(out)?);
    }
    violations.extend(rails.tell_end(out)?);
    for violation in violations.iter().take(20) {
        out.line(format!("violation: {violation}"))?;
    }
    if violations.is_empty() {
        return out.line("every request was as it should be");
    }
    Err(Failure::Refused(format!("{} requests were not as they should be", violations.len())))
}
