//! What an account's payments bring, in plain words.

use chrono::{DateTime, Utc};
use stellar_xdr::{AccountMergeResult, OperationResult, OperationResultTr};

use super::account::asset;
use super::fields::{Fields, is_place, object};
use crate::engine::{Amount, Incoming, Memo};
use crate::http::{Cut, printable};
use crate::networks::stellar::asset::StellarAsset;
use crate::networks::stellar::codes;
use crate::networks::stellar::stroops::amount;

/// Of an operation's id, so many bits count the operation in its transaction.
const OPERATION_BITS: u64 = 0xfff;

/// One record of an account's payments.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRecord {
    /// Where to go on behind it. None: it does not tell, and cannot be understood.
    pub cursor: Option<String>,
    /// What it is.
    pub content: Content,
}

/// What a record is to the account that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Money came. More than one only where a contract paid several times in one operation: then their ids are the
    /// operation's with `-2`, `-3`, … behind it.
    Received(Vec<Incoming>),
    /// Money came, and the record does not say how much: it is in the operation's effects.
    Claimed(Box<ReceivedClaim>),
    /// Money went away, or nothing happened: a payment of the account itself, or one that failed.
    Nothing,
    /// It may be money, and cannot be understood.
    Unreadable {
        /// What is wrong with it.
        why: String,
        /// The record as it came.
        raw: String,
    },
}

/// Whose payments are read.
#[derive(Debug, Clone, Copy)]
pub(in crate::networks::stellar) struct Watched<'a> {
    /// The configured name of the network.
    pub(in crate::networks::stellar) network: &'a str,
    /// The account, `G…`.
    pub(in crate::networks::stellar) account: &'a str,
}

/// A claimable balance that the account has claimed: all that is known of it but how much it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedClaim {
    common: Common,
}

impl ReceivedClaim {
    /// The operation's id, by which its effects are found.
    #[must_use]
    pub fn operation_id(&self) -> &str {
        &self.common.id
    }
}

/// What every record has, whatever came.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Common {
    id: String,
    network: String,
    account: String,
    memo: Option<Memo>,
    reference: String,
    at: DateTime<Utc>,
    raw: String,
}

/// What a record says of the money itself.
struct Part {
    muxed_id: Option<u64>,
    from: Option<String>,
    amount: Amount,
    asset: StellarAsset,
}

impl Common {
    /// The payment that `part` is, the first of its operation or a further one.
    fn received(&self, place: usize, part: Part) -> Incoming {
        let id = &self.id;
        Incoming {
            incoming_id: if place == 1 { id.clone() } else { format!("{id}-{place}") },
            source: self.network.clone(),
            account: self.account.clone(),
            from: part.from,
            amount: part.amount,
            asset: part.asset.to_string(),
            memo: self.memo.clone(),
            subject: None,
            fee: None,
            muxed_id: part.muxed_id,
            reference: self.reference.clone(),
            at: self.at,
            raw: self.raw.clone(),
        }
    }
}

/// Reads a record of the payments of an account. All that is wrong with it becomes [`Content::Unreadable`].
///
/// `place` is where it stands in its list, as far as others than the record itself tell.
pub(in crate::networks::stellar) fn record(
    raw: &[u8],
    watched: Watched<'_>,
    place: Option<&str>,
) -> StreamRecord {
    let text = printable(raw);
    let unreadable = |why| Content::Unreadable { why, raw: text.clone().into_owned() };
    let place = place.map(str::to_owned);
    let body = match object(raw) {
        Ok(body) => body,
        Err(why) => {
            // Where it stands may be readable though the rest is not: no UTF-8, half a surrogate, nested too deep.
            let told = Cut::beginning(raw).text("paging_token");
            let cursor = told.filter(|told| is_place(told)).or(place);
            return StreamRecord { cursor, content: unreadable(why) };
        }
    };
    let fields = Fields::new(&body);
    // An operation's id is its place, too.
    match Fields::needed("paging_token", fields.place("paging_token")) {
        Ok(cursor) => {
            let content = content(fields, watched, &text).unwrap_or_else(unreadable);
            StreamRecord { cursor: Some(cursor), content }
        }
        Err(why) => {
            let id = fields.number::<u64>("id").ok().flatten();
            let cursor = place.or_else(|| id.map(|id| id.to_string()));
            StreamRecord { cursor, content: unreadable(why) }
        }
    }
}

