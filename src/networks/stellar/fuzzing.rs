//! What must hold for whatever Horizon answers, and for whatever the ledger's own form holds.

use std::collections::HashSet;
use std::sync::LazyLock;

use chrono::Datelike as _;
use serde_json::Value;

use super::codes::{self, Codes, OperationCode, TransactionCode};
use super::envelope::{Envelope, NetworkId};
use super::events::{Event, Events};
use super::past::{PastRecord, done_by};
use super::rules::{FoundTransaction, SubmitAnswer};
use super::wire::{self, Content, ReceivedClaim, StreamRecord, Watched};
use crate::fuzzing::{assert_amount, assert_incoming, assert_told, assert_word, is_within};

const US: &str = "GBB43QBD2IWV7HQQPUNANE2FPU25DUIOW7JBY4QRSL2W6XPEAZS5GWEM";
const HASH: &str = "ab12";
const WATCHED: Watched<'static> = Watched { network: "stellar", account: US };

/// A claim whose amount is in its operation's effects.
static CLAIM: LazyLock<Option<ReceivedClaim>> = LazyLock::new(|| {
    let record = serde_json::json!({
        "id": "12884905986", "paging_token": "12884905986", "type": "claim_claimable_balance", "claimant": US,
        "created_at": "2027-01-15T08:00:00Z", "transaction_hash": HASH, "transaction": { "memo_type": "none" }
    });
    match wire::record(record.to_string().as_bytes(), WATCHED, None).content {
        Content::Claimed(claim) => Some(*claim),
        Content::Received(_) | Content::Nothing | Content::Unreadable { .. } => None,
    }
});

/// A page of payments: no record of it is lost, and each says where to go on.
pub fn payments(data: &[u8]) {
    match wire::page(data, WATCHED) {
        Ok(records) => {
            if let Ok(page) = serde_json::from_slice::<Value>(data) {
                let told = page.pointer("/_embedded/records").and_then(Value::as_array);
                assert_eq!(told.map(Vec::len), Some(records.len()), "understood, or set aside");
            }
            records.iter().for_each(|record| assert_record(record, data));
        }
        Err(why) => assert_told(&why),
    }
    assert_record(&wire::record(data, WATCHED, Some("7")), data);
    if let Some(claim) = &*CLAIM {
        match wire::claimed(data, claim) {
            Ok(incoming) => {
                assert_amount(&incoming.amount);
                assert_eq!(incoming.incoming_id, claim.operation_id());
            }
            Err(why) => assert_told(&why),
        }
    }
}

fn assert_record(record: &StreamRecord, body: &[u8]) {
    if let Some(cursor) = &record.cursor {
        let digits = cursor.bytes().all(|byte| byte.is_ascii_digit());
        assert!(digits && (1..=20).contains(&cursor.len()), "{cursor} is no place in a list");
    }
    match &record.content {
        Content::Received(received) => {
            assert!(!received.is_empty());
            let ids: HashSet<_> = received.iter().map(|one| &one.incoming_id).collect();
            assert_eq!(ids.len(), received.len(), "each has an id of its own");
            for incoming in received {
                assert_eq!((incoming.account.as_str(), incoming.source.as_str()), (US, "stellar"));
                assert_incoming(incoming, body);
            }
            assert!(record.cursor.is_some());
        }
        Content::Unreadable { why, raw } => {
            assert_told(why);
            assert!(is_within(raw, body), "{raw} is not what came");
        }
        Content::Claimed(claim) => assert_word(claim.operation_id()),
        Content::Nothing => {}
    }
}

/// A stream of events: they are the same however the bytes come in.
pub fn stream(data: &[u8]) {
    let whole = read(data, data.len().max(1));
    for size in [1, 7, 64] {
        assert_eq!(read(data, size), whole, "in pieces of {size}");
    }
    for event in &whole {
        assert!(event.data.len() <= data.len() * 3, "nothing is there twice");
        if let Some(id) = &event.id {
            assert!(id.bytes().all(|byte| byte.is_ascii_digit()));
        }
        let record = wire::record(event.data.as_bytes(), WATCHED, event.id.as_deref());
        assert_record(&record, event.data.as_bytes());
    }
}

