//! What the ledger makes of transactions and operations.

use stellar_xdr::{
    Asset, ChangeTrustAsset, ChangeTrustOp, ClaimPredicate, Claimant, ClaimantV0,
    CreateClaimableBalanceOp, ReadXdr as _, SetOptionsOp, Signer, SignerKey, TransactionResult,
    TransactionResultResult, Uint256,
};

use super::*;

pub(super) fn op(body: OperationBody) -> Operation {
    Operation { source_account: None, body }
}

fn by(source: &Keys, mut operation: Operation) -> Operation {
    operation.source_account = Some(source.key().muxed());
    operation
}

#[tokio::test]
async fn a_payment_moves_money_and_is_on_record() {
    let bench = Bench::plain().await;
    let kim = bench.holder("kim");
    let mut transaction =
        bench.transaction(&bench.bank, vec![bench.pay(&kim.account(), &bench.usd, 125_000_000)]);
    transaction.memo = Memo::Id(u64::MAX);
    let signed = bench.sign(&transaction, &[&bench.bank]);
    let (status, record) = bench.submit(&signed).await;
    assert_eq!(status, 200, "{record}");
    assert_eq!(record["hash"], signed.hash.as_str());
    assert_eq!(record["successful"], true);
    assert_eq!(record["memo"], "18446744073709551615");
    assert_eq!(record["envelope_xdr"], signed.xdr.as_str());
    assert_eq!(record["fee_charged"], "100");
    let result = record["result_xdr"].as_str().unwrap();
    let result = TransactionResult::from_xdr_base64(result, Limits::none()).unwrap();
    assert!(matches!(result.result, TransactionResultResult::TxSuccess(_)));
    assert_eq!(bench.sandbox.balance(&kim.account(), &bench.usd), Some(125_000_000));
    let paid = bench.sandbox.payments_to(&kim.account());
    assert_eq!(paid.len(), 1);
    assert_eq!((paid[0].memo_type, paid[0].amount), ("id", 125_000_000));
    assert_eq!(paid[0].hash, signed.hash);
    assert_eq!(bench.sandbox.fate(&signed.hash), Fate::Applied(bench.sandbox.ledger()));
    assert_eq!(bench.sandbox.violations(), Vec::<String>::new());
    bench.assert_in_order();
}

#[tokio::test]
async fn a_failed_transaction_costs_its_fee_and_its_sequence() {
    let bench = Bench::plain().await;
    let kim = bench.holder("kim");
    let before = bench.sandbox.balance(&bench.bank.account(), "native").unwrap();
    let sequence = bench.sandbox.sequence(&bench.bank.account()).unwrap();
    let good = bench.pay(&kim.account(), &bench.usd, 7);
    let bad = bench.pay(&Keys::of("nobody").account(), &bench.usd, 7);
    let signed = bench.signed(&bench.bank, vec![good, bad]);
    let (code, operations) = bench.refusal(&signed).await;
    assert_eq!(code, "tx_failed");
    assert_eq!(operations, ["op_success", "op_no_destination"]);
    assert_eq!(bench.sandbox.balance(&bench.bank.account(), "native"), Some(before - 200));
    assert_eq!(bench.sandbox.sequence(&bench.bank.account()), Some(sequence + 1));
    assert_eq!(bench.sandbox.balance(&kim.account(), &bench.usd), Some(0));
    assert_eq!(bench.sandbox.payments_to(&kim.account()), []);
    assert!(matches!(bench.sandbox.fate(&signed.hash), Fate::Failed(_)));
    // It is known, and told as it was; lists leave it out.
    assert_eq!(bench.get(&format!("/transactions/{}", signed.hash)).await.1["successful"], false);
    assert_eq!(bench.refusal(&signed).await.0, "tx_failed");
    let path = format!("/accounts/{}/transactions", bench.bank.account());
    assert_eq!(bench.records(&path).await.len(), 0);
    assert_eq!(bench.records(&format!("{path}?include_failed=true")).await.len(), 1);
    bench.assert_in_order();
}

