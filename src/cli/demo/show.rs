//! What a person sees of the demo.

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::is_end;
use super::judge::Verdict;
use super::transfers::{Audit, Line, Transfers};
use crate::cli::failure::Failure;
use crate::cli::output::Out;
use crate::engine::{Keyed, TransferStatus, keyed};
use crate::store::TransferCount;
use railpoll_sandbox::horizon::decimal;
use railpoll_sandbox::{PaymentState, Sandbox};

/// The states in the order of a payment's life.
const STATES: [PaymentState; 6] = [
    PaymentState::Accepted,
    PaymentState::Locked,
    PaymentState::Prepared,
    PaymentState::Executed,
    PaymentState::Completed,
    PaymentState::Failed,
];

/// The usual statuses of a transfer, in order.
const STATUSES: [TransferStatus; 8] = [
    TransferStatus::PendingUserTransferStart,
    TransferStatus::PendingExternal,
    TransferStatus::PendingAnchor,
    TransferStatus::PendingStellar,
    TransferStatus::PendingTrust,
    TransferStatus::Completed,
    TransferStatus::Refunded,
    TransferStatus::Error,
];

/// So many sentences on what is wrong are shown.
const FINDINGS: usize = 10;

/// A bar on a terminal; nothing elsewhere.
pub(super) struct Progress {
    bar: ProgressBar,
    has_transfers: bool,
}

impl Progress {
    pub(super) fn new(payments: u64, transfers: Option<&Transfers>) -> Self {
        let bar = ProgressBar::new(payments + transfers.map_or(0, Transfers::count));
        // A template that cannot be read leaves the usual look.
        if let Ok(style) =
            ProgressStyle::with_template("{elapsed:>4} [{bar:30}] {pos}/{len} over\n     {msg}")
        {
            bar.set_style(style);
        }
        Self { bar, has_transfers: transfers.is_some() }
    }

    /// Shows how many payments are in each state, and transfers in each status.
    pub(super) fn show(&self, payments: &[(String, u64)], transfers: &[TransferCount]) {
        let of =
            |state: &str| payments.iter().find(|(name, _)| name == state).map_or(0, |(_, n)| *n);
        let mut message =
            STATES.map(|state| format!("{state} {}", of(&state.to_string()))).join("  ");
        if self.has_transfers {
            let of = |status: TransferStatus| -> u64 {
                let counts = transfers.iter().filter(|count| count.status == status);
                counts.map(|count| count.transfers).sum()
            };
            let parts = STATUSES.map(|status| format!("{status} {}", of(status)));
            message = format!("{message}\n     {}", parts.join("  "));
        }
        self.bar.set_message(message);
        let ended: u64 = payments.iter().filter(|(name, _)| is_end(name)).map(|(_, n)| n).sum();
        let over = transfers.iter().filter(|count| count.status.is_final());
        self.bar.set_position(ended + over.map(|count| count.transfers).sum::<u64>());
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// What it came to.
pub(super) struct Scene<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) verdict: &'a Verdict,
    pub(super) transfers: Option<(&'a Transfers, &'a Audit)>,
    pub(super) took: Duration,
    pub(super) config: &'a Path,
}

impl Scene<'_> {
    pub(super) fn summary(&self, out: &mut Out) -> Result<(), Failure> {
        if out.is_json() {
            return out.json(&self.json());
        }
        self.payments(out)?;
        if let Some((transfers, audit)) = self.transfers {
            out.line("")?;
            of_transfers(transfers, audit, out)?;
        }
        let config = self.config.display();
        out.line("")?;
        out.line("Look around:")?;
        out.line(format!("  railpoll --config {config} status"))?;
        out.line(format!("  railpoll --config {config} payments list --state FAILED"))?;
        out.line(format!("  railpoll --config {config} events list --limit 10"))
    }

    fn payments(&self, out: &mut Out) -> Result<(), Failure> {
        let Self { sandbox, verdict, took, .. } = self;
        let books = sandbox.summary();
        out.line(format!(
            "{} payments in {:.1} s, by the network's own books:",
            verdict.payments,
            took.as_secs_f64()
        ))?;
        out.line("")?;
        out.line("  STATE                 PAYMENTS   MEDIAN TIME IN IT")?;
        for (state, payments) in &books.payments {
            let time = books.median_time.get(state).map(|time| format!("{} ms", time.as_millis()));
            let (state, time) = (state.to_string(), time.unwrap_or_else(|| "-".to_owned()));
            out.line(format!("  {state:<20}  {payments:>8}   {time:>17}"))?;
        }
        let calls = books.accepted_calls.iter().map(|(name, calls)| format!("{calls} {name}"));
        let met = books.faults.iter().map(|(name, met)| format!("{met} {name}"));
        out.line("")?;
        out.line(format!("  operations   {}", calls.collect::<Vec<_>>().join(", ")))?;
        out.line(format!("  requests     {}, with {} tokens", books.requests, books.tokens))?;
        out.line(format!("  faults met   {}", met.collect::<Vec<_>>().join(", ")))?;
        out.line("")?;
        figures(
            &[
                ("missed", verdict.missed),
                ("handled twice", verdict.twice),
                ("in a wrong state", verdict.wrong_state),
                ("statuses missing", verdict.missing_statuses),
                ("operations left open", verdict.open),
                ("wrong requests", verdict.violations),
            ],
            out,
        )?;
        out.line(format!("  of {} payments and {} statuses", verdict.payments, verdict.statuses))
    }

    fn json(&self) -> Keyed {
        let Self { sandbox, verdict, took, .. } = self;
        let books = sandbox.summary();
        let faults: u64 = books.faults.values().sum();
        keyed! {
            "payments": verdict.payments,
            "missed": verdict.missed,
            "handled_twice": verdict.twice,
            "wrong_state": verdict.wrong_state,
            "statuses": verdict.statuses,
            "missing_statuses": verdict.missing_statuses,
            "open_operations": verdict.open,
            "violations": verdict.violations,
            "faults": faults,
            "requests": books.requests,
            "seconds": took.as_secs(),
            "transfers": self.transfers.map(|(transfers, audit)| json_of(transfers, audit)),
        }
    }
}

