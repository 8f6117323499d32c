//! The client against gateways on loopback.

use axum::response::Response;
use serde_json::{Value, json};

use super::*;
use crate::rails::testing::{
    RETRY, SHORT, Seen, Server, nowhere, ok, raw, reference, status, unknown,
};

pub(super) fn options(url: &Url) -> WireGatewayOptions {
    WireGatewayOptions {
        name: "bank".to_owned(),
        url: url.clone(),
        auth: GatewayAuth::None,
        exchange_base_url: "https://exchange.example/".parse().unwrap(),
        currencies: vec!["EUR".to_owned()],
        timeout: Duration::from_secs(20),
        long_poll: Duration::ZERO,
        parallel: 4,
        retry: RETRY,
    }
}

fn rail(url: &Url) -> WireGateway {
    with(options(url))
}

fn with(options: WireGatewayOptions) -> WireGateway {
    WireGateway::new(options, Clock::system(), |_| {}).unwrap()
}

fn payout(key: &str) -> Payout {
    crate::rails::testing::payout(
        key,
        "EUR",
        &json!({ "payto": "payto://iban/DE1?receiver-name=A" }),
    )
}

fn config(version: &str) -> Response {
    ok(&json!({ "name": "taler-wire-gateway", "version": version, "currency": "EUR" }))
}

fn row(id: u64) -> Value {
    json!({ "type": "RESERVE", "row_id": id, "date": { "t_s": 1_767_323_045 }, "amount": "EUR:1.5",
        "debit_account": "payto://iban/DE1", "reserve_pub": format!("KEY{id}") })
}

/// A gateway of `version` on which everything else is answered by `answer`.
async fn gateway(
    version: &'static str,
    answer: impl Fn(&Seen) -> Response + Clone + Send + Sync + 'static,
) -> Server {
    Server::start(move |seen| match seen.path.as_str() {
        "/config" => config(version),
        _ => answer(seen),
    })
    .await
}

#[tokio::test]
async fn the_history_is_read_by_row_with_both_sets_of_parameters() {
    let server = gateway("5:0:5", |_| {
        ok(&json!({ "incoming_transactions": [row(8), row(9)], "credit_account": "payto://x" }))
    })
    .await;
    let options =
        WireGatewayOptions { long_poll: Duration::from_millis(2500), ..options(&server.url) };
    let rail = with(options);
    let arrivals = rail.deposits(&[], Some("7")).await.unwrap();
    let ids: Vec<_> = arrivals.incoming.iter().map(|one| one.incoming_id.as_str()).collect();
    assert_eq!((ids, arrivals.cursor.as_deref()), (vec!["8", "9"], Some("9")));
    assert!(arrivals.answers.is_empty() && arrivals.more);
    assert!(rail.deposits(&[], None).await.is_ok());
    let queries: Vec<_> =
        server.seen("/history/incoming").into_iter().map(|seen| seen.query).collect();
    assert_eq!(
        queries,
        [
            "limit=500&delta=500&offset=7&start=7&timeout_ms=2500&long_poll_ms=2500",
            "limit=500&delta=500&timeout_ms=2500&long_poll_ms=2500"
        ]
    );
    let wrong = rail.deposits(&[], Some("x")).await;
    assert!(matches!(wrong, Err(RailError::Options(_))));
}

#[tokio::test]
async fn a_page_that_is_too_large_is_asked_for_in_halves() {
    let server = gateway("5:0:5", |seen| {
        let limit = seen.query.split('&').next().unwrap().trim_start_matches("limit=");
        let padding = if limit.parse::<u32>().unwrap() > 125 { 33 << 20 } else { 0 };
        let padding = "x".repeat(padding);
        ok(&json!({ "incoming_transactions": [row(8)], "credit_account": "payto://x", "x": padding }))
    })
    .await;
    let options = WireGatewayOptions { timeout: Duration::from_secs(60), ..options(&server.url) };
    let arrivals = with(options).deposits(&[], Some("7")).await.unwrap();
    assert_eq!((arrivals.incoming.len(), arrivals.more), (1, true));
    let asked = server.seen("/history/incoming").into_iter();
    let limits: Vec<_> =
        asked.map(|seen| seen.query.split('&').next().unwrap().to_owned()).collect();
    assert_eq!(limits, ["limit=500", "limit=250", "limit=125"]);
}

