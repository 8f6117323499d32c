//! A page of the list: Spring Data's envelope around raw rows.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::payment::{bad_row, row};
use super::scalar::{Raw, count, flag};
use crate::engine::{BadRow, ConnectorRole, Listing, Row, Window};
use crate::http::{Cut, printable};

/// Of the envelope, only `content` is needed.
struct Envelope<'a> {
    content: Vec<&'a [u8]>,
    last: Raw<'a>,
    number: Raw<'a>,
    number_of_elements: Raw<'a>,
    total_elements: Raw<'a>,
    total_pages: Raw<'a>,
}

/// A page that was asked for, whose rows are still to be read.
pub(in crate::networks::ripplenet) struct Page<'a> {
    rows: Vec<&'a [u8]>,
    last: bool,
    total: u64,
}

impl<'a> Page<'a> {
    /// Cuts a page that was asked for by `window` into its rows.
    ///
    /// # Errors
    /// The body is not a page, or contradicts itself or the question: then no row of it is believed.
    pub(in crate::networks::ripplenet) fn cut(
        body: &'a [u8],
        window: &Window,
    ) -> Result<Self, String> {
        let envelope = Envelope::read(&Cut::object(body)?)?;
        let found = u64::try_from(envelope.content.len()).unwrap_or(u64::MAX);
        if let Some(told) = count(envelope.number_of_elements).filter(|told| *told != found) {
            return Err(format!("the page says that it holds {told} rows, and holds {found}"));
        }
        if let Some(number) = count(envelope.number).filter(|number| *number != window.page) {
            return Err(format!("page {} was asked for, page {number} came", window.page));
        }
        let last = envelope.is_last(found, window);
        let total = envelope.total(found, window, last)?;
        Ok(Self { rows: envelope.content, last, total })
    }

    /// Its rows, as they came.
    pub(in crate::networks::ripplenet) fn rows(&self) -> &[&'a [u8]] {
        &self.rows
    }

    /// The page with its rows, each read.
    ///
    /// # Errors
    /// A payment is there twice: then no row of it is believed.
    pub(in crate::networks::ripplenet) fn listing(
        self,
        rows: Vec<Row>,
        server_time: Option<DateTime<Utc>>,
    ) -> Result<Listing, String> {
        if let Some(id) = twice(&rows) {
            return Err(format!("payment {id} is twice in one page"));
        }
        Ok(Listing { rows, last: self.last, total: self.total, server_time })
    }
}

/// Reads a page at once.
#[cfg(any(test, fuzzing))]
pub(in crate::networks::ripplenet) fn listing(
    body: &[u8],
    window: &Window,
    our_role: &ConnectorRole,
    server_time: Option<DateTime<Utc>>,
) -> Result<Listing, String> {
    let page = Page::cut(body, window)?;
    let rows = page.rows().iter().map(|raw| row(raw, our_role)).collect();
    page.listing(rows, server_time)
}

/// The row of a page of one row that is too large, as far as the page's `beginning` tells of it.
#[must_use]
pub fn too_large(beginning: &str, problem: &str) -> BadRow {
    let page = Cut::beginning(beginning.as_bytes());
    let row = page.first_of("content").map(printable);
    bad_row(row.as_deref().unwrap_or(beginning), problem)
}

/// Reads an answer that is the payment `payment_id`, if it can be understood at all.
///
/// # Errors
/// The body is no object, or is another payment.
pub(in crate::networks::ripplenet) fn single(
    body: &[u8],
    payment_id: &str,
    our_role: &ConnectorRole,
) -> Result<Row, String> {
    Cut::object(body)?;
    let mut row = row(body.trim_ascii(), our_role);
    if let Row::Bad(bad) = &mut row {
        bad.payment_id.get_or_insert_with(|| payment_id.to_owned());
    }
    match id_of(&row) {
        Some(id) if id != payment_id => {
            Err(format!("payment {payment_id} was asked for, payment {id} came"))
        }
        Some(_) | None => Ok(row),
    }
}

impl<'a> Envelope<'a> {
    fn read(page: &Cut<'a>) -> Result<Self, String> {
        Ok(Self {
            content: page.list("content")?,
            last: page.raw("last"),
            number: page.raw("number"),
            number_of_elements: page.raw("numberOfElements"),
            total_elements: page.raw("totalElements"),
            total_pages: page.raw("totalPages"),
        })
    }

    /// Whether no page follows. An empty page is always the last: nothing can follow it.
    fn is_last(&self, found: u64, window: &Window) -> bool {
        let of_pages = || {
            let pages = count(self.total_pages)?;
            Some(window.page.saturating_add(1) >= pages)
        };
        let told = flag(self.last).or_else(of_pages);
        found == 0 || told.unwrap_or(found < u64::from(window.size))
    }

    /// Rows on all pages. Without `totalElements` it is known on the last page, and else from the number of pages,
    /// then up to one page too high.
    fn total(&self, found: u64, window: &Window, last: bool) -> Result<u64, String> {
        let size = u64::from(window.size);
        if let Some(total) = count(self.total_elements) {
            return Ok(total);
        }
        match count(self.total_pages) {
            _ if last => Ok(window.page.saturating_mul(size).saturating_add(found)),
            Some(pages) => Ok(pages.saturating_mul(size)),
            None => Err("the page does not say how many rows there are".to_owned()),
        }
    }
}

fn id_of(row: &Row) -> Option<&str> {
    match row {
        Row::Payment(payment) => Some(&payment.payment_id),
        Row::Bad(bad) => bad.payment_id.as_deref(),
    }
}

fn twice(rows: &[Row]) -> Option<&str> {
    let mut seen = HashSet::with_capacity(rows.len());
    rows.iter().filter_map(id_of).find(|id| !seen.insert(*id))
}
