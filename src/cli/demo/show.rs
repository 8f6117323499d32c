//! What a person sees of the demo.

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::is_end;
use super::judge::Verdict;
use crate::cli::failure::Failure;
use crate::cli::output::Out;
use crate::sandbox::{PaymentState, Sandbox};

/// The states in the order of a payment's life.
const STATES: [PaymentState; 6] = [
    PaymentState::Accepted,
    PaymentState::Locked,
    PaymentState::Prepared,
    PaymentState::Executed,
    PaymentState::Completed,
    PaymentState::Failed,
];

/// A bar on a terminal; nothing elsewhere.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(payments: u64) -> Self {
        let bar = ProgressBar::new(payments);
        // A template that cannot be read leaves the usual look.
        if let Ok(style) =
            ProgressStyle::with_template("{elapsed:>4} [{bar:30}] {pos}/{len} over\n     {msg}")
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Shows how many payments are in each state.
    pub(super) fn show(&self, counts: &[(String, u64)]) {
        let of = |state: &str| counts.iter().find(|(name, _)| name == state).map_or(0, |(_, n)| *n);
        let parts = STATES.map(|state| format!("{state} {}", of(&state.to_string())));
        self.0.set_message(parts.join("  "));
        self.0.set_position(counts.iter().filter(|(name, _)| is_end(name)).map(|(_, n)| n).sum());
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// What it came to.
pub(super) fn summary(
    sandbox: &Sandbox,
    verdict: &Verdict,
    took: Duration,
    config: &Path,
    out: &mut Out,
) -> Result<(), Failure> {
    let books = sandbox.summary();
    let faults: u64 = books.faults.values().sum();
    if out.is_json() {
        return out.json(&serde_json::json!({
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
        }));
    }
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
    figures(verdict, out)?;
    let config = config.display();
    out.line("")?;
    out.line("Look around:")?;
    out.line(format!("  railpoll --config {config} status"))?;
    out.line(format!("  railpoll --config {config} payments list --state FAILED"))?;
    out.line(format!("  railpoll --config {config} events list --limit 10"))
}

/// The figures that must be 0.
fn figures(verdict: &Verdict, out: &mut Out) -> Result<(), Failure> {
    let figures = [
        ("missed", verdict.missed),
        ("handled twice", verdict.twice),
        ("in a wrong state", verdict.wrong_state),
        ("statuses missing", verdict.missing_statuses),
        ("operations left open", verdict.open),
        ("wrong requests", verdict.violations),
    ];
    for (name, figure) in figures {
        let mark = if figure == 0 { "ok" } else { "WRONG" };
        out.line(format!("  {name:<20}  {figure:>8}   {mark}"))?;
    }
    out.line(format!("  of {} payments and {} statuses", verdict.payments, verdict.statuses))
}
