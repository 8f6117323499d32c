//! Which payments are on a page.

use super::books::Books;
use super::index::{Key, SortedKeys};
use super::moves::{PaymentState, Role};
use super::payment::{Kind, Payment, billionths};
use super::query::{AmountRange, Query, Range, RoleFilter, SortField, TextField, TimeField};
use super::render::write_end_to_end_id;

/// The rows of a page, in order, and how many the whole list has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) serials: Vec<u32>,
    pub(super) total: usize,
}

/// Answers a query. `inclusive` makes both ends of a range part of it.
pub(super) fn page(books: &Books, query: &Query, inclusive: bool) -> Page {
    if query.sort == SortField::Modified && only_by_index(query) {
        by_index(books, query, inclusive)
    } else {
        by_scan(books, query, inclusive)
    }
}

/// Whether states, roles and `modified_at` alone decide: then nothing needs to be looked at one by one.
fn only_by_index(query: &Query) -> bool {
    query.ids.is_none()
        && query.kind.is_none()
        && query.texts.is_empty()
        && query.amounts.is_none()
        && query.with_labels.is_empty()
        && query.without_labels.is_empty()
        && query.range.is_none_or(|range| range.field == TimeField::Modified)
}

fn by_index(books: &Books, query: &Query, inclusive: bool) -> Page {
    let (low, high) = key_bounds(query.range, inclusive);
    let spans: Vec<(&SortedKeys, usize, usize)> = lists(books, query)
        .map(|list| (list, list.position(low), high.map_or(list.len(), |key| list.position(key))))
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

fn by_scan(books: &Books, query: &Query, inclusive: bool) -> Page {
    let mut rows: Vec<&Payment> = match &query.ids {
        Some(ids) => ids
            .iter()
            .filter_map(|id| books.ids.find(*id))
            .filter_map(|serial| books.shown(serial))
            .collect(),
        None => lists(books, query)
            .flat_map(|list| list.slice(0, list.len()))
            .filter_map(|key| books.shown(books.serial_of(key)))
            .collect(),
    };
    rows.retain(|payment| fits(payment, query, inclusive));
    rows.sort_by_cached_key(|payment| {
        let rank = books.ids.rank(payment.serial);
        match query.sort {
            SortField::PaymentId => (0, rank),
            SortField::Expires => (payment.expires_at, rank),
            SortField::Modified => (payment.modified_at, rank),
            SortField::Created => (payment.created_at, rank),
        }
    });
    rows.dedup_by_key(|payment| payment.serial);
    if !query.ascending {
        rows.reverse();
    }
    let skip = query.page.saturating_mul(query.size);
    Page {
        total: rows.len(),
        serials: rows.iter().skip(skip).take(query.size).map(|payment| payment.serial).collect(),
    }
}

/// The lists of the states and roles that are asked for.
fn lists<'a>(books: &'a Books, query: &'a Query) -> impl Iterator<Item = &'a SortedKeys> {
    PaymentState::ALL
        .into_iter()
        .filter(|state| wanted_state(query, *state))
        .flat_map(|state| Role::ALL.map(|role| (state, role)))
        .filter(|(_, role)| wanted_role(query, *role))
        .map(|(state, role)| books.list(state, role))
}

fn wanted_state(query: &Query, state: PaymentState) -> bool {
    query.states.is_empty() || query.states.contains(&state)
}

fn wanted_role(query: &Query, role: Role) -> bool {
    match query.role {
        RoleFilter::Any => true,
        RoleFilter::Only(wanted) => wanted == role,
        RoleFilter::Nobody => false,
    }
}

/// The first key of the range and the first one past it (none: the range is open).
fn key_bounds(range: Option<Range>, inclusive: bool) -> (Key, Option<Key>) {
    let (after, before) = range.map_or((None, None), |range| (range.after, range.before));
    let low = after.map_or(i64::MIN, |at| if inclusive { at } else { at.saturating_add(1) });
    let high = before.map(|at| if inclusive { at.saturating_add(1) } else { at });
    ((low, 0), high.map(|at| (at, 0)))
}

fn fits(payment: &Payment, query: &Query, inclusive: bool) -> bool {
    let has = |label: &String| payment.labels().iter().any(|own| **own == **label);
    wanted_state(query, payment.state)
        && wanted_role(query, payment.role)
        && query.kind.is_none_or(|kind| kind == payment.kind)
        && query.range.is_none_or(|range| in_range(payment, range, inclusive))
        && query.amounts.is_none_or(|amounts| in_amounts(payment, amounts))
        && query.texts.iter().all(|(field, text)| has_text(payment, *field, text))
        && (query.with_labels.is_empty() || query.with_labels.iter().any(has))
        && !query.without_labels.iter().any(has)
}

fn in_range(payment: &Payment, range: Range, inclusive: bool) -> bool {
    let at = match range.field {
        TimeField::Created => Some(payment.created_at),
        TimeField::Modified => Some(payment.modified_at),
        TimeField::Expires => Some(payment.expires_at),
        TimeField::Accepted => payment.reached(PaymentState::Accepted),
        TimeField::Locked => payment.reached(PaymentState::Locked),
        TimeField::Executed => payment.reached(PaymentState::Executed),
        TimeField::Completed => payment.reached(PaymentState::Completed),
        TimeField::Returned => payment.reached(PaymentState::Returned),
    };
    let (low, high) = key_bounds(Some(range), inclusive);
    at.is_some_and(|at| low <= (at, 0) && high.is_none_or(|high| (at, 0) < high))
}

fn in_amounts(payment: &Payment, range: AmountRange) -> bool {
    let exact = payment.more.as_ref().and_then(|more| more.amount.as_deref());
    let sent = u128::from(payment.amount);
    let amount = match exact {
        Some(text) => billionths(text),
        None if range.received => Some(sent + sent / 5),
        None => Some(sent),
    };
    amount.is_some_and(|amount| {
        range.least.is_none_or(|least| least <= amount)
            && range.most.is_none_or(|most| amount <= most)
    })
}

fn has_text(payment: &Payment, field: TextField, text: &str) -> bool {
    match field {
        TextField::SendingHost => payment.sender_node() == text,
        TextField::ReceivingHost => payment.receiver_node() == text,
        TextField::SendingAccount => {
            text == "trans_usd_sender"
                || text == format!("trans_usd_sender@{}", payment.sender_node())
        }
        TextField::ReceivingAccount => {
            text == "trans_gbp_receiver"
                || text == format!("trans_gbp_receiver@{}", payment.receiver_node())
        }
        TextField::SendingCurrency => text == "USD",
        TextField::ReceivingCurrency => text == "GBP",
        TextField::InternalId => {
            payment.more.as_ref().and_then(|more| more.internal_id.as_deref()) == Some(text)
        }
        TextField::EndToEndId => {
            let mut own = String::new();
            write_end_to_end_id(&mut own, payment.serial);
            payment.kind == Kind::Regular && own == text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Payments of both roles in `ACCEPTED`, four on each of the milliseconds 1000, 1010, 1020, …
    fn books() -> Books {
        let mut books = Books::new(9);
        for number in 0..400 {
            let serial = books.next_serial();
            let role = if number % 2 == 0 { Role::Receiving } else { Role::Sending };
            let at = 1_000 + number / 4 * 10;
            let mut payment = Payment::new(serial, role, PaymentState::Accepted, at, 1);
            payment.expires_at = 90_000 - number;
            books.add(payment, None);
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

    #[test]
    fn the_index_and_the_scan_agree() {
        let books = books();
        for direction in ["ASC", "DESC"] {
            for number in ["0", "3", "7", "50"] {
                for role in [None, Some("RECEIVING"), Some("INTERMEDIARY")] {
                    let mut text =
                        vec![("page", number), ("size", "17"), ("sort_direction", direction)];
                    text.extend(role.map(|role| ("connector_role", role)));
                    text.extend(RANGE);
                    text.pop();
                    let query = query(&text);
                    assert_eq!(by_index(&books, &query, false), by_scan(&books, &query, false));
                }
            }
        }
    }

    #[test]
    fn other_filters_and_sorts_work() {
        let mut books = books();
        books.change(5, None, |payment| payment.label("seen"));
        let found = |text: &[(&str, &str)]| page(&books, &query(text), false);
        assert_eq!(found(&[("with_labels", "seen,other")]).serials, [5]);
        assert_eq!(found(&[("without_labels", "seen")]).total, 399);
        let id = books.ids.id(17).to_string();
        assert_eq!(found(&[("payment_ids", &format!("{id},{id}"))]).serials, [17]);
        assert_eq!(found(&[("sender_end_to_end_id", "E2E-0000000017")]).serials, [17]);
        let soonest =
            found(&[("sort_field", "EXPIRES_AT"), ("sort_direction", "ASC"), ("size", "1")]);
        assert_eq!(soonest.serials, [399]);
        assert_eq!(found(&[("payment_type", "RETURN")]).total, 0);
        assert_eq!(found(&[("states", "LOCKED")]).total, 0);
    }
}
