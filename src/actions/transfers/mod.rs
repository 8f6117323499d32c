//! Transfers: making them, and a person's moves.

mod correct;
mod moves;
pub(crate) mod new;
mod resolve;

pub(crate) use self::resolve::FoundOut;
use super::{ActionError, ids};
use crate::engine::{Cause, Refusal, RefusalCode, Step, Transfer, TransferStatus};
use crate::store::{Store, TransferStory};

/// What became of a transfer by an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TransferMoved {
    pub(crate) transfer_id: String,
    pub(crate) was: TransferStatus,
    pub(crate) now: TransferStatus,
    pub(crate) cause: Cause,
}

impl TransferMoved {
    pub(super) fn by(step: &Step<'_>) -> Self {
        let Step { transfer, to, cause, .. } = step;
        let (transfer_id, was) = (transfer.transfer_id.clone(), transfer.status);
        Self { transfer_id, was, now: *to, cause: *cause }
    }
}

/// The transfer with this id, or whose id alone begins so.
///
/// # Errors
/// There is none, or there are several.
pub(crate) async fn find(store: &Store, transfer_id: &str) -> Result<Transfer, ActionError> {
    find_any(store, transfer_id).await?.ok_or_else(|| missing(transfer_id).into())
}

/// The same; none if there is none.
pub(crate) async fn find_any(
    store: &Store,
    transfer_id: &str,
) -> Result<Option<Transfer>, ActionError> {
    if let Some(transfer) = store.transfer(transfer_id).await? {
        return Ok(Some(transfer));
    }
    if !ids::may_begin(transfer_id) {
        return Ok(None);
    }
    let mut found = store.transfers_beginning(transfer_id, ids::CANDIDATES).await?;
    match (found.pop(), found.is_empty()) {
        (Some(transfer), true) => Ok(Some(transfer)),
        (None, _) => Ok(None),
        (Some(last), false) => {
            found.push(last);
            let all: Vec<String> = found.into_iter().map(|row| row.transfer_id).collect();
            Err(ids::ambiguous("transfers", transfer_id, &all).into())
        }
    }
}

/// Everything that is on record of the transfer with this id, or whose id alone begins so.
///
/// # Errors
/// As [`find`].
pub(crate) async fn story(store: &Store, transfer_id: &str) -> Result<TransferStory, ActionError> {
    let id = find(store, transfer_id).await?.transfer_id;
    store.transfer_story(&id).await?.ok_or_else(|| missing(&id).into())
}

fn missing(transfer_id: &str) -> Refusal {
    let text = format!("there is no transfer {transfer_id}{}", ids::too_short(transfer_id));
    Refusal::new(RefusalCode::NotFound, text).hint("`railpoll transfers list` shows what there is")
}