#[tokio::test]
async fn payments_fail_with_horizons_codes() {
    let bench = Bench::plain().await;
    let (kim, lee) = (bench.holder("kim"), bench.holder("lee"));
    let poor = bench.sandbox.account("poor", "2").unwrap();
    bench.sandbox.issue(&kim, &bench.usd, "10").unwrap();
    let usd = |to: &Keys, amount| bench.pay(&to.account(), &bench.usd, amount);
    assert_eq!(bench.failure(&kim, usd(&poor, 1)).await, "op_no_trust");
    assert_eq!(bench.failure(&kim, usd(&Keys::of("x"), 1)).await, "op_no_destination");
    assert_eq!(bench.failure(&kim, usd(&lee, 100_000_001)).await, "op_underfunded");
    assert_eq!(bench.failure(&poor, usd(&lee, 1)).await, "op_src_no_trust");
    assert_eq!(bench.failure(&kim, usd(&lee, 0)).await, "op_malformed");
    bench.sandbox.trust(&lee, &bench.usd, "5").unwrap();
    assert_eq!(bench.failure(&kim, usd(&lee, 50_000_001)).await, "op_line_full");
    bench.sandbox.authorize(&lee, &bench.usd, false).unwrap();
    assert_eq!(bench.failure(&kim, usd(&lee, 1)).await, "op_not_authorized");
    bench.sandbox.authorize(&kim, &bench.usd, false).unwrap();
    bench.sandbox.authorize(&lee, &bench.usd, true).unwrap();
    assert_eq!(bench.failure(&kim, usd(&lee, 1)).await, "op_src_not_authorized");
    let lumens = bench.pay(&lee.account(), "native", 10_000_001);
    assert_eq!(bench.failure(&poor, lumens).await, "op_underfunded");
    bench.assert_in_order();
}

#[tokio::test]
async fn accounts_are_created_above_the_reserve() {
    let bench = Bench::plain().await;
    let kim = Keys::of("kim");
    assert_eq!(bench.failure(&bench.bank, bench.create(&kim, 9_999_999)).await, "op_low_reserve");
    let create = bench.create(&kim, 20_100_000);
    assert_eq!(bench.submit(&bench.signed(&bench.bank, vec![create.clone()])).await.0, 200);
    assert_eq!(bench.failure(&bench.bank, create).await, "op_already_exists");
    let (status, account) = bench.get(&format!("/accounts/{}", kim.account())).await;
    assert_eq!(status, 200);
    assert_eq!(account["balances"][0]["balance"], "2.0100000");
    let ledger = u64::from(bench.sandbox.payments_to(&kim.account())[0].ledger);
    assert_eq!(account["sequence"], (ledger << 32).to_string());
    bench.assert_in_order();
}

#[tokio::test]
async fn a_trustline_needs_its_reserve_its_issuer_and_maybe_an_authorization() {
    let bench = Bench::plain().await;
    let kim = bench.sandbox.account("kim", "1.50001").unwrap();
    let line = |of: &str, limit| {
        let line = match asset(of).unwrap() {
            Asset::CreditAlphanum4(it) => ChangeTrustAsset::CreditAlphanum4(it),
            Asset::CreditAlphanum12(it) => ChangeTrustAsset::CreditAlphanum12(it),
            Asset::Native => ChangeTrustAsset::Native,
        };
        op(OperationBody::ChangeTrust(ChangeTrustOp { line, limit }))
    };
    let foreign = format!("EURT:{}", Keys::of("no issuer").account());
    assert_eq!(bench.failure(&kim, line(&foreign, 1)).await, "op_no_issuer");
    let signed = bench.signed(&kim, vec![line(&bench.usd, 5)]);
    // The fee has eaten into the reserve.
    assert_eq!(bench.refusal(&signed).await.1, ["op_low_reserve"]);
    bench.sandbox.account("kim", "1").unwrap();
    bench.sandbox.require_authorization(&bench.bank).unwrap();
    assert_eq!(bench.submit(&bench.signed(&kim, vec![line(&bench.usd, 5)])).await.0, 200);
    let (_, account) = bench.get(&format!("/accounts/{}", kim.account())).await;
    assert_eq!(account["balances"][0]["is_authorized"], false);
    assert_eq!(account["balances"][0]["limit"], "0.0000005");
    assert_eq!(account["subentry_count"], 1);
}

