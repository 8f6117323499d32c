//! What `explain` names is possible: each move is really tried, in every status that a transfer of each kind can have and
//! under every circumstance that changes the advice.

use std::collections::{BTreeMap, BTreeSet};

use railpoll::engine::{MOVES, Memo, NewTransfer, TransferKind, TransferStatus};
use railpoll_sandbox::horizon::Keys;

use super::{done, json, run};
use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, on_both_kinds};

/// What differs beside kind and status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    /// No money came.
    NoMoney,
    /// It came, and who paid was told.
    Payer,
    /// It came, and nobody knows from whom.
    NoPayer,
    /// Another amount came than there is a price for.
    OtherAmount,
    /// Its asset is no longer in the configuration.
    NoAsset,
    /// Money of another currency came, with a payer and without.
    Foreign { has_payer: bool },
    /// The same, and it was sent back.
    ForeignIsBack,
    /// Its payout is open, and nobody can tell what became of it.
    Unclear,
}

const AROUND: [Around; 9] = [
    Around::NoMoney,
    Around::Payer,
    Around::NoPayer,
    Around::OtherAmount,
    Around::NoAsset,
    Around::Foreign { has_payer: true },
    Around::Foreign { has_payer: false },
    Around::ForeignIsBack,
    Around::Unclear,
];

impl Around {
    const fn has_money(self) -> bool {
        match self {
            Self::Payer | Self::NoPayer | Self::OtherAmount | Self::NoAsset | Self::Unclear => true,
            Self::NoMoney | Self::Foreign { .. } | Self::ForeignIsBack => false,
        }
    }

    /// Whether a transfer of this kind may stand there under this circumstance.
    fn fits(self, kind: TransferKind, status: TransferStatus) -> bool {
        let may_have_money = !status.is_waiting_for_money();
        let may_lack_it = status.is_waiting_for_money()
            || matches!(status, TransferStatus::OnHold | TransferStatus::Error)
            || (status.is_final() && status != TransferStatus::Completed);
        match self {
            Self::NoMoney => may_lack_it,
            Self::Payer | Self::NoPayer | Self::NoAsset => may_have_money,
            Self::OtherAmount => may_have_money && kind.is_exchange(),
            Self::Foreign { .. } | Self::ForeignIsBack => {
                kind.is_deposit() && status == TransferStatus::OnHold
            }
            Self::Unclear => !kind.is_deposit() && status == TransferStatus::OnHold,
        }
    }
}

/// A transfer under a circumstance, so often that each way of its advice can be tried on one of its own.
struct Case {
    kind: TransferKind,
    status: TransferStatus,
    around: Around,
    ids: Vec<String>,
}

const COPIES: usize = 3;

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for kind in TransferKind::ALL {
        for status in TransferStatus::ALL {
            let is_reached = status == TransferStatus::Incomplete
                || MOVES.iter().any(|one| one.to == status && one.kinds.contains(&kind));
            for around in
                AROUND.into_iter().filter(|around| is_reached && around.fits(kind, status))
            {
                let n = cases.len();
                let ids = (0..COPIES).map(|copy| format!("case-{n:03}-{copy}")).collect();
                cases.push(Case { kind, status, around, ids });
            }
        }
    }
    cases
}

/// Where it begins, before it is put where it is to stand.
fn begun(anchor: &Anchor, case: &Case, nth: usize, id: &str) -> NewTransfer {
    let plain = if case.kind.is_deposit() {
        anchor.expected_deposit(id, &Keys::of("customer").account())
    } else {
        NewTransfer {
            memo: Some(Memo::Id(u64::try_from(nth).unwrap())),
            ..anchor.withdrawal(id, 1)
        }
    };
    let status = if case.kind == TransferKind::Send {
        TransferStatus::PendingSender
    } else {
        TransferStatus::PendingUserTransferStart
    };
    let is_agreed = case.kind.is_exchange();
    let amount = |text: &str| is_agreed.then(|| text.parse().unwrap());
    NewTransfer {
        kind: case.kind,
        status,
        amount_out: amount("9.00"),
        amount_fee: amount("1"),
        ..plain
    }
}

/// Puts the transfers of a case where they are to stand. No daemon can bring them there all at once.
fn place(anchor: &Anchor, case: &Case) {
    let world = &anchor.transfers.world;
    let now = match world.database.kind {
        Kind::Sqlite => "'2026-01-01T00:00:00.000000Z'",
        Kind::Postgres => "timestamptz '2026-01-01'",
    };
    let came = if case.around == Around::OtherAmount { "5.5" } else { "10.50" };
    let mut sets = vec![format!("status = '{}'", case.status), "version = version + 1".to_owned()];
    if case.status.is_final() {
        sets.push(format!("completed_at = {now}"));
    }
    if case.around.has_money() {
        sets.push(format!("amount_in = '{came}', amount_expected = '10.50'"));
    }
    if case.around.has_money() && case.around != Around::NoPayer {
        sets.push(format!("from_address = '{}'", Keys::of("customer").account()));
    }
    if case.around == Around::NoAsset {
        sets.push("asset = 'gone'".to_owned());
    }
    let ids: Vec<String> = case.ids.iter().map(|id| format!("'{id}'")).collect();
    let ours = format!("transfers WHERE transfer_id IN ({})", ids.join(", "));
    if case.around == Around::Unclear {
        world.sql(&format!(
            "INSERT INTO payouts (payout_id, transfer_id, purpose, rail, amount, currency, status, attempts, \
                 intended_at, tried_at, not_before) \
             SELECT 'payout-' || transfer_id, transfer_id, 'payout', 'bank', 9.00, 'USD', 'unknown', 1, {now}, {now}, \
                 {now} FROM {ours}"
        ));
        sets.push("payout_id = 'payout-' || transfer_id".to_owned());
    }
    if let Around::Foreign { .. } | Around::ForeignIsBack = case.around {
        let has_payer = case.around != (Around::Foreign { has_payer: false });
        let from = if has_payer { "'DE02'" } else { "NULL" };
        let seen_to = case.around == Around::ForeignIsBack;
        let (resolution, at) = if seen_to { ("'refunded'", now) } else { ("NULL", "NULL") };
        world.sql(&format!(
            "INSERT INTO incoming (source, incoming_id, account, from_address, amount, asset, reference, received_at, \
                 recorded_at, raw, status, confirmed_at, verdict, claimant_kind, claimant_id, resolution, resolved_at) \
             SELECT 'bank', 'in-' || transfer_id, '', {from}, 7.00, 'EUR', transfer_id, {now}, {now}, '{{}}', \
                 'confirmed', {now}, 'wrong_asset', 'transfer', transfer_id, {resolution}, {at} FROM {ours}"
        ));
    }
    let change = ours.replacen("transfers", &format!("transfers SET {}", sets.join(", ")), 1);
    world.sql(&format!("UPDATE {change}"));
}

