//! What is claimed, and waits for a place at the rail.

use std::collections::VecDeque;
use std::future::pending;

use futures_util::future::LocalBoxFuture;

use crate::store::{Claim, StoreError};

/// What was claimed, and where to go on; none if nothing more is due.
pub(super) type Claimed<N> = Result<(Vec<Claim>, Option<N>), StoreError>;

/// Claims that wait, and more to come. `N` says where to go on.
pub(super) struct Queue<'a, N> {
    pub(super) claims: VecDeque<Claim>,
    pub(super) claiming: Option<LocalBoxFuture<'a, Claimed<N>>>,
    /// Where to go on. None: nothing more is due, or it is being claimed.
    pub(super) next: Option<N>,
    is_wanted: bool,
}

impl<N: Default> Queue<'_, N> {
    pub(super) fn new(is_wanted: bool) -> Self {
        let next = is_wanted.then(N::default);
        Self { claims: VecDeque::new(), claiming: None, next, is_wanted }
    }

    /// Whether all that was due is claimed and begun.
    pub(super) fn is_at_its_end(&self) -> bool {
        self.claims.is_empty() && self.claiming.is_none() && self.next.is_none()
    }

    /// Begins anew, for what has become due since.
    pub(super) fn again(&mut self) {
        if self.is_wanted && self.is_at_its_end() {
            self.next = Some(N::default());
        }
    }

    /// From where more is to be claimed, so that what waits is never less than `few`.
    pub(super) fn wanted(&mut self, few: usize) -> Option<N> {
        if self.claims.len() < few { self.next.take() } else { None }
    }
}

/// The end of what is under way; for ever, if nothing is.
pub(super) async fn end_of<T>(work: &mut Option<LocalBoxFuture<'_, T>>) -> T {
    match work {
        Some(running) => {
            let end = running.await;
            *work = None;
            end
        }
        None => pending().await,
    }
}
