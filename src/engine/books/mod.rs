//! Double entry: where money came from, where it is, and where it went. Append-only.
//!
//! Each entry moves money between accounts, and its lines sum to zero in each asset, or it cannot be made. What an account
//! holds is the sum of its lines: `received/PLACE` is what came, with a minus; `out` is what left.
//!
//! | file | what it knows |
//! |---|---|
//! | `account` | the accounts, as words |
//! | `balance` | an amount that may be owed |
//! | `entry` | entries and their lines |
//! | `orders` | what each fact about an order's money is in the books |
//! | `transfers` | the same of transfers |
//! | `steps` | what a transfer's step is in the books |

mod account;
mod balance;
mod entry;
mod orders;
mod steps;
mod transfers;

pub use account::{AccountKind, BookAccount};
pub use balance::Balance;
pub use entry::{BookLine, Entry, EntryError, EntryKind, Movement, Occasion};
pub use orders::{confirmed, credited, refund_failed, refunded, reversed, settled, tolerated};
pub use steps::{TRANSFER_ENTRIES, entries_of_step};
pub use transfers::{
    assigned, came_in, exchanged, fee_kept, gap_closed, held, rail_fee, released, renamed,
    transfer_refunded, transfer_reversed, unmatched, unmatched_came_back, unmatched_refunded,
    unmatched_reversed, went_out,
};
