//! Wishes to be left alone (`Retry-After`), beyond the process that was asked: whoever comes next to the same place, after a
//! restart or from cron, heeds them too.

use chrono::{DateTime, Utc};

use crate::engine::later;
use crate::jobs::job::Job;
use crate::networks::Wish;
use crate::store::{Lease, Scope, Store, StoreError};

/// Before the place in the name of what is put off.
const SUBJECT: &str = "left alone/";

/// Has a job heed who has asked another process to be left alone.
///
/// # Errors
/// The database.
pub async fn heed(job: &dyn Job, store: &Store, now: DateTime<Utc>) -> Result<(), StoreError> {
    job.remember(&recalled(store, job.scope(), now).await?);
    Ok(())
}

/// Keeps for other processes who has asked a job to be left alone.
///
/// # Errors
/// The database, or the lease is lost.
pub async fn keep_wishes(
    job: &dyn Job,
    store: &Store,
    lease: &Lease,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    keep(store, lease, job.scope(), &job.wishes(), now).await
}

/// The wishes that last still.
async fn recalled(
    store: &Store,
    scope: &Scope,
    now: DateTime<Utc>,
) -> Result<Vec<Wish>, StoreError> {
    let all = store.put_off_things(scope).await?;
    let wishes = all.iter().filter_map(|one| {
        let place = one.subject.strip_prefix(SUBJECT)?.to_owned();
        let left = (one.not_before - now).to_std().ok()?;
        Some(Wish { place, left })
    });
    Ok(wishes.collect())
}

/// Keeps the wishes that were heard.
async fn keep(
    store: &Store,
    lease: &Lease,
    scope: &Scope,
    wishes: &[Wish],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if wishes.is_empty() {
        return Ok(());
    }
    let named =
        wishes.iter().map(|wish| (format!("{SUBJECT}{}", wish.place), later(now, wish.left)));
    store.leave_alone(lease, scope, &named.collect::<Vec<_>>(), now).await
}
