//! The workers of a process, from their start to their end.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Exit;
use super::worker::name_of;
use crate::store::{Lease, Scope, Store};

/// Workers that were told to stop have so long to finish what is in hand. Whoever stops us is promised 5 s for all.
const FINISH_WITHIN: Duration = Duration::from_millis(3_500);
/// The database is not worth waiting for longer when leases are given back at the end.
const GIVE_BACK_WITHIN: Duration = Duration::from_millis(500);

/// A worker that was started.
pub(super) struct Running {
    pub(super) scope: Scope,
    /// Says that there is work for it.
    pub(super) work: Rc<Notify>,
    pub(super) task: JoinHandle<Exit>,
    /// How it ended, once it has.
    pub(super) exit: Option<Exit>,
    pub(super) held: Rc<Cell<Option<Lease>>>,
}

/// The leases that are held at this moment.
pub(super) fn leases(workers: &[Running]) -> Vec<Lease> {
    let look = |worker: &Running| {
        let held = worker.held.take();
        worker.held.set(held.clone());
        held
    };
    workers.iter().filter_map(look).collect()
}

/// Waits for all workers. How the worst one ended.
pub(super) async fn all(workers: &mut [Running]) -> Exit {
    let mut worst = Exit::Done;
    for worker in workers {
        worst = std::cmp::max(worst, exit_of(worker).await);
    }
    worst
}

/// Waits for one worker. It may be asked again.
async fn exit_of(worker: &mut Running) -> Exit {
    if let Some(exit) = worker.exit {
        return exit;
    }
    let exit = match (&mut worker.task).await {
        Ok(exit) => exit,
        Err(error) => {
            tracing::error!(%error, "a worker died: a defect of railpoll; please report it");
            Exit::Defect
        }
    };
    worker.exit = Some(exit);
    exit
}

/// Lets workers that were told to stop finish what is in hand, and cuts those that take too long.
pub(super) async fn finish(mut workers: Vec<Running>, store: &Store) {
    if timeout(FINISH_WITHIN, all(&mut workers)).await.is_ok() {
        return;
    }
    tracing::warn!("what is in hand takes too long; the next start finds out what became of it");
    for worker in &workers {
        worker.task.abort();
    }
    if timeout(GIVE_BACK_WITHIN, give_back(&workers, store)).await.is_err() {
        tracing::warn!("the database does not take the leases back in time; they run out");
    }
}

async fn give_back(workers: &[Running], store: &Store) {
    for worker in workers {
        if let Some(lease) = worker.held.take()
            && let Err(error) = store.release_lease(&lease).await
        {
            let scope = name_of(&worker.scope);
            tracing::warn!(scope, %error, "the lease could not be given back; it runs out");
        }
    }
}
