//! What must hold for every file of orders.

use std::sync::LazyLock;

use chrono::DateTime;
use indicatif::ProgressBar;

use super::import::understood;
use crate::cli::lines::{self, FileFormat};
use crate::config::{Settings, Sources, load_without_secrets};
use crate::fuzzing::assert_amount;

/// A network, an asset and a shop.
const SET: [&str; 4] = [
    "networks.tari.kind=tari",
    "assets.xtr.network=tari",
    "assets.xtr.account=14z3iHvgokZcXmokAYQKveeJ4rMqSGtPahrC2CPvx63UQmG",
    "shops.web.assets=[\"xtr\"]",
];

static SETTINGS: LazyLock<Option<Settings>> = LazyLock::new(|| {
    let set = SET.map(ToOwned::to_owned).into();
    load_without_secrets(&Sources { set, ..Sources::default() }).ok()
});

/// A file of JSON lines, and the same bytes as CSV: each line is an order, or named with its faults.
pub fn import_orders(data: &[u8]) {
    assert!(SETTINGS.is_some());
    let Some(settings) = &*SETTINGS else { return };
    for format in [FileFormat::Json, FileFormat::Csv] {
        let Ok(lines) = lines::read(data, format) else { continue };
        let all = lines.len();
        let around = (settings, DateTime::UNIX_EPOCH);
        let (new, bad) = understood(lines, around, &ProgressBar::hidden());
        assert_eq!(new.len() + bad.len(), all, "taken, or told what is wrong");
        assert!(bad.iter().all(|(_, faults)| !faults.is_empty()));
        for (_, order) in &new {
            assert!(order.told.faults().is_empty());
            assert!(order.told.price.fits(6), "nobody can pay it");
            assert_amount(&order.told.price);
            // Whoever has signed has signed for this order.
            assert!(order.claim.is_none() || order.told.memo.is_some());
        }
    }
}
