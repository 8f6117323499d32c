//! What must hold for whatever a payer, a shop or a wallet writes.

use std::str;

use super::{MemoClaim, MemoRead, TariAddress, WalletAuth, WalletPayment, read_memo};
use crate::engine::order::{FreeText, Reference, ReferencePattern, ReferenceRules, ReferenceTold};
use crate::fuzzing::{assert_told, assert_word};

/// Memos, claims, addresses and notifications: what is read is written again, and a reference can be looked up.
pub fn memo(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    match text.parse::<TariAddress>() {
        Ok(address) => assert_address(&address),
        Err(why) => assert_told(&why.to_string()),
    }
    if let Err(why) = MemoClaim::parse(text) {
        assert_told(&why.to_string());
    }
    if let Ok(payment) = serde_json::from_str::<WalletPayment>(text) {
        let json = serde_json::to_string(&payment).unwrap_or_default();
        assert_eq!(serde_json::from_str::<WalletPayment>(&json).ok(), Some(payment));
    }
    if let Ok(auth) = serde_json::from_str::<WalletAuth>(text) {
        assert_address(&auth.address);
    }
    let read = read_memo(text);
    let address = read.address();
    if let MemoRead::Claim(claim) = &read {
        assert_address(&claim.address);
    }
    for sender in ["nobody", &address] {
        let claim = read.told(&address);
        let told = ReferenceTold { sender, paid_to: None, order_id: None, memo: Some(text), claim };
        for free_text in [None, Some(FreeText::Digits), Some(FreeText::Hash)] {
            let pattern = ReferencePattern::parse("invoice {}");
            let rules = ReferenceRules { by_alt_id: true, pattern, free_text };
            let reference = Reference::read(&rules, &told);
            assert!(reference.texts.len() <= 3, "they are looked up in one question");
            reference.texts.iter().for_each(|text| assert_word(text));
            let is_bad = matches!(read, MemoRead::Bad);
            assert!(reference.is_none() || !is_bad, "what is no claim names no order");
        }
    }
}

fn assert_address(address: &TariAddress) {
    for text in [address.base58(), address.hex(), address.emoji()] {
        assert_eq!(text.parse().as_ref(), Ok(address), "{text}");
    }
}
