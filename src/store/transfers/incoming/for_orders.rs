//! Money that no transfer waits for: orders may.

use chrono::{DateTime, Utc};

use super::record::owner;
use crate::engine::order::{OrderFact, SeenMoney};
use crate::engine::{Alert, AlertName};
use crate::store::db::Tx;
use crate::store::memory::alerts;
use crate::store::orders::happen::happen_in;
use crate::store::{Lease, OrderAnswer, OrderTeller, OrderWorld, StoreError};

/// Money for orders that was not new.
#[derive(Debug, Default)]
pub(super) struct NotNew {
    pub(super) known: usize,
    pub(super) refused: Vec<String>,
}

/// Money that no transfer waits for, and is final: it is told to orders.
pub(super) async fn for_orders(
    tx: &mut Tx,
    lease: Option<&Lease>,
    (seen, world): (&[SeenMoney], &OrderWorld),
    now: DateTime<Utc>,
) -> Result<NotNew, StoreError> {
    let mut not_new = NotNew::default();
    if seen.is_empty() {
        return Ok(not_new);
    }
    let facts: Vec<OrderFact> = seen
        .iter()
        .flat_map(|one| {
            let received = OrderFact::Received(Box::new(one.clone()));
            [received, OrderFact::Confirmed(one.incoming.key())]
        })
        .collect();
    let teller = lease.map_or(OrderTeller::Payer, OrderTeller::Poller);
    let answers = happen_in(tx, teller, &facts, world, now).await?;
    for (one, answers) in seen.iter().zip(answers.chunks(2)) {
        match answers.first() {
            Some(OrderAnswer::Done(_)) => {}
            Some(OrderAnswer::Already | OrderAnswer::Unknown) | None => not_new.known += 1,
            Some(OrderAnswer::Refused(why)) => {
                let key = one.incoming.key();
                let alert = Alert::of(AlertName::IncomingChanged, why.to_string());
                let alert = alert.about(&key.subject());
                alerts::keep(&mut tx.conn(), &owner(lease, &key.source), &alert, now).await?;
                not_new.refused.push(key.incoming_id);
            }
        }
    }
    Ok(not_new)
}
