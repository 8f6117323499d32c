//! What has gone wrong in other engines of this kind, and cannot here.

use super::shared::{Keeper, terms};
use super::{Answer, Fact, Wished, claimed, confirmed, engine, ordered, pays, received, wished};
use engine::IncomingStatus;
use engine::books::BookAccount;
use engine::order::{
    Customer, LinkOrigin, MoneyVerdict, OrderKey, OrderRefusal, OrderStatus, ReviewWhy,
};

fn keeper() -> Keeper {
    Keeper::new(terms())
}

fn refusal(answer: Answer) -> OrderRefusal {
    match answer {
        Answer::Refused(refusal) => refusal,
        other @ (Answer::Done | Answer::Unknown) => panic!("{other:?}"),
    }
}

#[test]
fn an_order_that_ended_is_neither_claimed_nor_woken_by_money() {
    let mut keeper = keeper();
    keeper.all(&[ordered("1", "alice", "60", Some("a"))]);
    keeper.all(&[wished("1", Wished::Cancel)]);
    let links = keeper.links.clone();
    let refused = refusal(keeper.takes(&claimed("1", "eve")));
    assert!(matches!(refused, OrderRefusal::WrongStatus { .. }), "{refused}");
    pays(&mut keeper, "p1", "eve", "60", "1");
    assert_eq!(keeper.status("1"), OrderStatus::Cancelled);
    assert_eq!(keeper.links, links, "nobody is linked");
    assert_eq!(keeper.credit("eve"), "60", "it is credit");
    let why: Vec<ReviewWhy> = keeper.reviews.iter().map(|review| review.why).collect();
    assert_eq!((why, keeper.heard("order.review")), (vec![ReviewWhy::TooLate], 1));
    keeper.all(&[received("p1", "eve", "60", "1"), confirmed("p1")]);
    assert_eq!(keeper.heard("order.review"), 1, "told twice, it is one");
}

#[test]
fn a_second_payment_for_a_paid_order_is_credit_and_one_review() {
    let mut keeper = keeper();
    keeper.all(&[ordered("1", "alice", "60", None)]);
    pays(&mut keeper, "p1", "a", "60", "1");
    pays(&mut keeper, "p2", "a", "60", "1");
    assert_eq!((keeper.status("1"), keeper.credit("a").as_str()), (OrderStatus::Paid, "60"));
    assert_eq!((keeper.heard("order.paid"), keeper.heard("order.review")), (1, 1));
    let verdicts: Vec<MoneyVerdict> = keeper.money.values().map(|money| money.verdict).collect();
    assert_eq!(verdicts, [MoneyVerdict::Matched, MoneyVerdict::Second]);
}

#[test]
fn a_new_order_is_not_claimed_by_another_wallet_and_shows_a_stranger_nothing() {
    let mut keeper = keeper();
    keeper.all(&[ordered("1", "alice", "60", Some("a")), ordered("2", "alice", "70", None)]);
    let refused = refusal(keeper.takes(&claimed("1", "eve")));
    assert_eq!(refused, OrderRefusal::ClaimedByAnother(OrderKey::new("shop", "1")));
    let before = keeper.steps.len();
    keeper.all(&[claimed("1", "a")]);
    assert_eq!(keeper.steps.len(), before, "by its claimant: unchanged");
    keeper.all(&[claimed("2", "eve")]);
    let origin = |wallet: &str| keeper.links[&(Customer::new("shop", "alice"), wallet.to_owned())];
    assert_eq!((origin("eve"), origin("a")), (LinkOrigin::Payer, LinkOrigin::Shop));
}

#[test]
fn a_wallet_that_is_linked_twice_pays_once() {
    let mut keeper = keeper();
    keeper.all(&[ordered("1", "alice", "100", Some("a")), ordered("2", "alice", "10", Some("a"))]);
    pays(&mut keeper, "p1", "a", "60", "1");
    assert_eq!(keeper.status("1"), OrderStatus::New, "60 are not 120");
    pays(&mut keeper, "p2", "a", "40", "1");
    assert_eq!((keeper.status("1"), keeper.settlements.len()), (OrderStatus::Paid, 1));
    assert_eq!(keeper.credit("a"), "0");
}

