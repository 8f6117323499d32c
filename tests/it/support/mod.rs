//! What the tests stand on: databases of their own, and payments to put into them.

pub(crate) mod agreement;
mod daemon;
pub(crate) mod databases;
pub(crate) mod faults;
pub(crate) mod helps;
pub(crate) mod host;
mod keys;
pub(crate) mod operators;
pub(crate) mod payments;
pub(crate) mod scene;
pub(crate) mod spare;
pub(crate) mod stellar;
pub(crate) mod supervisor;
pub(crate) mod transfers;
pub(crate) mod web;
pub(crate) mod world;

pub(crate) use databases::{Kind, Person, TestDatabase, on_both, on_both_bare, on_each, run};
pub(crate) use operators::{ann, by};