#[tokio::test]
async fn nothing_new_is_told_in_two_ways() {
    for (code, body) in [(204, ""), (200, r#"{"incoming_transactions":[],"credit_account":"x"}"#)] {
        let server = gateway("5:0:5", move |_| status(code, body)).await;
        assert_eq!(rail(&server.url).deposits(&[], Some("7")).await, Ok(Arrivals::default()));
    }
}

#[tokio::test]
async fn a_gateway_may_hold_its_answer_for_the_long_poll() {
    // It answers after the timeout for one exchange, within the time that it was asked to wait.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let router = axum::Router::new().fallback(|| async {
        tokio::time::sleep(2 * SHORT).await;
        axum::http::StatusCode::NO_CONTENT
    });
    tokio::spawn(IntoFuture::into_future(axum::serve(listener, router)));
    let patient =
        |long_poll| with(WireGatewayOptions { timeout: SHORT, long_poll, ..options(&url) });
    assert!(patient(40 * SHORT).deposits(&[], None).await.is_ok());
    let answer = patient(Duration::ZERO).deposits(&[], None).await;
    assert!(matches!(answer, Err(RailError::Unavailable(_))));
}

#[tokio::test]
async fn a_page_that_would_lose_rows_is_not_believed() {
    let server = gateway("5:0:5", |_| ok(&json!({ "incoming_transactions": [row(7)] }))).await;
    let answer = rail(&server.url).deposits(&[], Some("7")).await;
    assert!(matches!(answer, Err(RailError::Unreadable(_))), "{answer:?}");
}

#[tokio::test]
async fn a_transfer_is_ordered_once_with_the_same_numbers_on_every_try() {
    let server = gateway("5:0:5", |seen| match seen.nth {
        1 => status(500, ""),
        _ => ok(&json!({ "timestamp": { "t_s": 1 }, "row_id": 42 })),
    })
    .await;
    let rail = rail(&server.url);
    let outcome = rail.pay_out(&payout("k1")).await;
    assert!(unknown(&outcome).is_some(), "{outcome:?}");
    assert_eq!(server.seen("/transfer").len(), 1);
    // What came of it: the order again is safe.
    let reports = rail.payouts(&[reference("k1", None)]).await.unwrap();
    assert!(matches!(reports[0].state, PayoutState::NotReceived));
    let again = Payout { attempt: 2, ..payout("k1") };
    let outcome = rail.pay_out(&again).await;
    let PayoutOutcome::Told(PayoutState::Initiated { reference }) = outcome else { panic!() };
    assert_eq!(reference.as_deref(), Some("42"));
    let orders = server.seen("/transfer");
    assert_eq!((orders.len(), &orders[0].body), (2, &orders[1].body));
    assert_eq!(orders[0].json()["amount"], "EUR:10.5");
    assert_eq!(server.seen("/config").len(), 1);
}

