//! Sending deposits on: the poller `pending-deposits` on one Stellar network. Refunds of what came in there, too.
//!
//! ```text
//! what is due ─ gather ─ look ─┬─> waits for a trustline, or for a person
//!                              └─> plan ─> envelopes (stored) ─> drive (sent, looked up, bid up) ─> settle
//! ```
//!
//! `look`, `plan`, `lanes` and `settle` are pure. Receivers are looked at side by side (`receivers`); what our accounts have sent
//! is `known` before anything goes out, and what was paid already is not paid again (`unpaid`). What an account of ours cannot
//! pay waits (`funds`). `traffic` has an envelope on its way for each account whose sequence numbers are used, and no account
//! ever has two. After a crash the open envelopes come first.

mod compare;
mod drive;
mod dry_run;
mod envelopes;
mod errand;
mod facts;
mod funds;
mod gather;
mod known;
mod lanes;
mod look;
mod plan;
mod receivers;
mod settle;
mod sorted;
mod traffic;
mod unpaid;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::ExposeSecret as _;

use self::compare::Seen;
use super::clients::stellar::{self, SUBMISSION_MAX};
use super::frame::checked::Checked;
use super::frame::desk::Desk;
use super::frame::note::Observer;
use super::frame::patience::{Requests, answer_max};
use super::frame::round::Round;
use crate::config::{PollerSettings, StellarSettings};
use crate::engine::{Assets, Transfer, TransferStatus, accounts_on, asset_of, assets_on};
use crate::jobs::frame::report::{SweepError, SweepReport};
use crate::jobs::job::{AnyJob, Job, Stopping};
use crate::jobs::making::Making;
use crate::networks::stellar::{AccountState, Horizon, Keys, NoAsset, StellarAsset};
use crate::networks::{NetworkError, Wish};
use crate::store::{Scope, Waiting};

/// What sends on one network, again and again.
pub struct Sender {
    desk: Desk,
    horizon: Horizon,
    /// Whether Horizon was found to be of the configured network: nothing is signed before.
    checked: Checked,
    keys: Keys,
    settings: StellarSettings,
    assets: Assets,
    /// All rails, for whatever rail a transfer names.
    rails: Vec<String>,
    /// So many payments are looked at, and planned, at once.
    batch_size: u32,
    /// What was seen of our accounts, whatever the database says.
    seen: RefCell<Seen>,
}

/// The job at the network that `scope` names.
///
/// # Errors
/// See [`Make`](super::Make).
pub fn make(making: &Making<'_>, scope: Scope, own: &PollerSettings) -> Result<AnyJob, String> {
    let name = scope.network.clone();
    let made = Sender::new(making, scope, own, &name);
    Ok(Box::new(made.map_err(|error| format!("network {name}: {error}"))?))
}

#[async_trait(?Send)]
impl Job for Sender {
    fn desk(&self) -> &Desk {
        &self.desk
    }

    async fn sweep(&self, round: &Round<'_>, report: &mut SweepReport) -> Result<(), SweepError> {
        let check = async { round.answer(self.horizon.check()).await.map(drop) };
        self.checked.make_sure(check).await?;
        if self.desk.store.is_held().await? {
            self.seen.borrow_mut().forget();
            self.look_again(round).await?;
        }
        self.look_at_short(round).await?;
        self.send_all(round, report).await?;
        round.sick.end(round.lease, || self.is_well(round)).await?;
        report.open = self.count_open().await?;
        Ok(())
    }

    fn failed(&self, error: &SweepError) {
        // A network that is down may be another when it comes up.
        if matches!(error, SweepError::Network(_)) {
            self.checked.forget();
        }
    }

