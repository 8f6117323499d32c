//! Who has work is told so, as soon as it is there: in this process, and by PostgreSQL in every process.
//!
//! What is told is a hint, and comes with the commit of what made the work. Nothing is lost with a hint that is: every
//! poller looks for itself after its fixed delay.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::db::Db;
use super::{Scope, Store};

/// So many hints wait for whoever hears them. Where there are more, all are called.
const KEPT: usize = 64;
/// Who cannot hear tries again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Where the hints of one process's `SQLite` are told.
#[derive(Debug, Clone)]
pub(super) struct Hints(broadcast::Sender<Scope>);

impl Default for Hints {
    fn default() -> Self {
        Self(broadcast::Sender::new(KEPT))
    }
}

/// Who has work by a transaction of `SQLite`, when that is committed.
#[derive(Debug)]
pub(super) struct Woken {
    hints: Hints,
    pub(super) scopes: BTreeSet<Scope>,
}

impl Woken {
    pub(super) fn by(hints: &Hints) -> Self {
        Self { hints: hints.clone(), scopes: BTreeSet::new() }
    }

    /// The transaction is committed.
    pub(super) fn tell(self) {
        for scope in self.scopes {
            // That nobody hears it does not matter.
            drop(self.hints.0.send(scope));
        }
    }
}

impl Store {
    /// Tells `heard` who has work, for as long as this is waited for. None: anybody may have, for something was not heard.
    pub async fn hear_of_work(&self, heard: impl Fn(Option<&Scope>)) -> Infallible {
        match &self.db {
            Db::Sqlite { hints, .. } => {
                let mut told = hints.0.subscribe();
                loop {
                    match told.recv().await {
                        Ok(scope) => heard(Some(&scope)),
                        Err(RecvError::Lagged(_)) => heard(None),
                        // The store has the other end, and is here.
                        Err(RecvError::Closed) => std::future::pending().await,
                    }
                }
            }
            Db::Postgres(pool) => {
                let read = |told: Option<&str>| match told.map(str::parse).transpose() {
                    Ok(scope) => heard(scope.as_ref()),
                    // A process of another version knows other pollers.
                    Err(why) => tracing::debug!(why, "work that is nobody's here"),
                };
                let mut again = false;
                loop {
                    let ended = pool.source().listen(again, read).await;
                    let why = ended.err().map(|error| error.to_string());
                    tracing::debug!(why, "nobody is told of work until the next try");
                    again = true;
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::pin::pin;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::engine::Poller;

    #[tokio::test]
    async fn where_hints_are_lost_all_are_called() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("railpoll.db").display());
        let store = Store::create(&url).await.unwrap();
        let Db::Sqlite { hints, .. } = &store.db else { unreachable!("{url}") };
        let scope = |n: usize| Scope { poller: Poller::Outgoing, network: format!("bank{n}") };
        let called = RefCell::new(Vec::new());
        let hear = store.hear_of_work(|told| called.borrow_mut().push(told.cloned()));
        // Else it would hear only so much of it at once.
        let mut hearing = pin!(tokio::task::unconstrained(hear));
        assert!(hearing.as_mut().now_or_never().is_none(), "it listens from here on");
        for (told, all_called) in [(KEPT, 0), (KEPT + 1, 1), (1, 0)] {
            for n in 0..told {
                hints.0.send(scope(n)).unwrap();
            }
            assert!(hearing.as_mut().now_or_never().is_none());
            let called = called.take();
            assert_eq!(called.iter().filter(|one| one.is_none()).count(), all_called, "{told}");
            assert_eq!(called.len(), told, "the hint that was lost is the call of all");
            assert_eq!(called.last(), Some(&Some(scope(told - 1))));
        }
    }
}
