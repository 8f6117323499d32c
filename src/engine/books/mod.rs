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

mod account;
mod balance;
mod entry;
mod orders;
mod transfers;

pub use account::{AccountKind, BookAccount};
pub use balance::Balance;
pub use entry::{BookLine, Entry, EntryError, EntryKind, Movement, Occasion};
pub use orders::{confirmed, credited, refund_failed, refunded, reversed, settled, tolerated};
pub use transfers::{
    assigned, came_in, exchanged, fee_kept, held, rail_fee, released, transfer_refunded, unmatched,
    unmatched_refunded, went_out,
};
