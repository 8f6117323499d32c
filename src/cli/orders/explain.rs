//! `railpoll orders explain`: why an order stands where it stands, what is missing, and what comes next.

use clap::Args;

use crate::actions::orders::{OrderNamed, story, world};
use crate::cli::failure::Failure;
use crate::cli::names::expect_shop;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::config::Settings;
use crate::engine::books::Balance;
use crate::engine::order::{
    KnownMoney, KnownPayer, Order, OrderAround, OrderExplanation, explain_order,
};
use crate::engine::{Amount, readable, relative};
use crate::store::{IncomingRow, OrderStory, Store};
use crate::views::order_explained_json;

/// Which orders to explain.
#[derive(Debug, Args)]
pub(in crate::cli) struct ExplainArgs {
    /// The orders' ids, or their beginnings; or their other names
    #[arg(value_name = "ORDER", required = true)]
    order_ids: Vec<String>,
    /// Their shop, where several have such an order
    #[arg(long, value_name = "NAME")]
    shop: Option<String>,
}

pub(super) async fn run(
    session: &Session,
    args: &ExplainArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    let (settings, store) = (session.settings()?, session.look().await?);
    let shop = args.shop.as_deref();
    expect_shop(settings, &store, shop).await?;
    crate::cli::each(&args.order_ids, out, async |id, out| {
        let story = story(&store, OrderNamed { id, shop }).await?;
        let told = explained(session, settings, &store, &story).await?;
        tell(session, &story, &told, out)
    })
    .await
}

async fn explained(
    session: &Session,
    settings: &Settings,
    store: &Store,
    story: &OrderStory,
) -> Result<OrderExplanation, Failure> {
    let order = &story.row.order;
    let wallets = story.payers.iter().map(|payer| payer.wallet.clone()).collect();
    let mut kept = store.kept_for_others(order, wallets).await?;
    let payers = story.payers.iter().map(|payer| {
        let credit = payer.credits.iter().find(|(asset, _)| *asset == order.asset);
        KnownPayer {
            wallet: &payer.wallet,
            origin: payer.origin,
            credit: credit.map_or_else(Balance::zero, |(_, credit)| credit.clone()),
            kept: kept.remove(&payer.wallet).unwrap_or_else(Amount::zero),
        }
    });
    let world = world(settings);
    let moved = story
        .history
        .last()
        .and_then(|last| Some((last.source.parse().ok()?, last.reason.as_deref())));
    let around = OrderAround {
        terms: world.terms.of(&order.key.shop),
        named: &story.row.named,
        payers: payers.collect(),
        money: story.incoming.iter().map(known).collect(),
        moved,
    };
    Ok(explain_order(order, &around, session.now()))
}

fn known(row: &IncomingRow) -> KnownMoney<'_> {
    KnownMoney {
        incoming_id: &row.incoming.incoming_id,
        place: &row.incoming.source,
        amount: &row.incoming.amount,
        asset: &row.incoming.asset,
        status: row.status,
        verdict: row.verdict.parse().ok(),
        received_at: row.incoming.at,
        is_resolved: row.resolution.is_some(),
    }
}

fn tell(
    session: &Session,
    story: &OrderStory,
    told: &OrderExplanation,
    out: &mut Out,
) -> Result<(), Failure> {
    if out.is_json() {
        return out.json(&order_explained_json(&story.row, told));
    }
    let Order { key, status, asset, .. } = &story.row.order;
    out.heading(&format!("{key} is {status}"))?;
    out.line(format!("  why      {}", told.why))?;
    if let Some(missing) = &told.missing {
        out.line(format!("  missing  {missing} {asset}"))?;
    }
    for payer in &told.payers {
        out.line(format!("  payer    {payer}"))?;
    }
    for money in &told.money {
        out.line(format!("  money    {money}"))?;
    }
    out.line(format!("  next     {}", told.next))?;
    if let Some(when) = told.when {
        let now = session.now();
        out.line(format!("  when     {} ({})", readable(when), relative(when, now)))?;
    }
    Ok(())
}
