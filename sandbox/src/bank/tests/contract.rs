//! The contract's calls, and what is refused.

use super::*;

#[tokio::test]
async fn the_bank_says_what_it_is() {
    let bench = Bench::plain().await;
    let (status, body) = answer(bench.request("config", "").send().await.unwrap()).await;
    assert_eq!(status, 200);
    assert_eq!((&body["name"], &body["version"]), (&json!("railpoll-rail"), &json!(1)));
    assert!(body["currencies"].as_array().unwrap().contains(&json!("JPY")));
    assert_eq!(bench.bank.violations(), [""; 0]);
}

#[tokio::test]
async fn a_payout_is_carried_out_once_however_often_it_is_ordered() {
    let bench = Bench::plain().await;
    let (status, first) = bench.pay(&payout("k1", "t1")).await;
    assert_eq!(status, 200);
    assert_eq!(
        first,
        json!({"status": "delivered", "reference": "OUT-00000001", "amount": "12.50", "fee": null})
    );
    bench.bank.set_course(Course::fail("closed", "the account is closed"));
    let mut again = payout("k1", "t1");
    again["attempt"] = json!(2);
    assert_eq!(bench.pay(&again).await, (200, first));
    assert_eq!(bench.bank.payout("k1").unwrap().ordered, 2);
    assert_eq!(bench.bank.paid_in("USD").to_string(), "12.50");
    assert_eq!(bench.bank.violation_count(), 0);

    for (field, value) in [
        ("amount", json!("12.51")),
        ("beneficiary", json!({"account": "DE03"})),
        ("transfer_id", json!("t2")),
        ("subject", json!("other")),
        ("currency", json!("EUR")),
    ] {
        let mut other = payout("k1", "t1");
        other[field] = value;
        assert_eq!(bench.pay(&other).await.0, 409, "{field}");
    }
    let mut inexact = payout("k1", "t1");
    inexact["amount"] = json!("12.5");
    assert_eq!(bench.pay(&inexact).await.0, 400, "an order has just the decimals of its currency");
    assert_eq!(bench.bank.violation_count(), 6);
    assert_eq!(bench.bank.payout_count(), 1);
}

#[tokio::test]
async fn two_keys_for_one_transfer_are_found_out() {
    let bench = Bench::plain().await;
    bench.pay(&payout("k1", "t1")).await;
    bench.pay(&payout("k2", "t2")).await;
    assert_eq!(bench.bank.paid_more_than_once(), []);
    bench.pay(&payout("k3", "t1")).await;
    assert_eq!(bench.bank.paid_more_than_once(), [("t1".to_owned(), 2)]);
    let paid = bench.bank.paid();
    assert_eq!(paid.len(), 1, "{paid:?}");
    assert_eq!(paid.values().next().unwrap().to_string(), "37.50");
}

#[tokio::test]
async fn a_payout_on_its_way_arrives_or_comes_back() {
    let bench = Bench::plain().await;
    bench.bank.set_course_for("t1", Course::later(2, Course::Deliver));
    bench.bank.set_course_for("t2", Course::later(0, Course::fail("closed", "no such account")));
    bench.bank.set_course_for(
        "t3",
        Course::Initiate {
            lookups: 0,
            after: Duration::from_secs(60),
            then: Box::new(Course::Deliver),
        },
    );
    for (key, id) in [("k1", "t1"), ("k2", "t2"), ("k3", "t3")] {
        let (_, told) = bench.pay(&payout(key, id)).await;
        assert_eq!(told["status"], "initiated");
    }
    assert_eq!(bench.bank.paid_in("USD").to_string(), "37.50");

    for status in ["initiated", "initiated", "delivered", "delivered"] {
        assert_eq!(bench.look_up("k1").await["status"], status);
    }
    let failed = bench.look_up("k2").await;
    assert_eq!((&failed["status"], &failed["code"]), (&json!("failed"), &json!("closed")));
    assert_eq!(bench.bank.paid_in("USD").to_string(), "25.00", "the money is back");
    assert_eq!(bench.look_up("k3").await["status"], "initiated");
    bench.pass(60);
    assert_eq!(bench.look_up("k3").await["status"], "delivered");
    assert_eq!(bench.bank.payout("k1").unwrap().looked_up, 4);
    assert_eq!(bench.pay(&payout("k3", "t3")).await.1["status"], "initiated", "the same answer");
    assert_eq!(bench.look_up("k9").await, json!({"key": "k9", "status": "not_received"}));
}

