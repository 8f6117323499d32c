//! What is told of orders that stand here and there.

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
    assert_eq!((cancelled.missing.as_ref(), cancelled.when), (None, None));
    assert!(cancelled.next.contains("railpoll orders reset 7"), "{cancelled:?}");
    let short = |order: &mut Order, _: &mut OrderAround<'_>| {
        order.short_by = Some(amount("1"));
    };
    let paid = told(OrderStatus::Paid, short, 0);
    assert!(paid.why.ends_with("1 xtr were forgiven"), "{paid:?}");
    let terms = OrderTerms { late: Late::Accept(TimeDelta::seconds(10)), ..OrderTerms::default() };
    let named = Amount::zero();
    let mut one = order("7", "alice", "100", OrderStatus::Expired);
    one.expires_at = at(100);
    let (payers, money) = (Vec::new(), Vec::new());
    let around = OrderAround { terms: &terms, named: &named, payers, money, moved: None };
    assert_eq!(explain_order(&one, &around, at(105)).when, Some(at(110)));
    assert_eq!(explain_order(&one, &around, at(111)).when, None);
}
