//! Whether the database was restored, and what is being looked up because of that.

use serde::Serialize;

use crate::engine::iso;
use crate::store::{PlaceLooks, Restoration};

/// A restoration, with what is looked up at each place.
#[derive(Debug, Serialize)]
pub(crate) struct RestorationJson<'a> {
    restoration_id: i64,
    began_at: String,
    told_by: &'a str,
    detail: &'a str,
    ended_at: Option<String>,
    confirmed_by: Option<&'a str>,
    reason: Option<&'a str>,
    places: Vec<PlaceJson<'a>>,
}

#[derive(Debug, Serialize)]
struct PlaceJson<'a> {
    place: &'a str,
    all: u64,
    left: u64,
    found: u64,
}

impl<'a> RestorationJson<'a> {
    pub(crate) fn of(restoration: &'a Restoration, looks: &'a [PlaceLooks]) -> Self {
        let place = |one: &'a PlaceLooks| {
            let PlaceLooks { place, all, left, found } = one;
            PlaceJson { place, all: *all, left: *left, found: *found }
        };
        Self {
            restoration_id: restoration.restoration_id,
            began_at: iso(restoration.began_at),
            told_by: &restoration.told_by,
            detail: &restoration.detail,
            ended_at: restoration.ended_at.map(iso),
            confirmed_by: restoration.confirmed_by.as_deref(),
            reason: restoration.reason.as_deref(),
            places: looks.iter().map(place).collect(),
        }
    }
}

/// A restoration in a sentence.
pub(crate) fn summary(restoration: &Restoration, looks: &[PlaceLooks]) -> String {
    let Restoration { began_at, told_by, detail, .. } = restoration;
    let left: u64 = looks.iter().map(|one| one.left).sum();
    let all: u64 = looks.iter().map(|one| one.all).sum();
    let end = match (&restoration.ended_at, &restoration.confirmed_by) {
        (None, _) => format!("nothing goes out: {left} of {all} things are left to be looked up"),
        (Some(at), Some(by)) => {
            format!("{by} let things go on at {}, with {left} of {all} not looked up", iso(*at))
        }
        (Some(at), None) => format!("all was looked up by {}", iso(*at)),
    };
    format!("the database was restored, noticed at {} ({told_by}: {detail}); {end}", iso(*began_at))
}
