//! The terms of a shop's orders: how long they wait, what is forgiven, and how they may be named.

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::TimeDelta;
use config::Value;

use super::reader::{Reader, Section};
use super::shop::each_once;
use super::values::{self, Parsed};
use crate::engine::order::{
    FreeText, Late, OrderTerms, Overpayment, ReferencePattern, ReferenceRules, Tolerance,
};

/// No asset has more.
pub(super) const DECIMALS: u32 = 7;
const SECOND: Duration = Duration::from_secs(1);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// What becomes of late money, before it is known how late it may be.
#[derive(Clone, Copy)]
enum Lateness {
    Review,
    Accept,
}

/// Reads the terms in a shop's section. `decimals` are the fewest of its assets.
pub(super) fn read(reader: &mut Reader, section: &Section, decimals: u32) -> Option<OrderTerms> {
    const OVERPAYMENTS: &[(&str, Overpayment)] =
        &[("credit", Overpayment::Credit), ("refund", Overpayment::Refund)];
    let unclaimed = reader.required(section, "unclaimed_timeout", span(SECOND..=YEAR));
    let unpaid = reader.required(section, "unpaid_timeout", span(SECOND..=YEAR));
    let grace = reader.required(section, "confirm_grace", span(Duration::ZERO..=YEAR));
    let tolerance = reader.required(section, "tolerance", |value| tolerance(value, decimals));
    let overpayment = reader.required(section, "overpayment", values::choice(OVERPAYMENTS));
    let late = read_late(reader, section);
    let reference = read_reference(reader, section);
    Some(OrderTerms {
        unclaimed_timeout: unclaimed?,
        unpaid_timeout: unpaid?,
        confirm_grace: grace?,
        tolerance: tolerance?,
        overpayment: overpayment?,
        late: late?,
        reference: reference?,
    })
}

fn read_late(reader: &mut Reader, section: &Section) -> Option<Late> {
    const LATE: &[(&str, Lateness)] = &[("review", Lateness::Review), ("accept", Lateness::Accept)];
    let late = reader.required(section, "late", values::choice(LATE));
    let late_for = reader.optional(section, "late_for", span(SECOND..=YEAR));
    match late? {
        Lateness::Review => Some(Late::Review),
        Lateness::Accept => {
            if !reader.has(section, "late_for") {
                let message = "missing, and late is \"accept\"";
                reader.complain(section, "late_for", message.to_owned());
            }
            late_for.map(Late::Accept)
        }
    }
}

fn read_reference(reader: &mut Reader, section: &Section) -> Option<ReferenceRules> {
    const FREE_TEXT: &[(&str, Option<FreeText>)] = &[
        ("off", None),
        (FreeText::Digits.as_str(), Some(FreeText::Digits)),
        (FreeText::Hash.as_str(), Some(FreeText::Hash)),
    ];
    let by_alt_id = reader.required(section, "reference", by_alt_id);
    let pattern = reader.optional(section, "reference_pattern", pattern);
    let free_text = reader.required(section, "free_text", values::choice(FREE_TEXT));
    Some(ReferenceRules { by_alt_id: by_alt_id?, pattern, free_text: free_text? })
}

/// A length of time within `range`, as orders count it.
fn span(range: RangeInclusive<Duration>) -> impl Fn(&Value) -> Parsed<TimeDelta> {
    let duration = values::duration(range);
    move |value| TimeDelta::from_std(duration(value)?).map_err(|error| error.to_string())
}

fn tolerance(value: &Value, decimals: u32) -> Parsed<Tolerance> {
    let text = values::text(value).map_err(|_| {
        format!(
            "{} is neither an amount in quotes such as \"0.25\" nor a part such as \"1.5%\"",
            values::toml_text(value)
        )
    })?;
    match text.strip_suffix('%') {
        Some(percent) => values::percent(percent).map(Tolerance::Percent),
        None => values::exact(&text, decimals).map(Tolerance::Amount),
    }
}

/// Whether orders may be called by their other names too.
fn by_alt_id(value: &Value) -> Parsed<bool> {
    const ORDER_ID: &str = "order_id";
    const ALT_ID: &str = "alt_id";
    let names = values::list(value)?;
    if let Some(strange) = names.iter().find(|name| ![ORDER_ID, ALT_ID].contains(&name.as_str())) {
        return Err(format!("{strange:?} is not one of: {ORDER_ID}, {ALT_ID}"));
    }
    each_once("the name", &names)?;
    if !names.iter().any(|name| name == ORDER_ID) {
        return Err(format!(
            "{ORDER_ID:?} must be among these: an order can always be named by its id"
        ));
    }
    Ok(names.iter().any(|name| name == ALT_ID))
}

fn pattern(value: &Value) -> Parsed<ReferencePattern> {
    let text = values::text(value)?;
    ReferencePattern::parse(&text).ok_or_else(|| {
        format!("{text:?} is no pattern such as \"invoice {{}}\": one {{}} for the name, and something beside it")
    })
}
