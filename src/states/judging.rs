//! What each payment that came is, and what becomes of the transfer that it is for. Pure.

use std::collections::HashMap;

use super::assets::Assets;
use crate::engine::{
    Amount, Arrived, Candidate, Changes, Incoming, Match, Step, Transfer, arrive, match_incoming,
};

/// What one payment is.
#[derive(Debug)]
pub(super) struct Judged<'t> {
    /// Whose it is.
    pub(super) verdict: Match,
    /// What its transfer does. None unless it is matched.
    pub(super) step: Option<Step<'t>>,
}

/// Where payments are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// On a network: assets are `CODE:ISSUER`, or `native`.
    Network,
    /// On a rail: assets are the rail's currencies.
    Rail,
}

/// Judges payments in the order in which they came. `transfers` are all that their keys lead to.
///
/// The first payment for a transfer is the one that it waits for; what comes behind it, even in the same page, is more
/// money. Nothing is ever left out: what belongs to nobody is [`Match::UnknownMemo`].
pub(super) fn judge<'t>(
    incoming: &[Incoming],
    transfers: &'t [Transfer],
    assets: &Assets,
    side: Side,
) -> Vec<Judged<'t>> {
    let taken = |transfer: &Transfer| match side {
        Side::Rail => Some(transfer.currency.clone()),
        Side::Network => assets.of_transfer(transfer).map(|asset| asset.on_network.to_string()),
    };
    // One whose asset is no longer configured takes nothing.
    let mut candidates: Vec<Candidate> = transfers
        .iter()
        .map(|transfer| Candidate::of(transfer, taken(transfer).unwrap_or_default()))
        .collect();
    let by_id: HashMap<&str, &'t Transfer> =
        transfers.iter().map(|transfer| (transfer.transfer_id.as_str(), transfer)).collect();
    incoming
        .iter()
        .map(|one| {
            let verdict = match_incoming(one, &candidates);
            let Match::Matched(id) = &verdict else { return Judged { verdict, step: None } };
            let step = by_id.get(id.as_str()).and_then(|transfer| {
                let terms = assets.of_transfer(transfer)?.terms(transfer.kind);
                let arrived = arrive(transfer, &terms, &one.amount)?;
                Some(step_of(transfer, arrived, one))
            });
            match step {
                Some(step) if !one.amount.is_zero() => {
                    if let Some(own) = candidates.iter_mut().find(|own| own.transfer_id == *id) {
                        own.has_money = true;
                    }
                    Judged { verdict, step: Some(step) }
                }
                // It has a name on it, and cannot be taken: a person sees to it.
                Some(_) | None => Judged { verdict: Match::Second(id.clone()), step: None },
            }
        })
        .collect()
}

/// The step that `arrived` is.
fn step_of<'t>(transfer: &'t Transfer, arrived: Arrived, incoming: &Incoming) -> Step<'t> {
    let mut changes = changes_of(&arrived, &incoming.amount);
    changes.from_address = incoming.from.clone();
    let reference = Some(incoming.reference.clone());
    if transfer.kind.is_deposit() {
        changes.rail_reference = reference;
    } else {
        changes.network_reference = reference;
    }
    Step { transfer, to: arrived.to, cause: arrived.cause, changes }
}

/// What changes when `received` comes.
pub(super) fn changes_of(arrived: &Arrived, received: &Amount) -> Changes {
    Changes {
        amount_in: Some(received.clone()),
        amount_out: arrived.out.clone(),
        amount_fee: arrived.fee.clone(),
        message: arrived.message.clone(),
        ..Changes::default()
    }
}
