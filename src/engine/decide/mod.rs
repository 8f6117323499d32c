//! Who gets what: decisions on money, each a pure function of what is known, what came, and now.
//!
//! | file | what is decided |
//! |---|---|
//! | `judging` | whose the money is that came, and what becomes of its transfer |
//! | `deposits` | what follows from a rail's answer about a deposit |
//! | `payouts` | what becomes of a payout when its rail has answered, or has not |
//! | `returns` | the refund of what goes back |
//! | `accept` | what goes out for money that a person accepts |
//! | `moves` | what a person's wish for a transfer comes to |
//! | `rules` | what each poller does with the payments in its state |

pub(crate) mod accept;
pub(crate) mod deposits;
#[cfg(test)]
pub(crate) mod fixtures;
pub(crate) mod judging;
pub(crate) mod moves;
pub(crate) mod payouts;
pub(crate) mod returns;
pub(crate) mod rules;
