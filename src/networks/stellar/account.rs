//! Accounts: what they can take, and who signs for them.

use super::address::{Address, NoAddress};
use super::asset::StellarAsset;
use super::rules::SourceState;
use super::signers::{AccountSigner, Authority, Level, Thresholds};
use super::stroops::{StroopsError, stroops};
use crate::engine::Amount;

/// The stroops that an account must keep for each of its entries in the ledger.
pub const RESERVE: i64 = 5_000_000;

/// An account as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountState {
    /// `G…`.
    pub account: String,
    /// The sequence number that was used last.
    pub source: SourceState,
    /// Weights that signatures must come up to.
    pub thresholds: Thresholds,
    /// The keys that may sign.
    pub signers: Vec<AccountSigner>,
    /// What it holds, XLM too.
    pub lines: Vec<Line>,
    /// Its owner wants a memo with each payment, and cannot tell whose money it is without one (SEP-29).
    pub memo_required: bool,
    /// For how many entries of the ledger it must keep a reserve of XLM.
    pub entries: i64,
}

/// What an account holds of one asset, in stroops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which.
    pub asset: StellarAsset,
    /// How much.
    pub balance: i64,
    /// The most that it may hold. Of XLM it is what the ledger can count.
    pub limit: i64,
    /// What offers of the account may still buy: it takes place in the line.
    pub buying_liabilities: i64,
    /// What offers of the account may still sell: it cannot be paid.
    pub selling_liabilities: i64,
    /// Whether the issuer lets the account hold it.
    pub authorized: bool,
}

/// Whether a payment can go to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestinationState {
    /// It can.
    Ready,
    /// The account does not exist.
    NoAccount,
    /// It has no trustline for the asset.
    NoTrust,
    /// The issuer has not let it hold the asset.
    NotAuthorized,
    /// Its trustline has no room for so much.
    LimitTooLow,
    /// Its owner wants a memo, and there is none.
    NeedsMemo,
}

/// Whether `amount` of `asset` can be paid to `to`, whose account is as told: None if there is none.
///
/// # Errors
/// The ledger cannot count the amount, or `to` is no address.
pub fn destination_state(
    account: Option<&AccountState>,
    to: &str,
    asset: &StellarAsset,
    amount: &Amount,
    has_memo: bool,
) -> Result<DestinationState, DestinationError> {
    let stroops = stroops(amount)?;
    let to: Address = to.parse()?;
    let Some(account) = account else { return Ok(DestinationState::NoAccount) };
    if account.memo_required && !has_memo && to.muxed_id().is_none() {
        return Ok(DestinationState::NeedsMemo);
    }
    // An issuer takes its own asset back without a trustline, and without limit.
    if matches!(asset, StellarAsset::Credit { issuer, .. } if *issuer == to.account()) {
        return Ok(DestinationState::Ready);
    }
    let Some(line) = account.line(asset) else { return Ok(DestinationState::NoTrust) };
    if !line.authorized {
        return Ok(DestinationState::NotAuthorized);
    }
    let full = line
        .balance
        .checked_add(line.buying_liabilities)
        .and_then(|held| held.checked_add(stroops));
    Ok(match full {
        Some(full) if full <= line.limit => DestinationState::Ready,
        Some(_) | None => DestinationState::LimitTooLow,
    })
}

/// Why nobody can tell whether a payment can go somewhere.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum DestinationError {
    /// The destination is none.
    #[error(transparent)]
    Address(#[from] NoAddress),
    /// The ledger cannot count the amount.
    #[error(transparent)]
    Amount(#[from] StroopsError),
}

impl AccountState {
    /// What it holds of `asset`. None without a trustline.
    #[must_use]
    pub fn line(&self, asset: &StellarAsset) -> Option<&Line> {
        self.lines.iter().find(|line| line.asset == *asset)
    }

    /// What it can pay of `asset`, in stroops: without its reserve, and what it has promised to others. An issuer can pay
    /// any sum of its own.
    ///
    /// # Errors
    /// Why it can pay nothing of it, for a person.
    pub fn spendable(&self, asset: &StellarAsset) -> Result<i64, String> {
        if matches!(asset, StellarAsset::Credit { issuer, .. } if *issuer == self.account) {
            return Ok(i64::MAX);
        }
        let Some(line) = self.line(asset) else {
            return Err(format!("it has no trustline for {asset}"));
        };
        if !line.authorized {
            return Err(format!("the issuer does not let it pay {asset}"));
        }
        let reserve = if *asset == StellarAsset::Native { self.entries * RESERVE } else { 0 };
        Ok(line.balance - line.selling_liabilities - reserve)
    }

    /// What the ledger asks of its signers for `level`.
    #[must_use]
    pub fn authority(&self, level: Level) -> Authority {
        Authority::new(&self.account, self.thresholds, &self.signers, level)
    }
}

/// Who must sign an envelope: the source for its sequence number, and the payer for the payments.
#[must_use]
pub fn authorities(source: &AccountState, payer: &AccountState) -> Vec<Authority> {
    let payer_signs = payer.authority(Level::Medium);
    if source.account == payer.account {
        return vec![payer_signs];
    }
    vec![source.authority(Level::Low), payer_signs]
}