fn content(fields: Fields<'_>, watched: Watched<'_>, raw: &str) -> Result<Content, String> {
    // Failed ones are listed only if asked for, and bring nothing.
    if fields.flag("transaction_successful")? == Some(false) {
        return Ok(Content::Nothing);
    }
    let kind = Fields::needed("type", fields.word("type"))?;
    // Whom it goes to must be told: what is not ours is passed over for good.
    let is_ours =
        |name: &str| Ok::<_, String>(Fields::needed(name, fields.word(name))? == watched.account);
    let parts = match kind {
        "payment" | "path_payment_strict_send" | "path_payment_strict_receive" | "path_payment"
            if is_ours("to")? =>
        {
            vec![part(fields, "to", "from", "amount", asset(fields, "")?)?]
        }
        "create_account" if is_ours("account")? => {
            let native = Some(StellarAsset::Native);
            vec![part(fields, "account", "funder", "starting_balance", native)?]
        }
        "account_merge" if is_ours("into")? => vec![merge(fields)?],
        "invoke_host_function" => contract(fields, watched.account)?,
        "claim_claimable_balance" if is_ours("claimant")? => {
            let common = common(fields, watched, raw)?;
            return Ok(Content::Claimed(Box::new(ReceivedClaim { common })));
        }
        "payment"
        | "path_payment_strict_send"
        | "path_payment_strict_receive"
        | "path_payment"
        | "create_account"
        | "account_merge"
        | "claim_claimable_balance"
        | "create_claimable_balance" => Vec::new(),
        other => return Err(format!("records of the type {other} are not known")),
    };
    if parts.is_empty() {
        return Ok(Content::Nothing);
    }
    let common = common(fields, watched, raw)?;
    let received = (1..).zip(parts).map(|(place, part)| common.received(place, part));
    Ok(Content::Received(received.collect()))
}

fn common(fields: Fields<'_>, watched: Watched<'_>, raw: &str) -> Result<Common, String> {
    let hash = "transaction_hash";
    Ok(Common {
        id: Fields::needed("id", fields.place("id"))?,
        network: watched.network.to_owned(),
        account: watched.account.to_owned(),
        memo: memo(fields)?,
        reference: Fields::needed(hash, fields.word(hash))?.to_owned(),
        at: Fields::needed("created_at", fields.time("created_at"))?,
        raw: raw.to_owned(),
    })
}

/// The memo of the transaction that is joined to the record. Without that transaction nobody can tell whose money it is.
fn memo(fields: Fields<'_>) -> Result<Option<Memo>, String> {
    let transaction = Fields::needed("transaction", fields.inner("transaction"))?;
    match Fields::needed("memo_type", transaction.word("memo_type"))? {
        "none" => Ok(None),
        // Payers may put anything there. Databases refuse some of it, and none of that is a memo of ours.
        "text" => {
            let text = transaction.text("memo")?.unwrap_or_default();
            let text = text.replace(char::is_control, "\u{fffd}");
            Ok(Some(Memo::Text(text)))
        }
        "id" => Ok(Some(Memo::Id(Fields::needed("memo", transaction.number("memo"))?))),
        kind => {
            let value = Fields::needed("memo", transaction.word("memo"))?;
            Memo::parse(kind, value).map(Some).map_err(|error| error.to_string())
        }
    }
}

