//! The answer table seen from outside, and what a good answer tells.

use super::*;

#[tokio::test]
async fn a_403_has_no_second_try_and_the_next_call_has_a_new_token() {
    let server = Server::start(|seen| (!is_token(seen)).then(|| status(403)).flatten()).await;
    let client = server.client();
    assert!(matches!(list(&client).await, Err(NetworkError::Forbidden(_))));
    assert!(matches!(lock(&client).await, Err(NetworkError::Forbidden(_))));
    assert_eq!((server.seen("/payments").len(), server.seen("/lock").len()), (1, 1));
    assert_eq!(server.seen("/lock")[0].token, "Bearer t2", "which may be allowed more");
    assert_eq!(server.seen("/oauth/token").len(), 2);
}

#[tokio::test]
async fn a_wish_to_be_left_alone_holds_for_later_calls() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/v4/payments" => {
            Some((StatusCode::TOO_MANY_REQUESTS, [("retry-after", "600")]).into_response())
        }
        "/oauth/token" => None,
        _ => payment(),
    })
    .await;
    let client = server.client_with(|options| {
        options.retry = RetryPolicy { max_attempts: 1, max_interval: Duration::from_millis(2) };
    });
    assert!(matches!(list(&client).await, Err(NetworkError::Unavailable(_))));
    for _ in 0..3 {
        let Err(NetworkError::Unavailable(why)) = list(&client).await else {
            panic!("it was asked")
        };
        assert!(why.contains("left alone"), "{why}");
        assert!(matches!(lock(&client).await, Err(NetworkError::Unavailable(_))));
        assert!(matches!(client.get(ID).await, Err(NetworkError::Unavailable(_))));
    }
    assert_eq!((server.seen("/payments").len(), server.seen("/lock").len()), (1, 0));
}

#[tokio::test]
async fn no_single_answer_moves_the_networks_clock() {
    let server = Server::start(|seen| {
        let far = [("date", "Fri, 28 Nov 2036 12:00:00 GMT")];
        let (near, aged) = (
            [("date", "Fri, 02 Jan 2026 03:04:05 GMT")],
            [("date", "Fri, 02 Jan 2026 03:03:05 GMT"), ("age", "60")],
        );
        match (seen.path.as_str(), seen.nth) {
            ("/oauth/token", _) => None,
            ("/v4/payments", 3) => Some((StatusCode::SERVICE_UNAVAILABLE, far).into_response()),
            ("/v4/payments", 2 | 6) => Some((far, PAGE).into_response()),
            ("/v4/payments", 1) => Some((aged, PAGE).into_response()),
            (_, _) => Some((near, PAGE).into_response()),
        }
    })
    .await;
    let ours = DateTime::parse_from_rfc3339("2026-01-02T03:04:00Z").unwrap().to_utc();
    let client = Client::new(server.options(), Clock::from_fn(move || ours), |_| {}).unwrap();
    for _ in 0..6 {
        let listing = list(&client).await.unwrap();
        assert_eq!(listing.server_time, Some(ours + TimeDelta::seconds(5)));
        assert_eq!(client.server_offset(), TimeDelta::seconds(5));
        assert_eq!(client.doubted_offset(), None);
    }
}

