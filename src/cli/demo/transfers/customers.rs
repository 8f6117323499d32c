//! What the demo's customers do, a little at a time.

use std::collections::VecDeque;

use super::plan::{COINS, Coin, Conduct, ONE, Planned, Way, strangers};
use super::sides::{Sides, customer, stranger, us};
use crate::cli::failure::Failure;
use railpoll_sandbox::horizon::{CustomerMemo, CustomerPayment, Refused, decimal};

/// All that is to be done is done in about so many turns.
const TURNS: usize = 12;

/// Something that somebody does. The number is the place of the transfer in the plan.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// The bank sees a deposit, and has not booked it.
    Announce(usize),
    /// A deposit is booked, or comes to nothing.
    PayIn(usize),
    /// Money is sent to us on the ledger for a withdrawal.
    Send(usize),
    /// The customer of a deposit opens a trustline.
    Trust(usize),
    /// Money comes of which nobody knows what it is for.
    Stray(usize),
}

/// All customers.
pub(super) struct Customers {
    to_do: VecDeque<Act>,
    per_turn: usize,
}

impl Customers {
    pub(super) fn of(plan: &[Planned]) -> Self {
        let mut to_do = VecDeque::new();
        for (n, one) in plan.iter().enumerate() {
            match one.way {
                Way::Deposit if n % 4 == 0 => to_do.push_back(Act::Announce(n)),
                Way::Deposit | Way::Withdrawal => {}
            }
        }
        // Deposits and withdrawals in turn.
        let half = plan.len() / 2;
        for n in 0..half {
            to_do.extend([Act::PayIn(n), Act::Send(half + n)]);
        }
        to_do.extend((0..strangers(half)).map(Act::Stray));
        let without =
            |one: &Planned| matches!(one.conduct, Conduct::TrustsLate | Conduct::HasNoAccount);
        let late = plan.iter().enumerate().filter(|(_, one)| without(one));
        to_do.extend(late.map(|(n, _)| Act::Trust(n)));
        let per_turn = to_do.len().div_ceil(TURNS);
        Self { to_do, per_turn }
    }

    /// Whether everybody has done all.
    pub(super) fn are_done(&self) -> bool {
        self.to_do.is_empty()
    }

    /// Some of them do what they do next.
    pub(super) fn take_turn(&mut self, plan: &[Planned], sides: &Sides) -> Result<(), Failure> {
        for _ in 0..self.per_turn.min(self.to_do.len()) {
            let Some(act) = self.to_do.pop_front() else { return Ok(()) };
            let done = self.carry_out(act, plan, sides).map_err(|why| {
                Failure::Defect(format!("a customer of the demo could not do {act:?}: {why}"))
            })?;
            if !done {
                self.to_do.push_back(act);
            }
        }
        Ok(())
    }

    /// False: it is not possible yet.
    fn carry_out(&self, act: Act, plan: &[Planned], sides: &Sides) -> Result<bool, String> {
        let told = |error: Refused| error.to_string();
        match act {
            Act::Announce(n) => {
                let Some(one) = plan.get(n) else { return Ok(true) };
                if one.conduct != Conduct::Forgets {
                    sides.bank.announce(&subject(one), "seen, to be booked soon");
                }
                Ok(true)
            }
            Act::PayIn(n) => {
                plan.get(n).map_or(Ok(()), |one| pay_in(one, sides))?;
                Ok(true)
            }
            Act::Send(n) => {
                plan.get(n).map_or(Ok(()), |one| send(one, sides)).map_err(told)?;
                Ok(true)
            }
            Act::Trust(n) => {
                let Some(one) = plan.get(n) else { return Ok(true) };
                let keys = customer(&one.id);
                if sides.horizon.balance(&keys.account(), "native").is_none() {
                    return Ok(false);
                }
                sides.trust(&keys, one.coin).map_err(told)?;
                Ok(true)
            }
            Act::Stray(n) => {
                let coin = COINS.get(n % COINS.len()).unwrap_or(&COINS[0]);
                stray(n, coin, sides).map_err(told)?;
                Ok(true)
            }
        }
    }
}

/// What a deposit carries.
pub(super) fn subject(one: &Planned) -> String {
    format!("Order {}", one.id)
}

/// The bank account that a deposit comes from.
pub(super) fn payer(one: &Planned) -> String {
    format!("account of {}", one.id)
}

fn pay_in(one: &Planned, sides: &Sides) -> Result<(), String> {
    let (bank, subject) = (&sides.bank, subject(one));
    match one.conduct {
        Conduct::Forgets => {}
        Conduct::Bounces => {
            bank.fail_deposit(&subject, "returned", "the bank sent it back to the payer");
        }
        Conduct::Pays
        | Conduct::PaysLess
        | Conduct::PaysMore
        | Conduct::TrustsLate
        | Conduct::HasNoAccount
        | Conduct::PaysTwice
        | Conduct::PaysLumens
        | Conduct::CannotBePaid => {
            let amount = one.written(one.pays());
            bank.receive_as(&subject, &amount, one.coin.currency, Some(&payer(one)), None)?;
        }
    }
    Ok(())
}

fn send(one: &Planned, sides: &Sides) -> Result<(), Refused> {
    let pay = |asset: String, amount: i64| {
        let (amount, memo) = (decimal(amount), CustomerMemo::Id(one.memo));
        let payment = CustomerPayment { to: us(), asset, amount, memo };
        sides.horizon.pay(&customer(&one.id), &payment).map(drop)
    };
    match one.conduct {
        Conduct::Forgets => Ok(()),
        Conduct::PaysLumens => pay("native".to_owned(), 5 * ONE),
        Conduct::PaysTwice => {
            pay(one.coin.asset(), one.pays())?;
            pay(one.coin.asset(), one.pays())
        }
        Conduct::Pays
        | Conduct::PaysLess
        | Conduct::PaysMore
        | Conduct::Bounces
        | Conduct::TrustsLate
        | Conduct::HasNoAccount
        | Conduct::CannotBePaid => pay(one.coin.asset(), one.pays()),
    }
}

fn stray(n: usize, coin: &Coin, sides: &Sides) -> Result<(), Refused> {
    let memo = CustomerMemo::Text(format!("hello {n}").into_bytes());
    let amount = decimal(3 * ONE + 1);
    let payment = CustomerPayment { to: us(), asset: coin.asset(), amount, memo };
    sides.horizon.pay(&stranger(), &payment).map(drop)
}
