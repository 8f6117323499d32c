//! What goes into statements and comes out of rows: how each database takes a time, a text, JSON and a list.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::types::Json;
use sqlx::{
    Arguments, Column as _, ColumnIndex, Decode, Postgres, Row as _, Sqlite, Type, TypeInfo as _,
    ValueRef as _,
};

use super::numeric::{numeric_text, signed_numeric_text};
use crate::engine::Amount;
use crate::engine::books::Balance;
use crate::store::StoreError;

/// A parameter of a statement.
#[derive(Debug, Clone)]
pub(in crate::store) enum Arg<'a> {
    Text(&'a str),
    MaybeText(Option<&'a str>),
    Int(i64),
    MaybeInt(Option<i64>),
    Time(DateTime<Utc>),
    MaybeTime(Option<DateTime<Utc>>),
    /// A time where `SQLite` keeps microseconds since 1970.
    Micros(DateTime<Utc>),
    /// JSON text.
    Json(String),
    /// Texts: in `SQLite` to be read with `json_each`, in `PostgreSQL` with `ANY`.
    Texts(Vec<String>),
}

/// A row of an answer, and which column is likely to be read next.
pub(in crate::store) enum Row {
    Sqlite(SqliteRow, AtomicUsize),
    Postgres(PgRow, AtomicUsize),
}

pub(super) fn sqlite_arguments(args: &[Arg<'_>]) -> Result<SqliteArguments, StoreError> {
    let mut out = SqliteArguments::default();
    for arg in args {
        match arg {
            Arg::Text(text) => out.add(without_nul(text).into_owned()),
            Arg::MaybeText(text) => out.add(text.map(|text| without_nul(text).into_owned())),
            Arg::Int(number) => out.add(*number),
            Arg::MaybeInt(number) => out.add(*number),
            Arg::Time(time) => out.add(sqlite_time(*time)),
            Arg::MaybeTime(time) => out.add(time.map(sqlite_time)),
            Arg::Micros(time) => out.add(micros(*time)),
            Arg::Json(text) => out.add(without_nul_escapes(text).into_owned()),
            Arg::Texts(texts) => out.add(serde_json::json!(texts).to_string()),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(out)
}

pub(super) fn postgres_arguments(args: &[Arg<'_>]) -> Result<PgArguments, StoreError> {
    let mut out = PgArguments::default();
    for arg in args {
        match arg {
            Arg::Text(text) => out.add(without_nul(text)),
            Arg::MaybeText(text) => out.add(text.map(without_nul)),
            Arg::Int(number) => out.add(*number),
            Arg::MaybeInt(number) => out.add(*number),
            Arg::Time(time) | Arg::Micros(time) => out.add(stored_time(*time)),
            Arg::MaybeTime(time) => out.add(time.map(stored_time)),
            Arg::Json(text) => RawValue::from_string(without_nul_escapes(text).into_owned())
                .map_err(Into::into)
                .and_then(|json| out.add(Json(json))),
            Arg::Texts(texts) => {
                out.add(texts.iter().map(|text| without_nul(text)).collect::<Vec<_>>())
            }
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(out)
}

/// PostgreSQL's text takes no NUL. What we write ourselves, such as a network's answer, is kept without it.
pub(in crate::store) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

/// The same in JSON, where a NUL is written as an escape.
pub(in crate::store) fn without_nul_escapes(json: &str) -> Cow<'_, str> {
    if !json.contains("\\u0000") {
        return json.into();
    }
    let mut kept = String::with_capacity(json.len());
    let mut chars = json.chars();
    while let Some(char) = chars.next() {
        kept.push(char);
        if char != '\\' {
            continue;
        }
        match chars.as_str().strip_prefix("u0000") {
            Some(rest) => {
                kept.push_str("ufffd");
                chars = rest.chars();
            }
            // What a backslash escapes, such as another one, begins no escape itself.
            None => kept.extend(chars.next()),
        }
    }
    kept.into()
}

/// The years 1 to 9999 in microseconds since 1970: what both databases keep, and sort as it reads.
const CALENDAR: RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// Whether the databases can keep the time at all.
pub(in crate::store) fn is_in_calendar(time: DateTime<Utc>) -> bool {
    CALENDAR.contains(&time.timestamp_micros())
}

/// A time as the databases keep it: in whole microseconds, without leap seconds, within the calendar.
pub(in crate::store) fn stored_time(time: DateTime<Utc>) -> DateTime<Utc> {
    let micros = time.timestamp_micros().clamp(*CALENDAR.start(), *CALENDAR.end());
    DateTime::from_timestamp_micros(micros).unwrap_or(time)
}

/// A time as `SQLite` keeps it where there are many: in microseconds since 1970.
pub(in crate::store) fn micros(time: DateTime<Utc>) -> i64 {
    stored_time(time).timestamp_micros()
}

/// A time as `SQLite` keeps it: of one width (`2021-03-03T04:40:58.629000Z`), so that times sort as they read.
pub(in crate::store) fn sqlite_time(time: DateTime<Utc>) -> String {
    stored_time(time).to_rfc3339_opts(SecondsFormat::Micros, true)
}

pub(in crate::store) fn from_sqlite_time(
    column: &str,
    text: &str,
) -> Result<DateTime<Utc>, StoreError> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .map_err(|_| StoreError::Unreadable { column: column.to_owned(), value: text.to_owned() })
}

impl Row {
    fn get<T>(&self, column: &str) -> Result<T, StoreError>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite>,
        T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        Ok(match self {
            Self::Sqlite(row, next) => row.try_get(place(row, next, column)?)?,
            Self::Postgres(row, next) => row.try_get(place(row, next, column)?)?,
        })
    }

    /// A text as it stands in the row.
    fn maybe_str(&self, column: &str) -> Result<Option<&str>, StoreError> {
        Ok(match self {
            Self::Sqlite(row, next) => row.try_get(place(row, next, column)?)?,
            Self::Postgres(row, next) => row.try_get(place(row, next, column)?)?,
        })
    }

    pub(in crate::store) fn maybe_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.get(column)
    }

    pub(in crate::store) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.get(column)
    }

    pub(in crate::store) fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.get(column)
    }

    pub(in crate::store) fn count(&self, column: &str) -> Result<u64, StoreError> {
        Ok(u64::try_from(self.int(column)?).unwrap_or_default())
    }

    pub(in crate::store) fn maybe_time(
        &self,
        column: &str,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        match self {
            Self::Sqlite(row, next) => {
                let place = place(row, next, column)?;
                if row.try_get_raw(place)?.type_info().name() == "INTEGER" {
                    let micros: Option<i64> = row.try_get(place)?;
                    let time = |micros: i64| {
                        DateTime::from_timestamp_micros(micros).ok_or_else(|| {
                            let (column, value) = (column.to_owned(), micros.to_string());
                            StoreError::Unreadable { column, value }
                        })
                    };
                    return micros.map(time).transpose();
                }
                let text: Option<&str> = row.try_get(place)?;
                text.map(|text| from_sqlite_time(column, text)).transpose()
            }
            Self::Postgres(row, next) => Ok(row.try_get(place(row, next, column)?)?),
        }
    }

    pub(in crate::store) fn time(&self, column: &str) -> Result<DateTime<Utc>, StoreError> {
        self.maybe_time(column)?.ok_or_else(|| StoreError::Unreadable {
            column: column.to_owned(),
            value: "NULL".to_owned(),
        })
    }

    pub(in crate::store) fn maybe_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.get(column)
    }

    /// An amount, from decimal text or a `numeric`.
    pub(in crate::store) fn maybe_amount(
        &self,
        column: &str,
    ) -> Result<Option<Amount>, StoreError> {
        let text = match self {
            Self::Sqlite(..) => self.maybe_text(column)?,
            Self::Postgres(row, next) => {
                let value = row.try_get_raw(place(row, next, column)?)?;
                if value.is_null() {
                    return Ok(None);
                }
                // What is there and cannot be read is never taken for nothing.
                let bytes = value.as_bytes().map_err(sqlx::Error::Decode)?;
                Some(numeric_text(bytes).ok_or_else(|| StoreError::Unreadable {
                    column: column.to_owned(),
                    value: format!("{} bytes that are no numeric", bytes.len()),
                })?)
            }
        };
        text.map(|text: String| read_text(column, &text)).transpose()
    }

    /// An amount with a sign.
    pub(in crate::store) fn balance(&self, column: &str) -> Result<Balance, StoreError> {
        let text = match self {
            Self::Sqlite(..) => self.text(column)?,
            Self::Postgres(row, next) => {
                let value = row.try_get_raw(place(row, next, column)?)?;
                let bytes = value.as_bytes().map_err(sqlx::Error::Decode)?;
                signed_numeric_text(bytes).ok_or_else(|| StoreError::Unreadable {
                    column: column.to_owned(),
                    value: format!("{} bytes that are no numeric", bytes.len()),
                })?
            }
        };
        read_text(column, &text)
    }

    pub(in crate::store) fn amount(&self, column: &str) -> Result<Amount, StoreError> {
        self.maybe_amount(column)?.ok_or_else(|| StoreError::Unreadable {
            column: column.to_owned(),
            value: "NULL".to_owned(),
        })
    }

    /// The text of a `json` column, as it was written.
    pub(in crate::store) fn maybe_json_text(
        &self,
        column: &str,
    ) -> Result<Option<String>, StoreError> {
        Ok(match self {
            Self::Sqlite(..) => self.maybe_text(column)?,
            Self::Postgres(row, next) => {
                let json: Option<Json<Box<RawValue>>> = row.try_get(place(row, next, column)?)?;
                json.map(|json| json.0.get().to_owned())
            }
        })
    }

    /// A text that a function of ours can read, where there is one.
    pub(in crate::store) fn maybe_parsed<T: FromStr>(
        &self,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        let Some(text) = self.maybe_str(column)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| StoreError::Unreadable {
            column: column.to_owned(),
            value: text.to_owned(),
        })
    }

    /// A text that a function of ours can read.
    pub(in crate::store) fn parsed<T: FromStr>(&self, column: &str) -> Result<T, StoreError> {
        self.maybe_parsed(column)?.ok_or_else(|| StoreError::Unreadable {
            column: column.to_owned(),
            value: "NULL".to_owned(),
        })
    }

    /// What JSON text tells.
    pub(in crate::store) fn json<T: DeserializeOwned>(
        &self,
        column: &str,
    ) -> Result<T, StoreError> {
        let text = self.text(column)?;
        serde_json::from_str(&text)
            .map_err(|_| StoreError::Unreadable { column: column.to_owned(), value: text })
    }
}

