//! What the network and the partner at the other end do by themselves.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::moves::{PaymentState, Role};
use super::network::{Network, time_of};
use super::options::PaymentSpec;
use super::payment::{Kind, Note, Payment};
use crate::random::Chance;

/// How lively the other side is.
#[derive(Debug, Clone)]
pub struct Partner {
    /// New payments a minute; nothing is offered at 0.
    pub arrivals_per_minute: u32,
    /// What new payments are like. They begin in `ACCEPTED`, at the time of the tick.
    pub arrivals: PaymentSpec,
    /// The shortest and the longest time until the other side makes its next move.
    pub delay: (Duration, Duration),
    /// Executed payments that get a sub-state from the partner, per 1000.
    pub sub_states: u32,
    /// Completed payments that are returned, per 1000.
    pub returns: u32,
}

impl Default for Partner {
    fn default() -> Self {
        Self {
            arrivals_per_minute: 0,
            arrivals: PaymentSpec::default(),
            delay: (Duration::from_millis(200), Duration::from_secs(2)),
            sub_states: 0,
            returns: 0,
        }
    }
}

/// Something that the other side will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Plan {
    Expire,
    SubState,
    Move(PaymentState),
}

/// The partner and its diary: (when, payment, length of the history it was planned for, what).
#[derive(Debug)]
pub(super) struct Automation {
    partner: Partner,
    diary: BTreeSet<(i64, u32, usize, Plan)>,
    chance: Chance,
    last_tick: Option<i64>,
    /// Arrivals that are owed, in payments times 60 000.
    owed: i64,
}

impl Automation {
    pub(super) fn new(partner: Partner, seed: u64) -> Self {
        Self {
            partner,
            diary: BTreeSet::new(),
            chance: Chance::new(seed),
            last_tick: None,
            owed: 0,
        }
    }

    /// Notes what the other side will do with a payment that has just reached its state.
    pub(super) fn plan(&mut self, payment: &Payment, now: i64) {
        if payment.raw().is_some() {
            return;
        }
        let (serial, steps) = (payment.serial, payment.history.len());
        if payment.state.expires() {
            self.diary.insert((payment.expires_at, serial, steps, Plan::Expire));
        }
        if payment.state == PaymentState::Executed && self.chance.per_mille(self.partner.sub_states)
        {
            let at = self.soon(now);
            self.diary.insert((at, serial, steps, Plan::SubState));
        }
        let next = next_move(payment.role, payment.state).filter(|next| {
            // A return is not returned.
            *next != PaymentState::Returned
                || payment.kind == Kind::Regular && self.chance.per_mille(self.partner.returns)
        });
        if let Some(next) = next {
            let at = self.soon(now);
            self.diary.insert((at, serial, steps, Plan::Move(next)));
        }
    }

    fn soon(&mut self, now: i64) -> i64 {
        let (least, most) = self.partner.delay;
        let millis = |delay: Duration| i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        // At least 1 ms: one tick must come to an end.
        now.saturating_add(self.chance.within((millis(least), millis(most))).max(1))
    }

    fn due(&mut self, now: i64) -> Option<(u32, usize, Plan)> {
        let entry = self.diary.first().copied().filter(|(at, ..)| *at <= now)?;
        self.diary.remove(&entry);
        let (_, serial, steps, plan) = entry;
        Some((serial, steps, plan))
    }

    /// How many payments arrive in this tick.
    fn arrivals(&mut self, now: i64) -> usize {
        let since = now.saturating_sub(self.last_tick.unwrap_or(now)).max(0);
        self.last_tick = Some(now);
        self.owed = self
            .owed
            .saturating_add(since.saturating_mul(i64::from(self.partner.arrivals_per_minute)));
        let arrivals = self.owed / 60_000;
        self.owed %= 60_000;
        usize::try_from(arrivals).unwrap_or(0)
    }
}

/// What the other side does next with a payment, where it is its turn.
const fn next_move(ours: Role, state: PaymentState) -> Option<PaymentState> {
    match (ours, state) {
        (Role::Sending, PaymentState::Accepted) => Some(PaymentState::Locked),
        (Role::Receiving, PaymentState::Locked | PaymentState::SettlementDeclined) => {
            Some(PaymentState::Prepared)
        }
        (_, PaymentState::Prepared) => Some(PaymentState::Executed),
        (Role::Sending, PaymentState::Executed) => Some(PaymentState::Completed),
        (Role::Receiving, PaymentState::LockDeclined) => Some(PaymentState::Failed),
        (_, PaymentState::Completed) => Some(PaymentState::Returned),
        (Role::Receiving, PaymentState::Accepted | PaymentState::Executed)
        | (
            Role::Sending,
            PaymentState::Locked | PaymentState::LockDeclined | PaymentState::SettlementDeclined,
        )
        | (_, PaymentState::Failed | PaymentState::Returned) => None,
    }
}

