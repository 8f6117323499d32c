//! The acceptance sequences of the rules, as far as they are about the engine.

use super::shared::{Keeper, terms};
use super::{
    Answer, Fact, Wished, claimed, confirmed, engine, noted, ordered, pays, received, wished,
};
use engine::Amount;
use engine::order::{
    Customer, FreeText, OrderRefusal, OrderStatus, OrderTerms, ReferenceRules, SettlementKind,
    TermsOfShops,
};

fn keeper() -> Keeper {
    Keeper::new(terms())
}

/// With free text, and other names where `free_text` is by name.
fn reading(free_text: FreeText) -> Keeper {
    let by_alt_id = free_text == FreeText::Hash;
    let reference = ReferenceRules { by_alt_id, free_text: Some(free_text), pattern: None };
    let shop = OrderTerms { reference, ..OrderTerms::default() };
    Keeper::new(TermsOfShops::new([("shop".to_owned(), shop)].into()))
}

/// Five new orders, claimed in the shop's notes.
fn seed() -> Keeper {
    seed_under(terms())
}

fn seed_under(terms: TermsOfShops) -> Keeper {
    let mut keeper = Keeper::new(terms);
    for (order, customer, price, wallet) in [
        ("1", "alice", "100", "A"),
        ("2", "bob", "200", "B"),
        ("3", "alice", "65", "A"),
        ("4", "bob", "350", "B"),
        ("5", "admin", "25", "D"),
    ] {
        keeper.all(&[ordered(order, customer, price, Some(wallet))]);
        assert_eq!(keeper.status(order), OrderStatus::New);
    }
    keeper
}

/// What a customer has not paid yet.
fn current(keeper: &Keeper, customer: &str) -> String {
    let is_it = |order: &&engine::order::Order| {
        order.status == OrderStatus::New && order.customer_id == customer
    };
    let open = keeper.orders.values().filter(is_it);
    open.fold(Amount::zero(), |sum, order| sum.plus(&order.price)).to_string()
}

/// What all wallets of a customer have.
fn credit(keeper: &Keeper, customer: &str) -> String {
    let customer = Customer::new("shop", customer);
    let linked = keeper.links.keys().filter(|(one, _)| *one == customer);
    let credits = linked.map(|(_, wallet)| keeper.credit(wallet).parse::<Amount>().unwrap());
    credits.fold(Amount::zero(), |sum, credit| sum.plus(&credit)).to_string()
}

fn price(order: &str, price: &str) -> Fact {
    wished(order, Wished::Price(price.to_owned()))
}

#[test]
fn sequence_1_an_order_with_a_memo_is_paid_when_its_money_is_final() {
    let mut keeper = keeper();
    keeper.all(&[ordered("alice001", "alice", "2400", Some("A"))]);
    assert_eq!(keeper.status("alice001"), OrderStatus::New);
    assert_eq!(
        (current(&keeper, "alice"), credit(&keeper, "alice")),
        ("2400".to_owned(), "0".to_owned())
    );
    keeper.all(&[received("p1", "A", "2500", "")]);
    assert_eq!(keeper.status("alice001"), OrderStatus::New);
    assert_eq!(keeper.pending("A"), "2500");
    keeper.all(&[confirmed("p1")]);
    assert_eq!(keeper.status("alice001"), OrderStatus::Paid);
    assert_eq!((credit(&keeper, "alice").as_str(), keeper.heard("order.paid")), ("100", 1));
}

#[test]
fn sequence_3_several_customers_and_one_payment_for_two_orders() {
    let mut keeper = keeper();
    keeper.all(&[
        ordered("alice001", "alice", "2400", Some("A")),
        ordered("bob700", "bob", "700", Some("B")),
    ]);
    pays(&mut keeper, "p1", "N", "85", "");
    pays(&mut keeper, "p2", "B", "400", "");
    assert_eq!((keeper.status("bob700"), keeper.credit("B").as_str()), (OrderStatus::New, "400"));
    keeper.all(&[ordered("anon", "3", "84", Some("N"))]);
    assert_eq!((keeper.status("anon"), keeper.credit("N").as_str()), (OrderStatus::Paid, "1"));
    keeper.all(&[ordered("alice0002", "alice", "3600", Some("A"))]);
    pays(&mut keeper, "p3", "A", "6042", "");
    let both = ["alice001", "alice0002"].map(|order| keeper.status(order));
    assert_eq!((both, keeper.credit("A").as_str()), ([OrderStatus::Paid; 2], "42"));
}

#[test]
fn sequence_5_money_before_the_claim() {
    let mut keeper = keeper();
    keeper.all(&[ordered("1", "alice", "2100", None)]);
    pays(&mut keeper, "p1", "A", "2500", "");
    assert_eq!(keeper.status("1"), OrderStatus::Unclaimed);
    keeper.all(&[claimed("1", "A")]);
    assert_eq!((keeper.status("1"), keeper.credit("A").as_str()), (OrderStatus::Paid, "400"));
}

