//! The books: entries as movements from account to account, and what follows from them.
//!
//! | file | what it does |
//! |---|---|
//! | `post` | writes entries, and the sums of their days |
//! | `open` | what was with us before there were books |
//! | `check` | sums everything anew |
//! | `list` | what there is, by day and by entry |

mod check;
mod list;
mod open;
pub(super) mod post;

pub use check::{BookDifference, BooksChecked};
pub use list::{BookDay, BookFilter, MovementRow};
