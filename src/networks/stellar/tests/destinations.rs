//! What an account can take, from Horizon's own words.

use serde_json::{Value, json};

use super::*;
use crate::networks::stellar::wire;

fn account_json() -> Value {
    json!({
        "id": CUSTOMER, "account_id": CUSTOMER, "sequence": "4294967296", "sequence_ledger": 5,
        "sequence_time": "1800000000", "subentry_count": 1,
        "thresholds": { "low_threshold": 1, "med_threshold": 2, "high_threshold": 3 },
        "flags": { "auth_required": false },
        "balances": [
            { "balance": "10.0000000", "limit": "100.0000000", "buying_liabilities": "5.0000000",
              "selling_liabilities": "1.0000000", "last_modified_ledger": 5, "is_authorized": true,
              "asset_type": "credit_alphanum4", "asset_code": "USD", "asset_issuer": ISSUER },
            { "balance": "1.0000000", "limit": "9.0000000", "liquidity_pool_id": "ab",
              "asset_type": "liquidity_pool_shares" },
            { "balance": "9.0000000", "buying_liabilities": "0.0000000",
              "selling_liabilities": "0.0000000", "asset_type": "native" }
        ],
        "signers": [
            { "weight": 1, "key": CUSTOMER, "type": "ed25519_public_key" },
            { "weight": 2, "key": PAYER, "type": "ed25519_public_key" },
            { "weight": 9, "key": "XDRPF6NZRR7EEVO7ESIWUDXHAOMM2QSKIQQBJK6I2FB7YKDZES5UCLWD", "type": "sha256_hash" }
        ],
        "data": {}
    })
}

fn account(change: impl FnOnce(&mut Value)) -> AccountState {
    let mut json = account_json();
    change(&mut json);
    wire::account(json.to_string().as_bytes(), CUSTOMER).unwrap()
}

fn state(account: &AccountState, to: &str, asset: &StellarAsset, amount: &str) -> DestinationState {
    destination_state(Some(account), to, asset, &amount.parse().unwrap(), false).unwrap()
}

#[test]
fn an_account_is_read() {
    let account = account(|_| {});
    assert_eq!(account.source.sequence, 4_294_967_296);
    assert_eq!(account.lines.len(), 2, "shares in a pool are no asset");
    let line = account.line(&usd()).unwrap();
    assert_eq!((line.balance, line.limit), (100_000_000, 1_000_000_000));
    assert_eq!((line.buying_liabilities, line.selling_liabilities), (50_000_000, 10_000_000));
    let authority = account.authority(Level::Medium);
    assert_eq!((authority.weight, authority.signers.len()), (2, 2), "a hash is no key");
    assert_eq!(account.authority(Level::Low).weight, 1);
}

#[test]
fn what_money_depends_on_is_not_guessed() {
    for name in ["account_id", "sequence", "thresholds"] {
        let mut json = account_json();
        json.as_object_mut().unwrap().remove(name).unwrap();
        let found = wire::account(json.to_string().as_bytes(), CUSTOMER);
        assert!(found.unwrap_err().contains(name), "{name}");
    }
    let mut json = account_json();
    json["balances"][0]["balance"] = json!("a lot");
    assert!(wire::account(json.to_string().as_bytes(), CUSTOMER).is_err());
    assert!(wire::account(account_json().to_string().as_bytes(), PAYER).is_err(), "another one");
}

#[test]
fn who_can_take_how_much() {
    let account = account(|_| {});
    assert_eq!(state(&account, CUSTOMER, &usd(), "85"), DestinationState::Ready);
    assert_eq!(state(&account, CUSTOMER, &usd(), "85.0000001"), DestinationState::LimitTooLow);
    assert_eq!(state(&account, CUSTOMER, &usd(), "922337203685"), DestinationState::LimitTooLow);
    assert_eq!(state(&account, CUSTOMER, &StellarAsset::Native, "900"), DestinationState::Ready);
    let other = StellarAsset::credit("USD", PAYER).unwrap();
    assert_eq!(state(&account, CUSTOMER, &other, "1"), DestinationState::NoTrust);
    let found = destination_state(None, CUSTOMER, &usd(), &"1".parse().unwrap(), true);
    assert_eq!(found, Ok(DestinationState::NoAccount));
}

#[test]
fn a_trustline_must_be_authorized() {
    let account = account(|json| json["balances"][0]["is_authorized"] = json!(false));
    assert_eq!(state(&account, CUSTOMER, &usd(), "1"), DestinationState::NotAuthorized);
}

#[test]
fn an_issuer_needs_no_trustline() {
    let own = StellarAsset::credit("OWN", CUSTOMER).unwrap();
    assert_eq!(state(&account(|_| {}), CUSTOMER, &own, "1"), DestinationState::Ready);
}

#[test]
fn who_wants_a_memo_gets_one() {
    let account = account(|json| json["data"] = json!({ "config.memo_required": "MQ==" }));
    assert_eq!(state(&account, CUSTOMER, &usd(), "1"), DestinationState::NeedsMemo);
    let with_memo =
        destination_state(Some(&account), CUSTOMER, &usd(), &"1".parse().unwrap(), true);
    assert_eq!(with_memo, Ok(DestinationState::Ready));
    // The number in a muxed address is as good as a memo.
    assert_eq!(state(&account, MUXED, &usd(), "1"), DestinationState::Ready);
}

#[test]
fn what_cannot_be_counted_is_no_destination() {
    let account = account(|_| {});
    let told = |to: &str, amount: &str| {
        destination_state(Some(&account), to, &usd(), &amount.parse().unwrap(), false)
    };
    assert!(matches!(told("GABC", "1"), Err(DestinationError::Address(_))));
    assert!(matches!(told(CUSTOMER, "0.12345678"), Err(DestinationError::Amount(_))));
}
