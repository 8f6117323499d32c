//! `GET /accounts/{id}`.

use super::fields::{Fields, object};
use crate::networks::stellar::account::{AccountState, Line};
use crate::networks::stellar::asset::StellarAsset;
use crate::networks::stellar::rules::SourceState;
use crate::networks::stellar::signers::{AccountSigner, Thresholds};
use crate::networks::stellar::stroops::stroops;

/// Where the owner of an account says that he wants memos (SEP-29).
const MEMO_REQUIRED: &str = "config.memo_required";

/// Reads an account that was asked for by `id`.
///
/// # Errors
/// It is another account, or something that money depends on cannot be read.
pub(in crate::networks::stellar) fn account(body: &[u8], id: &str) -> Result<AccountState, String> {
    let body = object(body)?;
    let fields = Fields::new(&body);
    let account = Fields::needed("account_id", fields.word("account_id"))?;
    if account != id {
        return Err(format!("account {id} was asked for, account {account} came"));
    }
    let thresholds = Fields::needed("thresholds", fields.inner("thresholds"))?;
    let threshold = |name: &str| Fields::needed(name, thresholds.number(name));
    let lines = fields.list("balances")?.into_iter().filter_map(|line| line_of(line).transpose());
    let signers = fields.list("signers")?.into_iter().filter_map(|one| signer(one).transpose());
    // `MQ==` is `1` in base64.
    let asks_memo = |data: Fields<'_>| Ok::<_, String>(data.text(MEMO_REQUIRED)? == Some("MQ=="));
    let memo_required = fields.inner("data")?.map(asks_memo).transpose()?.unwrap_or(false);
    Ok(AccountState {
        account: account.to_owned(),
        source: SourceState { sequence: Fields::needed("sequence", fields.number("sequence"))? },
        thresholds: Thresholds {
            low: threshold("low_threshold")?,
            medium: threshold("med_threshold")?,
        },
        signers: signers.collect::<Result<_, _>>()?,
        lines: lines.collect::<Result<_, _>>()?,
        memo_required,
        entries: entries(fields)?,
    })
}

/// For how many entries of the ledger it must keep a reserve. Old versions tell nothing of sponsors.
fn entries(fields: Fields<'_>) -> Result<i64, String> {
    let count = |name: &str| Ok::<i64, String>(fields.number::<u32>(name)?.unwrap_or(0).into());
    let (own, paid_for) = (count("subentry_count")?, count("num_sponsoring")?);
    Ok(2 + own + paid_for - count("num_sponsored")?)
}

/// A signer that is a key. Hashes and transactions that may sign are of no use to us.
fn signer(fields: Fields<'_>) -> Result<Option<AccountSigner>, String> {
    if fields.word("type")?.is_some_and(|kind| kind != "ed25519_public_key") {
        return Ok(None);
    }
    let key = Fields::needed("key", fields.word("key"))?.to_owned();
    Ok(Some(AccountSigner { key, weight: Fields::needed("weight", fields.number("weight"))? }))
}

/// One balance. None for a share in a liquidity pool, and for kinds that come later.
fn line_of(fields: Fields<'_>) -> Result<Option<Line>, String> {
    let Some(asset) = asset(fields, "")? else { return Ok(None) };
    let is_native = asset == StellarAsset::Native;
    let stroops = |name: &str| {
        let text = Fields::needed(name, fields.word(name))?;
        text.parse().ok().and_then(|amount| stroops(&amount).ok()).ok_or_else(|| {
            format!(
                "{name} of {asset} is not an amount: {}",
                text.chars().take(40).collect::<String>()
            )
        })
    };
    let or_zero = |name: &str| if fields.word(name)?.is_some() { stroops(name) } else { Ok(0) };
    let line = Line {
        balance: stroops("balance")?,
        limit: if is_native { i64::MAX } else { stroops("limit")? },
        buying_liabilities: or_zero("buying_liabilities")?,
        selling_liabilities: or_zero("selling_liabilities")?,
        // Old ledgers have no such flag, and XLM never has.
        authorized: fields.flag("is_authorized")?.unwrap_or(true),
        asset,
    };
    Ok(Some(line))
}

/// The asset of a record, whose fields begin with `prefix`. None for a share in a liquidity pool, and for kinds that come
/// later.
pub(super) fn asset(fields: Fields<'_>, prefix: &str) -> Result<Option<StellarAsset>, String> {
    let word = |name: &str| {
        let name = format!("{prefix}{name}");
        Fields::needed(&name, fields.word(&name))
    };
    match word("asset_type")? {
        "native" => Ok(Some(StellarAsset::Native)),
        "credit_alphanum4" | "credit_alphanum12" => {
            let asset = StellarAsset::credit(word("asset_code")?, word("asset_issuer")?);
            asset.map(Some).map_err(|error| error.to_string())
        }
        _ => Ok(None),
    }
}