#[tokio::test]
async fn signatures_must_reach_the_thresholds_and_none_may_be_too_many() {
    let bench = Bench::plain().await;
    let [kim, lee] = ["kim", "lee"].map(|name| bench.holder(name));
    let pay = || bench.pay(&lee.account(), "native", 1);
    let check = async |transaction: &Transaction, signers: &[&Keys]| {
        bench.refusal(&bench.sign(transaction, signers)).await
    };
    let transaction = bench.transaction(&kim, vec![pay()]);
    assert_eq!(check(&transaction, &[]).await.0, "tx_bad_auth");
    assert_eq!(check(&transaction, &[&lee]).await.0, "tx_bad_auth");
    assert_eq!(check(&transaction, &[&kim, &lee]).await.0, "tx_bad_auth_extra");
    assert_eq!(bench.sandbox.violations().len(), 3);
    // Another account's operation needs that account's signature.
    let foreign = bench.transaction(&kim, vec![by(&lee, pay())]);
    let refused = ("tx_failed".to_owned(), vec!["op_bad_auth".to_owned()]);
    assert_eq!(check(&foreign, &[&kim]).await, refused);
    assert_eq!(bench.submit(&bench.sign(&foreign, &[&kim, &lee])).await.0, 200);
    // Two signers, a medium threshold that takes both.
    let signer = Signer { key: SignerKey::Ed25519(Uint256(lee.key().0)), weight: 1 };
    let options = SetOptionsOp {
        inflation_dest: None,
        clear_flags: None,
        set_flags: None,
        master_weight: Some(1),
        low_threshold: Some(1),
        med_threshold: Some(2),
        high_threshold: Some(2),
        home_domain: None,
        signer: Some(signer),
    };
    let shared = bench.signed(&kim, vec![op(OperationBody::SetOptions(options))]);
    assert_eq!(bench.submit(&shared).await.0, 200);
    let transaction = bench.transaction(&kim, vec![pay()]);
    assert_eq!(check(&transaction, &[&kim]).await.1, ["op_bad_auth"]);
    assert_eq!(bench.submit(&bench.sign(&transaction, &[&lee, &kim])).await.0, 200);
    let (_, account) = bench.get(&format!("/accounts/{}", kim.account())).await;
    assert_eq!(account["thresholds"]["med_threshold"], 2);
    assert_eq!(account["signers"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn sequence_and_time_are_exact() {
    let bench = Bench::plain().await;
    let kim = bench.holder("kim");
    let pay = || vec![bench.pay(&bench.bank.account(), "native", 1)];
    let refuse = async |change: &dyn Fn(&mut Transaction)| {
        let mut transaction = bench.transaction(&kim, pay());
        change(&mut transaction);
        bench.refusal(&bench.sign(&transaction, &[&kim])).await.0
    };
    let now = u64::try_from(START).unwrap();
    assert_eq!(refuse(&|it| it.seq_num.0 += 1).await, "tx_bad_seq");
    assert_eq!(refuse(&|it| it.seq_num.0 -= 1).await, "tx_bad_seq");
    assert_eq!(refuse(&|it| it.cond = bounds(0, now - 1)).await, "tx_too_late");
    assert_eq!(refuse(&|it| it.cond = bounds(now + 1, 0)).await, "tx_too_early");
    assert_eq!(refuse(&|it| it.fee = 99).await, "tx_insufficient_fee");
    assert_eq!(
        refuse(&|it| it.operations = Vec::new().try_into().unwrap()).await,
        "tx_missing_operation"
    );
    let nobody = Keys::of("nobody");
    let gone = |it: &mut Transaction| it.source_account = nobody.key().muxed();
    assert_eq!(refuse(&gone).await, "tx_no_source_account");
    // Unbounded is taken, and noted.
    let mut transaction = bench.transaction(&kim, pay());
    transaction.cond = Preconditions::None;
    assert_eq!(bench.submit(&bench.sign(&transaction, &[&kim])).await.0, 200);
    let noted = bench.sandbox.violations();
    assert!(noted.iter().any(|it| it.contains("applied for ever")), "{noted:?}");
}

#[tokio::test]
async fn a_fee_bump_pays_for_what_bid_too_little() {
    let bench = Bench::plain().await;
    let (kim, payer) = (bench.holder("kim"), bench.holder("payer"));
    bench.sandbox.change(|network, _| network.ledger.min_fee = 5_000);
    let inner = bench.signed(&kim, vec![bench.pay(&payer.account(), "native", 10)]);
    assert_eq!(bench.refusal(&inner).await.0, "tx_insufficient_fee");
    assert_eq!(bench.refusal(&bench.bump(&inner, &payer, 9_999)).await.0, "tx_insufficient_fee");
    let bump = bench.bump(&inner, &payer, 20_000);
    let before = bench.sandbox.balance(&payer.account(), "native").unwrap();
    let (status, record) = bench.submit(&bump).await;
    assert_eq!(status, 200, "{record}");
    assert_eq!(record["hash"], bump.hash.as_str());
    assert_eq!(record["inner_transaction"]["hash"], inner.hash.as_str());
    assert_eq!(record["fee_account"], payer.account().as_str());
    assert_eq!(record["fee_charged"], "10000");
    assert_eq!(bench.sandbox.balance(&payer.account(), "native"), Some(before - 10_000 + 10));
    // By the inner hash it is found too, under that hash.
    let (_, record) = bench.get(&format!("/transactions/{}", inner.hash)).await;
    assert_eq!(record["hash"], inner.hash.as_str());
    assert_eq!(record["fee_bump_transaction"]["hash"], bump.hash.as_str());
    // What is wrong inside is told from what is wrong outside.
    let again = bench.bump(&bench.sign(&bench.transaction(&kim, vec![]), &[&kim]), &payer, 20_000);
    let (_, body) = bench.submit(&again).await;
    assert_eq!(body["extras"]["result_codes"]["transaction"], "tx_fee_bump_inner_failed");
    assert_eq!(body["extras"]["result_codes"]["inner_transaction"], "tx_missing_operation");
    let (_, stats) = bench.get("/fee_stats").await;
    assert_eq!(stats["fee_charged"]["max"], "5000");
    assert_eq!(stats["max_fee"]["mode"], "10000");
    bench.assert_in_order();
}

#[tokio::test]
async fn a_ledger_takes_the_best_bids_first() {
    let bench = Bench::by_hand().await;
    bench.sandbox.change(|network, _| network.ledger.capacity = 2);
    let keys: Vec<Keys> = (0..4).map(|n| bench.holder(&format!("payer {n}"))).collect();
    for (n, payer) in keys.iter().enumerate() {
        let mut transaction =
            bench.transaction(payer, vec![bench.pay(&bench.bank.account(), "native", 1)]);
        transaction.fee = 100 + 10 * u32::try_from(n).unwrap();
        let signed = bench.sign(&transaction, &[payer]);
        assert_eq!(bench.submit_async(&signed).await.0, 201);
    }
    bench.sandbox.close();
    let rich = |n: usize| bench.sandbox.payments_from(&keys[n].account()).len();
    assert_eq!([0, 1, 2, 3].map(rich), [0, 0, 1, 1]);
    // Who was in a full ledger pays what the cheapest in it bid.
    let (_, stats) = bench.get("/fee_stats").await;
    assert_eq!(stats["fee_charged"]["max"], "120");
    assert_eq!(bench.sandbox.waiting(), 2);
    bench.sandbox.close();
    assert_eq!([0, 1, 2, 3].map(rich), [1, 1, 1, 1]);
    bench.assert_in_order();
}

/// A few accounts do what they like, good and bad, and the ledger loses nothing and invents nothing.
#[tokio::test]
async fn whatever_happens_it_adds_up() {
    let bench = Bench::by_hand().await;
    let people: Vec<Keys> = (0..6).map(|n| bench.holder(&format!("person {n}"))).collect();
    for person in &people {
        bench.sandbox.issue(person, &bench.usd, "50").unwrap();
    }
    let mut chance = Chance::new(11);
    let mut below =
        |bound: usize| usize::try_from(chance.below(u64::try_from(bound).unwrap())).unwrap();
    let (mut taken, mut made) = (0, 0);
    for _ in 0..40 {
        for person in &people {
            let operations: Vec<Operation> = (0..=below(3))
                .map(|_| {
                    let to = &people[below(people.len())];
                    let amount = i64::try_from(below(300_000_000)).unwrap();
                    made += 1;
                    match below(5) {
                        0 => bench.pay(&to.account(), "native", amount),
                        1 => bench.create(&Keys::of(&format!("new {made}")), amount),
                        2 => bench.pay(&bench.bank.account(), &bench.usd, amount),
                        3 => op(OperationBody::CreateClaimableBalance(CreateClaimableBalanceOp {
                            asset: asset(&bench.usd).unwrap(),
                            amount: amount / 50 + 1,
                            claimants: vec![Claimant::ClaimantTypeV0(ClaimantV0 {
                                destination: to.key().account_id(),
                                predicate: ClaimPredicate::Unconditional,
                            })]
                            .try_into()
                            .unwrap(),
                        })),
                        _ => bench.pay(&to.account(), &bench.usd, amount),
                    }
                })
                .collect();
            let (status, _) = bench.submit_async(&bench.signed(person, operations)).await;
            taken += usize::from(status == 201);
        }
        bench.sandbox.close();
        bench.assert_in_order();
    }
    let (good, failed) = bench.sandbox.transactions();
    assert_eq!(good + failed, taken);
    assert!(good > 20 && failed > 20, "{good} {failed}");
    // What arrived and left is what each of them has.
    for person in &people {
        let account = person.account();
        let usd = |paid: Vec<Paid>| -> i64 {
            paid.iter().filter(|paid| paid.asset == bench.usd).map(|paid| paid.amount).sum()
        };
        let set_aside = |paid: &Paid| matches!(paid.kind, PaidBy::ClaimableBalance(_));
        let mut to = bench.sandbox.payments_to(&account);
        to.retain(|paid| !set_aside(paid));
        let expected = 500_000_000 + usd(to) - usd(bench.sandbox.payments_from(&account));
        assert_eq!(bench.sandbox.balance(&account, &bench.usd), Some(expected));
    }
}
