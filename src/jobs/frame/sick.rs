//! The things of a place that fail by themselves, and whether it is the place that fails.
//!
//! A call about one thing (a payment, an account, a deposit, a payout, a transaction) that fails puts off that thing, and the
//! sweep goes on: [`Sick::failed`]. It is tried again after a pause that grows, also by another process, for it is
//! stored. Only where several things fail in a row is a call made that is nobody's own, and only if that fails too is the
//! place down: then nothing that failed meanwhile is blamed, and the sweep ends. If it succeeds, it speaks for all that
//! failed before it, and is made again only for as many more: a place that is well and fails everything costs a call for
//! each thing, which then has its pause, and one for every few of them. A thing whose call succeeds is well again:
//! [`Sick::well`]. At the end of a sweep, [`Sick::end`] writes down the rest, and tells a person if need be.
//!
//! Whoever has many calls under way, and waits for none of them, notes what failed ([`Sick::note`]) and asks by itself.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use crate::engine::{Alert, AlertName, Blame, Clock, Failed, blame, is_told};
use crate::jobs::frame::report::SweepError;
use crate::networks::NetworkError as CallError;
use crate::store::{Lease, PutOff, Scope, Store, StoreError};

/// What is put off and was not tried again for so long after its time is gone, or somebody else's: it is forgotten.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::minutes(10);
/// An alert names so many things.
const NAMED_MAX: usize = 3;

/// What is sick at one place, for one sweep.
///
/// A thing's name is its kind and id: `payment/ID`, `transfer/ID`, `refund/ID`, `payout/ID`, `account/ADDRESS`,
/// `transaction/HASH`, `transactions/ADDRESS`, `creation/ADDRESS`, `row/NUMBER` (of a gateway's history: what is behind it).
pub(in crate::jobs) struct Sick {
    store: Store,
    /// Whose memory it is. Several processes at one place share it: their leases may have other names.
    scope: Scope,
    clock: Clock,
    /// What a failure of the place is to the sweep.
    of_place: fn(CallError) -> SweepError,
    begun: DateTime<Utc>,
    known: RefCell<BTreeMap<String, PutOff>>,
    tried: RefCell<BTreeSet<String>>,
    /// Failures in a row that may be the place's.
    unproven: RefCell<Vec<(String, String)>>,
    /// So many questions about several things failed among them.
    together: Cell<usize>,
    /// Whether the place was asked in this sweep, and was well.
    was_well: Cell<bool>,
    is_down: Cell<bool>,
    /// Held by who asks whether the place is well: the others wait for the answer.
    asking: Mutex<()>,
}

impl Sick {
    /// What is known to be sick at the place of `scope` as a sweep begins.
    pub(in crate::jobs) async fn begin(
        store: &Store,
        scope: &Scope,
        clock: &Clock,
        of_place: fn(CallError) -> SweepError,
    ) -> Result<Self, StoreError> {
        let known = store.put_off_things(scope).await?;
        Ok(Self {
            store: store.clone(),
            scope: scope.clone(),
            clock: clock.clone(),
            of_place,
            begun: clock.now(),
            known: RefCell::new(known.into_iter().map(|one| (one.subject.clone(), one)).collect()),
            tried: RefCell::default(),
            unproven: RefCell::default(),
            together: Cell::new(0),
            was_well: Cell::new(false),
            is_down: Cell::new(false),
            asking: Mutex::new(()),
        })
    }

    /// Whether `thing` is to be left alone now.
    pub(in crate::jobs) fn is_put_off(&self, thing: &str) -> bool {
        let now = self.clock.now();
        self.known.borrow().get(thing).is_some_and(|one| one.not_before > now)
    }

    /// How long `thing` is to be left alone still.
    pub(in crate::jobs) fn left_alone_for(&self, thing: &str) -> Duration {
        let now = self.clock.now();
        let known = self.known.borrow();
        known.get(thing).and_then(|one| (one.not_before - now).to_std().ok()).unwrap_or_default()
    }

