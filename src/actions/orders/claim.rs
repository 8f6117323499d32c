//! Somebody has signed that he pays an order.

use serde_json::Value;

use super::{AskedBy, OrderChanged, OrderNamed, several};
use crate::actions::{ActionError, Actions, ids};
use crate::engine::order::OrderFact;
use crate::engine::{Action, Refusal, RefusalCode};
use crate::http::named_twice;
use crate::networks::tari::MemoClaim;
use crate::store::OrderRow;

impl Actions<'_> {
    /// Claims an order for the wallet that has signed for it: a JSON object `{address, order_id, signature}`, bare or under
    /// `claim`.
    ///
    /// # Errors
    /// It is no claim, its signature is wrong, there is no such order, or another wallet has claimed it.
    pub(crate) async fn claim_order(
        &self,
        text: &str,
        shop: Option<&str>,
        by: AskedBy<'_>,
    ) -> Result<OrderChanged, ActionError> {
        let claim = read(text)?;
        let named = OrderNamed { id: &claim.order_id, shop };
        let order = self.signed_for(named).await?.order;
        let (key, was) = (order.key, Some(order.status));
        let fact = OrderFact::Claimed { order: key.clone(), wallet: claim.address.base58() };
        let done = self.happen(Action::OrderClaim, by, fact).await?;
        self.changed(&key, was, done).await
    }

    /// The order with just this id: nobody signs for the beginning of one.
    async fn signed_for(&self, named: OrderNamed<'_>) -> Result<OrderRow, ActionError> {
        let OrderNamed { id, shop } = named;
        let mut found = self.store.orders_beginning(id, shop, ids::CANDIDATES).await?;
        found.retain(|row| row.order.key.order_id == *id);
        match (found.pop(), found.is_empty()) {
            (Some(row), true) => Ok(row),
            (None, _) => Err(super::missing(id).into()),
            (Some(last), false) => {
                found.push(last);
                Err(several(id, &found).into())
            }
        }
    }
}

/// Reads a claim, whose signature is right.
fn read(text: &str) -> Result<MemoClaim, Refusal> {
    let invalid = |why: String| Refusal::new(RefusalCode::Invalid, why);
    if let Some(fault) = named_twice(text) {
        return Err(invalid(fault));
    }
    let value: Value = serde_json::from_str(text)
        .map_err(|error| invalid(format!("a claim is a JSON object: {error}")))?;
    let claim = value.get("claim").unwrap_or(&value);
    let claim = MemoClaim::parse(&claim.to_string()).map_err(|error| invalid(error.to_string()))?;
    if claim.is_valid() {
        return Ok(claim);
    }
    let address = claim.address.base58();
    let text = format!("the signature is not {address}'s under the order {}", claim.order_id);
    Err(Refusal::new(RefusalCode::BadSignature, text))
}
