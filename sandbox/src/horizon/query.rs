//! The parameters of a list, and the page around its records.

use serde_json::{Value, json};

use super::problem::Problem;

const USUAL_LIMIT: usize = 10;
const MOST: usize = 200;

/// Where a list begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cursor {
    /// At its first end.
    None,
    /// At what comes next.
    Now,
    /// After this paging token, exclusively.
    At(u64),
}

/// What is asked of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) cursor: Cursor,
    pub(super) ascending: bool,
    pub(super) limit: usize,
    /// The transaction of each payment is to be in it.
    pub(super) join: bool,
    /// Transactions that failed are to be listed too.
    pub(super) include_failed: bool,
}

impl Query {
    /// Reads and judges the parameters.
    pub(super) fn read(parameters: &[(String, String)]) -> Result<Self, Problem> {
        let mut query = Self {
            cursor: Cursor::None,
            ascending: true,
            limit: USUAL_LIMIT,
            join: false,
            include_failed: false,
        };
        for (name, value) in parameters {
            match name.as_str() {
                "cursor" => query.cursor = cursor(value)?,
                "order" => query.ascending = order(value)?,
                "limit" => query.limit = limit(value)?,
                "join" if value == "transactions" => query.join = true,
                "include_failed" if value == "true" || value == "false" => {
                    query.include_failed = value == "true";
                }
                // Added by the JavaScript SDK to streams.
                "X-Client-Name" | "X-Client-Version" | "X-App-Name" | "X-App-Version" => {}
                _ => return Err(Problem::bad_request(name, "there is no such parameter or value")),
            }
        }
        Ok(query)
    }
}

/// A cursor as it stands in a query or in `Last-Event-ID`.
pub(super) fn cursor(text: &str) -> Result<Cursor, Problem> {
    match text {
        "" => Ok(Cursor::None),
        "now" => Ok(Cursor::Now),
        token => match token.parse::<i64>().ok().and_then(|token| u64::try_from(token).ok()) {
            Some(token) => Ok(Cursor::At(token)),
            None => Err(Problem::bad_request("cursor", "cursor: invalid value")),
        },
    }
}

fn order(text: &str) -> Result<bool, Problem> {
    match text {
        "asc" | "" => Ok(true),
        "desc" => Ok(false),
        _ => Err(Problem::bad_request("order", "order: invalid value")),
    }
}

fn limit(text: &str) -> Result<usize, Problem> {
    let reason = "limit: must be between 1 and 200";
    let limit: usize = text.parse().map_err(|_| Problem::bad_request("limit", reason))?;
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::bad_request("limit", reason));
    }
    Ok(limit)
}

/// The page around records, with the addresses of its neighbours.
pub(super) fn page(
    base: &str,
    path: &str,
    query: &Query,
    records: Vec<Value>,
    places: &[String],
) -> Value {
    let here = match query.cursor {
        Cursor::None => String::new(),
        Cursor::Now => "now".to_owned(),
        Cursor::At(token) => token.to_string(),
    };
    let address = |cursor: &str, ascending: bool| {
        let order = if ascending { "asc" } else { "desc" };
        let join = if query.join { "&join=transactions" } else { "" };
        json!({ "href": format!("{base}{path}?cursor={cursor}&limit={}&order={order}{join}", query.limit) })
    };
    let next = places.last().cloned().unwrap_or_else(|| here.clone());
    let previous = places.first().cloned().unwrap_or_else(|| here.clone());
    json!({
        "_links": {
            "self": address(&here, query.ascending),
            "next": address(&next, query.ascending),
            "prev": address(&previous, !query.ascending),
        },
        "_embedded": { "records": records },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Query, Problem> {
        let pairs: Vec<(String, String)> = text
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Query::read(&pairs)
    }

    #[test]
    fn parameters_are_judged_strictly() {
        let query = read("cursor=77&order=desc&limit=200&join=transactions").unwrap();
        assert_eq!((query.cursor, query.ascending, query.limit), (Cursor::At(77), false, 200));
        assert!(query.join);
        assert_eq!(read("cursor=now").unwrap().cursor, Cursor::Now);
        assert_eq!(read("cursor=").unwrap().cursor, Cursor::None);
        for bad in [
            "cursor=x",
            "cursor=-1",
            "order=up",
            "limit=0",
            "limit=201",
            "limit=x",
            "join=x",
            "a=b",
        ] {
            assert_eq!(read(bad).unwrap_err().status(), 400, "{bad}");
        }
    }
}
