//! `railpoll orders credit` and `railpoll orders settle`: what customers have, and paying what can be paid of it.

use clap::Args;

use super::{OnceArgs, tell_settlements};
use crate::actions::Actions;
use crate::actions::orders::{AskedBy, CreditAsked, Credited, SettleAsked};
use crate::cli::failure::Failure;
use crate::cli::names::expect_shop;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::WhyArgs;
use crate::engine::books::Balance;
use crate::engine::keyed;
use crate::views::{paid_json, settlements_json};

pub(super) const EXAMPLES: &str = "\
Examples:
  railpoll orders credit --shop web --customer alice \\
    --amount 25 --reason 'a broken cup'
  railpoll orders credit --shop web --customer alice \\
    --amount -5 --reason 'given twice'

What the credit pays of the customer's orders is paid at once. What is negative is taken, and may leave a debt.";

pub(super) const SETTLE_EXAMPLES: &str = "\
Examples:
  railpoll orders settle --customer alice --reason 'asked'
  railpoll orders settle --reason 'after an outage'

Nobody need do this: what can be paid is paid when its money comes, and in each sweep of the poller orders.";

/// Whose credit, and how much.
#[derive(Debug, Args)]
pub(in crate::cli) struct CreditArgs {
    /// The configured shop
    #[arg(long, value_name = "NAME")]
    shop: String,
    /// The id of the customer; whoever is not known yet is from then on
    #[arg(long, value_name = "ID")]
    customer: String,
    /// How much they get; with a minus: how much is taken
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    amount: Balance,
    /// Of which of the shop's assets [default: the first]
    #[arg(long)]
    asset: Option<String>,
    #[command(flatten)]
    once: OnceArgs,
    #[command(flatten)]
    why: WhyArgs,
}

/// Whose orders are to be paid.
#[derive(Debug, Args)]
pub(in crate::cli) struct SettleArgs {
    /// The orders of the customer with this id
    #[arg(long, value_name = "ID", conflicts_with = "wallet")]
    customer: Option<String>,
    /// Their shop, where several have such a customer
    #[arg(long, value_name = "NAME", requires = "customer")]
    shop: Option<String>,
    /// The orders of all customers that this wallet pays for
    #[arg(long, value_name = "ADDRESS")]
    wallet: Option<String>,
    #[command(flatten)]
    once: OnceArgs,
    #[command(flatten)]
    why: WhyArgs,
}

pub(super) async fn run(
    session: &Session,
    args: &CreditArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    let (settings, store) = (session.settings()?, session.store().await?);
    expect_shop(settings, &store, Some(&args.shop)).await?;
    let actions = Actions { store: &store, settings, now: session.now() };
    let (deed, reason) = (args.why.deed(), args.why.reason());
    let by = AskedBy { deed: &deed, once: args.once.once.as_deref() };
    let asked = CreditAsked {
        shop: &args.shop,
        customer_id: &args.customer,
        asset: args.asset.as_deref(),
        amount: &args.amount,
        reason,
    };
    let Credited { note, already, credit, done } = actions.credit(asked, by).await?;
    let customer = &note.customer;
    if out.is_json() {
        return out.json(&keyed! {
            "shop": customer.shop,
            "customer_id": customer.customer_id,
            "incoming_id": note.incoming_id,
            "wallet": note.wallet,
            "asset": note.asset,
            "amount": note.amount.to_string(),
            "credit": credit.to_string(),
            "already": already,
            "paid": paid_json(&done),
            "settlements": settlements_json(&done.settlements),
        });
    }
    let (whose, asset, amount) = (&customer.customer_id, &note.asset, &note.amount);
    let (size, wallet) = (amount.size(), &note.wallet);
    if already {
        out.line("this was done before")?;
    } else if amount.is_debt() {
        out.line(format!("{size} {asset} are taken from {whose}"))?;
    } else {
        out.line(format!("{whose} has got {size} {asset}"))?;
    }
    tell_settlements(&done.settlements, out)?;
    out.line(format!("{wallet} has {credit} {asset}"))
}

pub(super) async fn settle(
    session: &Session,
    args: &SettleArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    let asked = match (&args.customer, &args.wallet) {
        (Some(customer_id), _) => SettleAsked::Customer { customer_id, shop: args.shop.as_deref() },
        (None, Some(wallet)) => SettleAsked::Wallet(wallet),
        (None, None) if args.once.once.is_some() => {
            let text = "--idempotency-key goes with --customer or --wallet: all orders can be settled again and again";
            return Err(Failure::Usage(text.to_owned()));
        }
        (None, None) => SettleAsked::All,
    };
    let (settings, store) = (session.settings()?, session.store().await?);
    expect_shop(settings, &store, args.shop.as_deref()).await?;
    let actions = Actions { store: &store, settings, now: session.now() };
    let deed = args.why.deed();
    let by = AskedBy { deed: &deed, once: args.once.once.as_deref() };
    let done = actions.settle(asked, by).await?;
    if out.is_json() {
        return out.json(&keyed! {
            "paid": paid_json(&done),
            "settlements": settlements_json(&done.settlements),
        });
    }
    match done.paid().count() {
        0 => out.line("nothing can be paid"),
        paid => {
            tell_settlements(&done.settlements, out)?;
            out.line(format!("{paid} orders are paid"))
        }
    }
}
