//! Whether each transfer ended as it must, by both sides' books, and is on record as it was.

use std::collections::HashMap;

use super::books::{Books, Moved, units};
use super::money::{Line, lines};
use super::plan::{Conduct, End, Planned};
use super::sides::Sides;
use crate::cli::demo::judge::missing;
use crate::cli::failure::Failure;
use crate::engine::{Amount, IncomingStatus, Transfer, TransferStatus};
use crate::store::{IncomingFilter, IncomingRow, Store, TransferStory};

/// Incoming payments are read in bunches of so many.
const BUNCH: u32 = 1_000;

/// What the comparison came to.
#[derive(Debug, Default)]
pub(in crate::cli::demo) struct Audit {
    pub(in crate::cli::demo) transfers: usize,
    pub(in crate::cli::demo) statuses: usize,
    /// Payments that reached us on the ledger.
    pub(in crate::cli::demo) incoming: usize,
    /// Money that came and did not go on, or that we do not know of.
    pub(in crate::cli::demo) missed: usize,
    /// Transfers for which money left more than once, and money that we believe to have got twice.
    pub(in crate::cli::demo) twice: usize,
    /// Transfers whose money is not as it must be: amount, receiver, status.
    pub(in crate::cli::demo) wrong: usize,
    /// Statuses that are not on record.
    pub(in crate::cli::demo) missing_statuses: usize,
    /// Payouts, envelopes and refunds whose end is not known.
    pub(in crate::cli::demo) open: usize,
    /// Requests that the bank or the ledger found fault with.
    pub(in crate::cli::demo) violations: usize,
    /// Where all money is, for each way and currency.
    pub(in crate::cli::demo) lines: Vec<Line>,
    /// A sentence for what is wrong.
    pub(in crate::cli::demo) findings: Vec<String>,
}

/// What we know of the transfers.
pub(super) struct Ours {
    pub(super) transfers: HashMap<String, Transfer>,
    pub(super) incoming: Vec<IncomingRow>,
}

impl Audit {
    /// Whether nothing is wrong.
    pub(in crate::cli::demo) fn is_good(&self) -> bool {
        self.figures().iter().all(|(_, figure)| *figure == 0)
    }

