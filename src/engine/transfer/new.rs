//! A transfer that is to be created, and whether it can be.

use chrono::{DateTime, Utc};
use serde::de::IgnoredAny;

use super::{Memo, Protocol, Transfer, TransferKind, TransferStatus};
use crate::engine::Amount;

/// Characters in a transfer's id.
const ID_MAX: usize = 100;
/// Bytes in any text that gets a column. PostgreSQL's indexes take some 2,700 in all columns together.
const TEXT_MAX: usize = 1_000;

/// A transfer as its creator tells it. The names are those of [`super::Transfer`].
#[derive(Debug, Clone, PartialEq)]
pub struct NewTransfer {
    /// Its name: up to 100 of `A-Z a-z 0-9 . _ : -`.
    pub transfer_id: String,
    /// Which way the money goes.
    pub kind: TransferKind,
    /// How it was agreed, if by a protocol.
    pub protocol: Option<Protocol>,
    /// Where it begins.
    pub status: TransferStatus,
    /// The configured asset's name.
    pub asset: String,
    /// The configured rail's name.
    pub rail: String,
    /// What the rail calls the money.
    pub currency: String,
    /// The configured network's name.
    pub network: String,
    /// What the customer said would come in.
    pub amount_expected: Option<Amount>,
    /// What came in already.
    pub amount_in: Option<Amount>,
    /// What goes out, where that is settled.
    pub amount_out: Option<Amount>,
    /// What we keep, where that is settled.
    pub amount_fee: Option<Amount>,
    /// Who pays, or paid, in.
    pub from_address: Option<String>,
    /// The network address that a deposit is paid to.
    pub to_address: Option<String>,
    /// Deposit: the memo to attach. Else: the memo that the payer must attach.
    pub memo: Option<Memo>,
    /// The account of ours that receives a withdrawal or a send.
    pub account: Option<String>,
    /// Who is paid on the rail: JSON text.
    pub beneficiary: Option<String>,
    /// What a deposit on the rail carries, or a payout is to carry.
    pub subject: Option<String>,
    /// The rail's name for its leg, where it has one already.
    pub rail_reference: Option<String>,
    /// What has not come by then does not come.
    pub deadline: Option<DateTime<Utc>>,
    /// The payment of a network that it pays out: (network, payment id).
    pub payment: Option<(String, String)>,
    /// When it was created elsewhere; none, or a time to come by a clock that is ahead: now.
    pub created_at: Option<DateTime<Utc>>,
}

impl NewTransfer {
    /// What is wrong with it: nothing, or a sentence for each fault.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut expect = |is_right: bool, fault: &str| {
            if !is_right {
                faults.push(fault.to_owned());
            }
        };
        expect(
            is_id(&self.transfer_id),
            "transfer_id is 1 to 100 letters, digits, `.`, `_`, `:` or `-`",
        );
        expect(!self.asset.is_empty() && !self.currency.is_empty(), "asset and currency are told");
        expect(!self.rail.is_empty() && !self.network.is_empty(), "rail and network are told");
        let begins = TransferStatus::ALL.into_iter().filter(|status| may_begin(self.kind, *status));
        let begins = begins.map(TransferStatus::as_str).collect::<Vec<_>>().join(", ");
        let fault = format!("status: a {} can begin only as {begins}", self.kind);
        expect(may_begin(self.kind, self.status), &fault);
        expect(
            self.texts().all(|text| text.len() <= TEXT_MAX && !text.contains('\0')),
            "no text has more than 1000 bytes, or a NUL",
        );
        let is_json = |text: &String| serde_json::from_str::<IgnoredAny>(text).is_ok();
        expect(self.beneficiary.as_ref().is_none_or(is_json), "beneficiary is JSON");
        if self.kind.is_exchange() {
            expect(
                self.amount_expected.is_some()
                    && self.amount_out.is_some()
                    && self.amount_fee.is_some(),
                "an exchange needs amount_expected, amount_out and amount_fee",
            );
        }
        if self.kind.is_deposit() {
            expect(self.to_address.is_some(), "a deposit needs to_address");
        } else if self.status.is_waiting_for_money() {
            expect(
                self.account.is_some() && self.memo.is_some(),
                "a withdrawal or a send that waits for its money needs account and memo",
            );
        }
        if self.status.is_waiting_for_money() {
            expect(self.amount_in.is_none(), "amount_in is known once the money is in");
        } else if self.status != TransferStatus::PendingExternal {
            expect(
                self.amount_in.is_some() && self.amount_out.is_some(),
                "a transfer whose money is in needs amount_in and amount_out",
            );
        }
        if let (false, Some(out), Some(fee)) =
            (self.kind.is_exchange(), &self.amount_out, &self.amount_fee)
        {
            let whole = self.amount_in.as_ref().or(self.amount_expected.as_ref());
            expect(
                whole.is_none_or(|whole| out.plus(fee) == *whole),
                "amount_out and amount_fee together are what comes in",
            );
        }
        let is_zero = |amount: &Option<Amount>| amount.as_ref().is_some_and(Amount::is_zero);
        expect(
            !is_zero(&self.amount_expected)
                && !is_zero(&self.amount_in)
                && !is_zero(&self.amount_out),
            "amounts are more than 0",
        );
        faults
    }

    /// Every text that gets a column, but for the beneficiary, which is JSON.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let (network, payment_id) =
            self.payment.as_ref().map(|(network, id)| (network, id)).unzip();
        [Some(&self.asset), Some(&self.rail), Some(&self.currency), Some(&self.network)]
            .into_iter()
            .chain([self.from_address.as_ref(), self.to_address.as_ref(), self.account.as_ref()])
            .chain([self.subject.as_ref(), self.rail_reference.as_ref(), network, payment_id])
            .flatten()
            .map(String::as_str)
    }

    /// The transfer as it is first on record.
    #[must_use]
    pub fn begun(self, now: DateTime<Utc>) -> Transfer {
        Transfer {
            transfer_id: self.transfer_id,
            kind: self.kind,
            protocol: self.protocol,
            status: self.status,
            version: 1,
            asset: self.asset,
            rail: self.rail,
            currency: self.currency,
            network: self.network,
            amount_expected: self.amount_expected,
            amount_in: self.amount_in,
            amount_out: self.amount_out,
            amount_fee: self.amount_fee,
            rail_fee: None,
            from_address: self.from_address,
            to_address: self.to_address,
            memo: self.memo,
            account: self.account,
            beneficiary: self.beneficiary,
            subject: self.subject,
            rail_reference: self.rail_reference,
            network_reference: None,
            deadline: self.deadline,
            message: None,
            reason_code: None,
            payment: self.payment,
            refund_id: None,
            payout_id: None,
            attempts: 0,
            not_before: None,
            created_at: self.created_at.map_or(now, |created| created.min(now)),
            updated_at: now,
            completed_at: None,
        }
    }
}

