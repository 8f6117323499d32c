//! After a restore: what a rail has of what we do not remember. Asked before anything goes out again.

use std::collections::HashMap;

use crate::engine::{About, Cause, PayoutState, Poller, Purpose, Step, TransferStatus};
use crate::jobs::frame::report::SweepError;
use crate::jobs::frame::round::Round;
use crate::rails::{PayoutRef, Rail};
use crate::store::{Look, LookKind, Looked};

/// So many things are looked up in one call.
const LOOKS_AT_ONCE: u32 = 50;
/// So many decisions behind the newest that is known are asked about. If the rail has one of them, so many behind that.
const AHEAD: u32 = 4;

/// Looks up everything that is to be looked up at the rail `place`.
pub(in crate::jobs) async fn look_at_rail(
    round: &Round<'_>,
    rail: &dyn Rail,
    place: &str,
) -> Result<(), SweepError> {
    // Whoever pays out there looks at payouts, too.
    let payouts = round.lease.scope.poller == Poller::Outgoing;
    loop {
        let looks = round.store.looks_left(place, payouts, LOOKS_AT_ONCE).await?;
        if looks.is_empty() || round.is_stopping() {
            return Ok(());
        }
        let found = asked(round, rail, place, &looks).await?;
        stop_open(round, &looks, &found).await?;
        round.store.looked(round.lease, place, &found, round.now()).await?;
        round.beat();
    }
}

/// What the rail has of each.
async fn asked(
    round: &Round<'_>,
    rail: &dyn Rail,
    place: &str,
    looks: &[Look],
) -> Result<Vec<Looked>, SweepError> {
    let mut looked: Vec<Looked> = looks
        .iter()
        .map(|look| Looked { kind: look.kind, id: look.id.clone(), newest: None, detail: None })
        .collect();
    let mut from: Vec<Option<u32>> = looks.iter().map(|look| Some(look.known)).collect();
    while from.iter().any(Option::is_some) {
        let mut keys: HashMap<String, (usize, u32)> = HashMap::new();
        for (place_of, (look, from)) in looks.iter().zip(&from).enumerate() {
            for ahead in (1..=AHEAD).filter(|_| from.is_some()) {
                let number = from.unwrap_or(0).saturating_add(ahead);
                if let Some(key) = key(look, place, number) {
                    keys.insert(key, (place_of, number));
                }
            }
        }
        from.fill(None);
        let asked: Vec<PayoutRef> =
            keys.keys().map(|key| PayoutRef { key: key.clone(), reference: None }).collect();
        for report in round.answer(rail.payouts(&asked)).await.map_err(SweepError::Rail)? {
            let Some((nth, number)) = keys.get(&report.key).copied() else { continue };
            let (Some(one), Some(from)) = (looked.get_mut(nth), from.get_mut(nth)) else {
                continue;
            };
            note(one, from, number, &report.state, &report.key, place);
        }
    }
    Ok(looked)
}

/// Notes what the rail says of the decision `number`. `from` is where to ask on.
fn note(
    one: &mut Looked,
    from: &mut Option<u32>,
    number: u32,
    state: &PayoutState,
    key: &str,
    place: &str,
) {
    let word = match state {
        PayoutState::NotReceived => return,
        PayoutState::CannotTell { reason } => {
            // Nothing that is found besides makes that any clearer.
            one.newest = Some(0);
            one.detail = Some(format!("{place} cannot tell whether it has payout {key}: {reason}"));
            return;
        }
        PayoutState::Delivered { .. } => "delivered",
        PayoutState::Initiated { .. } => "initiated",
        PayoutState::Failed { .. } => "failed",
        PayoutState::NeedsInformation { .. } => "waiting for information",
    };
    *from = Some(std::cmp::max(from.unwrap_or(0), number));
    if one.newest != Some(0) && one.newest.unwrap_or(0) < number {
        one.newest = Some(number);
        one.detail =
            Some(format!("{place} has payout {key} of it, which is not on record: {word}"));
    }
}

/// The key of the decision `number` about what is looked up.
fn key(look: &Look, place: &str, number: u32) -> Option<String> {
    let refund =
        |about: About<'_>| About::Refund(&about.refund_id(number)).payout_key(Purpose::Refund, 1);
    match look.kind {
        LookKind::Payout => Some(About::Transfer(&look.id).payout_key(Purpose::Payout, number)),
        LookKind::Refund => Some(refund(About::Transfer(&look.id))),
        LookKind::Incoming => Some(refund(About::Incoming { source: place, id: &look.id })),
        LookKind::Network => None,
    }
}

/// A payout that is open is not handed over any more if a later one was found, or may be there: a person must look.
async fn stop_open(round: &Round<'_>, looks: &[Look], found: &[Looked]) -> Result<(), SweepError> {
    let are_open =
        looks.iter().zip(found).filter(|(look, one)| look.is_open && one.newest.is_some());
    let why: HashMap<&str, &str> = are_open
        .map(|(look, one)| (look.id.as_str(), one.detail.as_deref().unwrap_or_default()))
        .collect();
    let ids: Vec<String> = why.keys().map(|id| (*id).to_owned()).collect();
    let transfers = round.store.transfers_with_ids(&ids).await?;
    let steps: Vec<Step<'_>> = transfers
        .iter()
        .filter(|transfer| transfer.status != TransferStatus::OnHold)
        .map(|transfer| {
            let why = why.get(transfer.transfer_id.as_str()).copied().unwrap_or_default();
            Step::new(transfer, TransferStatus::OnHold, Cause::PayoutUnclear).because(why)
        })
        .collect();
    round.store.move_transfers(round.lease, &steps, &[], round.now()).await?;
    Ok(())
}