#[test]
fn sequence_7_money_that_names_its_order() {
    let mut keeper = keeper();
    keeper.all(&[ordered("1", "alice", "2100", None), received("p1", "A", "2500", "1")]);
    assert_eq!(keeper.status("1"), OrderStatus::New);
    assert_eq!(keeper.order("1").claimant.as_deref(), Some("A"));
    keeper.all(&[confirmed("p1")]);
    assert_eq!((keeper.status("1"), keeper.credit("A").as_str()), (OrderStatus::Paid, "400"));
}

/// An order with another name.
fn renamed(order: &str, alt_id: &str, customer: &str, price: &str, claim: Option<&str>) -> Fact {
    let mut fact = ordered(order, customer, price, claim);
    if let Fact::Ordered { alt_id: known, .. } = &mut fact {
        *known = Some(alt_id.to_owned());
    }
    fact
}

#[test]
fn sequence_9_other_names_and_free_text() {
    let mut one = reading(FreeText::Hash);
    one.all(&[renamed("alice001", "#1000", "alice", "2400", Some("A"))]);
    pays(&mut one, "p1", "A", "2500", "order 1000");
    assert_eq!((one.status("alice001"), one.credit("A").as_str()), (OrderStatus::Paid, "100"));

    let mut three = reading(FreeText::Hash);
    three.all(&[renamed("alice001", "#1000", "alice", "2400", None)]);
    three.all(&[renamed("alice0002", "#1002", "alice", "3600", None)]);
    assert_eq!(three.status("alice001"), OrderStatus::Unclaimed);
    pays(&mut three, "p3", "A", "6042", "#1002");
    let both = ["alice001", "alice0002"].map(|order| three.status(order));
    assert_eq!((both, three.credit("A").as_str()), ([OrderStatus::Paid; 2], "42"));

    let mut seven = reading(FreeText::Hash);
    seven.all(&[renamed("x", "#2000", "alice", "2100", None)]);
    seven.all(&[received("p1", "A", "2500", "#2000")]);
    assert_eq!(seven.status("x"), OrderStatus::New);
    seven.all(&[confirmed("p1")]);
    assert_eq!((seven.status("x"), seven.credit("A").as_str()), (OrderStatus::Paid, "400"));
}

#[test]
fn sequence_11_free_text_before_its_order() {
    let mut keeper = reading(FreeText::Digits);
    pays(&mut keeper, "p1", "A", "2500", "order #12345");
    keeper.all(&[ordered("12345", "alice", "2400", None)]);
    assert_eq!((keeper.status("12345"), keeper.credit("A").as_str()), (OrderStatus::Paid, "100"));
}

#[test]
fn sequence_13_claims_by_wallets_with_and_without_money() {
    let mut keeper = keeper();
    pays(&mut keeper, "p1", "A", "100", "");
    keeper.all(&[ordered("1", "x", "60", None), ordered("2", "y", "28", None)]);
    keeper.all(&[claimed("1", "A")]);
    assert_eq!(keeper.status("1"), OrderStatus::Paid);
    let told: Vec<&str> = keeper.events.iter().rev().take(2).map(|(_, told)| *told).collect();
    assert_eq!(told, ["order.paid", "order.claimed"], "claimed, then paid");
    keeper.all(&[claimed("2", "N")]);
    assert_eq!(keeper.status("2"), OrderStatus::New);
    assert_eq!(keeper.takes(&claimed("none", "A")), Answer::Unknown);
}

#[test]
fn sequence_15_each_order_has_its_own_clock() {
    let shop = OrderTerms {
        unclaimed_timeout: chrono::TimeDelta::seconds(2),
        unpaid_timeout: chrono::TimeDelta::seconds(4),
        ..OrderTerms::default()
    };
    let mut keeper = Keeper::new(TermsOfShops::new([("shop".to_owned(), shop)].into()));
    keeper.all(&[ordered("u", "u", "10", None)]);
    keeper.passes(3000);
    keeper.all(&[Fact::Swept]);
    assert_eq!(keeper.status("u"), OrderStatus::Expired);

    let mut anew = seed_under(keeper.terms.clone());
    anew.all(&[ordered("u", "u", "10", None)]);
    anew.passes(1600);
    anew.all(&[ordered("v", "v", "10", None)]);
    anew.passes(1000);
    anew.all(&[Fact::Swept]);
    let told = ["u", "v", "1"].map(|order| anew.status(order));
    assert_eq!(told, [OrderStatus::Expired, OrderStatus::Unclaimed, OrderStatus::New]);
    anew.passes(2000);
    anew.all(&[Fact::Swept]);
    let expired = anew.orders.values().filter(|order| order.status == OrderStatus::Expired);
    assert_eq!((anew.status("v"), expired.count()), (OrderStatus::Expired, 7));
    assert_eq!(current(&anew, "alice"), "0");
}

