//! Statements of many rows in `SQLite`: their values are bound, for JSON takes longer to read than rows take to write.

use std::sync::Arc;

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Encode, Sqlite, SqliteConnection, Type};

use super::values::without_nul;

/// Rows in one statement. With powers of two any number of rows takes few statements, of few different texts: each text
/// is compiled once, and stays compiled.
const SIZES: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

/// A statement for any number of rows.
pub(in crate::store) struct Many([String; SIZES.len()]);

impl Many {
    /// A statement with a row of values, such as `(?,?)`, as often as there are rows, between `before` and `after`.
    pub(in crate::store) fn new(before: &str, row: &str, after: &str) -> Self {
        Self(SIZES.map(|size| format!("{before} VALUES {} {after}", vec![row; size].join(","))))
    }

    /// Runs it for `rows`.
    pub(in crate::store) async fn run<T>(
        &'static self,
        conn: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(&mut Values, &T) -> Result<(), sqlx::Error>,
    ) -> Result<(), sqlx::Error> {
        self.rows(conn, rows, bind).await.map(drop)
    }

    /// The same for a statement that answers with rows.
    pub(in crate::store) async fn rows<T>(
        &'static self,
        conn: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(&mut Values, &T) -> Result<(), sqlx::Error>,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let (mut rest, mut answer) = (rows, Vec::new());
        for (size, text) in SIZES.into_iter().zip(&self.0) {
            while let Some((rows, behind)) = rest.split_at_checked(size) {
                let mut values = Values(SqliteArguments::default());
                for row in rows {
                    bind(&mut values, row)?;
                }
                let query = sqlx::query_with(text.as_str(), values.0);
                answer.extend(query.fetch_all(&mut *conn).await?);
                rest = behind;
            }
        }
        Ok(answer)
    }
}

/// The values of a statement's rows, one behind the other.
pub(in crate::store) struct Values(SqliteArguments);

impl Values {
    pub(in crate::store) fn value<'v>(
        &mut self,
        value: impl Encode<'v, Sqlite> + Type<Sqlite>,
    ) -> Result<&mut Self, sqlx::Error> {
        self.0.add(value).map_err(sqlx::Error::Encode)?;
        Ok(self)
    }

    pub(in crate::store) fn text(&mut self, text: &str) -> Result<&mut Self, sqlx::Error> {
        self.value(Arc::<str>::from(text))
    }

    /// A text that may be absent, without what PostgreSQL's text does not take.
    pub(in crate::store) fn maybe_text(
        &mut self,
        text: Option<&str>,
    ) -> Result<&mut Self, sqlx::Error> {
        self.value(text.map(|text| Arc::<str>::from(without_nul(text).as_ref())))
    }

    /// A text that many rows have.
    pub(in crate::store) fn shared(&mut self, text: &Arc<str>) -> Result<&mut Self, sqlx::Error> {
        self.value(Arc::clone(text))
    }
}
