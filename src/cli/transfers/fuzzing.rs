//! What must hold for every file of transfers.

use std::sync::LazyLock;

use indicatif::ProgressBar;

use super::import::understood;
use crate::cli::lines::{self, FileFormat};
use crate::config::{Settings, Sources, load_without_secrets};
use crate::fuzzing::assert_amount;

/// A network, a rail and an asset.
const SET: [&str; 10] = [
    "networks.stellar.kind=stellar",
    "networks.stellar.horizon_url=https://horizon.example/",
    "networks.stellar.passphrase=Test SDF Network ; September 2015",
    "rails.bank.kind=http",
    "rails.bank.url=https://bank.example/",
    "assets.usd.network=stellar",
    "assets.usd.code=native",
    "assets.usd.account=GAL5Q5KUPOIBX7FCMGAEF4DDBEWRFOARIQI56U4J3U2WDXKDQBRSQ6SG",
    "assets.usd.rail=bank",
    "assets.usd.currency=USD",
];

static SETTINGS: LazyLock<Option<Settings>> = LazyLock::new(|| {
    let set = SET.map(ToOwned::to_owned).into();
    load_without_secrets(&Sources { set, ..Sources::default() }).ok()
});

/// A file of JSON lines, and the same bytes as CSV: each line is a transfer, or named with its faults.
pub fn import(data: &[u8]) {
    assert!(SETTINGS.is_some());
    let Some(settings) = &*SETTINGS else { return };
    for format in [FileFormat::Json, FileFormat::Csv] {
        let Ok(lines) = lines::read(data, format) else { continue };
        let all = lines.len();
        let numbers: Vec<u64> = lines.iter().map(|(number, _)| *number).collect();
        let first = if format == FileFormat::Csv { 2 } else { 1 };
        assert!(numbers.first().is_none_or(|number| *number >= first), "{numbers:?}");
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        let ends = u64::try_from(data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count());
        assert!(numbers.last().is_none_or(|last| ends.is_ok_and(|ends| *last <= ends + 1)));
        let (new, bad) = understood(lines, settings, &ProgressBar::hidden());
        assert_eq!(new.len() + bad.len(), all, "taken, or told what is wrong");
        assert!(bad.iter().all(|(_, faults)| !faults.is_empty()));
        for (_, new) in &new {
            assert!(new.faults().is_empty());
            let amounts = [&new.amount_expected, &new.amount_in, &new.amount_out, &new.amount_fee];
            amounts.into_iter().flatten().for_each(assert_amount);
        }
    }
}
