//! Servers that are slow, cut connections, send too much, or send us elsewhere.

use super::*;

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
    assert!(start.elapsed() >= SHORT && start.elapsed() < 30 * SHORT);
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
    assert!(start.elapsed() >= 4 * SHORT && start.elapsed() < 30 * SHORT);
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
        assert!(matches!(list(&client).await, Err(NetworkError::TooLarge { .. })), "{head}");
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
