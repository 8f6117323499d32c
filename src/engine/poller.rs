//! The pollers: one row each.

use std::fmt;
use std::str::FromStr;

use super::PaymentState;

/// What a poller works at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceKind {
    /// Networks.
    Network,
    /// Rails.
    Rail,
    /// Shops.
    Shop,
}

/// What there is to know of a poller.
#[derive(Debug)]
pub struct PollerFacts {
    /// The name in logs and tables.
    pub name: &'static str,
    /// The name of its section in the configuration, after `pollers.`.
    pub key: &'static str,
    /// The name of its binary.
    pub binary: &'static str,
    /// The state of payments that it owns. None: it is about transfers, or orders.
    pub state: Option<PaymentState>,
    /// What it works at.
    pub places: &'static [PlaceKind],
    /// What it is for, in a line.
    pub about: &'static str,
}

macro_rules! pollers {
    ($($(#[$means:meta])* $Poller:ident: $name:literal, $key:literal, $state:expr, [$($Place:ident),+], $about:literal;)+) => {
        /// A daemon that owns one state of payments, or one part of the way of transfers or orders.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Poller {
            $($(#[$means])* $Poller,)+
        }

        impl Poller {
            /// Every poller: those of payments in the order of a payment's life, then those of transfers and of orders.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$Poller),+];

            /// Its row.
            #[must_use]
            pub const fn facts(self) -> &'static PollerFacts {
                match self {
                    $(Self::$Poller => &PollerFacts {
                        name: $name,
                        key: $key,
                        binary: concat!("railpoll-", $name),
                        state: $state,
                        places: &[$(PlaceKind::$Place),+],
                        about: $about,
                    },)+
                }
            }
        }
    };
}

#[rustfmt::skip]
pollers! {
    /// Payments offered to us, to be locked or rejected.
    Accepted: "accepted", "accepted", Some(PaymentState::Accepted), [Network],
        "Picks up payments that are offered to us: locks or declines them";
    /// Payments whose partners have locked them, to be settled by the sender.
    Locked: "locked", "locked", Some(PaymentState::Locked), [Network],
        "Settles payments that the partners have locked";
    /// Payments that the network has executed, to be completed by the receiver.
    Executed: "executed", "executed", Some(PaymentState::Executed), [Network],
        "Picks up executed payments: completes or fails them";
    /// Payments that are over and went well.
    Completed: "completed", "completed", Some(PaymentState::Completed), [Network],
        "Records payments that were completed";
    /// Payments whose money went back, by another payment.
    Returned: "returned", "returned", Some(PaymentState::Returned), [Network],
        "Records payments whose money went back";
    /// Payments that are over and went wrong.
    Failed: "failed", "failed", Some(PaymentState::Failed), [Network],
        "Records payments that failed";
    /// Deposits: money that is to come in on a rail, and then to go out on a network.
    PendingDeposits: "pending-deposits", "pending_deposits", None, [Network, Rail],
        "Asks rails for deposits, and sends what has arrived";
    /// Withdrawals and sends: money that came in on a network, and is to go out on a rail.
    Outgoing: "outgoing", "outgoing", None, [Rail],
        "Pays out on rails, and follows each payout to its end";
    /// Money that reaches our accounts on a network.
    Watch: "watch", "watch", None, [Network],
        "Records money that reaches our accounts, and finds what it is for";
    /// Orders that are open.
    Orders: "orders", "orders", None, [Shop],
        "Ends orders whose time is over, and pays what credit covers";
}

impl Poller {
    /// The pollers that own a state of payments, in the order of a payment's life.
    pub const PAYMENTS: [Self; 6] = [
        Self::Accepted,
        Self::Locked,
        Self::Executed,
        Self::Completed,
        Self::Returned,
        Self::Failed,
    ];

    /// Whether it owns a state of payments.
    #[must_use]
    pub const fn is_of_payments(self) -> bool {
        self.facts().state.is_some()
    }

    /// The name in logs and tables, and after `railpoll-` in the binary's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The name of its section in the configuration, after `pollers.`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        self.facts().key
    }

    /// The name of its binary.
    #[must_use]
    pub const fn binary(self) -> &'static str {
        self.facts().binary
    }
}

impl fmt::Display for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Poller {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|poller| poller.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            format!("there is no poller `{name}`; there are: {known}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_agree() {
        for poller in Poller::ALL {
            assert_eq!(poller.name().parse(), Ok(poller));
            assert_eq!(poller.key(), poller.name().replace('-', "_"));
            assert_eq!(Poller::PAYMENTS.contains(&poller), poller.is_of_payments());
        }
    }

    #[test]
    fn no_two_pollers_own_one_state() {
        let states: Vec<_> =
            Poller::ALL.iter().filter_map(|one| one.facts().state.as_ref()).collect();
        for (index, state) in states.iter().enumerate() {
            assert!(!states[..index].contains(state), "{state}");
        }
    }
}
