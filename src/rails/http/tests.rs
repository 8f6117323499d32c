//! The client against servers on loopback.

use std::sync::{Arc, Mutex};

use axum::response::Response;
use serde_json::{Value, json};

use super::*;
use crate::engine::{Arrival, PayoutState};
use crate::rails::testing::{
    RETRY, SHORT, Seen, Server, nowhere, ok, raw, reference, status, unknown,
};

pub(super) const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

pub(super) fn options(url: &Url) -> HttpRailOptions {
    HttpRailOptions {
        name: "bank".to_owned(),
        url: url.clone(),
        secret: SECRET.into(),
        currencies: vec!["USD".to_owned()],
        timeout: Duration::from_secs(20),
        parallel: 4,
        retry: RETRY,
    }
}

fn rail(url: &Url) -> HttpRail {
    HttpRail::new(options(url), Clock::system(), |_| {}).unwrap()
}

fn hasty(url: &Url) -> HttpRail {
    let options = HttpRailOptions { timeout: SHORT, ..options(url) };
    HttpRail::new(options, Clock::system(), |_| {}).unwrap()
}

pub(super) fn payout(beneficiary: &Value) -> Payout {
    crate::rails::testing::payout("k1", "USD", beneficiary)
}

fn order() -> Payout {
    payout(&json!({ "iban": "DE1" }))
}

/// A bank that plays along.
fn bank(seen: &Seen) -> Response {
    match seen.path.as_str() {
        "/config" => ok(&json!({ "name": "railpoll-rail", "version": 1, "currencies": ["USD"] })),
        "/deposits/lookup" => ok(&json!({ "deposits": [
            { "transfer_id": "t1", "status": "received", "amount": "10.50" } ] })),
        "/payouts" => ok(&json!({ "status": "initiated", "reference": "r1" })),
        "/payouts/lookup" => ok(&json!({ "payouts": [{ "key": "k1", "status": "delivered" }] })),
        _ => status(404, ""),
    }
}

/// A server on which a payout ends with `code`.
async fn answering(code: u16, body: &'static str) -> Server {
    Server::start(move |_| status(code, body)).await
}

#[tokio::test]
async fn every_call_goes_to_its_path_and_is_signed() {
    let server = Server::start(bank).await;
    let at = DateTime::from_timestamp(1_767_323_045, 0).unwrap();
    let clock = Clock::from_fn(move || at);
    let rail = HttpRail::new(options(&server.url), clock, |_| {}).unwrap();
    rail.check().await.unwrap();
    let expected = ExpectedDeposit {
        transfer_id: "t1".to_owned(),
        subject: None,
        amount: None,
        currency: "USD".to_owned(),
        since: at,
    };
    let arrivals = rail.deposits(&[expected], None).await.unwrap();
    assert!(matches!(arrivals.answers[0].1, Arrival::Received { .. }));
    assert!(arrivals.cursor.is_none() && !arrivals.more);
    let outcome = rail.pay_out(&order()).await;
    assert!(matches!(outcome, PayoutOutcome::Told(PayoutState::Initiated { .. })), "{outcome:?}");
    let reports = rail.payouts(&[reference("k1", None)]).await.unwrap();
    assert!(matches!(reports[0].state, PayoutState::Delivered { .. }));

    let signer = Signer::new(&SECRET.into()).unwrap();
    let calls = [
        ("/config", Method::GET),
        ("/deposits/lookup", Method::POST),
        ("/payouts", Method::POST),
        ("/payouts/lookup", Method::POST),
    ];
    for (path, method) in calls {
        let seen = server.seen(path);
        assert_eq!((seen.len(), &seen[0].method), (1, &method), "{path}");
        let header = |name| seen[0].header(name);
        let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
        assert_eq!(timestamp, "1767323045");
        let signature = header("webhook-signature");
        let verdict = signer.verify(id, timestamp, signature, &seen[0].body, at.timestamp());
        assert_eq!(verdict, Ok(()), "{path}");
    }
    let order = &server.seen("/payouts")[0];
    assert_eq!(order.header("idempotency-key"), "k1");
    assert_eq!(order.header("content-type"), "application/json");
    assert_eq!(order.json()["beneficiary"], json!({ "iban": "DE1" }));
}

