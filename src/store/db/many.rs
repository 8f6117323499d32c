//! Statements of many rows in `SQLite`: their values are bound, for JSON takes longer to read than rows take to write.

use std::sync::Arc;

use futures_util::future::join;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Encode, Sqlite, SqliteConnection, Type};

use super::values::without_nul;

/// Rows in one statement. With powers of two any number of rows takes few statements, of few different texts: each text
/// is compiled once, and stays compiled. With 256 rows those that look something up for each row took twice as long.
const SIZES: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

/// A statement for any number of rows, or several statements for as many rows each.
pub(in crate::store) struct Many([(usize, String); SIZES.len()]);

/// A part of such a statement: what stands before the rows of values, such a row, as `(?,?)`, and what stands behind.
pub(in crate::store) type InsertPart<'a> = (&'a str, &'a str, &'a str);

/// What binds the values of a row.
pub(in crate::store) type Binder<'b, T> =
    &'b (dyn Fn(&mut Values, &T) -> Result<(), sqlx::Error> + Sync);

impl Many {
    /// A statement with a row of values as often as there are rows.
    pub(in crate::store) fn new(before: &str, row: &str, after: &str) -> Self {
        Self::together(&[(before, row, after)])
    }

    /// Several such statements that go to the database at once: each answer is waited for between two threads.
    pub(in crate::store) fn together(parts: &[InsertPart<'_>]) -> Self {
        let text = |(before, row, after): &InsertPart<'_>, size| {
            format!("{before} VALUES {} {after}", vec![*row; size].join(","))
        };
        let texts = |size| parts.iter().map(|part| text(part, size)).collect::<Vec<_>>().join(";");
        Self(SIZES.map(|size| (size, texts(size))))
    }

    /// Runs it for `rows`.
    pub(in crate::store) async fn run<T>(
        &'static self,
        conn: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(&mut Values, &T) -> Result<(), sqlx::Error> + Sync,
    ) -> Result<(), sqlx::Error> {
        self.rows(conn, rows, bind).await.map(drop)
    }

    /// The same for a statement that answers with rows.
    pub(in crate::store) async fn rows<T>(
        &'static self,
        conn: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(&mut Values, &T) -> Result<(), sqlx::Error> + Sync,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        self.parts(conn, rows, &[&bind]).await
    }

    /// The same for several statements: what binds the rows of each.
    pub(in crate::store) async fn parts<T>(
        &'static self,
        conn: &mut SqliteConnection,
        rows: &[T],
        binds: &[Binder<'_, T>],
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let (mut rest, mut answer) = (rows, Vec::new());
        let mut next = self.next(&mut rest, binds)?;
        while let Some((text, values)) = next {
            let running = sqlx::query_with(text, values.0).fetch_all(&mut *conn);
            // While the database works on these rows, the values of the next ones are made ready.
            let (rows, following) = join(running, async { self.next(&mut rest, binds) }).await;
            answer.extend(rows?);
            next = following?;
        }
        Ok(answer)
    }

    /// The largest statement that there are rows for, with its values.
    fn next<T>(
        &'static self,
        rest: &mut &[T],
        binds: &[Binder<'_, T>],
    ) -> Result<Option<(&'static str, Values)>, sqlx::Error> {
        let fitting = |(size, text): &'static (usize, String)| {
            rest.split_at_checked(*size).map(|split| (text.as_str(), split))
        };
        let Some((text, (rows, behind))) = self.0.iter().find_map(fitting) else { return Ok(None) };
        let mut values = Values(SqliteArguments::default());
        for bind in binds {
            for row in rows {
                bind(&mut values, row)?;
            }
        }
        *rest = behind;
        Ok(Some((text, values)))
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

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use sqlx::{Connection as _, Executor as _, Row as _};

    use super::*;

    static BOTH: LazyLock<Many> = LazyLock::new(|| {
        Many::together(&[
            ("INSERT INTO one (number)", "(?)", ""),
            ("INSERT INTO other (number, twice)", "(?,?)", "RETURNING twice"),
        ])
    });

    #[tokio::test]
    async fn each_of_several_statements_gets_every_row() {
        for rows in [0_i64, 1, 3, 100, 513] {
            let mut conn = SqliteConnection::connect("sqlite::memory:").await.unwrap();
            conn.execute("CREATE TABLE one (number); CREATE TABLE other (number, twice)")
                .await
                .unwrap();
            let numbers: Vec<i64> = (0..rows).collect();
            let number = |row: &mut Values, number: &i64| row.value(*number).map(drop);
            let twice =
                |row: &mut Values, number: &i64| row.value(*number)?.value(2 * number).map(drop);
            let told = BOTH.parts(&mut conn, &numbers, &[&number, &twice]).await.unwrap();
            let told: Vec<i64> = told.iter().map(|row| row.get(0)).collect();
            assert_eq!(told, numbers.iter().map(|number| 2 * number).collect::<Vec<_>>());
            let both =
                "SELECT count(*) FROM one JOIN other USING (number) WHERE twice = 2 * number";
            let found: i64 = conn.fetch_one(both).await.unwrap().get(0);
            assert_eq!(found, rows);
        }
    }
}
