//! A network that misbehaves.

use std::sync::Mutex;

use super::*;
use crate::faults::Reply;
use crate::{HookAnswer, Phase};

/// A payment of the bank to kim that has been signed.
async fn bench_and_payment() -> (Bench, Keys, Signed) {
    let bench = Bench::plain().await;
    let kim = bench.holder("kim");
    let signed = bench.signed(&bench.bank, vec![bench.pay(&kim.account(), "native", 5)]);
    (bench, kim, signed)
}

#[tokio::test]
async fn a_timeout_may_have_been_applied_or_not() {
    let (bench, kim, signed) = bench_and_payment().await;
    bench.sandbox.script_submit(1, SubmitFault::TimeoutLost);
    bench.sandbox.script_submit(1, SubmitFault::Forgotten);
    bench.sandbox.script_submit(1, SubmitFault::TimeoutApplied);
    for applied in [0, 0, 1] {
        assert_eq!(bench.submit(&signed).await.0, 504);
        assert_eq!(bench.sandbox.payments_to(&kim.account()).len(), applied);
    }
    assert_eq!(bench.submit(&signed).await.0, 200);
    assert_eq!(bench.sandbox.payments_to(&kim.account()).len(), 1);
    assert_eq!(bench.sandbox.injected().len(), 3);
}

#[tokio::test]
async fn somebody_else_uses_the_sequence() {
    let (bench, kim, signed) = bench_and_payment().await;
    bench.sandbox.script_submit(1, SubmitFault::SequenceTaken);
    assert_eq!(bench.refusal(&signed).await.0, "tx_bad_seq");
    assert_eq!(bench.sandbox.fate(&signed.hash), Fate::Unknown);
    assert_eq!(bench.sandbox.transactions(), (1, 0));
    assert_eq!(bench.sandbox.payments_to(&kim.account()), []);
    assert_eq!(bench.sandbox.violations(), Vec::<String>::new());
    let again = bench.signed(&bench.bank, vec![bench.pay(&kim.account(), "native", 5)]);
    assert_eq!(bench.submit(&again).await.0, 200);
    bench.assert_in_order();
}

#[tokio::test]
async fn a_cut_connection_leaves_the_question_open() {
    let (bench, kim, signed) = bench_and_payment().await;
    bench.sandbox.script(HorizonEndpoint::Submit, 1, Reply::CutBefore);
    bench.sandbox.script(HorizonEndpoint::Submit, 1, Reply::CutAfter);
    for applied in [0, 1] {
        assert!(bench.post("/transactions", &signed.xdr).await.is_err());
        assert_eq!(bench.sandbox.payments_to(&kim.account()).len(), applied);
    }
    assert_eq!(bench.submit(&signed).await.0, 200);
}

