//! Orders, their customers, and the credit that pays them.
//!
//! A fact from outside is judged by the engine's rules, which are shown what may be for or against it, and is written with
//! all that follows: versions of orders with their history and events, links, money, settlements, entries of the books and
//! the credits that they change. Many facts are one transaction where they come together.
//!
//! | file | what it does |
//! |---|---|
//! | `happen`, `answers` | takes facts: from whom, and what it answers |
//! | `load`, `known` | what facts are judged by, and what each of them changes of it |
//! | `judge` | which rule judges which fact |
//! | `write`, `money` | the rows |
//! | `refund` | credit that goes back |
//! | `once`, `wallets` | what was asked before; wallets that report |
//! | `list`, `story`, `customers`, `due` | orders and customers as they are on record; what a sweep looks for |

mod answers;
mod customers;
mod due;
pub(super) mod happen;
mod judge;
mod known;
mod list;
mod load;
mod money;
mod once;
pub(super) mod refund;
mod rows;
mod story;
mod wallets;
mod write;

pub use answers::{OrderAnswer, OrderDone, OrderTeller, OrderWorld, Together};
pub use customers::{CustomerPlace, CustomerSpan};
pub use due::DueOrder;
pub use list::{OrderFilter, OrderPlace, OrderRow};
pub use story::{CustomerFilter, CustomerRow, OrderStory, PayerRow, SettlementRow};
pub use wallets::WalletRow;
