//! The client against servers on loopback, each of which behaves in one way.

use std::future::IntoFuture;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request as HttpRequest, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::*;

const PAGE: &str = include_str!("fixtures/payments-page.json");
const ID: &str = "f293947c-9067-47d7-a69e-6658070ed482";
const WINDOW: Window = Window { after: None, before: None, page: 0, size: 100 };
const SHORT: Duration = Duration::from_millis(100);

/// A request as a server saw it.
#[derive(Debug, Clone)]
struct Seen {
    path: String,
    query: String,
    token: String,
    body: String,
    /// Which request to this path it is, from 1.
    nth: usize,
}

#[derive(Clone)]
struct Server {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// A server that gives out the tokens t1, t2, … unless `answer` does, and 404 for the rest.
    async fn start(
        answer: impl Fn(&Seen) -> Option<Response> + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { url, seen: Arc::default() };
        let books = server.clone();
        let router = Router::new().fallback(move |request: HttpRequest<Body>| {
            let (books, answer) = (books.clone(), answer.clone());
            async move {
                let seen = books.note(request).await;
                answer(&seen).unwrap_or_else(|| match seen.path.as_str() {
                    "/oauth/token" => {
                        let token = format!("t{}", seen.nth);
                        ok(json!({ "access_token": token, "expires_in": 3600 }))
                    }
                    _ => StatusCode::NOT_FOUND.into_response(),
                })
            }
        });
        tokio::spawn(axum::serve(listener, router).into_future());
        server
    }

    async fn note(&self, request: HttpRequest<Body>) -> Seen {
        let (head, body) = request.into_parts();
        let token = head.headers.get("authorization").map(|value| value.to_str().unwrap());
        let path = head.uri.path().to_owned();
        let query = head.uri.query().unwrap_or_default().to_owned();
        let token = token.unwrap_or_default().to_owned();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let mut all = self.seen.lock().unwrap();
        let nth = all.iter().filter(|seen| seen.path == path).count() + 1;
        let seen = Seen { path, query, token, body, nth };
        all.push(seen.clone());
        seen
    }

    fn seen(&self, path: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.path.ends_with(path)).cloned().collect()
    }

    fn client(&self) -> Client {
        self.client_with(|_| {})
    }

    fn client_with(&self, change: impl Fn(&mut ClientOptions)) -> Client {
        let mut options = self.options();
        change(&mut options);
        Client::new(options, Clock::system(), |_| {}).unwrap()
    }

    fn options(&self) -> ClientOptions {
        ClientOptions {
            network: "acme".to_owned(),
            base_url: self.url.clone(),
            token_url: format!("{}/oauth/token", self.url),
            audience: "urn:ripplexcurrent-test:acme".to_owned(),
            client_id: "id".to_owned(),
            client_secret: "s3cret".into(),
            connector_role: ConnectorRole::Receiving,
            timeout: Duration::from_secs(10),
            requests_per_second: 10_000,
            retry: RetryPolicy { max_attempts: 3, max_interval: Duration::from_millis(2) },
        }
    }
}

/// A server that does with each connection what `act` does, and counts them.
async fn raw<F>(act: impl Fn(TcpStream) -> F + Send + 'static) -> (String, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(act(stream));
        }
    });
    (url, connections)
}

async fn head_of_request(stream: &mut TcpStream) {
    let mut read = Vec::new();
    while !read.windows(4).any(|end| end == b"\r\n\r\n")
        && stream.read_buf(&mut read).await.unwrap() > 0
    {}
}

fn ok(body: Value) -> Response {
    body.to_string().into_response()
}

fn status(status: u16) -> Option<Response> {
    Some(StatusCode::from_u16(status).unwrap().into_response())
}

fn page() -> Option<Response> {
    Some(PAGE.into_response())
}

fn payment() -> Option<Response> {
    let page: Value = serde_json::from_str(PAGE).unwrap();
    Some(ok(page["content"][0].clone()))
}

fn is_token(seen: &Seen) -> bool {
    seen.path == "/oauth/token"
}

async fn list(client: &Client) -> Result<Listing, NetworkError> {
    client.list(&[PaymentState::Accepted], &WINDOW).await
}

async fn lock(client: &Client) -> Result<OperationAnswer, NetworkError> {
    client.operate(ID, &Operation::Lock, Some("ours")).await
}

fn is_unknown(answer: &Result<OperationAnswer, NetworkError>) -> bool {
    matches!(answer, Ok(OperationAnswer::Unknown { .. }))
}

#[tokio::test]
async fn fifty_calls_at_once_fetch_one_token() {
    let server = Server::start(|seen| (!is_token(seen)).then(page).flatten()).await;
    let client = server.client();
    let lists = join_all((0..50).map(|_| list(&client))).await;
    assert!(lists.iter().all(Result::is_ok));
    assert_eq!(server.seen("/payments").len(), 50);
    assert!(server.seen("/payments").iter().all(|seen| seen.token == "Bearer t1"));
    let [asked] = &server.seen("/oauth/token")[..] else { panic!("more than one token") };
    let expected = json!({ "client_id": "id", "client_secret": "s3cret",
        "audience": "urn:ripplexcurrent-test:acme", "grant_type": "client_credentials" });
    assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), expected);
}

