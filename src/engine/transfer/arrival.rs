//! What becomes of a transfer when its money is in.

use super::{Cause, Quote, Settled, Terms, Transfer, TransferKind, TransferStatus, settle_amounts};
use crate::engine::Amount;

/// The move that money makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// Where the transfer stands after it. With [`Cause::ArrivalReturned`] it needs a refund beside it.
    pub to: TransferStatus,
    /// Why.
    pub cause: Cause,
    /// What goes out, if that is settled.
    pub out: Option<Amount>,
    /// What we keep, if that is settled.
    pub fee: Option<Amount>,
    /// Why it does not simply go on.
    pub message: Option<String>,
}

/// Decides what becomes of a transfer for which `received` came. None if it does not wait for money.
///
/// Amounts that were agreed at its creation go before the terms of its asset. Money for a transfer that is not agreed
/// in full, or that a person has stopped, is written down and waits for a person.
#[must_use]
pub fn arrive(transfer: &Transfer, terms: &Terms, received: &Amount) -> Option<Arrived> {
    if transfer.amount_in.is_some() {
        return None;
    }
    let expected = transfer.amount_expected.as_ref();
    let quote = match (&transfer.amount_out, &transfer.amount_fee) {
        (Some(out), Some(fee)) => Some(Quote { out: out.clone(), fee: fee.clone() }),
        _ => None,
    };
    let settled = match settle_amounts(terms, received, expected, quote.as_ref()) {
        // But for an exchange, what came in is what goes out and what we keep.
        Settled::Accept { out, fee }
            if !transfer.kind.is_exchange() && out.plus(&fee) != *received =>
        {
            let why =
                format!("{received} came, and {out} to go out with a fee of {fee} were agreed");
            Settled::Hold(why)
        }
        settled @ (Settled::Accept { .. } | Settled::Refund(_) | Settled::Hold(_)) => settled,
    };
    match transfer.status {
        TransferStatus::PendingUserTransferStart if transfer.kind != TransferKind::Send => {
            Some(go_on(transfer.kind, settled))
        }
        TransferStatus::PendingSender if transfer.kind == TransferKind::Send => {
            Some(go_on(transfer.kind, settled))
        }
        TransferStatus::PendingExternal if transfer.kind.is_deposit() => {
            Some(go_on(transfer.kind, settled))
        }
        // It came in time, and was told of too late. Whether all else had been told then is seen by what is there.
        TransferStatus::Expired if transfer.kind.is_deposit() || transfer.beneficiary.is_some() => {
            Some(go_on(transfer.kind, settled))
        }
        TransferStatus::Expired => {
            Some(wait(settled, "the money came in time, and nobody has said who is to get it"))
        }
        TransferStatus::Incomplete | TransferStatus::PendingUser => {
            Some(wait(settled, "the money came before all was told that is needed"))
        }
        TransferStatus::OnHold => Some(wait(settled, "the money came while it was on hold")),
        TransferStatus::PendingUserTransferStart
        | TransferStatus::PendingSender
        | TransferStatus::PendingExternal
        | TransferStatus::PendingUserTransferComplete
        | TransferStatus::PendingAnchor
        | TransferStatus::PendingStellar
        | TransferStatus::PendingTrust
        | TransferStatus::PendingReceiver
        | TransferStatus::PendingTransactionInfoUpdate
        | TransferStatus::PendingCustomerInfoUpdate
        | TransferStatus::Completed
        | TransferStatus::Refunded
        | TransferStatus::NoMarket
        | TransferStatus::TooSmall
        | TransferStatus::TooLarge
        | TransferStatus::Error => None,
    }
}

fn go_on(kind: TransferKind, settled: Settled) -> Arrived {
    let plain = |to, cause, message| Arrived { to, cause, out: None, fee: None, message };
    match settled {
        Settled::Accept { out, fee } => {
            let to = match kind {
                TransferKind::Send => TransferStatus::PendingReceiver,
                TransferKind::Deposit
                | TransferKind::DepositExchange
                | TransferKind::Withdrawal
                | TransferKind::WithdrawalExchange => TransferStatus::PendingAnchor,
            };
            Arrived { to, cause: Cause::Arrived, out: Some(out), fee: Some(fee), message: None }
        }
        Settled::Refund(why) => {
            plain(TransferStatus::PendingAnchor, Cause::ArrivalReturned, Some(why))
        }
        Settled::Hold(why) => plain(TransferStatus::OnHold, Cause::ArrivalHeld, Some(why)),
    }
}

