//! Accounts, ledgers, payments and transactions as Horizon lists them.

use super::*;

fn payment(to: String, of: &str, amount: &str, memo: CustomerMemo) -> CustomerPayment {
    CustomerPayment { to, asset: of.to_owned(), amount: amount.to_owned(), memo }
}

async fn ten_payments() -> (Bench, Keys) {
    let bench = Bench::plain().await;
    let kim = bench.holder("kim");
    bench.sandbox.issue(&kim, &bench.usd, "1000").unwrap();
    let payments: Vec<CustomerPayment> = (0..10)
        .map(|n| payment(bench.bank.account(), &bench.usd, "1.5", CustomerMemo::Id(n)))
        .collect();
    bench.sandbox.pay_all(&kim, &payments).unwrap();
    (bench, kim)
}

#[tokio::test]
async fn pages_follow_one_another_both_ways() {
    let (bench, kim) = ten_payments().await;
    let path = format!("/accounts/{}/payments", kim.account());
    let (mut seen, mut next) = (Vec::new(), format!("{path}?limit=4&join=transactions"));
    loop {
        let (_, page) = bench.get(&next).await;
        let records = page["_embedded"]["records"].as_array().unwrap().clone();
        if records.is_empty() {
            break;
        }
        seen.extend(records);
        let href = page["_links"]["next"]["href"].as_str().unwrap();
        next = href.strip_prefix(&bench.sandbox.url()).unwrap().to_owned();
    }
    let memos: Vec<&str> =
        seen.iter().map(|record| record["transaction"]["memo"].as_str().unwrap()).collect();
    assert_eq!(memos, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert!(seen.iter().all(|record| record["transaction"]["memo_type"] == "id"));
    let token =
        |index: usize| seen[index]["paging_token"].as_str().unwrap().parse::<u64>().unwrap();
    // All in one ledger: transaction 1 to 10, operation 1.
    assert_eq!(token(0) & 0xFFFF_FFFF, 1 << 12 | 1);
    assert_eq!(token(9) & 0xFFFF_FFFF, 10 << 12 | 1);
    let back = bench.records(&format!("{path}?order=desc&limit=3")).await;
    assert_eq!(back[0]["id"], seen[9]["id"]);
    let back = bench.records(&format!("{path}?order=desc&limit=200&cursor={}", token(2))).await;
    assert_eq!(back.len(), 2);
    assert_eq!(bench.records(&format!("{path}?cursor=now")).await.len(), 0);
    assert_eq!(bench.records(&format!("{path}?cursor=now&order=desc&limit=20")).await.len(), 10);
}

#[tokio::test]
async fn a_payment_is_told_with_all_that_a_watcher_needs() {
    let bench = Bench::plain().await;
    let kim = bench.holder("kim");
    bench.sandbox.issue(&kim, &bench.usd, "1000").unwrap();
    let to = bench.bank.muxed(77);
    let text = CustomerMemo::Text(vec![b'h', b'i', 0xFF]);
    bench.sandbox.pay(&kim, &payment(to.clone(), &bench.usd, "0.0000001", text)).unwrap();
    let path = format!("/accounts/{}/payments?join=transactions", bench.bank.account());
    let records = bench.records(&path).await;
    let record = &records[0];
    assert_eq!(record["type"], "payment");
    assert_eq!(record["type_i"], 1);
    assert_eq!(record["transaction_successful"], true);
    assert_eq!(record["to"], bench.bank.account().as_str());
    assert_eq!(record["to_muxed"], to.as_str());
    assert_eq!(record["to_muxed_id"], "77");
    assert_eq!(record["from"], kim.account().as_str());
    assert_eq!(record["asset_type"], "credit_alphanum4");
    assert_eq!(record["asset_code"], "USD");
    assert_eq!(record["asset_issuer"], bench.bank.account().as_str());
    assert_eq!(record["amount"], "0.0000001");
    assert_eq!(record["created_at"], "2021-03-03T00:00:00Z");
    let transaction = &record["transaction"];
    assert_eq!(transaction["memo"], "hi\u{fffd}");
    assert_eq!(transaction["memo_bytes"], "aGn/");
    assert_eq!(transaction["hash"], record["transaction_hash"]);
    let paid = &bench.sandbox.payments_to(&bench.bank.account())[0];
    assert_eq!(paid.to_muxed_id, Some(77));
    assert_eq!(paid.id.to_string(), record["id"].as_str().unwrap());
}

#[tokio::test]
async fn customers_meet_the_rules_of_the_ledger_too() {
    let bench = Bench::plain().await;
    let kim = bench.holder("kim");
    let pay = |of: &str| payment(bench.bank.account(), of, "5", CustomerMemo::None);
    assert_eq!(bench.sandbox.pay(&kim, &pay(&bench.usd)), Err(Refused("op_underfunded".into())));
    assert!(bench.sandbox.pay(&kim, &pay("native")).is_ok());
    assert!(bench.sandbox.issue(&Keys::of("x"), &bench.usd, "1").is_err());
    assert!(bench.sandbox.pay(&Keys::of("x"), &pay("native")).is_err());
    bench.assert_in_order();
}

#[tokio::test]
async fn wrong_questions_are_refused_and_noted() {
    let (bench, kim) = ten_payments().await;
    let path = format!("/accounts/{}/payments", kim.account());
    for query in ["cursor=x", "limit=201", "order=up", "colour=red"] {
        let (status, body) = bench.get(&format!("{path}?{query}")).await;
        assert_eq!(status, 400);
        assert_eq!(body["type"], "https://stellar.org/horizon-errors/bad_request");
        assert_eq!(body["extras"]["invalid_field"], query.split('=').next().unwrap());
    }
    assert_eq!(bench.get("/accounts/GABC").await.0, 400);
    assert_eq!(bench.get("/nothing").await.0, 404);
    assert_eq!(bench.sandbox.violations().len(), 6);
    // What is merely not there is no mistake.
    assert_eq!(bench.get(&format!("/accounts/{}", Keys::of("x").account())).await.0, 404);
    assert_eq!(bench.get(&format!("/transactions/{}", "0".repeat(64))).await.0, 404);
    assert_eq!(bench.sandbox.violations().len(), 6);
}

#[tokio::test]
async fn the_network_tells_of_itself() {
    let (bench, _) = ten_payments().await;
    let (_, root) = bench.get("/").await;
    assert_eq!(root["network_passphrase"], bench.sandbox.passphrase().as_str());
    assert_eq!(root["history_latest_ledger"], bench.sandbox.ledger());
    let ledgers = bench.records("/ledgers?order=desc&limit=1").await;
    assert_eq!(ledgers[0]["sequence"], bench.sandbox.ledger());
    assert_eq!(ledgers[0]["base_fee_in_stroops"], 100);
    assert_eq!(ledgers[0]["successful_transaction_count"], 10);
    let (_, stats) = bench.get("/fee_stats").await;
    assert_eq!(stats["last_ledger_base_fee"], "100");
    assert_eq!(stats["ledger_capacity_usage"], "0.01");
    assert_eq!(stats["fee_charged"]["p99"], "100");
    let new = Keys::of("new").account();
    assert_eq!(bench.get(&format!("/friendbot?addr={new}")).await.0, 200);
    assert_eq!(bench.sandbox.balance(&new, "native"), Some(100_000_000_000));
    assert_eq!(bench.get(&format!("/friendbot?addr={new}")).await.0, 400);
    bench.assert_in_order();
}

#[tokio::test]
async fn a_horizon_that_lags_knows_nothing_new() {
    let (bench, kim) = ten_payments().await;
    let path = format!("/accounts/{}", kim.account());
    let before = bench.get(&path).await.1;
    bench.lag(u32::MAX);
    let seen = bench.sandbox.ledger();
    let pay = payment(bench.bank.account(), &bench.usd, "1", CustomerMemo::None);
    let hash = bench.sandbox.pay(&kim, &pay).unwrap();
    assert_eq!(bench.get(&format!("/transactions/{hash}")).await.0, 404);
    assert_eq!(bench.records(&format!("{path}/payments?limit=200")).await.len(), 10);
    assert_eq!(bench.get(&path).await.1, before);
    let (_, root) = bench.get("/").await;
    assert_eq!(root["history_latest_ledger"], seen);
    assert_eq!(root["core_latest_ledger"], seen + 1);
    bench.lag(0);
    assert_eq!(bench.get(&format!("/transactions/{hash}")).await.0, 200);
    assert_eq!(bench.records(&format!("{path}/payments?limit=200")).await.len(), 11);
    assert_ne!(bench.get(&path).await.1, before);
}

#[tokio::test]
async fn after_a_reset_an_old_cursor_lies_beyond_the_end() {
    let (bench, kim) = ten_payments().await;
    let path = format!("/accounts/{}/payments", kim.account());
    let records = bench.records(&path).await;
    let cursor = records[9]["paging_token"].as_str().unwrap();
    bench.sandbox.change(|network, now| network.reset(now));
    assert_eq!(bench.sandbox.ledger(), 2);
    assert_eq!(bench.get(&format!("/accounts/{}", kim.account())).await.0, 404);
    let kim = bench.sandbox.account("kim", "10").unwrap();
    let bank = bench.sandbox.account("bank", "10").unwrap();
    let pay = payment(bank.account(), "native", "1", CustomerMemo::None);
    bench.sandbox.pay(&kim, &pay).unwrap();
    assert_eq!(bench.records(&format!("{path}?cursor={cursor}")).await.len(), 0);
    assert_eq!(bench.records(&path).await.len(), 1);
    bench.assert_in_order();
}

#[tokio::test]
async fn what_horizon_has_forgotten_is_gone() {
    let (bench, kim) = ten_payments().await;
    let path = format!("/accounts/{}/payments", kim.account());
    bench.sandbox.change(|network, _| network.elder = network.ledger.last().sequence + 1);
    let (status, body) = bench.get(&format!("{path}?cursor=1")).await;
    assert_eq!(status, 410);
    assert_eq!(body["type"], "https://stellar.org/horizon-errors/before_history");
    assert_eq!(bench.records(&path).await.len(), 0);
}

#[tokio::test]
async fn an_account_tells_when_its_sequence_was_used() {
    let bench = Bench::plain().await;
    let kim = bench.sandbox.account("kim", "10").unwrap();
    let path = format!("/accounts/{}", kim.account());
    let (_, account) = bench.get(&path).await;
    assert_eq!(
        (&account["sequence_time"], &account["data"]),
        (&Value::Null, &serde_json::json!({}))
    );
    bench.pass(60);
    let pay = payment(bench.bank.account(), "native", "1", CustomerMemo::None);
    bench.sandbox.pay(&kim, &pay).unwrap();
    let (_, account) = bench.get(&path).await;
    assert_eq!(account["sequence_time"], (START + 60).to_string());
    assert_eq!(account["sequence_ledger"], bench.sandbox.ledger());
}
