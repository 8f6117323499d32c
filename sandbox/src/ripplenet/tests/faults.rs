//! A network that misbehaves, and the end of it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

#[tokio::test]
async fn a_cut_connection_gives_no_answer() {
    let bench = Bench::plain().await;
    let ids = bench.sandbox.add_payments(2, &executed());
    let complete = Endpoint::Operation(Operation::Complete);
    bench.sandbox.script(complete, 1, Reply::CutBefore);
    bench.sandbox.script(complete, 1, Reply::CutAfter);
    for id in &ids {
        let path = format!("/payments/{id}/complete");
        let error = bench.send(Method::POST, &path, json!({})).await.unwrap_err();
        assert!(!error.is_timeout() && !error.is_connect() && error.status().is_none(), "{error}");
    }
    assert_eq!(bench.sandbox.accepted_calls(ids[0], Operation::Complete), 0);
    assert_eq!(bench.sandbox.accepted_calls(ids[1], Operation::Complete), 1);
    assert_eq!(bench.sandbox.requests_to(complete), 2);
    assert_eq!(bench.call(ids[0], Operation::Complete, json!({})).await.0, 200);
    assert_eq!(bench.sandbox.summary().faults.len(), 2);
}

#[tokio::test]
async fn scripted_answers_come_in_place_of_the_right_ones() {
    let bench = Bench::plain().await;
    bench.sandbox.add_payments(3, &PaymentSpec::default());
    for reply in [
        Reply::retry_after(429, "7"),
        Reply::Html,
        Reply::Truncated,
        Reply::Body("null".to_owned()),
        Reply::Huge,
    ] {
        bench.sandbox.script(Endpoint::List, 1, reply);
    }
    let list = || bench.send(Method::GET, "/payments", Value::Null);
    let busy = list().await.unwrap();
    assert_eq!(busy.status(), 429);
    assert_eq!(busy.headers()[RETRY_AFTER], "7");
    assert_eq!(busy.headers()[DATE], "Wed, 03 Mar 2021 00:00:00 GMT");
    assert!(list().await.unwrap().text().await.unwrap().starts_with("<!DOCTYPE"));
    let half = list().await.unwrap().text().await.unwrap();
    assert!(half.len() > 1_000 && serde_json::from_str::<Value>(&half).is_err());
    assert_eq!(list().await.unwrap().text().await.unwrap(), "null");
    let mut huge = list().await.unwrap();
    let mut size = 0;
    while let Some(part) = huge.chunk().await.unwrap() {
        size += part.len();
    }
    assert!(size > 50_000_000);
    assert_eq!(bench.get("/payments").await.0, 200);
}

