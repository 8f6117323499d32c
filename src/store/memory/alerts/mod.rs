//! Alerts: conditions of a place. Which of them stand is derived anew with each sweep: one that begins is raised, one that
//! lasts is kept current, one that is over ends.
//!
//! What stands in the database says whether a condition does ([`conditions`]); what only a sweep can know, it says itself
//! ([`Store::set_alerts`]). Both go through one gate ([`set`](mod@set)), which tells of what is new.

mod conditions;
mod list;
mod set;
mod silence;
mod to_review;
mod undecided;

use chrono::{DateTime, Utc};

use crate::store::db::values::{Arg, Row};
use crate::store::{Scope, Store, StoreError};

pub use conditions::FoundAlerts;
pub(in crate::store) use conditions::{
    retell_incoming, retell_quarantine, retell_refunds, retell_transfers,
};
pub use list::AlertFilter;
pub(in crate::store) use set::{end_about, keep, named, set};
pub use silence::Silence;
pub(in crate::store) use to_review::retell_orders;

/// An alert as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAlert {
    /// Its number.
    pub alert_id: i64,
    /// Which condition.
    pub name: String,
    /// Whose.
    pub poller: String,
    /// Where: the configured network or rail.
    pub place: String,
    /// About which one thing; empty if about all of it.
    pub subject: String,
    /// How many things it is about.
    pub count: u64,
    /// For a person to read: what stands now.
    pub detail: String,
    /// When the condition began.
    pub began_at: DateTime<Utc>,
    /// When it ended; none while it lasts.
    pub ended_at: Option<DateTime<Utc>>,
    /// Who has seen to it; none if nobody has since it last changed.
    pub silence: Option<Silence>,
}

impl Store {
    /// The alerts that stand, or with `ended` the newest of all, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn alerts(&self, ended: bool, limit: u32) -> Result<Vec<OpenAlert>, StoreError> {
        let open = "SELECT * FROM alerts WHERE ended_at IS NULL ORDER BY alert_id LIMIT $1";
        let all = "SELECT * FROM (SELECT * FROM alerts ORDER BY alert_id DESC LIMIT $1) AS newest ORDER BY alert_id";
        let sql = if ended { all } else { open };
        let rows = self.db.rows(sql, &[Arg::Int(i64::from(limit))]).await?;
        rows.iter().map(alert_from).collect()
    }

    /// The alerts of a poller that stand at the place of `scope`, whichever of its workers asks.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn alerts_at(&self, scope: &Scope) -> Result<Vec<OpenAlert>, StoreError> {
        let args = [Arg::Text(scope.poller.name()), Arg::Text(scope.place())];
        self.db.rows(set::OPEN_AT, &args).await?.iter().map(alert_from).collect()
    }
}

fn alert_from(row: &Row) -> Result<OpenAlert, StoreError> {
    Ok(OpenAlert {
        alert_id: row.int("alert_id")?,
        name: row.text("name")?,
        poller: row.text("poller")?,
        place: row.text("network")?,
        subject: row.text("subject")?,
        count: row.count("count")?,
        detail: row.text("detail")?,
        began_at: row.time("began_at")?,
        ended_at: row.maybe_time("ended_at")?,
        silence: silence::silence_from(row)?,
    })
}
