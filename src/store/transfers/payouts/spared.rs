//! Transfers that are due and are not paid: their money may be gone already, and a person has to look.

use chrono::{DateTime, Utc};

use super::claims::Claim;
use crate::engine::{Cause, Memo, Step, TransferStatus};
use crate::store::db::Tx;
use crate::store::db::values::stored_time;
use crate::store::memory::looks::{LookKind, found};
use crate::store::transfers::steps::{plan, write_steps};
use crate::store::transfers::transactions::found::{returns_of, show_returned};
use crate::store::{Lease, StoreError};

/// Transfers of which their rail cannot tell whether they were paid before the database was restored wait for a person.
pub(in crate::store) async fn hold_untold(
    tx: &mut Tx,
    lease: &Lease,
    fresh: &mut Vec<Claim>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let ids = fresh.iter().filter_map(|claim| claim.payout.transfer_id.clone()).collect();
    let mut untold = found(&mut tx.conn(), LookKind::Payout, ids).await?;
    untold.retain(|_, (newest, _)| *newest == 0);
    let is_untold = |claim: &Claim| {
        claim.transfer.as_ref().is_some_and(|transfer| untold.contains_key(&transfer.transfer_id))
    };
    let (held, free) = fresh.drain(..).partition::<Vec<_>, _>(is_untold);
    *fresh = free;
    let steps: Vec<Step<'_>> = held
        .iter()
        .filter_map(|claim| claim.transfer.as_deref())
        .map(|transfer| {
            let why = untold.get(&transfer.transfer_id).map_or("", |(_, detail)| detail.as_str());
            Step::new(transfer, TransferStatus::OnHold, Cause::PayoutHeld).because(why)
        })
        .collect();
    let planned = plan(Some(lease), &steps, now)?;
    write_steps(tx, &planned, stored_time(now)).await?;
    Ok(())
}

/// Transfers whose money was sent back on its network, which is not on record, wait for a person: paid out too, it would be
/// paid twice.
pub(in crate::store) async fn hold_returned(
    tx: &mut Tx,
    lease: &Lease,
    fresh: &mut Vec<Claim>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let brought = |claim: &Claim| {
        let transfer = claim.transfer.as_deref()?;
        let memo = Memo::parse("return", transfer.network_reference.as_deref()?).ok()?;
        Some((transfer.network.clone(), memo.text()))
    };
    let memos = fresh.iter().filter_map(brought).map(|(_, memo)| memo).collect();
    let returns = returns_of(&mut tx.conn(), memos).await?;
    if returns.is_empty() {
        return Ok(());
    }
    let mut held = Vec::new();
    for claim in std::mem::take(fresh) {
        let of_it = brought(&claim).and_then(|(network, memo)| {
            returns.iter().find(|one| one.network == network && one.memo == memo)
        });
        match of_it {
            Some(returned) => held.push((claim, returned)),
            None => fresh.push(claim),
        }
    }
    let mut steps = Vec::new();
    for (claim, returned) in &held {
        let Some(transfer) = claim.transfer.as_deref() else { continue };
        let (id, hash) = (&transfer.transfer_id, &returned.hash);
        let why = format!(
            "its money was sent back already, by transaction {hash}, which is not on record: if that is so, say it with \
             `railpoll transfers resolve {id} --as refunded --reference {hash}`"
        );
        let step = Step::new(transfer, TransferStatus::OnHold, Cause::PayoutHeld);
        steps.push(step.because(why));
        show_returned(&mut tx.conn(), returned, id).await?;
    }
    let planned = plan(Some(lease), &steps, now)?;
    write_steps(tx, &planned, stored_time(now)).await.map(drop)
}
