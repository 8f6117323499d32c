//! Customers: finding one.

use super::{ActionError, ids};
use crate::engine::{Refusal, RefusalCode};
use crate::store::{CustomerRow, Store};

/// The customer that is meant: the one with this id, or whose id alone begins so.
///
/// # Errors
/// There is none, or there are several.
pub(crate) async fn find(
    store: &Store,
    id: &str,
    shop: Option<&str>,
) -> Result<CustomerRow, ActionError> {
    let mut found = store.customers_called(id, shop).await?;
    if found.is_empty() && ids::may_begin(id) {
        let begun = store.customers_beginning(id, shop, ids::CANDIDATES).await?;
        let all: Vec<String> = begun.iter().map(|one| one.customer_id.clone()).collect();
        if let Some(first) = all.first() {
            if all.iter().any(|one| one != first) {
                return Err(ids::ambiguous("customers", id, &all).into());
            }
            found = store.customers_called(first, shop).await?;
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(row), true) => Ok(row),
        (Some(_), false) => {
            let text = format!("customer {id} is in several shops: say which with --shop");
            Err(Refusal::new(RefusalCode::Ambiguous, text).into())
        }
        (None, _) => {
            let text = format!("there is no customer {id}{}", ids::too_short(id));
            let missing = Refusal::new(RefusalCode::NotFound, text);
            Err(missing.hint("`railpoll customers list` shows who there is").into())
        }
    }
}
