//! A network that behaves.

use super::*;

#[tokio::test]
async fn a_page_has_the_networks_envelope() {
    let bench = Bench::plain().await;
    let ids = bench.sandbox.add_payments(25, &PaymentSpec::default());
    let (status, page) =
        bench.get("/payments?states=ACCEPTED&size=10&page=2&sort_direction=ASC").await;
    assert_eq!(status, 200);
    assert_eq!(page["totalElements"], "25");
    assert_eq!(page["totalPages"], "3");
    assert_eq!(page["numberOfElements"], "5");
    assert_eq!((&page["first"], &page["last"]), (&json!(false), &json!(true)));
    assert_eq!(page["sort"][0]["property"], "MODIFIED_AT");
    assert_eq!(page["content"][4]["payment_id"], ids[24].to_string());

    bench.sandbox.change(|network, _| network.quirks.plain_numbers = true);
    let (_, page) = bench.get("/payments?states=LOCKED").await;
    assert_eq!(page["totalElements"], 0);
    assert_eq!((&page["first"], &page["last"]), (&json!(true), &json!(true)));
    assert_eq!(bench.sandbox.violations(), [""; 0]);
}

#[tokio::test]
async fn a_receiver_takes_a_payment_through_its_life() {
    let bench = Bench::plain().await;
    let id = bench.sandbox.add_payments(1, &PaymentSpec::default())[0];
    bench.pass(Duration::from_secs(1));
    let lock = json!({"internal_id": "our-1", "user_info": {"checked": true}});
    let (status, payment) = bench.call(id, Operation::Lock, lock.clone()).await;
    assert_eq!((status, &payment["payment_state"]), (200, &json!("LOCKED")));
    assert_eq!(payment["internal_info"]["internal_id"], "our-1");
    assert_eq!(payment["user_info"][1]["locked"][0]["json"], json!({"checked": true}));
    assert_eq!(payment["locked_at"], payment["modified_at"]);
    let (status, problem) = bench.call(id, Operation::Lock, lock).await;
    assert_eq!((status, &problem["finality"]), (400, &json!("PERMANENT")));

    assert!(bench.sandbox.move_to(id, PaymentState::Prepared));
    assert!(bench.sandbox.move_to(id, PaymentState::Executed));
    let (status, payment) = bench.call(id, Operation::Complete, json!({"user_info": {}})).await;
    assert_eq!((status, &payment["payment_state"]), (200, &json!("COMPLETED")));

    let states: Vec<PaymentState> =
        bench.sandbox.history(id).unwrap().into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, PaymentState::Completed.path());
    assert_eq!(bench.sandbox.accepted_calls(id, Operation::Lock), 1);
    assert_eq!(bench.sandbox.calls_more_than_once(), []);
    let refused: Vec<_> =
        bench.sandbox.calls().into_iter().filter(|call| call.refused.is_some()).collect();
    assert_eq!((refused.len(), refused[0].operation), (1, Operation::Lock));
    assert_eq!(bench.sandbox.violations(), [""; 0]);
}

#[tokio::test]
async fn a_settlement_can_take_its_time() {
    let quirks = Quirks { settle_takes: Duration::from_secs(2), ..Quirks::default() };
    let bench = Bench::new(SandboxOptions { quirks, ..SandboxOptions::default() }).await;
    let spec =
        PaymentSpec { state: PaymentState::Locked, role: Role::Sending, ..PaymentSpec::default() };
    let id = bench.sandbox.add_payments(1, &spec)[0];
    let (status, payment) = bench.call(id, Operation::Settle, json!({})).await;
    assert_eq!((status, &payment["payment_state"]), (200, &json!("LOCKED")));
    assert_eq!(bench.call(id, Operation::Settle, json!({})).await.0, 409);
    bench.pass(Duration::from_secs(2));
    let (_, payment) = bench.get(&format!("/payments/{id}")).await;
    assert_eq!(payment["payment_state"], "PREPARED");
    assert_eq!(bench.call(id, Operation::Settle, json!({})).await.0, 400);
    assert_eq!(bench.sandbox.accepted_calls(id, Operation::Settle), 1);
}

