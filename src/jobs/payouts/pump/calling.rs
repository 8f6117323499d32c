//! What is begun at the rail, in which order: what failed before comes after what did not, and has only some of the places.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::FutureExt as _;

use super::Pump;
use crate::engine::LIKE_AN_OUTAGE;
use crate::jobs::payouts::calls::{look_up, pay_out};
use crate::jobs::payouts::is_left_to_a_person;
use crate::jobs::payouts::records::{Answered, write};
use crate::store::Claim;

/// So many payouts are asked about in one call.
const LOOKED_UP_AT_ONCE: usize = 200;
/// So many of these calls are under way at once: the other places are for those who wait to be paid.
const LOOKS_MAX: usize = 4;
/// Of these, so many are for what failed before.
const SUSPECT_LOOKS_MAX: usize = 2;
/// While it is asked whether the rail is well, nothing more is begun once so many have failed in a row.
const FAILED_MAX: usize = 2 * LIKE_AN_OUTAGE;

/// What failed when it was last tried.
#[derive(Default)]
pub(super) struct Suspects {
    to_pay: VecDeque<Claim>,
    /// Each is asked about alone.
    to_look: VecDeque<Claim>,
}

/// The name by which a payout is put off.
pub(super) fn thing_of(claim: &Claim) -> String {
    format!("payout/{}", claim.payout.payout_id)
}

impl Pump<'_> {
    /// What is to be handed over waits for its place.
    pub(super) fn sort_to_pay(&mut self, claims: Vec<Claim>) {
        for claim in claims {
            let has_room = self.suspects.to_pay.len() < self.paying.batch();
            if has_room && self.round.sick.has_failed(&thing_of(&claim)) {
                self.suspects.to_pay.push_back(claim);
            } else {
                self.to_pay.claims.push_back(claim);
            }
        }
    }

    /// What is to be asked about waits for its place. Of what a person is to find out, the rail is not asked again.
    pub(super) fn sort_to_look(&mut self, claims: Vec<Claim>) {
        for claim in claims {
            if claim.transfer.as_deref().is_some_and(is_left_to_a_person) {
                self.answer(Answered::left_to_a_person(claim, self.round.now()));
            } else if !self.hand.asked.insert(claim.payout.payout_id.clone()) {
                // It is being asked about: it is due until there is an answer.
                tracing::trace!(payout_id = claim.payout.payout_id, "asked about already");
            } else if self.round.sick.has_failed(&thing_of(&claim)) {
                self.suspects.to_look.push_back(claim);
            } else {
                self.to_look.claims.push_back(claim);
            }
        }
    }

    pub(super) fn begin_calls(&mut self) {
        while self.hand.calls.len() < self.paying.options.parallel {
            if self.is_asking && self.round.sick.in_a_row() >= FAILED_MAX {
                return;
            }
            if let Some(claims) = self.next_to_look() {
                self.hand.looks += 1;
                self.hand.calls.push(look_up(Arc::clone(&self.paying.rail), claims).boxed());
            } else if let Some(claim) = self.next_to_pay() {
                let (transfer, currency) = (claim.transfer.as_deref(), &claim.payout.currency);
                let decimals = self.paying.decimals_of(transfer, currency);
                let paid = pay_out(Arc::clone(&self.paying.rail), claim, decimals);
                self.hand.calls.push(paid.boxed());
            } else {
                return;
            }
        }
    }

    fn next_to_look(&mut self) -> Option<Vec<Claim>> {
        if self.hand.looks >= LOOKS_MAX {
            return None;
        }
        if let Some(claims) = self.to_split.pop_front() {
            return Some(claims);
        }
        let waiting = self.to_look.claims.len();
        let is_whole = waiting >= LOOKED_UP_AT_ONCE || self.to_look.claiming.is_none();
        if waiting > 0 && is_whole {
            let most = std::cmp::min(waiting, LOOKED_UP_AT_ONCE);
            return Some(self.to_look.claims.drain(..most).collect());
        }
        let has_place = waiting == 0 && self.hand.looks < SUSPECT_LOOKS_MAX;
        let suspect = if has_place { self.suspects.to_look.pop_front() } else { None };
        suspect.map(|claim| vec![claim])
    }

    fn next_to_pay(&mut self) -> Option<Claim> {
        if let Some(claim) = self.to_pay.claims.pop_front() {
            return Some(claim);
        }
        let places = std::cmp::max(self.paying.options.parallel / 2, 1);
        if self.hand.suspects.len() >= places {
            return None;
        }
        let claim = self.suspects.to_pay.pop_front()?;
        self.hand.suspects.insert(claim.payout.payout_id.clone());
        Some(claim)
    }

    /// Gives back what was claimed and not begun. Nothing is lost if that fails: then it is looked up. What was only to be
    /// looked at is due still.
    pub(super) async fn put_back(&mut self) {
        let to_look = self.to_look.claims.drain(..);
        let to_look = to_look.chain(self.to_split.drain(..).flatten());
        let to_look: Vec<Claim> = to_look.chain(self.suspects.to_look.drain(..)).collect();
        self.hand.no_longer_asked(&to_look);
        let to_pay = self.to_pay.claims.drain(..).chain(self.suspects.to_pay.drain(..));
        let claims: Vec<Claim> =
            to_pay.chain(to_look).filter(|claim| claim.payout.claimed_by.is_some()).collect();
        if claims.is_empty() {
            return;
        }
        let now = self.round.now();
        let back = claims.into_iter().map(|claim| Answered::not_begun(claim, now)).collect();
        if let Err(error) = write(self.round, back).await {
            tracing::debug!(%error, "what was not begun could not be given back");
            self.done.is_untidy = true;
        }
    }
}
