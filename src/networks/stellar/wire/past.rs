//! An account's transactions, record by record: one that cannot be read hides no other.

use super::fields::{Fields, picked, salvaged};
use super::page::{behind, first_of};
use crate::http::{Cut, brief};
use crate::networks::stellar::past::{PastRecord, PastTransaction, UnreadPast, done_by};

/// All that is needed of a record. What its sender may write, such as the memo, is read in its envelope.
const NEEDED: [&str; 8] = [
    "inner_transaction",
    "hash",
    "envelope_xdr",
    "source_account_sequence",
    "successful",
    "source_account",
    "paging_token",
    "created_at",
];

/// Reads a page of an account's transactions. One that cannot be understood is one of them, as far as it can be read.
///
/// # Errors
/// It is no page.
pub(in crate::networks::stellar) fn past(body: &[u8]) -> Result<Vec<PastRecord>, String> {
    let page = Cut::object(body)?;
    let records = page.inner("_embedded")?.list("records")?;
    let mut records: Vec<PastRecord> = records.into_iter().map(record).collect();
    if let Some(PastRecord::Unread(last)) = records.last_mut()
        && last.paging_token.is_none()
    {
        last.paging_token = behind(&page);
    }
    Ok(records)
}

/// The first record of a page that is too large to be read, of which this is the beginning. None if it does not even tell
/// its place.
pub(in crate::networks::stellar) fn past_too_large(
    beginning: &str,
    problem: &str,
) -> Option<PastRecord> {
    let unread = unread(first_of(beginning)?, problem.to_owned());
    unread.paging_token.is_some().then_some(PastRecord::Unread(unread))
}

fn record(raw: &[u8]) -> PastRecord {
    let fields = picked(raw, &NEEDED);
    match fields.and_then(|fields| transaction(Fields::new(&fields))) {
        Ok(past) => PastRecord::Read(past),
        Err(why) => PastRecord::Unread(unread(raw, brief(&why))),
    }
}

fn transaction(fields: Fields<'_>) -> Result<PastTransaction, String> {
    let hash = match fields.inner("inner_transaction")? {
        Some(inner) => Fields::needed("inner_transaction.hash", inner.word("hash"))?,
        None => Fields::needed("hash", fields.word("hash"))?,
    };
    let done = done_by(Fields::needed("envelope_xdr", fields.text("envelope_xdr"))?)?;
    let sequence = "source_account_sequence";
    let sequence: i64 = Fields::needed(sequence, fields.number(sequence))?;
    let is_done = Fields::needed("successful", fields.flag("successful"))?;
    let source = Fields::needed("source_account", fields.word("source_account"))?;
    let paging_token = Fields::needed("paging_token", fields.place("paging_token"))?;
    Ok(PastTransaction {
        hash: hash.to_owned(),
        source: source.to_owned(),
        sequence: done.bumped_to.filter(|_| is_done).map_or(sequence, |to| to.max(sequence)),
        closed_at: Fields::needed("created_at", fields.time("created_at"))?,
        paging_token,
        payments: if is_done { done.payments } else { Vec::new() },
    })
}

/// What can be told of a record all the same.
fn unread(raw: &[u8], why: String) -> UnreadPast {
    let cut = Cut::beginning(raw);
    let word =
        |name: &str| salvaged(&cut, name, |fields, name| Ok(fields.word(name)?.map(str::to_owned)));
    UnreadPast {
        hash: word("hash"),
        source: word("source_account"),
        sequence: salvaged(&cut, "source_account_sequence", |fields, name| fields.number(name)),
        closed_at: salvaged(&cut, "created_at", |fields, name| fields.time(name)),
        paging_token: salvaged(&cut, "paging_token", |fields, name| fields.place(name)),
        why,
    }
}
