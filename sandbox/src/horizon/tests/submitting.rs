//! What Horizon answers to a submission, and when.

use super::*;
use crate::faults::Reply;

#[tokio::test]
async fn a_submission_waits_for_its_ledger_and_a_second_one_for_the_same() {
    let bench = Bench::by_hand().await;
    let kim = bench.holder("kim");
    let signed = bench.signed(&bench.bank, vec![bench.pay(&kim.account(), "native", 5)]);
    let close = async {
        bench.sandbox.wait_until(|it| it.submissions() == 2).await;
        assert_eq!(bench.sandbox.waiting(), 1);
        assert_eq!(bench.sandbox.fate(&signed.hash), Fate::Waiting);
        bench.sandbox.close();
    };
    let (one, two, ()) = tokio::join!(bench.submit(&signed), bench.submit(&signed), close);
    assert_eq!((one.0, two.0), (200, 200));
    assert_eq!(one.1, two.1);
    // Submitting it again tells the same, and pays nothing more.
    assert_eq!(bench.submit(&signed).await.1, one.1);
    assert_eq!(bench.sandbox.payments_to(&kim.account()).len(), 1);
    assert_eq!(bench.sandbox.transactions(), (1, 0));
}

#[tokio::test]
async fn nobody_closes_a_ledger_and_the_answer_is_504() {
    let options = HorizonOptions {
        closing: Closing::ByHand,
        submit_timeout: Duration::from_millis(20),
        ..HorizonOptions::default()
    };
    let bench = Bench::new(options).await;
    let kim = bench.holder("kim");
    let signed = bench.signed(&bench.bank, vec![bench.pay(&kim.account(), "native", 5)]);
    let (status, body) = bench.submit(&signed).await;
    assert_eq!(status, 504);
    assert_eq!(body["type"], "https://stellar.org/horizon-errors/timeout");
    assert_eq!(body["extras"]["hash"], signed.hash.as_str());
    assert_eq!(bench.get(&format!("/transactions/{}", signed.hash)).await.0, 404);
    bench.sandbox.close();
    assert_eq!(bench.submit(&signed).await.0, 200);
    assert_eq!(bench.sandbox.payments_to(&kim.account()).len(), 1);
}

#[tokio::test]
async fn the_asynchronous_answers_are_those_of_the_core() {
    let bench = Bench::by_hand().await;
    let kim = bench.holder("kim");
    let pay = |amount| vec![bench.pay(&kim.account(), "native", amount)];
    let first = bench.signed(&bench.bank, pay(1));
    let mut later = bench.transaction(&bench.bank, pay(2));
    later.seq_num.0 += 1;
    let later = bench.sign(&later, &[&bench.bank]);
    let (status, body) = bench.submit_async(&first).await;
    assert_eq!((status, &body["tx_status"]), (201, &Value::from("PENDING")));
    assert_eq!(body["hash"], first.hash.as_str());
    let (status, body) = bench.submit_async(&first).await;
    assert_eq!((status, &body["tx_status"]), (409, &Value::from("DUPLICATE")));
    let (status, body) = bench.submit_async(&later).await;
    assert_eq!((status, &body["tx_status"]), (503, &Value::from("TRY_AGAIN_LATER")));
    bench.sandbox.close();
    assert_eq!(bench.submit_async(&later).await.0, 201);
    bench.sandbox.close();
    let (status, body) = bench.submit_async(&first).await;
    assert_eq!((status, &body["tx_status"]), (400, &Value::from("ERROR")));
    let result = body["error_result_xdr"].as_str().unwrap();
    let result: stellar_xdr::TransactionResult =
        stellar_xdr::ReadXdr::from_xdr_base64(result, Limits::none()).unwrap();
    assert_eq!(result.result.name(), "TxBadSeq");
    assert_eq!(bench.sandbox.payments_to(&kim.account()).len(), 2);
}

