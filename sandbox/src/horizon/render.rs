//! Records as Horizon writes them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::{Value, json};
use stellar_xdr::{Asset, DecoratedSignature, Limits, Memo, MuxedAccount, WriteXdr as _};

use super::history::{Applied, Moved};
use super::keys::{Key, code_and_issuer, decimal, hex, memo_text};
use super::ledger::Ledger;
use super::movement::Kind;

/// Times as Horizon writes them: whole seconds.
pub(super) fn time(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn link(href: String) -> Value {
    json!({ "href": href })
}

/// Writes `asset_type`, and code and issuer where there are any.
pub(super) fn put_asset(record: &mut Value, asset: &Asset) {
    record["asset_type"] = match asset {
        Asset::Native => "native",
        Asset::CreditAlphanum4(_) => "credit_alphanum4",
        Asset::CreditAlphanum12(_) => "credit_alphanum12",
    }
    .into();
    if let Some((code, issuer)) = code_and_issuer(asset) {
        record["asset_code"] = code.into();
        record["asset_issuer"] = issuer.to_string().into();
    }
}

/// Writes an account as `name`, and its muxed form, if it has one, under names that begin with `muxed`.
fn put_account(record: &mut Value, name: &str, muxed: &str, account: &MuxedAccount) {
    record[name] = Key::from(account).to_string().into();
    match account {
        MuxedAccount::Ed25519(_) => {}
        MuxedAccount::MuxedEd25519(with_id) => {
            record[format!("{muxed}_muxed")] = account.to_string().into();
            record[format!("{muxed}_muxed_id")] = with_id.id.to_string().into();
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
        Kind::ClaimableBalance { .. } => ("create_claimable_balance", 14),
        Kind::Claim { .. } => ("claim_claimable_balance", 15),
    };
    let token = moved.toid.to_string();
    let mut record = json!({
        "_links": {
            "self": link(format!("{base}/operations/{token}")),
            "transaction": link(format!("{base}/transactions/{hash}")),
            "effects": link(format!("{base}/operations/{token}/effects")),
        },
        "id": token,
        "paging_token": token,
        "transaction_successful": transaction.successful,
        "type": kind,
        "type_i": number,
        "created_at": time(transaction.closed_at),
        "transaction_hash": hash,
    });
    let mut put = |name, account| put_account(&mut record, name, name, account);
    put("source_account", &movement.from);
    if movement.kind == Kind::CreateAccount {
        put("funder", &movement.from);
        put("account", &movement.to);
        record["starting_balance"] = decimal(movement.amount).into();
    } else {
        put("from", &movement.from);
        put("to", &movement.to);
        put_asset(&mut record, &movement.asset);
        record["amount"] = decimal(movement.amount).into();
    }
    if join {
        record["transaction"] = self::transaction(base, transaction, transaction.envelope.hash());
    }
    record
}

/// One transaction, asked for by its own hash or by that of the one inside its fee bump.
pub(super) fn transaction(base: &str, applied: &Applied, asked: [u8; 32]) -> Value {
    let envelope = &applied.envelope;
    let hash = hex(&asked);
    let (memo_type, memo) = memo_text(envelope.memo());
    let own = signatures(&envelope.signatures);
    let mut record = json!({
        "_links": {
            "self": link(format!("{base}/transactions/{hash}")),
            "ledger": link(format!("{base}/ledgers/{}", applied.ledger)),
            "account": link(format!("{base}/accounts/{}", envelope.source())),
        },
        "id": hash,
        "hash": hash,
        "paging_token": applied.toid.to_string(),
        "successful": applied.successful,
        "ledger": applied.ledger,
        "created_at": time(applied.closed_at),
        "source_account_sequence": envelope.sequence().to_string(),
        "fee_charged": applied.result.fee_charged.to_string(),
        "max_fee": envelope.bid().to_string(),
        "operation_count": envelope.transaction.operations.len(),
        "envelope_xdr": envelope.xdr,
        "result_xdr": result_xdr(&applied.result),
        "memo_type": memo_type,
        "signatures": own,
    });
    if let Some(memo) = memo {
        record["memo"] = memo.into();
    }
    if let Memo::Text(text) = envelope.memo() {
        record["memo_bytes"] = BASE64.encode(text.as_slice()).into();
    }
    if let Some(bounds) = envelope.time_bounds() {
        let mut told = json!({ "min_time": bounds.min_time.0.to_string() });
        if bounds.max_time.0 != 0 {
            told["max_time"] = bounds.max_time.0.to_string().into();
        }
        record["preconditions"] = json!({ "timebounds": told });
    }
    if let Some(bump) = &envelope.bump {
        let outer = signatures(&bump.signatures);
        if asked != envelope.inner_hash {
            record["signatures"] = outer.clone();
        }
        record["fee_bump_transaction"] =
            json!({ "hash": hex(&envelope.hash()), "signatures": outer });
        record["inner_transaction"] = json!({
            "hash": hex(&envelope.inner_hash),
            "signatures": own,
            "max_fee": envelope.transaction.fee.to_string(),
        });
    }
    let source = &envelope.transaction.source_account;
    put_account(&mut record, "source_account", "account", source);
    put_account(&mut record, "fee_account", "fee_account", &envelope.fee_source().muxed());
    record
}

fn signatures(all: &[DecoratedSignature]) -> Value {
    all.iter().map(|one| Value::from(BASE64.encode(one.signature.0.as_slice()))).collect()
}

/// The result as base64.
pub(super) fn result_xdr(result: &stellar_xdr::TransactionResult) -> String {
    // What was built here can be written.
    result.to_xdr_base64(Limits::none()).unwrap_or_default()
}