#[tokio::test]
async fn the_bank_may_need_information_or_be_told_how_it_ends() {
    let bench = Bench::plain().await;
    bench.bank.set_course(Course::NeedInformation {
        about: About::Customer,
        message: "who is it?".to_owned(),
        fields: json!(["birth_date"]),
    });
    let (_, told) = bench.pay(&payout("k1", "t1")).await;
    assert_eq!(
        told,
        json!({"status": "needs_information", "about": "customer", "message": "who is it?",
               "fields": ["birth_date"]})
    );
    assert_eq!(bench.bank.paid_in("USD").to_string(), "0");
    assert!(!bench.bank.conclude("t1", Course::Deliver), "it is not on its way");
    bench.bank.set_course(Course::later(u32::MAX, Course::Deliver));
    bench.pay(&payout("k2", "t1")).await;
    assert_eq!(bench.look_up("k2").await["status"], "initiated");
    assert!(bench.bank.conclude("t1", Course::Deliver));
    assert_eq!(bench.look_up("k2").await["status"], "delivered");
    let statuses: Vec<PayoutStatus> =
        bench.bank.payouts_of("t1").iter().map(|payout| payout.status).collect();
    assert_eq!(statuses, [PayoutStatus::NeedsInformation, PayoutStatus::Delivered]);
}

#[tokio::test]
async fn courses_by_chance_are_the_same_for_the_same_key() {
    let mix = vec![(300, Course::fail("x", "y")), (300, Course::later(0, Course::Deliver))];
    let run = || async {
        let bench =
            Bench::new(BankOptions { courses: mix.clone(), ..BankOptions::default() }).await;
        for n in 0..100 {
            bench.pay(&payout(&format!("k{n}"), &format!("t{n}"))).await;
        }
        bench.bank.payouts().iter().map(|payout| payout.status).collect::<Vec<_>>()
    };
    let first = run().await;
    let count = |status| first.iter().filter(|told| **told == status).count();
    assert!((15..45).contains(&count(PayoutStatus::Failed)), "{first:?}");
    assert!((15..45).contains(&count(PayoutStatus::Initiated)), "{first:?}");
    assert_eq!(first, run().await);
}

#[tokio::test]
async fn a_deposit_is_announced_arrives_and_adds_up() {
    let bench = Bench::plain().await;
    let told = bench.deposit("t1", "RF1").await;
    assert_eq!(told, json!({"transfer_id": "t1", "status": "not_yet"}));
    assert!(bench.bank.announce("RF1", "seen at noon"));
    let told = bench.deposit("t1", "RF1").await;
    assert_eq!((&told["status"], &told["message"]), (&json!("pending"), &json!("seen at noon")));
    bench.bank.receive("RF1", "9.00", "Kim").unwrap();
    assert!(!bench.bank.announce("RF1", "too late"));
    bench.bank.receive_as("RF1", "1", "USD", None, Some("0.20")).unwrap();
    assert!(bench.bank.receive_as("RF1", "1", "EUR", None, None).is_err());
    let told = bench.deposit("t1", "RF1").await;
    assert_eq!(
        told,
        json!({"transfer_id": "t1", "status": "received", "amount": "10.00", "currency": "USD",
               "fee": "0.20", "from": null, "reference": "IN-00000001"})
    );
    bench.bank.receive("t2", "5", "Kim").unwrap();
    assert_eq!(bench.deposit("t2", "RF2").await["amount"], "5.00", "found by its transfer");
    assert!(bench.bank.fail_deposit("RF3", "returned", "sent back"));
    assert_eq!(bench.deposit("t3", "RF3").await["code"], "returned");
    assert_eq!(bench.bank.received_in("USD").to_string(), "15.00");
    assert!(bench.bank.receive("RF4", "1.001", "Kim").is_err());
}

#[tokio::test]
async fn customers_pay_in_by_themselves() {
    let customers = Some(Customers::default());
    let bench = Bench::new(BankOptions { customers, ..BankOptions::default() }).await;
    for status in ["not_yet", "pending", "received", "received"] {
        assert_eq!(bench.deposit("t1", "RF1").await["status"], status);
    }
    assert_eq!(bench.bank.received_in("USD").to_string(), "10.00");
}

#[tokio::test]
async fn people_act_for_customers_over_http() {
    let bench = Bench::plain().await;
    let admin = |path: &str, body: Value| {
        let url = format!("http://{}/admin/{path}", bench.bank.address());
        bench.http.post(url).body(body.to_string()).send()
    };
    let announced = admin("announce", json!({"about": "RF1"})).await.unwrap();
    assert_eq!(answer(announced).await, (200, json!({"noted": true})));
    assert_eq!(bench.deposit("t1", "RF1").await["status"], "pending");
    let received = admin("receive", json!({"about": "RF1", "amount": "3"})).await.unwrap();
    assert_eq!(answer(received).await, (200, json!({"reference": "IN-00000001"})));
    assert_eq!(bench.deposit("t1", "RF1").await["amount"], "3.00");
    let failed = json!({"about": "RF2", "code": "c", "reason": "r"});
    assert_eq!(answer(admin("fail", failed).await.unwrap()).await, (200, json!({"noted": true})));
    bench.pay(&payout("k1", "t1")).await;
    let url = format!("http://{}/admin/books", bench.bank.address());
    let (_, books) = answer(bench.http.get(url).send().await.unwrap()).await;
    assert_eq!(books["payouts"][0]["transfer_id"], "t1");
    assert_eq!(books["deposits"][0]["amount"], "3.00");
    assert_eq!(bench.bank.violation_count(), 0);
}