fn read(data: &[u8], size: usize) -> Vec<Event> {
    let mut events = Events::default();
    let mut found = Vec::new();
    for piece in data.chunks(size) {
        events.push(piece);
        while let Ok(Some(event)) = events.next() {
            found.push(event);
        }
    }
    found
}

/// All other answers: what they tell fits, and their errors can be shown.
pub fn answers(data: &[u8]) {
    let told = [
        wire::found(data, HASH).map(|found| assert_found(&found)),
        wire::submitted(200, data).map(|answer| answer.iter().for_each(assert_submitted)),
        wire::submitted(400, data).map(|answer| {
            answer.iter().for_each(assert_submitted);
            let is_applied = matches!(answer, Some(SubmitAnswer::Applied { .. }));
            assert!(!is_applied, "a refusal is no success");
        }),
        wire::past(data).map(|past| {
            past.iter().for_each(assert_past);
        }),
        wire::account(data, US).map(|account| {
            assert_eq!(account.account, US);
            account.signers.iter().for_each(|signer| assert_word(&signer.key));
            account.lines.iter().for_each(|line| assert_told(&line.asset.to_string()));
        }),
        wire::root(data).map(|root| assert!(root.network_passphrase.len() <= data.len() * 3)),
        wire::fee_stats(data).map(|_| ()),
        wire::latest_ledger(data).map(|ledger| {
            assert!((0..=9999).contains(&ledger.closed_at.year()));
        }),
    ];
    for why in told.iter().filter_map(|told| told.as_ref().err()) {
        assert_told(why);
    }
}

fn assert_past(past: &PastRecord) {
    match past {
        PastRecord::Read(past) => {
            [&past.hash, &past.source, &past.paging_token]
                .into_iter()
                .for_each(|it| assert_word(it));
            past.payments.iter().for_each(|payment| assert_amount(&payment.amount));
        }
        PastRecord::Unread(unread) => {
            let words = [&unread.hash, &unread.source, &unread.paging_token];
            words.into_iter().flatten().for_each(|word| assert_word(word));
            assert_told(&unread.why);
        }
    }
}

fn assert_found(found: &FoundTransaction) {
    found.failed.iter().for_each(assert_codes);
}

fn assert_submitted(answer: &SubmitAnswer) {
    match answer {
        SubmitAnswer::Applied { hash, .. } => assert_word(hash),
        SubmitAnswer::Rejected(codes) => assert_codes(codes),
        SubmitAnswer::Unclear { why } => assert_told(why),
    }
}

fn assert_codes(codes: &Codes) {
    if let TransactionCode::Other(name) = &codes.transaction {
        assert_told(name);
    }
    for code in &codes.operations {
        if let OperationCode::Other(name) = code {
            assert_told(name);
        }
    }
}

/// The ledger's own form: what is read of an envelope is what it does, and is written again as it was.
pub fn xdr(data: &[u8]) {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(data);
    if let Ok(done) = done_by(&text) {
        done.payments.iter().for_each(|payment| assert_amount(&payment.amount));
    }
    match Codes::from_result_xdr(&text) {
        Ok(Some(codes)) => assert_codes(&codes),
        Ok(None) => {
            let result = codes::read(&text);
            let name = result.as_ref().map(|result| codes::effective(result).0);
            assert!(name.is_ok_and(|name| name.contains("Success")), "{name:?}");
        }
        Err(why) => assert_told(&why),
    }
    let network = NetworkId::new("Test SDF Network ; September 2015");
    let Ok(envelope) = Envelope::parse(&text, network) else { return };
    assert_eq!(envelope.to_xdr_base64().ok(), Some(text), "the same bytes");
    let Ok(plan) = envelope.plan() else { return };
    if let Ok(again) = Envelope::build(&plan, network) {
        assert_eq!(again.plan(), Ok(plan), "the plan of the envelope of a plan is that plan");
    }
}
