//! What people wish, where it may be and what it does; and what shops allow.

use super::shared::{Keeper, terms};
use super::{Answer, Fact, Wished, claimed, confirmed, engine, noted, ordered, pays, wished};
use engine::order::{OrderKey, OrderStatus};

/// Orders of each status: unclaimed, new, paid, expired, cancelled.
fn each() -> Keeper {
    let mut keeper = Keeper::new(terms());
    keeper.all(&[ordered("expired", "alice", "60", None)]);
    keeper.passes(3 * 3_600_000);
    keeper.all(&[
        Fact::Swept,
        ordered("unclaimed", "alice", "60", None),
        ordered("new", "bob", "60", Some("b")),
        ordered("cancelled", "bob", "60", Some("b")),
        wished("cancelled", Wished::Cancel),
        ordered("paid", "carol", "60", Some("c")),
    ]);
    pays(&mut keeper, "p", "c", "60", "");
    for status in OrderStatus::ALL {
        assert_eq!(keeper.status(status.as_str()), status);
    }
    keeper
}

/// From where a wish is granted.
fn granted(wish: &Wished) -> Vec<&'static str> {
    let may = |status: &OrderStatus| {
        let mut keeper = each();
        let before = format!("{keeper:?}");
        let answer = keeper.takes(&wished(status.as_str(), wish.clone()));
        // A refusal has no side effect.
        assert_eq!(answer != Answer::Done, format!("{keeper:?}") == before, "{status} {wish:?}");
        answer == Answer::Done
    };
    OrderStatus::ALL.into_iter().filter(may).map(OrderStatus::as_str).collect()
}

#[test]
fn each_wish_is_granted_where_it_may_be() {
    assert_eq!(granted(&Wished::Fulfil { id: "n".to_owned() }), ["unclaimed", "new"]);
    assert_eq!(granted(&Wished::Cancel), ["unclaimed", "new"]);
    let all = ["unclaimed", "new", "paid", "expired", "cancelled"];
    assert_eq!(granted(&Wished::Memo("gift".to_owned())), all);
    assert_eq!(granted(&Wished::Price("7".to_owned())), ["new"]);
    let unpaid = ["unclaimed", "new", "expired", "cancelled"];
    assert_eq!(granted(&Wished::Reassign("dave".to_owned())), unpaid);
    assert_eq!(granted(&Wished::Reset), ["expired", "cancelled"]);
}

#[test]
fn fulfilled_by_a_person_it_is_paid_by_a_note_and_other_credit_is_not_touched() {
    let mut keeper = each();
    pays(&mut keeper, "q", "b", "5", "");
    keeper.all(&[noted("n0", "bob", "-20"), wished("new", Wished::Fulfil { id: "n1".to_owned() })]);
    assert_eq!(keeper.status("new"), OrderStatus::Paid);
    assert_eq!(
        (keeper.credit("b").as_str(), keeper.credit("credit:shop/bob").as_str()),
        ("5", "-20")
    );
    let told: Vec<&str> = keeper.events.iter().rev().take(3).map(|(_, told)| *told).collect();
    assert_eq!(told, ["incoming.confirmed", "order.paid", "incoming.recorded"]);
}

#[test]
fn a_note_changes_no_clock_and_a_price_a_customer_and_a_reset_do() {
    let mut keeper = each();
    let expires = |keeper: &Keeper| keeper.order("new").expires_at;
    let first = expires(&keeper);
    keeper.passes(1000);
    keeper.all(&[wished("new", Wished::Memo("gift".to_owned()))]);
    assert_eq!(expires(&keeper), first);
    keeper.all(&[wished("new", Wished::Price("7".to_owned()))]);
    assert!(expires(&keeper) > first);
    keeper.passes(1000);
    let second = expires(&keeper);
    keeper.all(&[wished("new", Wished::Reassign("dave".to_owned()))]);
    assert!(expires(&keeper) > second);
    keeper.all(&[wished("cancelled", Wished::Reset)]);
    let told: Vec<&str> = keeper.events.iter().rev().take(2).map(|(_, told)| *told).collect();
    assert_eq!(told, ["order.created", "order.modified"]);
    assert_eq!(keeper.order("cancelled").expires_at, keeper.now + chrono::TimeDelta::hours(48));
}