#[tokio::test]
async fn every_breach_of_the_contract_is_refused_and_noted() {
    let bench = Bench::plain().await;
    let with = |field: &str, value: Value| {
        let mut body = payout("k1", "t1");
        body[field] = value;
        body
    };
    let bad = [
        with("amount", json!(12.5)),
        with("amount", json!("12.505")),
        with("amount", json!("-1.00")),
        with("amount", json!("0.00")),
        with("currency", json!("usd")),
        with("currency", json!("XXX")),
        with("beneficiary", Value::Null),
        with("beneficiary", json!({})),
        with("beneficiary", json!("")),
        with("purpose", Value::Null),
        with("purpose", json!("refund")),
        with("purpose", json!("gift")),
        with("refund_id", json!("r1")),
        with("transfer_id", Value::Null),
        with("transfer_id", json!("")),
        with("transfer_id", json!("a b")),
        with("transfer_id", json!("x".repeat(101))),
        with("attempt", json!(0)),
        with("attempt", Value::Null),
        with("memo", json!("unknown")),
        with("key", json!("k/1")),
    ];
    for body in &bad {
        let (status, told) = bench.pay(body).await;
        assert_eq!((status, &told["code"]), (400, &json!("malformed")), "{body}");
    }
    let lookups = [
        ("payouts/lookup", json!({"keys": ["a", "a"]})),
        ("payouts/lookup", json!({"keys": [1]})),
        ("payouts/lookup", json!(["a"])),
        ("deposits/lookup", json!({"deposits": [{"transfer_id": "t"}]})),
        (
            "deposits/lookup",
            json!({"deposits": [{"transfer_id": "t", "currency": "USD", "since": "today"}]}),
        ),
        (
            "deposits/lookup",
            json!({"deposits": [{"transfer_id": "t", "subject": "", "currency": "USD", "since": "2026-01-01T00:00:00Z"}]}),
        ),
        ("payouts?x=1", payout("k1", "t1")),
    ];
    for (path, body) in &lookups {
        assert_eq!(bench.ask(path, body).await.0, 400, "{path} {body}");
    }
    assert_eq!(bench.ask("payout", &payout("k1", "t1")).await.0, 404);
    assert_eq!(bench.bank.violation_count(), 29);
    assert_eq!(bench.bank.answers(BankEndpoint::Payouts, 400), 22);
    assert_eq!(bench.bank.payouts(), []);
}

#[tokio::test]
async fn unsigned_and_wrongly_keyed_requests_are_refused() {
    let bench = Bench::plain().await;
    let body = payout("k1", "t1").to_string();
    let url = format!("{}payouts", bench.bank.url());
    let unsigned = bench.http.post(&url).header("content-type", "application/json");
    assert_eq!(unsigned.body(body.clone()).send().await.unwrap().status(), 401);
    let stranger = Bench { secret: Secret::new([1; 32]), ..bench };
    assert_eq!(stranger.request("payouts", &body).send().await.unwrap().status(), 401);
    let bench = Bench::plain().await;
    let late = bench.request("payouts", &body);
    bench.pass(301);
    assert_eq!(late.send().await.unwrap().status(), 401);
    let built = bench.request("payouts", &body).build().unwrap();
    for key in ["", "k2"] {
        let mut request = built.try_clone().unwrap();
        if key.is_empty() {
            request.headers_mut().remove("idempotency-key");
        } else {
            request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        }
        assert_eq!(bench.http.execute(request).await.unwrap().status(), 400, "[{key}]");
    }
    let mut form = built.try_clone().unwrap();
    form.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(bench.http.execute(form).await.unwrap().status(), 400);
    assert_eq!(bench.bank.violation_count(), 4);
    assert_eq!(bench.http.execute(built).await.unwrap().status(), 200);
}

#[tokio::test]
async fn peculiarities_that_the_contract_allows() {
    let quirks = BankQuirks { leave_out_unknown: true, extra_fields: true, cannot_tell: None };
    let bench = Bench::new(BankOptions { quirks, ..BankOptions::default() }).await;
    assert_eq!(bench.look_up("k1").await, Value::Null);
    assert_eq!(bench.deposit("t1", "RF1").await, Value::Null);
    bench.pay(&payout("k1", "t1")).await;
    assert_eq!(bench.look_up("k1").await["branch"]["name"], "Loopback");
    let cannot_tell = Some("the archive is closed".to_owned());
    bench.bank.change(|bank, _| bank.quirks.cannot_tell = cannot_tell);
    assert_eq!(bench.look_up("k1").await["status"], "cannot_tell");
    assert_eq!(bench.bank.payout("k1").unwrap().looked_up, 1);
}
