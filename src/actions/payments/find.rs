//! Finding the one payment that somebody means.

use crate::actions::{ActionError, ids};
use crate::engine::{Refusal, RefusalCode};
use crate::store::{PaymentFilter, PaymentRow, Store};

/// The one payment with this id, or whose id alone begins so.
pub(crate) async fn find(
    store: &Store,
    payment_id: &str,
    network: Option<&str>,
) -> Result<PaymentRow, ActionError> {
    let mut found = store.payments_with_id(payment_id, network).await?;
    if found.is_empty() && ids::may_begin(payment_id) {
        found = store.payments_beginning(payment_id, network, ids::CANDIDATES).await?;
        if found.iter().any(|row| row.payment_id != found[0].payment_id) {
            let all: Vec<String> = found.into_iter().map(|row| row.payment_id).collect();
            return Err(ids::ambiguous("payments", payment_id, &all).into());
        }
    }
    one_of(found, payment_id, network)
}

/// The same for whoever only looks: the sender's reference will do too.
pub(crate) async fn find_by_any(
    store: &Store,
    text: &str,
    network: Option<&str>,
) -> Result<PaymentRow, ActionError> {
    let missing = match find(store, text, network).await {
        Err(ActionError::Refused(missing)) => missing,
        found => return found,
    };
    let filter = PaymentFilter {
        reference: Some(text.to_owned()),
        network: network.map(ToOwned::to_owned),
        newest: true,
        limit: ids::CANDIDATES,
        ..PaymentFilter::default()
    };
    let mut found = store.payments(&filter).await?;
    match (found.pop(), found.is_empty()) {
        (Some(payment), true) => Ok(payment),
        (None, _) => Err(missing.into()),
        (Some(last), false) => {
            found.push(last);
            let ids: Vec<String> = found.into_iter().map(|row| row.payment_id).collect();
            let text = format!("several payments have the reference {text}: {}", ids.join(", "));
            Err(Refusal::new(RefusalCode::Ambiguous, text).into())
        }
    }
}

fn one_of(
    mut found: Vec<PaymentRow>,
    payment_id: &str,
    network: Option<&str>,
) -> Result<PaymentRow, ActionError> {
    let place = network.map_or_else(|| "any network".to_owned(), |name| format!("network {name}"));
    match (found.pop(), found.as_slice()) {
        (None, _) => {
            let short = ids::too_short(payment_id);
            let text = format!("there is no payment {payment_id} on {place}{short}");
            let missing = Refusal::new(RefusalCode::NotFound, text);
            Err(missing.hint("`railpoll payments list` shows what there is").into())
        }
        (Some(payment), []) => Ok(payment),
        (Some(last), others) => {
            let mut networks: Vec<&str> = others.iter().map(|row| row.network.as_str()).collect();
            networks.push(&last.network);
            let text = format!(
                "payment {payment_id} is on several networks ({}): say which with --network",
                networks.join(", ")
            );
            Err(Refusal::new(RefusalCode::Ambiguous, text).into())
        }
    }
}
