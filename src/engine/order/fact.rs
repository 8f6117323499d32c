//! What comes from outside: each of these is judged, and written with all that follows from it, in one transaction.

use super::{CreditNote, Customer, NewOrder, OrderKey, OrderWish, Reference};
use crate::engine::{Incoming, IncomingKey};

/// Something that a shop, a place, a wallet, a person or a clock tells.
#[derive(Debug, Clone)]
pub enum OrderFact {
    /// A shop tells of an order.
    Came {
        /// The order.
        told: Box<NewOrder>,
        /// The wallet that has signed for it in the shop's own note. The signature is known to be right.
        claim: Option<String>,
    },
    /// The shop has cancelled an order.
    ShopCancelled(OrderKey),
    /// A wallet has signed that it pays an order. The signature is known to be right.
    Claimed {
        /// Which order.
        order: OrderKey,
        /// Which wallet.
        wallet: String,
    },
    /// A place has seen money.
    Received(Box<SeenMoney>),
    /// Money is final.
    Confirmed(IncomingKey),
    /// Money has vanished before it was final.
    Vanished {
        /// Which.
        money: IncomingKey,
        /// Why.
        why: String,
    },
    /// Final money was taken back.
    TakenBack {
        /// Which.
        money: IncomingKey,
        /// Why.
        why: String,
    },
    /// A person gives a customer credit, or takes it.
    Noted(CreditNote),
    /// A person wishes something for an order.
    Wished {
        /// Which order.
        order: OrderKey,
        /// What.
        wish: OrderWish,
        /// Why.
        reason: String,
    },
    /// What can be paid of a customer's orders is paid.
    SettledCustomer(Customer),
    /// What can be paid of the orders of a wallet's customers is paid.
    SettledWallet(String),
    /// The time of an order may be over.
    Due(OrderKey),
}

/// Money that a place has seen, and what it may be for.
#[derive(Debug, Clone)]
pub struct SeenMoney {
    /// The money, as its place tells it.
    pub incoming: Incoming,
    /// The configured asset that it is.
    pub asset: String,
    /// What it names, by the rules of each shop that it may be for, in the order in which the shops are asked.
    pub names: Vec<(String, Reference)>,
}

impl OrderFact {
    /// The order that it is about, if it is about one alone.
    #[must_use]
    pub fn order(&self) -> Option<&OrderKey> {
        match self {
            Self::Came { told, .. } => Some(&told.key),
            Self::ShopCancelled(order)
            | Self::Due(order)
            | Self::Claimed { order, .. }
            | Self::Wished { order, .. } => Some(order),
            Self::Received(_)
            | Self::Confirmed(_)
            | Self::Vanished { .. }
            | Self::TakenBack { .. }
            | Self::Noted(_)
            | Self::SettledCustomer(_)
            | Self::SettledWallet(_) => None,
        }
    }

    /// The money that it is about.
    #[must_use]
    pub fn money(&self) -> Option<IncomingKey> {
        match self {
            Self::Received(seen) => Some(seen.incoming.key()),
            Self::Confirmed(money)
            | Self::Vanished { money, .. }
            | Self::TakenBack { money, .. } => Some(money.clone()),
            Self::Noted(note) => Some(note.key()),
            Self::Wished { wish: OrderWish::Fulfil { incoming_id, .. }, .. } => {
                Some(super::manual(incoming_id))
            }
            Self::Came { .. }
            | Self::ShopCancelled(_)
            | Self::Claimed { .. }
            | Self::Wished { .. }
            | Self::SettledCustomer(_)
            | Self::SettledWallet(_)
            | Self::Due(_) => None,
        }
    }
}
