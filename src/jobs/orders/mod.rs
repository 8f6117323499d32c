//! A shop's open orders: the poller `orders` at one shop.
//!
//! Whatever pays an order pays it at once, in its own transaction. Two things are left to a sweep. That a time is over is
//! told by nobody, so it is looked for. And credit that could pay an order and does not is looked for now and then: there is
//! none, unless a shop's terms have changed. Each batch is one transaction, under the lease.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::frame::desk::Desk;
use super::frame::note::{Note, Observer};
use super::frame::round::Round;
use crate::config::PollerSettings;
use crate::engine::order::OrderFact;
use crate::jobs::frame::report::{SweepError, SweepReport};
use crate::jobs::job::{AnyJob, Job, Stopping};
use crate::jobs::making::Making;
use crate::networks::Wish;
use crate::store::{DueOrder, OrderAnswer, OrderTeller, OrderWorld, Scope, StoreError, Together};

/// How often all credit is looked through. It should find nothing.
const SETTLE_EVERY_SECONDS: i64 = 3600;

/// What sees to the open orders of one shop, again and again.
pub struct OrderKeeper {
    desk: Desk,
    world: OrderWorld,
    batch_size: u32,
    /// When all credit was last looked through, in seconds since 1970; at the start of the process never.
    settled_at: AtomicI64,
}

/// The job at the shop that `scope` names.
///
/// # Errors
/// See [`Make`](super::Make).
pub fn make(making: &Making<'_>, scope: Scope, own: &PollerSettings) -> Result<AnyJob, String> {
    let name = &scope.network;
    if !making.settings.shops.contains_key(name) {
        return Err(format!("shop {name}: it is not configured"));
    }
    let world = OrderWorld {
        terms: making.settings.terms_of_shops(),
        rails: making.settings.rails.keys().cloned().collect(),
    };
    Ok(Box::new(OrderKeeper {
        desk: Desk {
            store: making.store.clone(),
            scope,
            clock: making.clock.clone(),
            requests: Arc::default(),
            // Nobody is asked.
            answer_max: Duration::ZERO,
            of_place: SweepError::Network,
        },
        world,
        batch_size: own.batch_size,
        settled_at: AtomicI64::new(i64::MIN),
    }))
}

#[async_trait(?Send)]
impl Job for OrderKeeper {
    fn desk(&self) -> &Desk {
        &self.desk
    }

    async fn sweep(&self, round: &Round<'_>, report: &mut SweepReport) -> Result<(), SweepError> {
        self.end_overdue(round, report).await?;
        self.settle(round, report).await?;
        report.open = self.count_open().await?;
        Ok(())
    }

    async fn check(&self) -> Result<(), SweepError> {
        // A shop of these kinds asks us, and is not asked.
        Ok(())
    }

    async fn preview(
        &self,
        stop: Stopping<'_>,
        observer: Observer<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        let now = self.desk.clock.now();
        let mut after = None;
        while !stop() {
            let due = self.due(now, after.as_ref()).await?;
            for one in &due {
                observer(Note::Would {
                    payment_id: one.key.order_id.clone(),
                    what: "expire".to_owned(),
                    detail: format!(
                        "its time was over at {}; unless money that came in time is not final yet",
                        one.expires_at
                    ),
                });
            }
            let Some(last) = due.last() else { break };
            after = Some(last.clone());
        }
        report.open = self.count_open().await?;
        Ok(())
    }

    fn wishes(&self) -> Vec<Wish> {
        Vec::new()
    }

    fn remember(&self, _wishes: &[Wish]) {}
}

impl OrderKeeper {
    fn shop(&self) -> &str {
        &self.desk.scope.network
    }

    async fn due(
        &self,
        now: DateTime<Utc>,
        after: Option<&DueOrder>,
    ) -> Result<Vec<DueOrder>, StoreError> {
        self.desk.store.orders_due(self.shop(), now, after, self.batch_size).await
    }

    /// Ends orders whose time is over. Those that wait for money that came in time are passed over until it is final.
    async fn end_overdue(
        &self,
        round: &Round<'_>,
        report: &mut SweepReport,
    ) -> Result<(), StoreError> {
        let mut after = None;
        while !round.is_stopping() {
            let due = self.due(round.now(), after.as_ref()).await?;
            let Some(last) = due.last() else { break };
            after = Some(last.clone());
            let facts: Vec<OrderFact> =
                due.iter().map(|one| OrderFact::Due(one.key.clone())).collect();
            self.happen(round, &facts, report).await?;
        }
        Ok(())
    }

    /// Pays what credit covers, wherever there is some.
    async fn settle(&self, round: &Round<'_>, report: &mut SweepReport) -> Result<(), StoreError> {
        let now = round.now();
        let next = self.settled_at.load(Ordering::Relaxed).saturating_add(SETTLE_EVERY_SECONDS);
        if now.timestamp() < next {
            return Ok(());
        }
        let mut after = String::new();
        loop {
            if round.is_stopping() {
                return Ok(());
            }
            let wallets = round.store.wallets_with_credit(&after, self.batch_size).await?;
            let Some(last) = wallets.last() else { break };
            after.clone_from(last);
            let facts: Vec<OrderFact> = wallets.into_iter().map(OrderFact::SettledWallet).collect();
            self.happen(round, &facts, report).await?;
        }
        self.settled_at.store(now.timestamp(), Ordering::Relaxed);
        Ok(())
    }

    /// Tells the store facts, and counts the orders that they have changed.
    async fn happen(
        &self,
        round: &Round<'_>,
        facts: &[OrderFact],
        report: &mut SweepReport,
    ) -> Result<(), StoreError> {
        let (teller, now) = (OrderTeller::Poller(round.lease), round.now());
        let answers =
            round.store.orders_happen(teller, facts, Together::Apart, &self.world, now).await?;
        for answer in answers {
            match answer {
                OrderAnswer::Done(done) => {
                    report.acted += u64::try_from(done.orders.len()).unwrap_or(u64::MAX);
                }
                OrderAnswer::Already | OrderAnswer::Unknown => {}
                OrderAnswer::Refused(refusal) => {
                    tracing::warn!(shop = self.shop(), %refusal, "an order was left as it is");
                }
            }
        }
        round.beat();
        Ok(())
    }

    /// How many orders of the shop are open.
    async fn count_open(&self) -> Result<u64, StoreError> {
        let counts = self.desk.store.order_counts().await?;
        let own =
            counts.into_iter().filter(|(shop, status, _)| shop == self.shop() && status.is_open());
        Ok(own.map(|(_, _, orders)| orders).sum())
    }
}
