//! The rules of orders and the store, side by side: whatever happens to the book-keeper in memory happens to both databases,
//! and after each fact they are compared. The scenarios are those of the engine's own tests.

mod at_once;
mod histories;
mod twin;

#[path = "../../../src/engine/order/model/shared/mod.rs"]
#[expect(dead_code, reason = "what a twin does in its own way")]
mod rules;

#[path = "../../../src/engine/order/model/arrivals.rs"]
mod arrivals;
#[path = "../../../src/engine/order/model/faults.rs"]
mod faults;
#[path = "../../../src/engine/order/model/sequences.rs"]
mod sequences;
#[path = "../../../src/engine/order/model/wishes.rs"]
mod wishes;

use railpoll::engine;

use self::shared::{
    Answer, Fact, Keeper, Wished, claimed, confirmed, noted, ordered, received, wished,
};

/// What the scenarios speak of: the book-keeper has a twin in each database.
mod shared {
    pub(crate) use super::rules::{
        Answer, Fact, Wished, claimed, confirmed, noted, ordered, received, terms, wished,
    };
    pub(crate) use super::twin::Twin as Keeper;
}

/// Money that is seen, and final at once.
fn pays(keeper: &mut Keeper, id: &str, wallet: &str, amount: &str, memo: &str) {
    keeper.all(&[received(id, wallet, amount, memo), confirmed(id)]);
}