#[tokio::test]
async fn a_dearer_fee_bump_takes_the_place_of_what_waits() {
    let bench = Bench::by_hand().await;
    let kim = bench.holder("kim");
    let inner = bench.signed(&bench.bank, vec![bench.pay(&kim.account(), "native", 1)]);
    assert_eq!(bench.submit_async(&inner).await.0, 201);
    let cheap = bench.bump(&inner, &bench.bank, 1_999);
    assert_eq!(bench.refusal(&cheap).await.0, "tx_insufficient_fee");
    let bump = bench.bump(&inner, &bench.bank, 2_000);
    assert_eq!(bench.submit_async(&bump).await.0, 201);
    assert_eq!(bench.sandbox.waiting(), 1);
    bench.sandbox.close();
    assert_eq!(bench.sandbox.payments_to(&kim.account()).len(), 1);
    assert_eq!(bench.sandbox.transactions(), (1, 0));
    // Both hashes stand for the one payment.
    for signed in [&inner, &bump] {
        assert_eq!(bench.submit(signed).await.0, 200);
    }
}

#[tokio::test]
async fn what_has_become_invalid_is_in_no_ledger() {
    let bench = Bench::by_hand().await;
    let kim = bench.holder("kim");
    let signed = bench.signed(&bench.bank, vec![bench.pay(&kim.account(), "native", 1)]);
    let late = async {
        bench.sandbox.wait_until(|it| it.waiting() == 1).await;
        bench.pass(301);
        bench.sandbox.close();
    };
    let ((status, _), ()) = tokio::join!(bench.submit(&signed), late);
    assert_eq!(status, 504);
    assert_eq!(bench.sandbox.fate(&signed.hash), Fate::Dropped("tx_too_late".to_owned()));
    assert_eq!(bench.refusal(&signed).await.0, "tx_too_late");
    assert_eq!(bench.sandbox.payments_to(&kim.account()), []);
    let (_, root) = bench.get("/").await;
    assert_eq!(root["history_latest_ledger_closed_at"], "2021-03-03T00:05:01Z");
}

#[tokio::test]
async fn what_waits_too_long_is_forgotten() {
    let bench = Bench::by_hand().await;
    bench.sandbox.change(|network, _| network.ledger.capacity = 1);
    let kim = bench.holder("kim");
    let cheap = bench.signed(&kim, vec![bench.pay(&bench.bank.account(), "native", 1)]);
    assert_eq!(bench.submit_async(&cheap).await.0, 201);
    for n in 0..4 {
        let payer = bench.holder(&format!("payer {n}"));
        let mut transaction =
            bench.transaction(&payer, vec![bench.pay(&bench.bank.account(), "native", 1)]);
        transaction.fee = 200;
        assert_eq!(bench.submit_async(&bench.sign(&transaction, &[&payer])).await.0, 201);
        bench.sandbox.close();
    }
    assert!(matches!(bench.sandbox.fate(&cheap.hash), Fate::Dropped(_)));
    assert_eq!(bench.submit_async(&cheap).await.0, 201);
    bench.sandbox.close();
    assert!(matches!(bench.sandbox.fate(&cheap.hash), Fate::Applied(_)));
}

#[tokio::test]
async fn what_is_no_envelope_is_refused_and_noted() {
    let bench = Bench::plain().await;
    let signed = bench.signed(&bench.bank, vec![bench.pay(&bench.bank.account(), "native", 1)]);
    let (status, body) = told(bench.post("/transactions", "AAAA").await.unwrap()).await;
    assert_eq!(status, 400);
    assert_eq!(body["type"], "https://stellar.org/horizon-errors/transaction_malformed");
    assert_eq!(body["extras"]["envelope_xdr"], "AAAA");
    // Signed for another network: a good envelope, and nobody's signature.
    let hash = signed.inner.tx.hash([1; 32]).unwrap();
    let mut inner = signed.inner.clone();
    inner.signatures = vec![bench.bank.sign(&hash)].try_into().unwrap();
    let xdr = TransactionEnvelope::Tx(inner).to_xdr_base64(Limits::none()).unwrap();
    let foreign = Signed { xdr, ..signed };
    assert_eq!(bench.refusal(&foreign).await.0, "tx_bad_auth");
    let request = bench.http.post(format!("{}/transactions", bench.sandbox.url()));
    assert_eq!(request.body("tx=AAAA").send().await.unwrap().status(), 415);
    assert_eq!(bench.sandbox.violations().len(), 3);
}