/// The money that a record names in fields of its own.
fn part(
    fields: Fields<'_>,
    to: &str,
    from: &str,
    how_much: &str,
    asset: Option<StellarAsset>,
) -> Result<Part, String> {
    Ok(Part {
        muxed_id: muxed_id(fields, to)?,
        from: payer(fields, from)?,
        amount: Fields::needed(how_much, fields.word(how_much))?
            .parse()
            .map_err(|_| format!("{how_much} is not an amount"))?,
        asset: asset.ok_or("the asset is of a kind that is not known")?,
    })
}

fn payer(fields: Fields<'_>, name: &str) -> Result<Option<String>, String> {
    let (muxed, plain) = (fields.word(&format!("{name}_muxed"))?, fields.word(name)?);
    Ok(muxed.or(plain).map(str::to_owned))
}

/// The number of the sub-account that was paid.
fn muxed_id(fields: Fields<'_>, name: &str) -> Result<Option<u64>, String> {
    fields.number(&format!("{name}_muxed_id"))
}

/// All that an account had, when it was closed. How much that was is in the transaction's result alone.
fn merge(fields: Fields<'_>) -> Result<Part, String> {
    let transaction = Fields::needed("transaction", fields.inner("transaction"))?;
    let result_xdr = Fields::needed("result_xdr", transaction.text("result_xdr"))?;
    let id: u64 = Fields::needed("id", fields.number("id"))?;
    let place = usize::try_from(id & OPERATION_BITS).unwrap_or(0);
    let stroops = merged(result_xdr, place)?;
    Ok(Part {
        muxed_id: muxed_id(fields, "into")?,
        from: payer(fields, "account")?,
        amount: amount(stroops).ok_or("the merged account had less than nothing")?,
        asset: StellarAsset::Native,
    })
}

/// The stroops that the operation at `place`, counted from 1, brought by merging an account.
fn merged(result_xdr: &str, place: usize) -> Result<i64, String> {
    let result = codes::read(result_xdr)?;
    let (_, operations) = codes::effective(&result);
    let operation = place.checked_sub(1).and_then(|index| operations.get(index));
    match operation {
        Some(OperationResult::OpInner(OperationResultTr::AccountMerge(
            AccountMergeResult::Success(stroops),
        ))) => Ok(*stroops),
        Some(_) | None => Err(format!("operation {place} of result_xdr is not a merge")),
    }
}

/// What a contract paid to the account in one operation.
fn contract(fields: Fields<'_>, account: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    for change in fields.list("asset_balance_changes")? {
        if change.word("to")? != Some(account) {
            continue;
        }
        match Fields::needed("type", change.word("type"))? {
            "transfer" | "mint" => {}
            other => return Err(format!("changes of a balance of the type {other} are not known")),
        }
        let mut part = part(change, "to", "from", "amount", asset(change, "")?)?;
        part.muxed_id = part.muxed_id.or(change.number("destination_muxed_id")?);
        parts.push(part);
    }
    Ok(parts)
}

/// Completes a claim with what the effects of its operation say that the account was credited.
///
/// # Errors
/// They do not say it.
pub(in crate::networks::stellar) fn claimed(
    effects: &[u8],
    claim: &ReceivedClaim,
) -> Result<Incoming, String> {
    let records = Cut::object(effects)?.inner("_embedded")?.list("records")?;
    let mut odd = None;
    for raw in records {
        match credited(raw, &claim.common.account) {
            Ok(Some(part)) => return Ok(claim.common.received(1, part)),
            Ok(None) => {}
            Err(why) => odd = odd.or(Some(why)),
        }
    }
    Err(odd.unwrap_or_else(|| "account_credited is missing".to_owned()))
}

/// What an effect has brought to `account`, if it has.
fn credited(raw: &[u8], account: &str) -> Result<Option<Part>, String> {
    let body = object(raw)?;
    let effect = Fields::new(&body);
    let is_it = Fields::needed("type", effect.word("type"))? == "account_credited"
        && Fields::needed("account", effect.word("account"))? == account;
    if !is_it {
        return Ok(None);
    }
    part(effect, "account", "from", "amount", asset(effect, "")?).map(Some)
}