#[test]
fn what_is_opened_again_can_be_claimed_if_nobody_had() {
    let mut keeper = each();
    keeper.all(&[wished("expired", Wished::Reset), claimed("expired", "a")]);
    assert_eq!(keeper.order("expired").claimant.as_deref(), Some("a"));
    assert_eq!(keeper.takes(&claimed("expired", "a")), Answer::Done);
    assert_ne!(keeper.takes(&claimed("expired", "b")), Answer::Done);
}

#[test]
fn a_shop_cancels_what_is_open_and_not_what_is_paid() {
    let mut keeper = each();
    let cancel = |order: &str| Fact::ShopCancelled { shop: "shop", order: order.to_owned() };
    keeper.all(&["unclaimed", "new", "expired", "cancelled"].map(cancel));
    assert_eq!(keeper.status("new"), OrderStatus::Cancelled);
    assert_eq!(keeper.status("expired"), OrderStatus::Expired);
    assert_ne!(keeper.takes(&cancel("paid")), Answer::Done);
}

/// An order of 100 at the shop that allows much, and what `a` pays for it.
fn at_the_mall(amounts: &[(&str, i64)]) -> Keeper {
    let mut keeper = Keeper::new(terms());
    keeper.all(&[Fact::Ordered {
        shop: "mall",
        order: "1".to_owned(),
        alt_id: None,
        customer: Some("alice".to_owned()),
        price: "100".to_owned(),
        claim: Some("a".to_owned()),
    }]);
    for (number, (amount, minutes)) in amounts.iter().enumerate() {
        keeper.passes(minutes * 60_000);
        keeper.all(&[
            Fact::Swept,
            Fact::Received {
                shop: "mall",
                id: format!("p{number}"),
                wallet: "a".to_owned(),
                asset: "xtr",
                amount: (*amount).to_owned(),
                memo: "invoice 1".to_owned(),
            },
            confirmed(&format!("p{number}")),
        ]);
    }
    keeper
}

fn mall(keeper: &Keeper) -> (OrderStatus, Option<String>) {
    let order = &keeper.orders[&OrderKey::new("mall", "1")];
    (order.status, order.short_by.as_ref().map(ToString::to_string))
}

#[test]
fn ninety_nine_of_a_hundred_with_a_tolerance_of_one() {
    let keeper = at_the_mall(&[("99", 0)]);
    assert_eq!(mall(&keeper), (OrderStatus::Paid, Some("1".to_owned())));
    assert_eq!(keeper.credit("a"), "0");
    assert_eq!(mall(&at_the_mall(&[("98.9", 0)])), (OrderStatus::New, None));
}

#[test]
fn what_is_too_much_goes_back_if_the_shop_says_so() {
    let keeper = at_the_mall(&[("60", 0), ("59.5", 0)]);
    assert_eq!(mall(&keeper), (OrderStatus::Paid, None));
    assert_eq!((keeper.credit("a").as_str(), keeper.refunds.len()), ("0", 1));
    let refund = &keeper.refunds[0];
    assert_eq!(
        (refund.money.incoming_id.as_str(), refund.amount.to_string().as_str()),
        ("p1", "19.5")
    );
}

#[test]
fn what_is_missing_may_come_a_little_late_if_the_shop_takes_it() {
    let late = 48 * 60 + 60;
    let keeper = at_the_mall(&[("60", 0), ("40", late)]);
    assert_eq!(mall(&keeper), (OrderStatus::Paid, None));
    let told = keeper.events.iter().filter(|(subject, _)| subject == "order/mall/1");
    let told: Vec<&str> = told.map(|(_, told)| *told).collect();
    let expected = [
        "order.created",
        "order.claimed",
        "order.annulled",
        "order.review",
        "order.modified",
        "order.paid",
    ];
    assert_eq!(told, expected);
    assert_eq!(mall(&at_the_mall(&[("60", 0), ("40", late + 1)])).0, OrderStatus::Expired);
    assert_eq!(mall(&at_the_mall(&[("60", 0), ("30", late)])).0, OrderStatus::Expired);
}
