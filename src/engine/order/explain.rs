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
    let why = "nobody is known to pay it: no money names it, nobody has claimed it, and no wallet of its customer has ever \
               paid";
    let (next, when) = waiting(order, around, now);
    (why.to_owned(), format!("{}; {next}", how_to_pay(order)), when)
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
mod tests {
    use chrono::TimeDelta;

    use super::super::fixtures::order;
    use super::*;
    use crate::engine::fixtures::at;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn payer<'a>(wallet: &'a str, credit: &str, kept: &str) -> KnownPayer<'a> {
        let credit = credit.parse().unwrap();
        KnownPayer { wallet, origin: LinkOrigin::Payer, credit, kept: amount(kept) }
    }

    /// What is told of an order of 100, around which `change` changes something.
    fn told(
        status: OrderStatus,
        change: impl FnOnce(&mut Order, &mut OrderAround<'_>),
        now: i64,
    ) -> OrderExplanation {
        let (terms, named) = (OrderTerms::default(), Amount::zero());
        let mut one = order("7", "alice", "100", status);
        one.expires_at = at(100);
        let mut around = OrderAround {
            terms: &terms,
            named: &named,
            payers: Vec::new(),
            money: Vec::new(),
            moved: None,
        };
        change(&mut one, &mut around);
        explain_order(&one, &around, at(now))
    }

    #[test]
    fn an_unclaimed_order_says_how_it_is_paid_and_when_it_expires() {
        let plain = told(OrderStatus::Unclaimed, |_, _| {}, 0);
        assert!(plain.why.contains("nobody is known"), "{plain:?}");
        assert_eq!((plain.missing, plain.when), (Some(amount("100")), Some(at(100))));
        let by_address = |order: &mut Order, _: &mut OrderAround<'_>| {
            order.pay_to = PayTo::Address;
            order.address = Some("0xab".to_owned());
        };
        let next = told(OrderStatus::Unclaimed, by_address, 0).next;
        assert!(next.contains("to 0xab pays it") && next.contains("expires"), "{next}");
        let late = told(OrderStatus::Unclaimed, |_, _| {}, 101);
        assert!(late.next.contains("its time is over") && late.when.is_none(), "{late:?}");
    }

    #[test]
    fn what_payers_lack_is_without_what_is_kept_for_other_orders() {
        let two = |order: &mut Order, around: &mut OrderAround<'_>| {
            order.claimant = Some("a".to_owned());
            around.payers = vec![payer("a", "60", "20"), payer("b", "-5", "0")];
        };
        let lacks = told(OrderStatus::New, two, 0);
        assert_eq!(lacks.missing, Some(amount("60")));
        assert!(lacks.why.starts_with("a has said that it pays"), "{lacks:?}");
        assert!(lacks.payers[0].contains("of which 20 are kept for other orders"), "{lacks:?}");
        assert!(lacks.payers[1].starts_with("b has -5 "), "{lacks:?}");
        let rich = |_: &mut Order, around: &mut OrderAround<'_>| {
            around.payers = vec![payer("a", "160", "20")];
        };
        let covered = told(OrderStatus::New, rich, 0);
        assert_eq!(covered.missing, Some(Amount::zero()));
        assert!(covered.next.contains("orders settle"), "{covered:?}");
    }

    #[test]
    fn money_that_came_in_time_is_waited_for() {
        let sixty = amount("60");
        let money = KnownMoney {
            incoming_id: "p1",
            place: "tari",
            amount: &sixty,
            asset: "native",
            status: IncomingStatus::Received,
            verdict: Some(MoneyVerdict::Matched),
            received_at: at(99),
            is_resolved: false,
        };
        let terms = OrderTerms::default();
        let named = Amount::zero();
        let mut one = order("7", "alice", "100", OrderStatus::New);
        one.expires_at = at(100);
        let around = |money| OrderAround {
            terms: &terms,
            named: &named,
            payers: Vec::new(),
            money: vec![money],
            moved: None,
        };
        let waited = explain_order(&one, &around(money.clone()), at(101));
        assert_eq!(waited.when, Some(at(100) + terms.confirm_grace));
        assert_eq!(waited.money, ["p1 on tari: 60 native is seen, and not final yet"]);
        let late = KnownMoney { received_at: at(101), ..money };
        assert_eq!(explain_order(&one, &around(late), at(102)).when, None);
    }

    #[test]
    fn an_end_says_who_ended_it_and_what_can_be_done() {
        let by_hand = |_: &mut Order, around: &mut OrderAround<'_>| {
            around.moved = Some((OrderCause::Cancel, Some("a mistake")));
        };
        let cancelled = told(OrderStatus::Cancelled, by_hand, 0);
        assert_eq!(cancelled.why, "a person has cancelled it: a mistake");
        assert_eq!((cancelled.missing, cancelled.when), (None, None));
        assert!(cancelled.next.contains("railpoll orders reset 7"), "{cancelled:?}");
        let short = |order: &mut Order, _: &mut OrderAround<'_>| {
            order.short_by = Some(amount("1"));
        };
        let paid = told(OrderStatus::Paid, short, 0);
        assert!(paid.why.ends_with("1 xtr were forgiven"), "{paid:?}");
        let terms =
            OrderTerms { late: Late::Accept(TimeDelta::seconds(10)), ..OrderTerms::default() };
        let named = Amount::zero();
        let mut one = order("7", "alice", "100", OrderStatus::Expired);
        one.expires_at = at(100);
        let (payers, money) = (Vec::new(), Vec::new());
        let around = OrderAround { terms: &terms, named: &named, payers, money, moved: None };
        assert_eq!(explain_order(&one, &around, at(105)).when, Some(at(110)));
        assert_eq!(explain_order(&one, &around, at(111)).when, None);
    }
}