#[tokio::test]
async fn an_applied_transaction_is_not_known_for_a_while() {
    let (bench, kim, signed) = bench_and_payment().await;
    bench.lag(u32::MAX);
    bench.sandbox.script_submit(1, SubmitFault::TimeoutApplied);
    assert_eq!(bench.submit(&signed).await.0, 504);
    assert_eq!(bench.get(&format!("/transactions/{}", signed.hash)).await.0, 404);
    assert_eq!(bench.sandbox.payments_to(&kim.account()).len(), 1);
    // The core says bad sequence, and Horizon waits until it knows why.
    let go_on = async {
        bench.sandbox.wait_until(|it| it.submissions() == 2).await;
        bench.lag(0);
    };
    let ((status, _), ()) = tokio::join!(bench.submit(&signed), go_on);
    assert_eq!(status, 200);
    assert_eq!(bench.sandbox.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_rate_limit_has_its_headers() {
    let (bench, _, _) = bench_and_payment().await;
    bench.sandbox.script(HorizonEndpoint::Root, 1, Reply::retry_after(429, "7"));
    let answer = bench.http.get(bench.sandbox.url()).send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["X-RateLimit-Remaining"], "0");
    assert_eq!(answer.headers()["X-RateLimit-Reset"], "7");
    assert_eq!(answer.headers()["Content-Type"], "application/problem+json");
    let (_, body) = told(answer).await;
    assert_eq!(body["type"], "https://stellar.org/horizon-errors/rate_limit_exceeded");
    bench.sandbox.script(HorizonEndpoint::Root, 1, Reply::status(500));
    assert_eq!(bench.get("/").await.1["type"], "https://stellar.org/horizon-errors/server_error");
    assert_eq!(bench.get("/").await.0, 200);
}

#[tokio::test]
async fn a_hook_may_cut_before_and_after() {
    let (bench, kim, signed) = bench_and_payment().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    bench.sandbox.set_hook(move |request| {
        let mut notes = notes.lock().unwrap();
        notes.push((request.endpoint, request.phase));
        let cut = request.phase == Phase::AfterApply && notes.len() == 2;
        if cut { HookAnswer::Cut } else { HookAnswer::Go }
    });
    assert!(bench.post("/transactions", &signed.xdr).await.is_err());
    assert_eq!(bench.sandbox.payments_to(&kim.account()).len(), 1);
    bench.sandbox.clear_hook();
    assert_eq!(bench.submit(&signed).await.0, 200);
    let expected = [
        (HorizonEndpoint::Submit, Phase::BeforeApply),
        (HorizonEndpoint::Submit, Phase::AfterApply),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn whoever_hangs_is_cut_at_the_end() {
    let (bench, _, signed) = bench_and_payment().await;
    bench.sandbox.change(|network, _| network.closing = Closing::ByHand);
    bench.sandbox.script(HorizonEndpoint::Root, 1, Reply::Hang);
    let stop = async {
        bench.sandbox.wait_until(|it| it.requests() == 2 && it.waiting() == 1).await;
        bench.sandbox.stop();
    };
    let hanging = bench.http.get(bench.sandbox.url()).send();
    let (hung, waited, ()) = tokio::join!(hanging, bench.post("/transactions", &signed.xdr), stop);
    assert!(!hung.unwrap_err().is_timeout());
    assert!(waited.is_ok_and(|answer| answer.status() == 504));
}

#[tokio::test]
async fn the_sandbox_can_be_steered_from_any_language() {
    let (bench, kim, signed) = bench_and_payment().await;
    bench.sandbox.change(|network, _| network.closing = Closing::ByHand);
    let (status, _) = bench.get("/sandbox/submit-fault?kind=timeout_applied").await;
    assert_eq!(status, 200);
    assert_eq!(bench.submit(&signed).await.0, 504);
    let ledger = bench.sandbox.ledger();
    assert_eq!(bench.get("/sandbox/close").await.1["ledger"], ledger + 1);
    let (_, books) = bench.get("/sandbox/books").await;
    assert_eq!(books["payments"][0]["to"], kim.account().as_str());
    assert_eq!(books["discrepancies"].as_array().unwrap().len(), 0);
    assert_eq!(bench.get("/sandbox/stream-fault?kind=drop&after=2").await.1["waiting"], 1);
    assert_eq!(bench.get("/sandbox/stream-fault?kind=x&after=2").await.0, 400);
}

#[tokio::test]
async fn a_horizon_that_is_down_misses_nothing_of_the_ledger() {
    let (bench, kim, signed) = bench_and_payment().await;
    bench.sandbox.change(|network, _| network.closing = Closing::ByHand);
    let down = async {
        bench.sandbox.wait_until(|it| it.waiting() == 1).await;
        bench.sandbox.go_down().await;
    };
    let (cut, ()) = tokio::join!(bench.post("/transactions", &signed.xdr), down);
    assert!(!cut.unwrap_err().is_timeout());
    let refused = bench.http.get(bench.sandbox.url()).send().await.unwrap_err();
    assert!(refused.is_connect(), "{refused}");
    bench.sandbox.close();
    bench.sandbox.come_up().await;
    assert_eq!(bench.submit(&signed).await.0, 200);
    assert_eq!(bench.sandbox.payments_to(&kim.account()).len(), 1);
}

#[tokio::test]
async fn a_server_error_may_hide_that_it_was_applied() {
    let (bench, kim, signed) = bench_and_payment().await;
    bench.sandbox.script(HorizonEndpoint::Submit, 1, Reply::StatusAfter(500));
    assert_eq!(bench.submit(&signed).await.0, 500);
    assert_eq!(bench.sandbox.payments_to(&kim.account()).len(), 1);
}
