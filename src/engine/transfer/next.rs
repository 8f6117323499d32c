//! Who has work with a transfer.

use super::{Transfer, TransferStatus};
use crate::engine::Poller;

/// The poller that has work with a transfer that has come to where it stands, and the place where it works. None: nobody
/// has, or only later.
#[must_use]
pub fn next_worker(transfer: &Transfer) -> Option<(Poller, &str)> {
    match transfer.status {
        TransferStatus::PendingAnchor | TransferStatus::PendingReceiver => {
            let is_on_rail = transfer.kind.is_deposit() == transfer.is_refunding();
            Some(if is_on_rail {
                (Poller::Outgoing, &transfer.rail)
            } else {
                (Poller::PendingDeposits, &transfer.network)
            })
        }
        // Whoever has ordered it on the rail tells the network what came of it.
        TransferStatus::Completed | TransferStatus::Refunded | TransferStatus::Error => {
            let (network, _) = transfer.payment.as_ref()?;
            Some((Poller::Executed, network))
        }
        TransferStatus::Incomplete
        | TransferStatus::PendingUser
        | TransferStatus::PendingUserTransferStart
        | TransferStatus::PendingSender
        | TransferStatus::PendingUserTransferComplete
        | TransferStatus::PendingExternal
        | TransferStatus::PendingStellar
        | TransferStatus::PendingTrust
        | TransferStatus::PendingTransactionInfoUpdate
        | TransferStatus::PendingCustomerInfoUpdate
        | TransferStatus::OnHold
        | TransferStatus::Expired
        | TransferStatus::NoMarket
        | TransferStatus::TooSmall
        | TransferStatus::TooLarge => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::TransferKind;
    use super::super::fixtures::transfer;
    use super::*;

    #[test]
    fn money_that_is_in_goes_out_on_the_other_side_or_back_on_its_own() {
        for (kind, on, back) in [
            (
                TransferKind::Deposit,
                (Poller::PendingDeposits, "stellar"),
                (Poller::Outgoing, "bank"),
            ),
            (
                TransferKind::Withdrawal,
                (Poller::Outgoing, "bank"),
                (Poller::PendingDeposits, "stellar"),
            ),
        ] {
            let mut one = transfer(kind, TransferStatus::PendingAnchor);
            assert_eq!(next_worker(&one), Some(on));
            one.refund_id = Some("r".to_owned());
            assert_eq!(next_worker(&one), Some(back));
        }
    }

    #[test]
    fn a_payment_is_concluded_where_it_was_executed() {
        let mut one = transfer(TransferKind::Send, TransferStatus::Completed);
        assert_eq!(next_worker(&one), None);
        one.payment = Some(("acme".to_owned(), "p1".to_owned()));
        assert_eq!(next_worker(&one), Some((Poller::Executed, "acme")));
    }
}
