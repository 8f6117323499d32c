//! Wallets that may report.

use super::{Viewed, view};
use crate::engine::iso;
use crate::store::WalletRow;

view! {
    /// A wallet that may report.
    pub(crate) struct WalletJson<'a> {
        network: &'a str,
        address: &'a str,
        ip_address: &'a str,
        last_nonce: String,
        added_at: String,
    }
}

impl Viewed for WalletRow {
    type View<'a> = WalletJson<'a>;
    const KEYS: &'static [&'static str] = WalletJson::KEYS;

    fn view(&self) -> WalletJson<'_> {
        WalletJson {
            network: &self.network,
            address: &self.address,
            ip_address: &self.ip_address,
            last_nonce: self.last_nonce.to_string(),
            added_at: iso(self.added_at),
        }
    }
}
