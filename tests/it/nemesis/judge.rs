//! The books of the others, and ours, when all is over.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use railpoll_sandbox::{Operation, PaymentState};

use super::look::{left, texts};
use super::stage::Stage;
use super::work::Made;
use crate::support::stellar::ONE;

/// Fails unless nothing was missed, nothing was done twice, every status is on record, and nobody left anything behind.
pub(super) fn judge(stage: &Stage, made: &Made, at: &str) {
    assert_eq!(left(stage, made), Vec::<String>::new(), "{at}: at the end");
    payments(stage, made, at);
    ledger(stage, made, at);
    bank(stage, made, at);
    gateway(stage, made, at);
    history(stage, made, at);
    stage.anchor.transfers.check_trail(at);
    behaviour(stage, at);
}

fn ask(stage: &Stage, sql: &str) -> Vec<String> {
    texts(stage, sql).unwrap()
}

fn payments(stage: &Stage, made: &Made, at: &str) {
    let sandbox = &stage.world().sandbox;
    assert_eq!(sandbox.violations(), Vec::<String>::new(), "{at}");
    assert_eq!(sandbox.calls_more_than_once(), [], "{at}");
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let steps = "SELECT id || ' ' || status FROM status_changes WHERE kind = 'payment' \
                 ORDER BY reached_at, row_id";
    for step in ask(stage, steps) {
        let (id, status) = step.split_once(' ').unwrap();
        known.entry(id.to_owned()).or_default().push(status.to_owned());
    }
    for id in &made.payments {
        let ours = &known[&id.to_string()];
        let mut rest = ours.iter();
        for (state, _) in sandbox.history(*id).unwrap() {
            // The network tells no date of these two: nobody can know of one that he did not see.
            let is_undated = [PaymentState::Prepared, PaymentState::LockDeclined].contains(&state);
            let is_known = rest.clone().any(|one| *one == state.to_string());
            if is_known {
                rest.any(|one| *one == state.to_string());
            }
            assert!(is_known || is_undated, "{at}: {id} was {state}, and to us {ours:?}");
        }
    }
}

/// What left our account on the ledger.
fn ledger(stage: &Stage, made: &Made, at: &str) {
    let anchor = &stage.anchor;
    assert_eq!(anchor.horizon.discrepancies(), Vec::<String>::new(), "{at}");
    assert_eq!(anchor.horizon.violations(), Vec::<String>::new(), "{at}");
    assert_eq!(anchor.horizon.overlaps(), Vec::<String>::new(), "{at}");
    let mut paid: Vec<_> = anchor.paid().into_iter().map(|one| (one.to, one.amount)).collect();
    paid.sort_unstable();
    let mut wanted: Vec<_> = made.deposits.iter().map(|(_, to)| (to.clone(), 10 * ONE)).collect();
    wanted.sort_unstable();
    assert_eq!(paid, wanted, "{at}: paid on the ledger");
}

fn bank(stage: &Stage, made: &Made, at: &str) {
    let sandbox = &stage.world().sandbox;
    let is_completed = |id: &&uuid::Uuid| sandbox.accepted_calls(**id, Operation::Complete) > 0;
    let completed = made.payments.iter().filter(is_completed).map(|id| format!("acme:{id}"));
    let withdrawn = made.by_bank.iter().chain(&made.sent_back).cloned();
    let wanted: BTreeSet<String> = completed.chain(withdrawn).collect();
    let bank = &stage.anchor.transfers.bank;
    assert_eq!(bank.paid_more_than_once(), [], "{at}");
    let paid = bank.payouts().into_iter().filter(|order| order.status.is_paid());
    let paid: BTreeSet<String> = paid.map(|order| order.about().to_owned()).collect();
    assert_eq!(paid, wanted, "{at}: paid by the bank");
    // Whoever's clock is wrong signs with that time, and is refused.
    let is_of_the_clock = |violation: &String| violation.contains("webhook-timestamp");
    let mut violations = bank.violations();
    violations.retain(|violation| !is_of_the_clock(violation));
    assert_eq!(violations, Vec::<String>::new(), "{at}");
}

fn gateway(stage: &Stage, made: &Made, at: &str) {
    assert_eq!(stage.gateway.violations(), Vec::<String>::new(), "{at}");
    let transfers = stage.gateway.transfers().into_iter();
    let paid = transfers.filter(|one| one.status.is_paid());
    let mut paid: Vec<_> = paid.map(|one| one.metadata.unwrap_or_default()).collect();
    paid.sort_unstable();
    let mut wanted = made.by_gateway.clone();
    wanted.sort_unstable();
    assert_eq!(paid, wanted, "{at}: paid by the gateway");
}

/// How transfers ended, and by which way.
fn history(stage: &Stage, made: &Made, at: &str) {
    let ends: BTreeMap<String, String> =
        ask(stage, "SELECT transfer_id || ' ' || status FROM transfers")
            .iter()
            .map(|row| row.split_once(' ').unwrap())
            .map(|(id, status)| (id.to_owned(), status.to_owned()))
            .collect();
    let deposits = made.deposits.iter().map(|(id, _)| (id, "completed"));
    let withdrawals = made.by_bank.iter().chain(&made.by_gateway).map(|id| (id, "completed"));
    let back = made.sent_back.iter().map(|id| (id, "refunded"));
    for (id, end) in deposits.chain(withdrawals).chain(back) {
        assert_eq!(ends.get(id).map(String::as_str), Some(end), "{at}: {id}");
    }
    let unmatched =
        ask(stage, "SELECT incoming_id || ' ' || verdict FROM incoming WHERE verdict <> 'matched'");
    assert_eq!(unmatched, Vec::<String>::new(), "{at}");
    let received =
        ask(stage, "SELECT CAST(count(*) AS text) FROM incoming WHERE source = 'stellar'");
    let paid_in = made.by_bank.len() + made.by_gateway.len();
    assert_eq!(received, [paid_in.to_string()], "{at}: money that came on the ledger");
}

/// Nobody panicked, ended as nobody should, or left anything behind.
fn behaviour(stage: &Stage, at: &str) {
    for member in &stage.fleet.members {
        let log = member.log_from(0);
        let panics: Vec<&String> = log.iter().filter(|line| line.contains("panicked")).collect();
        assert_eq!(panics, Vec::<&String>::new(), "{at}: {}", member.name);
        for end in member.ends() {
            let is_meant = matches!((end.code, end.signal), (Some(0 | 69), _) | (None, Some(9)));
            let last = log.iter().rev().take(20).rev().cloned().collect::<Vec<_>>().join("\n");
            assert!(is_meant, "{at}: {} ended with {end:?}\n{last}", member.name);
        }
    }
    let files = |folder: &std::path::Path| -> Vec<String> {
        let all = fs::read_dir(folder).unwrap();
        all.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(files(&stage.temporary()), Vec::<String>::new(), "{at}: temporary files");
    let marks: Vec<String> = files(stage.world().folder.path())
        .into_iter()
        .filter(|file| file.contains(".mark"))
        .collect();
    assert!(marks.len() <= 1, "{at}: {marks:?}");
}
