//! `[assets.NAME]`: what money is of, on a network; and for transfers, on a rail, and at what price.

use config::Value;

use super::network::{Kind, check_name};
use super::places::Places;
use super::reader::{Reader, Section};
use super::values::{self, Parsed};
use crate::engine::{Amount, Asset, Policy, RailSide};

/// A payment on Stellar has no more.
const STELLAR_DECIMALS: u32 = 7;
/// A payment on Tari is in millionths.
const TARI_DECIMALS: u32 = 6;
/// What a network's own money is called.
const NATIVE: &str = "native";
/// A wire gateway's amounts have eight.
const CURRENCY_DECIMALS: u32 = 8;

/// What only transfers need.
const OF_TRANSFERS: [&str; 5] =
    ["currency_decimals", "fee_fixed", "fee_percent", "underpayment", "overpayment"];

/// Reads what every asset starts from: one on Stellar has all the keys.
pub(super) fn read_defaults(reader: &mut Reader) {
    read_on_stellar(reader, &Section::root("defaults.asset"), "", None);
}

/// Reads one asset.
pub(super) fn read(reader: &mut Reader, name: &str, places: &Places<'_>) -> Option<Asset> {
    let section = Section::heir("assets", name, "defaults.asset");
    check_name(reader, &section, "an asset", name);
    let network = reader.required(&section, "network", |value| network(value, places));
    let kind = network.and_then(|network| places.networks.get(&network).copied().flatten());
    match kind {
        Some(Kind::Tari) => read_on_tari(reader, &section, name),
        Some(Kind::Stellar) => read_on_stellar(reader, &section, name, Some(places)),
        // Without a kind nobody knows what belongs to it.
        Some(Kind::RippleNet) | None => {
            reader.pass_over(&section);
            None
        }
    }
}

/// Reads the keys of an asset on Stellar; with `places`, what it refers to must be there.
fn read_on_stellar(
    reader: &mut Reader,
    section: &Section,
    name: &str,
    places: Option<&Places<'_>>,
) -> Option<Asset> {
    let network = reader.required(section, "network", values::text);
    let code = read_code(reader, section);
    let account = reader.required(section, "account", values::account);
    let decimals = reader.required(section, "decimals", values::number(0..=STELLAR_DECIMALS));
    let claimable = reader.required(section, "claimable_balances", values::flag);
    let named = read_rail(reader, section, places);
    let side = has_side(reader, section).then(|| read_side(reader, section, named, decimals));
    Some(Asset {
        name: name.to_owned(),
        network: network?,
        code: code?,
        account: account?,
        decimals: decimals?,
        claimable_balances: claimable?,
        rail: match side {
            Some(side) => Some(side?),
            None => None,
        },
    })
}

/// Reads the keys of an asset on Tari. Money comes in there, and goes nowhere: no transfer can use it.
fn read_on_tari(reader: &mut Reader, section: &Section, name: &str) -> Option<Asset> {
    let network = reader.required(section, "network", values::text);
    let code = reader.optional(section, "code", values::choice(&[(NATIVE, ())]));
    let has_wrong_code = reader.has(section, "code") && code.is_none();
    let account = reader.required(section, "account", values::tari_address);
    if let Some(account) = &account {
        reader.show(section, "account", serde_json::Value::from(account.as_str()).to_string());
    }
    let decimals = if reader.is_own(section, "decimals") {
        reader.required(section, "decimals", values::number(0..=TARI_DECIMALS))
    } else {
        let why = "the network is of kind tari".to_owned();
        reader.show_because(section, "decimals", TARI_DECIMALS.to_string(), why);
        Some(TARI_DECIMALS)
    };
    for key in ["issuer", "claimable_balances"] {
        reader.refuse(section, key, "there is no such thing on a network of kind \"tari\"");
    }
    for key in ["rail", "currency"].into_iter().chain(OF_TRANSFERS) {
        let why = "this is for transfers, and there are none on a network of kind \"tari\"";
        reader.refuse(section, key, why);
    }
    Some(Asset {
        name: name.to_owned(),
        network: network?,
        code: (!has_wrong_code).then(|| NATIVE.to_owned())?,
        account: account?,
        decimals: decimals?,
        claimable_balances: false,
        rail: None,
    })
}

/// The rail, and what the asset is called there.
fn read_rail(
    reader: &mut Reader,
    section: &Section,
    places: Option<&Places<'_>>,
) -> (Option<String>, Option<String>) {
    let rail = reader.optional(section, "rail", |value| match places {
        Some(places) => values::one_of("rail", &places.rails)(value),
        None => values::text(value),
    });
    (rail, reader.optional(section, "currency", currency))
}