#[tokio::test]
async fn a_wish_to_be_left_alone_is_about_one_payout_until_several_get_it() {
    let server = Server::start(|seen| {
        if seen.path != "/payouts" {
            return bank(seen);
        }
        let busy = axum::http::StatusCode::TOO_MANY_REQUESTS;
        axum::response::IntoResponse::into_response((busy, [("retry-after", "600")]))
    })
    .await;
    let rail = HttpRail::new(options(&server.url), Clock::system(), |_| {}).unwrap();
    let pay = async |key: &str| {
        let order = Payout { key: key.to_owned(), ..order() };
        let outcome = rail.pay_out(&order).await;
        let is_not_sent = matches!(outcome, PayoutOutcome::NotSent(RailError::Unavailable(_)));
        assert!(is_not_sent, "{outcome:?}");
        server.seen("/payouts").len()
    };
    let look = async || rail.payouts(&[reference("k1", None)]).await;
    assert_eq!([pay("k1").await, pay("k1").await], [1, 1], "it is left alone");
    assert!(look().await.is_ok(), "and it alone");
    assert_eq!([pay("k2").await, pay("k3").await, pay("k4").await], [2, 3, 4]);
    let told = look().await;
    assert!(matches!(told, Err(RailError::Unavailable(why)) if why.contains("left alone")));
    assert_eq!(pay("k5").await, 4, "three in a row: the bank is left alone");
    assert_eq!(server.seen("/payouts/lookup").len(), 1);
}

#[tokio::test]
async fn each_try_of_a_question_has_a_signature_of_its_own_time() {
    let server =
        Server::start(|seen| if seen.nth < 3 { status(500, "") } else { bank(seen) }).await;
    let seconds = Arc::new(Mutex::new(0));
    let clock = Clock::from_fn(move || {
        let mut seconds = seconds.lock().unwrap();
        *seconds += 1000;
        DateTime::from_timestamp(*seconds, 0).unwrap()
    });
    let rail = HttpRail::new(options(&server.url), clock, |_| {}).unwrap();
    rail.payouts(&[reference("k1", None)]).await.unwrap();
    let seen = server.seen("/payouts/lookup");
    let ids: Vec<_> = seen.iter().map(|seen| seen.header("webhook-id")).collect();
    assert_eq!((ids.len(), ids[0], ids[1]), (3, ids[1], ids[2]), "one message");
    let signer = Signer::new(&SECRET.into()).unwrap();
    let mut times: Vec<i64> = Vec::new();
    for try_ in &seen {
        let timestamp = try_.header("webhook-timestamp");
        times.push(timestamp.parse().unwrap());
        let signature = try_.header("webhook-signature");
        let now = times[times.len() - 1];
        assert_eq!(signer.verify(ids[0], timestamp, signature, &try_.body, now), Ok(()));
    }
    assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
}