    /// The figures that must be 0.
    pub(in crate::cli::demo) fn figures(&self) -> [(&'static str, usize); 7] {
        [
            ("money missed", self.missed),
            ("paid or booked twice", self.twice),
            ("ended wrongly", self.wrong),
            ("statuses missing", self.missing_statuses),
            ("payouts left open", self.open),
            ("wrong requests", self.violations),
            ("sums that do not agree", self.lines.iter().filter(|line| line.rest() != 0).count()),
        ]
    }

    fn find(&mut self, what: String) {
        self.findings.push(what);
    }
}

/// Compares what we know with what the bank and the ledger know.
pub(super) async fn audit(
    sides: &Sides,
    plan: &[Planned],
    store: &Store,
) -> Result<Audit, Failure> {
    let books = Books::read(sides, plan);
    let mut ours = Ours { transfers: HashMap::new(), incoming: incoming(store).await? };
    let mut audit = Audit { transfers: plan.len(), ..Audit::default() };
    for one in plan {
        let Some(story) = store.transfer_story(&one.id).await? else {
            audit.missed += 1;
            audit.find(format!("{} is not on record", one.id));
            continue;
        };
        judge_money(one, books.moved(one), &mut audit);
        judge_record(one, &story, &mut audit);
        ours.transfers.insert(one.id.clone(), story.transfer);
    }
    judge_incoming(&books, &ours, &mut audit);
    judge_others(sides, plan, &books, &mut audit);
    audit.lines = lines(sides, plan, &books, &ours);
    Ok(audit)
}

/// What left for a transfer, by the books.
fn judge_money(one: &Planned, moved: Option<&Moved>, audit: &mut Audit) {
    let nothing = Moved::default();
    let Moved { out, back } = moved.unwrap_or(&nothing);
    let (to_go_out, to_go_back) = match one.end() {
        End::Paid { out, .. } => (Some(out), None),
        End::Back(units) => (None, Some(units)),
        End::Held(_) | End::Over(_) | End::Waits => (None, None),
    };
    let times = out.len() + back.len();
    let is_due = to_go_out.or(to_go_back).is_some();
    if times > 1 {
        audit.twice += 1;
        audit.find(format!("for {} money left {times} times", one.id));
    } else if times == 0 && is_due {
        audit.missed += 1;
        audit.find(format!("for {} no money left", one.id));
    } else if out.first().map(|left| left.units) != to_go_out
        || back.first().map(|left| left.units) != to_go_back
        || out.iter().chain(back).any(|left| !left.is_right)
    {
        audit.wrong += 1;
        audit.find(format!("for {} left {moved:?} in place of {:?}", one.id, one.end()));
    }
}

/// What we have on record of a transfer.
fn judge_record(one: &Planned, story: &TransferStory, audit: &mut Audit) {
    let end = one.end();
    let transfer = &story.transfer;
    let told = |amount: &Option<Amount>| amount.as_ref().map(|amount| units(&amount.to_string()));
    let as_it_must = match end {
        End::Paid { out, fee } => {
            told(&transfer.amount_out) == Some(out) && told(&transfer.amount_fee) == Some(fee)
        }
        End::Back(_) | End::Held(_) | End::Over(_) | End::Waits => true,
    };
    let came = (one.pays() > 0).then(|| one.pays());
    if transfer.status != end.status() || !as_it_must || told(&transfer.amount_in) != came {
        audit.wrong += 1;
        let (id, status, must) = (&one.id, transfer.status, end.status());
        let why = transfer.message.as_deref().unwrap_or("no message");
        audit.find(format!("{id} is {status} ({why}), and must be {must} with {end:?}"));
    }
    let history: Vec<&str> = story.history.iter().map(|change| change.status.as_str()).collect();
    let milestones: Vec<String> =
        one.milestones(end).iter().map(|status| status.as_str().to_owned()).collect();
    let moves = usize::try_from(transfer.version).unwrap_or(0);
    let lost = missing(&milestones, &history) + moves.abs_diff(history.len());
    audit.statuses += history.len();
    audit.missing_statuses += lost;
    if lost > 0 || history.last() != Some(&transfer.status.as_str()) {
        audit.find(format!("{} has {moves} moves, and on record are {history:?}", one.id));
    }
    audit.open += story.payouts.iter().filter(|payout| payout.status.is_open()).count()
        + story.envelopes.iter().filter(|envelope| envelope.status.is_open()).count()
        + story.refunds.iter().filter(|refund| refund.finished_at.is_none()).count();
}

/// Each payment on the ledger is booked once, as it was.
fn judge_incoming(books: &Books, ours: &Ours, audit: &mut Audit) {
    audit.incoming = books.came.len();
    let mut booked: HashMap<&str, Vec<&IncomingRow>> = HashMap::new();
    for row in &ours.incoming {
        booked.entry(&row.incoming.incoming_id).or_default().push(row);
    }
    for paid in &books.came {
        let rows = booked.remove(paid.id.to_string().as_str()).unwrap_or_default();
        let is_right = |row: &&&IncomingRow| {
            let incoming = &row.incoming;
            units(&incoming.amount.to_string()) == paid.amount
                && incoming.asset == paid.asset
                && incoming.reference == paid.hash
        };
        match rows.as_slice() {
            [] => {
                audit.missed += 1;
                audit.find(format!("the incoming payment {} is not on record", paid.id));
            }
            [row] if is_right(&row) => {}
            [_] => {
                audit.wrong += 1;
                audit.find(format!("the incoming payment {} is on record as another", paid.id));
            }
            [_, _, ..] => {
                audit.twice += 1;
                audit.find(format!("the incoming payment {} is on record twice", paid.id));
            }
        }
    }
    audit.wrong += booked.len();
    audit.findings.extend(booked.keys().map(|id| format!("there is no incoming payment {id}")));
}

/// What is not about one transfer.
fn judge_others(sides: &Sides, plan: &[Planned], books: &Books, audit: &mut Audit) {
    audit.wrong += books.strange.len();
    audit.findings.extend(books.strange.iter().cloned());
    let accounts = plan.iter().filter(|one| one.conduct == Conduct::HasNoAccount).count();
    if books.accounts_made != accounts {
        audit.wrong += 1;
        let made = books.accounts_made;
        audit.find(format!("{made} accounts were made, and {accounts} were needed"));
    }
    for violation in [
        sides.bank.violations(),
        sides.horizon.violations(),
        sides.horizon.overlaps(),
        sides.horizon.discrepancies(),
    ]
    .concat()
    {
        audit.violations += 1;
        audit.find(violation);
    }
}

/// All that is on record of money that is ours, oldest first.
pub(super) async fn incoming(store: &Store) -> Result<Vec<IncomingRow>, Failure> {
    let mut all: Vec<IncomingRow> = Vec::new();
    loop {
        let after = all.last().map(|row| {
            let one = &row.incoming;
            (one.at, one.source.clone(), one.incoming_id.clone())
        });
        let status = Some(IncomingStatus::Confirmed);
        let filter = IncomingFilter { status, after, limit: BUNCH, ..IncomingFilter::default() };
        let bunch = store.incoming(&filter).await?;
        if bunch.is_empty() {
            return Ok(all);
        }
        all.extend(bunch);
    }
}

/// How many transfers must end in each status.
pub(super) fn ends(plan: &[Planned]) -> HashMap<TransferStatus, u64> {
    let mut ends = HashMap::new();
    for one in plan {
        *ends.entry(one.end().status()).or_default() += 1;
    }
    ends
}