#[tokio::test]
async fn a_refusal_carries_the_networks_reason() {
    let problem = json!({ "title": "Not in that state", "ripplenet_error_code": "E0120",
        "finality": "PERMANENT" });
    for code in [400, 404, 422] {
        let problem = problem.clone();
        let server = Server::start(move |seen| {
            let code = StatusCode::from_u16(code).unwrap();
            (!is_token(seen)).then(|| (code, problem.to_string()).into_response())
        })
        .await;
        let client = server.client();
        let reason = "E0120 Not in that state (PERMANENT)".to_owned();
        let refused = NetworkError::Refused { status: code, problem: reason.clone() };
        assert_eq!(client.get(ID).await, Err(refused));
        let refused = OperationAnswer::Refused { status: code, reason };
        assert_eq!(lock(&client).await, Ok(refused));
        assert_eq!((server.seen(ID).len(), server.seen("/lock").len()), (1, 1));
    }
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let refused = Arc::new(Notify::new());
    let server = Server::start(|seen| match (seen.path.as_str(), seen.nth) {
        ("/v4/payments", 1) => {
            Some((StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")]).into_response())
        }
        ("/v4/payments", _) => page(),
        _ => None,
    })
    .await;
    let observed = Arc::clone(&refused);
    let client = Client::new(server.options(), Clock::system(), move |seen| {
        if seen.status == Some(429) {
            observed.notify_one();
        }
    })
    .unwrap();
    let call = tokio::spawn(async move { list(&client).await });
    refused.notified().await;
    // The client sleeps now. Nothing of the network is under way, so time can be moved by hand.
    tokio::time::pause();
    tokio::time::advance(Duration::from_millis(6900)).await;
    assert!(!call.is_finished() && server.seen("/payments").len() == 1);
    tokio::time::advance(Duration::from_millis(200)).await;
    tokio::time::resume();
    assert!(call.await.unwrap().is_ok());
    assert_eq!(server.seen("/payments").len(), 2);
}

#[tokio::test]
async fn reads_are_tried_three_times() {
    for code in [500, 502, 503, 504, 429] {
        let server = Server::start(move |seen| match (seen.path.as_str(), seen.nth) {
            ("/oauth/token", 1..=2) => status(code),
            ("/v4/payments", 1..=2) => status(code),
            ("/v4/payments", _) => page(),
            ("/oauth/token", _) => None,
            (_, _) => status(code),
        })
        .await;
        let client = server.client();
        assert!(list(&client).await.is_ok(), "the third try");
        assert!(matches!(client.get(ID).await, Err(NetworkError::Unavailable(_))));
        assert_eq!(server.seen(ID).len(), 3);
        assert!(server.seen(ID).iter().all(|seen| seen.token == "Bearer t3"));
    }
}

#[tokio::test]
async fn an_operation_that_may_have_been_applied_is_sent_once() {
    for code in [500, 502, 503, 504, 599] {
        let server =
            Server::start(move |seen| (!is_token(seen)).then(|| status(code)).flatten()).await;
        assert!(is_unknown(&lock(&server.client()).await), "{code}");
        assert_eq!(server.seen("/lock").len(), 1, "{code}");
    }
    let garbage = |seen: &Seen| (!is_token(seen)).then(|| "<html>".into_response());
    let server = Server::start(garbage).await;
    assert!(is_unknown(&lock(&server.client()).await));
    assert_eq!(server.seen("/lock").len(), 1);
}

#[tokio::test]
async fn an_operation_that_meets_another_is_busy() {
    for (code, tries) in [(409, 1), (429, 3)] {
        let server =
            Server::start(move |seen| (!is_token(seen)).then(|| status(code)).flatten()).await;
        let answer = lock(&server.client()).await;
        assert!(matches!(answer, Ok(OperationAnswer::Busy { .. })), "{answer:?}");
        assert_eq!(server.seen("/lock").len(), tries);
    }
}

#[tokio::test]
async fn an_operation_that_is_done_shows_the_payment() {
    let server = Server::start(|seen| (!is_token(seen)).then(payment).flatten()).await;
    let client = server.client();
    let Ok(OperationAnswer::Done(row)) = lock(&client).await else { panic!("not done") };
    assert!(matches!(*row, Row::Payment(payment) if payment.payment_id == ID));
    let body: Value = serde_json::from_str(&server.seen("/lock")[0].body).unwrap();
    assert_eq!(body, json!({ "internal_id": "ours", "user_info": {} }));
    let another = client.operate("p2", &Operation::Complete, None).await;
    assert!(is_unknown(&another), "the answer is of another payment");
}

#[tokio::test]
async fn a_list_tells_the_networks_time() {
    let server = Server::start(|seen| {
        let date = [("date", "Fri, 02 Jan 2026 03:04:05 GMT")];
        (!is_token(seen)).then(|| (date, PAGE).into_response())
    })
    .await;
    let network_time = DateTime::parse_from_rfc3339("2026-01-02T03:04:05Z").unwrap().to_utc();
    let ours = network_time - TimeDelta::milliseconds(1500);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let client = Client::new(server.options(), Clock::from_fn(move || ours), move |request| {
        noted.lock().unwrap().push((request.endpoint, request.status));
    })
    .unwrap();
    assert_eq!(client.server_offset(), TimeDelta::zero());
    let listing = list(&client).await.unwrap();
    assert_eq!(listing.server_time, Some(network_time));
    assert_eq!(listing.payments().count(), 1);
    assert_eq!(client.server_offset(), TimeDelta::milliseconds(1500));
    assert_eq!(*seen.lock().unwrap(), [("token", Some(200)), ("list", Some(200))]);
    let asked = &server.seen("/payments")[0];
    assert!(asked.query.starts_with("states=ACCEPTED&connector_role=RECEIVING&"), "{asked:?}");
}

#[tokio::test]
async fn an_unreadable_page_is_asked_for_again() {
    let server = Server::start(|seen| match (seen.path.as_str(), seen.nth) {
        ("/v4/payments", 1) => Some("{\"content\":[".into_response()),
        ("/v4/payments", 2) => Some(vec![0xff_u8; 10].into_response()),
        ("/v4/payments", 3) => page(),
        ("/v4/payments", _) => Some("<html>maintenance</html>".into_response()),
        _ => None,
    })
    .await;
    let client = server.client();
    assert!(list(&client).await.is_ok());
    assert!(matches!(list(&client).await, Err(NetworkError::Unreadable(_))));
    assert_eq!(server.seen("/payments").len(), 6);
}

#[tokio::test]
async fn labels_and_health() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/v4/health" => Some(ok(json!({ "healthy": seen.nth == 1, "services": [] }))),
        "/oauth/token" => None,
        _ if seen.query == "label=a,b" => Some(StatusCode::NO_CONTENT.into_response()),
        _ => status(404),
    })
    .await;
    let client = server.client();
    assert_eq!(client.health().await, Ok(true));
    assert_eq!(client.health().await, Ok(false));
    assert_eq!(client.put_labels("p1", &["a", "b"]).await, Ok(()));
    let absent = client.delete_labels("p1", &["c"]).await;
    assert!(matches!(absent, Err(NetworkError::Refused { status: 404, .. })));
}

