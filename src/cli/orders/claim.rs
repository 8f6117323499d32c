//! `railpoll orders claim`: somebody has signed that he pays an order.

use std::path::PathBuf;

use clap::Args;

use super::{OnceArgs, tell};
use crate::actions::Actions;
use crate::actions::orders::AskedBy;
use crate::cli::failure::Failure;
use crate::cli::importing::text_of;
use crate::cli::names::expect_shop;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::ByArgs;

pub(super) const EXAMPLES: &str = "\
Examples:
  railpoll orders claim claim.json
  pbpaste | railpoll orders claim -

The file holds what the wallet has signed: {\"address\": …, \"order_id\": …, \"signature\": …}, bare or under \"claim\".";

/// The claim.
#[derive(Debug, Args)]
pub(in crate::cli) struct ClaimArgs {
    /// The file with the claim; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The order's shop, where several have such an order
    #[arg(long, value_name = "NAME")]
    shop: Option<String>,
    #[command(flatten)]
    once: OnceArgs,
    #[command(flatten)]
    by: ByArgs,
}

pub(super) async fn run(session: &Session, args: &ClaimArgs, out: &mut Out) -> Result<(), Failure> {
    let text = text_of(&args.file)?;
    let (settings, store) = (session.settings()?, session.store().await?);
    expect_shop(settings, &store, args.shop.as_deref()).await?;
    let actions = Actions { store: &store, settings, now: session.now() };
    let deed = args.by.deed();
    let by = AskedBy { deed: &deed, once: args.once.once.as_deref() };
    tell(&actions.claim_order(&text, args.shop.as_deref(), by).await?, out)
}
