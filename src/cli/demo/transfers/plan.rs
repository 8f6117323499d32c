//! What the demo's customers do, and what must come of it. Pure.
//!
//! The judge counts for itself: in whole units of 0.0000001, with rules written from the documentation and shared with
//! nothing of the engine's.

use crate::engine::TransferStatus;
use railpoll_sandbox::horizon::decimal;

/// One of the money, in units.
pub(super) const ONE: i64 = 10_000_000;
/// The smallest that the bank can write, in units.
const CENT: i64 = ONE / 100;
/// The parts in which a percentage is counted.
const MILLION: i128 = 1_000_000;
/// Every mistake is made by one customer in so many.
const ROUND: usize = 20;

/// Money that has a name on both sides, and what we keep of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Coin {
    /// Its section in the config.
    pub(super) name: &'static str,
    /// What the ledger calls it.
    pub(super) code: &'static str,
    /// What the bank calls it.
    pub(super) currency: &'static str,
    /// As the config has it.
    pub(super) fee_fixed: &'static str,
    /// As the config has it.
    pub(super) fee_percent: &'static str,
    /// The first again, in units.
    fixed: i64,
    /// The second again, in millionths.
    parts: i64,
}

/// All there is.
pub(super) const COINS: [Coin; 2] = [
    Coin {
        name: "usdc",
        code: "USDC",
        currency: "USD",
        fee_fixed: "0.50",
        fee_percent: "0.25",
        fixed: ONE / 2,
        parts: 2_500,
    },
    Coin {
        name: "eurc",
        code: "EURC",
        currency: "EUR",
        fee_fixed: "0",
        fee_percent: "1",
        fixed: 0,
        parts: 10_000,
    },
];

/// Which way the money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From the bank to the ledger.
    Deposit,
    /// From the ledger to the bank.
    Withdrawal,
}

/// What a customer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conduct {
    /// Pays what was agreed.
    Pays,
    /// Pays a cent less: it goes back.
    PaysLess,
    /// Pays a cent more: it goes on.
    PaysMore,
    /// Never pays.
    Forgets,
    /// Deposit: the bank sends the money back to the payer.
    Bounces,
    /// Deposit: opens the trustline only after the money is in.
    TrustsLate,
    /// Deposit: has no account on the ledger before we make one.
    HasNoAccount,
    /// Withdrawal: pays twice.
    PaysTwice,
    /// Withdrawal: pays in lumens.
    PaysLumens,
    /// Withdrawal: wants the money in a bank account that is closed.
    CannotBePaid,
}

/// One transfer.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) id: String,
    pub(super) way: Way,
    pub(super) coin: &'static Coin,
    pub(super) conduct: Conduct,
    /// What was agreed, in units.
    pub(super) expected: i64,
    /// The memo of a withdrawal.
    pub(super) memo: u64,
}

/// How a transfer must end, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// So much goes out, and we keep so much.
    Paid { out: i64, fee: i64 },
    /// So much goes back.
    Back(i64),
    /// So much stays with us, for a person to decide on.
    Held(i64),
    /// Nothing came: the transfer is over.
    Over(TransferStatus),
    /// Nothing came: the transfer waits.
    Waits,
}

impl Coin {
    /// What goes out for what came in, and what is kept: rounded half up to the cent, and on the way to the bank with
    /// all that is less than a cent.
    pub(super) fn settled(&self, way: Way, received: i64) -> (i64, i64) {
        let asked =
            i128::from(self.fixed) * MILLION + i128::from(received) * i128::from(self.parts);
        let cent = i128::from(CENT) * MILLION;
        let cents = (asked + cent / 2) / cent;
        let fee = i64::try_from(cents * i128::from(CENT)).unwrap_or(i64::MAX);
        let rest = received - fee;
        let out = match way {
            Way::Deposit => rest,
            Way::Withdrawal => rest - rest % CENT,
        };
        (out, received - out)
    }
}

impl Planned {
    /// Units as the side where the money comes in writes them: a bank writes cents.
    pub(super) fn written(&self, units: i64) -> String {
        let text = decimal(units);
        match self.way {
            Way::Deposit => text.strip_suffix("00000").map(str::to_owned).unwrap_or(text),
            Way::Withdrawal => text,
        }
    }

    /// What the customer pays in for it, the first time; of the agreed money.
    pub(super) const fn pays(&self) -> i64 {
        match self.conduct {
            Conduct::Pays
            | Conduct::TrustsLate
            | Conduct::HasNoAccount
            | Conduct::PaysTwice
            | Conduct::CannotBePaid => self.expected,
            Conduct::PaysLess => self.expected - CENT,
            Conduct::PaysMore => self.expected + CENT,
            Conduct::Forgets | Conduct::Bounces | Conduct::PaysLumens => 0,
        }
    }

