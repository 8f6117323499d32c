//! An incoming payment as it is on record.

use chrono::{DateTime, Utc};

use crate::engine::{Claimant, ClaimantKind, Incoming, IncomingKey, IncomingKind, IncomingStatus};
use crate::store::db::Conn;
use crate::store::db::values::{Arg, Row};
use crate::store::transfers::rows::memo_from;
use crate::store::{Store, StoreError};

/// An incoming payment that is on record.
#[derive(Debug, Clone, PartialEq)]
pub struct IncomingRow {
    /// The payment.
    pub incoming: Incoming,
    /// How we know of it.
    pub kind: IncomingKind,
    /// Where it stands.
    pub status: IncomingStatus,
    /// When we heard that it is confirmed.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// When we heard that it was cancelled or reversed.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it was.
    pub ended_because: Option<String>,
    /// What it is: `matched`, `second`, `unknown_memo`, `wrong_asset` or `too_late`.
    pub verdict: String,
    /// What it is, or seems to be, for.
    pub claimant: Option<Claimant>,
    /// What a person made of it: `assigned` or `refunded`.
    pub resolution: Option<String>,
    /// The configured asset that it is, if it was known to be one.
    pub asset_name: Option<String>,
    /// Whose credit for orders it is: the wallet. None: it is for no order.
    pub wallet: Option<String>,
    /// When we wrote it down.
    pub recorded_at: DateTime<Utc>,
}

/// A status that an incoming payment had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncomingReached<'a> {
    /// The status.
    pub status: IncomingStatus,
    /// When it was reached: that it was received, by its source's clock, all else by ours.
    pub reached_at: DateTime<Utc>,
    /// When we wrote it down.
    pub recorded_at: DateTime<Utc>,
    /// Why.
    pub reason: Option<&'a str>,
}

impl IncomingRow {
    /// Every status that it had, in their order. It comes to each of them once at most.
    #[must_use]
    pub fn history(&self) -> Vec<IncomingReached<'_>> {
        let reached = |status, at, reason| IncomingReached {
            status,
            reached_at: at,
            recorded_at: at,
            reason,
        };
        let received = IncomingReached {
            recorded_at: self.recorded_at,
            ..reached(IncomingStatus::Received, self.incoming.at, None)
        };
        let confirmed = self.confirmed_at.map(|at| reached(IncomingStatus::Confirmed, at, None));
        let ended = self.ended_at.map(|at| reached(self.status, at, self.ended_because.as_deref()));
        [Some(received), confirmed, ended].into_iter().flatten().collect()
    }

    /// The transfer that it is, or seems to be, for.
    #[must_use]
    pub fn transfer_id(&self) -> Option<&str> {
        self.claimant.as_ref().and_then(Claimant::transfer_id)
    }

    /// Whether it is nobody's, so that it stands in the books as such.
    #[must_use]
    pub fn is_nobodys(&self) -> bool {
        let counts = self.status == IncomingStatus::Confirmed;
        counts && self.wallet.is_none() && self.verdict != "matched" && self.resolution.is_none()
    }

    /// What it is called in the books.
    #[must_use]
    pub fn asset_in_books(&self) -> &str {
        self.asset_name.as_deref().unwrap_or(&self.incoming.asset)
    }

    /// Whose money it is, and not only seems to be.
    #[must_use]
    pub fn owner(&self) -> Option<&Claimant> {
        let is_its = self.verdict == "matched" || self.resolution.as_deref() == Some("assigned");
        self.claimant.as_ref().filter(|_| is_its)
    }
}

const BY_KEY: &str = "SELECT * FROM incoming WHERE source = $1 AND incoming_id = $2";

impl Store {
    /// One incoming payment.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn incoming_with_id(
        &self,
        source: &str,
        incoming_id: &str,
    ) -> Result<Option<IncomingRow>, StoreError> {
        let rows = self.db.rows(BY_KEY, &[Arg::Text(source), Arg::Text(incoming_id)]).await?;
        rows.first().map(incoming_from).transpose()
    }

    /// What is received on `source` and neither confirmed nor taken back yet, oldest first: behind `after`, when it came and its id,
    /// and at most so many.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn incoming_to_confirm(
        &self,
        source: &str,
        after: Option<(DateTime<Utc>, &str)>,
        limit: u32,
    ) -> Result<Vec<IncomingRow>, StoreError> {
        let sql = "SELECT * FROM incoming WHERE source = $1 AND status = 'received' \
                   AND (received_at, incoming_id) > ($2, $3) ORDER BY received_at, incoming_id LIMIT $4";
        let (at, id) = after.unwrap_or((DateTime::<Utc>::MIN_UTC, ""));
        let args = [Arg::Text(source), Arg::Time(at), Arg::Text(id), Arg::Int(i64::from(limit))];
        self.db.rows(sql, &args).await?.iter().map(incoming_from).collect()
    }
}

/// The same as others have left it in this transaction.
pub(super) async fn read(
    conn: &mut Conn<'_>,
    key: &IncomingKey,
) -> Result<Option<IncomingRow>, StoreError> {
    let args = [Arg::Text(&key.source), Arg::Text(&key.incoming_id)];
    conn.row(BY_KEY, &args).await?.as_ref().map(incoming_from).transpose()
}

pub(in crate::store) fn incoming_from(row: &Row) -> Result<IncomingRow, StoreError> {
    Ok(IncomingRow {
        incoming: Incoming {
            incoming_id: row.text("incoming_id")?,
            source: row.text("source")?,
            account: row.text("account")?,
            from: row.maybe_text("from_address")?,
            amount: row.amount("amount")?,
            asset: row.text("asset")?,
            memo: memo_from(row)?,
            subject: row.maybe_text("subject")?,
            fee: None,
            muxed_id: row.maybe_parsed("muxed_id")?,
            reference: row.text("reference")?,
            at: row.time("received_at")?,
            raw: row.text("raw")?,
        },
        kind: row.parsed("kind")?,
        status: row.parsed("status")?,
        confirmed_at: row.maybe_time("confirmed_at")?,
        ended_at: row.maybe_time("ended_at")?,
        ended_because: row.maybe_text("ended_because")?,
        verdict: row.text("verdict")?,
        claimant: claimant_from(row)?,
        resolution: row.maybe_text("resolution")?,
        asset_name: row.maybe_text("asset_name")?,
        wallet: row.maybe_text("wallet")?,
        recorded_at: row.time("recorded_at")?,
    })
}

fn claimant_from(row: &Row) -> Result<Option<Claimant>, StoreError> {
    let Some(kind) = row.maybe_parsed("claimant_kind")? else { return Ok(None) };
    let id = row.text("claimant_id")?;
    Ok(Some(match kind {
        ClaimantKind::Transfer => Claimant::Transfer(id),
        ClaimantKind::Order => Claimant::Order { shop: row.text("claimant_shop")?, order_id: id },
    }))
}