#[tokio::test]
async fn requests_keep_to_their_rate() {
    let server = Server::start(|seen| (!is_token(seen)).then(page).flatten()).await;
    let client = server.client_with(|options| options.requests_per_second = 40);
    let start = Instant::now();
    // With the token's, 50 requests: a burst of 40, and ten more at 25 ms.
    let lists = join_all((0..49).map(|_| list(&client))).await;
    assert!(lists.iter().all(Result::is_ok));
    assert!(start.elapsed() >= Duration::from_millis(240), "{:?}", start.elapsed());
}

#[test]
fn settings_that_cannot_work_are_told() {
    let options = |base: &str, token: &str| ClientOptions {
        network: "acme".to_owned(),
        base_url: base.to_owned(),
        token_url: token.to_owned(),
        audience: String::new(),
        client_id: String::new(),
        client_secret: "s3cret".into(),
        connector_role: ConnectorRole::Sending,
        timeout: SHORT,
        requests_per_second: 1,
        retry: RetryPolicy { max_attempts: 1, max_interval: SHORT },
    };
    for (base, token, key) in
        [("nonsense", "https://t.example", "base_url"), ("https://a.example", "", "token_url")]
    {
        let error = Client::new(options(base, token), Clock::system(), |_| {}).err();
        assert!(matches!(error, Some(NetworkError::Options(why)) if why.starts_with(key)));
    }
    assert!(
        Client::new(options("https://a.example", "https://t.example"), Clock::system(), |_| {})
            .is_ok()
    );
    let shown = format!("{:?}", options("https://a.example", "https://t.example"));
    assert!(!shown.contains("s3cret"), "{shown}");
}
