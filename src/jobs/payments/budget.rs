//! How much of the payments' documents is in memory at once.
//!
//! Most are some kilobytes, and some are megabytes. Several are worked on at once, so what they need together has a bound;
//! a large one has it alone.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use crate::jobs::Sweep;
use crate::store::StoreError;

/// All documents under way, with what is made of them, need no more than this.
const BUDGET: usize = 48 * 1024 * 1024;
/// A document, what was read out of it, the question for a reviewer and its copy on the wire.
const COPIES: usize = 6;
/// The budget is counted in pieces of this size.
const PIECE: usize = 1024;

/// What may be in memory.
#[derive(Debug)]
pub(super) struct Budget {
    pieces: Arc<Semaphore>,
    /// Held by who fetches a document: how large it is is known only then.
    fetching: Mutex<()>,
}

/// A document in memory. Dropping it gives its room to others.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) text: String,
    _room: Option<OwnedSemaphorePermit>,
}

impl AsRef<str> for Held {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self { pieces: Arc::new(Semaphore::new(BUDGET / PIECE)), fetching: Mutex::new(()) }
    }
}

impl Budget {
    /// What `fetch` brings, once there is room for it.
    async fn hold<E>(&self, fetch: impl Future<Output = Result<String, E>>) -> Result<Held, E> {
        let _turn = self.fetching.lock().await;
        let text = fetch.await?;
        // It is never closed, so there is always a permit, sooner or later.
        let room = Arc::clone(&self.pieces).acquire_many_owned(pieces(text.len())).await.ok();
        Ok(Held { text, _room: room })
    }
}

fn pieces(bytes: usize) -> u32 {
    let pieces = bytes.saturating_mul(COPIES).div_ceil(PIECE).min(BUDGET / PIECE);
    u32::try_from(pieces).unwrap_or(u32::MAX)
}

impl Sweep<'_> {
    /// The network's JSON of a payment, once there is room for it.
    pub(super) async fn document(
        &self,
        network: &str,
        payment_id: &str,
    ) -> Result<Held, StoreError> {
        // Boxed: all that waits for a document would be as large as this.
        Box::pin(self.job.budget.hold(self.desk.store.document(network, payment_id))).await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    async fn text(bytes: usize) -> Result<String, ()> {
        Ok("x".repeat(bytes))
    }

    #[test]
    fn small_ones_have_room_beside_each_other_and_a_large_one_is_alone() {
        let budget = Budget::default();
        let hold = |bytes| budget.hold(text(bytes)).now_or_never().map(Result::unwrap);
        let small: Vec<_> = (0..8).map(|_| hold(10_000).unwrap()).collect();
        assert_eq!(small[0].text.len(), 10_000);
        let mib = 1024 * 1024;
        let large: Vec<_> = (0..3).map(|_| hold(2 * mib).unwrap()).collect();
        assert!(hold(2 * mib).is_none(), "the fourth waits");
        drop((small, large));
        let alone = hold(100 * mib).unwrap();
        assert!(hold(1).is_none());
        drop(alone);
        assert!(hold(1).is_some());
    }
}