#[tokio::test]
async fn refused_credentials_are_asked_about_once_by_all_who_wait() {
    for code in [400, 401, 403, 404] {
        let server =
            Server::start(move |seen| is_token(seen).then(|| status(code)).flatten()).await;
        let client = server.client();
        let lists = join_all((0..50).map(|_| list(&client))).await;
        assert!(lists.iter().all(|list| matches!(list, Err(NetworkError::Credentials(_)))));
        assert_eq!(server.seen("/oauth/token").len(), 1);
        assert_eq!(server.seen("/payments").len(), 0);
        assert!(matches!(lock(&client).await, Err(NetworkError::Credentials(_))));
        assert_eq!(server.seen("/oauth/token").len(), 2, "who comes later asks anew");
    }
}

#[tokio::test]
async fn a_401_is_answered_with_one_new_token() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/oauth/token" => None,
        _ if seen.token == "Bearer t1" => status(401),
        "/v4/payments" => page(),
        _ => payment(),
    })
    .await;
    let client = server.client();
    let calls = join_all((0..20).map(|_| list(&client))).await;
    assert!(calls.iter().all(Result::is_ok));
    assert_eq!(server.seen("/oauth/token").len(), 2);

    let client = server.client_with(|options| options.audience = "again".to_owned());
    server.seen.lock().unwrap().clear();
    assert!(matches!(lock(&client).await, Ok(OperationAnswer::Done(_))), "a 401 was not applied");
    assert_eq!(server.seen("/lock").len(), 2);
}

#[tokio::test]
async fn a_second_401_is_the_operators() {
    let server = Server::start(|seen| (!is_token(seen)).then(|| status(401)).flatten()).await;
    let client = server.client();
    assert!(matches!(list(&client).await, Err(NetworkError::Credentials(_))));
    assert_eq!((server.seen("/payments").len(), server.seen("/oauth/token").len()), (2, 2));
    assert!(matches!(lock(&client).await, Err(NetworkError::Credentials(_))));
    assert_eq!(server.seen("/lock").len(), 2);
}