#[test]
fn sequence_17_prices_change_and_pay_once() {
    let mut keeper = seed();
    keeper.all(&[noted("n1", "alice", "45"), price("1", "50")]);
    assert_eq!((keeper.status("1"), credit(&keeper, "alice").as_str()), (OrderStatus::New, "45"));
    keeper.all(&[price("1", "25")]);
    assert_eq!((keeper.status("1"), credit(&keeper, "alice").as_str()), (OrderStatus::Paid, "20"));
    keeper.all(&[price("3", "0")]);
    assert_eq!((keeper.status("3"), credit(&keeper, "alice").as_str()), (OrderStatus::Paid, "20"));
    assert_eq!(current(&keeper, "alice"), "0");
    let paid = keeper.settlements.iter().fold(Amount::zero(), |sum, one| sum.plus(&one.amount));
    assert_eq!(paid.to_string(), "25");
    assert!("-1".parse::<Amount>().is_err(), "a negative price is no amount");
    assert_eq!(keeper.heard("order.paid"), 2);
    assert_eq!(keeper.takes(&price("2", "200")), Answer::Refused(OrderRefusal::NoChange));
}

fn reassign(order: &str, customer: &str) -> Fact {
    wished(order, Wished::Reassign(customer.to_owned()))
}

#[test]
fn sequence_19_an_order_becomes_anothers() {
    let mut keeper = seed();
    keeper.all(&[reassign("1", "bob")]);
    assert_eq!(
        (current(&keeper, "alice"), current(&keeper, "bob")),
        ("65".to_owned(), "650".to_owned())
    );
    assert!(keeper.settlements.is_empty());
    keeper.all(&[reassign("1", "dave")]);
    assert_eq!(current(&keeper, "dave"), "100");
    assert!(keeper.customers.contains(&Customer::new("shop", "dave")));
    assert_eq!(keeper.takes(&reassign("1", "dave")), Answer::Refused(OrderRefusal::NoChange));

    let mut anew = seed();
    anew.all(&[noted("n1", "bob", "105"), reassign("1", "bob")]);
    assert_eq!(anew.status("1"), OrderStatus::Paid);
    let paid = &anew.settlements[0];
    assert_eq!(
        (paid.wallet.as_str(), paid.amount.to_string().as_str()),
        ("credit:shop/bob", "100")
    );
    assert_eq!(
        (current(&anew, "alice"), current(&anew, "bob")),
        ("65".to_owned(), "550".to_owned())
    );
    assert_eq!(credit(&anew, "bob"), "5");
}

#[test]
fn sequence_21_what_is_too_dear_is_passed_over() {
    let mut keeper = seed();
    pays(&mut keeper, "p1", "A", "65", "");
    assert_eq!((keeper.status("3"), keeper.status("1")), (OrderStatus::Paid, OrderStatus::New));
    let paid = &keeper.settlements[0];
    assert_eq!((paid.kind, paid.amount.to_string().as_str()), (SettlementKind::Single, "65"));
    let before = keeper.events.len();
    keeper.all(&[Fact::SettledWallet { wallet: "A".to_owned() }]);
    assert_eq!(keeper.events.len(), before, "nothing is left to settle");
}

#[test]
fn sequence_27_what_is_unfulfilled() {
    let mut keeper = keeper();
    keeper.all(&[
        ordered("1", "alice", "250", Some("A")),
        ordered("2", "alice", "150", Some("A")),
        ordered("3", "bob", "999", Some("B")),
    ]);
    let both = |keeper: &Keeper| (current(keeper, "alice"), current(keeper, "bob"));
    assert_eq!(both(&keeper), ("400".to_owned(), "999".to_owned()));
    pays(&mut keeper, "p1", "A", "250", "");
    assert_eq!(current(&keeper, "alice"), "150");
}

#[test]
fn sequence_29_creditors() {
    let mut keeper = seed();
    let owed = |keeper: &Keeper| ["admin", "alice", "bob"].map(|one| current(keeper, one));
    assert_eq!(owed(&keeper), ["25", "165", "550"]);
    pays(&mut keeper, "p1", "A", "15", "");
    pays(&mut keeper, "p2", "B", "50", "");
    assert_eq!(owed(&keeper), ["25", "165", "550"]);
    pays(&mut keeper, "p3", "A", "100", "");
    pays(&mut keeper, "p4", "B", "500", "");
    pays(&mut keeper, "p5", "N", "700", "");
    assert_eq!(owed(&keeper), ["25", "65", "0"]);
}
