//! Accounts, ledgers, balances and the network itself, as Horizon writes them.

use serde_json::{Value, json};
use stellar_xdr::SignerKey;

use super::account::{Account, BASE_RESERVE};
use super::check::BASE_FEE;
use super::history::{Applied, Header};
use super::keys::{Key, asset_text, decimal, hex};
use super::ledger::Ledger;
use super::render::{link, put_asset, time};
use super::state::Claimable;

/// One account.
pub(super) fn account(base: &str, key: Key, account: &Account, ledger: &Header) -> Value {
    let [low, medium, high] = account.thresholds;
    let lines = account.lines.iter().map(|(asset, line)| {
        let mut record = json!({
            "balance": decimal(line.balance),
            "limit": decimal(line.limit),
            "buying_liabilities": "0.0000000",
            "selling_liabilities": "0.0000000",
            "is_authorized": line.authorized,
            "is_authorized_to_maintain_liabilities": line.authorized,
        });
        put_asset(&mut record, asset);
        record
    });
    let native = json!({
        "asset_type": "native", "balance": decimal(account.native),
        "buying_liabilities": "0.0000000", "selling_liabilities": "0.0000000",
    });
    let others = account.signers.iter().map(|(key, weight)| {
        json!({ "key": key.to_string(), "weight": weight, "type": signer_type(key) })
    });
    let master = json!({
        "key": key.to_string(), "weight": account.master_weight, "type": "ed25519_public_key",
    });
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
            "auth_required": account.auth_required,
            "auth_revocable": account.auth_required,
            "auth_immutable": false,
            "auth_clawback_enabled": false,
        },
        "balances": lines.chain([native]).collect::<Value>(),
        "signers": others.chain([master]).collect::<Value>(),
        "num_sponsoring": account.sponsoring,
        "num_sponsored": 0,
        "data": {},
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
        "base_fee_in_stroops": BASE_FEE,
        "base_reserve_in_stroops": BASE_RESERVE,
        "max_tx_set_size": header.capacity,
        "protocol_version": PROTOCOL,
    })
}

/// One claimable balance.
pub(super) fn claimable(base: &str, id: &[u8; 32], balance: &Claimable) -> Value {
    let id = claimable_id(id);
    let claimants = balance.claimants.iter().map(|claimant| {
        json!({ "destination": claimant.to_string(), "predicate": { "unconditional": true } })
    });
    json!({
        "_links": { "self": link(format!("{base}/claimable_balances/{id}")) },
        "id": id,
        "asset": asset_text(&balance.asset),
        "amount": decimal(balance.amount),
        "sponsor": balance.sponsor.to_string(),
        "last_modified_ledger": balance.ledger,
        "claimants": claimants.collect::<Value>(),
        "flags": { "clawback_enabled": false },
        "paging_token": format!("{}-{id}", balance.ledger),
    })
}

/// The id of a claimable balance as Horizon writes it: its XDR in hex.
pub(super) fn claimable_id(id: &[u8; 32]) -> String {
    format!("00000000{}", hex(id))
}

/// The version of the network's protocol that is simulated.
pub(super) const PROTOCOL: u32 = 23;

/// `GET /`.
pub(super) fn root(base: &str, ledger: &Ledger, passphrase: &str, elder: u32) -> Value {
    let (seen, last) = (ledger.visible(), ledger.last());
    let elder = ledger.history.ledgers[0].sequence.max(elder);
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
        "last_ledger_base_fee": BASE_FEE.to_string(),
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
    let mode = mode.and_then(|same| same.first()).copied().unwrap_or(otherwise);
    let mut told = json!({
        "min": at(0).to_string(), "max": at(100).to_string(), "mode": mode.to_string(),
    });
    for percent in [10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99] {
        told[format!("p{percent}")] = at(percent).to_string().into();
    }
    told
}
