//! Which deposits wait for what.

use chrono::{DateTime, TimeDelta, Utc};

use super::rows::transfer_from;
use crate::engine::{PlaceKind, Transfer};
use crate::store::db::values::Arg;
use crate::store::{Store, StoreError};

/// A deposit that has expired is asked about for so long after that: its money may come late.
const LATE: TimeDelta = TimeDelta::days(30);

/// One that has expired is not asked about any more when another has its subject: the rail would tell of the other's money.
/// Each part reads an index in its order, and no further than it must.
const WAITING: &str = "SELECT * FROM ( \
        SELECT * FROM (SELECT * FROM transfers WHERE rail = $1 AND status = 'pending_user_transfer_start' \
            AND comes_in = 'rail' AND completed_at IS NULL AND (created_at, transfer_id) > ($2, $3) \
            AND (not_before IS NULL OR not_before <= $4) ORDER BY created_at, transfer_id LIMIT $5) AS started \
        UNION ALL \
        SELECT * FROM (SELECT * FROM transfers WHERE rail = $1 AND status = 'pending_external' \
            AND comes_in = 'rail' AND completed_at IS NULL AND (created_at, transfer_id) > ($2, $3) \
            AND refund_id IS NULL AND (not_before IS NULL OR not_before <= $4) \
            ORDER BY created_at, transfer_id LIMIT $5) AS seen \
        UNION ALL \
        SELECT * FROM (SELECT * FROM transfers t WHERE rail = $1 AND status = 'expired' AND comes_in = 'rail' \
            AND amount_in IS NULL AND completed_at > $6 AND (created_at, transfer_id) > ($2, $3) \
            AND (not_before IS NULL OR not_before <= $4) \
            AND NOT EXISTS (SELECT 1 FROM transfers n WHERE n.rail = $1 AND n.comes_in = 'rail' \
                AND n.subject_key = t.subject_key AND n.created_at > t.created_at) \
            ORDER BY created_at, transfer_id LIMIT $5) AS expired \
    ) AS waiting ORDER BY created_at, transfer_id LIMIT $5";

const TO_SEND: &str = "SELECT * FROM transfers WHERE network = $1 AND comes_in = 'rail' AND refund_id IS NULL \
      AND status = 'pending_anchor' AND (not_before IS NULL OR not_before <= $2) \
    ORDER BY created_at, transfer_id LIMIT $3";

const WITHOUT_TRUST: &str = "SELECT * FROM transfers WHERE network = $1 AND status = 'pending_trust' \
      AND (not_before IS NULL OR not_before <= $2) ORDER BY not_before NULLS FIRST LIMIT $3";

const OVERDUE: &str = "SELECT * FROM transfers WHERE deadline IS NOT NULL AND amount_in IS NULL AND completed_at IS NULL \
      AND deadline < $3 AND comes_in = $2 AND CASE $2 WHEN 'rail' THEN rail ELSE network END = $1 \
      AND ($5 IS NULL OR account = $5) \
      AND status IN ('incomplete', 'pending_user', 'pending_user_transfer_start', 'pending_sender') \
    ORDER BY deadline LIMIT $4";

impl Store {
    /// Deposits whose money has not come, also those that have expired a while ago, oldest first: those created after `after`, a time and an id.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn waiting_deposits(
        &self,
        rail: &str,
        after: Option<&(DateTime<Utc>, String)>,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Transfer>, StoreError> {
        let (time, id) = match after {
            Some((time, id)) => (*time, id.as_str()),
            None => (DateTime::<Utc>::MIN_UTC, ""),
        };
        let limit = Arg::Int(i64::from(limit));
        let late = Arg::Time(now - LATE);
        let args = [Arg::Text(rail), Arg::Time(time), Arg::Text(id), Arg::Time(now), limit, late];
        self.db.rows(WAITING, &args).await?.iter().map(transfer_from).collect()
    }

    /// Deposits whose money is in and has to go out on `network`, oldest first. Refunds are in
    /// [`Store::refunds_to_make`].
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn deposits_to_send(
        &self,
        network: &str,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Transfer>, StoreError> {
        let args = [Arg::Text(network), Arg::Time(now), Arg::Int(i64::from(limit))];
        self.db.rows(TO_SEND, &args).await?.iter().map(transfer_from).collect()
    }

    /// Deposits whose receivers could not take the asset, and are to be looked at again, longest unseen first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn deposits_without_trust(
        &self,
        network: &str,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Transfer>, StoreError> {
        let args = [Arg::Text(network), Arg::Time(now), Arg::Int(i64::from(limit))];
        self.db.rows(WITHOUT_TRUST, &args).await?.iter().map(transfer_from).collect()
    }

    /// Transfers whose money has not come in time. It would come in on `place`, of which `side`
    /// tells what it is. With an `account` of ours, only those
    /// that are to be paid to it.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn overdue_transfers(
        &self,
        side: PlaceKind,
        place: &str,
        account: Option<&str>,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Transfer>, StoreError> {
        let comes_in = match side {
            PlaceKind::Rail => "rail",
            PlaceKind::Network => "network",
            // No transfer's money comes in at a shop.
            PlaceKind::Shop => return Ok(Vec::new()),
        };
        let args = [
            Arg::Text(place),
            Arg::Text(comes_in),
            Arg::Time(now),
            Arg::Int(i64::from(limit)),
            Arg::MaybeText(account),
        ];
        self.db.rows(OVERDUE, &args).await?.iter().map(transfer_from).collect()
    }
}
