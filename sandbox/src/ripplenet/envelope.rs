//! The page around the payments, as Spring Data writes it.

use std::fmt::Write as _;

use serde_json::json;

use super::query::Query;
use super::render::write_number;

/// A page in the network's envelope. `rows` are the rows' JSON, with commas between them.
pub(super) fn envelope(
    query: &Query,
    rows: &str,
    on_page: usize,
    total: usize,
    plain: bool,
) -> String {
    let pages = total.div_ceil(query.size);
    let mut out = String::with_capacity(rows.len() + 400);
    out.push('{');
    for (name, number) in [
        ("number", query.page),
        ("numberOfElements", on_page),
        ("size", query.size),
        ("totalElements", total),
        ("totalPages", pages),
    ] {
        let _ = write!(out, "\"{name}\":");
        write_number(&mut out, &number.to_string(), plain);
        out.push(',');
    }
    let sort = json!([{
        "direction": if query.ascending { "ASC" } else { "DESC" },
        "property": "MODIFIED_AT",
        "ignoreCase": false,
        "nullHandling": "NATIVE",
        "ascending": query.ascending,
        "descending": !query.ascending,
    }]);
    let (first, last) = (query.page == 0, query.page.saturating_add(1) >= pages);
    let _ = write!(out, "\"first\":{first},\"last\":{last},\"sort\":{sort},\"content\":[{rows}]}}");
    out
}