#[test]
fn confirmed_twice_is_booked_once() {
    let mut keeper = keeper();
    keeper.all(&[ordered("1", "alice", "100", Some("a")), received("p1", "a", "150", "1")]);
    keeper.all(&[confirmed("p1"), confirmed("p1")]);
    assert_eq!((keeper.credit("a").as_str(), keeper.heard("incoming.confirmed")), ("50", 1));
    assert_eq!(keeper.takes(&confirmed("unknown")), Answer::Unknown);
    let other = received("p1", "a", "151", "1");
    assert!(matches!(refusal(keeper.takes(&other)), OrderRefusal::OtherMoney(_)));
}

#[test]
fn an_order_is_paid_whole_or_not_at_all() {
    let mut keeper = keeper();
    keeper.all(&[ordered("1", "alice", "100", Some("a"))]);
    pays(&mut keeper, "p1", "a", "60", "");
    pays(&mut keeper, "p2", "b", "39.999999", "1");
    assert!(keeper.settlements.is_empty(), "no share is taken of what does not cover");
    pays(&mut keeper, "p3", "b", "0.000001", "1");
    assert_eq!((keeper.status("1"), keeper.settlements.len()), (OrderStatus::Paid, 2));
}

#[test]
fn a_price_that_changes_is_paid_and_told_once() {
    let mut keeper = keeper();
    keeper.all(&[ordered("1", "alice", "100", Some("a"))]);
    pays(&mut keeper, "p1", "a", "60", "");
    keeper.all(&[wished("1", Wished::Price("60".to_owned()))]);
    assert_eq!((keeper.heard("order.paid"), keeper.heard("order.modified")), (1, 1));
    let again = keeper.takes(&wished("1", Wished::Price("50".to_owned())));
    assert!(matches!(refusal(again), OrderRefusal::WrongStatus { .. }));
}

#[test]
fn another_name_means_its_order_at_every_door_or_at_none() {
    let named = |shop: &'static str| {
        let mut keeper = keeper();
        keeper.all(&[Fact::Ordered {
            shop,
            order: "x".to_owned(),
            alt_id: Some("#7".to_owned()),
            customer: Some("alice".to_owned()),
            price: "10".to_owned(),
            claim: None,
        }]);
        let (id, wallet, amount) = ("p".to_owned(), "a".to_owned(), "10".to_owned());
        keeper.all(&[
            Fact::Received { shop, id, wallet, asset: "xtr", amount, memo: "order 7".to_owned() },
            confirmed("p"),
        ]);
        keeper.orders[&OrderKey::new(shop, "x")].status
    };
    assert_eq!(named("mall"), OrderStatus::Paid);
    assert_eq!(named("shop"), OrderStatus::Unclaimed, "it has no such names");
}

#[test]
fn an_order_that_is_too_dear_stands_in_no_others_way() {
    let mut keeper = keeper();
    keeper.all(&[
        ordered("1", "alice", "1000", Some("a")),
        ordered("2", "alice", "30", Some("a")),
        ordered("3", "alice", "20", Some("a")),
    ]);
    pays(&mut keeper, "p1", "a", "50", "");
    let told = ["1", "2", "3"].map(|order| keeper.status(order).as_str());
    assert_eq!(told, ["new", "paid", "paid"]);
}

