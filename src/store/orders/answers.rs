//! Who tells facts about orders, what they are judged by, and what is answered.

use std::collections::BTreeSet;

use crate::engine::Action;
use crate::engine::order::{Order, OrderRefusal, OrderSettlement, OrderStatus, TermsOfShops};
use crate::store::{Deed, Lease};

/// What came of a fact.
#[derive(Debug, Clone, PartialEq)]
pub enum OrderAnswer {
    /// It is on record, with all that follows from it.
    Done(OrderDone),
    /// It was so before: nothing is written.
    Already,
    /// It is refused, and has no effect.
    Refused(OrderRefusal),
    /// It speaks of something that nobody knows.
    Unknown,
}

/// What followed from a fact.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OrderDone {
    /// The orders that are new or changed, as they are after it.
    pub orders: Vec<Order>,
    /// What was paid of them.
    pub settlements: Vec<OrderSettlement>,
}

impl OrderDone {
    /// The orders that it has paid.
    pub fn paid(&self) -> impl Iterator<Item = &Order> {
        self.orders.iter().filter(|order| order.status == OrderStatus::Paid)
    }
}

/// What orders are judged by: the terms of the shops, and the names of the rails.
#[derive(Debug, Clone, Default)]
pub struct OrderWorld {
    /// The terms of each shop.
    pub terms: TermsOfShops,
    /// The configured rails: what came there goes back there.
    pub rails: BTreeSet<String>,
}

/// Who tells facts.
#[derive(Debug, Clone, Copy)]
pub enum OrderTeller<'a> {
    /// A poller, while its lease lasts.
    Poller(&'a Lease),
    /// An operator: what it is called, and the deed, which goes on record with it. `once` answers a repetition.
    Operator {
        /// What is done.
        action: Action,
        /// By whom, and why.
        deed: &'a Deed,
        /// The asker's own key of it.
        once: Option<&'a str>,
    },
    /// A wallet that reports: its network, its address, and the nonce of what it tells.
    Wallet {
        /// The network.
        network: &'a str,
        /// Its address.
        address: &'a str,
        /// Higher than all before.
        nonce: i64,
    },
    /// The same, where an operator hands in what a wallet has told.
    HandedIn {
        /// The network.
        network: &'a str,
        /// The wallet's address.
        address: &'a str,
        /// Higher than all before.
        nonce: i64,
        /// By whom, and why.
        deed: &'a Deed,
    },
    /// Somebody whose signature was looked at: the payer of an order.
    Payer,
}

impl<'a> OrderTeller<'a> {
    pub(super) const fn lease(self) -> Option<&'a Lease> {
        match self {
            Self::Poller(lease) => Some(lease),
            Self::Operator { .. } | Self::Wallet { .. } | Self::HandedIn { .. } | Self::Payer => {
                None
            }
        }
    }

    /// Of a wallet: its network, its address, and its nonce.
    pub(super) const fn wallet(self) -> Option<(&'a str, &'a str, i64)> {
        match self {
            Self::Wallet { network, address, nonce }
            | Self::HandedIn { network, address, nonce, .. } => Some((network, address, nonce)),
            Self::Poller(_) | Self::Operator { .. } | Self::Payer => None,
        }
    }

    /// What an operator does, and who.
    pub(super) const fn deed(self) -> Option<(Action, &'a Deed)> {
        match self {
            Self::Operator { action, deed, .. } => Some((action, deed)),
            Self::HandedIn { deed, .. } => Some((Action::IncomingNotify, deed)),
            Self::Poller(_) | Self::Wallet { .. } | Self::Payer => None,
        }
    }

    pub(super) fn name(self) -> Option<&'a str> {
        match self {
            Self::Operator { deed, .. } => Some(deed.operator.name.as_str()),
            Self::Poller(_) | Self::Wallet { .. } | Self::HandedIn { .. } | Self::Payer => None,
        }
    }
}

/// How the facts of one call belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Together {
    /// Each is judged by itself: what is refused has no effect, and the others have theirs.
    Apart,
    /// All of them have effects, or none.
    AllOrNone,
    /// None has any: they are only judged.
    Tried,
}
