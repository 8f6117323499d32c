//! What goes wrong on demand.

use reqwest::header::RETRY_AFTER;

use super::*;
use crate::{HookAnswer, Phase};

#[tokio::test]
async fn an_answer_can_be_lost_before_and_after_the_payout_was_made() {
    let bench = Bench::plain().await;
    let replies = [
        (Reply::status(500), Some(500), 0),
        (Reply::CutBefore, None, 0),
        (Reply::retry_after(429, "7"), Some(429), 0),
        (Reply::Html, Some(200), 0),
        (Reply::StatusAfter(500), Some(500), 1),
        (Reply::CutAfter, None, 1),
        (Reply::Truncated, Some(200), 1),
        (Reply::Body("null".to_owned()), Some(200), 1),
    ];
    for (n, (reply, status, made)) in replies.into_iter().enumerate() {
        let (key, id) = (format!("k{n}"), format!("t{n}"));
        bench.bank.script(BankEndpoint::Payouts, 1, reply.clone());
        let answer = bench.send("payouts", &payout(&key, &id)).await;
        assert_eq!(answer.as_ref().ok().map(|a| a.status().as_u16()), status, "{reply:?}");
        if status == Some(429) {
            assert_eq!(answer.unwrap().headers()[RETRY_AFTER], "7");
        }
        assert_eq!(bench.bank.payouts_of(&id).len(), made, "{reply:?}");
        assert_eq!(bench.pay(&payout(&key, &id)).await.1["status"], "delivered");
    }
    assert_eq!(bench.bank.paid_more_than_once(), []);
    assert_eq!(bench.bank.injected()["status 500 after"], 1);
    assert_eq!(bench.bank.violation_count(), 0);
}

#[tokio::test]
async fn one_transfer_hangs_and_the_others_do_not() {
    let bench = Bench::plain().await;
    bench.bank.script_for(BankEndpoint::Payouts, "t1", u32::MAX, Reply::Hang);
    bench.bank.script_for(BankEndpoint::Payouts, "t2", 1, Reply::HangAfter);
    let soon = Duration::from_millis(300);
    for id in ["t1", "t2"] {
        let hanging = bench.request("payouts", &payout(id, id).to_string()).timeout(soon);
        assert!(hanging.send().await.unwrap_err().is_timeout());
    }
    assert_eq!(bench.pay(&payout("t3", "t3")).await.0, 200);
    assert_eq!(bench.bank.payouts_of("t1"), []);
    assert_eq!(bench.bank.payouts_of("t2").len(), 1);
    assert_eq!(bench.pay(&payout("t2", "t2")).await.0, 200, "it hung once");
    bench.bank.clear_scripts();
    assert_eq!(bench.pay(&payout("t1", "t1")).await.0, 200);
}

#[tokio::test]
async fn a_slow_payout_is_made_though_nobody_waits_for_it() {
    let bench = Bench::plain().await;
    let slow = Reply::Slow(Duration::from_millis(500));
    bench.bank.script_for(BankEndpoint::Payouts, "t1", 1, slow);
    let request = bench.request("payouts", &payout("k1", "t1").to_string());
    let given_up = request.timeout(Duration::from_millis(20)).send().await;
    assert!(given_up.unwrap_err().is_timeout());
    assert_eq!(bench.look_up("k1").await["status"], "not_received", "not yet");
    bench.bank.wait_until(|bank| bank.payout("k1").is_some()).await;
    assert_eq!(bench.look_up("k1").await["status"], "delivered");
}

#[tokio::test]
async fn a_bank_that_is_down_refuses_connections_and_comes_up_with_its_books() {
    let bench = Bench::plain().await;
    assert_eq!(bench.pay(&payout("k1", "t1")).await.0, 200);
    bench.bank.go_down().await;
    // The connection that was kept is cut; a new one is refused.
    drop(bench.send("payouts", &payout("k2", "t2")).await.unwrap_err());
    let refused = crate::test_client().get(bench.bank.url()).send().await.unwrap_err();
    assert!(refused.is_connect(), "{refused:?}");
    assert_eq!(bench.bank.payout_count(), 1);
    bench.bank.come_up().await;
    assert_eq!(bench.pay(&payout("k2", "t2")).await.0, 200);
    assert_eq!(bench.bank.payout_count(), 2);
}

#[tokio::test]
async fn requests_that_hang_end_when_the_bank_goes_down() {
    let bench = Bench::plain().await;
    bench.bank.script(BankEndpoint::Payouts, 1, Reply::Hang);
    let body = payout("k1", "t1");
    let (answer, ()) = tokio::join!(bench.send("payouts", &body), async {
        bench.bank.wait_until(|bank| bank.requests_to(BankEndpoint::Payouts) == 1).await;
        bench.bank.go_down().await;
    });
    assert!(!answer.unwrap_err().is_timeout());
}

#[tokio::test]
async fn a_hook_sees_each_request_twice_and_may_cut_it() {
    let bench = Bench::plain().await;
    bench.pay(&payout("k0", "t0")).await;
    bench.bank.set_hook(|info| match (info.n, info.phase) {
        (1, Phase::BeforeApply) | (2, Phase::AfterApply) => HookAnswer::Cut,
        _ => HookAnswer::Go,
    });
    for (id, made) in [("t1", 0), ("t2", 1)] {
        assert!(bench.send("payouts", &payout(id, id)).await.is_err());
        assert_eq!(bench.bank.payouts_of(id).len(), made);
    }
    assert_eq!(bench.pay(&payout("t3", "t3")).await.0, 200);
    bench.bank.clear_hook();
}

#[tokio::test]
async fn faults_by_chance_never_touch_the_books_twice() {
    let faults = FaultRates {
        status_500: 100,
        status_500_after: 100,
        cut_before: 100,
        cut_after: 100,
        ..FaultRates::default()
    };
    let bench = Bench::new(BankOptions { faults, ..BankOptions::default() }).await;
    for n in 0..200 {
        let body = payout(&format!("k{n}"), &format!("t{n}"));
        loop {
            let answer = bench.send("payouts", &body).await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                break;
            }
        }
    }
    assert_eq!(bench.bank.payout_count(), 200);
    assert_eq!(bench.bank.paid_in("USD").to_string(), "2500.00");
    assert!(bench.bank.payouts().iter().any(|payout| payout.ordered > 1));
    assert_eq!(bench.bank.violation_count(), 0);
    let injected: u64 = bench.bank.injected().values().sum();
    assert_eq!(injected + 200, bench.bank.requests_to(BankEndpoint::Payouts));
}

#[tokio::test]
async fn every_request_takes_its_time_side_by_side() {
    let latency = Duration::from_millis(100);
    let bench = Bench::new(BankOptions { latency, ..BankOptions::default() }).await;
    let started = std::time::Instant::now();
    let bodies: Vec<Value> = (0..20).map(|n| payout(&format!("k{n}"), &format!("t{n}"))).collect();
    let answers = futures_util::future::join_all(bodies.iter().map(|body| bench.pay(body))).await;
    assert!(answers.iter().all(|(status, _)| *status == 200));
    assert!(started.elapsed() >= latency);
    assert!(started.elapsed() < 10 * latency, "one after the other would take 20");
}

#[tokio::test]
async fn a_bank_stops_with_its_last_handle() {
    let bench = Bench::plain().await;
    let (address, http) = (bench.bank.address(), bench.http.clone());
    drop(bench);
    // Served or refused, but never for ever.
    while http.get(format!("http://{address}/")).send().await.is_ok() {}
}
