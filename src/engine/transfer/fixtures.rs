//! Transfers for the tests of this module.

use super::{Memo, NewTransfer, Policy, Terms, Transfer, TransferKind, TransferStatus};
use crate::engine::Amount;
use crate::engine::fixtures::at;

pub(in crate::engine) fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// An asset without fees, which asks a person when another amount comes.
pub(super) fn terms() -> Terms {
    Terms {
        decimals_in: 2,
        decimals_out: 7,
        fee_fixed: Amount::zero(),
        fee_percent: Amount::zero(),
        underpayment: Policy::Hold,
        overpayment: Policy::Hold,
    }
}

pub(super) fn new(kind: TransferKind, status: TransferStatus) -> NewTransfer {
    let is_in = !status.is_waiting_for_money();
    NewTransfer {
        transfer_id: "t1".to_owned(),
        kind,
        protocol: None,
        status,
        asset: "usdc".to_owned(),
        rail: "bank".to_owned(),
        currency: "USD".to_owned(),
        network: "stellar".to_owned(),
        amount_expected: Some(amount("10")),
        amount_in: is_in.then(|| amount("10")),
        amount_out: is_in.then(|| amount("9")),
        amount_fee: is_in.then(|| amount("1")),
        from_address: None,
        to_address: kind.is_deposit().then(|| "GCUSTOMER".to_owned()),
        memo: (!kind.is_deposit()).then_some(Memo::Id(7)),
        account: (!kind.is_deposit()).then(|| "GACCOUNT".to_owned()),
        beneficiary: Some("{}".to_owned()),
        subject: None,
        rail_reference: None,
        deadline: None,
        payment: None,
        created_at: None,
    }
}

pub(in crate::engine) fn transfer(kind: TransferKind, status: TransferStatus) -> Transfer {
    new(kind, status).begun(at(0))
}