fn json_of(transfers: &Transfers, audit: &Audit) -> Keyed {
    let met = transfers.met();
    let money: Vec<Keyed> = audit
        .lines
        .iter()
        .map(|line| {
            keyed! {
                "name": line.name,
                "in": decimal(line.came_in),
                "out": decimal(line.went_out),
                "fees": decimal(line.kept),
                "refunded": decimal(line.went_back),
                "unmatched": decimal(line.unmatched),
                "held": decimal(line.held),
                "unaccounted": decimal(line.rest()),
            }
        })
        .collect();
    keyed! {
        "transfers": audit.transfers,
        "incoming": audit.incoming,
        "statuses": audit.statuses,
        "missed": audit.missed,
        "twice": audit.twice,
        "wrong": audit.wrong,
        "missing_statuses": audit.missing_statuses,
        "open": audit.open,
        "violations": audit.violations,
        "money": money,
        "findings": audit.findings,
        "faults": met.faults.values().sum::<u64>(),
        "requests": met.requests,
    }
}

/// What deposits and withdrawals came to.
fn of_transfers(transfers: &Transfers, audit: &Audit, out: &mut Out) -> Result<(), Failure> {
    let each = audit.transfers / 2;
    out.line(format!(
        "{each} deposits and {each} withdrawals, by the books of the bank and the ledger:"
    ))?;
    out.line("")?;
    out.line(format!(
        "  {:<12}  {:>16}  {:>16}  {:>13}  {:>13}  {:>13}  {:>13}",
        "MONEY", "IN", "OUT", "FEES", "REFUNDED", "UNMATCHED", "HELD"
    ))?;
    for line in &audit.lines {
        let Line { name, came_in, went_out, kept, went_back, unmatched, held } = line;
        let [came_in, went_out, kept, went_back, unmatched, held] =
            [came_in, went_out, kept, went_back, unmatched, held].map(|units| decimal(*units));
        out.line(format!(
            "  {name:<12}  {came_in:>16}  {went_out:>16}  {kept:>13}  {went_back:>13}  {unmatched:>13}  {held:>13}"
        ))?;
    }
    let met = transfers.met();
    let faults = met.faults.iter().map(|(name, met)| format!("{met} {name}"));
    out.line("")?;
    out.line(format!(
        "  requests     {}, with {} payouts and {} submissions",
        met.requests, met.payouts, met.submissions
    ))?;
    out.line(format!("  faults met   {}", faults.collect::<Vec<_>>().join(", ")))?;
    out.line("")?;
    let number = |(name, figure): (_, usize)| (name, u64::try_from(figure).unwrap_or(u64::MAX));
    figures(&audit.figures().map(number), out)?;
    let Audit { transfers, incoming, statuses, .. } = audit;
    out.line(format!(
        "  of {transfers} transfers, {incoming} payments on the ledger and {statuses} statuses"
    ))?;
    for finding in audit.findings.iter().take(FINDINGS) {
        out.line(format!("  WRONG: {finding}"))?;
    }
    Ok(())
}

/// The figures that must be 0.
fn figures(figures: &[(&str, u64)], out: &mut Out) -> Result<(), Failure> {
    for (name, figure) in figures {
        let mark = if *figure == 0 { "ok" } else { "WRONG" };
        out.line(format!("  {name:<22}  {figure:>6}   {mark}"))?;
    }
    Ok(())
}
