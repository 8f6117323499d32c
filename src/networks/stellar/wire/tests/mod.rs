//! What comes in, in every form in which Horizon tells it.

mod pages;

use serde_json::{Value, json};

use super::*;
use crate::engine::{Incoming, Memo};
use crate::networks::stellar::{StellarAsset, TransactionCode};

const US: &str = "GBB43QBD2IWV7HQQPUNANE2FPU25DUIOW7JBY4QRSL2W6XPEAZS5GWEM";
const THEM: &str = "GBEB5XTXFWQVPBOJ4WNAQYQBXDB7TQYHCKPD7RWX6NFKJX7NLAKOKJM5";
const ISSUER: &str = "GBIZTDGP3775QPMXEREQQGGKEKUXUAYNDC5SVHLUM2HXFOA4H6SYRWDN";
/// Of two operations, the second of which brought 2.01 XLM by merging an account.
const MERGE: &str = "AAAAAAAAAGQAAAAAAAAAAgAAAAAAAAABAAAAAAAAAAAAAAAIAAAAAAAAAAABMrOgAAAAAA==";
/// Of one operation inside a fee bump, which brought one stroop.
const BUMP_MERGE: &str = "AAAAAAAAAGQAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAZAAAAAAAAAABAAAAAAAAAAgAAAAAAAAAAAAAAAEAAAAAAAAAAA==";

fn watched() -> Watched<'static> {
    Watched { network: "stellar", account: US }
}

/// A record of the type `kind`, the second operation of its transaction, with `fields` of its own.
fn json_of(kind: &str, fields: Value) -> Value {
    let mut record = json!({
        "id": "12884905986", "paging_token": "12884905986", "transaction_successful": true, "type": kind,
        "created_at": "2027-01-15T08:00:00Z", "transaction_hash": "ab12", "source_account": THEM,
        "transaction": { "memo_type": "id", "memo": "18446744073709551615", "result_xdr": MERGE }
    });
    let own = fields.as_object().unwrap().clone();
    record.as_object_mut().unwrap().extend(own);
    record
}

fn payment() -> Value {
    json_of(
        "payment",
        json!({
            "from": THEM, "to": US, "amount": "12.5000000", "asset_type": "credit_alphanum4",
            "asset_code": "USD", "asset_issuer": ISSUER
        }),
    )
}

fn content(json: &Value) -> Content {
    let record = record(json.to_string().as_bytes(), watched(), None);
    assert_eq!(record.cursor.as_deref(), Some("12884905986"));
    record.content
}

fn received(json: &Value) -> Incoming {
    let content = content(json);
    let Content::Received(mut received) = content else { panic!("{content:?}") };
    assert_eq!(received.len(), 1);
    received.remove(0)
}

fn is_unreadable(json: &Value, word: &str) -> bool {
    let text = json.to_string();
    matches!(content(json), Content::Unreadable { why, raw } if why.contains(word) && raw == text)
}

#[test]
fn a_payment_is_told_whole() {
    let json = payment();
    let wanted = Incoming {
        incoming_id: "12884905986".to_owned(),
        source: "stellar".to_owned(),
        account: US.to_owned(),
        from: Some(THEM.to_owned()),
        amount: "12.5".parse().unwrap(),
        asset: format!("USD:{ISSUER}"),
        memo: Some(Memo::Id(u64::MAX)),
        subject: None,
        fee: None,
        muxed_id: None,
        reference: "ab12".to_owned(),
        at: "2027-01-15T08:00:00Z".parse().unwrap(),
        raw: json.to_string(),
    };
    assert_eq!(received(&json), wanted);
}