/// Whether a transfer may be created in this status: before its money, or with it and nothing under way.
fn may_begin(kind: TransferKind, status: TransferStatus) -> bool {
    match status {
        TransferStatus::Incomplete | TransferStatus::PendingUser => true,
        TransferStatus::PendingUserTransferStart | TransferStatus::PendingAnchor => {
            kind != TransferKind::Send
        }
        TransferStatus::PendingExternal | TransferStatus::PendingTrust => kind.is_deposit(),
        TransferStatus::PendingSender | TransferStatus::PendingReceiver => {
            kind == TransferKind::Send
        }
        TransferStatus::PendingUserTransferComplete
        | TransferStatus::PendingStellar
        | TransferStatus::PendingTransactionInfoUpdate
        | TransferStatus::PendingCustomerInfoUpdate
        | TransferStatus::OnHold
        | TransferStatus::Completed
        | TransferStatus::Refunded
        | TransferStatus::Expired
        | TransferStatus::NoMarket
        | TransferStatus::TooSmall
        | TransferStatus::TooLarge
        | TransferStatus::Error => false,
    }
}

fn is_id(text: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    !text.is_empty() && text.len() <= ID_MAX && text.bytes().all(is_legal)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{amount, new};
    use super::*;

    #[test]
    fn what_is_right_has_no_faults() {
        for (kind, status) in [
            (TransferKind::Deposit, TransferStatus::PendingUserTransferStart),
            (TransferKind::Deposit, TransferStatus::PendingAnchor),
            (TransferKind::Withdrawal, TransferStatus::Incomplete),
            (TransferKind::Withdrawal, TransferStatus::PendingAnchor),
            (TransferKind::Send, TransferStatus::PendingSender),
            (TransferKind::Send, TransferStatus::PendingReceiver),
        ] {
            assert_eq!(new(kind, status).faults(), Vec::<String>::new(), "{kind} {status}");
        }
    }

    #[test]
    fn each_fault_is_told() {
        let good = || new(TransferKind::Withdrawal, TransferStatus::PendingUserTransferStart);
        let ready = || new(TransferKind::Send, TransferStatus::PendingReceiver);
        let cases = [
            (NewTransfer { transfer_id: "a b".to_owned(), ..good() }, "transfer_id"),
            (NewTransfer { transfer_id: String::new(), ..good() }, "transfer_id"),
            (NewTransfer { rail: String::new(), ..good() }, "rail"),
            (NewTransfer { status: TransferStatus::Completed, ..good() }, "status"),
            (NewTransfer { status: TransferStatus::PendingSender, ..good() }, "status"),
            (NewTransfer { kind: TransferKind::WithdrawalExchange, ..good() }, "exchange"),
            (NewTransfer { memo: None, ..good() }, "memo"),
            (NewTransfer { account: None, ..good() }, "account"),
            (NewTransfer { beneficiary: Some("{".to_owned()), ..good() }, "JSON"),
            (NewTransfer { amount_in: Some(amount("1")), ..good() }, "amount_in"),
            (NewTransfer { amount_expected: Some(amount("0.00")), ..good() }, "more than 0"),
            (NewTransfer { subject: Some("x".repeat(1001)), ..good() }, "1000"),
            (NewTransfer { amount_out: None, ..ready() }, "amount_out"),
            (NewTransfer { amount_fee: Some(amount("2")), ..ready() }, "together"),
        ];
        for (bad, word) in cases {
            let faults = bad.faults();
            assert!(faults.iter().any(|fault| fault.contains(word)), "{word}: {faults:?}");
        }
    }
}