/// Whether the asset has a side on a rail, or would if there were no mistake in it. A section of defaults may have all.
fn has_side(reader: &mut Reader, section: &Section) -> bool {
    let is_there = ["rail", "currency"].map(|key| reader.has(section, key));
    if is_there == [false, false] && !section.is_defaults() {
        for key in OF_TRANSFERS {
            let why = "this is for transfers, and without rail and currency none can use the asset";
            reader.refuse(section, key, why);
        }
        return false;
    }
    for (key, other) in [("rail", "currency"), ("currency", "rail")] {
        if !reader.has(section, key) {
            let message =
                format!("missing, and {other} is there: transfers need both, and orders neither");
            reader.complain(section, key, message);
        }
    }
    true
}

/// Reads the asset's side on a rail, beside how the two are `named`. `decimals` are those on the network.
fn read_side(
    reader: &mut Reader,
    section: &Section,
    named: (Option<String>, Option<String>),
    decimals: Option<u32>,
) -> Option<RailSide> {
    const POLICIES: &[(&str, Policy)] =
        &[("accept", Policy::Accept), ("refund", Policy::Refund), ("hold", Policy::Hold)];
    let on_rail = values::number(0..=CURRENCY_DECIMALS);
    let currency_decimals = reader.required(section, "currency_decimals", on_rail);
    let fee_fixed = read_fee(reader, section, currency_decimals, decimals);
    let fee_percent = reader.required(section, "fee_percent", percent);
    let underpayment = reader.required(section, "underpayment", values::choice(POLICIES));
    let overpayment = reader.required(section, "overpayment", values::choice(POLICIES));
    Some(RailSide {
        rail: named.0?,
        currency: named.1?,
        decimals: currency_decimals?,
        fee_fixed: fee_fixed?,
        fee_percent: fee_percent?,
        underpayment: underpayment?,
        overpayment: overpayment?,
    })
}

/// The fixed part of the fee. Both sides must be able to write it: it may be taken on either.
fn read_fee(
    reader: &mut Reader,
    section: &Section,
    currency_decimals: Option<u32>,
    decimals: Option<u32>,
) -> Option<Amount> {
    // Where a number of decimals has a mistake, that is enough to say.
    let most = [currency_decimals, decimals].into_iter().flatten().min();
    reader.required(section, "fee_fixed", values::amount(most.unwrap_or(STELLAR_DECIMALS)))
}

/// Code and issuer, as incoming payments have them: both, or `native` alone.
fn read_code(reader: &mut Reader, section: &Section) -> Option<String> {
    let code = reader.required(section, "code", asset_code);
    let issuer = reader.optional(section, "issuer", values::account);
    let has_issuer = reader.has(section, "issuer");
    let code = code?;
    if code == NATIVE {
        if has_issuer {
            let message = "nobody issues lumens: with code \"native\" there is no issuer";
            reader.complain(section, "issuer", message.to_owned());
        }
        return Some(code);
    }
    if !has_issuer {
        let message = "missing, and only code \"native\" has none";
        reader.complain(section, "issuer", message.to_owned());
    }
    Some(format!("{code}:{}", issuer?))
}

fn asset_code(value: &Value) -> Parsed<String> {
    let text = values::text(value)?;
    if (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(text);
    }
    Err(format!("{text:?} is not \"native\", and not one to twelve letters and digits"))
}

fn currency(value: &Value) -> Parsed<String> {
    let text = values::text(value)?;
    let is_ours = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    if (1..=12).contains(&text.len()) && text.bytes().all(is_ours) {
        return Ok(text);
    }
    Err(format!("{text:?} is not a currency's code such as \"USD\""))
}

fn percent(value: &Value) -> Parsed<Amount> {
    values::percent(values::quoted(value)?)
}

/// The name of a network that can have assets.
fn network(value: &Value, places: &Places<'_>) -> Parsed<String> {
    let name = values::text(value)?;
    let can_have = |kind: &Option<Kind>| match kind {
        // One with a mistake in its kind may be meant.
        Some(Kind::Stellar | Kind::Tari) | None => true,
        Some(Kind::RippleNet) => false,
    };
    match places.networks.get(&name) {
        Some(kind) if can_have(kind) => Ok(name),
        Some(_) => {
            Err(format!("the network {name:?} is of kind \"ripplenet\": there are no assets on it"))
        }
        None => {
            let known = places.networks.iter().filter(|(_, kind)| can_have(kind));
            let known: Vec<&str> = known.map(|(name, _)| name.as_str()).collect();
            values::one_of("network", &known)(value)
        }
    }
}
