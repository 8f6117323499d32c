//! `[shops.NAME]`: where orders come from, what they are priced in, and how they are paid.

use std::collections::{BTreeMap, BTreeSet};

use config::Value;

use super::Settings;
use super::network::{Kind, check_name};
use super::order_terms::{self, DECIMALS};
use super::places::Places;
use super::reader::{Reader, Section};
use super::values::{self, Parsed};
use crate::engine::order::{OrderTerms, Overpayment, PayTo, TermsOfShops};
use crate::engine::{Asset, words};

/// A configured shop.
#[derive(Debug, Clone, PartialEq)]
pub struct ShopSettings {
    /// Its name: what stands after `shops.`. No network and no rail has the same.
    pub name: String,
    /// What it speaks.
    pub kind: ShopKind,
    /// The assets that its orders may be priced in: one at least. An order that names none is priced in the first.
    pub assets: Vec<String>,
    /// How its orders are paid, unless they say otherwise.
    pub pay_to: PayTo,
    /// The ways to pay that are ours, by the shop's names for them: orders that are paid in other ways are not taken. Empty:
    /// all are.
    pub payment_methods: Vec<String>,
    /// What holds for its orders.
    pub terms: OrderTerms,
}

words! {
    /// What a shop speaks.
    pub enum ShopKind: "kind of shop" {
        /// Nothing: its orders are brought to us, and it asks us.
        Plain = "plain",
        /// The same, and its customers are Tari's: their credit notes go to Tari's wallets for that.
        Tari = "tari",
    }
}

impl Settings {
    /// The terms of each shop's orders.
    #[must_use]
    pub fn terms_of_shops(&self) -> TermsOfShops {
        TermsOfShops::new(
            self.shops.iter().map(|(name, shop)| (name.clone(), shop.terms.clone())).collect(),
        )
    }
}

/// What shops refer to, and what they may not be called.
pub(super) struct Around<'a> {
    /// The networks and rails.
    pub(super) places: &'a Places<'a>,
    /// The assets; none where there is a mistake in one.
    pub(super) assets: &'a BTreeMap<String, Option<Asset>>,
}

/// Reads what every shop starts from.
pub(super) fn read_defaults(reader: &mut Reader) {
    read_section(reader, &Section::root("defaults.shop"), "", None);
}

/// Reads one shop.
pub(super) fn read(reader: &mut Reader, name: &str, around: &Around<'_>) -> Option<ShopSettings> {
    let section = Section::heir("shops", name, "defaults.shop");
    check_name(reader, &section, "a shop", name);
    let places = around.places;
    let taken =
        [("network", places.networks.contains_key(name)), ("rail", places.rails.contains(&name))];
    for (what, _) in taken.into_iter().filter(|(_, is_taken)| *is_taken) {
        let message =
            format!("a {what} has this name: networks, rails and shops need names of their own");
        reader.complain_of_all(&section, message);
    }
    read_section(reader, &section, name, Some(around))
}

/// Reads the keys of a section; with `around`, what it refers to must be there.
fn read_section(
    reader: &mut Reader,
    section: &Section,
    name: &str,
    around: Option<&Around<'_>>,
) -> Option<ShopSettings> {
    const KINDS: &[(&str, ShopKind)] =
        &[(ShopKind::Plain.as_str(), ShopKind::Plain), (ShopKind::Tari.as_str(), ShopKind::Tari)];
    let kind = reader.required(section, "kind", values::choice(KINDS));
    let assets = reader.required(section, "assets", |value| assets(value, around));
    let pay_to = reader.required(section, "pay_to", pay_to);
    let methods = reader.required(section, "payment_methods", methods);
    let own = around.zip(assets.as_ref()).map_or_else(Vec::new, |(around, names)| {
        names.iter().filter_map(|name| around.assets.get(name)?.as_ref()).collect()
    });
    if let (Some(around), Some(PayTo::Memo)) = (around, pay_to) {
        for asset in own.iter().filter(|asset| !takes_memos(asset, around.places)) {
            let name = &asset.name;
            let message = format!(
                "memos are on networks of kind \"stellar\" and on rails, and the asset {name:?} has neither: set \"wallet\""
            );
            reader.complain(section, "pay_to", message);
        }
    }
    let decimals = own.iter().map(|asset| asset.decimals).min().unwrap_or(DECIMALS);
    let terms = order_terms::read(reader, section, decimals);
    let goes_back = terms.as_ref().is_some_and(|terms| terms.overpayment == Overpayment::Refund);
    if let Some(around) = around.filter(|_| goes_back) {
        for asset in own.iter().filter(|asset| only_reports(asset, around.places)) {
            let message = format!(
                "wallets on networks of kind \"tari\" send nothing back, and the asset {:?} is on one: set \"credit\"",
                asset.name
            );
            reader.complain(section, "overpayment", message);
        }
    }
    Some(ShopSettings {
        name: name.to_owned(),
        kind: kind?,
        assets: assets?,
        pay_to: pay_to?,
        payment_methods: methods?,
        terms: terms?,
    })
}

/// Whether money of the asset can come with a memo of ours.
fn takes_memos(asset: &Asset, places: &Places<'_>) -> bool {
    let on_network = match places.networks.get(&asset.network).copied().flatten() {
        // One with a mistake in its kind may be.
        Some(Kind::Stellar) | None => true,
        Some(Kind::RippleNet | Kind::Tari) => false,
    };
    on_network || asset.rail.is_some()
}

/// Whether the wallets of the asset's network only tell what they get.
fn only_reports(asset: &Asset, places: &Places<'_>) -> bool {
    matches!(places.networks.get(&asset.network).copied().flatten(), Some(Kind::Tari))
}

fn assets(value: &Value, around: Option<&Around<'_>>) -> Parsed<Vec<String>> {
    let names = values::list(value)?;
    let Some(around) = around else { return Ok(names) };
    if names.is_empty() {
        return Err("this must name an asset that orders are priced in".to_owned());
    }
    let known: Vec<&str> = around.assets.keys().map(String::as_str).collect();
    for name in &names {
        values::check_known("asset", name, &known)?;
    }
    each_once("the asset", &names)?;
    Ok(names)
}

fn pay_to(value: &Value) -> Parsed<PayTo> {
    const WAYS: &[(&str, PayTo)] = &[
        (PayTo::Wallet.as_str(), PayTo::Wallet),
        (PayTo::Memo.as_str(), PayTo::Memo),
        (PayTo::Address.as_str(), PayTo::Address),
    ];
    match values::choice(WAYS)(value)? {
        PayTo::Address => Err(
            "on no kind of network can an order have an address of its own yet: set \"wallet\" or \"memo\""
                .to_owned(),
        ),
        way @ (PayTo::Wallet | PayTo::Memo) => Ok(way),
    }
}

fn methods(value: &Value) -> Parsed<Vec<String>> {
    let names = values::list(value)?;
    if names.iter().any(|name| name.trim().is_empty()) {
        return Err("a way to pay has a name: one here is empty".to_owned());
    }
    each_once("the way to pay", &names)?;
    Ok(names)
}

/// Says so if one of the names is there twice.
pub(super) fn each_once(what: &str, names: &[String]) -> Parsed<()> {
    let mut seen = BTreeSet::new();
    match names.iter().find(|name| !seen.insert(*name)) {
        Some(name) => Err(format!("{what} {name:?} is named twice")),
        None => Ok(()),
    }
}
