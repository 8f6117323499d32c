//! Transfers for the tests of decisions, and of who carries them out.

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::{
    Amount, Asset, Assets, Memo, NewTransfer, Policy, RailSide, Terms, Transfer, TransferKind,
    TransferStatus,
};

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

pub(crate) fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// Lumens, under the name `usd`, on the network `stellar`.
pub(crate) fn assets() -> Assets {
    let asset = Asset {
        name: "usd".to_owned(),
        network: "stellar".to_owned(),
        code: "native".to_owned(),
        account: "GUS".to_owned(),
        decimals: 7,
        claimable_balances: false,
        rail: Some(RailSide {
            rail: "bank".to_owned(),
            currency: "USD".to_owned(),
            decimals: 2,
            fee_fixed: Amount::zero(),
            fee_percent: Amount::zero(),
            underpayment: Policy::Hold,
            overpayment: Policy::Refund,
        }),
    };
    Assets::from([(asset.name.clone(), asset)])
}

/// A fee of 0.50. Less than expected is for a person, and more goes back.
pub(crate) fn terms() -> Terms {
    Terms {
        decimals_in: 2,
        decimals_out: 7,
        fee_fixed: amount("0.50"),
        fee_percent: Amount::zero(),
        underpayment: Policy::Hold,
        overpayment: Policy::Refund,
    }
}

/// A transfer of 10 of the asset `usd`, an hour old.
pub(crate) fn transfer(kind: TransferKind, status: TransferStatus) -> Transfer {
    let is_deposit = kind.is_deposit();
    let new = NewTransfer {
        transfer_id: "t".to_owned(),
        kind,
        protocol: None,
        status,
        asset: "usd".to_owned(),
        rail: "bank".to_owned(),
        currency: "USD".to_owned(),
        network: "stellar".to_owned(),
        amount_expected: Some(amount("10")),
        amount_in: None,
        amount_out: None,
        amount_fee: None,
        from_address: None,
        to_address: is_deposit.then(|| "GABC".to_owned()),
        memo: (!is_deposit).then_some(Memo::Id(7)),
        account: (!is_deposit).then(|| "GUS".to_owned()),
        beneficiary: None,
        subject: is_deposit.then(|| "rent 7".to_owned()),
        rail_reference: None,
        deadline: None,
        payment: None,
        created_at: Some(now() - TimeDelta::hours(1)),
    };
    new.begun(now())
}
