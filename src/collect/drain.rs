//! Reading a window by its pages, where no value parts one page from the next.

use chrono::{DateTime, Utc};

use super::bounds::{is_ascending, is_sound, rows_in};
use super::reader::Reader;
use super::{Halt, Outcome, Sink, Source};
use crate::engine::{Listing, Window};

/// A window that still brings news after so many passes is left: what comes in has its own time to be read.
pub(super) const PASSES_MAX: u64 = 4;

/// Whether answers are held against what is known of the network.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trust {
    /// It honours range and order.
    Verify,
    /// Nothing is known.
    Anything,
}

impl<S: Source, D: Sink> Reader<'_, S, D> {
    /// Reads all pages of `base`, and stores their rows with `cursor`. Returns how many rows came.
    ///
    /// In a list that is in order the last page is read first: what leaves shifts rows to the left, to pages still to
    /// be read. A list in no order is read forwards. Either way it is read again until a pass brings nothing new.
    /// Where a page is too large, it is read by smaller ones, from the beginning.
    pub(super) async fn drain(
        &mut self,
        base: Window,
        cursor: Option<DateTime<Utc>>,
        trust: Trust,
    ) -> Result<u64, Halt<S::Error, D::Error>> {
        let mut base = base;
        loop {
            match self.drain_by(base, cursor, trust).await {
                Err(Halt::TooLarge(_)) if base.size > 1 => base.size /= 2,
                ended => return ended,
            }
        }
    }

    async fn drain_by(
        &mut self,
        base: Window,
        cursor: Option<DateTime<Utc>>,
        trust: Trust,
    ) -> Result<u64, Halt<S::Error, D::Error>> {
        let first = self.verified(&base, cursor, trust).await?;
        let mut rows = rows_in(&first);
        let mut pages = pages_of(&first, base.size);
        let is_whole = first.last || first.rows.is_empty();
        let in_order = is_ascending(&first);
        let mut known = self.news();
        self.keep(first.rows, cursor);
        if is_whole {
            return Ok(rows);
        }
        for pass in 0..PASSES_MAX {
            if in_order {
                for page in (0..pages).rev() {
                    let window = Window { page, ..base };
                    let listing = self.verified(&window, cursor, trust).await?;
                    rows += rows_in(&listing);
                    pages = pages_of(&listing, base.size);
                    self.keep(listing.rows, cursor);
                }
            } else {
                // The first page was read just now.
                let first = u64::from(pass == 0);
                rows += self.forwards(base, first, cursor).await?;
            }
            self.flush().await?;
            if self.news() == known {
                break;
            }
            known = self.news();
        }
        Ok(rows)
    }

    async fn forwards(
        &mut self,
        base: Window,
        first: u64,
        cursor: Option<DateTime<Utc>>,
    ) -> Result<u64, Halt<S::Error, D::Error>> {
        let mut rows = 0;
        for page in first.. {
            let listing = self.page(&Window { page, ..base }).await?;
            let is_end = listing.last || listing.rows.is_empty();
            rows += rows_in(&listing);
            self.keep(listing.rows, cursor);
            if is_end {
                break;
            }
        }
        Ok(rows)
    }

    /// Fetches a page. One that is not as promised is stored too, for its rows are real, and ends the run.
    pub(super) async fn verified(
        &mut self,
        window: &Window,
        cursor: Option<DateTime<Utc>>,
        trust: Trust,
    ) -> Result<Listing, Halt<S::Error, D::Error>> {
        let listing = self.page(window).await?;
        match trust {
            Trust::Verify if !is_sound(window, &listing) => {
                self.keep(listing.rows, cursor);
                Err(Halt::Early(Outcome::Unreliable))
            }
            Trust::Verify | Trust::Anything => Ok(listing),
        }
    }
}

/// How many pages the window has. A network may give smaller pages than it was asked for: what it gives counts.
pub(super) fn pages_of(listing: &Listing, size: u32) -> u64 {
    let rows = rows_in(listing);
    let is_full_page = !listing.last && rows > 0;
    listing.total.div_ceil(if is_full_page { rows } else { u64::from(size) }).max(1)
}
