//! One transaction: the answer to its submission, and one that was looked for.

use super::fields::{Fields, object};
use crate::networks::stellar::codes::{Codes, OperationCode, TransactionCode};
use crate::networks::stellar::rules::{FoundTransaction, SubmitAnswer};

/// Reads a transaction that was asked for by its hash.
///
/// # Errors
/// It is another transaction, or what became of it cannot be read.
pub(in crate::networks::stellar) fn found(
    body: &[u8],
    hash: &str,
) -> Result<FoundTransaction, String> {
    let body = object(body)?;
    let fields = Fields::new(&body);
    let told = Fields::needed("hash", fields.word("hash"))?;
    if !is_of(fields, hash)? {
        return Err(format!("transaction {hash} was asked for, transaction {told} came"));
    }
    outcome(fields)
}

/// What became of a transaction, from its record. One that says that it failed has not paid, whatever its result says or
/// however little of it we can read.
fn outcome(fields: Fields<'_>) -> Result<FoundTransaction, String> {
    let ledger = Fields::needed("ledger", fields.number("ledger"))?;
    let successful = fields.flag("successful")?;
    if successful == Some(true) {
        return Ok(FoundTransaction { ledger, failed: None });
    }
    let result_xdr = Fields::needed("result_xdr", fields.text("result_xdr"));
    let codes = result_xdr.and_then(Codes::from_result_xdr);
    if successful.is_none() {
        return Ok(FoundTransaction { ledger, failed: codes? });
    }
    let unreadable = |why: String| Codes {
        transaction: TransactionCode::parse(&format!("failed, and not why: {why}")),
        operations: Vec::new(),
    };
    let codes = match codes {
        Ok(Some(codes)) => codes,
        Ok(None) => unreadable("its result says that it did not".to_owned()),
        Err(why) => unreadable(why),
    };
    Ok(FoundTransaction { ledger, failed: Some(codes) })
}

/// Whether the record is of the transaction `hash`, itself or with a fee bump around it.
fn is_of(fields: Fields<'_>, hash: &str) -> Result<bool, String> {
    let inner = |name: &str| {
        let hash = fields.inner(name)?.map(|inner| inner.word("hash"));
        Ok::<_, String>(hash.transpose()?.flatten())
    };
    let all = [fields.word("hash")?, inner("inner_transaction")?, inner("fee_bump_transaction")?];
    Ok(all.contains(&Some(hash)))
}

/// Reads the answer to a submission: the record of a transaction that was applied, or a problem with its codes.
///
/// None if it is a refusal without codes, which says nothing about the envelope.
///
/// # Errors
/// A good answer cannot be read: then it is not known what became of the envelope.
pub(in crate::networks::stellar) fn submitted(
    status: u16,
    body: &[u8],
) -> Result<Option<SubmitAnswer>, String> {
    if (200..300).contains(&status) {
        let body = object(body)?;
        let fields = Fields::new(&body);
        let hash = Fields::needed("hash", fields.word("hash"))?;
        let FoundTransaction { ledger, failed } = outcome(fields)?;
        return Ok(Some(match failed {
            None => SubmitAnswer::Applied { hash: hash.to_owned(), ledger },
            Some(Codes { transaction: TransactionCode::Other(why), .. }) => {
                // The ledger has it: a look at it there decides.
                SubmitAnswer::Unclear { why }
            }
            Some(codes) => SubmitAnswer::Rejected(codes),
        }));
    }
    let Ok(body) = object(body) else { return Ok(None) };
    // Codes that cannot be read say nothing, and it may have been taken.
    Ok(rejected(Fields::new(&body))?.map(SubmitAnswer::Rejected))
}

/// The codes of a problem.
fn rejected(fields: Fields<'_>) -> Result<Option<Codes>, String> {
    let extras = fields.inner("extras")?;
    let codes = extras.map(|extras| extras.inner("result_codes")).transpose()?.flatten();
    let Some(codes) = codes else {
        // Horizon could not even read the envelope.
        let kind = fields.word("type")?.and_then(|kind| kind.rsplit('/').next());
        let kind = kind.filter(|kind| *kind == "transaction_malformed");
        let code = kind.map(TransactionCode::parse);
        return Ok(code.map(|transaction| Codes { transaction, operations: Vec::new() }));
    };
    // With a fee bump around it, the outer code says only that the inner one counts.
    let inner = codes.word("inner_transaction")?;
    let Some(transaction) = inner.or(codes.word("transaction")?) else { return Ok(None) };
    let operations = codes.words("operations")?.into_iter().map(OperationCode::parse).collect();
    Ok(Some(Codes { transaction: TransactionCode::parse(transaction), operations }))
}
