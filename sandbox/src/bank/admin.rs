//! What a person can tell the bank over HTTP, without a signature: the customers' side.

use serde::Deserialize;
use serde_json::{Value, json};

use super::books::{BankBooks, Problem};
use super::deposits::{self, Deposit, Receipt};
use super::endpoint::BankEndpoint;
use crate::body::object;
use crate::service::Asked;

/// A customer pays in. `about` is the subject, or the transfer's id.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Receive {
    about: String,
    amount: String,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    fee: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Announce {
    about: String,
    #[serde(default)]
    message: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fail {
    about: String,
    code: String,
    reason: String,
}

/// Answers a call that is not in the contract.
///
/// # Errors
///
/// When the body is not as it should be.
pub(super) fn answer(
    books: &mut BankBooks,
    asked: &Asked<'_, BankEndpoint>,
) -> Result<String, Problem> {
    let done = match asked.endpoint {
        BankEndpoint::AdminReceive => receive(books, asked.body),
        BankEndpoint::AdminAnnounce => object(asked.body).map(|body: Announce| {
            let noted = Deposit::Announced { message: body.message };
            json!({ "noted": books.deposits.note(&body.about, noted) })
        }),
        BankEndpoint::AdminFail => object(asked.body).map(|body: Fail| {
            let noted = Deposit::Failed { code: body.code, reason: body.reason };
            json!({ "noted": books.deposits.note(&body.about, noted) })
        }),
        BankEndpoint::AdminBooks
        | BankEndpoint::Config
        | BankEndpoint::DepositsLookup
        | BankEndpoint::Payouts
        | BankEndpoint::PayoutsLookup
        | BankEndpoint::Unknown => Ok(tell(books)),
    };
    done.map(|done| done.to_string()).map_err(Problem::malformed)
}

fn receive(books: &mut BankBooks, body: &[u8]) -> Result<Value, String> {
    let body: Receive = object(body)?;
    let currency = body.currency.unwrap_or_else(|| books.currencies.usual().to_owned());
    let amount = books.currencies.amount(&body.amount, &currency)?;
    let reference = books.deposits.reference();
    let answer = json!({ "reference": reference });
    let receipt = Receipt { amount, currency, fee: body.fee, from: body.from, reference };
    books.deposits.receive(&body.about, receipt)?;
    Ok(answer)
}

/// All that the bank knows.
fn tell(books: &BankBooks) -> Value {
    let deposits: Vec<Value> = books
        .deposits
        .known()
        .iter()
        .map(|(about, deposit)| deposits::tell(about, Some(deposit), &books.currencies))
        .collect();
    let payouts: Vec<Value> = books
        .payouts
        .all()
        .map(|payout| {
            json!({
                "key": payout.key,
                "purpose": if payout.is_refund { "refund" } else { "payout" },
                "transfer_id": payout.transfer_id,
                "refund_id": payout.refund_id,
                "incoming_id": payout.incoming_id,
                "amount": payout.amount.to_plain_string(),
                "currency": payout.currency,
                "beneficiary": payout.beneficiary,
                "subject": payout.subject,
                "status": payout.status.as_str(),
                "reference": payout.reference,
                "ordered": payout.ordered,
                "looked_up": payout.looked_up,
            })
        })
        .collect();
    json!({ "deposits": deposits, "payouts": payouts })
}
