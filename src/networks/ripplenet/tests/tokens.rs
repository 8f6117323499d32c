//! Tokens: fetched once, renewed early, replaced after a 401.

use super::*;

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