#[tokio::test]
async fn a_403_has_no_second_try() {
    let server = Server::start(|seen| (!is_token(seen)).then(|| status(403)).flatten()).await;
    let client = server.client();
    assert!(matches!(list(&client).await, Err(NetworkError::Forbidden(_))));
    assert!(matches!(lock(&client).await, Err(NetworkError::Forbidden(_))));
    assert_eq!((server.seen("/payments").len(), server.seen("/lock").len()), (1, 1));
    assert_eq!(server.seen("/oauth/token").len(), 1);
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
async fn a_server_that_never_answers_ends_at_the_timeout() {
    let tokens = Server::start(|_| None).await;
    let (url, connections) = raw(|mut stream| async move {
        head_of_request(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let client = tokens.client_with(|options| {
        options.base_url.clone_from(&url);
        options.timeout = SHORT;
    });
    let start = Instant::now();
    assert!(is_unknown(&lock(&client).await));
    assert!(start.elapsed() >= SHORT && start.elapsed() < 10 * SHORT);
    assert_eq!(connections.load(Ordering::Relaxed), 1);
    assert!(matches!(list(&client).await, Err(NetworkError::Unavailable(_))));
    assert_eq!(connections.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn a_byte_now_and_then_is_no_answer_either() {
    let tokens = Server::start(|_| None).await;
    let (url, _) = raw(|mut stream| async move {
        head_of_request(&mut stream).await;
        let mut pace = tokio::time::interval(SHORT / 20);
        if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{").await.is_ok() {
            while stream.write_all(b" ").await.is_ok() {
                pace.tick().await;
            }
        }
    })
    .await;
    let client = tokens.client_with(|options| {
        options.base_url.clone_from(&url);
        options.timeout = SHORT;
    });
    let start = Instant::now();
    assert!(is_unknown(&lock(&client).await));
    assert!(matches!(client.get(ID).await, Err(NetworkError::Unavailable(_))));
    assert!(start.elapsed() >= 4 * SHORT && start.elapsed() < 10 * SHORT);
}

#[tokio::test]
async fn a_cut_connection_leaves_an_operation_unclear() {
    let tokens = Server::start(|_| None).await;
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"payment_id\":"] {
        let (url, connections) = raw(move |mut stream| async move {
            head_of_request(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
        .await;
        let client = tokens.client_with(|options| options.base_url.clone_from(&url));
        assert!(is_unknown(&lock(&client).await), "{answer}");
        assert_eq!(connections.load(Ordering::Relaxed), 1);
        assert!(matches!(list(&client).await, Err(NetworkError::Unavailable(_))));
        assert_eq!(connections.load(Ordering::Relaxed), 4);
    }
}

#[tokio::test]
async fn a_refusal_stands_without_its_words() {
    let tokens = Server::start(|_| None).await;
    let (url, _) = raw(|mut stream| async move {
        head_of_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\n{").await.unwrap();
    })
    .await;
    let client = tokens.client_with(|options| options.base_url.clone_from(&url));
    assert!(matches!(lock(&client).await, Ok(OperationAnswer::Refused { status: 404, .. })));
}

#[tokio::test]
async fn where_nothing_was_sent_an_operation_is_surely_not_applied() {
    let tokens = Server::start(|_| None).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = tokens.client_with(|options| options.base_url = format!("http://{closed}"));
    assert!(matches!(lock(&client).await, Err(NetworkError::Unavailable(_))));
    assert!(matches!(list(&client).await, Err(NetworkError::Unavailable(_))));
}

#[tokio::test]
async fn a_body_larger_than_any_page_is_not_read_to_its_end() {
    let tokens = Server::start(|_| None).await;
    let chunk = vec![b' '; 1 << 20];
    for head in ["content-length: 52428800\r\n\r\n", "transfer-encoding: chunked\r\n\r\n"] {
        let chunk = chunk.clone();
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let (url, _) = raw(move |mut stream| {
            let (chunk, counted) = (chunk.clone(), Arc::clone(&counted));
            async move {
                head_of_request(&mut stream).await;
                stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}").as_bytes()).await.unwrap();
                for _ in 0..50 {
                    if head.starts_with("transfer")
                        && stream.write_all(b"100000\r\n").await.is_err()
                    {
                        return;
                    }
                    if stream.write_all(&chunk).await.is_err() {
                        return;
                    }
                    counted.fetch_add(1, Ordering::Relaxed);
                    if head.starts_with("transfer") && stream.write_all(b"\r\n").await.is_err() {
                        return;
                    }
                }
            }
        })
        .await;
        let client = tokens.client_with(|options| {
            options.base_url.clone_from(&url);
            options.retry.max_attempts = 1;
        });
        assert!(matches!(list(&client).await, Err(NetworkError::Unreadable(_))), "{head}");
        assert!(
            sent.load(Ordering::Relaxed) < 45,
            "{} MiB were read",
            sent.load(Ordering::Relaxed)
        );
    }
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect() {
    let elsewhere = Server::start(|_| page()).await;
    let target = elsewhere.url.clone();
    let server = Server::start(move |seen| {
        let to = [("location", target.clone())];
        (!is_token(seen)).then(|| (StatusCode::TEMPORARY_REDIRECT, to).into_response())
    })
    .await;
    let client = server.client();
    assert!(matches!(list(&client).await, Err(NetworkError::Refused { status: 307, .. })));
    assert!(is_unknown(&lock(&client).await));
    assert!(elsewhere.seen("").is_empty());
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires() {
    let server = Server::start(|seen| match (seen.path.as_str(), seen.nth) {
        ("/oauth/token", 3) => status(400),
        ("/oauth/token", _) => None,
        _ => page(),
    })
    .await;
    let now = Arc::new(Mutex::new(DateTime::<Utc>::UNIX_EPOCH));
    let told = Arc::clone(&now);
    let clock = Clock::from_fn(move || *told.lock().unwrap());
    let client = Client::new(server.options(), clock, |_| {}).unwrap();
    let after = async |seconds: i64| {
        *now.lock().unwrap() += TimeDelta::seconds(seconds);
        list(&client).await.map(|_| server.seen("/payments").last().unwrap().token.clone())
    };
    assert_eq!(after(0).await, Ok("Bearer t1".to_owned()));
    assert_eq!(after(2500).await, Ok("Bearer t1".to_owned()));
    assert_eq!(after(400).await, Ok("Bearer t2".to_owned()), "700 s before its end");
    assert!(matches!(after(2900).await, Err(NetworkError::Credentials(_))));
    assert_eq!(after(0).await, Ok("Bearer t4".to_owned()));
}

#[tokio::test]
async fn a_bad_moment_of_the_token_endpoint_is_outlived() {
    let server = Server::start(|seen| match (seen.path.as_str(), seen.nth) {
        ("/oauth/token", 2..) => status(503),
        ("/oauth/token", _) => None,
        _ => page(),
    })
    .await;
    let now = Arc::new(Mutex::new(DateTime::<Utc>::UNIX_EPOCH));
    let told = Arc::clone(&now);
    let clock = Clock::from_fn(move || *told.lock().unwrap());
    let client = Client::new(server.options(), clock, |_| {}).unwrap();
    assert!(list(&client).await.is_ok());
    *now.lock().unwrap() += TimeDelta::seconds(3000);
    assert!(list(&client).await.is_ok(), "the old token lasts");
    assert!(list(&client).await.is_ok());
    assert_eq!(server.seen("/oauth/token").len(), 4, "one fetch of three tries, then a pause");
    *now.lock().unwrap() += TimeDelta::seconds(600);
    assert!(matches!(list(&client).await, Err(NetworkError::Unavailable(_))));
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
