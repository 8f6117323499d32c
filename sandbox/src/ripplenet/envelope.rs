//! The page around the payments, as Spring Data writes it.

use std::fmt::Write as _;

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
    let first = query.page == 0;
    let last = query.page.saturating_add(1) >= pages;
    let mut out = String::with_capacity(rows.len() + 400);
    let _ = write!(out, "{{\"first\":{first},\"last\":{last}");
    for (name, number) in [
        ("number", query.page),
        ("numberOfElements", on_page),
        ("size", query.size),
        ("totalElements", total),
        ("totalPages", pages),
    ] {
        let _ = write!(out, ",\"{name}\":");
        write_number(&mut out, &number.to_string(), plain);
    }
    let (property, ascending) = (query.sort.name(), query.ascending);
    let direction = if ascending { "ASC" } else { "DESC" };
    let _ = write!(
        out,
        ",\"sort\":[{{\"direction\":\"{direction}\",\"property\":\"{property}\",\
         \"ignoreCase\":false,\"nullHandling\":\"NATIVE\",\"ascending\":{ascending},\
         \"descending\":{}}}],\"content\":[{rows}]}}",
        !ascending
    );
    out
}
