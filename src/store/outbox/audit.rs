//! Who did what, and why: written in the transaction that does it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::engine::{Action, Evidence, Operator};
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, Row};
use crate::store::db::{Conn, Sql};
use crate::store::{Lease, Scope, Store, StoreError};

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
    pub(in crate::store) const fn lease(self) -> Option<&'a Lease> {
        match self {
            Self::Poller(lease) => Some(lease),
            Self::Operator(_) => None,
        }
    }

    pub(in crate::store) const fn deed(self) -> Option<&'a Deed> {
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
    /// Only those after the row with this number; with `newest` only those before it.
    pub after: Option<i64>,
    /// Only what was done at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only what was done before this time.
    pub until: Option<DateTime<Utc>>,
    /// Only this one's.
    pub name: Option<String>,
    /// Only this action, or, with a star at its end, those that begin so.
    pub action: Option<String>,
    /// Only what was done to this, or, with a star at its end, to those that begin so.
    pub subject: Option<String>,
    /// The newest first.
    pub newest: bool,
    /// At most so many.
    pub limit: u32,
}

macro_rules! list {
    ($what:literal, $order:literal) => {
        concat!(
            "SELECT ", $what, " FROM audit WHERE audit_id > $1 AND audit_id < $2 AND at >= $3 AND at < $4 \
             AND ($5 IS NULL OR name = $5) AND ($6 IS NULL OR action = $6) \
             AND ($7 IS NULL OR substr(action, 1, length($7)) = $7) AND ($8 IS NULL OR subject = $8) \
             AND ($9 IS NULL OR substr(subject, 1, length($9)) = $9)",
            $order
        )
    };
}

const LIST: &str = list!(
    "audit_id, at, name, evidence, uid, login_uid, host, origin, action, subject, reason, CAST(details AS text) AS details",
    " ORDER BY audit_id LIMIT $10"
);
const LIST_NEWEST: &str = list!(
    "audit_id, at, name, evidence, uid, login_uid, host, origin, action, subject, reason, CAST(details AS text) AS details",
    " ORDER BY audit_id DESC LIMIT $10"
);
const COUNT: &str = list!("count(*) AS n", "");

impl AuditFilter {
    fn args(&self) -> Vec<Arg<'_>> {
        let (above, below) = if self.newest { (None, self.after) } else { (self.after, None) };
        let mut args = vec![
            Arg::Int(above.unwrap_or(0)),
            Arg::Int(below.unwrap_or(i64::MAX)),
            Arg::Time(self.since.unwrap_or(DateTime::<Utc>::MIN_UTC)),
            Arg::Time(self.until.unwrap_or(DateTime::<Utc>::MAX_UTC)),
            Arg::MaybeText(self.name.as_deref()),
        ];
        for wanted in [&self.action, &self.subject] {
            let beginning = wanted.as_deref().and_then(|text| text.strip_suffix('*'));
            let whole = wanted.as_deref().filter(|_| beginning.is_none());
            args.extend([Arg::MaybeText(whole), Arg::MaybeText(beginning)]);
        }
        args
    }
}

const INSERT: Sql = sql!(
    "INSERT INTO audit (at, name, evidence, uid, login_uid, host, origin, action, subject, reason, details) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, " json "$11" ")"
);

/// Writes down what an operator does.
pub(in crate::store) async fn write(
    conn: &mut Conn<'_>,
    deed: &Deed,
    action: Action,
    subject: &str,
    details: &Value,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let operator = &deed.operator;
    let details = crate::store::db::values::without_nul_escapes(&details.to_string()).into_owned();
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

    /// What operators did, in the order of the rows' numbers.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, StoreError> {
        let mut args = filter.args();
        args.push(Arg::Int(i64::from(filter.limit)));
        let sql = if filter.newest { LIST_NEWEST } else { LIST };
        self.db.rows(sql, &args).await?.iter().map(audit_from).collect()
    }

    /// How many rows the filter lets through, whatever its limit is.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn audit_count(&self, filter: &AuditFilter) -> Result<u64, StoreError> {
        let rows = self.db.rows(COUNT, &filter.args()).await?;
        rows.first().map_or(Ok(0), |row| row.count("n"))
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