    /// How it must end.
    pub(super) fn end(&self) -> End {
        let received = self.pays();
        match (self.conduct, self.way) {
            (Conduct::PaysLess, _) => End::Back(received),
            (Conduct::CannotBePaid, _) => End::Held(received),
            (Conduct::Bounces, _) => End::Over(TransferStatus::Error),
            (Conduct::Forgets, Way::Deposit) => End::Over(TransferStatus::Expired),
            (Conduct::Forgets, Way::Withdrawal) | (Conduct::PaysLumens, _) => End::Waits,
            (
                Conduct::Pays
                | Conduct::PaysMore
                | Conduct::TrustsLate
                | Conduct::HasNoAccount
                | Conduct::PaysTwice,
                way,
            ) => {
                let (out, fee) = self.coin.settled(way, received);
                End::Paid { out, fee }
            }
        }
    }

    /// The statuses that it must have had, in this order, others between them.
    pub(super) const fn milestones(&self, end: End) -> &'static [TransferStatus] {
        use TransferStatus::{
            Completed, Error, Expired, PendingAnchor, PendingStellar, PendingUserTransferStart,
            Refunded,
        };
        match (end, self.way) {
            (End::Paid { .. }, Way::Deposit) => {
                &[PendingUserTransferStart, PendingAnchor, PendingStellar, Completed]
            }
            (End::Paid { .. }, Way::Withdrawal) => {
                &[PendingUserTransferStart, PendingAnchor, Completed]
            }
            (End::Back(_), _) => &[PendingUserTransferStart, PendingAnchor, Refunded],
            (End::Held(_), _) => &[PendingUserTransferStart, PendingAnchor, Error],
            (End::Over(Expired), _) => &[PendingUserTransferStart, Expired],
            (End::Over(_), _) => &[PendingUserTransferStart, Error],
            (End::Waits, _) => &[PendingUserTransferStart],
        }
    }
}

impl End {
    /// The status that it must end in.
    pub(super) const fn status(self) -> TransferStatus {
        match self {
            Self::Paid { .. } => TransferStatus::Completed,
            Self::Back(_) => TransferStatus::Refunded,
            Self::Held(_) => TransferStatus::Error,
            Self::Over(status) => status,
            Self::Waits => TransferStatus::PendingUserTransferStart,
        }
    }
}

/// So many deposits and as many withdrawals.
pub(super) fn plan(each: usize) -> Vec<Planned> {
    let one = |way, n: usize| {
        let (word, conduct) = match way {
            Way::Deposit => ("deposit", depositor(n)),
            Way::Withdrawal => ("withdrawal", withdrawer(n)),
        };
        let number = u32::try_from(n).unwrap_or(u32::MAX);
        let cents = 1_000 + (i64::from(number) * 7_919) % 50_000;
        // The ledger knows less than a cent.
        let dust = if way == Way::Withdrawal { i64::from(number) * 61_001 % CENT } else { 0 };
        Planned {
            id: format!("{word}-{:04}", n + 1),
            way,
            coin: if n % 3 == 2 { &COINS[1] } else { &COINS[0] },
            conduct,
            expected: cents * CENT + dust,
            memo: 7_000_000 + u64::from(number),
        }
    };
    let deposits = (0..each).map(|n| one(Way::Deposit, n));
    deposits.chain((0..each).map(|n| one(Way::Withdrawal, n))).collect()
}

const fn depositor(n: usize) -> Conduct {
    match n % ROUND {
        2 => Conduct::PaysLess,
        5 => Conduct::PaysMore,
        8 => Conduct::TrustsLate,
        11 => Conduct::HasNoAccount,
        14 => Conduct::Bounces,
        17 => Conduct::Forgets,
        _ => Conduct::Pays,
    }
}

const fn withdrawer(n: usize) -> Conduct {
    match n % ROUND {
        2 => Conduct::PaysLess,
        5 => Conduct::PaysMore,
        8 => Conduct::PaysTwice,
        11 => Conduct::PaysLumens,
        14 => Conduct::CannotBePaid,
        17 => Conduct::Forgets,
        _ => Conduct::Pays,
    }
}

/// So many strangers pay us without saying what for, beside so many customers.
pub(super) const fn strangers(each: usize) -> usize {
    each.div_ceil(ROUND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_rounded_half_up_and_nothing_is_lost() {
        let [usdc, eurc] = &COINS;
        // 0.50 and 0.25 % of 10.00 are 0.525.
        assert_eq!(usdc.settled(Way::Deposit, 10 * ONE), (94_700_000, 5_300_000));
        assert_eq!(usdc.settled(Way::Deposit, 9 * ONE), (84_800_000, 5_200_000));
        // 1 % of 10.0012345 is 0.100012345; what the bank cannot write stays with us.
        assert_eq!(eurc.settled(Way::Withdrawal, 100_012_345), (99_000_000, 1_012_345));
    }

    #[test]
    fn a_round_has_every_conduct_and_every_name_once() {
        let all = plan(2 * ROUND);
        for conduct in [
            Conduct::PaysLess,
            Conduct::PaysMore,
            Conduct::Forgets,
            Conduct::Bounces,
            Conduct::TrustsLate,
            Conduct::HasNoAccount,
            Conduct::PaysTwice,
            Conduct::PaysLumens,
            Conduct::CannotBePaid,
        ] {
            assert!(all.iter().any(|one| one.conduct == conduct), "{conduct:?}");
        }
        let ids: std::collections::BTreeSet<&str> = all.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids.len(), all.len());
        assert!(plan(0).is_empty());
    }
}
