//! `railpoll payments`: the list, one payment, and decisions.

pub(super) mod decide;
mod list;
mod show;

use clap::Subcommand;

use super::failure::Failure;
use super::output::Out;
use super::session::Session;
use super::table::{Cell, Paint};
use crate::engine::ReviewStatus;
use crate::store::PaymentRow;

#[derive(Debug, Subcommand)]
pub(super) enum PaymentsCommand {
    /// List payments, by the time of their last change, oldest first
    List(Box<list::ListArgs>),
    /// Tell everything that is on record of a payment
    Show(show::ShowArgs),
    #[command(flatten)]
    Decide(decide::DecisionCommand),
}

pub(super) async fn run(
    session: &Session,
    command: PaymentsCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    match command {
        PaymentsCommand::List(args) => list::run(session, *args, out).await,
        PaymentsCommand::Show(args) => show::run(session, &args, out).await,
        PaymentsCommand::Decide(command) => decide::run(session, command, out).await,
    }
}

/// Where a payment's review stands.
fn review(row: &PaymentRow) -> Cell {
    let cell = Cell::from(row.review.clone());
    match row.review.as_deref().and_then(|word| word.parse().ok()) {
        Some(ReviewStatus::Pending | ReviewStatus::Held) => cell.paint(Paint::Watch),
        Some(ReviewStatus::Declined) => cell.paint(Paint::Bad),
        Some(ReviewStatus::Approved) => cell.paint(Paint::Good),
        None => cell,
    }
}
