//! Why an order stands where it stands, what is missing, who may pay it, and what happens next.

use chrono::{DateTime, Utc};

use super::{Late, LinkOrigin, MoneyVerdict, Order, OrderCause, OrderStatus, OrderTerms, PayTo};
use crate::engine::books::Balance;
use crate::engine::{Amount, IncomingStatus, readable};

/// A wallet that may pay an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPayer<'a> {
    /// Its address.
    pub wallet: &'a str,
    /// Who says that it is the customer's.
    pub origin: LinkOrigin,
    /// Its credit in the order's asset.
    pub credit: Balance,
    /// How much of that is kept for other open orders, which its money names.
    pub kept: Amount,
}

/// Money that names an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownMoney<'a> {
    /// The place's id of it.
    pub incoming_id: &'a str,
    /// The place that told of it.
    pub place: &'a str,
    /// How much.
    pub amount: &'a Amount,
    /// Of what, as the place calls it.
    pub asset: &'a str,
    /// How far it is ours.
    pub status: IncomingStatus,
    /// What it is for the order; none if nobody has judged it so.
    pub verdict: Option<MoneyVerdict>,
    /// When it was seen.
    pub received_at: DateTime<Utc>,
    /// Whether a person has seen to it.
    pub is_resolved: bool,
}

/// What is known around an order.
#[derive(Debug, Clone)]
pub struct OrderAround<'a> {
    /// The terms of its shop.
    pub terms: &'a OrderTerms,
    /// The final money that names it.
    pub named: &'a Amount,
    /// Who may pay it.
    pub payers: Vec<KnownPayer<'a>>,
    /// All money that names it.
    pub money: Vec<KnownMoney<'a>>,
    /// Why it last moved, and what was said of it.
    pub moved: Option<(OrderCause, Option<&'a str>)>,
}

/// For a person to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderExplanation {
    /// Why it stands here.
    pub why: String,
    /// How much its payers lack. None of an order that is not open.
    pub missing: Option<Amount>,
    /// Each wallet that may pay it, as a sentence.
    pub payers: Vec<String>,
    /// Each money that names it, as a sentence.
    pub money: Vec<String>,
    /// What happens next, and by whom.
    pub next: String,
    /// When that happens by itself, if nothing comes before.
    pub when: Option<DateTime<Utc>>,
}

impl KnownPayer<'_> {
    fn free(&self) -> Amount {
        self.credit.spendable().minus(&self.kept).unwrap_or_else(Amount::zero)
    }

    fn told(&self, asset: &str) -> String {
        let says = match self.origin {
            LinkOrigin::Shop => "the shop or a person says so",
            LinkOrigin::Payer => "who holds it says so",
        };
        let kept = if self.kept.is_zero() {
            String::new()
        } else {
            format!(", of which {} are kept for other orders", self.kept)
        };
        format!("{} has {} {asset}{kept} ({says})", self.wallet, self.credit)
    }
}

impl KnownMoney<'_> {
    fn told(&self) -> String {
        let stands = match self.status {
            IncomingStatus::Received => "is seen, and not final yet",
            IncomingStatus::Confirmed => "is final",
            IncomingStatus::Cancelled => "has vanished before it was final",
            IncomingStatus::Reversed => "was taken back",
        };
        let fits = match self.verdict {
            Some(MoneyVerdict::Second) => "; the order was paid already when it came",
            Some(MoneyVerdict::TooLate) => "; the order had ended when it came",
            Some(MoneyVerdict::WrongAsset) => "; the order takes another asset",
            Some(MoneyVerdict::Matched | MoneyVerdict::UnknownOrder | MoneyVerdict::Credit)
            | None => "",
        };
        let seen_to = if self.is_resolved { "; a person has seen to it" } else { "" };
        let Self { incoming_id, place, amount, asset, .. } = self;
        format!("{incoming_id} on {place}: {amount} {asset} {stands}{fits}{seen_to}")
    }

    /// Whether it is there, does not fit, and waits for a person.
    fn wants_a_person(&self) -> bool {
        let does_not_fit = match self.verdict {
            Some(MoneyVerdict::Second | MoneyVerdict::TooLate | MoneyVerdict::WrongAsset) => true,
            Some(MoneyVerdict::Matched | MoneyVerdict::UnknownOrder | MoneyVerdict::Credit)
            | None => false,
        };
        does_not_fit && !self.is_resolved && self.status == IncomingStatus::Confirmed
    }
}

/// Explains an order.
#[must_use]
pub fn explain_order(
    order: &Order,
    around: &OrderAround<'_>,
    now: DateTime<Utc>,
) -> OrderExplanation {
    let free = around.payers.iter().fold(Amount::zero(), |sum, payer| sum.plus(&payer.free()));
    let missing =
        order.status.is_open().then(|| order.price.minus(&free).unwrap_or_else(Amount::zero));
    let (why, next, when) = match order.status {
        OrderStatus::Unclaimed => unclaimed(order, around, now),
        OrderStatus::New => new(order, around, missing.as_ref(), now),
        OrderStatus::Paid => paid(order, around),
        OrderStatus::Expired => expired(order, around, now),
        OrderStatus::Cancelled => cancelled(order, around),
    };
    OrderExplanation {
        why,
        missing,
        payers: around.payers.iter().map(|payer| payer.told(&order.asset)).collect(),
        money: around.money.iter().map(KnownMoney::told).collect(),
        next,
        when,
    }
}

type Told = (String, String, Option<DateTime<Utc>>);

