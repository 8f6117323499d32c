//! `railpoll orders fulfil|cancel|memo|price|reassign|reset`: what a person wishes for an order.

use clap::{Args, Subcommand};

use super::{OnceArgs, tell};
use crate::actions::Actions;
use crate::actions::orders::{AskedBy, OrderAsked, OrderNamed};
use crate::cli::failure::Failure;
use crate::cli::names::expect_shop;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::WhyArgs;
use crate::engine::Amount;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DecideCommand {
    /// End orders that wait for money
    #[command(after_help = "Example:\n  railpoll orders cancel 1041 --reason 'not wanted'")]
    Cancel(ManyArgs),
    /// Say that orders are paid: from a credit note for their price, and from no other credit
    #[command(after_help = "Example:\n  railpoll orders fulfil 1041 --reason 'paid in cash'")]
    Fulfil(ManyArgs),
    /// Give an order another price
    #[command(after_help = "Example:\n  railpoll orders price 1041 --to 20 --reason 'a discount'")]
    Price(PriceArgs),
    /// Give an order another note, or none
    #[command(after_help = "Example:\n  railpoll orders memo 1041 --to 'a gift' --reason 'asked'")]
    Memo(MemoArgs),
    /// Give an order to another customer
    #[command(after_help = "Example:\n  railpoll orders reassign 1041 --to bob --reason 'typo'")]
    Reassign(ReassignArgs),
    /// Have orders that have expired, or were cancelled, wait for money again
    #[command(after_help = "Example:\n  railpoll orders reset 1041 --reason 'they pay after all'")]
    Reset(ManyArgs),
}

/// Which orders, who decides, and why.
#[derive(Debug, Args)]
pub(in crate::cli) struct ManyArgs {
    /// The orders' ids, or their beginnings; each is decided on alone
    #[arg(value_name = "ORDER", required = true)]
    order_ids: Vec<String>,
    #[command(flatten)]
    how: HowArgs,
}

/// Who decides, and why.
#[derive(Debug, Args)]
struct HowArgs {
    /// The shop, where several have such an order
    #[arg(long, value_name = "NAME")]
    shop: Option<String>,
    #[command(flatten)]
    once: OnceArgs,
    #[command(flatten)]
    why: WhyArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PriceArgs {
    /// The order's id, or its beginning
    #[arg(value_name = "ORDER")]
    order_id: String,
    /// The price that it is to have
    #[arg(long, value_name = "AMOUNT")]
    to: Amount,
    #[command(flatten)]
    how: HowArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct MemoArgs {
    /// The order's id, or its beginning
    #[arg(value_name = "ORDER")]
    order_id: String,
    /// The note that it is to have; empty: none
    #[arg(long, value_name = "TEXT")]
    to: String,
    #[command(flatten)]
    how: HowArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReassignArgs {
    /// The order's id, or its beginning
    #[arg(value_name = "ORDER")]
    order_id: String,
    /// The id of the customer whose it is to be
    #[arg(long, value_name = "CUSTOMER")]
    to: String,
    #[command(flatten)]
    how: HowArgs,
}

pub(super) async fn run(
    session: &Session,
    command: DecideCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    match &command {
        DecideCommand::Cancel(args) => many(session, args, OrderAsked::Cancel, out).await,
        DecideCommand::Fulfil(args) => many(session, args, OrderAsked::Fulfil, out).await,
        DecideCommand::Reset(args) => many(session, args, OrderAsked::Reset, out).await,
        DecideCommand::Price(PriceArgs { order_id, to, how }) => {
            one(session, order_id, how, OrderAsked::Price(to), out).await
        }
        DecideCommand::Memo(MemoArgs { order_id, to, how }) => {
            let memo = Some(to.as_str()).filter(|memo| !memo.is_empty());
            one(session, order_id, how, OrderAsked::Memo(memo), out).await
        }
        DecideCommand::Reassign(ReassignArgs { order_id, to, how }) => {
            one(session, order_id, how, OrderAsked::Reassign(to), out).await
        }
    }
}

async fn many(
    session: &Session,
    args: &ManyArgs,
    asked: OrderAsked<'_>,
    out: &mut Out,
) -> Result<(), Failure> {
    let ManyArgs { order_ids, how } = args;
    if order_ids.len() > 1 && how.once.once.is_some() {
        let text = "a key is for one order: --idempotency-key goes with one only";
        return Err(Failure::Usage(text.to_owned()));
    }
    ask(session, order_ids, how, asked, out).await
}

async fn one(
    session: &Session,
    order_id: &String,
    how: &HowArgs,
    asked: OrderAsked<'_>,
    out: &mut Out,
) -> Result<(), Failure> {
    ask(session, std::slice::from_ref(order_id), how, asked, out).await
}

async fn ask(
    session: &Session,
    order_ids: &[String],
    how: &HowArgs,
    asked: OrderAsked<'_>,
    out: &mut Out,
) -> Result<(), Failure> {
    let (settings, store) = (session.settings()?, session.store().await?);
    let shop = how.shop.as_deref();
    expect_shop(settings, &store, shop).await?;
    let (deed, reason) = (how.why.deed(), how.why.reason());
    crate::cli::each(order_ids, out, async |id, out| {
        let actions = Actions { store: &store, settings, now: session.now() };
        let by = AskedBy { deed: &deed, once: how.once.once.as_deref() };
        let named = OrderNamed { id, shop };
        tell(&actions.ask_for_order(named, asked, reason, by).await?, out)
    })
    .await
}
