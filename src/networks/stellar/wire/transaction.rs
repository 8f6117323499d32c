//! Transactions: the answer to a submission, and one that was looked for.

use super::fields::{Fields, object};
use crate::networks::stellar::codes::{Codes, OperationCode, TransactionCode};
use crate::networks::stellar::rules::{Found, SubmitAnswer};

/// Reads a transaction that was asked for by its hash.
///
/// # Errors
/// It is another transaction, or what became of it cannot be read.
pub(in crate::networks::stellar) fn found(body: &[u8], hash: &str) -> Result<Found, String> {
    let body = object(body)?;
    let fields = Fields::new(&body);
    let told = Fields::needed("hash", fields.word("hash"))?;
    if !is_of(fields, hash) {
        return Err(format!("transaction {hash} was asked for, transaction {told} came"));
    }
    outcome(fields)
}

/// What became of a transaction, from its record.
fn outcome(fields: Fields<'_>) -> Result<Found, String> {
    let ledger = Fields::needed("ledger", fields.number("ledger"))?;
    let successful = fields.flag("successful");
    if successful == Some(true) {
        return Ok(Found { ledger, failed: None });
    }
    let result_xdr = Fields::needed("result_xdr", fields.string("result_xdr"))?;
    match (Codes::from_result_xdr(result_xdr)?, successful) {
        (None, Some(false)) => {
            Err("the record says that the transaction failed, its result that it did not"
                .to_owned())
        }
        (failed, _) => Ok(Found { ledger, failed }),
    }
}

/// Whether the record is of the transaction `hash`, itself or with a fee bump around it.
fn is_of(fields: Fields<'_>, hash: &str) -> bool {
    let inner = |name: &str| fields.inner(name).and_then(|inner| inner.word("hash"));
    [fields.word("hash"), inner("inner_transaction"), inner("fee_bump_transaction")]
        .contains(&Some(hash))
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
        let Found { ledger, failed } = outcome(fields)?;
        return Ok(Some(match failed {
            None => SubmitAnswer::Applied { hash: hash.to_owned(), ledger },
            Some(codes) => SubmitAnswer::Rejected(codes),
        }));
    }
    Ok(object(body).ok().and_then(|body| rejected(Fields::new(&body))).map(SubmitAnswer::Rejected))
}

/// The codes of a problem.
fn rejected(fields: Fields<'_>) -> Option<Codes> {
    let Some(codes) = fields.inner("extras").and_then(|extras| extras.inner("result_codes")) else {
        // Horizon could not even read the envelope.
        let kind = fields
            .word("type")?
            .rsplit('/')
            .next()
            .filter(|kind| *kind == "transaction_malformed")?;
        return Some(Codes { transaction: TransactionCode::parse(kind), operations: Vec::new() });
    };
    // With a fee bump around it, the outer code says only that the inner one counts.
    let transaction = codes.word("inner_transaction").or_else(|| codes.word("transaction"))?;
    let operations = codes.words("operations").map(OperationCode::parse).collect();
    Some(Codes { transaction: TransactionCode::parse(transaction), operations })
}
