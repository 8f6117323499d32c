//! Finding the one payment that somebody means.

use crate::cli::failure::Failure;
use crate::cli::names;
use crate::store::{PaymentFilter, PaymentRow, Store};

/// The one payment with this id, or whose id alone begins so.
pub(in crate::cli) async fn find(
    store: &Store,
    payment_id: &str,
    network: Option<&str>,
) -> Result<PaymentRow, Failure> {
    let mut found = store.payments_with_id(payment_id, network).await?;
    if found.is_empty() && names::may_begin(payment_id) {
        found = store.payments_beginning(payment_id, network, names::CANDIDATES).await?;
        if found.iter().any(|row| row.payment_id != found[0].payment_id) {
            let ids: Vec<String> = found.into_iter().map(|row| row.payment_id).collect();
            return Err(names::ambiguous("payments", payment_id, &ids));
        }
    }
    one_of(found, payment_id, network)
}

/// The same for whoever only looks: the sender's reference will do too.
pub(super) async fn find_by_any(
    store: &Store,
    text: &str,
    network: Option<&str>,
) -> Result<PaymentRow, Failure> {
    let missing = match find(store, text, network).await {
        Err(Failure::Refused(missing)) => missing,
        found => return found,
    };
    let filter = PaymentFilter {
        reference: Some(text.to_owned()),
        network: network.map(ToOwned::to_owned),
        newest: true,
        limit: names::CANDIDATES,
        ..PaymentFilter::default()
    };
    let mut found = store.payments(&filter).await?;
    match (found.pop(), found.is_empty()) {
        (Some(payment), true) => Ok(payment),
        (None, _) => Err(Failure::Refused(missing)),
        (Some(last), false) => {
            found.push(last);
            let ids: Vec<String> = found.into_iter().map(|row| row.payment_id).collect();
            Err(Failure::Refused(format!(
                "several payments have the reference {text}: {}",
                ids.join(", ")
            )))
        }
    }
}

fn one_of(
    mut found: Vec<PaymentRow>,
    payment_id: &str,
    network: Option<&str>,
) -> Result<PaymentRow, Failure> {
    let place = network.map_or_else(|| "any network".to_owned(), |name| format!("network {name}"));
    match (found.pop(), found.as_slice()) {
        (None, _) => Err(Failure::Refused(format!(
            "there is no payment {payment_id} on {place}{}; `railpoll payments list` shows what there is",
            names::too_short(payment_id)
        ))),
        (Some(payment), []) => Ok(payment),
        (Some(last), others) => {
            let mut networks: Vec<&str> = others.iter().map(|row| row.network.as_str()).collect();
            networks.push(&last.network);
            Err(Failure::Refused(format!(
                "payment {payment_id} is on several networks ({}): say which with --network",
                networks.join(", ")
            )))
        }
    }
}
