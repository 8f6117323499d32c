//! Who did what, and why: written in the transaction that does it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::db::{Conn, Sql};
use super::values::{Arg, Row};
use super::{Lease, Scope, Store, StoreError};
use crate::engine::{Action, Evidence, Operator};

/// What an operator says of what is done in their name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// Who.
    pub operator: Operator,
    /// Why.
    pub reason: Option<String>,
}

/// Who changes something.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// A poller, while its lease lasts.
    Poller(&'a Lease),
    /// An operator, whose deed goes on record with the change.
    Operator(&'a Deed),
}

impl<'a> From<&'a Lease> for By<'a> {
    fn from(lease: &'a Lease) -> Self {
        Self::Poller(lease)
    }
}

impl<'a> From<&'a Deed> for By<'a> {
    fn from(deed: &'a Deed) -> Self {
        Self::Operator(deed)
    }
}

impl<'a> By<'a> {
    pub(super) const fn lease(self) -> Option<&'a Lease> {
        match self {
            Self::Poller(lease) => Some(lease),
            Self::Operator(_) => None,
        }
    }

    pub(super) const fn deed(self) -> Option<&'a Deed> {
        match self {
            Self::Poller(_) => None,
            Self::Operator(deed) => Some(deed),
        }
    }
}

/// Something that an operator did.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    /// Its number.
    pub audit_id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// The name given.
    pub name: String,
    /// What speaks for it.
    pub evidence: Evidence,
    /// The process's real user id.
    pub uid: i64,
    /// The id of the user who logged in; none where the system did not tell.
    pub login_uid: Option<i64>,
    /// The host.
    pub host: String,
    /// By what: `command`.
    pub origin: String,
    /// What, such as `transfer.refund`.
    pub action: String,
    /// To what, such as `transfer/ID`.
    pub subject: String,
    /// Why.
    pub reason: Option<String>,
    /// What else there is to tell: JSON text.
    pub details: String,
}

/// What to list of what operators did.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only what came after this number.
    pub after: i64,
    /// Only what was done at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only this one's.
    pub name: Option<String>,
    /// Only what was done to this.
    pub subject: Option<String>,
    /// At most so many.
    pub limit: u32,
}

const INSERT: Sql = Sql::Each {
    sqlite: "INSERT INTO audit (at, name, evidence, uid, login_uid, host, origin, action, subject, reason, details) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    postgres: "INSERT INTO audit (at, name, evidence, uid, login_uid, host, origin, action, subject, reason, details) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CAST($11 AS json))",
};

/// Writes down what an operator does.
pub(super) async fn write(
    conn: &mut Conn<'_>,
    deed: &Deed,
    action: Action,
    subject: &str,
    details: &Value,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let operator = &deed.operator;
    let details = super::values::without_nul_escapes(&details.to_string()).into_owned();
    let args = [
        Arg::Time(now),
        Arg::Text(&operator.name),
        Arg::Text(operator.evidence.as_str()),
        Arg::Int(i64::from(operator.uid)),
        Arg::MaybeInt(operator.login_uid.map(i64::from)),
        Arg::Text(&operator.host),
        Arg::Text(operator.origin),
        Arg::Text(action.as_str()),
        Arg::Text(subject),
        Arg::MaybeText(deed.reason.as_deref()),
        Arg::Text(&details),
    ];
    conn.execute(INSERT, &args).await.map(drop)
}

impl Store {
    /// Writes down that an operator has the list of `scope` read again.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn note_reading(
        &self,
        deed: &Deed,
        action: Action,
        scope: &Scope,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let about = format!("list/{}/{}", scope.poller, scope.place());
        self.note(deed, action, &about, now).await
    }

    /// Writes down that an operator has a row that was set aside asked for again.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn note_retry(
        &self,
        deed: &Deed,
        quarantine_id: i64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let about = format!("quarantine/{quarantine_id}");
        self.note(deed, Action::QuarantineRetry, &about, now).await
    }

    async fn note(
        &self,
        deed: &Deed,
        action: Action,
        about: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        write(&mut tx.conn(), deed, action, about, &Value::Object(Map::new()), now).await?;
        tx.commit().await
    }

    /// What operators did, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, StoreError> {
        let sql = "SELECT audit_id, at, name, evidence, uid, login_uid, host, origin, action, subject, reason, \
                       CAST(details AS text) AS details FROM audit \
                   WHERE audit_id > $1 AND at >= $2 AND ($3 IS NULL OR name = $3) AND ($4 IS NULL OR subject = $4) \
                   ORDER BY audit_id LIMIT $5";
        let args = [
            Arg::Int(filter.after),
            Arg::Time(filter.since.unwrap_or(DateTime::UNIX_EPOCH)),
            Arg::MaybeText(filter.name.as_deref()),
            Arg::MaybeText(filter.subject.as_deref()),
            Arg::Int(i64::from(filter.limit)),
        ];
        self.db.rows(sql, &args).await?.iter().map(audit_from).collect()
    }
}

fn audit_from(row: &Row) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        audit_id: row.int("audit_id")?,
        at: row.time("at")?,
        name: row.text("name")?,
        evidence: row.parsed("evidence")?,
        uid: row.int("uid")?,
        login_uid: row.maybe_int("login_uid")?,
        host: row.text("host")?,
        origin: row.text("origin")?,
        action: row.text("action")?,
        subject: row.text("subject")?,
        reason: row.maybe_text("reason")?,
        details: row.text("details")?,
    })
}