#[tokio::test]
async fn an_overdue_payment_fails_when_it_is_acted_on() {
    let bench = Bench::plain().await;
    let spec = PaymentSpec { expires_in: TimeDelta::minutes(5), ..PaymentSpec::default() };
    let id = bench.sandbox.add_payments(1, &spec)[0];
    bench.pass(Duration::from_secs(300));
    assert_eq!(bench.call(id, Operation::Lock, json!({})).await.0, 400);
    assert_eq!(bench.sandbox.state_of(id), Some(PaymentState::Failed));
}

#[tokio::test]
async fn tokens_expire_are_revoked_and_refused() {
    let bench = Bench::plain().await;
    assert_eq!(bench.get("/health").await.0, 200);
    bench.pass(Duration::from_secs(3600));
    let (status, problem) = bench.get("/health").await;
    assert_eq!((status, &problem["ripplenet_error_code"]), (401, &json!("A0110")));

    let bench = Bench { token: bench.fetch_token().await, ..bench };
    assert_eq!(bench.get("/health").await.0, 200);
    bench.sandbox.revoke_tokens();
    assert_eq!(bench.get("/health").await.0, 401);
    bench.sandbox.refuse_tokens(Some(403));
    assert_eq!(bench.ask_token().await.status(), 403);
    bench.sandbox.refuse_tokens(None);
    assert_eq!(bench.ask_token().await.status(), 200);
    assert_eq!(bench.sandbox.tokens_issued(), 3);
    assert_eq!(bench.sandbox.answers(Endpoint::Token, 403), 1);
    assert_eq!(bench.sandbox.violations(), [""; 0]);
}

#[tokio::test]
async fn what_no_correct_client_sends_is_noted() {
    let bench = Bench::plain().await;
    let id = bench.sandbox.add_payments(1, &PaymentSpec::default())[0];
    let (status, problem) = bench.get("/payments?colour=red").await;
    assert_eq!((status, &problem["ripplenet_error_code"]), (400, &json!("E0104")));
    assert_eq!(bench.call(id, Operation::Lock, json!({"who": "us"})).await.0, 400);
    assert_eq!(bench.get("/payments/12").await.0, 400);
    assert_eq!(bench.get("/nothing").await.0, 404);
    assert_eq!(bench.get(&format!("/payments/{id}?details=1")).await.0, 400);
    let bare = bench.http.get(format!("{}/v4/payments", bench.sandbox.base_url()));
    assert_eq!(bare.send().await.unwrap().status(), 401);
    // Five bad requests, and one that is bad twice: no token, no `Accept: application/json`.
    let violations = bench.sandbox.violations();
    assert_eq!(violations.len(), 7, "{violations:#?}");
    // To ask for what is not there is no violation.
    assert_eq!(bench.get(&format!("/payments/{}", Uuid::nil())).await.0, 404);
    assert_eq!(bench.sandbox.violations().len(), 7);
}

