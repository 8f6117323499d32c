//! What the accounts of receivers are like: asked for side by side, and none for whom the others wait.

use std::collections::{BTreeSet, HashMap};
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, LocalBoxFuture, select};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use tokio::time::sleep;

use super::Sender;
use super::errand::Errand;
use super::facts::Due;
use crate::jobs::frame::report::SweepError;
use crate::jobs::frame::round::Round;
use crate::networks::NetworkError;
use crate::networks::stellar::{AccountState, Address};

/// So many accounts are asked for at once.
const LOOKS_AT_ONCE: usize = 16;
/// Whose answer takes longer is late: what goes to the others does not wait for it.
const PATIENCE: Duration = Duration::from_secs(1);
/// No more late ones are waited for at once: before that, nothing new is looked for.
pub(super) const LATE_MAX: usize = 64;

/// What was told of an account.
#[derive(Debug, Clone)]
pub(super) enum Told {
    /// What it is like. None: there is none.
    Account(Option<Box<AccountState>>),
    /// Nothing: it is put off.
    Nothing,
}

/// An account that is still being asked for.
pub(super) struct Late<'a> {
    pub(super) address: String,
    pub(super) look: LocalBoxFuture<'a, Result<Told, SweepError>>,
}

/// The accounts that were asked for.
pub(super) struct Looks<'a> {
    pub(super) told: HashMap<String, Told>,
    pub(super) late: Vec<Late<'a>>,
}

impl Sender {
    /// The accounts of all destinations, each asked for once, but for those that `told` has.
    pub(super) async fn look<'a>(
        &'a self,
        round: &'a Round<'_>,
        due: &[(Errand, Due)],
        told: &HashMap<String, Told>,
    ) -> Result<Looks<'a>, SweepError> {
        let addresses: BTreeSet<String> = due
            .iter()
            .filter_map(|(_, facts)| facts.to.parse::<Address>().ok())
            .map(|address| address.account())
            .filter(|address| !told.contains_key(address))
            .collect();
        let mut asked = stream::iter(addresses)
            .map(|address| self.soon(round, address))
            .buffer_unordered(LOOKS_AT_ONCE);
        let mut looks = Looks { told: told.clone(), late: Vec::new() };
        while let Some(soon) = asked.try_next().await? {
            match soon {
                Soon::Told(address, told) => drop(looks.told.insert(address, told)),
                Soon::Late(late) => looks.late.push(late),
            }
        }
        Ok(looks)
    }

    /// Asks for an account, and waits for the answer for a while.
    async fn soon<'a>(
        &'a self,
        round: &'a Round<'_>,
        address: String,
    ) -> Result<Soon<'a>, SweepError> {
        let look = self.receiver(round, address.clone()).boxed_local();
        match select(look, pin!(sleep(PATIENCE))).await {
            Either::Left((told, _)) => Ok(Soon::Told(address, told?)),
            Either::Right(((), look)) => {
                tracing::debug!(address, "an account is told of late: the others go on");
                Ok(Soon::Late(Late { address, look }))
            }
        }
    }

    async fn receiver(&self, round: &Round<'_>, address: String) -> Result<Told, SweepError> {
        let account = self.account(round, &address).await?;
        round.beat();
        let creation = creation_of(&address);
        Ok(match account {
            Some(None) if round.sick.is_put_off(&creation) => Told::Nothing,
            Some(Some(account)) => {
                if round.sick.has_failed(&creation) {
                    round.sick.well(round.lease, &creation).await?;
                }
                Told::Account(Some(Box::new(account)))
            }
            Some(None) => Told::Account(None),
            None => Told::Nothing,
        })
    }

    /// The ledger has an account of which the network has told that there is none. If it tells so still, it is not believed
    /// for a while: each try to create the account costs a fee.
    pub(super) async fn is_denied(
        &self,
        round: &Round<'_>,
        account: &str,
    ) -> Result<(), SweepError> {
        let why = "the network tells that there is no such account, and the ledger has it";
        self.put_off(round, &creation_of(account), NetworkError::Unreadable(why.to_owned())).await
    }
}

/// The name by which it is put off to create an account.
pub(super) fn creation_of(account: &str) -> String {
    format!("creation/{account}")
}

/// What a look has come to within the time for it.
enum Soon<'a> {
    Told(String, Told),
    Late(Late<'a>),
}
