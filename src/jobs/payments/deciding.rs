//! What is to be done with a payment that is due, and why. A sweep that acts and one that only tells decide by one function:
//! [`Sweep::plan`].

use std::iter::once;
use std::sync::Arc;

use super::handing_over::{exact, failure, transfer_of};
use super::reviewer::{Reviewer, Service};
use crate::engine::decide::rules::Acts;
use crate::engine::{
    Basis, Decision, NewTransfer, Reason, ReviewStatus, Shown, UserInfoGap, gap_in_user_info,
    time_left,
};
use crate::jobs::Sweep;
use crate::networks::ripplenet::{PARTIES, sender_user_info};
use crate::store::{Due, StoreError, ToPayOut};

/// A payment that is due.
#[derive(Debug, Clone)]
pub(super) enum Case {
    /// An approval is carried out at the network.
    AtNetwork(Box<Due>),
    /// Its beneficiary is paid on a rail first.
    OnRail(Box<ToPayOut>),
}

/// What is to be done with a payment that is due. `D` is its document, where that was needed.
pub(super) enum Plan<D> {
    /// Its transfer is over: the network is told so. None: its beneficiary has been paid.
    Conclude(Option<Reason>),
    /// Its deadline is near: it is left to the network, and why.
    TooNear(String),
    /// It was approved before: that is carried out.
    Approved,
    /// It was declined before: the same.
    Declined,
    /// A rule decides.
    Rule(Decision, D),
    /// Whatever has no gap is approved.
    Automatic(D),
    /// It waits for a person.
    Person,
    /// Somebody else is asked.
    Ask(Arc<Service>, D),
}

impl Case {
    /// The payment.
    pub(super) fn due(&self) -> &Due {
        match self {
            Self::AtNetwork(due) => due,
            Self::OnRail(to_pay) => &to_pay.due,
        }
    }
}

impl Sweep<'_> {
    /// What is to be done with a payment that is due, as far as nobody has to be asked. Nothing is done. `document` brings
    /// the network's JSON of it, where it is needed.
    ///
    /// # Errors
    /// Those of `document`.
    pub(super) async fn plan<D: AsRef<str>>(
        &self,
        acts: &Acts,
        case: &Case,
        document: impl AsyncFnOnce() -> Result<D, StoreError>,
    ) -> Result<Plan<D>, StoreError> {
        if let Case::OnRail(to_pay) = case
            && let Some(paid) = &to_pay.paid
        {
            return Ok(Plan::Conclude(failure(paid)));
        }
        let due = case.due();
        if let Some(why) = self.nearness(due) {
            return Ok(Plan::TooNear(why));
        }
        match due.review {
            Some(ReviewStatus::Approved) => return Ok(Plan::Approved),
            Some(ReviewStatus::Declined) => return Ok(Plan::Declined),
            Some(ReviewStatus::Pending | ReviewStatus::Held) | None => {}
        }
        let document = document().await?;
        if acts.needs_user_info
            && let Some(gap) = self.gap(document.as_ref())
        {
            return Ok(Plan::Rule(self.on_gap(acts, &gap), document));
        }
        Ok(match &self.job.reviewer {
            Reviewer::Person => Plan::Person,
            Reviewer::Automatic => Plan::Automatic(document),
            Reviewer::Asked(service) => Plan::Ask(Arc::clone(service), document),
        })
    }

    /// Why a payment is left to the network for its deadline's sake; none if there is time.
    pub(super) fn nearness(&self, due: &Due) -> Option<String> {
        let expires_at = due.expires_at.filter(|_| due.state.can_expire());
        let left = time_left(expires_at, self.network_now(), self.margin())?;
        Some(format!(
            "expires in {} s, and the margin is {} s: left to the network",
            left.num_seconds(),
            self.margin().num_seconds()
        ))
    }

    fn gap(&self, document: &str) -> Option<UserInfoGap> {
        gap_in_user_info(&sender_user_info(document), &self.job.settings.review.require_user_info)
    }

    /// Data that are proven to be incomplete are declined. What cannot be read is held for a person, and so is all of it
    /// where a person decides about everything.
    fn on_gap(&self, acts: &Acts, gap: &UserInfoGap) -> Decision {
        let why = gap.to_string();
        let reason = gap.code().and_then(|code| Reason::new(acts.decline_type, code, &why).ok());
        match reason {
            Some(reason) if !self.job.reviewer.is_person() => Decision::Decline(reason),
            Some(_) | None => Decision::Hold { until: None, why },
        }
    }

    /// The transfer that pays a beneficiary out on `rail`, or why there can be none.
    pub(super) fn transfer_for(
        &self,
        rail: &str,
        to_pay: &ToPayOut,
        document: &str,
    ) -> Result<NewTransfer, String> {
        let user_info = sender_user_info(document);
        // Also where nothing is required, somebody has to be named.
        let required =
            once(String::new()).chain(self.job.settings.review.require_user_info.clone());
        if let Some(gap) = gap_in_user_info(&user_info, &required.collect::<Vec<_>>()) {
            return Err(format!("nobody can be paid: {gap}"));
        }
        let payout = exact(&to_pay.payout)?;
        let beneficiary = user_info.told().map(|told| told.get().to_owned());
        let new = transfer_of(&self.desk.scope.network, rail, to_pay, payout, beneficiary);
        match new.faults() {
            faults if faults.is_empty() => Ok(new),
            faults => Err(cannot(rail, &faults)),
        }
    }
}

/// Why a transfer on `rail` was refused.
pub(super) fn cannot(rail: &str, faults: &[String]) -> String {
    format!("it cannot be paid out on {rail}: {}", faults.join("; "))
}

/// What whoever decides on a payment is shown.
pub(super) fn shown_of(due: &Due, document: &str) -> Shown {
    let (payout, returns) = (due.payout.as_ref(), due.returns.as_deref());
    let basis = Basis::of(&due.money, payout, returns, &(PARTIES.0)(document));
    Shown { version: due.version, basis }
}
