//! The accounts whose sequence numbers we use, and what waits for them: one envelope for each is on its way at once. Pure.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use super::envelopes::Weather;
use super::errand::Ready;
use super::gather::{Busy, ELSEWHERE_PAUSE, Passing, UNREAD};
use super::plan::{Terms, grouped};
use super::receivers::{LATE_MAX, Told};
use crate::jobs::frame::report::SweepError;

/// The payments of one envelope.
pub(super) type Group = Vec<Ready>;

/// An earlier envelope is not over.
pub(super) const NOT_OVER: Busy = Busy {
    why: "an earlier transaction of the paying account is not over",
    pause: ELSEWHERE_PAUSE,
};

/// What one account's envelope came to.
pub(super) struct Arrived {
    pub(super) source: String,
    /// The number that it has used.
    pub(super) used: Option<i64>,
    pub(super) next: Turn,
    /// The errands that may be taken up again in this sweep.
    pub(super) back: Vec<String>,
    pub(super) error: Option<SweepError>,
}

/// What becomes of an account whose envelope has arrived.
#[derive(Debug, Clone, Copy)]
pub(super) enum Turn {
    /// It can be used again in this sweep.
    Free,
    /// It cannot, and nor can its own payments be made by another.
    Busy(Busy),
    /// It may have paid what waits for others, too: all that is due is to be looked at anew.
    Doubted,
}

/// What is due, and what it is sent with.
pub(super) struct Found {
    pub(super) ready: Vec<Ready>,
    pub(super) weather: Weather,
    /// Our accounts that may be used.
    pub(super) sources: Vec<String>,
}

/// The accounts, and what waits for them.
#[derive(Default)]
pub(super) struct Lanes {
    /// With channels of their own, any payer's envelope can use any of them.
    are_channels: bool,
    /// Accounts that have an envelope on its way.
    taken: HashSet<String>,
    /// Accounts without one. None before anything was due.
    free: Option<BTreeSet<String>>,
    waiting: VecDeque<Group>,
    weather: Option<Weather>,
    /// What is passed over when it is looked for what is due.
    passing: Passing,
    used: HashMap<String, i64>,
    is_looking: bool,
    /// Errands came back, or a receiver was told of, while a look was under way that had passed them over.
    came_back: bool,
    /// Nothing more was due.
    is_empty: bool,
    pub(super) failed: Option<SweepError>,
}

impl Lanes {
    /// Lanes as a sweep begins: these accounts have an envelope on its way, and those of `left` one that is left for now.
    pub(super) fn new(are_channels: bool, taken: HashSet<String>, left: Vec<String>) -> Self {
        let left = left.into_iter().filter(|_| !are_channels);
        let busy = left.map(|source| (source, NOT_OVER)).collect();
        let passing = Passing { busy, ..Passing::default() };
        Self { are_channels, taken, passing, ..Self::default() }
    }

    /// Whether it is time to look for what is due: before an account is free, for a look takes a while, and all of them
    /// become free together when a ledger closes.
    pub(super) fn wants_more(&self) -> bool {
        let is_idle = self.waiting.is_empty() && !self.is_empty && !self.is_looking;
        is_idle && self.passing.late.len() < LATE_MAX
    }

    /// A look begins. What it is to pass over.
    pub(super) fn looks(&mut self) -> Passing {
        (self.is_looking, self.came_back) = (true, false);
        let told = std::mem::take(&mut self.passing.told);
        Passing { told, ..self.passing.clone() }
    }

    /// Whether nothing was due when it was last looked.
    pub(super) const fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Something may have become due meanwhile.
    pub(super) const fn look_again(&mut self) {
        self.is_empty = false;
    }

    /// How many accounts have an envelope on its way.
    pub(super) fn in_use(&self) -> usize {
        self.taken.len()
    }

    /// The number that `source` has surely used, whatever a server that is behind says.
    pub(super) fn used(&self, source: &str) -> Option<i64> {
        self.used.get(source).copied()
    }

    /// A free account, a group that can use it, and what it is sent with.
    pub(super) fn next(&mut self) -> Option<(String, Group, Weather)> {
        let (are_channels, weather) = (self.are_channels, self.weather?);
        let free = self.free.as_mut()?;
        let (place, source) = self.waiting.iter().enumerate().find_map(|(place, group)| {
            let payer = &group.first()?.payer;
            let source = if are_channels { free.first() } else { free.get(payer) };
            source.map(|source| (place, source.clone()))
        })?;
        free.remove(&source);
        let group = self.waiting.remove(place)?;
        self.taken.insert(source.clone());
        Some((source, group, weather))
    }

    pub(super) fn arrived(&mut self, arrived: Arrived) {
        let Arrived { source, used, next, back, error } = arrived;
        if let Some(used) = used {
            let last = self.used.entry(source.clone()).or_insert(used);
            *last = std::cmp::max(*last, used);
        }
        self.come_back(&back);
        if let Some(error) = error {
            tracing::debug!(%error, source, "an envelope is left for now");
            self.failed.get_or_insert(error);
        }
        match next {
            Turn::Free => {
                self.taken.remove(&source);
                if let Some(free) = &mut self.free {
                    free.insert(source);
                }
            }
            Turn::Busy(busy) => {
                if !self.are_channels {
                    self.put_off(source, busy);
                }
            }
            Turn::Doubted if self.are_channels => {
                let waiting: Vec<Group> = self.waiting.drain(..).collect();
                let names = waiting.iter().flatten().map(|one| one.errand.id().to_owned());
                self.come_back(&names.collect::<Vec<_>>());
                self.weather = None;
            }
            Turn::Doubted => self.put_off(source, UNREAD),
        }
    }

    /// These can be found again.
    fn come_back(&mut self, names: &[String]) {
        self.is_empty &= names.is_empty();
        self.came_back |= !names.is_empty();
        for name in names {
            self.passing.in_hand.remove(name);
        }
    }

    /// Nothing goes out from this payer for a while: what waits for that is found again, and noted as such.
    fn put_off(&mut self, payer: String, busy: Busy) {
        self.waiting.retain(|group| {
            let is_kept = group.first().is_none_or(|one| one.payer != payer);
            for one in group.iter().filter(|_| !is_kept) {
                self.passing.in_hand.remove(one.errand.id());
            }
            is_kept
        });
        self.passing.busy.insert(payer, busy);
    }

    /// A look is over. These receivers are still being asked for.
    pub(super) fn looked(&mut self, late: impl IntoIterator<Item = String>) {
        self.is_looking = false;
        self.passing.late.extend(late);
    }

    pub(super) fn found(&mut self, found: Option<Found>, most: usize) {
        let Some(Found { ready, weather, sources }) = found else {
            self.is_empty = !self.came_back;
            return;
        };
        let free = sources.into_iter().filter(|source| !self.taken.contains(source));
        self.free = Some(free.collect());
        self.weather = Some(weather);
        self.passing.in_hand.extend(ready.iter().map(|one| one.errand.id().to_owned()));
        let terms = |one: &Ready| Terms {
            payer: one.payer.clone(),
            memo: one.memo.clone(),
            is_alone: one.does.is_alone(),
        };
        self.waiting = grouped(ready, most, terms);
    }

    /// A receiver's account was told of late: what goes there is looked at again.
    pub(super) fn told(&mut self, address: String, told: Told) {
        self.passing.late.remove(&address);
        self.passing.told.insert(address, told);
        (self.is_empty, self.came_back) = (false, true);
    }
}