#[tokio::test]
async fn a_request_that_hangs_ends_with_the_sandbox() {
    let bench = Bench::plain().await;
    let sandbox = bench.sandbox.clone();
    let id = sandbox.add_payments(1, &executed())[0];
    sandbox.script(Endpoint::List, 1, Reply::Hang);
    sandbox.script(Endpoint::Operation(Operation::Complete), 1, Reply::HangAfter);
    let complete = format!("/payments/{id}/complete");
    let hanging = async {
        tokio::join!(
            bench.send(Method::GET, "/payments", Value::Null),
            bench.send(Method::POST, &complete, json!({})),
        )
    };
    let stop = async {
        while sandbox.requests() < 3 || sandbox.accepted_calls(id, Operation::Complete) == 0 {
            tokio::task::yield_now().await;
        }
        sandbox.stop();
    };
    let ((list, complete), ()) = tokio::join!(hanging, stop);
    assert!(!list.unwrap_err().is_timeout());
    assert!(!complete.unwrap_err().is_timeout());
    // The port is closed as soon as the server has seen it.
    while bench.send(Method::GET, "/health", Value::Null).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn it_stops_when_the_last_handle_is_dropped() {
    let bench = Bench::plain().await;
    let address = format!("{}/v4/health", bench.sandbox.base_url());
    let http = bench.http.clone();
    drop(bench);
    while http.get(&address).send().await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_hook_sees_each_request_twice_and_may_cut_it() {
    let bench = Bench::plain().await;
    let id = bench.sandbox.add_payments(1, &executed())[0];
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (notes, cut_at) = (Arc::clone(&seen), Arc::new(AtomicU64::new(0)));
    let cut = Arc::clone(&cut_at);
    bench.sandbox.set_hook(move |info| {
        notes.lock().unwrap().push((info.n, info.endpoint, info.phase, info.about.clone()));
        let cut = info.phase == Phase::AfterApply && info.n == cut.load(Ordering::SeqCst);
        if cut { HookAnswer::Cut } else { HookAnswer::Go }
    });
    cut_at.store(1, Ordering::SeqCst);
    let path = format!("/payments/{id}/complete");
    assert!(bench.send(Method::POST, &path, json!({})).await.is_err());
    assert_eq!(bench.sandbox.state_of(id), Some(PaymentState::Completed));
    let complete = Endpoint::Operation(Operation::Complete);
    assert_eq!(
        *seen.lock().unwrap(),
        [Phase::BeforeApply, Phase::AfterApply].map(|phase| (
            1,
            complete,
            phase,
            vec![id.to_string()]
        ))
    );
    bench.sandbox.clear_hook();
    assert_eq!(bench.get("/health").await.0, 200);
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn late_changes_keep_their_early_time() {
    let bench = Bench::plain().await;
    let id = bench.sandbox.add_payments(1, &PaymentSpec::default())[0];
    let late = Duration::from_secs(4);
    let quirks = Quirks { late: 1000, late_for: late, ..Quirks::default() };
    bench.sandbox.change(|network, _| network.quirks = quirks);
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.call(id, Operation::Lock, json!({})).await.0, 200);
    let changed = bench.sandbox.modified_at(id).unwrap();
    let (_, page) = bench.get("/payments?states=LOCKED").await;
    assert_eq!(page["totalElements"], "0");
    let (_, page) = bench.get("/payments?states=ACCEPTED").await;
    assert_eq!(page["content"][0]["payment_state"], "ACCEPTED");
    bench.pass(late);
    let (_, page) = bench.get("/payments?states=LOCKED").await;
    let told = page["content"][0]["modified_at"].as_str().unwrap();
    assert_eq!(told.parse::<DateTime<Utc>>().unwrap(), changed);
}

#[tokio::test]
async fn nothing_of_a_cut_answer_reaches_the_wire() {
    let bench = Bench::plain().await;
    for reply in [Reply::CutBefore, Reply::CutAfter] {
        bench.sandbox.script(Endpoint::Health, 1, reply);
        let address = bench.sandbox.base_url();
        let mut stream =
            TcpStream::connect(address.strip_prefix("http://").unwrap()).await.unwrap();
        stream.write_all(b"GET /v4/health HTTP/1.1\r\nHost: sandbox\r\n\r\n").await.unwrap();
        let mut told = Vec::new();
        // The end may come as a reset.
        drop(stream.read_to_end(&mut told).await);
        assert_eq!(told, b"");
    }
    assert_eq!(bench.sandbox.requests_to(Endpoint::Health), 2);
}

#[tokio::test]
async fn a_peculiar_network_ignores_what_it_is_asked() {
    let bench = Bench::plain().await;
    let ids = bench.sandbox.add_payments(10, &PaymentSpec::default());
    let at = bench.sandbox.modified_at(ids[5]).unwrap();
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let path =
        format!("/payments?range_field=MODIFIED_AT&after={at}&before={at}&sort_direction=ASC");
    let total = async |quirks| {
        bench.sandbox.change(|network, _| network.quirks = quirks);
        let (_, page) = bench.get(&path).await;
        (
            page["totalElements"].as_str().unwrap().to_owned(),
            page["content"][0]["payment_id"].clone(),
        )
    };
    let (first, at, last) =
        (json!(ids[0].to_string()), json!(ids[5].to_string()), json!(ids[9].to_string()));
    assert_eq!(total(Quirks::default()).await, ("0".to_owned(), Value::Null));
    let inclusive = Quirks { inclusive_bounds: true, ..Quirks::default() };
    assert_eq!(total(inclusive).await, ("1".to_owned(), at));
    let ignore_range = Quirks { ignore_range: true, ..Quirks::default() };
    assert_eq!(total(ignore_range.clone()).await, ("10".to_owned(), first));
    let ignore_both = Quirks { ignore_sort: true, ..ignore_range };
    assert_eq!(total(ignore_both).await, ("10".to_owned(), last));
}

#[tokio::test]
async fn a_coarse_clock_makes_ties() {
    let quirks = Quirks { coarse_clock: Duration::from_secs(1), ..Quirks::default() };
    let bench = Bench::new(SandboxOptions { quirks, ..SandboxOptions::default() }).await;
    let ids = bench.sandbox.add_payments(3, &PaymentSpec::default());
    bench.pass(Duration::from_millis(1_200));
    for id in &ids {
        bench.pass(Duration::from_millis(100));
        assert!(bench.sandbox.touch(*id));
    }
    let times: Vec<_> = ids.iter().map(|id| bench.sandbox.modified_at(*id).unwrap()).collect();
    assert_eq!(times, [network::time_of(START + 1_000); 3]);
}

#[tokio::test]
async fn garbage_rows_count_in_lists_and_not_in_the_books() {
    let bench = Bench::plain().await;
    bench.sandbox.change(|network, _| network.quirks.garbage = 1000);
    assert_eq!(bench.sandbox.add_payments(5, &PaymentSpec::default()).len(), 5);
    let raw = r#"{"payment_id":"$payment_id"}"#;
    let now = network::time_of(START);
    let id = bench.sandbox.add_raw_row(PaymentState::Accepted, Role::Receiving, now, raw);
    let (_, page) = bench.get("/payments?size=100").await;
    assert_eq!(page["totalElements"], "11");
    assert_eq!(page["content"].as_array().unwrap().len(), 11);
    assert_eq!(bench.sandbox.count_in(PaymentState::Accepted), 5);
    assert_eq!(
        bench.get(&format!("/payments/{id}")).await.1,
        json!({"payment_id": id.to_string()})
    );
    assert_eq!(bench.call(id, Operation::Lock, json!({})).await.0, 400);
}
