//! Finding alerts.

use chrono::{DateTime, Utc};

use super::{OpenAlert, alert_from};
use crate::store::db::values::Arg;
use crate::store::{Store, StoreError};

/// Which alerts to list.
#[derive(Debug, Clone, Default)]
pub struct AlertFilter {
    /// Also those that are silenced or have ended.
    pub all: bool,
    /// Only of this name.
    pub name: Option<String>,
    /// Only of this poller.
    pub poller: Option<String>,
    /// Only at this place.
    pub place: Option<String>,
    /// Only about this thing, or, with a star at its end, about those that begin so.
    pub subject: Option<String>,
    /// Only those that began at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those that began before this time.
    pub until: Option<DateTime<Utc>>,
    /// The newest first.
    pub newest: bool,
    /// Only those after the one with this number; with `newest` only those before it.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

macro_rules! list {
    ($what:literal, $order:literal) => {
        concat!(
            "SELECT ", $what, " FROM alerts WHERE ($1 = 1 OR (ended_at IS NULL AND silenced_at IS NULL)) \
             AND ($2 IS NULL OR name = $2) AND ($3 IS NULL OR poller = $3) AND ($4 IS NULL OR network = $4) \
             AND ($5 IS NULL OR subject = $5) AND ($6 IS NULL OR substr(subject, 1, length($6)) = $6) \
             AND began_at >= $7 AND began_at < $8 AND alert_id > $9 AND alert_id < $10",
            $order
        )
    };
}

const LIST: &str = list!("*", " ORDER BY alert_id LIMIT $11");
const LIST_NEWEST: &str = list!("*", " ORDER BY alert_id DESC LIMIT $11");
const COUNT: &str = list!("count(*) AS n", "");

impl AlertFilter {
    fn args(&self) -> Vec<Arg<'_>> {
        let (above, below) = if self.newest { (None, self.after) } else { (self.after, None) };
        let beginning = self.subject.as_deref().and_then(|text| text.strip_suffix('*'));
        vec![
            Arg::Int(i64::from(self.all)),
            Arg::MaybeText(self.name.as_deref()),
            Arg::MaybeText(self.poller.as_deref()),
            Arg::MaybeText(self.place.as_deref()),
            Arg::MaybeText(self.subject.as_deref().filter(|_| beginning.is_none())),
            Arg::MaybeText(beginning),
            Arg::Time(self.since.unwrap_or(DateTime::<Utc>::MIN_UTC)),
            Arg::Time(self.until.unwrap_or(DateTime::<Utc>::MAX_UTC)),
            Arg::Int(above.unwrap_or(0)),
            Arg::Int(below.unwrap_or(i64::MAX)),
        ]
    }
}

impl Store {
    /// The alerts that the filter lets through, in the order of their numbers.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn find_alerts(&self, filter: &AlertFilter) -> Result<Vec<OpenAlert>, StoreError> {
        let mut args = filter.args();
        args.push(Arg::Int(i64::from(filter.limit)));
        let sql = if filter.newest { LIST_NEWEST } else { LIST };
        self.db.rows(sql, &args).await?.iter().map(alert_from).collect()
    }

    /// How many alerts the filter lets through, whatever its limit is.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn alert_count(&self, filter: &AlertFilter) -> Result<u64, StoreError> {
        let rows = self.db.rows(COUNT, &filter.args()).await?;
        rows.first().map_or(Ok(0), |row| row.count("n"))
    }

    /// How many alerts stand that a person has silenced.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn silenced_count(&self) -> Result<u64, StoreError> {
        let sql =
            "SELECT count(*) AS n FROM alerts WHERE ended_at IS NULL AND silenced_at IS NOT NULL";
        self.db.rows(sql, &[]).await?.first().map_or(Ok(0), |row| row.count("n"))
    }
}
