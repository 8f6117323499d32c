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
        "{} payments in {:.1} s, by the network's own books:\n",
        verdict.payments,
        took.as_secs_f64()
    ))?;
    out.line("  state                 payments   median time in it")?;
    for (state, payments) in &books.payments {
        let time = books.median_time.get(state).map(|time| format!("{} ms", time.as_millis()));
        out.line(format!(
            "  {:<20}  {payments:>8}   {:>17}",
            state.to_string(),
            time.unwrap_or_default()
        ))?;
    }
    out.line("")?;
    for (operation, calls) in &books.accepted_calls {
        out.line(format!("  {calls:>6} × {operation}"))?;
    }
    out.line(format!(
        "\n  {} requests, {faults} faults met ({}), {} tokens",
        books.requests,
        books.faults.iter().map(|(name, n)| format!("{n} {name}")).collect::<Vec<_>>().join(", "),
        books.tokens,
    ))?;
    out.line(format!(
        "\n  missed            {:>6}\n  handled twice     {:>6}\n  wrong state       {:>6}\n  statuses missing  {:>6} of {}\n  left open         {:>6}\n  wrong requests    {:>6}",
        verdict.missed,
        verdict.twice,
        verdict.wrong_state,
        verdict.missing_statuses,
        verdict.statuses,
        verdict.open,
        verdict.violations,
    ))?;
    let config = config.display();
    out.line(format!(
        "\nLook around:\n  railpoll --config {config} status\n  railpoll --config {config} payments list --state FAILED\n  railpoll --config {config} events list --limit 10"
    ))
}
