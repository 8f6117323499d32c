//! One test for each row of the rules of submission.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::*;

const NOW: Duration = Duration::ZERO;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

/// An envelope that is valid until second 300, of a network whose servers are up to 30 s apart.
fn sent() -> Sent {
    Sent {
        sequence: 7,
        max_time: at(300),
        operations: vec![OperationKind::Pay],
        fee_per_operation: 100,
        max_fee: 5000,
        margin: margin(Duration::from_secs(300)),
    }
}

fn unclear() -> SubmitAnswer {
    SubmitAnswer::Unclear { why: "504".to_owned() }
}

fn rejected(transaction: &str, operations: &[&str]) -> SubmitAnswer {
    SubmitAnswer::Rejected(codes(transaction, operations))
}

fn codes(transaction: &str, operations: &[&str]) -> Codes {
    Codes {
        transaction: TransactionCode::parse(transaction),
        operations: operations.iter().map(|code| OperationCode::parse(code)).collect(),
    }
}

/// What the network tells at the ledger's second `now`, when the source's number is free and nothing is found.
fn look(now: i64) -> LookUp {
    LookUp {
        latest: Ledger { sequence: 70, closed_at: at(now), base_fee: 100 },
        source: Some(SourceState { sequence: 6 }),
        found: None,
    }
}

fn used(now: i64) -> LookUp {
    LookUp { source: Some(SourceState { sequence: 7 }), ..look(now) }
}

fn is_look_up(next: &Next) -> bool {
    matches!(next, Next::LookUp { .. })
}

fn is_hold(next: &Next, word: &str) -> bool {
    matches!(next, Next::Hold { reason } if reason.contains(word))
}

fn each(answer: &SubmitAnswer, sent: &Sent) -> Vec<OperationNext> {
    let next = after_submit(answer, sent);
    let Next::Each(each) = next else { panic!("{next:?}") };
    each
}

fn one(operation: &str) -> OperationNext {
    each(&rejected("tx_failed", &[operation]), &sent()).remove(0)
}

fn is_held(next: &OperationNext, word: &str) -> bool {
    matches!(next, OperationNext::Hold { reason } if reason.contains(word))
}

fn is_payer(next: &OperationNext, word: &str) -> bool {
    matches!(next, OperationNext::Payer { reason } if reason.contains(word))
}

fn is_destination(next: &OperationNext, word: &str) -> bool {
    matches!(next, OperationNext::Destination { reason } if reason.contains(word))
}

#[test]
fn row_applied_is_done() {
    let applied = SubmitAnswer::Applied { hash: "ab".to_owned(), ledger: 70 };
    assert_eq!(after_submit(&applied, &sent()), Next::Done { ledger: 70 });
}

#[test]
fn row_unknown_is_looked_up_and_sent_again_until_its_time_is_over() {
    assert!(is_look_up(&after_submit(&unclear(), &sent())));
    for now in [0, 299, 300] {
        assert_eq!(after_look_up(&look(now), &sent()), Next::Resubmit, "at {now}");
    }
    for now in [301, 315, 330] {
        assert!(
            is_look_up(&after_look_up(&look(now), &sent())),
            "a server may be behind, at {now}"
        );
    }
    assert_eq!(after_look_up(&look(331), &sent()), Next::Rebuild);
}

#[test]
fn row_found_is_done_however_late() {
    let found = Some(FoundTransaction { ledger: 60, failed: None });
    for look in [look(0), look(331), used(331)] {
        let next = after_look_up(&LookUp { found: found.clone(), ..look }, &sent());
        assert_eq!(next, Next::Done { ledger: 60 });
    }
}

#[test]
fn row_found_and_failed_is_as_its_codes_say() {
    let failed = |codes| LookUp {
        found: Some(FoundTransaction { ledger: 60, failed: Some(codes) }),
        ..used(9)
    };
    let next = after_look_up(&failed(codes("tx_failed", &["op_no_trust"])), &sent());
    assert_eq!(next, Next::Each(vec![OperationNext::Trust]));
    // In the ledger, but not even tried: it is over when its time is past.
    let not_tried = codes("tx_bad_seq", &[]);
    assert!(is_look_up(&after_look_up(&failed(not_tried.clone()), &sent())));
    let found = Some(FoundTransaction { ledger: 60, failed: Some(not_tried) });
    assert_eq!(after_look_up(&LookUp { found, ..look(331) }, &sent()), Next::Rebuild);
}

#[test]
fn row_found_and_failed_for_a_reason_that_we_do_not_know_is_over_and_held() {
    let found =
        Some(FoundTransaction { ledger: 60, failed: Some(codes("tx_of_a_later_version", &[])) });
    let after = |look| after_look_up(&LookUp { found: found.clone(), ..look }, &sent());
    for look in [used(9), used(331), look(331)] {
        assert!(is_hold(&after(look), "tx_of_a_later_version"));
    }
    assert!(is_look_up(&after(look(9))), "its number is free: it might still be applied");
}

#[test]
fn row_bad_seq_is_looked_up_before_anything_else() {
    let next = after_submit(&rejected("tx_bad_seq", &[]), &sent());
    assert_eq!(next, Next::LookUp { after: NOW });
    // Its number is used, and it is not there. Perhaps another one was applied in its place, perhaps the server that was
    // asked for it is behind: only time tells.
    for now in [1, 131, 299, 330] {
        assert!(is_look_up(&after_look_up(&used(now), &sent())), "{now}");
    }
    assert_eq!(after_look_up(&used(331), &sent()), Next::Rebuild);
    // Its number is free, or a number before it is: it may still be applied.
    assert_eq!(after_look_up(&look(100), &sent()), Next::Resubmit);
    assert_eq!(after_look_up(&LookUp { source: None, ..look(100) }, &sent()), Next::Resubmit);
}