    /// Whether `thing` failed when it was last tried: what did not comes before it, and need not wait for it.
    pub(in crate::jobs) fn has_failed(&self, thing: &str) -> bool {
        self.known.borrow().contains_key(thing)
    }

    /// A call about `thing` has failed. Ok: that is its own affair, it is put off, and the others go on. `ask` is a cheap call
    /// about nothing of its own: it is made if the place may be down.
    ///
    /// # Errors
    /// The place is down, refuses us, or the settings are wrong: the sweep is to end. Or the database.
    pub(in crate::jobs) async fn failed(
        &self,
        lease: &Lease,
        thing: &str,
        error: CallError,
        ask: impl AsyncFnOnce() -> Result<(), CallError>,
    ) -> Result<(), SweepError> {
        self.note(thing, &error);
        self.judge(lease, kind_of(&error), error, ask).await
    }

    /// A question about several things has failed. Ok: that may be for the sake of one, and smaller questions will tell.
    ///
    /// # Errors
    /// As [`Sick::failed`].
    pub(in crate::jobs) async fn failed_together(
        &self,
        lease: &Lease,
        error: CallError,
        ask: impl AsyncFnOnce() -> Result<(), CallError>,
    ) -> Result<(), SweepError> {
        self.note_together(&error);
        self.judge(lease, together(&error), error, ask).await
    }

    async fn judge(
        &self,
        lease: &Lease,
        kind: Failed,
        error: CallError,
        ask: impl AsyncFnOnce() -> Result<(), CallError>,
    ) -> Result<(), SweepError> {
        let _turn = self.asking.lock().await;
        if self.is_down.get() {
            return Err((self.of_place)(error));
        }
        match blame(kind, self.in_a_row(), self.was_well.get()) {
            Blame::Place => Err(self.down(error)),
            Blame::Thing => Ok(()),
            // Somebody who asked meanwhile has got an answer that holds for this thing too.
            Blame::Ask if self.in_a_row() == 0 => Ok(()),
            Blame::Ask => match ask().await {
                Ok(()) => Ok(self.put_off(lease, self.found_well()).await?),
                Err(error) => Err(self.down(error)),
            },
        }
    }

    /// Notes that a call about `thing` has failed. Whose failure that is; [`Blame::Ask`]: whoever asks tells what came of it by
    /// [`Sick::found_well`] or [`Sick::down`].
    pub(in crate::jobs) fn note(&self, thing: &str, error: &CallError) -> Blame {
        self.tried.borrow_mut().insert(thing.to_owned());
        self.unproven.borrow_mut().push((thing.to_owned(), error.to_string()));
        blame(kind_of(error), self.in_a_row(), self.was_well.get())
    }

    /// The same of a question about several things.
    pub(in crate::jobs) fn note_together(&self, error: &CallError) -> Blame {
        self.together.set(self.together.get() + 1);
        blame(together(error), self.in_a_row(), self.was_well.get())
    }

    /// How many calls have failed since one succeeded, or the place was found well.
    pub(in crate::jobs) fn in_a_row(&self) -> usize {
        self.unproven.borrow().len() + self.together.get()
    }

    /// Whether a success of these things is to be written down: of them, or for the sake of what failed before.
    pub(in crate::jobs) fn is_news(&self, things: &[String]) -> bool {
        self.in_a_row() > 0 || things.iter().any(|thing| self.has_failed(thing))
    }

    /// The place was asked, and is well. What has failed by itself, and is to be put off: [`Sick::put_off`].
    pub(in crate::jobs) fn found_well(&self) -> Vec<(String, String)> {
        self.was_well.set(true);
        self.failed_by_itself()
    }

    fn failed_by_itself(&self) -> Vec<(String, String)> {
        self.together.set(0);
        self.unproven.take()
    }

    /// A call about `thing` has succeeded: it is well, and so is the place.
    pub(in crate::jobs) async fn well(&self, lease: &Lease, thing: &str) -> Result<(), StoreError> {
        self.place_is_well(lease).await?;
        if self.has_failed(thing) {
            self.store.take_up(lease, &self.scope, &[thing.to_owned()]).await?;
            tracing::info!(thing, "it is well again");
            self.known.borrow_mut().remove(thing);
        }
        Ok(())
    }