#[tokio::test]
async fn thousands_of_submissions_wait_for_one_ledger() {
    let options = HorizonOptions {
        closing: Closing::ByHand,
        submit_timeout: Duration::from_secs(60),
        ..HorizonOptions::default()
    };
    let bench = Bench::new(options).await;
    let payers: Vec<Keys> = (0..500).map(|n| bench.holder(&format!("payer {n}"))).collect();
    let signed: Vec<Signed> = payers
        .iter()
        .map(|payer| bench.signed(payer, vec![bench.pay(&bench.bank.account(), "native", 1)]))
        .collect();
    let close = async {
        bench.sandbox.wait_until(|it| it.waiting() == 500).await;
        bench.sandbox.close();
    };
    let all = futures_util::future::join_all(signed.iter().map(|signed| bench.submit(signed)));
    let (answers, _) = tokio::join!(all, close);
    assert!(answers.iter().all(|(status, _)| *status == 200));
    assert_eq!(bench.sandbox.payments_to(&bench.bank.account()).len(), 500);
    bench.assert_in_order();
}

#[tokio::test]
async fn a_second_envelope_for_a_payment_is_a_risk_while_the_first_may_be_applied() {
    let bench = Bench::plain().await;
    let (kim, channel) = (bench.holder("kim"), bench.holder("channel"));
    let pay = || vec![bench.pay(&kim.account(), "native", 5)];
    let post = async |signed: &Signed, applied: bool| {
        if !applied {
            bench.sandbox.script_submit(1, SubmitFault::TimeoutLost);
        }
        assert_eq!(bench.submit(signed).await.0, if applied { 200 } else { 504 });
        bench.sandbox.overlaps().len()
    };
    let first = bench.signed(&bench.bank, pay());
    assert_eq!(post(&first, false).await, 0);
    // The same again, a fee bump around it, and another fee for the same sequence are no risk.
    assert_eq!(post(&first, false).await, 0);
    assert_eq!(post(&bench.bump(&first, &channel, 1_000), false).await, 0);
    let mut dearer = bench.transaction(&bench.bank, pay());
    dearer.fee = 500;
    assert_eq!(post(&bench.sign(&dearer, &[&bench.bank]), false).await, 0);
    // Another sequence is.
    let from_channel = || {
        let operations = pay().into_iter().map(|mut operation| {
            operation.source_account = Some(bench.bank.key().muxed());
            operation
        });
        bench.sign(&bench.transaction(&channel, operations.collect()), &[&channel, &bench.bank])
    };
    assert_eq!(post(&from_channel(), false).await, 1);
    // Once nothing can come of the others any more, it is not.
    bench.pass(301);
    assert_eq!(post(&from_channel(), true).await, 1);
    assert_eq!(post(&bench.signed(&bench.bank, pay()), true).await, 1);
    assert_eq!(bench.sandbox.payments_to(&kim.account()).len(), 2);
}

/// The bank pays kim 5 and hears 504, but it is applied; and Horizon finds it by its hash ten seconds late.
async fn applied_and_not_found() -> (Bench, Keys, Signed) {
    let bench = Bench::plain().await;
    let kim = bench.holder("kim");
    bench.sandbox.change(|network, _| network.ledger.lookup_lag = Duration::from_secs(10));
    bench.sandbox.script_submit(1, SubmitFault::TimeoutApplied);
    let first = bench.signed(&bench.bank, vec![bench.pay(&kim.account(), "native", 5)]);
    assert_eq!(bench.submit(&first).await.0, 504);
    (bench, kim, first)
}