#[tokio::test]
async fn a_lively_partner_takes_payments_to_their_end() {
    let delay = (Duration::from_millis(100), Duration::from_millis(400));
    let partner = Partner {
        arrivals_per_minute: 120,
        delay,
        sub_states: 500,
        returns: 300,
        ..Partner::default()
    };
    let options = SandboxOptions { partner: Some(partner), ..SandboxOptions::default() };
    let bench = Bench::new(options).await;
    let sandbox = &bench.sandbox;
    let sending = PaymentSpec { role: Role::Sending, ..PaymentSpec::default() };
    sandbox.add_payments(20, &sending);
    for _ in 0..300 {
        bench.pass(Duration::from_millis(200));
        bench.tick();
        for id in sandbox.ids_in(PaymentState::Accepted) {
            let (status, _) = bench.call(id, Operation::Lock, json!({})).await;
            assert!([200, 400].contains(&status));
        }
        for id in sandbox.ids_in(PaymentState::Locked) {
            bench.call(id, Operation::Settle, json!({})).await;
        }
        for id in sandbox.ids_in(PaymentState::Executed) {
            bench.call(id, Operation::Complete, json!({})).await;
        }
    }
    let summary = sandbox.summary();
    let regular =
        summary.payments.values().sum::<u64>() - summary.payments[&PaymentState::Returned];
    assert_eq!(regular, 140);
    assert!(summary.payments[&PaymentState::Completed] > 100, "{summary:?}");
    assert_eq!(summary.repeated_calls, 0);
    assert_eq!(summary.violations, 0);
    let waited = summary.median_time[&PaymentState::Prepared];
    assert!((100..=600).contains(&waited.as_millis()), "{waited:?}");
}

#[tokio::test]
async fn a_keyset_walk_over_many_ties_returns_everything() {
    let bench = Bench::plain().await;
    let spec = PaymentSpec { ties: 7, ..executed() };
    bench.sandbox.add_payments(1_000, &spec);
    bench.sandbox.change(|network, _| network.queries = Some(Vec::new()));
    let mut seen = BTreeSet::new();
    let mut after = "2021-01-01T00:00:00.000Z".to_owned();
    loop {
        let path = format!(
            "/payments?states=EXECUTED&connector_role=RECEIVING&size=100&range_field=MODIFIED_AT\
             &after={after}&sort_field=MODIFIED_AT&sort_direction=ASC"
        );
        let (_, page) = bench.get(&path).await;
        let rows = page["content"].as_array().unwrap();
        seen.extend(rows.iter().map(|row| row["payment_id"].as_str().unwrap().to_owned()));
        if page["last"] == json!(true) {
            break;
        }
        // One ms before the last row: whatever shares its time comes again.
        let last: DateTime<Utc> = rows[99]["modified_at"].as_str().unwrap().parse().unwrap();
        let before = last - TimeDelta::milliseconds(1);
        after = before.to_rfc3339_opts(SecondsFormat::Millis, true);
    }
    assert_eq!(seen.len(), 1_000);
    assert!(bench.sandbox.requests_to(Endpoint::List) < 13);
    assert_eq!(bench.sandbox.violations(), [""; 0]);
}

#[tokio::test]
async fn a_settlement_that_was_overtaken_does_nothing() {
    let quirks = Quirks { settle_takes: Duration::from_secs(2), ..Quirks::default() };
    let bench = Bench::new(SandboxOptions { quirks, ..SandboxOptions::default() }).await;
    let spec =
        PaymentSpec { state: PaymentState::Locked, role: Role::Sending, ..PaymentSpec::default() };
    let id = bench.sandbox.add_payments(1, &spec)[0];
    assert_eq!(bench.call(id, Operation::Settle, json!({})).await.0, 200);
    assert!(bench.sandbox.move_to(id, PaymentState::Failed));
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.get("/health").await.0, 200);
    assert_eq!(bench.sandbox.state_of(id), Some(PaymentState::Failed));
}

#[tokio::test]
async fn the_partner_acts_on_a_task_of_its_own() {
    let delay = (Duration::from_millis(1), Duration::from_millis(3));
    let sandbox = Sandbox::start(SandboxOptions {
        partner: Some(Partner { delay, ..Partner::default() }),
        partner_every: Some(Duration::from_millis(1)),
        ..SandboxOptions::default()
    })
    .await
    .unwrap();
    let spec = PaymentSpec { state: PaymentState::Locked, ..PaymentSpec::default() };
    sandbox.add_payments(10, &spec);
    while sandbox.count_in(PaymentState::Executed) < 10 {
        tokio::task::yield_now().await;
    }
}
