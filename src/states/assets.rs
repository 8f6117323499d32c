//! The configured assets, as transfers need them.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{AssetCode, AssetSettings, Settings};
use crate::engine::{Amount, Terms, Transfer, TransferKind};
use crate::networks::stellar::StellarAsset;

/// What one asset is on both sides.
#[derive(Debug, Clone)]
pub(super) struct Asset {
    /// On the network.
    pub(super) on_network: StellarAsset,
    /// Our account there: it pays deposits out, and receives the others.
    pub(super) account: String,
    /// Whether deposits to an account without a trustline become claimable balances.
    pub(super) claimable_balances: bool,
    network: String,
    settings: AssetSettings,
}

/// All configured assets, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Assets(BTreeMap<String, Asset>);

impl Assets {
    /// Those of `settings`.
    ///
    /// # Errors
    /// One of them cannot be on its network.
    pub(super) fn of(settings: &Settings) -> Result<Self, String> {
        let asset = |(name, own): (&String, &AssetSettings)| {
            let on_network = match &own.code {
                AssetCode::Native => StellarAsset::Native,
                AssetCode::Issued { code, issuer } => StellarAsset::credit(code, issuer)
                    .map_err(|error| format!("assets.{name}: {error}"))?,
            };
            let asset = Asset {
                on_network,
                account: own.account.clone(),
                claimable_balances: own.claimable_balances,
                network: own.network.clone(),
                settings: own.clone(),
            };
            Ok((name.clone(), asset))
        };
        settings.assets.iter().map(asset).collect::<Result<_, String>>().map(Self)
    }

    /// The asset of a transfer. None if it is no longer configured, or is on another network now.
    pub(super) fn of_transfer(&self, transfer: &Transfer) -> Option<&Asset> {
        self.0.get(&transfer.asset).filter(|asset| asset.network == transfer.network)
    }

    /// Our accounts on `network`, each once.
    pub(super) fn accounts_on(&self, network: &str) -> BTreeSet<String> {
        let there = self.0.values().filter(|asset| asset.network == network);
        there.map(|asset| asset.account.clone()).collect()
    }
}

impl Asset {
    /// What its transfers of this kind are settled by.
    pub(super) fn terms(&self, kind: TransferKind) -> Terms {
        let own = &self.settings;
        let (decimals_in, decimals_out) = if kind.is_deposit() {
            (own.currency_decimals, own.decimals)
        } else {
            (own.decimals, own.currency_decimals)
        };
        Terms {
            decimals_in,
            decimals_out,
            fee_fixed: own.fee_fixed.clone(),
            fee_percent: own.fee_percent.clone(),
            underpayment: own.underpayment,
            overpayment: own.overpayment,
        }
    }
}
