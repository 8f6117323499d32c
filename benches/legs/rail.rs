//! A rail of no distance: it answers at once, in this process.

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use railpoll::engine::{Arrival, PayoutState};
use railpoll::rails::{
    Arrivals, ExpectedDeposit, Payout, PayoutOutcome, PayoutRef, PayoutReport, Rail, RailError,
};

/// What it says of every payout and deposit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instant {
    /// Payouts are on their way, and deposits have not come.
    NotYet,
    /// All of them have come to where they go.
    Arrived,
}

impl Instant {
    fn payout(self, key: &str) -> PayoutState {
        let reference = Some(format!("ref-{key}"));
        match self {
            Self::NotYet => PayoutState::Initiated { reference },
            Self::Arrived => PayoutState::Delivered { reference, fee: None, amount: None },
        }
    }

    fn deposit(self, asked: &ExpectedDeposit) -> Arrival {
        match &asked.amount {
            Some(amount) if self == Self::Arrived => Arrival::Received {
                amount: amount.clone(),
                currency: asked.currency.clone(),
                fee: None,
                from: Some("DE02120300000000202051".to_owned()),
                reference: Some(format!("ref-{}", asked.transfer_id)),
            },
            Some(_) | None => Arrival::NotYet { message: None },
        }
    }
}

impl Rail for Instant {
    fn deposits<'a>(
        &'a self,
        asked: &'a [ExpectedDeposit],
        _cursor: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Arrivals, RailError>> {
        let answers = asked.iter().map(|one| (one.transfer_id.clone(), self.deposit(one)));
        ready(Ok(Arrivals { answers: answers.collect(), ..Arrivals::default() })).boxed()
    }

    fn pay_out<'a>(&'a self, payout: &'a Payout) -> BoxFuture<'a, PayoutOutcome> {
        ready(PayoutOutcome::Told(self.payout(&payout.key))).boxed()
    }

    fn payouts<'a>(
        &'a self,
        asked: &'a [PayoutRef],
    ) -> BoxFuture<'a, Result<Vec<PayoutReport>, RailError>> {
        let report = |payout: &PayoutRef| PayoutReport {
            key: payout.key.clone(),
            state: self.payout(&payout.key),
        };
        ready(Ok(asked.iter().map(report).collect())).boxed()
    }

    fn check(&self) -> BoxFuture<'_, Result<(), RailError>> {
        ready(Ok(())).boxed()
    }
}
