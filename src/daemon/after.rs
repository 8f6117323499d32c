//! What comes after a sweep: when the next one is, and whether there is one.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

use super::heartbeat::Pulse;
use super::keeper::Keeper;
use super::{Exit, Signals};
use crate::engine::doubling;
use crate::jobs::SweepError;
use crate::store::StoreError;

/// After refused credentials: an administrator has to act, and is not to be hurried by the network's own locks.
const REFUSED_FIRST: Duration = Duration::from_secs(5 * 60);
const REFUSED_MAX: Duration = Duration::from_secs(60 * 60);

/// After a sweep that panicked, or that the database refused: longer each time.
const FAILED_FIRST: Duration = Duration::from_secs(1);
/// A database comes back by itself, and is to be used soon after.
const DATABASE_MAX: Duration = Duration::from_secs(20);
/// A defect does not go away by itself.
const DEFECT_MAX: Duration = Duration::from_secs(5 * 60);

/// Why a wait ended.
#[derive(PartialEq, Eq)]
pub(super) enum Woken {
    Time,
    Stop,
    LeaseLost,
    /// A part of the place before ours is free.
    Before,
}

/// Where any worker says that its process cannot go on.
#[derive(Debug, Clone, Default)]
pub(super) struct Fatal(Rc<(Cell<Option<Exit>>, Notify)>);

impl Fatal {
    pub(super) fn tell(&self, exit: Exit) {
        self.0.0.set(Some(exit));
        self.0.1.notify_one();
    }

    /// Waits until somebody says so.
    pub(super) async fn told(&self) -> Exit {
        loop {
            if let Some(exit) = self.0.0.get() {
                return exit;
            }
            self.0.1.notified().await;
        }
    }
}

/// What a sweep's end means for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// It is as it should be, or a network is not well: its time comes by the schedule.
    Schedule,
    Refused,
    Database,
    Defect,
}

impl After {
    pub(super) fn of(error: Option<&SweepError>) -> Self {
        match error {
            Some(SweepError::Panicked(_)) => Self::Defect,
            Some(SweepError::Store(StoreError::LeaseLost { .. })) | None => Self::Schedule,
            Some(SweepError::Store(_)) => Self::Database,
            Some(error @ (SweepError::Network(_) | SweepError::Rail(_))) => {
                if Exit::of_sweep(error) == Exit::Credentials {
                    Self::Refused
                } else {
                    Self::Schedule
                }
            }
        }
    }

    /// How long to wait after so many ends of this kind in a row.
    pub(super) fn pause(self, row: u32) -> Duration {
        match self {
            Self::Schedule => Duration::ZERO,
            Self::Refused => doubling(REFUSED_FIRST, REFUSED_MAX, row),
            Self::Database => doubling(FAILED_FIRST, DATABASE_MAX, row),
            Self::Defect => doubling(FAILED_FIRST, DEFECT_MAX, row),
        }
    }
}

/// Waits for `time`, or until a sweep is wanted at once.
pub(super) async fn wait(
    signals: &mut Signals,
    pulse: &Pulse,
    keeper: &Keeper,
    time: impl Future<Output = ()>,
) -> Woken {
    let mut time = std::pin::pin!(time);
    let mut now_wanted = signals.clone();
    loop {
        pulse.beat();
        tokio::select! {
            biased;
            () = signals.stopping() => return Woken::Stop,
            () = keeper.lost() => return Woken::LeaseLost,
            () = now_wanted.sweep_now() => {
                *signals = now_wanted;
                return Woken::Time;
            }
            () = &mut time => return Woken::Time,
            () = tokio::time::sleep(pulse.interval()) => {}
        }
    }
}
