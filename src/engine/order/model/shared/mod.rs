//! What the tests of the engine and those of the store have in common.

mod facts;
mod history;
mod keeper;
mod loading;

use super::engine;

pub(crate) use facts::{
    Fact, Happening, Wished, claimed, confirmed, noted, ordered, received, wished,
};
pub(crate) use history::{history, terms};
pub(crate) use keeper::{Answer, Keeper};
