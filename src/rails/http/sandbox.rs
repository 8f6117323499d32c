//! The client against the simulated bank, which checks every request strictly and has books of its own.

use serde_json::json;

use super::tests::options;
use super::*;
use crate::engine::{Arrival, PayoutState};
use crate::rails::testing::{SHORT, payout, reference};
use railpoll_sandbox::Reply;
use railpoll_sandbox::bank::{Bank, BankEndpoint, BankOptions, BankQuirks, Course};

async fn bank() -> (Bank, HttpRail) {
    let bank = Bank::start(BankOptions::default()).await.unwrap();
    let rail_options = HttpRailOptions {
        secret: bank.secret().into(),
        timeout: 2 * SHORT,
        ..options(&bank.url().parse().unwrap())
    };
    let rail = HttpRail::new(rail_options, Clock::system(), |_| {}).unwrap();
    (bank, rail)
}

/// An order of a transfer of its own.
fn order(key: &str) -> Payout {
    let transfer_id = Some(format!("transfer-{key}"));
    Payout { transfer_id, ..payout(key, "USD", &json!({ "account": "1" })) }
}

/// Does what the rules say until the payout's end is known.
async fn pay(rail: &HttpRail, order: &Payout) -> PayoutState {
    for attempt in 1..10 {
        match rail.pay_out(&Payout { attempt, ..order.clone() }).await {
            PayoutOutcome::Told(state) => return state,
            PayoutOutcome::NotSent(_) => {}
            PayoutOutcome::Unknown { .. } => {
                let asked = [reference(&order.key, None)];
                let state = rail.payouts(&asked).await.unwrap().remove(0).state;
                if !matches!(state, PayoutState::NotReceived) {
                    return state;
                }
            }
        }
    }
    panic!("the bank never answered")
}

#[tokio::test]
async fn every_answer_of_the_bank_is_understood() {
    let (bank, rail) = bank().await;
    rail.check().await.unwrap();
    bank.change(|bank, _| bank.quirks = BankQuirks { extra_fields: true, ..BankQuirks::default() });
    let expected = |subject: &str| ExpectedDeposit {
        transfer_id: format!("transfer-{subject}"),
        subject: Some(subject.to_owned()),
        amount: Some("10.50".parse().unwrap()),
        currency: "USD".to_owned(),
        since: DateTime::from_timestamp(1_767_225_600, 0).unwrap(),
    };
    bank.receive_as("came", "10.50", "USD", Some("DE1"), Some("0.25")).unwrap();
    bank.announce("seen", "tomorrow");
    bank.fail_deposit("lost", "AC04", "closed");
    let asked = ["none", "seen", "came", "lost"].map(expected);
    let answers = rail.deposits(&asked, None).await.unwrap().answers;
    assert!(matches!(answers[0].1, Arrival::NotYet { .. }), "{answers:?}");
    assert!(matches!(answers[1].1, Arrival::Pending { message: Some(_) }), "{answers:?}");
    assert!(matches!(&answers[2].1,
        Arrival::Received { amount, fee: Some(_), from: Some(_), reference: Some(_), .. }
        if *amount == "10.5".parse().unwrap()));
    assert!(matches!(&answers[3].1, Arrival::Failed { code, .. } if code == "AC04"), "{answers:?}");

    bank.set_course_for("transfer-k2", Course::fail("AC01", "no such account"));
    bank.set_course_for("transfer-k3", Course::later(1, Course::Deliver));
    assert!(matches!(pay(&rail, &order("k1")).await, PayoutState::Delivered { .. }));
    assert!(matches!(pay(&rail, &order("k2")).await, PayoutState::Failed { .. }));
    assert!(matches!(pay(&rail, &order("k3")).await, PayoutState::Initiated { .. }));
    let asked = ["k3", "k4"].map(|key| reference(key, None));
    let first = rail.payouts(&asked).await.unwrap();
    assert!(matches!(first[0].state, PayoutState::Initiated { .. }), "{first:?}");
    assert!(matches!(first[1].state, PayoutState::NotReceived), "{first:?}");
    let then = rail.payouts(&asked).await.unwrap();
    assert!(matches!(then[0].state, PayoutState::Delivered { .. }), "{then:?}");
    assert_eq!(bank.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn whatever_becomes_of_an_answer_each_payout_is_paid_once() {
    let (bank, rail) = bank().await;
    let replies = [
        Reply::CutBefore,
        Reply::CutAfter,
        Reply::Hang,
        Reply::HangAfter,
        Reply::Truncated,
        Reply::Html,
        Reply::Body("{}".to_owned()),
        Reply::status(301),
        Reply::status(400),
        Reply::status(404),
        Reply::status(429),
        Reply::status(500),
        Reply::status(503),
        Reply::StatusAfter(400),
        Reply::StatusAfter(500),
        Reply::StatusAfter(503),
        Reply::StatusAfter(504),
    ];
    for (nth, reply) in replies.iter().enumerate() {
        let key = format!("k{nth}");
        bank.script(BankEndpoint::Payouts, 2, reply.clone());
        let state = pay(&rail, &order(&key)).await;
        assert!(matches!(state, PayoutState::Delivered { .. }), "{reply:?}: {state:?}");
        assert_eq!(bank.payouts_of(&format!("transfer-{key}")).len(), 1, "{reply:?}");
        bank.clear_scripts();
    }
    assert_eq!(bank.payout_count(), replies.len());
    assert!(bank.paid_more_than_once().is_empty());
    assert_eq!(bank.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn another_order_under_a_used_key_is_for_a_person() {
    let (bank, rail) = bank().await;
    let state = pay(&rail, &order("k1")).await;
    assert!(matches!(state, PayoutState::Delivered { .. }), "{state:?}");
    let other = Payout { amount: "10.51".parse().unwrap(), ..order("k1") };
    let outcome = rail.pay_out(&other).await;
    assert!(matches!(outcome, PayoutOutcome::Told(PayoutState::CannotTell { .. })), "{outcome:?}");
    assert_eq!(bank.payout_count(), 1);
}
