//! What wallets tell.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::Value;

use super::super::schnorr::sign;
use super::super::{
    TariAddress, TariSignature, WalletAuth, WalletConfirmation, WalletPayment, WalletRefusal,
    WalletRegistration, admit,
};
use super::cases;

const CALLER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn registered(auth: &WalletAuth) -> WalletRegistration {
    let address = auth.address.clone();
    WalletRegistration { address, ip_address: CALLER, last_nonce: auth.nonce - 1 }
}

fn judged<T: Serialize>(case: &Value, told: &T) -> Result<i64, WalletRefusal> {
    let auth: WalletAuth = serde_json::from_value(case["auth"].clone()).unwrap();
    admit(Some(&registered(&auth)), &auth, told, CALLER)
}

#[test]
fn every_payment_of_the_suite_is_judged_as_it_judges() {
    let cases = cases("payment");
    assert_eq!(cases.len(), 31);
    for (case, is_right) in cases {
        let payment: WalletPayment = serde_json::from_value(case["payment"].clone()).unwrap();
        let nonce = case["auth"]["nonce"].as_i64().unwrap();
        let expected = if is_right { Ok(nonce) } else { Err(WalletRefusal::Signature) };
        assert_eq!(judged(&case, &payment), expected, "{case}");
    }
}

#[test]
fn every_confirmation_of_the_suite_is_judged_as_it_judges() {
    let cases = cases("confirmation");
    assert_eq!(cases.len(), 25);
    for (case, is_right) in cases {
        let txid = case["txid"].as_str().unwrap().to_owned();
        assert_eq!(judged(&case, &WalletConfirmation { txid }).is_ok(), is_right, "{case}");
    }
}

/// A payment of somebody, and who tells it: signed as our JSON has it, which is `json`.
fn told(json: &str, nonce: i64) -> (WalletPayment, WalletAuth) {
    let (key, _) = sign(7, 11, "", b"");
    let address = TariAddress::of_key(0, 3, &key).unwrap();
    let message = format!("{}:{nonce}:{json}", address.emoji());
    let (_, signature) = sign(7, 11, "WalletSignature.v1.challenge", message.as_bytes());
    let signature = TariSignature::from_hex(&signature).unwrap();
    let payment = serde_json::from_str(json).unwrap();
    (payment, WalletAuth { address, nonce, signature })
}

const JSON: &str = r#"{"sender":"14s9vDTwrweZvWEgQ9gNhXXPX68DPXSSAHNFWYEPi5JsBQY","amount":2500000000,"txid":"t","memo":"für \"7\"\n","order_id":null}"#;

#[test]
fn what_is_signed_is_our_own_text_of_it() {
    let (payment, auth) = told(JSON, -5);
    assert_eq!(serde_json::to_string(&payment).unwrap(), JSON);
    assert_eq!(admit(Some(&registered(&auth)), &auth, &payment, CALLER), Ok(-5));
    let other = WalletPayment { amount: payment.amount + 1, ..payment.clone() };
    assert_eq!(
        admit(Some(&registered(&auth)), &auth, &other, CALLER),
        Err(WalletRefusal::Signature)
    );
    let again = WalletAuth { nonce: auth.nonce + 1, ..auth.clone() };
    assert_eq!(
        admit(Some(&registered(&again)), &again, &payment, CALLER),
        Err(WalletRefusal::Signature),
        "the nonce is signed"
    );
}

#[test]
fn a_wallet_is_heard_from_where_it_is_and_with_a_rising_nonce() {
    let (payment, auth) = told(JSON, 7);
    let known = registered(&auth);
    let heard =
        |known: Option<&WalletRegistration>, caller: IpAddr| admit(known, &auth, &payment, caller);
    assert_eq!(heard(Some(&known), CALLER), Ok(7));
    assert_eq!(heard(Some(&known), "::ffff:127.0.0.1".parse().unwrap()), Ok(7));
    assert_eq!(heard(None, CALLER), Err(WalletRefusal::Unknown));
    let elsewhere = "127.0.0.2".parse().unwrap();
    assert_eq!(heard(Some(&known), elsewhere), Err(WalletRefusal::Caller));
    let used = WalletRegistration { last_nonce: 7, ..known.clone() };
    assert_eq!(heard(Some(&used), CALLER), Err(WalletRefusal::Nonce { told: 7, last: 7 }));
    let jumped = WalletRegistration { last_nonce: -1_000_000, ..known.clone() };
    assert_eq!(heard(Some(&jumped), CALLER), Ok(7), "any nonce above the last");
    let address = "14s9vDTwrweZvWEgQ9gNhXXPX68DPXSSAHNFWYEPi5JsBQY".parse().unwrap();
    let another = WalletRegistration { address, ..known };
    assert_eq!(heard(Some(&another), CALLER), Err(WalletRefusal::Unknown));
}

#[test]
fn a_sender_in_emoji_is_the_same_sender() {
    let plain: WalletPayment = serde_json::from_str(JSON).unwrap();
    let json = JSON.replace(&plain.sender.base58(), &plain.sender.emoji());
    assert_eq!(serde_json::from_str::<WalletPayment>(&json).unwrap(), plain);
    for wrong in [
        JSON.replace("2500000000", "-1"),
        JSON.replace("2500000000", "1.5"),
        JSON.replace("14s9", "14s8"),
        JSON.replace("\"txid\":\"t\",", ""),
    ] {
        assert!(serde_json::from_str::<WalletPayment>(&wrong).is_err(), "{wrong}");
    }
}
