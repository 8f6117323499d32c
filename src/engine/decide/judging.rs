//! What each payment that came is, and what becomes of the transfer that it is for. Pure.

use std::collections::HashMap;

use crate::engine::{
    Amount, Arrived, Assets, Candidate, Changes, Claimant, Incoming, Match, Step, Transfer, arrive,
    asset_of, match_incoming,
};

/// What one payment is.
#[derive(Debug)]
pub(crate) struct Judged<'t> {
    /// Whose it is.
    pub(crate) verdict: Match,
    /// What its transfer does. None unless it is matched with one.
    pub(crate) step: Option<Step<'t>>,
}

/// Where payments are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// On a network: assets are `CODE:ISSUER`, or `native`.
    Network,
    /// On a rail: assets are the rail's currencies.
    Rail,
}

/// Judges payments in the order in which they came. `transfers` are all that their keys lead to.
///
/// The first payment for a transfer is the one that it waits for; what comes behind it, even in the same page, is more
/// money. Nothing is ever left out: what belongs to nobody is [`Match::UnknownMemo`].
pub(crate) fn judge<'t>(
    incoming: &[Incoming],
    transfers: &'t [Transfer],
    assets: &Assets,
    side: Side,
) -> Vec<Judged<'t>> {
    let taken = |transfer: &Transfer| match side {
        Side::Rail => Some(transfer.currency.clone()),
        Side::Network => asset_of(assets, transfer).map(|asset| asset.code.clone()),
    };
    // One whose asset is no longer configured, or has no rail any more, takes nothing.
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
            let Match::Matched(Claimant::Transfer(id)) = &verdict else {
                return Judged { verdict, step: None };
            };
            let step = by_id.get(id.as_str()).and_then(|transfer| {
                let terms = asset_of(assets, transfer)?.terms(transfer.kind)?;
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
                Some(_) | None => {
                    let own = Claimant::Transfer(id.clone());
                    Judged { verdict: Match::Second(own), step: None }
                }
            }
        })
        .collect()
}

/// The step that `arrived` is.
fn step_of<'t>(transfer: &'t Transfer, arrived: Arrived, incoming: &Incoming) -> Step<'t> {
    let mut changes = changes_of(&arrived, &incoming.amount);
    changes.from_address = incoming.from.clone();
    changes.rail_fee = incoming.fee.clone();
    let reference = Some(incoming.reference.clone());
    if transfer.kind.is_deposit() {
        changes.rail_reference = reference;
    } else {
        changes.network_reference = reference;
    }
    Step { transfer, to: arrived.to, cause: arrived.cause, changes }
}

/// What changes when `received` comes.
pub(crate) fn changes_of(arrived: &Arrived, received: &Amount) -> Changes {
    Changes {
        amount_in: Some(received.clone()),
        amount_out: arrived.out.clone(),
        amount_fee: arrived.fee.clone(),
        message: arrived.message.clone(),
        ..Changes::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::decide::fixtures::{amount, assets, now, transfer};
    use crate::engine::{Memo, TransferKind, TransferStatus};

    fn paid(id: &str, sum: &str, currency: &str, subject: &str) -> Incoming {
        Incoming {
            incoming_id: id.to_owned(),
            source: "bank".to_owned(),
            account: String::new(),
            from: Some("DE02".to_owned()),
            amount: amount(sum),
            asset: currency.to_owned(),
            memo: None,
            subject: Some(subject.to_owned()),
            fee: None,
            muxed_id: None,
            reference: id.to_owned(),
            at: now(),
            raw: String::new(),
        }
    }

    fn verdicts(incoming: &[Incoming], transfers: &[Transfer]) -> Vec<(&'static str, bool)> {
        let judged = judge(incoming, transfers, &assets(), Side::Rail);
        judged.iter().map(|one| (one.verdict.as_str(), one.step.is_some())).collect()
    }

    #[test]
    fn the_second_of_a_page_is_the_second() {
        let deposit = transfer(TransferKind::Deposit, TransferStatus::PendingUserTransferStart);
        let page = [
            paid("1", "10", "USD", "RENT-7"),
            paid("2", "10", "USD", "rent 7"),
            paid("3", "10", "USD", "rent 8"),
            paid("4", "10", "EUR", "rent 7"),
        ];
        let expected =
            [("matched", true), ("second", false), ("unknown_memo", false), ("wrong_asset", false)];
        assert_eq!(verdicts(&page, &[deposit]), expected);
    }

    #[test]
    fn nothing_is_taken_for_a_transfer_that_cannot_take_it() {
        let deposit = transfer(TransferKind::Deposit, TransferStatus::PendingUserTransferStart);
        let none = [paid("1", "0", "USD", "rent 7")];
        assert_eq!(verdicts(&none, std::slice::from_ref(&deposit)), [("second", false)]);
        let lost = Transfer { asset: "other".to_owned(), ..deposit };
        let page = [paid("1", "10", "USD", "rent 7")];
        assert_eq!(verdicts(&page, &[lost]), [("second", false)], "its asset is gone");
    }

    #[test]
    fn every_step_is_a_legal_move() {
        let waiting = [
            (TransferKind::Withdrawal, TransferStatus::PendingUserTransferStart),
            (TransferKind::Send, TransferStatus::PendingSender),
            (TransferKind::Withdrawal, TransferStatus::Incomplete),
            (TransferKind::Send, TransferStatus::PendingUser),
            (TransferKind::Withdrawal, TransferStatus::OnHold),
        ];
        for (kind, status) in waiting {
            for sum in ["1", "10", "100"] {
                let transfer = transfer(kind, status);
                let mut one = paid("1", sum, "native", "");
                one.account = "GUS".to_owned();
                one.memo = Some(Memo::Id(7));
                let judged =
                    judge(&[one], std::slice::from_ref(&transfer), &assets(), Side::Network);
                let step = judged[0].step.as_ref().unwrap();
                assert!(step.taken(now()).is_ok(), "{kind} {status} {sum}");
                assert_eq!(step.changes.network_reference.as_deref(), Some("1"));
            }
        }
    }
}
