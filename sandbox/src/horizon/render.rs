//! Records as Horizon writes them.

use serde_json::{Map, Value, json};
use stellar_xdr::{Asset, DecoratedSignature, Limits, Memo, MuxedAccount, WriteXdr as _};

use super::history::{Applied, Moved};
use super::keys::{Key, code_and_issuer, decimal, hex, memo_text};
use super::ledger::Ledger;
use super::operations::Kind;
use crate::base64;

/// Times as Horizon writes them: whole seconds.
pub(super) fn time(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn link(href: String) -> Value {
    json!({ "href": href })
}

/// Writes `asset_type`, and code and issuer where there are any, under names with this prefix.
pub(super) fn put_asset(record: &mut Map<String, Value>, prefix: &str, asset: &Asset) {
    let kind = match asset {
        Asset::Native => "native",
        Asset::CreditAlphanum4(_) => "credit_alphanum4",
        Asset::CreditAlphanum12(_) => "credit_alphanum12",
    };
    record.insert(format!("{prefix}asset_type"), kind.into());
    if let Some((code, issuer)) = code_and_issuer(asset) {
        record.insert(format!("{prefix}asset_code"), code.into());
        record.insert(format!("{prefix}asset_issuer"), issuer.to_string().into());
    }
}

/// Writes an account, and its muxed form where there is one.
fn put_account(record: &mut Map<String, Value>, name: &str, account: &MuxedAccount) {
    record.insert(name.to_owned(), Key::from(account).to_string().into());
    match account {
        MuxedAccount::Ed25519(_) => {}
        MuxedAccount::MuxedEd25519(muxed) => {
            record.insert(format!("{name}_muxed"), account.to_string().into());
            record.insert(format!("{name}_muxed_id"), muxed.id.to_string().into());
        }
    }
}

/// One payment, with its transaction inside if that is asked for.
pub(super) fn payment(base: &str, ledger: &Ledger, moved: &Moved, join: bool) -> Value {
    let transaction = &ledger.history.transactions[moved.transaction];
    let hash = hex(&transaction.envelope.hash());
    let movement = &moved.movement;
    let (kind, number) = match movement.kind {
        Kind::CreateAccount => ("create_account", 0),
        Kind::Payment => ("payment", 1),
        Kind::PathReceive { .. } => ("path_payment_strict_receive", 2),
        Kind::Merge => ("account_merge", 8),
        Kind::PathSend { .. } => ("path_payment_strict_send", 13),
        Kind::ClaimableBalance { .. } => ("create_claimable_balance", 14),
        Kind::Claim { .. } => ("claim_claimable_balance", 15),
    };
    let mut record = Map::new();
    let mut put = |name: &str, value: Value| record.insert(name.to_owned(), value);
    let token = moved.toid.to_string();
    put(
        "_links",
        json!({
            "self": link(format!("{base}/operations/{token}")),
            "transaction": link(format!("{base}/transactions/{hash}")),
            "effects": link(format!("{base}/operations/{token}/effects")),
        }),
    );
    put("id", token.clone().into());
    put("paging_token", token.into());
    put("transaction_successful", transaction.successful.into());
    put("type", kind.into());
    put("type_i", number.into());
    put("created_at", time(transaction.closed_at).into());
    put("transaction_hash", hash.into());
    put_account(&mut record, "source_account", &movement.from);
    put_movement(&mut record, moved);
    if join {
        record.insert("transaction".to_owned(), self::transaction(base, transaction));
    }
    Value::Object(record)
}

fn put_movement(record: &mut Map<String, Value>, moved: &Moved) {
    let movement = &moved.movement;
    match movement.kind {
        Kind::CreateAccount => {
            put_account(record, "funder", &movement.from);
            put_account(record, "account", &movement.to);
            record.insert("starting_balance".to_owned(), decimal(movement.amount).into());
            return;
        }
        Kind::Merge => {
            put_account(record, "account", &movement.from);
            put_account(record, "into", &movement.to);
            return;
        }
        Kind::PathReceive { most } => {
            record.insert("source_max".to_owned(), decimal(most).into());
        }
        Kind::PathSend { least } => {
            record.insert("destination_min".to_owned(), decimal(least).into());
        }
        Kind::Payment | Kind::ClaimableBalance { .. } | Kind::Claim { .. } => {}
    }
    put_account(record, "from", &movement.from);
    put_account(record, "to", &movement.to);
    put_asset(record, "", &movement.asset);
    record.insert("amount".to_owned(), decimal(movement.amount).into());
    if let Some((asset, amount)) = &movement.sent {
        put_asset(record, "source_", asset);
        record.insert("source_amount".to_owned(), decimal(*amount).into());
        record.insert("path".to_owned(), json!([]));
    }
}

/// One transaction, as it is listed.
pub(super) fn transaction(base: &str, applied: &Applied) -> Value {
    transaction_by(base, applied, applied.envelope.hash())
}

/// One transaction, asked for by its own hash or by that of the one inside its fee bump.
pub(super) fn transaction_by(base: &str, applied: &Applied, asked: [u8; 32]) -> Value {
    let envelope = &applied.envelope;
    let hash = hex(&asked);
    let mut record = Map::new();
    let mut put = |name: &str, value: Value| record.insert(name.to_owned(), value);
    put(
        "_links",
        json!({
            "self": link(format!("{base}/transactions/{hash}")),
            "ledger": link(format!("{base}/ledgers/{}", applied.ledger)),
            "account": link(format!("{base}/accounts/{}", envelope.source())),
        }),
    );
    put("id", hash.clone().into());
    put("hash", hash.clone().into());
    put("paging_token", applied.toid.to_string().into());
    put("successful", applied.successful.into());
    put("ledger", applied.ledger.into());
    put("created_at", time(applied.closed_at).into());
    put("source_account_sequence", envelope.sequence().to_string().into());
    put("fee_charged", applied.result.fee_charged.to_string().into());
    put("max_fee", envelope.bid().to_string().into());
    put("operation_count", envelope.transaction.operations.len().into());
    put("envelope_xdr", envelope.xdr.clone().into());
    put("result_xdr", result_xdr(&applied.result).into());
    let (memo_type, memo) = memo_text(envelope.memo());
    put("memo_type", memo_type.into());
    if let Some(memo) = memo {
        put("memo", memo.into());
    }
    if let Memo::Text(text) = envelope.memo() {
        put("memo_bytes", base64::encode(text.as_slice()).into());
    }
    let (outer, inner) = match &envelope.bump {
        None => (signatures(&envelope.signatures), None),
        Some(bump) => (signatures(&bump.signatures), Some(signatures(&envelope.signatures))),
    };
    let by_inner = inner.clone().filter(|_| asked == envelope.inner_hash);
    put("signatures", by_inner.unwrap_or_else(|| outer.clone()));
    if let Some(bounds) = envelope.time_bounds() {
        let mut told = Map::new();
        told.insert("min_time".to_owned(), bounds.min_time.0.to_string().into());
        if bounds.max_time.0 != 0 {
            told.insert("max_time".to_owned(), bounds.max_time.0.to_string().into());
        }
        put("preconditions", json!({ "timebounds": told }));
    }
    if let Some(inner) = inner {
        put("fee_bump_transaction", json!({ "hash": hex(&envelope.hash()), "signatures": outer }));
        put(
            "inner_transaction",
            json!({
                "hash": hex(&envelope.inner_hash),
                "signatures": inner,
                "max_fee": envelope.transaction.fee.to_string(),
            }),
        );
    }
    put_account(&mut record, "source_account", &envelope.transaction.source_account);
    rename(&mut record, "source_account_muxed", "account_muxed");
    rename(&mut record, "source_account_muxed_id", "account_muxed_id");
    put_account(&mut record, "fee_account", &envelope.fee_source().muxed());
    Value::Object(record)
}

fn rename(record: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = record.remove(from) {
        record.insert(to.to_owned(), value);
    }
}

fn signatures(all: &[DecoratedSignature]) -> Value {
    all.iter().map(|one| Value::from(base64::encode(one.signature.0.as_slice()))).collect()
}

/// The result as base64.
pub(super) fn result_xdr(result: &stellar_xdr::TransactionResult) -> String {
    // What was built here can be written.
    result.to_xdr_base64(Limits::none()).unwrap_or_default()
}
