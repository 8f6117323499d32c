//! Which payments are on a page.

use super::books::Books;
use super::index::{Key, SortedKeys};
use super::moves::{PaymentState, Role};
use super::query::Query;

/// The rows of a page, in order, and how many the whole list has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) serials: Vec<u32>,
    pub(super) total: usize,
}

/// Answers a query. `inclusive` makes both ends of a range part of it.
pub(super) fn page(books: &Books, query: &Query, inclusive: bool) -> Page {
    let low = query.after.map_or(i64::MIN, |at| at.saturating_add(i64::from(!inclusive)));
    let high = query.before.map(|at| (at.saturating_add(i64::from(inclusive)), 0));
    let spans: Vec<(&SortedKeys, usize, usize)> = lists(books, query)
        .map(|list| {
            (list, list.position((low, 0)), high.map_or(list.len(), |key| list.position(key)))
        })
        .filter(|(_, from, to)| from < to)
        .collect();
    let total = spans.iter().map(|(_, from, to)| to - from).sum();
    let skip = query.page.saturating_mul(query.size);
    let keys = if let [(list, from, to)] = spans.as_slice() {
        span(list, *from, *to, skip, query.size, query.ascending)
    } else {
        // Every key on the page is among the first `skip + size` of its own list.
        let reach = skip.saturating_add(query.size);
        let mut keys: Vec<Key> = spans
            .iter()
            .flat_map(|(list, from, to)| span(list, *from, *to, 0, reach, query.ascending))
            .collect();
        keys.sort_unstable();
        if !query.ascending {
            keys.reverse();
        }
        keys.into_iter().skip(skip).take(query.size).collect()
    };
    Page { serials: keys.into_iter().map(|key| books.serial_of(key)).collect(), total }
}

/// The lists of the states and roles that are asked for.
fn lists<'a>(books: &'a Books, query: &'a Query) -> impl Iterator<Item = &'a SortedKeys> {
    PaymentState::ALL
        .into_iter()
        .filter(|state| query.states.is_empty() || query.states.contains(state))
        .flat_map(|state| Role::ALL.map(|role| (state, role)))
        .filter(|(_, role)| query.role.is_none_or(|wanted| wanted == *role))
        .map(|(state, role)| books.list(state, role))
}

/// `size` keys after the first `skip` of the positions `from..to`, in the order that is asked for.
fn span(
    list: &SortedKeys,
    from: usize,
    to: usize,
    skip: usize,
    size: usize,
    ascending: bool,
) -> Vec<Key> {
    if ascending {
        let from = from.saturating_add(skip).min(to);
        list.slice(from, from.saturating_add(size).min(to)).collect()
    } else {
        let to = to.saturating_sub(skip).max(from);
        let mut keys: Vec<Key> = list.slice(to.saturating_sub(size).max(from), to).collect();
        keys.reverse();
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::super::payment::Payment;
    use super::*;

    /// Payments of both roles in `ACCEPTED`, four on each of the milliseconds 1000, 1010, 1020, …
    fn books() -> Books {
        let mut books = Books::new(9);
        for number in 0..400 {
            let serial = books.next_serial();
            let role = if number % 2 == 0 { Role::Receiving } else { Role::Sending };
            let at = 1_000 + number / 4 * 10;
            books.add(Payment::new(serial, role, PaymentState::Accepted, at, 1), None);
        }
        books
    }

    fn query(text: &[(&str, &str)]) -> Query {
        let owned: Vec<(String, String)> =
            text.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Query::read(&owned).unwrap()
    }

    fn times(books: &Books, page: &Page) -> Vec<i64> {
        page.serials.iter().map(|serial| books.get(*serial).unwrap().modified_at).collect()
    }

    const RANGE: [(&str, &str); 3] = [
        ("range_field", "MODIFIED_AT"),
        ("after", "1970-01-01T00:00:01.010Z"),
        ("before", "1970-01-01T00:00:01.030Z"),
    ];

    #[test]
    fn a_range_excludes_both_ends_unless_told_otherwise() {
        let books = books();
        let query = query(&RANGE);
        assert_eq!(times(&books, &page(&books, &query, false)), [1_020; 4]);
        let wide = page(&books, &query, true);
        assert_eq!(wide.total, 12);
        assert_eq!(times(&books, &wide)[..4], [1_030; 4]);
    }

    #[test]
    fn ties_keep_their_order_from_page_to_page() {
        let books = books();
        let mut seen = Vec::new();
        for number in 0..14 {
            let number = number.to_string();
            let query = query(&[("page", &number), ("size", "30"), ("sort_direction", "ASC")]);
            seen.extend(page(&books, &query, false).serials);
        }
        assert_eq!(seen.len(), 400);
        let keys: Vec<_> =
            seen.iter().map(|n| (books.get(*n).unwrap().modified_at, books.ids.id(*n))).collect();
        assert!(keys.is_sorted());
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 400);
    }

    /// What is left if each payment is looked at.
    fn by_scan(books: &Books, query: &Query) -> Page {
        let mut rows: Vec<&Payment> = books.payments().iter().collect();
        rows.retain(|row| {
            (query.states.is_empty() || query.states.contains(&row.state))
                && query.role.is_none_or(|role| role == row.role)
                && query.after.is_none_or(|after| after < row.modified_at)
                && query.before.is_none_or(|before| row.modified_at < before)
        });
        rows.sort_by_key(|row| (row.modified_at, books.ids.rank(row.serial)));
        if !query.ascending {
            rows.reverse();
        }
        let (total, skip) = (rows.len(), query.page * query.size);
        let serials = rows.iter().skip(skip).take(query.size).map(|row| row.serial).collect();
        Page { serials, total }
    }

    #[test]
    fn the_index_finds_what_a_scan_does() {
        let books = books();
        for direction in ["ASC", "DESC"] {
            for number in ["0", "3", "7", "50"] {
                for role in [None, Some("RECEIVING"), Some("SENDING")] {
                    for range in [&RANGE[..2], &RANGE, &[]] {
                        let mut text =
                            vec![("page", number), ("size", "17"), ("sort_direction", direction)];
                        text.extend(role.map(|role| ("connector_role", role)));
                        text.extend(range);
                        let query = query(&text);
                        assert_eq!(page(&books, &query, false), by_scan(&books, &query));
                    }
                }
            }
        }
        assert_eq!(page(&books, &query(&[("states", "LOCKED")]), false).total, 0);
    }
}
