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
    let settled = settle_amounts(terms, received, expected, quote.as_ref());
    match transfer.status {
        TransferStatus::PendingUserTransferStart | TransferStatus::PendingSender => {
            Some(go_on(transfer.kind, settled))
        }
        TransferStatus::PendingExternal if transfer.kind.is_deposit() => {
            Some(go_on(transfer.kind, settled))
        }
        TransferStatus::Incomplete | TransferStatus::PendingUser => {
            Some(wait(settled, "the money came before all was told that is needed"))
        }
        TransferStatus::OnHold => Some(wait(settled, "the money came while it was on hold")),
        TransferStatus::PendingExternal
        | TransferStatus::PendingUserTransferComplete
        | TransferStatus::PendingAnchor
        | TransferStatus::PendingStellar
        | TransferStatus::PendingTrust
        | TransferStatus::PendingReceiver
        | TransferStatus::PendingTransactionInfoUpdate
        | TransferStatus::PendingCustomerInfoUpdate
        | TransferStatus::Completed
        | TransferStatus::Refunded
        | TransferStatus::Expired
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
