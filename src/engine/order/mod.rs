//! Orders: money that we expect, from whom it may come, and when it is there.
//!
//! An order is paid from the credit of its payers' wallets. Each fact from outside (an order, money that is seen, money that
//! is final, a claim, a wish, a clock) is one function of what is known, what came, and now; what it answers is a list of
//! [`Effect`]s, which a store writes in one transaction. None of them needs more than the order, its customer's open
//! orders, and the purses of those who may pay them.
//!
//! | file | what it knows |
//! |---|---|
//! | `status`, `cause`, `moves` | where orders stand, why they move, and the one table of moves |
//! | `order`, `new`, `customer`, `money` | what is on record |
//! | `terms`, `price`, `reference` | a shop's terms; what it asks; which order a text means |
//! | `pay`, `till` | who pays, and from what |
//! | `fact` | what comes from outside |
//! | `effect`, `counter` | what follows from a fact |
//! | `told` | what others are told |
//! | `explain` | why an order stands where it stands, and what is next |
//! | `coming`, `arriving`, `claiming`, `wishes`, `ending` | the facts |
//! | `calls` | when a shop is told |

mod cause;
mod status;

mod moves;

mod customer;
mod money;
mod new;
#[expect(clippy::module_inception, reason = "the file of the type of this name")]
mod order;
mod price;
mod reference;
mod terms;

mod pay;
mod till;

mod counter;
mod effect;
mod explain;
mod fact;
mod told;

mod arriving;
mod calls;
mod claiming;
mod coming;
mod ending;
mod wishes;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod model;

pub use arriving::{money_cancelled, money_confirmed, money_received, money_reversed};
pub use calls::{ShopCall, ShopNews, ShopSees, is_ours, shop_call};
pub use cause::OrderCause;
pub use claiming::order_claimed;
pub use coming::{Awaiting, order_came};
pub use counter::Counter;
use counter::Course;
pub use customer::{Customer, LinkOrigin, WalletLink, credit_wallet, guest, linked, payer_wallet};
pub use effect::{
    CreditRefund, Effect, IncomingStep, OrderField, OrderNews, OrderRefusal, OrderReview,
    OrderStep, ReviewWhy,
};
use ending::repriced_by_shop;
pub use ending::{cancelled_by_shop, is_over, order_expired};
pub use explain::{KnownMoney, KnownPayer, OrderAround, OrderExplanation, explain_order};
pub use fact::{OrderFact, SeenMoney};
pub use money::{IncomingMoney, MANUAL, MoneyVerdict, is_same, manual};
pub use moves::{IllegalOrderMove, ORDER_MOVES, OrderMove, legal};
pub use new::{NewOrder, ToldAgain, told_again};
pub use order::{Order, OrderKey};
pub use pay::{OrderSettlement, Paid, Payer, SettlementKind, pay};
pub use price::{PriceError, Rate, price_at, price_told};
pub use reference::{
    ClaimTold, FreeText, Reference, ReferencePattern, ReferenceRules, ReferenceTold,
};
pub use status::{OrderStatus, PayTo};
pub use terms::{Late, OrderTerms, Overpayment, TermsOfShops, Tolerance};
pub use till::{Purse, Till};
pub use told::{in_words, missing, order_events, order_json, received, review_event};
pub use wishes::{CreditNote, OrderWish, credit_noted, order_wished, orders_settled};
