//! What money is of: what it is on a network, and what it becomes on a rail, at what price.

use std::collections::{BTreeMap, BTreeSet};

use super::{Policy, Terms, Transfer, TransferKind};
use crate::engine::Amount;

/// A configured asset.
#[derive(Debug, Clone, PartialEq)]
pub struct Asset {
    /// Its name: what stands after `assets.`.
    pub name: String,
    /// The network that it is on.
    pub network: String,
    /// What it is there, as incoming payments have it: `CODE:ISSUER`, or `native`.
    pub code: String,
    /// Our account there: it pays deposits out, and receives withdrawals and what orders are paid with.
    pub account: String,
    /// Decimals on the network.
    pub decimals: u32,
    /// Whether what we pay to an account without a trustline becomes a claimable balance, and does not wait.
    pub claimable_balances: bool,
    /// The other side of its transfers. None: no transfer can use it, and orders alone are paid in it.
    pub rail: Option<RailSide>,
}

/// An asset's side on a rail, and what a transfer from one side to the other costs.
#[derive(Debug, Clone, PartialEq)]
pub struct RailSide {
    /// The rail of its transfers, unless they name another.
    pub rail: String,
    /// What it is called there.
    pub currency: String,
    /// Decimals there.
    pub decimals: u32,
    /// The part of the fee that does not depend on the amount.
    pub fee_fixed: Amount,
    /// The part that does, in percent: 0 or more, less than 100.
    pub fee_percent: Amount,
    /// When less comes than was expected.
    pub underpayment: Policy,
    /// When more comes than was expected.
    pub overpayment: Policy,
}

impl Asset {
    /// What holds for a transfer of this `kind`. None if no transfer can use the asset.
    #[must_use]
    pub fn terms(&self, kind: TransferKind) -> Option<Terms> {
        let side = self.rail.as_ref()?;
        let (rail, network) = (side.decimals, self.decimals);
        let (decimals_in, decimals_out) =
            if kind.is_deposit() { (rail, network) } else { (network, rail) };
        Some(Terms {
            decimals_in,
            decimals_out,
            fee_fixed: side.fee_fixed.clone(),
            fee_percent: side.fee_percent.clone(),
            underpayment: side.underpayment,
            overpayment: side.overpayment,
        })
    }
}

/// Why no transfer can use the asset `name`, which has no rail, and the way out.
#[must_use]
pub fn no_rail(name: &str) -> String {
    format!(
        "the asset {name} has no rail, so that no transfer can use it: set rail and currency in [assets.{name}]"
    )
}

/// All configured assets, by name.
pub type Assets = BTreeMap<String, Asset>;

/// The asset of a transfer. None if it is no longer configured, or is on another network now.
#[must_use]
pub fn asset_of<'a>(assets: &'a Assets, transfer: &Transfer) -> Option<&'a Asset> {
    assets.get(&transfer.asset).filter(|asset| asset.network == transfer.network)
}

/// The assets on `network`.
pub fn assets_on<'a>(assets: &'a Assets, network: &'a str) -> impl Iterator<Item = &'a Asset> {
    assets.values().filter(move |asset| asset.network == network)
}

/// Our accounts on `network`, each once.
#[must_use]
pub fn accounts_on(assets: &Assets, network: &str) -> BTreeSet<String> {
    assets_on(assets, network).map(|asset| asset.account.clone()).collect()
}