#[test]
fn what_is_named_twice_is_nobodys_guess() {
    let once = payment().to_string();
    let twice = once.replacen('{', r#"{"to_muxed_id":"9","to_muxed_id":"7","#, 1);
    let read = record(twice.as_bytes(), Watched { network: "stellar", account: US }, None);
    let Content::Unreadable { why, .. } = read.content else { panic!("{read:?}") };
    assert!(why.contains("`to_muxed_id` stands there twice"), "{why}");
    assert!(read.cursor.is_some(), "it stops nobody behind it");
}

#[test]
fn a_path_payment_counts_what_arrives() {
    for kind in ["path_payment_strict_send", "path_payment_strict_receive"] {
        let mut json = payment();
        json["type"] = json!(kind);
        json["source_amount"] = json!("99.0000000");
        json["source_asset_type"] = json!("native");
        let found = received(&json);
        assert_eq!(found.amount, "12.5".parse().unwrap(), "{kind}");
        assert_eq!(found.asset, format!("USD:{ISSUER}"), "{kind}");
    }
}

#[test]
fn sub_accounts_are_told_of_both_sides() {
    let mut json = payment();
    json["to_muxed"] = json!("M…");
    json["to_muxed_id"] = json!("18446744073709551615");
    json["from_muxed"] =
        json!("MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAAAAAAAACJUQ");
    let found = received(&json);
    assert_eq!(found.muxed_id, Some(u64::MAX));
    assert!(found.from.unwrap().starts_with('M'), "money goes back to where it came from");
    json["to_muxed_id"] = json!("seven");
    assert!(is_unreadable(&json, "to_muxed_id"), "not taken for none");
}

#[test]
fn an_account_that_is_created_gets_its_first_balance() {
    let json = json_of(
        "create_account",
        json!({ "funder": THEM, "account": US, "starting_balance": "2.0100000" }),
    );
    let found = received(&json);
    assert_eq!((found.asset.as_str(), found.amount.to_string().as_str()), ("native", "2.0100000"));
    assert_eq!(found.from.as_deref(), Some(THEM));
}

#[test]
fn a_merged_account_brings_what_the_result_says() {
    let json = json_of("account_merge", json!({ "account": THEM, "into": US }));
    let found = received(&json);
    assert_eq!((found.asset.as_str(), found.amount.to_string().as_str()), ("native", "2.0100000"));
    let mut bumped = json.clone();
    bumped["id"] = json!("12884905985");
    bumped["transaction"]["result_xdr"] = json!(BUMP_MERGE);
    assert_eq!(received(&bumped).amount.to_string(), "0.0000001");
    let mut first = json;
    first["id"] = json!("12884905985");
    assert!(is_unreadable(&first, "not a merge"), "the first operation is a payment");
}

#[test]
fn a_contract_may_pay_more_than_once() {
    let change = |to: &str, amount: &str| json!({ "type": "transfer", "from": THEM, "to": to, "amount": amount, "asset_type": "native" });
    let changes = [change(US, "1.0000000"), change(THEM, "7.0000000"), change(US, "2.0000000")];
    let json = json_of("invoke_host_function", json!({ "asset_balance_changes": changes }));
    let Content::Received(found) = content(&json) else { panic!("{:?}", content(&json)) };
    let told: Vec<_> =
        found.iter().map(|one| (one.incoming_id.as_str(), one.amount.to_string())).collect();
    let wanted =
        [("12884905986", "1.0000000".to_owned()), ("12884905986-2", "2.0000000".to_owned())];
    assert_eq!(told, wanted);
}

#[test]
fn a_claim_is_completed_by_its_effects() {
    let json = json_of("claim_claimable_balance", json!({ "balance_id": "00ab", "claimant": US }));
    let Content::Claimed(claim) = content(&json) else { panic!("{:?}", content(&json)) };
    assert_eq!(claim.operation_id(), "12884905986");
    let credited = json!({
        "type": "account_credited", "account": US, "amount": "3.0000000", "asset_type": "credit_alphanum4",
        "asset_code": "USD", "asset_issuer": ISSUER
    });
    let effects =
        json!({ "_embedded": { "records": [{ "type": "claimable_balance_claimed" }, credited] } });
    let found = claimed(effects.to_string().as_bytes(), &claim).unwrap();
    assert_eq!((found.amount.to_string().as_str(), found.from), ("3.0000000", None));
    assert_eq!(found.memo, Some(Memo::Id(u64::MAX)));
    assert!(claimed(br#"{"_embedded":{"records":[]}}"#, &claim).is_err());
}

#[test]
fn what_goes_away_or_failed_brings_nothing() {
    let mut away = payment();
    away["from"] = json!(US);
    away["to"] = json!(THEM);
    let mut failed = payment();
    failed["transaction_successful"] = json!(false);
    let created = json_of(
        "create_account",
        json!({ "funder": US, "account": THEM, "starting_balance": "1" }),
    );
    let laid_down = json_of("create_claimable_balance", json!({ "amount": "1" }));
    for json in [away, failed, created, laid_down] {
        assert_eq!(content(&json), Content::Nothing, "{json}");
    }
}

#[test]
fn every_kind_of_memo_is_read() {
    let with = |memo: Value| {
        let mut json = payment();
        json["transaction"] = memo;
        json
    };
    let memo = |json: Value| received(&with(json)).memo;
    let bytes = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    assert_eq!(memo(json!({ "memo_type": "none" })), None);
    assert_eq!(memo(json!({ "memo_type": "text", "memo": "7" })), Some(Memo::Text("7".to_owned())));
    assert_eq!(memo(json!({ "memo_type": "text" })), Some(Memo::Text(String::new())));
    let hash: [u8; 32] = std::array::from_fn(|place| u8::try_from(place).unwrap());
    assert_eq!(memo(json!({ "memo_type": "hash", "memo": bytes })), Some(Memo::Hash(hash)));
    assert_eq!(memo(json!({ "memo_type": "return", "memo": bytes })), Some(Memo::Return(hash)));
    let odd = memo(json!({ "memo_type": "text", "memo": "a\u{0}b" }));
    assert_eq!(odd, Some(Memo::Text("a\u{fffd}b".to_owned())), "databases refuse it");
    for wrong in
        [json!({}), json!({ "memo_type": "id", "memo": "x" }), json!({ "memo_type": "id" })]
    {
        assert!(is_unreadable(&with(wrong), "memo"));
    }
}

#[test]
fn what_cannot_be_understood_is_kept_and_never_dropped() {
    for name in
        ["type", "id", "created_at", "transaction_hash", "amount", "asset_type", "transaction"]
    {
        let mut json = payment();
        json.as_object_mut().unwrap().remove(name).unwrap();
        let word = if name == "asset_type" { "asset" } else { name };
        assert!(is_unreadable(&json, word), "{name}: {:?}", content(&json));
    }
    assert!(is_unreadable(&json_of("teleport", json!({})), "teleport"));
    let mut amount = payment();
    amount["amount"] = json!("-1");
    assert!(is_unreadable(&amount, "amount"));
}

/// Each field on which it hangs where money goes, with another type: read digit for digit, or set aside, and never taken
/// for absent.
#[test]
fn another_type_is_read_exactly_or_set_aside() {
    let mut json = payment();
    json["to_muxed_id"] = json!(u64::MAX);
    json["transaction"]["memo"] = json!(7);
    json["paging_token"] = json!(12_884_905_986_u64);
    json["id"] = json!(12_884_905_986_u64);
    let found = received(&json);
    assert_eq!((found.muxed_id, found.memo), (Some(u64::MAX), Some(Memo::Id(7))));
    assert_eq!(found.incoming_id, "12884905986");
    for odd in [json!(9.5), json!(1e30), json!(-1), json!(true), json!({}), json!([9]), json!("+9")]
    {
        let mut json = payment();
        json["to_muxed_id"] = odd.clone();
        assert!(is_unreadable(&json, "to_muxed_id"), "{odd}");
    }
    let odd = [json!(7), json!(true), json!({}), json!(["G"]), json!("")];
    let names = ["to", "type", "from", "from_muxed", "amount", "asset_type", "asset_code"];
    for name in names.into_iter().chain(["asset_issuer", "transaction_hash", "created_at"]) {
        for odd in &odd {
            let mut json = payment();
            json[name] = odd.clone();
            let word = if name == "asset_type" { "asset" } else { name };
            assert!(is_unreadable(&json, word), "{name} {odd}: {:?}", content(&json));
        }
    }
    for odd in [json!("false"), json!(0), json!({})] {
        let mut json = payment();
        json["transaction_successful"] = odd.clone();
        assert!(is_unreadable(&json, "transaction_successful"), "{odd}");
    }
    for (name, odd) in [("memo_type", json!(7)), ("memo", json!(7.5)), ("memo", json!({}))] {
        let mut json = payment();
        json["transaction"][name] = odd.clone();
        assert!(is_unreadable(&json, name), "{name} {odd}");
    }
    let mut text = payment();
    text["transaction"] = json!({ "memo_type": "text", "memo": 7 });
    assert!(is_unreadable(&text, "memo"), "nobody knows whether it was `7` or `07`");
    let others = [
        ("create_account", "account", json!({ "funder": THEM, "starting_balance": "1" })),
        ("account_merge", "into", json!({ "account": THEM })),
        ("claim_claimable_balance", "claimant", json!({})),
    ];
    for (kind, name, mut fields) in others {
        for odd in [json!(7), json!([US]), json!(null)] {
            fields[name] = odd.clone();
            assert!(is_unreadable(&json_of(kind, fields.clone()), name), "{kind} {odd}");
        }
    }
    let change = |name: &str, odd: Value| {
        let mut change = json!({ "type": "transfer", "from": THEM, "to": US, "amount": "1.0000000", "asset_type": "native" });
        change[name] = odd;
        json_of("invoke_host_function", json!({ "asset_balance_changes": [change] }))
    };
    for (name, odd) in [("to", json!(7)), ("type", json!(7)), ("destination_muxed_id", json!(7.5))]
    {
        assert!(is_unreadable(&change(name, odd), name), "{name}");
    }
    let changes = json!({ "asset_balance_changes": { "to": US } });
    assert!(is_unreadable(&json_of("invoke_host_function", changes), "asset_balance_changes"));
}

/// What an account has, or asks for, is never taken for absent either: it decides how we pay.
#[test]
fn an_account_that_cannot_be_read_is_not_taken_for_another() {
    let whole = json!({
        "account_id": US, "sequence": "7", "subentry_count": 1,
        "thresholds": { "low_threshold": 0, "med_threshold": 0 },
        "signers": [{ "key": US, "weight": 1, "type": "ed25519_public_key" }],
        "balances": [
            { "asset_type": "liquidity_pool_shares", "balance": "1.0000000" },
            { "asset_type": "native", "balance": "2.5000000" },
        ],
        "data": { "config.memo_required": "MQ==" },
    });
    let read = |json: &Value| account(json.to_string().as_bytes(), US);
    let told = read(&whole).unwrap();
    assert!(told.memo_required);
    assert_eq!((told.lines.len(), told.entries), (1, 3));
    assert_eq!(told.spendable(&StellarAsset::Native), Ok(10_000_000), "beside its reserve");
    for (place, odd) in [
        ("/balances", json!({})),
        ("/balances/1/asset_type", json!(7)),
        ("/balances/1/balance", json!(2.5)),
        ("/signers/0/weight", json!("much")),
        ("/data", json!("no")),
        ("/data/config.memo_required", json!(1)),
        ("/subentry_count", json!({})),
    ] {
        let mut json = whole.clone();
        *json.pointer_mut(place).unwrap() = odd.clone();
        assert!(read(&json).is_err(), "{place} {odd}");
    }
}

/// A ledger that says that a transaction failed says that it did not pay, however little of its result we know.
#[test]
fn a_transaction_that_failed_has_not_paid_whatever_its_result() {
    let told = |successful: Value, result_xdr: &str| {
        let json = json!({ "hash": "ab12", "ledger": 70, "successful": successful, "result_xdr": result_xdr });
        found(json.to_string().as_bytes(), "ab12")
    };
    // A code that no version of the ledger has, and a result that says the contrary.
    for result in ["AAAAAAAAAGT///+AAAAAAA==", "rubbish", MERGE] {
        let found = told(json!(false), result).unwrap();
        let codes = found.failed.unwrap();
        assert!(
            matches!(&codes.transaction, TransactionCode::Other(why) if why.contains("failed")),
            "{codes:?}"
        );
    }
    assert!(told(json!("false"), MERGE).is_err(), "neither yes nor no");
    assert_eq!(told(json!(null), MERGE).unwrap().failed, None, "its result tells");
}

#[test]
fn what_horizon_says_of_itself() {
    let body = json!({
        "network_passphrase": "Test SDF Network ; September 2015", "history_latest_ledger": 70,
        "history_latest_ledger_closed_at": "2027-01-15T08:00:00Z", "history_elder_ledger": 2
    });
    let root = root(body.to_string().as_bytes()).unwrap();
    assert_eq!((root.latest_ledger, root.elder_ledger), (70, 2));
    assert!(root.latest_ledger_closed_at.is_some());
    let body = json!({ "last_ledger_base_fee": "100", "fee_charged": { "p95": "700" } });
    let stats = fee_stats(body.to_string().as_bytes()).unwrap();
    assert_eq!((stats.base_fee, stats.nearly_all_paid), (100, 700));
    let ledger =
        json!({ "sequence": 70, "closed_at": "2027-01-15T08:00:00Z", "base_fee_in_stroops": 100 });
    let body = json!({ "_embedded": { "records": [ledger] } });
    assert_eq!(latest_ledger(body.to_string().as_bytes()).unwrap().sequence, 70);
    assert!(latest_ledger(br#"{"_embedded":{"records":[]}}"#).is_err());
}
