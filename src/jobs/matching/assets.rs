//! The configured assets, as transfers need them.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{AssetCode, AssetSettings, Settings};
use crate::engine::{Terms, Transfer, TransferKind};
use crate::networks::stellar::StellarAsset;

/// What one asset is on both sides.
#[derive(Debug, Clone)]
pub(crate) struct Asset {
    /// On the network.
    pub(in crate::jobs) on_network: StellarAsset,
    settings: AssetSettings,
}

/// All configured assets, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Assets(BTreeMap<String, Asset>);

impl Assets {
    /// Those of `settings`.
    ///
    /// # Errors
    /// One of them cannot be on its network.
    pub(crate) fn of(settings: &Settings) -> Result<Self, String> {
        let asset = |(name, own): (&String, &AssetSettings)| {
            let on_network = match &own.code {
                AssetCode::Native => StellarAsset::Native,
                AssetCode::Issued { code, issuer } => StellarAsset::credit(code, issuer)
                    .map_err(|error| format!("assets.{name}: {error}"))?,
            };
            Ok((name.clone(), Asset { on_network, settings: own.clone() }))
        };
        settings.assets.iter().map(asset).collect::<Result<_, String>>().map(Self)
    }

    /// The asset of a transfer. None if it is no longer configured, or is on another network now.
    pub(in crate::jobs) fn of_transfer(&self, transfer: &Transfer) -> Option<&Asset> {
        self.0.get(&transfer.asset).filter(|asset| asset.settings.network == transfer.network)
    }

    /// Whether what came in for a transfer can be sent back from here on its network.
    pub(crate) fn sends_back(&self, transfer: &Transfer) -> bool {
        self.of_transfer(transfer).is_some()
    }

    /// The assets on `network`, each with its name.
    pub(in crate::jobs) fn on<'a>(
        &'a self,
        network: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Asset)> {
        let there = self.0.iter().filter(move |(_, asset)| asset.settings.network == network);
        there.map(|(name, asset)| (name.as_str(), asset))
    }

    /// Our accounts on `network`, each once.
    pub(in crate::jobs) fn accounts_on(&self, network: &str) -> BTreeSet<String> {
        let there = self.0.values().filter(|asset| asset.settings.network == network);
        there.map(|asset| asset.settings.account.clone()).collect()
    }
}

impl Asset {
    /// Our account there, `G…`: it pays deposits out, and receives the others.
    pub(in crate::jobs) fn account(&self) -> &str {
        &self.settings.account
    }

    /// Whether deposits to an account without a trustline become claimable balances.
    pub(in crate::jobs) const fn claimable_balances(&self) -> bool {
        self.settings.claimable_balances
    }

    /// What its transfers of this kind are settled by.
    pub(in crate::jobs) fn terms(&self, kind: TransferKind) -> Terms {
        self.settings.terms(kind)
    }
}

#[cfg(test)]
impl Assets {
    /// Lumens, under the name `usd`, on the network `stellar`.
    pub(in crate::jobs) fn one() -> Self {
        let settings = AssetSettings {
            name: "usd".to_owned(),
            network: "stellar".to_owned(),
            code: AssetCode::Native,
            account: "GUS".to_owned(),
            rail: "bank".to_owned(),
            currency: "USD".to_owned(),
            currency_decimals: 2,
            decimals: 7,
            fee_fixed: crate::engine::Amount::zero(),
            fee_percent: crate::engine::Amount::zero(),
            underpayment: crate::engine::Policy::Hold,
            overpayment: crate::engine::Policy::Refund,
            claimable_balances: false,
        };
        let asset = Asset { on_network: StellarAsset::Native, settings };
        Self([("usd".to_owned(), asset)].into())
    }
}
