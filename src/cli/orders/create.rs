//! `railpoll orders create`.

use clap::Args;

use super::{OnceArgs, tell};
use crate::actions::Actions;
use crate::actions::orders::AskedBy;
use crate::actions::orders::new::read;
use crate::actions::reading::Fields;
use crate::cli::failure::Failure;
use crate::cli::known;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::ByArgs;
use crate::engine::order::PayTo;

pub(super) const EXAMPLES: &str = "\
Examples:
  railpoll orders create --shop web --id 1041 --price 25 \\
    --customer alice
  railpoll orders create --price 198.75 --asset xtr \\
    --original-price 15.90 --currency USD --memo 'a gift'

What is left out comes from the shop's section in the configuration: asset, way to pay.";

/// The new order.
#[derive(Debug, Args)]
pub(in crate::cli) struct CreateArgs {
    /// The configured shop [default: the only one]
    #[arg(long, value_name = "NAME")]
    shop: Option<String>,
    /// Its id [default: a new UUID]
    #[arg(long = "id", value_name = "ORDER_ID")]
    order_id: Option<String>,
    /// What is to be paid
    #[arg(long, value_name = "AMOUNT")]
    price: String,
    /// In which of the shop's assets [default: the first]
    #[arg(long)]
    asset: Option<String>,
    /// Whose it is [default: somebody without an id]
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// Another name of it, unique in its shop
    #[arg(long, value_name = "TEXT")]
    alt_id: Option<String>,
    /// The shop's note; a signed claim in it says who pays
    #[arg(long, value_name = "TEXT")]
    memo: Option<String>,
    /// How it is to be paid [default: the shop's way]
    #[arg(long, value_parser = known::pay_to())]
    pay_to: Option<PayTo>,
    /// Where to, if it has an address of its own
    #[arg(long)]
    address: Option<String>,
    /// What the shop asks in its own currency
    #[arg(long, value_name = "AMOUNT", requires = "currency")]
    original_price: Option<String>,
    /// That currency
    #[arg(long, value_name = "CODE", requires = "original_price")]
    currency: Option<String>,
    /// When the shop made it: a date or a time [default: now]
    #[arg(long, value_name = "TIME")]
    created_at: Option<String>,
    #[command(flatten)]
    once: OnceArgs,
    #[command(flatten)]
    by: ByArgs,
}

impl CreateArgs {
    fn fields(&self) -> Fields {
        // Whoever asks again under one key means the same order.
        let id = || match &self.once.once {
            Some(key) => crate::engine::About::Asked(key).note_id(1),
            None => uuid::Uuid::new_v4().to_string(),
        };
        let given = [
            ("shop", self.shop.clone()),
            ("order_id", Some(self.order_id.clone().unwrap_or_else(id))),
            ("alt_id", self.alt_id.clone()),
            ("customer_id", self.customer.clone()),
            ("price", Some(self.price.clone())),
            ("asset", self.asset.clone()),
            ("original_price", self.original_price.clone()),
            ("currency", self.currency.clone()),
            ("pay_to", self.pay_to.map(|way| way.as_str().to_owned())),
            ("address", self.address.clone()),
            ("memo", self.memo.clone()),
            ("created_at", self.created_at.clone()),
        ];
        given.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?))).collect()
    }
}

pub(super) async fn run(session: &Session, args: CreateArgs, out: &mut Out) -> Result<(), Failure> {
    let settings = session.settings()?;
    let new = read(&args.fields(), settings, session.now()).map_err(|faults| {
        Failure::Refused(format!("the order is not created:\n  {}", faults.join("\n  ")))
    })?;
    let store = session.store().await?;
    let actions = Actions { store: &store, settings, now: session.now() };
    let deed = args.by.deed();
    let by = AskedBy { deed: &deed, once: args.once.once.as_deref() };
    tell(&actions.create_order(&new, by).await?, out)
}
