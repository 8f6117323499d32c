//! What a sweep would do: found and judged as a sweep does it, and neither written down, signed nor sent.

use std::collections::HashMap;

use super::Sender;
use super::errand::Errand;
use super::facts::{Due, Gap};
use super::gather::Beside;
use super::known::sent_by;
use super::look::Able;
use crate::jobs::frame::note::{Note, Observer};
use crate::jobs::frame::report::{SweepError, SweepReport};
use crate::networks::NetworkError;
use crate::networks::stellar::{AccountState, Address};

/// What is known while errands are gone through.
#[derive(Default)]
struct Scene {
    /// Whether nothing goes out, for the database was restored.
    is_held: bool,
    /// What is put off now, and why.
    put_off: HashMap<String, String>,
    /// The receivers' accounts that were asked for.
    accounts: HashMap<String, Result<Option<AccountState>, NetworkError>>,
    beside: Beside,
}

impl Sender {
    /// Tells what would go out, what would wait and what a person would have to look at; and signs and sends nothing.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub(super) async fn tell_due(
        &self,
        observer: Observer<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        self.horizon.check().await?;
        let (store, now) = (&self.desk.store, self.desk.clock.now());
        let put_off = store.put_off_things(&self.desk.scope).await?.into_iter();
        let put_off = put_off.filter(|one| one.not_before > now);
        let mut scene = Scene {
            is_held: store.is_held().await?,
            put_off: put_off.map(|one| (one.subject, one.reason)).collect(),
            ..Scene::default()
        };
        for errand in self.errands(0, now).await? {
            let (what, why) = match self.facts(&errand).await? {
                Ok(facts) => self.would(&mut scene, &errand, &facts).await,
                Err(Gap::Hold(why)) => ("hold", Some(why)),
                Err(Gap::Wait(why)) => ("wait", Some(why)),
            };
            let told = told(&errand);
            let detail = why.map_or_else(|| told.clone(), |why| format!("{told}: {why}"));
            let id = errand.id().to_owned();
            observer(Note::Would { payment_id: id, what: what.to_owned(), detail });
        }
        report.open = self.count_open().await?;
        Ok(())
    }

    /// What would be done for an errand, and why it would not go out.
    async fn would(
        &self,
        scene: &mut Scene,
        errand: &Errand,
        facts: &Due,
    ) -> (&'static str, Option<String>) {
        if scene.is_held {
            return ("wait", Some("the database was restored, and nothing goes out".to_owned()));
        }
        let receiver = facts.to.parse::<Address>().map(|address| address.account()).ok();
        let account = |id: &str| format!("account/{id}");
        let things = [
            Some(account(&facts.payer)),
            Some(sent_by(&facts.payer)),
            receiver.as_deref().map(account),
        ];
        let sick = things.into_iter().flatten().find_map(|thing| scene.put_off.get(&thing));
        if let Some(why) = sick {
            return ("wait", Some(why.clone()));
        }
        if let Err(error) = self.told(scene, &facts.payer).await {
            return ("wait", Some(error.to_string()));
        }
        let account = match &receiver {
            Some(receiver) => self.told(scene, receiver).await,
            None => Ok(None),
        };
        let account = match account {
            Ok(account) => account,
            Err(error) => return ("wait", Some(error.to_string())),
        };
        match self.able(&mut scene.beside, errand, facts, account.as_ref()) {
            Able::Pay(_) => ("send", None),
            Able::Prepare(_) => ("send", Some("the receiver's account is made first".to_owned())),
            Able::Wait(why) => ("wait", Some(why)),
            Able::Hold(why) => ("hold", Some(why)),
        }
    }
}

impl Sender {
    /// What an account is like, asked once.
    async fn told(
        &self,
        scene: &mut Scene,
        account: &str,
    ) -> Result<Option<AccountState>, NetworkError> {
        if let Some(told) = scene.accounts.get(account) {
            return told.clone();
        }
        let told = self.horizon.account(account).await;
        scene.accounts.insert(account.to_owned(), told.clone());
        told
    }
}

/// What it is about.
fn told(errand: &Errand) -> String {
    match errand {
        Errand::Deposit(transfer) => {
            let amount = transfer.amount_out.as_ref().map(ToString::to_string);
            let to = transfer.to_address.as_deref().unwrap_or("?");
            format!("{} of {} to {to}", amount.as_deref().unwrap_or("?"), transfer.asset)
        }
        Errand::Refund(refund, _) => format!("{} of {} back", refund.amount, refund.asset),
    }
}