    /// The end of a sweep that was not ended by the place: what failed last is judged, what is gone is forgotten, and the
    /// alert is raised or ended.
    ///
    /// # Errors
    /// As [`Sick::failed`].
    pub(in crate::jobs) async fn end(
        &self,
        lease: &Lease,
        ask: impl AsyncFnOnce() -> Result<(), CallError>,
    ) -> Result<(), SweepError> {
        if !self.unproven.borrow().is_empty() {
            ask().await.map_err(|error| self.down(error))?;
            self.put_off(lease, self.found_well()).await?;
        }
        let gone: Vec<String> = {
            let (known, tried) = (self.known.borrow(), self.tried.borrow());
            let is_gone = |one: &&PutOff| {
                one.not_before + FORGOTTEN_AFTER < self.begun && !tried.contains(&one.subject)
            };
            known.values().filter(is_gone).map(|one| one.subject.clone()).collect()
        };
        if !gone.is_empty() {
            self.store.take_up(lease, &self.scope, &gone).await?;
            self.known.borrow_mut().retain(|thing, _| !gone.contains(thing));
        }
        Ok(self.tell(lease).await?)
    }

    /// The place was asked, and is down: nothing is blamed for it.
    pub(in crate::jobs) fn down(&self, error: CallError) -> SweepError {
        self.is_down.set(true);
        self.failed_by_itself();
        (self.of_place)(error)
    }

    /// What has failed until now has failed by itself, for the place was found well: it is put off.
    pub(in crate::jobs) async fn place_is_well(&self, lease: &Lease) -> Result<(), StoreError> {
        self.put_off(lease, self.failed_by_itself()).await
    }

    /// Puts off what has failed by itself.
    pub(in crate::jobs) async fn put_off(
        &self,
        lease: &Lease,
        failed: Vec<(String, String)>,
    ) -> Result<(), StoreError> {
        if failed.is_empty() {
            return Ok(());
        }
        for (thing, why) in &failed {
            tracing::warn!(thing, why, "put off: it fails by itself");
        }
        let put_off = self.store.put_off(lease, &self.scope, &failed, self.clock.now()).await?;
        let mut known = self.known.borrow_mut();
        known.extend(put_off.into_iter().map(|one| (one.subject.clone(), one)));
        Ok(())
    }

    async fn tell(&self, lease: &Lease) -> Result<(), StoreError> {
        let (name, now) = (AlertName::PutOff, self.clock.now());
        let alert = alert(self.known.borrow().values().filter(|one| is_told(one.failures)));
        self.store.set_alerts(lease, name, alert.as_slice(), now).await
    }
}

/// What kind of failure it is.
pub(super) const fn kind_of(error: &CallError) -> Failed {
    match error {
        CallError::Options(_) => Failed::Settings,
        CallError::Credentials(_) | CallError::Forbidden(_) => Failed::NotLetIn,
        CallError::Unavailable(_)
        | CallError::Unreadable(_)
        | CallError::TooLarge { .. }
        | CallError::Refused { .. } => Failed::Call,
    }
}

/// What kind of failure it is of a question about several things.
const fn together(error: &CallError) -> Failed {
    match kind_of(error) {
        Failed::Settings => Failed::Settings,
        Failed::NotLetIn | Failed::Together | Failed::Call => Failed::Together,
    }
}

/// That things are put off, how many, and which came first; none if there are none.
fn alert<'a>(told: impl Iterator<Item = &'a PutOff>) -> Option<Alert> {
    let mut told: Vec<&PutOff> = told.collect();
    told.sort_by_key(|one| one.since);
    let named = told.iter().take(NAMED_MAX);
    let named: Vec<_> = named.map(|one| format!("{}: {}", one.subject, one.reason)).collect();
    let count = u64::try_from(told.len()).unwrap_or(u64::MAX);
    (count > 0).then(|| Alert { count, ..Alert::of(AlertName::PutOff, named.join("; ")) })
}
