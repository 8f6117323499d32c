//! The client against a server on loopback that behaves in one way.

use std::future::IntoFuture;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::engine::{Clock, RetryPolicy};
use crate::networks::NetworkError;

/// Method, path and query, and body of each request.
type Seen = (String, String, String);

struct Server {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// A server that answers each request by its path.
    async fn start(answer: impl Fn(&str) -> Response + Clone + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let books = Arc::clone(&seen);
        let router = Router::new().fallback(move |request: Request<Body>| {
            let (books, answer) = (Arc::clone(&books), answer.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = to_bytes(body, usize::MAX).await.unwrap();
                let body = String::from_utf8(body.to_vec()).unwrap();
                let path = head.uri.path().to_owned();
                books.lock().unwrap().push((head.method.to_string(), head.uri.to_string(), body));
                answer(&path)
            }
        });
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { url, seen }
    }

    fn horizon(&self) -> Horizon {
        horizon(&self.url)
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn horizon(url: &str) -> Horizon {
    let options = HorizonOptions {
        network: "stellar".to_owned(),
        horizon_url: url.to_owned(),
        passphrase: PASSPHRASE.to_owned(),
        timeout: Duration::from_secs(10),
        requests_per_second: 10_000,
        retry: RetryPolicy { max_attempts: 2, max_interval: Duration::from_millis(2) },
    };
    Horizon::new(options, Clock::system(), |_| {}).unwrap()
}

fn ok(body: &Value) -> Response {
    body.to_string().into_response()
}

fn status(status: u16, body: &Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
}

/// A problem as Horizon tells it, with result codes.
fn problem(codes: &Value) -> Value {
    json!({
        "type": "https://stellar.org/horizon-errors/transaction_failed", "title": "Transaction Failed",
        "status": 400, "extras": { "envelope_xdr": "…", "result_codes": codes }
    })
}

fn record(cursor: &str) -> Value {
    json!({
        "id": cursor, "paging_token": cursor, "transaction_successful": true, "type": "payment",
        "created_at": "2027-01-15T08:00:00Z", "transaction_hash": "ab12", "from": CUSTOMER, "to": PAYER,
        "amount": "1.0000000", "asset_type": "native", "transaction": { "memo_type": "none" }
    })
}

async fn submitted(answer: Response) -> Result<SubmitAnswer, NetworkError> {
    let answer = Arc::new(Mutex::new(Some(answer)));
    let server = Server::start(move |_| answer.lock().unwrap().take().unwrap()).await;
    let result = server.horizon().submit("AA+/=").await;
    let sent = ("POST".to_owned(), "/transactions".to_owned(), "tx=AA%2B%2F%3D".to_owned());
    assert_eq!(server.seen(), [sent], "once, and as a form");
    result
}

async fn rejected(codes: Value) -> Codes {
    match submitted(status(400, &problem(&codes))).await {
        Ok(SubmitAnswer::Rejected(codes)) => codes,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_submission_that_was_applied() {
    let record = json!({ "hash": "ab12", "ledger": 70, "successful": true });
    let wanted = SubmitAnswer::Applied { hash: "ab12".to_owned(), ledger: 70 };
    assert_eq!(submitted(ok(&record)).await, Ok(wanted));
}

#[tokio::test]
async fn a_submission_that_was_rejected() {
    let codes = rejected(
        json!({ "transaction": "tx_failed", "operations": ["op_success", "op_no_trust"] }),
    )
    .await;
    assert_eq!(codes.transaction, TransactionCode::Failed);
    assert_eq!(codes.operations, [OperationCode::Success, OperationCode::NoTrust]);
    let codes = rejected(json!({ "transaction": "tx_bad_seq" })).await;
    assert_eq!(codes.transaction, TransactionCode::BadSequence);
    let inner =
        json!({ "transaction": "tx_fee_bump_inner_failed", "inner_transaction": "tx_bad_seq" });
    assert_eq!(rejected(inner).await.transaction, TransactionCode::BadSequence);
    let malformed = json!({ "type": "https://stellar.org/horizon-errors/transaction_malformed", "status": 400 });
    let answer = submitted(status(400, &malformed)).await;
    assert!(matches!(answer, Ok(SubmitAnswer::Rejected(_))), "{answer:?}");
}

#[tokio::test]
async fn a_submission_of_which_nobody_knows() {
    for code in [302, 408, 429, 500, 502, 503, 504] {
        let answer = submitted(status(code, &json!({ "title": "Timeout" }))).await;
        assert!(matches!(answer, Ok(SubmitAnswer::Unclear { .. })), "{code}: {answer:?}");
    }
    for body in ["", "{}", "[]", "{\"hash\":\"ab\"}"] {
        let answer = submitted(body.into_response()).await;
        assert!(matches!(answer, Ok(SubmitAnswer::Unclear { .. })), "{body}: {answer:?}");
    }
}

#[tokio::test]
async fn a_submission_that_surely_was_not_taken() {
    assert!(matches!(submitted(status(401, &json!({}))).await, Err(NetworkError::Credentials(_))));
    assert!(matches!(submitted(status(403, &json!({}))).await, Err(NetworkError::Forbidden(_))));
    for code in [400, 402, 404, 405, 413] {
        let answer = submitted(status(code, &json!({ "title": "No" }))).await;
        assert!(matches!(answer, Err(NetworkError::Refused { .. })), "{code}: {answer:?}");
    }
    let answer = horizon("http://127.0.0.1:1").submit("AA==").await;
    assert!(matches!(answer, Err(NetworkError::Unavailable(_))), "{answer:?}");
}

#[tokio::test]
async fn a_look_up_asks_in_the_order_that_proves_something() {
    let account = json!({
        "account_id": CHANNEL, "sequence": "7", "sequence_time": "1800000000",
        "thresholds": { "low_threshold": 0, "med_threshold": 0 }
    });
    let ledger = json!({ "sequence": 70, "closed_at": "2027-01-15T08:00:00Z" });
    let server = Server::start(move |path| match path {
        "/ledgers" => ok(&json!({ "_embedded": { "records": [ledger] } })),
        path if path.starts_with("/accounts/") => ok(&account),
        _ => status(404, &json!({ "title": "Resource Missing" })),
    })
    .await;
    let look = server.horizon().look_up("ab12", CHANNEL).await.unwrap();
    assert_eq!(look.source.unwrap().sequence, 7);
    assert_eq!(look.found, None, "404 is not yet, or never");
    let asked: Vec<_> = server.seen().into_iter().map(|(_, path, _)| path).collect();
    let wanted =
        ["/ledgers?order=desc&limit=1", &format!("/accounts/{CHANNEL}"), "/transactions/ab12"];
    assert_eq!(asked, wanted);
}

#[tokio::test]
async fn a_transaction_is_found_by_the_inner_hash_of_a_fee_bump() {
    let record = json!({
        "hash": "outer", "ledger": 70, "successful": true, "inner_transaction": { "hash": "inner" }
    });
    let server = Server::start(move |_| ok(&record)).await;
    let found = Some(FoundTransaction { ledger: 70, failed: None });
    assert_eq!(server.horizon().transaction("inner").await, Ok(found));
    let other = server.horizon().transaction("another").await;
    assert!(matches!(other, Err(NetworkError::Unreadable(_))), "{other:?}");
}

#[tokio::test]
async fn an_account_that_does_not_exist_is_no_error() {
    let server = Server::start(|_| status(404, &json!({ "title": "Resource Missing" }))).await;
    assert_eq!(server.horizon().account(CUSTOMER).await, Ok(None));
}

#[tokio::test]
async fn another_network_is_a_mistake_in_the_config() {
    let root = json!({ "network_passphrase": "Public Global Stellar Network ; September 2015", "history_latest_ledger": 1 });
    let server = Server::start(move |_| ok(&root)).await;
    let found = server.horizon().check().await;
    assert!(
        matches!(&found, Err(NetworkError::Options(why)) if why.contains(PASSPHRASE)),
        "{found:?}"
    );
}

#[tokio::test]
async fn pages_are_asked_for_behind_the_cursor_and_with_memos() {
    let server =
        Server::start(|_| ok(&json!({ "_embedded": { "records": [record("7"), record("8")] } })))
            .await;
    let page = server.horizon().payments(PAYER, Some("6"), 1000).await.unwrap();
    assert_eq!(page.len(), 2);
    assert!(
        matches!(&page[1].content, Content::Received(received) if received[0].incoming_id == "8")
    );
    server.horizon().payments(PAYER, None, 10).await.unwrap();
    let asked: Vec<_> = server.seen().into_iter().map(|(_, path, _)| path).collect();
    let base = format!("/accounts/{PAYER}/payments?order=asc&join=transactions");
    assert_eq!(asked, [format!("{base}&cursor=6&limit=200"), format!("{base}&limit=10")]);
}

/// A server whose streams are `pieces`, and then end, or hang.
async fn streaming(pieces: Vec<String>, hangs: bool) -> Server {
    Server::start(move |_| {
        let pieces = pieces.clone().into_iter().map(Ok::<_, std::io::Error>);
        let body = if hangs {
            Body::from_stream(futures_util::StreamExt::chain(
                stream::iter(pieces),
                stream::pending(),
            ))
        } else {
            Body::from_stream(stream::iter(pieces))
        };
        body.into_response()
    })
    .await
}

fn event(cursor: &str) -> String {
    format!("id: {cursor}\ndata: {}\n\n", record(cursor))
}

async fn read_all(server: &Server) -> (Vec<String>, Result<(), NetworkError>) {
    let mut stream = server.horizon().stream(PAYER, Some("6")).await.unwrap();
    let mut cursors = Vec::new();
    loop {
        match stream.next().await {
            Ok(Some(record)) => cursors.extend(record.cursor),
            Ok(None) => return (cursors, Ok(())),
            Err(error) => return (cursors, Err(error)),
        }
    }
}

#[tokio::test]
async fn a_stream_gives_its_records_until_it_says_goodbye() {
    let hello = "retry: 1000\nevent: open\ndata: \"hello\"\n\n".to_owned();
    let bye = "retry: 10\nevent: close\ndata: \"byebye\"\n\n".to_owned();
    let (first, second) = (event("7"), event("8"));
    let (head, tail) = second.split_at(20);
    let pieces = vec![hello, first, head.to_owned(), tail.to_owned(), bye];
    // It hangs after its goodbye, as a proxy may.
    let server = streaming(pieces, true).await;
    assert_eq!(read_all(&server).await, (vec!["7".to_owned(), "8".to_owned()], Ok(())));
    let (_, path, _) = server.seen().remove(0);
    assert!(path.contains("cursor=6") && path.contains("join=transactions"), "{path}");
}

#[tokio::test]
async fn a_stream_that_is_cut_gives_what_was_whole() {
    let half = event("8").split_at(50).0.to_owned();
    let server = streaming(vec![event("7"), half], false).await;
    assert_eq!(read_all(&server).await, (vec!["7".to_owned()], Ok(())));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_silent_for_too_long_is_dead() {
    let server = streaming(vec![event("7")], true).await;
    let (cursors, end) = read_all(&server).await;
    assert_eq!(cursors, ["7"]);
    assert!(
        matches!(&end, Err(NetworkError::Unavailable(why)) if why.contains("silent")),
        "{end:?}"
    );
}

#[tokio::test]
async fn a_stream_that_is_refused_is_told_as_any_answer() {
    let refused = |code| async move {
        let server = Server::start(move |_| status(code, &json!({}))).await;
        let Err(error) = server.horizon().stream(PAYER, None).await else { panic!("{code}") };
        error
    };
    assert!(matches!(refused(404).await, NetworkError::Refused { status: 404, .. }));
    assert!(matches!(refused(403).await, NetworkError::Forbidden(_)));
    for code in [429, 500, 504] {
        assert!(matches!(refused(code).await, NetworkError::Unavailable(_)), "{code}");
    }
}

#[tokio::test]
async fn a_stream_of_rubbish_ends() {
    for text in ["data: {\"id\": 7\n\n", "data: rubbish\n\n", "event: error\ndata: rate limit\n\n"]
    {
        let server = streaming(vec![text.to_owned()], true).await;
        let (cursors, end) = read_all(&server).await;
        assert!(cursors.is_empty() && end.is_err(), "{text}");
    }
}
