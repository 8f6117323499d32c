//! What must hold for whatever a wire gateway answers.

use serde_json::Value;

use super::amount::TalerAmount;
use super::history::Source;
use super::{config, history, status, transfer};
use crate::engine::{Amount, PayoutState};
use crate::fuzzing::{assert_amount, assert_incoming, assert_told, is_within};
use crate::rails::fuzzing::{STATUSES, assert_outcome, assert_state, received};
use crate::rails::{PayoutOutcome, RailError};

const SOURCE: Source<'static> = Source { rail: "bank", account: "payto://x/us" };

/// A gateway's history: every row is booked or set aside, in the order of their ids, each once.
pub fn history(data: &[u8]) {
    const AFTER: u64 = 3;
    let arrivals = match history::read(data, &SOURCE, AFTER) {
        Ok(arrivals) => arrivals,
        Err(why) => return assert_told(&why),
    };
    if let Ok(page) = serde_json::from_slice::<Value>(data) {
        let rows = page.get("incoming_transactions").and_then(Value::as_array);
        let told = arrivals.incoming.len() + arrivals.unreadable.len();
        assert_eq!(rows.map(Vec::len), Some(told), "booked, or set aside");
    }
    let mut last = AFTER;
    for incoming in &arrivals.incoming {
        assert_incoming(incoming, data);
        let id = incoming.incoming_id.parse::<u64>().unwrap_or(0);
        assert!(id > last, "row {id} comes after row {last}");
        last = id;
    }
    let ids = arrivals.unreadable.iter().filter_map(|one| one.incoming_id.as_deref());
    last = ids.filter_map(|id| id.parse::<u64>().ok()).fold(last, std::cmp::max);
    let cursor = (last > AFTER).then(|| last.to_string());
    assert_eq!(arrivals.cursor, cursor, "it goes on behind the last row, and not before");
    assert_eq!(arrivals.more, cursor.is_some());
    for odd in &arrivals.unreadable {
        assert_told(&odd.reason);
        assert!(is_within(&odd.raw, data), "{} is not what came", odd.raw);
    }
}

/// A gateway's other answers, and its amounts.
pub fn answers(data: &[u8]) {
    for attempt in [1, 2] {
        for status in STATUSES {
            let outcome = transfer::outcome(&received(status, data), attempt);
            assert_outcome(&outcome);
            let is_failed = matches!(outcome, PayoutOutcome::Told(PayoutState::Failed { .. }));
            assert!(!is_failed || (attempt == 1 && (400..500).contains(&status)));
        }
    }
    match status::read(data, "k1", "42") {
        Ok(state) => assert_state(&state),
        Err(why) => assert_told(&why),
    }
    match config::read(data) {
        Ok(Ok(config)) => {
            if let Err(RailError::Options(why)) = config.serves(&["EUR".to_owned()]) {
                assert_told(&why);
            }
        }
        Ok(Err(RailError::Options(why))) | Err(why) => assert_told(&why),
        Ok(Err(error)) => assert_told(&error.to_string()),
    }
    if let Ok(text) = str::from_utf8(data)
        && let Ok(taler) = TalerAmount::parse(text)
    {
        assert_eq!(TalerAmount::parse(&taler.to_string()).as_ref(), Ok(&taler));
        let amount = taler.amount();
        assert!(amount.is_ok(), "{taler}");
        for amount in amount.iter() {
            assert_amount(amount);
            assert_eq!(TalerAmount::new(taler.currency(), amount).as_ref(), Ok(&taler));
        }
        assert_eq!(taler.without(&taler).map(|rest| rest.amount()), Some(Ok(Amount::zero())));
    }
}
