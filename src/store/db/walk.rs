//! Walking a list that is filtered: in steps of so many rows, so that no statement reads more than it should and whoever walks
//! can stop, whatever the filter lets through.

use chrono::{DateTime, TimeDelta, Utc};

use super::Sql;
use super::values::Arg;
use crate::store::{Store, StoreError};

/// So many rows are looked at in one step.
pub(in crate::store) const ROOM: u32 = 20_000;

/// A step of a walk.
#[derive(Debug)]
pub struct WalkStep<T, K> {
    /// The rows that the filter lets through.
    pub rows: Vec<T>,
    /// How many rows were looked at for them, at most.
    pub looked_at: u64,
    /// Behind which one the next step begins; none at the end of the list.
    pub next: Option<K>,
}

/// A part of a list in the order of time: both ends are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Span {
    pub(in crate::store) from: DateTime<Utc>,
    pub(in crate::store) to: DateTime<Utc>,
}

/// The shortest time that both databases tell apart.
const TICK: TimeDelta = TimeDelta::microseconds(1);

impl Span {
    /// From `since` until before `until`, from `after` on.
    pub(in crate::store) fn new(
        since: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
        after: Option<DateTime<Utc>>,
        newest: bool,
    ) -> Self {
        let (from, to) = (
            since.unwrap_or(DateTime::<Utc>::MIN_UTC),
            until.map_or(DateTime::<Utc>::MAX_UTC, |until| until - TICK),
        );
        match after {
            Some(after) if newest => Self { from, to: to.min(after) },
            Some(after) => Self { from: from.max(after), to },
            None => Self { from, to },
        }
    }

    /// The part of it that is looked at first, and the time behind which the rest begins, if there is one.
    pub(in crate::store) fn cut(
        self,
        at: Option<DateTime<Utc>>,
        newest: bool,
    ) -> (Self, Option<DateTime<Utc>>) {
        match at {
            None => (self, None),
            Some(at) if newest => (Self { from: at, ..self }, Some(at)),
            Some(at) => (Self { to: at, ..self }, Some(at + TICK)),
        }
    }
}

impl Store {
    /// The time of the row that is [`ROOM`] rows into `span`; none if it has not so many. `time` says how the times are kept.
    pub(in crate::store) async fn edge(
        &self,
        sql: Sql,
        span: Span,
        time: fn(DateTime<Utc>) -> Arg<'static>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let args = [time(span.from), time(span.to), Arg::Int(i64::from(ROOM))];
        self.db.rows(sql, &args).await?.first().map(|row| row.time("at")).transpose()
    }
}

/// An amount as text that is the same for all that are equal: `10` for `10.00`.
pub(in crate::store) fn plain(amount: &crate::engine::Amount) -> String {
    let text = amount.to_string();
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// SQL that says whether the amount in a column is the one of the parameter, written as [`plain`] writes it.
macro_rules! is_amount {
    (sqlite $column:literal, $arg:literal) => {
        concat!(
            "(CASE WHEN instr(",
            $column,
            ", '.') THEN rtrim(rtrim(",
            $column,
            ", '0'), '.') ELSE ",
            $column,
            " END = ",
            $arg,
            ")"
        )
    };
    (postgres $column:literal, $arg:literal) => {
        concat!("(", $column, " = CAST(", $arg, " AS numeric))")
    };
}
pub(in crate::store) use is_amount;
