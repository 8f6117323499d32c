//! `railpoll demo`: payments through their whole life, at a network that misbehaves, judged by its own books.

mod judge;
mod show;
mod transfers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;
use tokio::time::{Instant, interval};
use uuid::Uuid;

use super::failure::Failure;
use super::output::Out;
use super::sandbox::write_config;
use crate::config::Sources;
use crate::daemon::{self, Host, Output, RunMode, Signals, Wishes, start_logging_to};
use crate::engine::{Clock, PaymentState, Poller};
use crate::jobs::make_of;
use crate::store::{Scope, Store, TransferCount};
use railpoll_sandbox::{
    FaultRates, Partner, PaymentSpec, Quirks, Sandbox, SandboxOptions, UserInfo,
};

use judge::judge;
use show::{Progress, Scene};
use transfers::Transfers;

/// If nothing changes for so long, it has come to a standstill. What is slow is not.
const STANDSTILL: Duration = Duration::from_secs(120);

/// How much of a demo.
#[derive(Debug, Args)]
#[command(after_help = "\
It needs nothing: no network, no database server, no configuration. It starts a simulated RippleNet, a bank and a Stellar network on loopback ports, which answer some requests with errors, cut connections after they have done what was asked, and show changes late; then every poller on an SQLite database. At the end it compares the database with the books of the three, unit by unit, and exits with 70 if a figure is wrong. The folder that it names stays, for you to look around in.")]
pub(crate) struct DemoArgs {
    /// Payments that are offered to us
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    payments: u32,
    /// Deposits, and as many withdrawals, between a bank and a Stellar network; 0: none
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    transfers: u32,
    /// Where the database, the config and the log go [default: a new folder for temporary files]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Ids, amounts, delays and faults follow from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// All that the demo plays with.
struct Stage {
    sandbox: Sandbox,
    /// The payments.
    offered: Vec<Uuid>,
    transfers: Option<Transfers>,
    store: Store,
}

/// How the wait for the end ended.
#[derive(Debug, PartialEq, Eq)]
enum Waited {
    /// All is as it must be.
    Over,
    /// Nothing changes any more.
    Standstill,
    /// A person had enough.
    Stopped,
}

pub(super) async fn run(args: DemoArgs, out: &mut Out) -> Result<(), Failure> {
    let mut signals = Signals::of_process()
        .map_err(|error| Failure::Defect(format!("signals cannot be caught: {error}")))?;
    let folder = folder(args.folder.clone())?;
    let log = folder.join("railpoll.log");
    start_logging_to(&log).map_err(|error| {
        Failure::Refused(format!("{} cannot be written: {error}", log.display()))
    })?;
    let (mut stage, config) = set_up(&args, &folder).await?;
    tell_places(&stage, &folder, out)?;

    let started = Instant::now();
    let (wishes, heard) = Wishes::new();
    let pollers = if stage.transfers.is_some() { &Poller::ALL[..] } else { &Poller::PAYMENTS[..] };
    let host = Host {
        pollers: pollers.iter().map(|poller| (*poller, make_of(*poller))).collect(),
        stage: None,
        sources: sources(&config),
        mode: RunMode::Loop,
        output: Output::Silent,
        clock: Clock::system(),
    };
    let watching = async {
        let progress = Progress::new(u64::from(args.payments), stage.transfers.as_ref());
        let waited = tokio::select! {
            waited = watch(&mut stage, &progress) => waited,
            () = signals.stopping() => Ok(Waited::Stopped),
        };
        progress.end();
        wishes.stop();
        waited
    };
    let (exit, waited) = tokio::join!(host.run(heard), watching);
    if exit != daemon::Exit::Done {
        return Err(Failure::Defect(format!("the pollers ended early: see {}", log.display())));
    }
    if waited? == Waited::Stopped {
        return Err(Failure::Refused("the demo was stopped".to_owned()));
    }
    // After a standstill too: the figures tell what is wrong.
    let Stage { sandbox, offered, transfers, store } = &stage;
    let verdict = judge(sandbox, offered, store).await?;
    let audit = match transfers {
        Some(transfers) => Some(transfers.audit(store).await?),
        None => None,
    };
    store.clone().close().await;
    let scene = Scene {
        sandbox,
        verdict: &verdict,
        transfers: transfers.as_ref().zip(audit.as_ref()),
        took: started.elapsed(),
        config: &config,
    };
    scene.summary(out)?;
    if verdict.is_good() && audit.is_none_or(|audit| audit.is_good()) {
        Ok(())
    } else {
        Err(Failure::Defect(format!("the demo's figures are wrong: see {}", log.display())))
    }
}

/// Starts all but the pollers. The config's file is the other part.
async fn set_up(args: &DemoArgs, folder: &Path) -> Result<(Stage, PathBuf), Failure> {
    let sandbox = start_sandbox(args.seed).await?;
    let config = write_config(&sandbox, folder, "receiving")?;
    let store = Store::create(&format!("sqlite:{}", folder.join("railpoll.db").display())).await?;
    store.migrate().await?;
    let transfers = if args.transfers == 0 {
        None
    } else {
        let transfers = Transfers::start(args.transfers, args.seed).await?;
        transfers.write_config(&config)?;
        transfers.create(&store, Clock::system().now()).await?;
        Some(transfers)
    };
    let payments = usize::try_from(args.payments).unwrap_or(usize::MAX);
    let offered = offer(&sandbox, payments);
    Ok((Stage { sandbox, offered, transfers, store }, config))
}

fn tell_places(stage: &Stage, folder: &Path, out: &mut Out) -> Result<(), Failure> {
    out.line(format!("A simulated RippleNet is at {}", stage.sandbox.base_url()))?;
    if let Some(transfers) = &stage.transfers {
        let (bank, horizon) = transfers.addresses();
        out.line(format!("A simulated bank is at {bank}, and a Stellar network at {horizon}"))?;
    }
    out.line(format!("Database, config and log are in {}", folder.display()))?;
    out.line("")?;
    out.flush()
}

fn folder(asked: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let folder = asked.unwrap_or_else(|| {
        std::env::temp_dir().join(format!("railpoll-demo-{}", std::process::id()))
    });
    let failed = |error| Failure::Refused(format!("{} cannot be made: {error}", folder.display()));
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let folder = folder.canonicalize().map_err(failed)?;
    if folder.join("railpoll.db").exists() {
        return Err(Failure::Refused(format!(
            "{} holds the database of another demo: name another folder, or remove it",
            folder.display()
        )));
    }
    Ok(folder)
}

async fn start_sandbox(seed: u64) -> Result<Sandbox, Failure> {
    let options = SandboxOptions {
        seed,
        token_lifetime: Duration::from_secs(3),
        faults: FaultRates {
            status_500: 20,
            status_502: 10,
            status_429: 2,
            retry_after: 1,
            cut_before: 10,
            cut_after: 20,
            truncated: 10,
            ..FaultRates::default()
        },
        quirks: Quirks { late: 50, late_for: Duration::from_secs(2), ..Quirks::default() },
        partner: Some(Partner {
            delay: (Duration::from_millis(100), Duration::from_millis(1500)),
            sub_states: 100,
            returns: 20,
            ..Partner::default()
        }),
        partner_every: Some(Duration::from_millis(20)),
        ..SandboxOptions::default()
    };
    Sandbox::start(options)
        .await
        .map_err(|error| Failure::Refused(format!("no loopback port can be had: {error}")))
}

/// Most payments are as they should be; some lack the beneficiary's name, and some are about to expire.
fn offer(sandbox: &Sandbox, payments: usize) -> Vec<Uuid> {
    let (poor, late) = (payments / 20, payments / 50);
    let good = PaymentSpec { expires_in: TimeDelta::minutes(10), ..PaymentSpec::default() };
    let mut offered = sandbox.add_payments(payments - poor - late, &good);
    let poor_ones = PaymentSpec { user_info: UserInfo::WithoutCreditorName, ..good.clone() };
    offered.extend(sandbox.add_payments(poor, &poor_ones));
    let late_ones = PaymentSpec { expires_in: TimeDelta::seconds(4), ..good };
    offered.extend(sandbox.add_payments(late, &late_ones));
    offered
}

/// What a user would give on the command line: the config, and quicker than anybody needs it.
fn sources(config: &Path) -> Sources {
    let set = [
        "defaults.poller.fixed_delay=300ms",
        "defaults.poller.overlap=3s",
        "defaults.poller.retry.max_interval=100ms",
        "defaults.poller.review.on_decline=fail",
        "networks.sandbox.requests_per_second=2000",
        "networks.sandbox.timeout=2s",
    ];
    Sources {
        files: vec![config.to_owned()],
        set: set.map(str::to_owned).to_vec(),
        ..Sources::default()
    }
}

/// Waits until every payment and every transfer is over, at both sides and in our database.
async fn watch(stage: &mut Stage, progress: &Progress) -> Result<Waited, Failure> {
    let mut last = (Vec::new(), Vec::new());
    let mut changed_at = Instant::now();
    let mut looks = interval(Duration::from_millis(200));
    loop {
        looks.tick().await;
        if let Some(transfers) = &mut stage.transfers {
            transfers.take_turn()?;
        }
        let (payments, transfers) = counts(stage).await?;
        progress.show(&payments, &transfers);
        if agrees(&stage.sandbox, &stage.offered, &payments)
            && every_operation_has_ended(&stage.store).await?
            && are_over(stage, &transfers).await?
        {
            return Ok(Waited::Over);
        }
        let now = (payments, transfers);
        if now != last {
            last = now;
            changed_at = Instant::now();
        } else if changed_at.elapsed() > STANDSTILL {
            return Ok(Waited::Standstill);
        }
    }
}

/// An operation whose answer was lost is looked up a while after its payment has come to its end.
async fn every_operation_has_ended(store: &Store) -> Result<bool, Failure> {
    let scope = Scope { poller: Poller::Completed, network: NETWORK.to_owned() };
    // Also those that are put off: no pause is as long.
    let later = Clock::system().now() + TimeDelta::days(1);
    Ok(store.open_intents_in(&scope, &ENDS, later, 1).await?.is_empty())
}

/// How many payments are in each state, and how many transfers in each status.
async fn counts(stage: &Stage) -> Result<(Vec<(String, u64)>, Vec<TransferCount>), Failure> {
    let payments = stage.store.counts(NETWORK).await?;
    Ok((payments, stage.store.transfer_counts().await?))
}

async fn are_over(stage: &Stage, counts: &[TransferCount]) -> Result<bool, Failure> {
    match &stage.transfers {
        Some(transfers) => transfers.are_over(counts, &stage.store).await,
        None => Ok(true),
    }
}

/// The name of the network in the config that the sandbox writes.
const NETWORK: &str = "sandbox";

/// Where a payment's life ends.
const ENDS: [PaymentState; 3] =
    [PaymentState::Completed, PaymentState::Failed, PaymentState::Returned];

fn is_end(state: &str) -> bool {
    ENDS.iter().any(|end| end.as_str() == state)
}

/// Whether all that was offered is over at the network for good, and we have as many in each state.
fn agrees(sandbox: &Sandbox, offered: &[Uuid], counts: &[(String, u64)]) -> bool {
    // Asked first: what is carried out between this and the look at the states would be in neither.
    if sandbox.partner_has_plans(offered) {
        return false;
    }
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    for id in offered {
        let state = sandbox.state_of(*id).map(|state| state.to_string()).unwrap_or_default();
        *states.entry(state).or_default() += 1;
    }
    let ours = |state: &str| counts.iter().find(|(ours, _)| ours == state).map(|(_, n)| *n);
    states.iter().all(|(state, payments)| is_end(state) && ours(state) == Some(*payments))
}