fn read_text<T: FromStr>(column: &str, text: &str) -> Result<T, StoreError> {
    text.parse()
        .map_err(|_| StoreError::Unreadable { column: column.to_owned(), value: text.to_owned() })
}

/// Where a column stands. They are read in about the order in which they stand, and so found sooner than by their name.
fn place<R>(row: &R, next: &AtomicUsize, column: &str) -> Result<usize, sqlx::Error>
where
    R: sqlx::Row,
    for<'n> &'n str: ColumnIndex<R>,
{
    let likely = next.load(Ordering::Relaxed);
    let near = row.columns().iter().skip(likely).take(4).position(|one| one.name() == column);
    let place = match near {
        Some(further) => likely + further,
        None => column.index(row)?,
    };
    next.store(place + 1, Ordering::Relaxed);
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_escaped_nuls_are_replaced() {
        for (json, kept) in [
            (r#"{"a": "x\u0000y"}"#, r#"{"a": "x\ufffdy"}"#),
            (r#"{"a": "x\\u0000y"}"#, r#"{"a": "x\\u0000y"}"#),
            (r#"["\u0000\u0000", "\"\u00001ä"]"#, r#"["\ufffd\ufffd", "\"\ufffd1ä"]"#),
        ] {
            assert_eq!(without_nul_escapes(json), kept);
        }
    }
}
