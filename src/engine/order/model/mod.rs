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

use shared::{Answer, Fact, Keeper, Wished, claimed, confirmed, noted, ordered, received, wished};

/// Money that is seen, and final at once.
fn pays(keeper: &mut Keeper, id: &str, wallet: &str, amount: &str, memo: &str) {
    keeper.all(&[received(id, wallet, amount, memo), confirmed(id)]);
}
