//! Wallets that report what they get: who may, and what they tell.

mod told;

use std::net::IpAddr;

pub(crate) use self::told::{Notified, NotifyAsked};
use super::{ActionError, Actions};
use crate::config::{NetworkKind, Settings};
use crate::engine::{Refusal, RefusalCode};
use crate::networks::tari::TariAddress;
use crate::store::{Deed, WalletRow};

/// A wallet that is to report.
#[derive(Debug)]
pub(crate) struct WalletToAdd<'a> {
    /// The configured network, of kind `tari`. None: the only one.
    pub(crate) network: Option<&'a str>,
    /// Its address.
    pub(crate) address: &'a TariAddress,
    /// From where it reports.
    pub(crate) ip_address: IpAddr,
    /// What it tells has a higher nonce.
    pub(crate) last_nonce: i64,
}

/// The configured network whose wallets report, which is named or the only one.
pub(super) fn network_of(settings: &Settings, named: Option<&str>) -> Result<String, Refusal> {
    let reports = |kind: &NetworkKind| match kind {
        NetworkKind::Tari => true,
        NetworkKind::RippleNet(_) | NetworkKind::Stellar(_) => false,
    };
    let all = settings.networks.values().filter(|network| reports(&network.kind));
    let all: Vec<&str> = all.map(|network| network.name.as_str()).collect();
    let known = match (named, &all[..]) {
        (Some(name), all) => all.iter().find(|known| **known == name).copied(),
        (None, [only]) => Some(*only),
        (None, _) => None,
    };
    known.map(ToOwned::to_owned).ok_or_else(|| {
        let text = match (named, all.is_empty()) {
            (_, true) => "no network of kind tari is in the configuration".to_owned(),
            (Some(name), false) => format!("{name} is no network of kind tari"),
            (None, false) => {
                format!("there are several networks of kind tari: {}", all.join(", "))
            }
        };
        let refusal = Refusal::new(RefusalCode::NotConfigured, text);
        refusal.hint("only wallets of such a network report: say which with --network")
    })
}

impl Actions<'_> {
    /// Lets a wallet report, or has it report from elsewhere.
    ///
    /// # Errors
    /// There is no such network.
    pub(crate) async fn add_wallet(
        &self,
        wallet: &WalletToAdd<'_>,
        deed: &Deed,
    ) -> Result<WalletRow, ActionError> {
        let network = network_of(self.settings, wallet.network)?;
        let address = wallet.address.base58();
        let row = WalletRow {
            ip_address: wallet.ip_address.to_canonical().to_string(),
            last_nonce: wallet.last_nonce,
            added_at: self.now,
            network,
            address,
        };
        self.store.add_wallet(&row, deed).await?;
        // It may be known, with a higher nonce.
        let known = self.store.wallets(Some(&row.network)).await?;
        Ok(known.into_iter().find(|known| known.address == row.address).unwrap_or(row))
    }

    /// Lets a wallet report no more. What it is answers.
    ///
    /// # Errors
    /// There is no such wallet, or on several networks.
    pub(crate) async fn remove_wallet(
        &self,
        address: &TariAddress,
        network: Option<&str>,
        deed: &Deed,
    ) -> Result<WalletRow, ActionError> {
        let row = self.registered(address, network).await?;
        let (network, address) = (&row.network, &row.address);
        if self.store.remove_wallet(network, address, deed, self.now).await? {
            return Ok(row);
        }
        let text = format!("wallet {address} was removed by somebody else meanwhile");
        Err(Refusal::new(RefusalCode::MovedMeanwhile, text).into())
    }

    /// The wallet with this address that may report.
    async fn registered(
        &self,
        address: &TariAddress,
        network: Option<&str>,
    ) -> Result<WalletRow, ActionError> {
        let address = address.base58();
        let mut found = self.store.wallets(network).await?;
        found.retain(|row| row.address == address);
        match (found.pop(), found.is_empty()) {
            (Some(row), true) => Ok(row),
            (Some(_), false) => {
                let text = format!(
                    "wallet {address} reports on several networks: say which with --network"
                );
                Err(Refusal::new(RefusalCode::Ambiguous, text).into())
            }
            (None, _) => {
                let text = format!("no wallet {address} may report");
                let missing = Refusal::new(RefusalCode::NotFound, text);
                Err(missing.hint("`railpoll wallets list` shows who may").into())
            }
        }
    }
}
