//! What a file or a command line says of a new order, completed by its shop's section.

use chrono::{DateTime, Utc};

use super::{AskedBy, OrderChanged, refusal, world};
use crate::actions::reading::{Fields, Reading, unknown};
use crate::actions::{ActionError, Actions};
use crate::config::{Settings, ShopSettings};
use crate::engine::order::{NewOrder, OrderFact, OrderKey, OrderStatus, PayTo, guest, price_told};
use crate::engine::{Action, Refusal, RefusalCode};
use crate::networks::tari::{MemoRead, read_memo};
use crate::store::{Deed, OrderAnswer, OrderTeller, Together};

/// The fields that can be given, by name.
pub(crate) const FIELDS: [&str; 12] = [
    "shop",
    "order_id",
    "alt_id",
    "customer_id",
    "price",
    "asset",
    "original_price",
    "currency",
    "pay_to",
    "address",
    "memo",
    "created_at",
];
/// Fields of an order on record that are ours to fill. A list of orders has them, and so a file may.
const OURS: [&str; 8] =
    ["status", "claimant", "received", "missing", "short_by", "expires_at", "paid_at", "version"];

/// An order that comes, and the wallet that has signed for it in the shop's own note.
#[derive(Debug, Clone)]
pub(crate) struct OrderToTake {
    pub(crate) told: NewOrder,
    pub(crate) claim: Option<String>,
}

impl OrderToTake {
    fn fact(&self) -> OrderFact {
        OrderFact::Came { told: Box::new(self.told.clone()), claim: self.claim.clone() }
    }
}

/// Reads one order. What has no time is made `now`.
///
/// # Errors
/// A sentence for each fault.
pub(crate) fn read(
    fields: &Fields,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Result<OrderToTake, Vec<String>> {
    let mut reading = Reading::of(fields);
    reading.refuse_unknown(&FIELDS, &OURS);
    reading.refuse_secrets();
    reading.refuse_ended();
    let shop = reading.shop(settings);
    let order_id = reading.required::<String>("order_id");
    let asset = shop.and_then(|shop| reading.asset_of(shop));
    let price = reading.required("price");
    let pay_to = reading.parsed::<PayTo>("pay_to");
    let created_at = reading.time("created_at").unwrap_or(now);
    let original_price = reading.original_price();
    let (Some(shop), Some(order_id), Some(asset), Some(price)) = (shop, order_id, asset, price)
    else {
        return Err(reading.faults);
    };
    let key = OrderKey::new(&shop.name, order_id);
    // A list tells the name that we have for whoever has none.
    let customer_id = reading.text("customer_id").filter(|id| *id != guest(&key));
    let told = NewOrder {
        alt_id: reading.text("alt_id"),
        customer_id,
        price,
        asset,
        original_price,
        currency: reading.text("currency"),
        rate_id: None,
        pay_to: pay_to.unwrap_or(shop.pay_to),
        address: reading.text("address"),
        memo: reading.text("memo"),
        created_at,
        key,
    };
    let decimals = settings.assets.get(&told.asset).map(|asset| asset.decimals);
    if let Some(decimals) = decimals.filter(|decimals| !told.price.fits(*decimals)) {
        reading.faults.push(format!("price has more than {decimals} decimals"));
    }
    reading.faults.extend(told.faults());
    let claim = claimed_by(&told);
    if reading.faults.is_empty() { Ok(OrderToTake { told, claim }) } else { Err(reading.faults) }
}

/// The wallet that has signed for an order in the shop's note. One that has signed for another order has not.
fn claimed_by(told: &NewOrder) -> Option<String> {
    match read_memo(told.memo.as_deref()?) {
        MemoRead::Claim(claim) if claim.order_id == told.key.order_id => {
            Some(claim.address.base58())
        }
        MemoRead::Claim(_) | MemoRead::Plain | MemoRead::Bad => None,
    }
}

impl Reading<'_> {
    /// An order that has ended would wait for money again, and be paid twice.
    fn refuse_ended(&mut self) {
        match self.parsed::<OrderStatus>("status") {
            Some(status) if !status.is_open() => self.faults.push(format!(
                "status: it is {status}, and an order that has ended is none to be imported"
            )),
            Some(_) | None => {}
        }
    }

    /// The shop that is named, or the only one.
    fn shop<'s>(&mut self, settings: &'s Settings) -> Option<&'s ShopSettings> {
        let mut all = settings.shops.values();
        let Some(name) = self.text("shop") else {
            let only = all.next().filter(|_| all.next().is_none());
            if only.is_none() {
                self.faults.push("shop is missing".to_owned());
            }
            return only;
        };
        let shop = settings.shops.get(&name);
        if shop.is_none() {
            self.faults.push(unknown("shop", &name, settings.shops.keys()));
        }
        shop
    }

    /// The asset that is named, if the shop has it, or the shop's first.
    fn asset_of(&mut self, shop: &ShopSettings) -> Option<String> {
        let Some(name) = self.text("asset") else { return shop.assets.first().cloned() };
        if shop.assets.contains(&name) {
            return Some(name);
        }
        let known = shop.assets.join(", ");
        self.faults
            .push(format!("asset: the shop {} has no asset {name}; there are: {known}", shop.name));
        None
    }

    /// What the shop asks, as it told it, if that can be a price.
    fn original_price(&mut self) -> Option<String> {
        let told = self.text("original_price")?;
        let currency = self.text("currency").unwrap_or_default();
        if let Err(error) = price_told(&told, &currency) {
            self.faults.push(format!("original_price: {error}"));
        }
        Some(told)
    }
}

impl Actions<'_> {
    /// Takes an order in.
    ///
    /// # Errors
    /// It cannot be taken, such as because another has its other name.
    pub(crate) async fn create_order(
        &self,
        new: &OrderToTake,
        by: AskedBy<'_>,
    ) -> Result<OrderChanged, ActionError> {
        let done = self.happen(Action::OrderCreate, by, new.fact()).await?;
        self.changed(&new.told.key, None, done).await
    }

    /// Takes orders in, all of them or none; or only finds out whether they could be, if it is `tried`. What it answers is
    /// for each of them whether it is new, or what is wrong with it.
    ///
    /// # Errors
    /// The database refuses.
    pub(crate) async fn import_orders(
        &self,
        new: &[OrderToTake],
        is_tried: bool,
        deed: &Deed,
    ) -> Result<Vec<Result<bool, Refusal>>, ActionError> {
        let facts: Vec<OrderFact> = new.iter().map(OrderToTake::fact).collect();
        let together = if is_tried { Together::Tried } else { Together::AllOrNone };
        let teller = OrderTeller::Operator { action: Action::OrderCreate, deed, once: None };
        let world = world(self.settings);
        let answers = self.store.orders_happen(teller, &facts, together, &world, self.now).await?;
        let answered = |answer| match answer {
            OrderAnswer::Done(_) => Ok(true),
            OrderAnswer::Already => Ok(false),
            OrderAnswer::Refused(why) => Err(refusal(&why)),
            OrderAnswer::Unknown => Err(Refusal::new(RefusalCode::NotFound, "nobody knows it")),
        };
        Ok(answers.into_iter().map(answered).collect())
    }
}