#[tokio::test]
async fn an_order_to_pay_is_sent_once_whatever_comes() {
    for code in [200, 301, 400, 404, 408, 500, 502, 503, 504] {
        let server = answering(code, "<html>").await;
        let outcome = rail(&server.url).pay_out(&order()).await;
        assert!(unknown(&outcome).is_some(), "{code}: {outcome:?}");
        assert_eq!(server.seen("/payouts").len(), 1, "{code}");
    }
    for code in [401, 403, 429] {
        let server = answering(code, "").await;
        let outcome = rail(&server.url).pay_out(&order()).await;
        assert!(matches!(outcome, PayoutOutcome::NotSent(_)), "{code}: {outcome:?}");
        assert_eq!(server.seen("/payouts").len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_lost_answer_leaves_it_open() {
    let hanging = raw("", true).await;
    let outcome = hasty(&hanging).pay_out(&order()).await;
    assert!(unknown(&outcome).is_some_and(|why| why.contains("no whole answer")), "{outcome:?}");
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"status\":\"deli"] {
        let cutting = raw(answer, false).await;
        let outcome = rail(&cutting).pay_out(&order()).await;
        assert!(unknown(&outcome).is_some(), "{outcome:?}");
    }
    let slow = raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", true).await;
    assert!(unknown(&hasty(&slow).pay_out(&order()).await).is_some());
}

#[tokio::test]
async fn a_refused_connection_is_surely_not_done() {
    let rail = rail(&nowhere().await);
    let outcome = rail.pay_out(&order()).await;
    assert!(matches!(outcome, PayoutOutcome::NotSent(RailError::Unavailable(_))), "{outcome:?}");
    assert!(matches!(rail.check().await, Err(RailError::Unavailable(_))));
}

#[tokio::test]
async fn questions_are_asked_again_and_then_given_up() {
    for code in [429, 500, 503] {
        let server = answering(code, "").await;
        let rail = rail(&server.url);
        let told = rail.payouts(&[reference("k1", None)]).await;
        assert!(matches!(told, Err(RailError::Unavailable(_))), "{code}");
        assert_eq!(server.seen("/payouts/lookup").len(), 3);
    }
    let server = answering(200, "[]").await;
    assert!(matches!(rail(&server.url).deposits(&[], None).await, Err(RailError::Unreadable(_))));
    let server = answering(401, "").await;
    assert!(matches!(rail(&server.url).deposits(&[], None).await, Err(RailError::Credentials(_))));
    assert_eq!(server.seen("/deposits/lookup").len(), 1);
    let server = answering(404, "").await;
    let told = rail(&server.url).check().await;
    assert!(matches!(told, Err(RailError::Refused { status: 404, .. })));
}

/// The time of [`refused`], in seconds since 1970.
const REFUSED_AT: i64 = 1_667_724_577;

fn refused() -> Response {
    let mut refused = status(401, "");
    refused.headers_mut().insert("date", "Sun, 06 Nov 2022 08:49:37 GMT".parse().unwrap());
    refused
}

/// The secret is right, and in a moment the clock will be: nobody waits for an administrator.
#[tokio::test]
async fn a_signature_of_another_time_is_no_matter_of_the_secret() {
    let server = Server::start(|_| refused()).await;
    for (ours, is_of_the_clock) in [(0, false), (100, false), (-3_600, true), (200, true)] {
        let at = DateTime::from_timestamp(REFUSED_AT + ours, 0).unwrap();
        let clock = Clock::from_fn(move || at);
        let rail = HttpRail::new(options(&server.url), clock, |_| {}).unwrap();
        let told = rail.check().await;
        let PayoutOutcome::NotSent(not_sent) = rail.pay_out(&order()).await else { panic!("sent") };
        for error in [told.unwrap_err(), not_sent] {
            let is_explained =
                matches!(&error, RailError::Unavailable(why) if why.contains("clock"));
            assert_eq!(is_explained, is_of_the_clock, "{ours}: {error:?}");
            assert_eq!(matches!(error, RailError::Credentials(_)), !is_of_the_clock, "{ours}");
        }
    }
}

/// It is refused for the time that it bears, whatever the clock is set to while the answer is on its way.
#[tokio::test]
async fn a_clock_that_is_set_meanwhile_is_no_matter_of_the_secret_either() {
    let ahead = Arc::new(Mutex::new(3_600));
    let set = Arc::clone(&ahead);
    let server = Server::start(move |_| {
        *set.lock().unwrap() = 0;
        refused()
    })
    .await;
    let clock = Clock::from_fn(move || {
        DateTime::from_timestamp(REFUSED_AT + *ahead.lock().unwrap(), 0).unwrap()
    });
    let rail = HttpRail::new(options(&server.url), clock, |_| {}).unwrap();
    let told = rail.check().await;
    assert!(matches!(&told, Err(RailError::Unavailable(why)) if why.contains("clock")), "{told:?}");
}

#[tokio::test]
async fn a_rail_of_other_currencies_is_a_mistake_in_the_settings() {
    let server = Server::start(bank).await;
    let options = HttpRailOptions { currencies: vec!["EUR".to_owned()], ..options(&server.url) };
    let rail = HttpRail::new(options, Clock::system(), |_| {}).unwrap();
    assert_eq!(rail.check().await, Err(RailError::Options("it does not serve EUR".to_owned())));
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let url = nowhere().await;
    let options = HttpRailOptions { secret: "s3cret".into(), ..options(&url) };
    let refused = HttpRail::new(options, Clock::system(), |_| {}).err();
    assert!(matches!(refused, Some(RailError::Options(why)) if !why.contains("s3cret")));
    let strange = Payout { key: "a\nb".to_owned(), ..order() };
    let outcome = rail(&url).pay_out(&strange).await;
    assert!(matches!(outcome, PayoutOutcome::NotSent(RailError::Options(_))), "{outcome:?}");
}