/// What is said of a case, under one name for its transfer.
fn line((case, told): (&Case, &serde_json::Value)) -> String {
    let Case { kind, status, around, ids } = case;
    let said = |key: &str| told[key].as_str().unwrap_or_default().replace(&ids[0], "ID");
    format!("{kind} {status} {around:?}\n  why   {}\n  next  {}\n", said("reason"), said("next"))
}

/// The commands that a text names.
fn commands(text: &str) -> Vec<String> {
    let named = text.split('`').skip(1).step_by(2);
    named.filter_map(|one| one.strip_prefix("railpoll transfers ")).map(str::to_owned).collect()
}

/// The words of a command, with what a person puts in.
fn words(command: &str) -> Vec<String> {
    let mut words: Vec<String> = command
        .split(' ')
        .map(|word| if word == "JSON" { r#"{"iban":"DE07"}"#.to_owned() } else { word.to_owned() })
        .collect();
    if words[0] == "resolve" && !words.iter().any(|word| word == "--as") {
        words.extend(["--as", "error"].map(str::to_owned));
    }
    words.extend(["--reason", "as it was advised"].map(str::to_owned));
    words
}

#[test]
fn every_move_that_explain_names_is_possible() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        anchor.customer("customer");
        let cases = cases();
        let mut nth = 0;
        let mut new = Vec::new();
        for case in &cases {
            for id in &case.ids {
                nth += 1;
                new.push(begun(&anchor, case, nth, id));
            }
        }
        anchor.transfers.create(&new);
        for case in &cases {
            place(&anchor, case);
        }
        let firsts: Vec<&str> = cases.iter().map(|case| case.ids[0].as_str()).collect();
        let told = json(&anchor, &[&["explain"], &firsts[..]].concat());
        assert_eq!(told.len(), cases.len());
        if kind == Kind::Sqlite {
            let lines: Vec<String> = cases.iter().zip(&told).map(line).collect();
            crate::snapshots::same("explanations", &lines.concat());
            let one = |status: &TransferStatus| cases.iter().find(|case| case.status == *status);
            let each = TransferStatus::ALL.iter().filter_map(one);
            let each: Vec<&str> = each.map(|case| case.ids[0].as_str()).collect();
            crate::snapshots::same("explain", &done(&anchor, &[&["explain"], &each[..]].concat()));
        }
        // A command that takes several transfers is run once for all to whom it is advised alike.
        let mut alike: BTreeMap<Vec<String>, Vec<(String, String)>> = BTreeMap::new();
        let mut alone: Vec<(Vec<String>, String)> = Vec::new();
        for (case, told) in cases.iter().zip(&told) {
            let next = told["next"].as_str().unwrap();
            let label = format!("{} {} {:?}: {next}", case.kind, case.status, case.around);
            let waits = case.status == TransferStatus::OnHold
                || (case.status == TransferStatus::Error && case.around.has_money());
            let named = commands(next);
            assert!(!waits || !named.is_empty(), "a person is told what to do: {label}");
            // One way of several is tried on a transfer of its own; what comes behind another way, on the same.
            let is_one_way = matches!(case.around, Around::Foreign { .. });
            for (nth, command) in named.iter().enumerate() {
                let id = if is_one_way { &case.ids[0] } else { &case.ids[nth] };
                let words = words(&command.replace(&case.ids[0], id));
                if ["release", "refund", "move", "hold"].contains(&words[0].as_str()) {
                    let all: Vec<String> =
                        words.iter().filter(|word| *word != id).cloned().collect();
                    alike.entry(all).or_default().push((id.clone(), label.clone()));
                } else {
                    alone.push((words, label.clone()));
                }
            }
        }
        let mut tried: BTreeSet<String> = BTreeSet::new();
        let mut all: Vec<(Vec<String>, String)> = alone;
        for (mut words, whose) in alike {
            let (ids, labels): (Vec<String>, Vec<String>) = whose.into_iter().unzip();
            words.splice(1..1, ids);
            all.push((words, labels.join("\n")));
        }
        for (words, label) in all {
            let ended = run(&anchor, &words.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(ended.code, Some(0), "{words:?}: {}\n{label}", ended.stderr);
            tried.insert(words[0].clone());
        }
        for way in ["release", "refund", "resolve", "correct", "move", "incoming"] {
            assert!(tried.contains(way), "{way} was never advised: {tried:?}");
        }
    });
}
