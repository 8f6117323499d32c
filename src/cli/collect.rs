//! `railpoll backfill`, `railpoll reconcile`: reading a network again, because a person wants it. The pollers may run
//! meanwhile: what both read is stored once.

use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;

use super::failure::Failure;
use super::known;
use super::names::{Kind, expect_place};
use super::output::Out;
use super::session::Session;
use super::times::Moment;
use super::who::ByArgs;
use crate::collect::{Collected, Outcome, Reconciled};
use crate::config::{self, Settings};
use crate::daemon::Signals;
use crate::engine::{Action, Clock, Poller, keyed};
use crate::jobs::{Job as _, Note, Sweep, SweepError, Sweeper};
use crate::store::{Deed, Scope, Store};

/// Which lists to read.
#[derive(Debug, Args)]
pub(super) struct Lists {
    /// The poller whose states are read
    #[arg(value_parser = known::poller())]
    poller: Poller,
    /// Only this network [default: every network of the poller]
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    #[command(flatten)]
    by: ByArgs,
}

/// What to read again.
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is acted on. What is known is passed over, so that it may be repeated.

Example:
  railpoll backfill completed --from 30d")]
pub(super) struct BackfillArgs {
    #[command(flatten)]
    lists: Lists,
    /// Payments that the network has changed since then: a date, a time, or a time back such as 30d
    #[arg(long, value_name = "TIME")]
    from: Moment,
}

/// What to compare.
#[derive(Debug, Args)]
#[command(after_help = "\
Every payment of the list is compared, row by row. Payments that are missing here are stored; those that have left the list are asked for one by one.

Example:
  railpoll reconcile accepted")]
pub(super) struct ReconcileArgs {
    #[command(flatten)]
    lists: Lists,
}

/// A sweeper for each list, and what they need.
struct Reading {
    store: Store,
    signals: Signals,
    sweepers: Vec<Sweeper>,
    deed: Deed,
    action: Action,
}

pub(super) async fn backfill(
    session: &Session,
    args: BackfillArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    let from = args.from.before(session.now());
    let reading = Reading::new(session, &args.lists, Action::ListBackfill).await?;
    let told = reading
        .each(out, async |sweep, scope, out| {
            let collected = sweep.backfill(from).await?;
            tell_backfill(scope, &collected, out)
        })
        .await;
    reading.store.close().await;
    told
}

pub(super) async fn reconcile(
    session: &Session,
    args: ReconcileArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    let reading = Reading::new(session, &args.lists, Action::ListReconcile).await?;
    let told = reading
        .each(out, async |sweep, scope, out| {
            let reconciled = sweep.reconcile().await?;
            tell_reconcile(scope, &reconciled, out)
        })
        .await;
    reading.store.close().await;
    told
}

impl Reading {
    async fn new(session: &Session, lists: &Lists, action: Action) -> Result<Self, Failure> {
        let store = session.store().await?;
        let wanted = lists.network.as_deref();
        expect_place(session.settings()?, &store, Kind::Network, wanted).await?;
        let settings = config::load(session.sources())?;
        let signals = Signals::of_process()
            .map_err(|error| Failure::Defect(format!("signals cannot be caught: {error}")))?;
        let sweepers = sweepers(&settings, &store, lists)?;
        Ok(Self { store, signals, sweepers, deed: lists.by.deed(), action })
    }

    /// Reads one list after the other, until told to stop.
    async fn each(
        &self,
        out: &mut Out,
        read: impl AsyncFn(&Sweep<'_>, &Scope, &mut Out) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let stop = || self.signals.is_stopping();
        for sweeper in self.sweepers.iter().take_while(|_| !stop()) {
            let scope = &sweeper.desk().scope;
            // Whatever comes of it: from here on it is read in somebody's name.
            let now = Clock::system().now();
            self.store.note_reading(&self.deed, self.action, scope, now).await?;
            let bar = ProgressBar::new_spinner().with_message(format!("reading {}", scope.network));
            bar.enable_steady_tick(Duration::from_millis(200));
            let observer = |note: Note| {
                if note == Note::Progress {
                    bar.inc(1);
                    bar.set_message(format!("{} pages of {}", bar.position(), scope.network));
                }
            };
            let told = read(&sweeper.begin(&stop, &observer), scope, out).await;
            bar.finish_and_clear();
            told?;
        }
        Ok(())
    }
}

fn sweepers(settings: &Settings, store: &Store, lists: &Lists) -> Result<Vec<Sweeper>, Failure> {
    let poller = lists.poller;
    let Some(own) = settings.pollers.get(&poller) else { return Ok(Vec::new()) };
    let wanted = |name: &&String| lists.network.as_ref().is_none_or(|wanted| wanted == *name);
    let mut sweepers = Vec::new();
    let networks = own.payments().map_or(&[][..], |own| &own.networks);
    for name in networks.iter().filter(wanted) {
        let Some(network) = settings.networks.get(name) else { continue };
        let scope = Scope { poller, network: name.clone() };
        let sweeper = Sweeper::new(store.clone(), scope, own, network, Clock::system(), |_| {});
        sweepers.push(sweeper.map_err(Failure::Refused)?);
    }
    if sweepers.is_empty() {
        let which = lists.network.as_deref().unwrap_or("any network");
        return Err(Failure::Refused(format!(
            "the poller {poller} does not read {which}: see `railpoll config show`"
        )));
    }
    Ok(sweepers)
}

fn tell_backfill(scope: &Scope, collected: &Collected, out: &mut Out) -> Result<(), Failure> {
    let Collected { outcome, tally, pages, .. } = collected;
    if out.is_json() {
        out.json(&keyed! {
            "poller": scope.poller.name(), "place": scope.network, "outcome": outcome.as_str(),
            "pages": pages, "new": tally.new, "changed": tally.changed,
            "unchanged": tally.unchanged, "stale": tally.stale, "quarantined": tally.quarantined,
        })?;
    } else {
        out.line(format!(
            "{} on {}: {} new, {} changed, {} known, {} set aside, on {pages} pages",
            scope.poller,
            scope.network,
            tally.new,
            tally.changed,
            tally.unchanged,
            tally.quarantined
        ))?;
    }
    complete(*outcome)
}

fn tell_reconcile(scope: &Scope, reconciled: &Reconciled, out: &mut Out) -> Result<(), Failure> {
    let Reconciled { outcome, found, exits, unknown, left_over, .. } = reconciled;
    if out.is_json() {
        out.json(&keyed! {
            "poller": scope.poller.name(), "place": scope.network, "outcome": outcome.as_str(),
            "found": found, "exits": exits, "unknown": unknown, "left_over": left_over,
        })?;
    } else {
        out.line(format!(
            "{} on {}: {found} were missing or old here, {exits} had left the list",
            scope.poller, scope.network
        ))?;
        for payment_id in unknown {
            out.line(format!("the network does not know {payment_id}"))?;
        }
        if *left_over > 0 {
            out.line(format!("{left_over} more have left the list: run it again"))?;
        }
    }
    complete(*outcome)
}

fn complete(outcome: Outcome) -> Result<(), Failure> {
    match outcome {
        Outcome::Complete => Ok(()),
        Outcome::Stopped | Outcome::TooFast | Outcome::Unreliable => {
            Err(Failure::Refused(format!("the list was not read to its end: {}", outcome.as_str())))
        }
    }
}

impl From<SweepError> for Failure {
    fn from(error: SweepError) -> Self {
        match error {
            SweepError::Store(error) => Self::Store(error),
            SweepError::Panicked(why) => Self::Defect(why),
            SweepError::Network(error) | SweepError::Rail(error) => Self::Network(error),
        }
    }
}
