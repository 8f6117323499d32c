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

impl Able {
    /// The same for money that goes back. Who has paid had an account and a trustline then: what has happened to them is for a
    /// person to find out.
    pub(super) fn back(self) -> Self {
        match self {
            Self::Prepare(_) => Self::Hold("the payer's account does not exist".to_owned()),
            Self::Wait(why) => Self::Hold(why),
            other @ (Self::Pay(_) | Self::Hold(_)) => other,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::stellar::{AccountSigner, Line, SourceState, Thresholds};

    const US: &str = "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ";
    const TO: &str = "GB43KVROR7TFJ6KAPCYRF2FJROTZAH4FHLTJLPWX4DRZCC5NASLGITR6";

    fn usd() -> StellarAsset {
        StellarAsset::credit("USD", US).unwrap()
    }

    /// An account with a trustline that has room for 10, or none.
    fn account(line: Option<StellarAsset>) -> AccountState {
        AccountState {
            account: TO.to_owned(),
            source: SourceState { sequence: 1 },
            thresholds: Thresholds::default(),
            signers: vec![AccountSigner { key: TO.to_owned(), weight: 1 }],
            lines: line
                .into_iter()
                .map(|asset| Line {
                    asset,
                    balance: 0,
                    limit: 100_000_000,
                    buying_liabilities: 0,
                    selling_liabilities: 0,
                    authorized: true,
                })
                .collect(),
            memo_required: false,
            entries: 3,
        }
    }

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn of(to: &str, asset: &StellarAsset, account: Option<&AccountState>, ways: Ways<'_>) -> Able {
        let (sum, nothing) = (amount("10"), Amount::zero());
        let wanted = Wanted { to, asset, amount: &sum, has_memo: false, beside: &nothing };
        able(wanted, account, ways)
    }

    const PLAIN: Ways<'_> = Ways { claimable_balances: false, starting_balance: None };

    #[test]
    fn who_can_take_it_is_paid() {
        let there = account(Some(usd()));
        let pay = |to: &str| Planned::Pay { to: to.to_owned(), asset: usd(), amount: amount("10") };
        assert_eq!(of(TO, &usd(), Some(&there), PLAIN), Able::Pay(pay(TO)));
        assert!(matches!(of("GABC", &usd(), None, PLAIN), Able::Hold(_)));
    }

    #[test]
    fn two_payments_that_fit_alone_need_not_fit_together() {
        let (there, sum) = (account(Some(usd())), amount("6"));
        let wanted = Wanted { to: TO, asset: &usd(), amount: &sum, has_memo: false, beside: &sum };
        assert!(matches!(able(wanted, Some(&there), PLAIN), Able::Wait(_)));
    }

    #[test]
    fn an_account_is_created_if_that_is_wanted() {
        assert!(matches!(of(TO, &usd(), None, PLAIN), Able::Wait(_)));
        let balance = amount("2.01");
        let ways = Ways { claimable_balances: true, starting_balance: Some(&balance) };
        let Able::Prepare(Planned::CreateAccount { starting_balance, .. }) =
            of(TO, &usd(), None, ways)
        else {
            panic!("an account is to be created");
        };
        assert_eq!(starting_balance, balance, "that is not the payment");
    }

    #[test]
    fn lumens_create_the_account_themselves() {
        let Able::Pay(Planned::CreateAccount { starting_balance, .. }) =
            of(TO, &StellarAsset::Native, None, PLAIN)
        else {
            panic!("the creation is the payment");
        };
        assert_eq!(starting_balance, amount("10"));
    }

    #[test]
    fn without_a_trustline_it_waits_or_is_laid_down() {
        let there = account(None);
        assert!(matches!(of(TO, &usd(), Some(&there), PLAIN), Able::Wait(_)));
        let ways = Ways { claimable_balances: true, starting_balance: None };
        let laid = of(TO, &usd(), Some(&there), ways);
        assert!(matches!(laid, Able::Pay(Planned::CreateClaimableBalance { .. })));
    }

    #[test]
    fn money_that_goes_back_waits_for_nobody_but_a_person() {
        let balance = amount("2.01");
        let ways = Ways { claimable_balances: false, starting_balance: Some(&balance) };
        assert!(matches!(of(TO, &usd(), None, ways).back(), Able::Hold(_)));
        assert!(matches!(of(TO, &usd(), Some(&account(None)), PLAIN).back(), Able::Hold(_)));
        assert!(matches!(of(TO, &usd(), Some(&account(Some(usd()))), PLAIN).back(), Able::Pay(_)));
    }

    #[test]
    fn who_wants_a_memo_and_has_none_is_for_a_person() {
        let there = AccountState { memo_required: true, ..account(Some(usd())) };
        assert!(matches!(of(TO, &usd(), Some(&there), PLAIN), Able::Hold(_)));
    }
}
