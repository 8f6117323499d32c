//! Orders as a whole: a book-keeper in memory that carries out what the rules decide, and histories that it goes through.
//!
//! `shared` is for the tests of the store too, which go through the same histories with a real database: it speaks of
//! `super::engine`, which is the engine here, and the library's there.

mod arrivals;
mod faults;
mod properties;
mod sequences;
mod shared;
mod wishes;

use crate::engine;

use shared::{Answer, Fact, Keeper, Wished};

/// A shop's order.
fn ordered(order: &str, customer: &str, price: &str, claim: Option<&str>) -> Fact {
    Fact::Ordered {
        shop: "shop",
        order: order.to_owned(),
        alt_id: None,
        customer: Some(customer.to_owned()).filter(|customer| !customer.is_empty()),
        price: price.to_owned(),
        claim: claim.map(ToOwned::to_owned),
    }
}

/// Money that is seen, with a memo.
fn received(id: &str, wallet: &str, amount: &str, memo: &str) -> Fact {
    Fact::Received {
        shop: "shop",
        id: id.to_owned(),
        wallet: wallet.to_owned(),
        asset: "xtr",
        amount: amount.to_owned(),
        memo: memo.to_owned(),
    }
}

fn confirmed(id: &str) -> Fact {
    Fact::Confirmed { id: id.to_owned() }
}

fn claimed(order: &str, wallet: &str) -> Fact {
    Fact::Claimed { shop: "shop", order: order.to_owned(), wallet: wallet.to_owned() }
}

fn noted(id: &str, customer: &str, amount: &str) -> Fact {
    Fact::Noted {
        shop: "shop",
        id: id.to_owned(),
        customer: customer.to_owned(),
        amount: amount.to_owned(),
    }
}

fn wished(order: &str, wish: Wished) -> Fact {
    Fact::Wished { shop: "shop", order: order.to_owned(), wish }
}

/// Money that is seen, and final at once.
fn pays(keeper: &mut Keeper, id: &str, wallet: &str, amount: &str, memo: &str) {
    keeper.all(&[received(id, wallet, amount, memo), confirmed(id)]);
}