impl Network {
    /// Sets what the other side does by itself, beginning with the payments that there are.
    pub fn set_partner(&mut self, partner: Option<Partner>, now: DateTime<Utc>) {
        let (now, seed) = (now.timestamp_millis(), self.books.ids.seed ^ 2);
        self.automation = partner.map(|partner| {
            let mut automation = Automation::new(partner, seed);
            automation.last_tick = Some(now);
            self.books.payments().iter().for_each(|payment| automation.plan(payment, now));
            automation
        });
    }

    /// Whether the other side will still do something with one of these payments.
    pub(super) fn has_plans(&self, serials: &BTreeSet<u32>) -> bool {
        let Some(automation) = &self.automation else { return false };
        automation.diary.iter().any(|(_, serial, steps, _)| {
            serials.contains(serial) && self.is_current(*serial, *steps)
        })
    }

    /// A plan for a state that the payment has left is void.
    fn is_current(&self, serial: u32, steps: usize) -> bool {
        self.books.get(serial).is_some_and(|payment| payment.history.len() == steps)
    }

    /// Lets the other side do what is due at `now`, and payments arrive.
    pub(super) fn partner_tick(&mut self, now: i64) {
        self.advance(now);
        while let Some((serial, steps, plan)) =
            self.automation.as_mut().and_then(|automation| automation.due(now))
        {
            if self.is_current(serial, steps) {
                self.follow(serial, plan, now);
            }
        }
        let Some(automation) = &mut self.automation else { return };
        let arrivals = automation.arrivals(now);
        let spec = PaymentSpec {
            state: PaymentState::Accepted,
            first_modified_at: Some(time_of(now)),
            spacing: Duration::ZERO,
            ..automation.partner.arrivals.clone()
        };
        self.add_payments(arrivals, &spec, now);
    }

    fn follow(&mut self, serial: u32, plan: Plan, now: i64) {
        match plan {
            Plan::Expire => self.move_to(serial, PaymentState::Failed, now),
            Plan::Move(PaymentState::Returned) => {
                self.return_payment(serial, now);
            }
            Plan::Move(state) => self.move_to(serial, state, now),
            Plan::SubState => self.change(serial, now, |payment, at| {
                payment.label("DUE_DILIGENCE");
                let note = Note {
                    kind: "executed",
                    by: payment.role.other(),
                    at,
                    json: r#"{"DUE_DILIGENCE":"documents asked for"}"#.into(),
                    sub_state: "DUE_DILIGENCE".into(),
                };
                payment.more().notes.push(note);
                payment.modified_at = at;
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partner() -> Partner {
        let second = Duration::from_secs(1);
        Partner { delay: (second, second), ..Partner::default() }
    }

    fn planned(role: Role, state: PaymentState) -> Vec<(i64, Plan)> {
        let mut automation = Automation::new(partner(), 1);
        let mut payment = Payment::new(0, role, state, 0, 1);
        payment.expires_at = 9_000;
        automation.plan(&payment, 0);
        automation.diary.iter().map(|(at, _, _, plan)| (*at, *plan)).collect()
    }

    #[test]
    fn the_other_side_moves_only_when_it_is_its_turn() {
        let receiving = |state| planned(Role::Receiving, state);
        assert_eq!(receiving(PaymentState::Accepted), [(9_000, Plan::Expire)]);
        assert_eq!(
            receiving(PaymentState::Locked),
            [(1_000, Plan::Move(PaymentState::Prepared)), (9_000, Plan::Expire)]
        );
        assert_eq!(
            receiving(PaymentState::Prepared),
            [(1_000, Plan::Move(PaymentState::Executed))]
        );
        assert_eq!(receiving(PaymentState::Executed), []);
        assert_eq!(
            planned(Role::Sending, PaymentState::Executed),
            [(1_000, Plan::Move(PaymentState::Completed))]
        );
        assert_eq!(planned(Role::Sending, PaymentState::Locked), [(9_000, Plan::Expire)]);
    }

    #[test]
    fn a_plan_counts_until_its_payment_has_moved() {
        let mut network = super::super::test_network();
        let spec = PaymentSpec { state: PaymentState::Completed, ..PaymentSpec::default() };
        let serial = network.add_payments(1, &spec, 0);
        let of = BTreeSet::from([serial]);
        assert!(!network.has_plans(&of));
        network.set_partner(Some(Partner { returns: 1000, ..partner() }), time_of(0));
        assert!(network.has_plans(&of));
        assert!(!network.has_plans(&BTreeSet::from([serial + 1])));
        network.move_to(serial, PaymentState::Failed, 1);
        assert!(!network.has_plans(&of));
    }

    #[test]
    fn arrivals_keep_their_rate_over_many_ticks() {
        let mut automation = Automation::new(Partner { arrivals_per_minute: 90, ..partner() }, 1);
        let total: usize = (0..=600).map(|tick| automation.arrivals(tick * 100)).sum();
        assert_eq!(total, 90);
    }
}