#[test]
fn sixty_for_an_order_of_a_hundred_stay_for_it_until_it_ends() {
    let mut keeper = keeper();
    keeper.all(&[ordered("1", "alice", "100", Some("a")), ordered("2", "alice", "50", Some("a"))]);
    pays(&mut keeper, "p1", "a", "60", "1");
    assert_eq!(keeper.status("2"), OrderStatus::New);
    keeper.all(&[wished("1", Wished::Cancel)]);
    assert_eq!(keeper.reviews.last().map(|review| review.why), Some(ReviewWhy::MoneyWaits));
    keeper.all(&[Fact::SettledCustomer { shop: "shop", customer: "alice".to_owned() }]);
    assert_eq!((keeper.status("2"), keeper.credit("a").as_str()), (OrderStatus::Paid, "10"));
}

#[test]
fn received_before_and_confirmed_after_the_deadline_is_in_time() {
    let mut keeper = keeper();
    keeper.all(&[ordered("1", "alice", "60", Some("a"))]);
    keeper.passes(48 * 3_600_000);
    keeper.all(&[received("p1", "a", "60", "")]);
    keeper.passes(1);
    keeper.all(&[Fact::Swept]);
    assert_eq!(keeper.status("1"), OrderStatus::New, "it waits for what came in time");
    let mut patient = keeper.clone();
    patient.all(&[confirmed("p1")]);
    assert_eq!(patient.status("1"), OrderStatus::Paid);
    keeper.passes(24 * 3_600_000);
    keeper.all(&[Fact::Swept]);
    assert_eq!(keeper.status("1"), OrderStatus::Expired, "though not for ever");
}

#[test]
fn what_is_taken_back_leaves_a_debt_and_the_order_paid() {
    let mut keeper = keeper();
    keeper.all(&[ordered("1", "alice", "60", None)]);
    pays(&mut keeper, "p1", "a", "100", "1");
    keeper.all(&[Fact::Reversed { id: "p1".to_owned() }]);
    assert_eq!((keeper.status("1"), keeper.credit("a").as_str()), (OrderStatus::Paid, "-60"));
    assert_eq!(keeper.reviews.last().map(|review| review.why), Some(ReviewWhy::Reversed));
    let order = BookAccount::Order { shop: "shop".to_owned(), order_id: "1".to_owned() };
    assert_eq!(keeper.sum(&order, "xtr").to_string(), "60");
    pays(&mut keeper, "p2", "a", "70", "");
    assert_eq!(keeper.credit("a"), "10", "the debt goes first");
}

#[test]
fn money_that_vanishes_names_no_order_and_comes_again_under_another_name() {
    let mut keeper = keeper();
    keeper.all(&[ordered("1", "alice", "60", None), received("p1", "a", "60", "1")]);
    let gone = |id: &str| Fact::Cancelled { id: id.to_owned() };
    keeper.all(&[gone("p1"), gone("p1"), received("p1", "a", "60", "1")]);
    let money = keeper.money.values().next().unwrap();
    assert_eq!((money.status, &money.order), (IncomingStatus::Cancelled, &None));
    assert!(matches!(refusal(keeper.takes(&confirmed("p1"))), OrderRefusal::Money(_)));
    keeper.all(&[received("p2", "a", "60", "1"), confirmed("p2")]);
    assert_eq!(keeper.status("1"), OrderStatus::Paid);
    assert!(matches!(refusal(keeper.takes(&gone("p2"))), OrderRefusal::Money(_)));
}

#[test]
fn another_asset_is_credit_in_it_and_pays_nothing() {
    let mut keeper = keeper();
    keeper.all(&[ordered("1", "alice", "60", None)]);
    let (id, wallet, memo) = ("p1".to_owned(), "a".to_owned(), "1".to_owned());
    let amount = "100".to_owned();
    let eur = Fact::Received { shop: "shop", id, wallet, asset: "eur", amount, memo };
    keeper.all(&[eur, confirmed("p1")]);
    assert_eq!((keeper.status("1"), keeper.credit("a").as_str()), (OrderStatus::New, "0"));
    let account = BookAccount::Wallet("a".to_owned());
    assert_eq!(keeper.sum(&account, "eur").to_string(), "100");
    assert_eq!(keeper.money.values().next().unwrap().verdict, MoneyVerdict::WrongAsset);
}
