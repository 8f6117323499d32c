//! The core: what a payment is, which moves are legal, what to decide. Pure functions of what is known and of `now`.

mod clock;
mod poller;

pub use clock::Clock;
pub use poller::Poller;
