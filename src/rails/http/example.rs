//! The example of the documentation, docs/examples/bank.py, really run.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::tests::{options, payout};
use super::*;
use crate::engine::{Arrival, PayoutState};
use crate::rails::testing::reference;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/examples/bank.py");

/// The service while a test runs.
struct Bank {
    process: Child,
    dir: tempfile::TempDir,
}

impl Bank {
    /// Starts it, and says where it listens.
    fn start() -> (Self, Url) {
        let dir = tempfile::tempdir().unwrap();
        let secret = dir.path().join("secret");
        std::fs::write(&secret, format!("{}\n", tests::SECRET)).unwrap();
        let mut process = Command::new("python3")
            .args([PROGRAM, "serve", "0"])
            .args([dir.path().join("bank.db"), secret])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (Self { process, dir }, line.trim().parse().unwrap())
    }

    fn arrived(&self, subject: &str, amount: &str) {
        let done = Command::new("python3")
            .args([PROGRAM, "arrived"])
            .arg(self.dir.path().join("bank.db"))
            .args([subject, amount])
            .status();
        assert!(done.unwrap().success());
    }
}

impl Drop for Bank {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[tokio::test]
async fn the_example_of_the_documentation_keeps_the_contract() {
    let (bank, url) = Bank::start();
    let rail = HttpRail::new(options(&url), Clock::system(), |_| {}).unwrap();
    rail.check().await.unwrap();

    let asked = ["A 1", "A 2"].map(|subject| ExpectedDeposit {
        transfer_id: format!("transfer {subject}"),
        subject: Some(subject.to_owned()),
        amount: None,
        currency: "USD".to_owned(),
        since: DateTime::from_timestamp(0, 0).unwrap(),
    });
    bank.arrived("A 2", "10.50");
    let arrivals = rail.deposits(&asked, None).await.unwrap().answers;
    assert_eq!(arrivals[0].1, Arrival::NotYet { message: None });
    assert!(matches!(&arrivals[1].1, Arrival::Received { amount, .. }
        if *amount == "10.50".parse().unwrap()));

    let order = payout(&json!({ "account": "DE1" }));
    let before = rail.payouts(&[reference(&order.key, None)]).await.unwrap();
    assert!(matches!(before[0].state, PayoutState::NotReceived));
    for attempt in 1..=2 {
        let outcome = rail.pay_out(&Payout { attempt, ..order.clone() }).await;
        assert!(
            matches!(outcome, PayoutOutcome::Told(PayoutState::Initiated { reference: Some(_) })),
            "{outcome:?}"
        );
    }
    let other = Payout { amount: "10.51".parse().unwrap(), ..order.clone() };
    let outcome = rail.pay_out(&other).await;
    assert!(matches!(outcome, PayoutOutcome::Told(PayoutState::CannotTell { .. })), "{outcome:?}");
    let nobody = Payout { key: "k2".to_owned(), ..payout(&json!(null)) };
    let outcome = rail.pay_out(&nobody).await;
    assert!(matches!(outcome, PayoutOutcome::Told(PayoutState::Failed { .. })), "{outcome:?}");
    let after = rail.payouts(&[reference(&order.key, None)]).await.unwrap();
    assert!(matches!(after[0].state, PayoutState::Initiated { .. }));
}

#[tokio::test]
async fn the_example_lets_in_nobody_with_another_secret_or_another_time() {
    let (_bank, url) = Bank::start();
    let secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into();
    let stranger = HttpRailOptions { secret, ..options(&url) };
    let rail = HttpRail::new(stranger, Clock::system(), |_| {}).unwrap();
    let outcome = rail.pay_out(&payout(&json!({ "account": "DE1" }))).await;
    assert!(matches!(outcome, PayoutOutcome::NotSent(RailError::Credentials(_))), "{outcome:?}");
    let past = Clock::from_fn(|| DateTime::from_timestamp(1_600_000_000, 0).unwrap());
    let rail = HttpRail::new(options(&url), past, |_| {}).unwrap();
    // It is let in again without anybody's help once its clock is right.
    let told = rail.check().await;
    assert!(matches!(&told, Err(RailError::Unavailable(why)) if why.contains("clock")), "{told:?}");
}
