//! What the parts of the bench `transfers` share: both sides of a transfer, transfers to begin with, and the floor.

use std::thread;
use std::time::{Duration, Instant};

use crate::process::PATIENCE;
use crate::support::Outcome;

pub(crate) mod anchor;
pub(crate) mod floor;
pub(crate) mod rail;
pub(crate) mod seed;

/// Looks again and again until something holds.
pub(crate) fn wait(what: &str, holds: impl Fn() -> Outcome<bool>) -> Outcome<()> {
    let begun = Instant::now();
    while !holds()? {
        if begun.elapsed() > PATIENCE {
            return Err(format!("waited in vain for {what}").into());
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