#[test]
fn row_insufficient_fee_is_bumped_up_to_the_most_that_we_pay() {
    let after = |fee_per_operation| {
        let sent = Sent { fee_per_operation, ..sent() };
        after_submit(&rejected("tx_insufficient_fee", &[]), &sent)
    };
    assert_eq!(after(100), Next::Bump { fee_per_operation: 1000 });
    assert_eq!(after(1000), Next::Bump { fee_per_operation: 5000 });
    assert!(is_look_up(&after(5000)), "the pressure goes, or the time");
    assert!(is_look_up(&after(u32::MAX)));
}

#[test]
fn row_too_late_is_looked_up_and_then_rebuilt() {
    let next = after_submit(&rejected("tx_too_late", &[]), &sent());
    assert_eq!(next, Next::LookUp { after: NOW });
    assert_eq!(after_look_up(&look(340), &sent()), Next::Rebuild);
}

#[test]
fn row_no_trust_waits_for_a_trustline() {
    assert_eq!(one("op_no_trust"), OperationNext::Trust);
    let sent = Sent { operations: vec![OperationKind::CreateClaimableBalance], ..sent() };
    let each = each(&rejected("tx_failed", &["op_no_trust"]), &sent);
    assert!(is_payer(&each[0], "paying account"), "{each:?}");
}

#[test]
fn row_no_destination_creates_the_account() {
    assert_eq!(one("op_no_destination"), OperationNext::CreateAccount);
}

#[test]
fn row_what_a_person_must_see_to_is_held() {
    for (code, word) in [
        ("op_no_issuer", "issuer"),
        ("op_malformed", "op_malformed"),
        ("op_of_a_later_version", "op_of_a_later_version"),
    ] {
        assert!(is_held(&one(code), word), "{code}: {:?}", one(code));
    }
    for (code, word) in [
        ("tx_bad_auth", "signatures"),
        ("tx_bad_auth_extra", "more signatures"),
        ("tx_no_source_account", "source account"),
        ("tx_of_a_later_version", "tx_of_a_later_version"),
    ] {
        assert!(is_hold(&after_submit(&rejected(code, &[]), &sent()), word), "{code}");
    }
}

#[test]
fn row_what_the_receiver_lacks_waits_for_him() {
    for (code, word) in [("op_line_full", "cannot hold"), ("op_not_authorized", "issuer")] {
        assert!(is_destination(&one(code), word), "{code}: {:?}", one(code));
    }
}

#[test]
fn row_what_the_paying_account_lacks_waits_for_it() {
    for (code, word) in [
        ("op_underfunded", "has not enough"),
        ("op_src_not_authorized", "issuer"),
        ("op_src_no_trust", "trustline"),
    ] {
        assert!(is_payer(&one(code), word), "{code}: {:?}", one(code));
    }
    let balance = Sent { operations: vec![OperationKind::CreateClaimableBalance], ..sent() };
    for code in ["op_underfunded", "op_low_reserve", "op_not_authorized"] {
        let each = each(&rejected("tx_failed", &[code]), &balance);
        assert!(is_payer(&each[0], ""), "{code}: {each:?}");
    }
    let next = after_submit(&rejected("tx_insufficient_balance", &[]), &sent());
    assert!(matches!(next, Next::Unfunded { reason } if reason.contains("XLM")));
}

#[test]
fn row_internal_error_is_looked_up() {
    assert!(is_look_up(&after_submit(&rejected("tx_internal_error", &[]), &sent())));
}

#[test]
fn one_bad_payment_does_not_hold_the_others_of_its_envelope() {
    let operations = vec![OperationKind::Pay, OperationKind::CreateAccount, OperationKind::Pay];
    let sent = Sent { operations, ..sent() };
    let answer = rejected("tx_failed", &["op_success", "op_already_exists", "op_no_trust"]);
    let each = vec![OperationNext::Rebuild, OperationNext::Exists, OperationNext::Trust];
    assert_eq!(after_submit(&answer, &sent), Next::Each(each));
}

#[test]
fn a_failure_without_its_reason_is_held() {
    for operations in [&[][..], &["op_success"], &["op_no_trust", "op_no_trust"]] {
        assert!(is_hold(&after_submit(&rejected("tx_failed", operations), &sent()), "not why"));
    }
}

#[test]
fn nothing_is_rebuilt_while_it_may_still_be_applied() {
    // Every second of every state that is not conclusive.
    for now in 0..=330 {
        for look in [look(now), used(now)] {
            assert_ne!(after_look_up(&look, &sent()), Next::Rebuild, "{look:?}");
        }
    }
}

#[test]
fn the_margin_is_a_tenth_and_at_most_half_a_minute() {
    let seconds = |bound| margin(Duration::from_secs(bound)).as_secs();
    assert_eq!([seconds(10), seconds(300), seconds(3600)], [1, 30, 30]);
    assert_eq!(TimeDelta::from_std(sent().margin).unwrap(), TimeDelta::seconds(30));
}

#[test]
fn the_first_fee_is_what_nearly_everybody_pays() {
    assert_eq!(opening_fee(100, 100, 5000), 100);
    assert_eq!(opening_fee(100, 700, 5000), 700);
    assert_eq!(opening_fee(100, 9000, 5000), 5000);
    assert_eq!(opening_fee(100, 50, 10), 100, "less than the base fee is never taken");
}
