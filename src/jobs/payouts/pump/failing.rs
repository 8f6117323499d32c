//! What follows from calls that fail: for whose sake, and whether the rail is down. See [`crate::jobs::frame::sick`] for the rule.

use std::sync::Arc;

use futures_util::FutureExt as _;

use super::Pump;
use super::calling::thing_of;
use crate::engine::Blame;
use crate::jobs::payouts::calls::check;
use crate::jobs::payouts::records::Answered;
use crate::rails::RailError;
use crate::store::{Claim, StoreError};

/// A question that fails is asked again in so many parts.
const PARTS: usize = 8;

impl Pump<'_> {
    /// A question about several may fail for the sake of one: they are asked about in parts.
    pub(super) fn kept_silent(&mut self, mut claims: Vec<Claim>, error: RailError) {
        let is_going_on = self.done.error.is_none() && !self.round.is_stopping();
        let blame = match claims.as_slice() {
            [claim] => self.round.sick.note(&thing_of(claim), &error),
            [] | [_, _, ..] => self.round.sick.note_together(&error),
        };
        let are_several = claims.len() > 1;
        if are_several && is_going_on {
            self.hand.asked.extend(claims.iter().map(|claim| claim.payout.payout_id.clone()));
            let part = claims.len().div_ceil(PARTS);
            while !claims.is_empty() {
                let rest = claims.split_off(std::cmp::min(part, claims.len()));
                self.to_split.push_back(std::mem::replace(&mut claims, rest));
            }
        }
        let now = self.round.now();
        for claim in claims {
            if !are_several {
                let ruling = self.paying.asked(&claim.payout).same(Some(error.to_string()), now);
                self.answer(Answered { claim, ruling });
            } else if claim.payout.claimed_by.is_some() {
                // For the sake of which of them it failed is not found out any more: none is the later asked about for it.
                self.answer(Answered::not_begun(claim, now));
            }
        }
        self.follow(blame, error);
    }

    /// A call about one payout has failed: it is tried again later, by itself.
    pub(super) fn failed(&mut self, thing: &str, error: RailError) {
        let blame = self.round.sick.note(thing, &error);
        self.follow(blame, error);
    }

    /// Where the rail may be down, or does not let us in, a question that is nobody's own tells.
    fn follow(&mut self, blame: Blame, error: RailError) {
        match blame {
            Blame::Place => self.down(error),
            Blame::Ask if self.is_asking || self.done.error.is_some() => {}
            Blame::Ask => {
                self.is_asking = true;
                self.hand.calls.push(check(Arc::clone(&self.paying.rail)).boxed());
            }
            Blame::Thing => {}
        }
    }

    /// The rail was asked. If it is well, what has failed has failed by itself.
    pub(super) fn judged(&mut self, answer: Result<(), RailError>) {
        match answer {
            Ok(()) => {
                let (sick, lease) = (&self.round.sick, self.round.lease);
                let failed = sick.found_well();
                self.note_down(async move { sick.put_off(lease, failed).await });
            }
            Err(error) => self.down(error),
        }
    }

    /// Calls about these have succeeded: they are well, and so is the rail.
    pub(super) fn well(&mut self, things: Vec<String>) {
        let (sick, lease) = (&self.round.sick, self.round.lease);
        if sick.is_news(&things) {
            self.note_down(async move {
                sick.place_is_well(lease).await?;
                for thing in &things {
                    sick.well(lease, thing).await?;
                }
                Ok(())
            });
        }
    }

    fn down(&mut self, error: RailError) {
        let error = self.round.sick.down(error);
        self.fail(error);
    }
}

impl<'a> Pump<'a> {
    /// Something is written down beside the answers.
    fn note_down(&mut self, work: impl Future<Output = Result<(), StoreError>> + 'a) {
        self.writes.push(async move { (0, work.await.map(|()| 0)) }.boxed_local());
    }
}
