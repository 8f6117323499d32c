//! Rows that were set aside: a person has seen to one.

use super::{ActionError, Actions};
use crate::engine::{Refusal, RefusalCode};
use crate::store::{Deed, QuarantinedRow, Store, StoreError};

/// The row of this number.
///
/// # Errors
/// There is none.
pub(crate) async fn find(store: &Store, id: i64) -> Result<QuarantinedRow, ActionError> {
    let found = store.quarantined_row(id).await;
    if let Err(StoreError::Refused(text)) = &found {
        return Err(Refusal::new(RefusalCode::NotFound, text.as_str()).into());
    }
    Ok(found?)
}

impl Actions<'_> {
    /// Notes that a row needs no attention any more.
    ///
    /// # Errors
    /// There is none of this number, or somebody has seen to it before.
    pub(crate) async fn resolve_quarantined(
        &self,
        id: i64,
        reason: &str,
        deed: &Deed,
    ) -> Result<(), ActionError> {
        let row = find(self.store, id).await?;
        Ok(self.store.resolve_quarantined(&row, reason, Some(deed), self.now).await?)
    }
}
