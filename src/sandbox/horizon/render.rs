//! Records as Horizon writes them.

use serde_json::{Map, Value, json};
use stellar_xdr::{
    Asset, DecoratedSignature, Limits, Memo, MuxedAccount, SignerKey, WriteXdr as _,
};

use super::account::{AUTH_IMMUTABLE, AUTH_REQUIRED, AUTH_REVOCABLE, Account};
use super::history::{Applied, Header, Moved};
use super::keys::{Key, asset_text, code_and_issuer, decimal, hex, memo_text};
use super::ledger::Ledger;
use super::operations::Kind;
use super::state::Claimable;
use crate::sandbox::base64;

/// Times as Horizon writes them: whole seconds.
fn time(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn link(href: String) -> Value {
    json!({ "href": href })
}

/// Writes `asset_type`, and code and issuer where there are any, under names with this prefix.
fn put_asset(record: &mut Map<String, Value>, prefix: &str, asset: &Asset) {
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

/// One account.
pub(super) fn account(base: &str, key: Key, account: &Account, ledger: &Header) -> Value {
    let [low, medium, high] = account.thresholds;
    let mut balances: Vec<Value> = account
        .lines
        .iter()
        .map(|(asset, line)| {
            let mut record = Map::new();
            put_asset(&mut record, "", asset);
            record.insert("balance".to_owned(), decimal(line.balance).into());
            record.insert("limit".to_owned(), decimal(line.limit).into());
            record.insert("buying_liabilities".to_owned(), "0.0000000".into());
            record.insert("selling_liabilities".to_owned(), "0.0000000".into());
            record.insert("is_authorized".to_owned(), line.authorized.into());
            let maintained = "is_authorized_to_maintain_liabilities".to_owned();
            record.insert(maintained, line.authorized.into());
            Value::Object(record)
        })
        .collect();
    balances.push(json!({
        "asset_type": "native", "balance": decimal(account.native),
        "buying_liabilities": "0.0000000", "selling_liabilities": "0.0000000",
    }));
    let mut signers: Vec<Value> = account.signers.iter().map(|(key, weight)| {
        json!({ "key": key.to_string(), "weight": weight, "type": signer_type(key) })
    }).collect();
    signers.push(json!({
        "key": key.to_string(), "weight": account.master_weight, "type": "ed25519_public_key",
    }));
    let data: Map<String, Value> = account
        .data
        .iter()
        .map(|(name, value)| (name.clone(), base64::encode(value).into()))
        .collect();
    let mut record = json!({
        "_links": { "self": link(format!("{base}/accounts/{key}")) },
        "id": key.to_string(),
        "account_id": key.to_string(),
        "paging_token": key.to_string(),
        "sequence": account.sequence.to_string(),
        "subentry_count": account.subentries(),
        "last_modified_ledger": ledger.sequence,
        "thresholds": { "low_threshold": low, "med_threshold": medium, "high_threshold": high },
        "flags": {
            "auth_required": account.has_flag(AUTH_REQUIRED),
            "auth_revocable": account.has_flag(AUTH_REVOCABLE),
            "auth_immutable": account.has_flag(AUTH_IMMUTABLE),
            "auth_clawback_enabled": false,
        },
        "balances": balances,
        "signers": signers,
        "num_sponsoring": account.sponsoring,
        "num_sponsored": 0,
        "data": data,
    });
    if account.sequence_time != 0 {
        record["sequence_ledger"] = account.sequence_ledger.into();
        record["sequence_time"] = account.sequence_time.to_string().into();
    }
    record
}

fn signer_type(key: &SignerKey) -> &'static str {
    match key {
        SignerKey::Ed25519(_) => "ed25519_public_key",
        SignerKey::PreAuthTx(_) => "preauth_tx",
        SignerKey::HashX(_) => "sha256_hash",
        SignerKey::Ed25519SignedPayload(_) => "ed25519_signed_payload",
    }
}

/// One ledger.
pub(super) fn ledger(base: &str, header: &Header) -> Value {
    json!({
        "_links": { "self": link(format!("{base}/ledgers/{}", header.sequence)) },
        "id": format!("{:064x}", header.sequence),
        "hash": format!("{:064x}", header.sequence),
        "paging_token": (u64::from(header.sequence) << 32).to_string(),
        "sequence": header.sequence,
        "successful_transaction_count": header.successful,
        "failed_transaction_count": header.failed,
        "operation_count": header.operations,
        "closed_at": time(header.closed_at),
        "base_fee_in_stroops": super::check::BASE_FEE,
        "base_reserve_in_stroops": super::account::BASE_RESERVE,
        "max_tx_set_size": header.capacity,
        "protocol_version": PROTOCOL,
    })
}

/// One claimable balance.
pub(super) fn claimable(base: &str, id: &[u8; 32], balance: &Claimable) -> Value {
    let id = claimable_id(id);
    let claimants: Vec<Value> = balance
        .claimants
        .iter()
        .map(|stellar_xdr::Claimant::ClaimantTypeV0(claimant)| {
            let destination = Key::from(&claimant.destination).to_string();
            json!({ "destination": destination, "predicate": predicate(&claimant.predicate) })
        })
        .collect();
    json!({
        "_links": { "self": link(format!("{base}/claimable_balances/{id}")) },
        "id": id,
        "asset": asset_text(&balance.asset),
        "amount": decimal(balance.amount),
        "sponsor": balance.sponsor.to_string(),
        "last_modified_ledger": balance.ledger,
        "claimants": claimants,
        "flags": { "clawback_enabled": false },
        "paging_token": format!("{}-{id}", balance.ledger),
    })
}

/// The id of a claimable balance as Horizon writes it: its XDR in hex.
pub(super) fn claimable_id(id: &[u8; 32]) -> String {
    format!("00000000{}", hex(id))
}

fn predicate(of: &stellar_xdr::ClaimPredicate) -> Value {
    use stellar_xdr::ClaimPredicate as P;
    let all = |inner: &[P]| inner.iter().map(predicate).collect::<Value>();
    match of {
        P::Unconditional => json!({ "unconditional": true }),
        P::And(both) => json!({ "and": all(both) }),
        P::Or(either) => json!({ "or": all(either) }),
        P::Not(inner) => json!({ "not": inner.as_ref().map(|inner| predicate(inner)) }),
        P::BeforeAbsoluteTime(at) => json!({ "abs_before_epoch": at.to_string() }),
        P::BeforeRelativeTime(after) => json!({ "rel_before": after.to_string() }),
    }
}

/// The version of the network's protocol that is simulated.
pub(super) const PROTOCOL: u32 = 23;

/// `GET /`.
pub(super) fn root(base: &str, ledger: &Ledger, passphrase: &str) -> Value {
    let (seen, last) = (ledger.visible(), ledger.last());
    let elder = ledger.history.ledgers[0].sequence;
    json!({
        "_links": {
            "self": link(format!("{base}/")),
            "account": { "href": format!("{base}/accounts/{{account_id}}"), "templated": true },
        },
        "horizon_version": "railpoll-sandbox",
        "core_version": "railpoll-sandbox",
        "ingest_latest_ledger": seen.sequence,
        "history_latest_ledger": seen.sequence,
        "history_latest_ledger_closed_at": time(seen.closed_at),
        "history_elder_ledger": elder,
        "core_latest_ledger": last.sequence,
        "network_passphrase": passphrase,
        "current_protocol_version": PROTOCOL,
        "supported_protocol_version": PROTOCOL,
        "core_supported_protocol_version": PROTOCOL,
    })
}

/// `GET /fee_stats`, over the last five ledgers.
pub(super) fn fee_stats(ledger: &Ledger) -> Value {
    let seen = ledger.visible();
    let first = seen.sequence.saturating_sub(4);
    let recent = ledger.history.transactions.iter().rev();
    let recent = recent.skip_while(|applied| applied.ledger > seen.sequence);
    let recent: Vec<&Applied> = recent.take_while(|applied| applied.ledger >= first).collect();
    let per = |fee: i64, applied: &Applied| fee / applied.envelope.priced_operations().max(1);
    let charged = recent.iter().map(|applied| per(applied.result.fee_charged, applied)).collect();
    let bids = recent.iter().map(|applied| applied.envelope.rate()).collect();
    let usage = seen.operations.saturating_mul(100) / seen.capacity.max(1);
    json!({
        "last_ledger": seen.sequence.to_string(),
        "last_ledger_base_fee": super::check::BASE_FEE.to_string(),
        "ledger_capacity_usage": format!("{}.{:02}", usage / 100, usage % 100),
        "fee_charged": percentiles(charged, ledger.min_fee),
        "max_fee": percentiles(bids, ledger.min_fee),
    })
}

fn percentiles(mut fees: Vec<i64>, otherwise: i64) -> Value {
    fees.sort_unstable();
    let at = |percent: usize| {
        let index = (fees.len() * percent).div_ceil(100).saturating_sub(1);
        fees.get(index).copied().unwrap_or(otherwise)
    };
    let mode = fees.chunk_by(|a, b| a == b).max_by_key(|same| same.len());
    let mut told = Map::new();
    let mut put = |name: &str, fee: i64| told.insert(name.to_owned(), fee.to_string().into());
    put("min", at(0));
    put("max", at(100));
    put("mode", mode.and_then(|same| same.first()).copied().unwrap_or(otherwise));
    for percent in [10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99] {
        put(&format!("p{percent}"), at(percent));
    }
    Value::Object(told)
}
