//! What Horizon says of the network, its ledgers and its fees.

use chrono::{DateTime, Utc};

use super::fields::{Fields, object};
use crate::networks::stellar::rules::Ledger;

/// `GET /`: which network this is, and how far Horizon has read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The passphrase of the network: to be compared with the configured one.
    pub network_passphrase: String,
    /// The newest ledger that Horizon knows.
    pub latest_ledger: u32,
    /// The ledger's time of that one. Some versions do not tell.
    pub latest_ledger_closed_at: Option<DateTime<Utc>>,
    /// The oldest ledger that Horizon still knows: what came before cannot be asked for here.
    pub elder_ledger: u32,
}

/// `GET /fee_stats`: what was paid in the last ledgers, in stroops for one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeStats {
    /// The least that is taken, when nobody else wants in.
    pub base_fee: u32,
    /// What 95 of 100 transactions were charged, or less.
    pub nearly_all_paid: u32,
}

/// Reads `GET /`.
pub(in crate::networks::stellar) fn root(body: &[u8]) -> Result<Root, String> {
    let body = object(body)?;
    let fields = Fields::new(&body);
    let latest = "history_latest_ledger";
    Ok(Root {
        network_passphrase: Fields::needed(
            "network_passphrase",
            fields.text("network_passphrase"),
        )?
        .to_owned(),
        latest_ledger: Fields::needed(latest, fields.number(latest))?,
        latest_ledger_closed_at: fields.time("history_latest_ledger_closed_at")?,
        elder_ledger: fields.number("history_elder_ledger")?.unwrap_or(0),
    })
}

/// Reads `GET /fee_stats`.
pub(in crate::networks::stellar) fn fee_stats(body: &[u8]) -> Result<FeeStats, String> {
    let body = object(body)?;
    let fields = Fields::new(&body);
    let name = "last_ledger_base_fee";
    let base_fee = Fields::needed(name, fields.number(name))?;
    let charged = fields.inner("fee_charged")?.map(|charged| charged.number("p95"));
    let charged = charged.transpose()?.flatten();
    Ok(FeeStats { base_fee, nearly_all_paid: charged.unwrap_or(base_fee) })
}

/// Reads the newest ledger, from a page of one.
pub(in crate::networks::stellar) fn latest_ledger(body: &[u8]) -> Result<Ledger, String> {
    let body = object(body)?;
    let embedded = Fields::needed("_embedded", Fields::new(&body).inner("_embedded"))?;
    let first = embedded.list("records").map(|records| records.first().copied());
    let fields = Fields::needed("_embedded.records[0]", first)?;
    Ok(Ledger {
        sequence: Fields::needed("sequence", fields.number("sequence"))?,
        closed_at: Fields::needed("closed_at", fields.time("closed_at"))?,
        base_fee: fields.number("base_fee_in_stroops")?.unwrap_or(100),
    })
}