#[tokio::test]
async fn who_pays_anew_because_the_number_is_used_and_the_hash_not_found_pays_twice_and_is_seen() {
    let (bench, kim, first) = applied_and_not_found().await;
    bench.pass(5);
    bench.sandbox.close();
    // What a hasty client looks at: the number is used, and the envelope is not there.
    let (_, account) = bench.get(&format!("/accounts/{}", bench.bank.account())).await;
    assert_eq!(account["sequence"], first.inner.tx.seq_num.0.to_string());
    assert_eq!(bench.get(&format!("/transactions/{}", first.hash)).await.0, 404);
    assert_eq!(bench.refusal(&first).await.0, "tx_bad_seq");
    assert_eq!(bench.sandbox.injected().get("FoundLate"), Some(&1));
    // What it does then.
    let again = bench.signed(&bench.bank, vec![bench.pay(&kim.account(), "native", 5)]);
    assert_eq!(bench.submit(&again).await.0, 200);
    assert_eq!(bench.sandbox.payments_to(&kim.account()).len(), 2);
    let overlaps = bench.sandbox.overlaps();
    let [overlap] = &overlaps[..] else { panic!("{overlaps:?}") };
    assert!(overlap.contains(&first.hash) && overlap.contains(&again.hash), "{overlap}");
    assert!(overlap.ends_with("was applied, and nobody had been told so"), "{overlap}");
}

#[tokio::test]
async fn that_the_number_is_used_proves_nothing_also_where_all_goes_well() {
    let bench = Bench::plain().await;
    let kim = bench.holder("kim");
    let pay = || vec![bench.pay(&kim.account(), "native", 5)];
    bench.sandbox.script_submit(1, SubmitFault::SequenceTaken);
    assert_eq!(bench.refusal(&bench.signed(&bench.bank, pay())).await.0, "tx_bad_seq");
    assert_eq!(bench.submit(&bench.signed(&bench.bank, pay())).await.0, 200);
    assert_eq!(bench.sandbox.payments_to(&kim.account()).len(), 1);
    assert_eq!(bench.sandbox.overlaps().len(), 1);
}

#[tokio::test]
async fn who_has_been_told_may_pay_the_same_again() {
    let (bench, kim, first) = applied_and_not_found().await;
    bench.pass(10);
    bench.sandbox.close();
    // An answer that nobody hears tells nobody.
    bench.sandbox.script(HorizonEndpoint::Transaction, 1, Reply::CutAfter);
    let lost = bench.http.get(format!("{}/transactions/{}", bench.sandbox.url(), first.hash));
    assert!(lost.send().await.is_err());
    let channel = bench.holder("channel");
    let mut pay = bench.pay(&kim.account(), "native", 5);
    pay.source_account = Some(bench.bank.key().muxed());
    let from_channel = || bench.transaction(&channel, vec![pay.clone()]);
    let second = bench.sign(&from_channel(), &[&channel, &bench.bank]);
    assert_eq!(bench.submit(&second).await.0, 200);
    assert_eq!(bench.sandbox.overlaps().len(), 1);
    assert_eq!(bench.get(&format!("/transactions/{}", first.hash)).await.0, 200);
    let third = bench.sign(&from_channel(), &[&channel, &bench.bank]);
    assert_eq!(bench.submit(&third).await.0, 200);
    assert_eq!(bench.sandbox.overlaps().len(), 1);
    // Another payer's payment is another payment.
    bench.sandbox.script_submit(1, SubmitFault::TimeoutLost);
    assert_eq!(
        bench.submit(&bench.signed(&channel, vec![bench.pay(&kim.account(), "native", 7)])).await.0,
        504
    );
    assert_eq!(
        bench
            .submit(&bench.signed(&bench.bank, vec![bench.pay(&kim.account(), "native", 7)]))
            .await
            .0,
        200
    );
    assert_eq!(bench.sandbox.overlaps().len(), 1);
}

#[tokio::test]
async fn an_account_that_is_made_and_then_paid_the_same_is_paid_twice() {
    let bench = Bench::plain().await;
    let kim = Keys::of("kim");
    let make = || vec![bench.create(&kim, 50_000_000)];
    bench.sandbox.script_submit(1, SubmitFault::TimeoutApplied);
    assert_eq!(bench.submit(&bench.signed(&bench.bank, make())).await.0, 504);
    // To make it again is no risk: that works only once.
    assert_eq!(bench.refusal(&bench.signed(&bench.bank, make())).await.1, ["op_already_exists"]);
    assert_eq!(bench.sandbox.overlaps().len(), 0);
    let pay = vec![bench.pay(&kim.account(), "native", 50_000_000)];
    assert_eq!(bench.submit(&bench.signed(&bench.bank, pay)).await.0, 200);
    assert_eq!(bench.sandbox.overlaps().len(), 1);
}
