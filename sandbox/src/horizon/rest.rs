//! What a test network offers beside Horizon: the friendbot, and addresses of the sandbox's own.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::Keys;
use super::customers::{CustomerMemo, CustomerPayment};
use super::keys::{Key, decimal, hash_of, hex};
use super::network::HorizonNetwork;
use super::options::{StreamFault, SubmitFault};
use super::problem::Problem;

/// What the friendbot gives, in stroops.
const GIFT: i64 = 100_000_000_000;

fn parameter<'a>(parameters: &'a [(String, String)], name: &str) -> Result<&'a str, Problem> {
    let found = parameters.iter().find(|(there, _)| there == name);
    found
        .map(|(_, value)| value.as_str())
        .ok_or_else(|| Problem::bad_request(name, "it is missing"))
}

fn number<T: FromStr>(parameters: &[(String, String)], name: &str) -> Result<T, Problem> {
    let text = parameter(parameters, name)?;
    text.parse().map_err(|_| Problem::bad_request(name, "it is no number"))
}

fn named<T, const N: usize>(kind: &str, faults: [(&str, T); N]) -> Result<T, Problem> {
    let mut faults = faults.into_iter();
    let found = faults.find(|(name, _)| *name == kind);
    found
        .map(|(_, fault)| fault)
        .ok_or_else(|| Problem::bad_request("kind", "there is no such fault"))
}

/// Makes an account with 10,000 lumens.
pub(super) fn friendbot(
    network: &mut HorizonNetwork,
    parameters: &[(String, String)],
) -> Result<Value, Problem> {
    let text = parameter(parameters, "addr")?;
    let key: Key =
        text.parse().map_err(|()| Problem::bad_request("addr", "it is no account id"))?;
    if network.ledger.state.account(key).is_some() {
        return Err(Problem::bad_request("addr", "the account is there already"));
    }
    network.bring_account(key, GIFT);
    Ok(json!({ "account": text, "balance": decimal(GIFT) }))
}

/// `/sandbox/…`: closing ledgers, faults and books, for tests in other languages.
pub(super) fn sandbox(
    network: &mut HorizonNetwork,
    what: &str,
    parameters: &[(String, String)],
    now: DateTime<Utc>,
) -> Result<Value, Problem> {
    match what {
        "close" => {
            network.ledger.close(now);
            Ok(json!({ "ledger": network.ledger.last().sequence }))
        }
        "submit-fault" => {
            let kind = parameter(parameters, "kind")?;
            let faults = [
                ("timeout_applied", SubmitFault::TimeoutApplied),
                ("timeout_lost", SubmitFault::TimeoutLost),
                ("forgotten", SubmitFault::Forgotten),
                ("sequence_taken", SubmitFault::SequenceTaken),
            ];
            network.submit_script.push_back(named(kind, faults)?);
            Ok(json!({ "waiting": network.submit_script.len() }))
        }
        "stream-fault" => {
            let after = number(parameters, "after")?;
            let kind = parameter(parameters, "kind")?;
            let faults = [
                ("drop", StreamFault::Drop(after)),
                ("drop_inside", StreamFault::DropInside(after)),
                ("repeat", StreamFault::Repeat(after)),
                ("silence", StreamFault::Silence(after)),
                ("garbage", StreamFault::Garbage(after)),
                ("close", StreamFault::Close(after)),
            ];
            network.stream_script.push_back(named(kind, faults)?);
            Ok(json!({ "waiting": network.stream_script.len() }))
        }
        "lookup-lag" => {
            let seconds: u32 = number(parameters, "seconds")?;
            network.ledger.lookup_lag = Duration::from_secs(seconds.into());
            Ok(json!({ "seconds": seconds }))
        }
        "pay" => pay(network, parameters, now),
        "books" => Ok(books(network)),
        _ => Err(Problem::no_such_address()),
    }
}

/// A customer, by the name that its keys are made from, pays somebody in a ledger that closes for it.
fn pay(
    network: &mut HorizonNetwork,
    parameters: &[(String, String)],
    now: DateTime<Utc>,
) -> Result<Value, Problem> {
    let bad = |name: &str, why: &str| Problem::bad_request(name, why);
    let given = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, text)| text);
    let number = |text: &str| text.parse().map_err(|_| bad("memo", "it is no number"));
    let hash = |text: &str| hash_of(text).ok_or_else(|| bad("memo", "it is no hash in hex"));
    let memo = match (given("memo_type").map(String::as_str), given("memo")) {
        (None, None) => CustomerMemo::None,
        (Some("text"), Some(text)) => CustomerMemo::Text(text.clone().into_bytes()),
        (Some("id"), Some(text)) => CustomerMemo::Id(number(text)?),
        (Some("hash"), Some(text)) => CustomerMemo::Hash(hash(text)?),
        (Some("return"), Some(text)) => CustomerMemo::Return(hash(text)?),
        _ => return Err(bad("memo_type", "text, id, hash or return, with a memo")),
    };
    let payment = CustomerPayment {
        to: parameter(parameters, "to")?.to_owned(),
        asset: parameter(parameters, "asset")?.to_owned(),
        amount: parameter(parameters, "amount")?.to_owned(),
        memo,
    };
    let from = Keys::of(given("from").map_or("customer", String::as_str));
    let paid =
        network.pay(&from, &payment, now).map_err(|refused| bad("to", &refused.to_string()))?;
    Ok(json!({ "hash": paid, "from": from.account() }))
}

fn books(network: &HorizonNetwork) -> Value {
    let payments: Vec<Value> = network
        .payments()
        .map(|paid| {
            json!({
                "id": paid.id.to_string(), "hash": paid.hash, "kind": format!("{:?}", paid.kind),
                "from": paid.from, "to": paid.to, "asset": paid.asset,
                "amount": decimal(paid.amount), "memo_type": paid.memo_type, "memo": paid.memo,
            })
        })
        .collect();
    json!({
        "payments": payments,
        "violations": network.log.violations,
        "overlaps": network.overlaps.found,
        "discrepancies": network.discrepancies(),
        "network_id": hex(&network.ledger.network_id),
    })
}