    async fn check(&self) -> Result<(), SweepError> {
        self.horizon.check().await?;
        for account in self.accounts() {
            self.our_account(&account).await?;
        }
        for asset in assets_on(&self.assets, &self.desk.scope.network) {
            let (name, id) = (&asset.name, &asset.account);
            let bad = |why: String| NetworkError::Options(format!("assets.{name}: {why}"));
            let code: StellarAsset =
                asset.code.parse().map_err(|why: NoAsset| bad(why.to_string()))?;
            let StellarAsset::Credit { issuer, .. } = &code else { continue };
            if issuer == id {
                continue;
            }
            if self.horizon.account(issuer).await?.is_none() {
                return Err(
                    bad(format!("the issuer {issuer} does not exist on the network")).into()
                );
            }
            match self.our_account(id).await?.line(&code) {
                None => {
                    return Err(bad(format!("our account {id} has no trustline for {code}")).into());
                }
                Some(line) if !line.authorized => {
                    let why = format!("the issuer does not let our account {id} hold {code}");
                    return Err(bad(why).into());
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn remarks(&self) -> Vec<String> {
        self.unsigned()
    }

    async fn preview(
        &self,
        _stop: Stopping<'_>,
        observer: Observer<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        self.tell_due(observer, report).await
    }

    fn wishes(&self) -> Vec<Wish> {
        self.horizon.wishes()
    }

    fn remember(&self, wishes: &[Wish]) {
        self.horizon.remember(wishes);
    }
}

impl Sender {
    /// What sends on the network `name`.
    ///
    /// # Errors
    /// There is no such network, its seeds cannot be read, or its client cannot be set up.
    pub fn new(
        making: &Making<'_>,
        scope: Scope,
        own: &PollerSettings,
        name: &str,
    ) -> Result<Self, String> {
        let (network, settings) = making.settings.stellar(name)?;
        let requests = Arc::new(Requests::default());
        let horizon = stellar::horizon(making, network, settings, own.retry, &requests)?;
        let seeds = settings.seeds.read().map_err(|error| error.to_string())?;
        let keys = Keys::parse(seeds.expose_secret()).map_err(|error| error.to_string())?;
        Ok(Self {
            desk: Desk {
                store: making.store.clone(),
                scope,
                clock: making.clock.clone(),
                requests,
                answer_max: answer_max(settings.asking.timeout, own.retry) + SUBMISSION_MAX,
                of_place: SweepError::Network,
            },
            horizon,
            checked: Checked::default(),
            keys,
            settings: settings.clone(),
            assets: making.settings.assets.clone(),
            rails: making.settings.rails.keys().cloned().collect(),
            batch_size: own.batch_size,
            seen: RefCell::default(),
        })
    }

    async fn our_account(&self, id: &str) -> Result<AccountState, SweepError> {
        let missing =
            || NetworkError::Options(format!("our account {id} does not exist on the network"));
        Ok(self.horizon.account(id).await?.ok_or_else(missing)?)
    }

    /// The accounts that sign, without a seed of ours: others may sign for them, so that it is no mistake.
    fn unsigned(&self) -> Vec<String> {
        let keys = self.keys.accounts();
        let unsigned = self.accounts().into_iter().filter(|account| !keys.contains(account));
        unsigned
            .map(|account| {
                format!(
                    "no seed for {account}: its transactions wait until others have signed them"
                )
            })
            .collect()
    }

    /// The accounts that pay, and those whose sequence numbers are used.
    fn accounts(&self) -> BTreeSet<String> {
        let mut accounts = accounts_on(&self.assets, &self.desk.scope.network);
        accounts.extend(self.settings.channels.iter().cloned());
        accounts
    }

    /// Whether Horizon answers what is nobody's own.
    async fn is_well(&self, round: &Round<'_>) -> Result<(), NetworkError> {
        round.answer(self.horizon.root()).await.map(drop)
    }

    /// Asks for an account. None: the question fails for this account alone, which is put off.
    async fn account(
        &self,
        round: &Round<'_>,
        id: &str,
    ) -> Result<Option<Option<AccountState>>, SweepError> {
        let thing = account_name(id);
        if round.sick.is_put_off(&thing) {
            return Ok(None);
        }
        match round.answer(self.horizon.account(id)).await {
            Ok(account) => {
                round.sick.well(round.lease, &thing).await?;
                Ok(Some(account))
            }
            Err(error) => {
                self.put_off(round, &thing, error).await?;
                Ok(None)
            }
        }
    }

    /// A call about `thing` alone has failed: it is put off. Whether it is alone with that is asked at once, for much may
    /// wait for it.
    async fn put_off(
        &self,
        round: &Round<'_>,
        thing: &str,
        error: NetworkError,
    ) -> Result<(), SweepError> {
        let ask = || self.is_well(round);
        round.sick.failed(round.lease, thing, error, ask).await?;
        self.is_well(round).await?;
        Ok(round.sick.place_is_well(round.lease).await?)
    }

    /// Whether sequence numbers of other accounts are used than those that pay.
    fn has_channels(&self) -> bool {
        !self.settings.channels.is_empty()
    }

    async fn count_open(&self) -> Result<u64, SweepError> {
        let waiting = Waiting {
            rails: &self.rails,
            network: Some(&self.desk.scope.network),
            are_deposits: true,
            statuses: &[
                TransferStatus::PendingAnchor,
                TransferStatus::PendingStellar,
                TransferStatus::PendingTrust,
            ],
        };
        Ok(self.desk.store.count_waiting(&waiting).await?)
    }

    /// Whether the transfer's asset can be paid to an account without a trustline.
    fn needs_no_trust(&self, transfer: &Transfer) -> bool {
        asset_of(&self.assets, transfer).is_some_and(|asset| {
            asset.claimable_balances || asset.code.parse() == Ok(StellarAsset::Native)
        })
    }
}

/// The name by which an account is put off.
fn account_name(account: &str) -> String {
    format!("account/{account}")
}