fn unclaimed(order: &Order, around: &OrderAround<'_>, now: DateTime<Utc>) -> Told {
    let why = "nobody is known to pay it: no money names it, and nobody has claimed it";
    let others = if around.payers.is_empty() {
        ", and its customer has no wallet"
    } else {
        "; the wallets of its customer may pay it all the same"
    };
    let (next, when) = waiting(order, around, now);
    (format!("{why}{others}"), format!("{}; {next}", how_to_pay(order)), when)
}

fn new(
    order: &Order,
    around: &OrderAround<'_>,
    missing: Option<&Amount>,
    now: DateTime<Utc>,
) -> Told {
    let known = match &order.claimant {
        Some(wallet) => format!("{wallet} has said that it pays"),
        None => "a person has it wait for money".to_owned(),
    };
    let (price, asset) = (&order.price, &order.asset);
    let lacks = missing.filter(|missing| !missing.is_zero());
    let lacks = lacks.map_or_else(
        || format!("; its payers have the {price} {asset} that it costs"),
        |missing| format!("; of {price} {asset} its payers lack {missing}"),
    );
    let named = if around.named.is_zero() {
        String::new()
    } else {
        format!("; {} {asset} that name it are final", around.named)
    };
    let is_coverable = missing.is_some_and(Amount::is_zero);
    let (waits, when) = waiting(order, around, now);
    let first = if is_coverable {
        "the poller orders pays it in its next sweep, or `railpoll orders settle` at once"
            .to_owned()
    } else {
        how_to_pay(order)
    };
    (format!("{known}{lacks}{named}"), format!("{first}; {waits}"), when)
}

/// How whoever wants to pay it can.
fn how_to_pay(order: &Order) -> String {
    match (order.pay_to, &order.address) {
        (PayTo::Address, Some(address)) => format!("money that comes to {address} pays it"),
        (PayTo::Memo, Some(address)) => {
            format!("money that comes to {address} with a memo that names it pays it")
        }
        (PayTo::Memo, None) => "money that comes with a memo that names it pays it".to_owned(),
        (PayTo::Wallet | PayTo::Address, _) => {
            "money of its payers, or that names it, pays it".to_owned()
        }
    }
}

/// What becomes of an open order that nobody pays, and when.
fn waiting(
    order: &Order,
    around: &OrderAround<'_>,
    now: DateTime<Utc>,
) -> (String, Option<DateTime<Utc>>) {
    let is_on_its_way = |money: &&KnownMoney<'_>| {
        money.status == IncomingStatus::Received && money.received_at <= order.expires_at
    };
    let end = order.expires_at + around.terms.confirm_grace;
    if let Some(money) = around.money.iter().find(is_on_its_way).filter(|_| now <= end) {
        let id = money.incoming_id;
        let text = format!("{id} came in time, and is waited for until {}", readable(end));
        return (text, Some(end));
    }
    if now > order.expires_at {
        return ("its time is over: the next sweep of the poller orders ends it".to_owned(), None);
    }
    let text = format!("what is not paid by {} expires", readable(order.expires_at));
    (text, Some(order.expires_at))
}

fn paid(order: &Order, around: &OrderAround<'_>) -> Told {
    let (price, asset) = (&order.price, &order.asset);
    let by = match around.moved {
        Some((OrderCause::Fulfil, reason)) => {
            let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
            format!("a person has said so{reason}")
        }
        Some(_) | None => format!("its payers had the {price} {asset} that it costs"),
    };
    let forgiven = order
        .short_by
        .as_ref()
        .filter(|short| !short.is_zero())
        .map_or_else(String::new, |short| format!("; {short} {asset} were forgiven"));
    let next = person(around, "it stays paid, whatever comes");
    (format!("{by}{forgiven}"), next, None)
}

fn expired(order: &Order, around: &OrderAround<'_>, now: DateTime<Utc>) -> Told {
    let why = format!("it was not paid by {}{}", readable(order.expires_at), waits(order, around));
    let reset = format!("`railpoll orders reset {}` has it wait again", order.key.order_id);
    match around.terms.late {
        Late::Accept(late_for) if order.expires_at + late_for >= now => {
            let until = order.expires_at + late_for;
            let next =
                format!("what is missing and comes by {} still pays it; {reset}", readable(until));
            (why, person(around, &next), Some(until))
        }
        Late::Accept(_) | Late::Review => (why, person(around, &reset), None),
    }
}

fn cancelled(order: &Order, around: &OrderAround<'_>) -> Told {
    let by = match around.moved {
        Some((OrderCause::Shop, _)) => "the shop has cancelled it".to_owned(),
        Some((_, Some(reason))) => format!("a person has cancelled it: {reason}"),
        Some((_, None)) | None => "it was cancelled".to_owned(),
    };
    let reset = format!("`railpoll orders reset {}` has it wait again", order.key.order_id);
    (format!("{by}{}", waits(order, around)), person(around, &reset), None)
}

/// That money for it is there, though it has ended.
fn waits(order: &Order, around: &OrderAround<'_>) -> String {
    if around.named.is_zero() {
        return String::new();
    }
    format!("; {} {} that name it are its payers' credit", around.named, order.asset)
}

/// What a person must see to comes before what happens else.
fn person(around: &OrderAround<'_>, else_next: &str) -> String {
    match around.money.iter().find(|money| money.wants_a_person()) {
        Some(money) => {
            let id = money.incoming_id;
            format!("a person looks at {id}, which is its payer's credit until then; {else_next}")
        }
        None => else_next.to_owned(),
    }
}

#[cfg(test)]
mod tests;
