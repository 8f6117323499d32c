//! A person's decision on a payment. The poller that owns the payment's state carries it out in its next sweep.

mod find;
mod wish;

use std::time::Duration;

use chrono::{DateTime, Utc};

pub(crate) use self::find::{find, find_by_any};
pub(crate) use self::wish::PaymentWish;
use self::wish::{decision, outlived, reviewer};
use super::ids::expect_version;
use super::{ActionError, Actions};
use crate::config::PollerSettings;
use crate::engine::decide::rules::rules;
use crate::engine::{AmountError, Basis, Decision, Money, OnDecline, Poller, Reason, Shown};
use crate::networks::ripplenet::PARTIES;
use crate::store::{By, Deed, PaymentRow, Review};

/// Which payment is meant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PaymentNamed<'a> {
    /// Its id, or the beginning of it.
    pub(crate) id: &'a str,
    /// The network that it is on, where several have such an id.
    pub(crate) network: Option<&'a str>,
    /// The version that was seen, if it must be that one still.
    pub(crate) version: Option<i64>,
}

/// What was decided.
#[derive(Debug)]
pub(crate) struct PaymentDecided {
    /// The payment, as it was found.
    pub(crate) payment: PaymentRow,
    /// The decision. None: a hold was ended, and it is reviewed again.
    pub(crate) decision: Option<Decision>,
    /// What comes of it, and who does that. None: nothing is to be done.
    pub(crate) follows: Option<Follows>,
    /// The network fails the payment then, before the hold ends.
    pub(crate) outlived: Option<DateTime<Utc>>,
}

/// What a poller will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Follows {
    pub(crate) poller: Poller,
    /// The operation's name.
    pub(crate) operation: &'static str,
    /// Whether the poller is switched on here.
    pub(crate) is_on: bool,
}

impl Actions<'_> {
    /// Decides on a payment as somebody wishes.
    ///
    /// # Errors
    /// There is no such payment, or it cannot be decided on so.
    pub(crate) async fn decide_payment(
        &self,
        named: PaymentNamed<'_>,
        wish: &PaymentWish,
        deed: &Deed,
    ) -> Result<PaymentDecided, ActionError> {
        let payment = find(self.store, named.id, named.network).await?;
        expect_version("payment", named.id, payment.version, named.version)?;
        let (network, id) = (&payment.network, &payment.payment_id);
        let Some(decision) = decision(wish, &payment)? else {
            self.store.release(network, id, deed, self.now).await?;
            return Ok(PaymentDecided { payment, decision: None, follows: None, outlived: None });
        };
        let shown = Some(self.shown(&payment).await?);
        let review = Review { decision, decided_by: deed.operator.name.clone(), shown };
        let by = By::Operator(deed);
        self.store.decide(network, by, id, &payment.state, &review, self.now).await?;
        let decision = review.decision;
        let outlived = self.outlived(&payment, &decision);
        let follows = match &decision {
            Decision::Approve => self.follows(&payment, None),
            Decision::Decline(reason) => self.follows(&payment, Some(reason)),
            Decision::Hold { .. } => None,
        };
        Ok(PaymentDecided { payment, decision: Some(decision), follows, outlived })
    }

    /// What the decision is on: the payment as it was found.
    async fn shown(&self, payment: &PaymentRow) -> Result<Shown, ActionError> {
        let defect =
            |error| ActionError::Defect(format!("payment {}: {error}", payment.payment_id));
        let money = |amount: &str, currency: &str| -> Result<Money, ActionError> {
            let amount = amount.parse().map_err(|error: AmountError| defect(error.to_string()))?;
            Ok(Money { amount, currency: currency.to_owned() })
        };
        let document = self.store.document(&payment.network, &payment.payment_id).await?;
        let payout = payment.payout.as_ref();
        let payout = payout.map(|(amount, currency)| money(amount, currency)).transpose()?;
        let sum = money(&payment.amount, &payment.currency)?;
        let returns = payment.returns.as_deref();
        let basis = Basis::of(&sum, payout.as_ref(), returns, &(PARTIES.0)(&document));
        Ok(Shown { version: payment.version, basis })
    }

    /// The deadline at which the network fails the payment before a hold ends.
    fn outlived(&self, payment: &PaymentRow, decision: &Decision) -> Option<DateTime<Utc>> {
        let poller = reviewer(payment)?;
        let settings = self.settings.pollers.get(&poller).and_then(PollerSettings::payments);
        let margin = settings.map_or(Duration::ZERO, |own| own.review.expiry_margin);
        outlived(decision, payment, margin)
    }

    /// What comes of a decision, and who does it.
    fn follows(&self, payment: &PaymentRow, declined: Option<&Reason>) -> Option<Follows> {
        let poller = reviewer(payment)?;
        let acts = rules(poller)?.acts.as_ref()?;
        let settings = self.settings.pollers.get(&poller);
        let payments = settings.and_then(PollerSettings::payments);
        let on_decline = payments.map_or(OnDecline::Fail, |own| own.review.on_decline);
        let operation = match declined {
            None => acts.approve.name(),
            Some(reason) => (acts.decline)(reason.clone(), on_decline).name(),
        };
        let is_on = settings.is_some_and(|settings| settings.enabled);
        Some(Follows { poller, operation, is_on })
    }
}