#[tokio::test]
async fn each_transfer_is_followed_by_its_row() {
    let server = gateway("5:0:5", |seen| match seen.path.as_str() {
        "/transfers/1" => ok(&json!({ "status": "pending" })),
        "/transfers/2" => ok(&json!({ "status": "success", "wtid": transfer::wtid("k2") })),
        "/transfers/3" => ok(&json!({ "status": "permanent_failure" })),
        "/transfers/4" => ok(&json!({ "status": "success", "wtid": transfer::wtid("k2") })),
        _ => status(404, r#"{"code":5105,"hint":"unknown"}"#),
    })
    .await;
    let asked = [("k1", "1"), ("k2", "2"), ("k3", "3"), ("k4", "4"), ("k5", "5"), ("k6", "../x")]
        .map(|(key, row)| reference(key, Some(row)));
    let reports = rail(&server.url).payouts(&asked).await.unwrap();
    let keys: Vec<_> = reports.iter().map(|report| report.key.as_str()).collect();
    assert_eq!(keys, ["k1", "k2", "k3", "k4", "k5", "k6"]);
    assert!(matches!(reports[0].state, PayoutState::Initiated { .. }));
    assert!(matches!(reports[1].state, PayoutState::Delivered { .. }));
    assert!(matches!(reports[2].state, PayoutState::Failed { .. }));
    for report in &reports[3..] {
        assert!(matches!(report.state, PayoutState::CannotTell { .. }), "{report:?}");
    }
}

#[tokio::test]
async fn one_row_that_cannot_be_asked_about_delays_no_other() {
    let server = gateway("5:0:5", |seen| match seen.path.as_str() {
        "/transfers/1" => status(500, ""),
        _ => ok(&json!({ "status": "success" })),
    })
    .await;
    let rail = rail(&server.url);
    let asked = [reference("k1", Some("1")), reference("k2", Some("2"))];
    let reports = rail.payouts(&asked).await.unwrap();
    assert_eq!(reports.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["k1", "k2"]);
    assert!(matches!(&reports[0].state, PayoutState::Initiated { reference: Some(r) } if r == "1"));
    assert!(matches!(reports[1].state, PayoutState::Delivered { .. }));
    assert!(matches!(rail.payouts(&asked[..1]).await, Err(RailError::Unavailable(_))));
}

#[tokio::test]
async fn an_older_gateway_has_told_all_when_it_took_the_order() {
    let server = gateway("2:0:2", |_| status(404, "")).await;
    let reports = rail(&server.url).payouts(&[reference("k1", Some("42"))]).await.unwrap();
    assert!(matches!(reports[0].state, PayoutState::Delivered { .. }));
    assert!(server.seen("/transfers/42").is_empty());
}

#[tokio::test]
async fn credentials_go_with_every_request() {
    let basic = || GatewayAuth::Basic { username: "us".to_owned(), password: "s3cret".into() };
    let bearer = || GatewayAuth::Bearer { token: "t0ken".into() };
    for (auth, header) in
        [(GatewayAuth::None, ""), (basic(), "Basic dXM6czNjcmV0"), (bearer(), "Bearer t0ken")]
    {
        let server = gateway("5:0:5", |seen| match seen.path.as_str() {
            "/transfer" => ok(&json!({ "row_id": 1 })),
            _ => status(204, ""),
        })
        .await;
        let rail = with(WireGatewayOptions { auth, ..options(&server.url) });
        rail.check().await.unwrap();
        rail.deposits(&[], None).await.unwrap();
        assert!(matches!(rail.pay_out(&payout("k1")).await, PayoutOutcome::Told(_)));
        for path in ["/config", "/history/incoming", "/transfer"] {
            assert_eq!(server.seen(path)[0].header("authorization"), header, "{path}");
        }
    }
    let server = Server::start(|_| status(401, r#"{"code":40}"#)).await;
    let rail = with(WireGatewayOptions { auth: bearer(), ..options(&server.url) });
    assert!(matches!(rail.check().await, Err(RailError::Credentials(_))));
    assert_eq!(server.seen("/config").len(), 1);
    for auth in [
        GatewayAuth::Bearer { token: "a\nb".into() },
        GatewayAuth::Basic { username: "a:b".to_owned(), password: "c".into() },
    ] {
        let options = WireGatewayOptions { auth, ..options(&server.url) };
        let refused = WireGateway::new(options, Clock::system(), |_| {}).err();
        assert!(matches!(refused, Some(RailError::Options(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_leaves_an_order_open() {
    let healthy = gateway("5:0:5", |_| status(404, "")).await;
    let lost = [raw("", true).await, raw("", false).await, raw("HTTP/1.1 200 OK\r\n", false).await];
    for url in lost {
        // The gateway was well when it was asked who it is.
        let mut rail = with(WireGatewayOptions { timeout: SHORT, ..options(&healthy.url) });
        rail.check().await.unwrap();
        rail.url = url;
        let outcome = rail.pay_out(&payout("k1")).await;
        assert!(unknown(&outcome).is_some(), "{outcome:?}");
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_done() {
    let rail = rail(&nowhere().await);
    let outcome = rail.pay_out(&payout("k1")).await;
    assert!(matches!(outcome, PayoutOutcome::NotSent(RailError::Unavailable(_))), "{outcome:?}");
    assert!(matches!(rail.check().await, Err(RailError::Unavailable(_))));
}

#[tokio::test]
async fn another_gateway_than_ours_is_refused_before_money_moves() {
    let server = gateway("9:0:1", |_| ok(&json!({ "row_id": 1 }))).await;
    let rail = rail(&server.url);
    let outcome = rail.pay_out(&payout("k1")).await;
    assert!(matches!(outcome, PayoutOutcome::NotSent(RailError::Options(_))), "{outcome:?}");
    assert!(server.seen("/transfer").is_empty());
}
