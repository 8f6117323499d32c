//! What can be done for a payment, by what its destination is like. Pure.

use crate::engine::Amount;
use crate::networks::stellar::{
    AccountState, Address, DestinationState, Planned, StellarAsset, destination_state,
};

/// A payment that is to be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// `G…` or `M…`.
    pub(super) to: &'a str,
    pub(super) asset: &'a StellarAsset,
    pub(super) amount: &'a Amount,
    pub(super) has_memo: bool,
    /// What goes to the same account in the same asset besides, and has not arrived.
    pub(super) beside: &'a Amount,
}

/// What we do where the money cannot simply be paid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ways<'a> {
    /// Lay the money down as a claimable balance where there is no trustline.
    pub(super) claimable_balances: bool,
    /// XLM for accounts that we create. None: we create none.
    pub(super) starting_balance: Option<&'a Amount>,
}

/// What can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Able {
    /// This makes the payment.
    Pay(Planned),
    /// This must come first, in a transaction of its own. The payment follows.
    Prepare(Planned),
    /// Somebody else must do something first, so it is looked at again.
    Wait(String),
    /// It never can be paid as it is: a person must look.
    Hold(String),
}

/// Decides what can be done, where the destination's account is as told: None if there is none.
pub(super) fn able(wanted: Wanted<'_>, account: Option<&AccountState>, ways: Ways<'_>) -> Able {
    let Wanted { to, asset, amount, has_memo, beside } = wanted;
    let both = amount.plus(beside);
    let address: Address = match to.parse() {
        Ok(address) => address,
        Err(error) => return Able::Hold(format!("it cannot be paid: {error}")),
    };
    let plain = address.muxed_id().is_none();
    match destination_state(account, to, asset, &both, has_memo) {
        Err(error) => Able::Hold(format!("it cannot be paid: {error}")),
        Ok(DestinationState::Ready) => Able::Pay(Planned::Pay {
            to: to.to_owned(),
            asset: asset.clone(),
            amount: amount.clone(),
        }),
        Ok(DestinationState::NeedsMemo) => {
            Able::Hold("the receiver's account wants a memo, and there is none".to_owned())
        }
        // With XLM, the creation is the payment. It has no place for the number of a sub-account.
        Ok(DestinationState::NoAccount) if *asset == StellarAsset::Native && plain => {
            Able::Pay(Planned::CreateAccount {
                account: to.to_owned(),
                starting_balance: amount.clone(),
            })
        }
        Ok(DestinationState::NoAccount) => match ways.starting_balance {
            Some(balance) => Able::Prepare(Planned::CreateAccount {
                account: address.account(),
                starting_balance: balance.clone(),
            }),
            None => Able::Wait("the receiver's account does not exist".to_owned()),
        },
        Ok(DestinationState::NoTrust) if ways.claimable_balances && plain => {
            Able::Pay(Planned::CreateClaimableBalance {
                claimant: to.to_owned(),
                asset: asset.clone(),
                amount: amount.clone(),
            })
        }
        Ok(DestinationState::NoTrust) => {
            Able::Wait(format!("the receiver's account has no trustline for {asset}"))
        }
        Ok(DestinationState::NotAuthorized) => {
            Able::Wait(format!("the issuer does not let the receiver's account hold {asset}"))
        }
        Ok(DestinationState::LimitTooLow) => {
            Able::Wait(format!("the receiver's trustline has no room for {both} of {asset}"))
        }
    }
}