fn wait(settled: Settled, why: &str) -> Arrived {
    let (out, fee, message) = match settled {
        Settled::Accept { out, fee } => (Some(out), Some(fee), why.to_owned()),
        Settled::Refund(more) | Settled::Hold(more) => (None, None, format!("{why}; {more}")),
    };
    let (to, cause) = (TransferStatus::OnHold, Cause::ArrivalHeld);
    Arrived { to, cause, out, fee, message: Some(message) }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{amount, terms, transfer};
    use super::super::{Policy, legal};
    use super::*;

    #[test]
    fn what_was_expected_goes_on() {
        use TransferStatus::{
            PendingAnchor, PendingExternal, PendingReceiver, PendingSender,
            PendingUserTransferStart,
        };
        for (kind, from, to) in [
            (TransferKind::Deposit, PendingUserTransferStart, PendingAnchor),
            (TransferKind::Deposit, PendingExternal, PendingAnchor),
            (TransferKind::Withdrawal, PendingUserTransferStart, PendingAnchor),
            (TransferKind::Send, PendingSender, PendingReceiver),
        ] {
            let mut waiting = transfer(kind, from);
            (waiting.amount_in, waiting.amount_out, waiting.amount_fee) = (None, None, None);
            let arrived = arrive(&waiting, &terms(), &amount("10.00")).unwrap();
            assert_eq!((arrived.to, arrived.cause), (to, Cause::Arrived));
            assert_eq!((arrived.out, arrived.fee), (Some(amount("10")), Some(amount("0"))));
        }
    }

    #[test]
    fn what_was_given_up_goes_on_if_all_was_told() {
        let mut expired = transfer(TransferKind::Withdrawal, TransferStatus::Expired);
        (expired.amount_in, expired.amount_out, expired.amount_fee) = (None, None, None);
        expired.beneficiary = Some("{}".to_owned());
        let to = |one: &Transfer| arrive(one, &terms(), &amount("10")).map(|arrived| arrived.to);
        assert_eq!(to(&expired), Some(TransferStatus::PendingAnchor));
        expired.beneficiary = None;
        assert_eq!(to(&expired), Some(TransferStatus::OnHold));
    }

    #[test]
    fn an_agreed_price_goes_before_the_terms() {
        let mut exchange =
            transfer(TransferKind::DepositExchange, TransferStatus::PendingUserTransferStart);
        (exchange.amount_out, exchange.amount_fee) = (Some(amount("3")), Some(amount("1")));
        let arrived = arrive(&exchange, &terms(), &amount("10")).unwrap();
        assert_eq!((arrived.out, arrived.fee), (Some(amount("3")), Some(amount("1"))));
        let easy = Terms { overpayment: Policy::Accept, ..terms() };
        let other = arrive(&exchange, &easy, &amount("11")).unwrap();
        assert_eq!((other.to, other.out), (TransferStatus::OnHold, None));
    }

    #[test]
    fn what_comes_in_goes_out_or_is_kept() {
        let mut agreed = transfer(TransferKind::Deposit, TransferStatus::PendingUserTransferStart);
        (agreed.amount_in, agreed.amount_expected) = (None, None);
        (agreed.amount_out, agreed.amount_fee) = (Some(amount("9")), Some(amount("1")));
        let arrived = arrive(&agreed, &terms(), &amount("10.00")).unwrap();
        assert_eq!((arrived.out, arrived.fee), (Some(amount("9")), Some(amount("1"))));
        for other in ["9.99", "100"] {
            let arrived = arrive(&agreed, &terms(), &amount(other)).unwrap();
            assert_eq!((arrived.to, arrived.out), (TransferStatus::OnHold, None), "{other}");
        }
    }

    #[test]
    fn every_arrival_is_a_legal_move_and_money_never_comes_twice() {
        let policies = [Policy::Accept, Policy::Refund, Policy::Hold];
        for (kind, status) in TransferKind::ALL
            .into_iter()
            .flat_map(|kind| TransferStatus::ALL.map(|status| (kind, status)))
        {
            let mut waiting = transfer(kind, status);
            assert!(
                waiting.amount_in.is_none() || arrive(&waiting, &terms(), &amount("10")).is_none(),
                "{kind} {status}"
            );
            waiting.amount_in = None;
            for (received, policy) in
                ["9", "10", "11"].into_iter().zip(policies.into_iter().cycle())
            {
                let terms = Terms { underpayment: policy, overpayment: policy, ..terms() };
                if let Some(arrived) = arrive(&waiting, &terms, &amount(received)) {
                    let is_legal = legal(kind, status, arrived.to, arrived.cause);
                    assert!(is_legal.is_ok(), "{is_legal:?}");
                } else {
                    assert!(
                        !status.is_waiting_for_money()
                            || status == TransferStatus::PendingSender
                            || status == TransferStatus::PendingUserTransferStart,
                        "{kind} {status}"
                    );
                }
            }
        }
    }
}
