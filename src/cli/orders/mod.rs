//! `railpoll orders`: money that we expect, where each order stands and why, and what a person does about it.
//!
//! | file | what it holds |
//! |---|---|
//! | `list`, `show`, `explain` | looking |
//! | `create`, `import` | taking orders in: one by its flags, many from a file |
//! | `decide` | a person's wishes for an order |
//! | `claim`, `credit` | who pays: a signed claim; credit, and paying what can be paid |

mod claim;
mod create;
mod credit;
mod decide;
mod explain;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing;
mod import;
mod list;
mod show;

use clap::{Args, Subcommand};

use super::failure::Failure;
use super::names::expect_shop;
use super::output::Out;
use super::session::Session;
use crate::actions::orders::{OrderChanged, OrderNamed};
use crate::config::Settings;
use crate::engine::keyed;
use crate::store::Store;
use crate::views::settlements_json;

pub(super) use list::table as order_table;
pub(super) use show::payers as payer_table;

#[derive(Debug, Subcommand)]
pub(super) enum OrdersCommand {
    /// List orders, by when their shops made them, oldest first
    #[command(after_help = list::EXAMPLES)]
    List(list::ListArgs),
    /// Tell everything that is on record of an order
    Show(show::ShowArgs),
    /// Tell why orders stand where they stand, what is missing, and what comes next
    Explain(explain::ExplainArgs),
    /// Take an order in
    #[command(after_help = create::EXAMPLES)]
    Create(Box<create::CreateArgs>),
    /// Take the orders of a file in: all of them or none
    #[command(after_help = import::EXAMPLES)]
    Import(import::ImportArgs),
    /// Claim an order for the wallet that has signed for it
    #[command(after_help = claim::EXAMPLES)]
    Claim(claim::ClaimArgs),
    /// Give a customer credit, or take it
    #[command(after_help = credit::EXAMPLES)]
    Credit(credit::CreditArgs),
    #[command(flatten)]
    Decide(decide::DecideCommand),
    /// Pay what can be paid: of a customer's orders, of a wallet's customers', or of all
    #[command(after_help = credit::SETTLE_EXAMPLES)]
    Settle(credit::SettleArgs),
}

/// Which order.
#[derive(Debug, Args)]
pub(in crate::cli) struct WhichArgs {
    /// The order's id, or its beginning; or its other name
    #[arg(value_name = "ORDER")]
    order_id: String,
    /// Its shop, where several have such an order
    #[arg(long, value_name = "NAME")]
    shop: Option<String>,
}

/// A key of the asker's own.
#[derive(Debug, Args)]
pub(in crate::cli) struct OnceArgs {
    /// A key of your own: what is asked under one is done once, however often it is asked
    #[arg(long = "idempotency-key", value_name = "KEY", value_parser = key)]
    once: Option<String>,
}

/// A key, if it can be told apart from others.
fn key(text: &str) -> Result<String, String> {
    let is_right = !text.trim().is_empty() && text.len() <= 200 && !text.contains(char::is_control);
    is_right.then(|| text.to_owned()).ok_or_else(|| {
        "expected a text of at most 200 bytes, without control characters".to_owned()
    })
}

impl WhichArgs {
    fn named(&self) -> OrderNamed<'_> {
        OrderNamed { id: &self.order_id, shop: self.shop.as_deref() }
    }

    async fn expect_shop(&self, settings: &Settings, store: &Store) -> Result<(), Failure> {
        expect_shop(settings, store, self.shop.as_deref()).await
    }
}

pub(super) async fn run(
    session: &Session,
    command: OrdersCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    match command {
        OrdersCommand::List(args) => list::run(session, args, out).await,
        OrdersCommand::Show(args) => show::run(session, &args, out).await,
        OrdersCommand::Explain(args) => explain::run(session, &args, out).await,
        OrdersCommand::Create(args) => create::run(session, *args, out).await,
        OrdersCommand::Import(args) => import::run(session, &args, out).await,
        OrdersCommand::Claim(args) => claim::run(session, &args, out).await,
        OrdersCommand::Credit(args) => credit::run(session, &args, out).await,
        OrdersCommand::Decide(command) => decide::run(session, command, out).await,
        OrdersCommand::Settle(args) => credit::settle(session, &args, out).await,
    }
}

/// Says what became of an order.
fn tell(changed: &OrderChanged, out: &mut Out) -> Result<(), Failure> {
    let OrderChanged { row, was, already, settlements } = changed;
    let order = &row.order;
    if out.is_json() {
        return out.json(&keyed! {
            "shop": order.key.shop,
            "order_id": order.key.order_id,
            "was": was.map(crate::engine::order::OrderStatus::as_str),
            "status": order.status.as_str(),
            "version": order.version,
            "already": already,
            "settlements": settlements_json(settlements),
        });
    }
    let (key, status) = (&order.key, order.status);
    match (already, was) {
        (true, _) => out.line(format!("{key} is {status}: this was done before"))?,
        (false, None) => out.line(format!("{key} is on record: it is {status}"))?,
        (false, Some(was)) if *was == status => {
            out.line(format!("{key} is changed, and still {status}"))?
        }
        (false, Some(was)) => out.line(format!("{key} was {was}, and is {status}"))?,
    }
    tell_settlements(settlements, out)
}

/// Says what was paid, and by whom.
fn tell_settlements(
    settlements: &[crate::engine::order::OrderSettlement],
    out: &mut Out,
) -> Result<(), Failure> {
    settlements.iter().try_for_each(|one| {
        let (order, wallet) = (&one.order, &one.wallet);
        out.line(format!("{wallet} paid {} {} of {order}", one.amount, one.asset))
    })
}
