//! Money that reached us.

use serde::Serialize;

use super::{Viewed, view};
use crate::engine::{Claimant, Memo, iso};
use crate::store::IncomingRow;

view! {
    /// An incoming payment.
    pub(crate) struct IncomingJson<'a> {
        place: &'a str,
        incoming_id: &'a str,
        account: &'a str,
        from: Option<&'a str>,
        amount: String,
        asset_id: &'a str,
        memo_type: Option<&'static str>,
        memo: Option<String>,
        subject: Option<&'a str>,
        muxed_id: Option<String>,
        reference: &'a str,
        received_at: String,
        recorded_at: String,
        status: &'static str,
        confirmed_at: Option<String>,
        verdict: &'a str,
        claimant: Option<ClaimantJson<'a>>,
        transfer_id: Option<&'a str>,
        resolution: Option<&'a str>,
    }
}

/// What an incoming payment is, or seems to be, for.
#[derive(Debug, Serialize)]
struct ClaimantJson<'a> {
    kind: &'static str,
    shop: Option<&'a str>,
    id: &'a str,
}

/// The same with every status that it had, and as it came.
#[derive(Debug, Serialize)]
pub(crate) struct IncomingWholeJson<'a> {
    #[serde(flatten)]
    row: IncomingJson<'a>,
    kind: &'static str,
    history: Vec<ReachedJson<'a>>,
    raw: &'a str,
}

#[derive(Debug, Serialize)]
struct ReachedJson<'a> {
    status: &'static str,
    reached_at: String,
    recorded_at: String,
    reason: Option<&'a str>,
}

impl<'a> From<&'a Claimant> for ClaimantJson<'a> {
    fn from(claimant: &'a Claimant) -> Self {
        Self { kind: claimant.kind().as_str(), shop: claimant.shop(), id: claimant.id() }
    }
}

impl<'a> From<&'a IncomingRow> for IncomingJson<'a> {
    fn from(row: &'a IncomingRow) -> Self {
        let incoming = &row.incoming;
        Self {
            place: &incoming.source,
            incoming_id: &incoming.incoming_id,
            account: &incoming.account,
            from: incoming.from.as_deref(),
            amount: incoming.amount.to_string(),
            asset_id: &incoming.asset,
            memo_type: incoming.memo.as_ref().map(Memo::memo_type),
            memo: incoming.memo.as_ref().map(Memo::text),
            subject: incoming.subject.as_deref(),
            muxed_id: incoming.muxed_id.map(|id| id.to_string()),
            reference: &incoming.reference,
            received_at: iso(incoming.at),
            recorded_at: iso(row.recorded_at),
            status: row.status.as_str(),
            confirmed_at: row.confirmed_at.map(iso),
            verdict: &row.verdict,
            claimant: row.claimant.as_ref().map(ClaimantJson::from),
            transfer_id: row.transfer_id(),
            resolution: row.resolution.as_deref(),
        }
    }
}

impl<'a> From<&'a IncomingRow> for IncomingWholeJson<'a> {
    fn from(row: &'a IncomingRow) -> Self {
        let history = row.history().into_iter().map(|reached| ReachedJson {
            status: reached.status.as_str(),
            reached_at: iso(reached.reached_at),
            recorded_at: iso(reached.recorded_at),
            reason: reached.reason,
        });
        let (kind, raw) = (row.kind.as_str(), row.incoming.raw.as_str());
        Self { row: row.into(), kind, history: history.collect(), raw }
    }
}

impl Viewed for IncomingRow {
    type View<'a> = IncomingJson<'a>;
    const KEYS: &'static [&'static str] = IncomingJson::KEYS;

    fn view(&self) -> IncomingJson<'_> {
        self.into()
    }
}
