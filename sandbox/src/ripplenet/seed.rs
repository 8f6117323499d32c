//! Making payments, returns and rows that are none.

use super::books::step;
use super::moves::{PaymentState, Role};
use super::network::Network;
use super::options::{Amount, Garbage, PaymentSpec};
use super::payment::{Kind, Payment};
use super::render::Style;
use crate::random::scramble;

impl Network {
    /// Adds `count` payments and gives the serial number of the first.
    pub(super) fn add_payments(&mut self, count: usize, spec: &PaymentSpec, now: i64) -> u32 {
        let first = self.books.next_serial();
        let spacing = i64::try_from(spec.spacing.as_millis()).unwrap_or(0);
        let ties = usize::try_from(spec.ties.max(1)).unwrap_or(1);
        let groups = i64::try_from(count.div_ceil(ties)).unwrap_or(0);
        let begin = spec.first_modified_at.map_or_else(
            || now.saturating_sub(spacing.saturating_mul((groups - 1).max(0))),
            |time| time.timestamp_millis(),
        );
        self.books.reserve(count);
        for number in 0..count {
            let group = i64::try_from(number / ties).unwrap_or(0);
            let at = begin.saturating_add(group.saturating_mul(spacing));
            let payment = self.new_payment(spec, at, now);
            self.enter(payment, now);
            if self.chance.per_mille(self.quirks.garbage) {
                self.log.fault("garbage row");
                let kind = Garbage::ALL[number % Garbage::ALL.len()];
                self.add_garbage(kind, spec.state, spec.role, at);
            }
        }
        first
    }

    fn new_payment(&self, spec: &PaymentSpec, at: i64, now: i64) -> Payment {
        let serial = self.books.next_serial();
        let mut payment = Payment::new(serial, spec.role, spec.state, at, 1_000);
        payment.user_info = spec.user_info;
        payment.expires_at = now.saturating_add(spec.expires_in.num_milliseconds());
        match &spec.amount {
            Amount::Varied => {
                let drawn = scramble(self.books.ids.seed ^ (u64::from(serial) << 20));
                payment.amount = 10_000_000 + drawn % 100_000_000_000_000;
            }
            Amount::Exact(text) => payment.more().amount = Some(text.as_str().into()),
        }
        payment
    }

    /// Adds a row that is served as it stands. `$payment_id` and `$modified_at` in it are filled.
    pub(super) fn add_raw_row(
        &mut self,
        state: PaymentState,
        role: Role,
        modified_at: i64,
        raw: &str,
    ) -> u32 {
        let serial = self.books.next_serial();
        let mut row = Payment::new(serial, role, state, modified_at, 0);
        row.more().raw = Some(raw.into());
        self.books.add(row, None)
    }

    /// Adds a row that spoils a page for whoever is not prepared.
    pub(super) fn add_garbage(
        &mut self,
        kind: Garbage,
        state: PaymentState,
        role: Role,
        modified_at: i64,
    ) -> u32 {
        let raw = self.garbage(kind, state, role, modified_at);
        self.add_raw_row(state, role, modified_at, &raw)
    }

    fn garbage(&self, kind: Garbage, state: PaymentState, role: Role, modified_at: i64) -> String {
        if kind == Garbage::WrongTypes {
            return r#"{"payment_id":"$payment_id","payment_state":42,"modified_at":"$modified_at","contract":[],"user_info":"none","internal_info":7}"#
                .to_owned();
        }
        // A payment as it should be, and one thing in it that should not.
        let good = Payment::new(self.books.next_serial(), role, state, modified_at, 0);
        let style = Style { plain_numbers: false, stage_dates: true };
        let mut text = String::new();
        self.renderer.write(&mut text, &good, style);
        let amount = r#""amount":"10.000000000","#;
        match kind {
            Garbage::WrongTypes => text,
            Garbage::NoAmount => text.replacen(amount, "", 1),
            Garbage::UnknownState => text.replacen(
                &format!(r#""payment_state":"{state}""#),
                r#""payment_state":"VAPORISED""#,
                1,
            ),
            Garbage::AbsurdAmount => {
                text.replacen(amount, &format!(r#""amount":"{}","#, "9".repeat(400)), 1)
            }
        }
    }

    /// Sends the value of a payment back by another payment, which is complete at once. Nothing where that cannot be.
    pub(super) fn return_payment(&mut self, original: u32, now: i64) -> Option<u32> {
        let payment = self.books.get(original).filter(|payment| can_return(payment))?;
        let mut back = Payment::new(
            self.books.next_serial(),
            payment.role.other(),
            PaymentState::Completed,
            now,
            1,
        );
        back.kind = Kind::Return;
        back.amount = payment.amount;
        back.expires_at = payment.expires_at.max(now);
        let amount = payment.more.as_ref().and_then(|more| more.amount.clone());
        let more = back.more();
        more.amount = amount;
        more.returns = Some(original);
        let back = self.enter(back, now);
        self.change(original, now, |payment, at| {
            payment.more().returned_by = Some(back);
            step(payment, PaymentState::Returned, at, true);
        });
        Some(back)
    }
}

/// Whether the payment's value can go back: it is over, or it has been executed.
fn can_return(payment: &Payment) -> bool {
    let over = [PaymentState::Executed, PaymentState::Completed, PaymentState::Failed];
    payment.raw().is_none() && over.contains(&payment.state)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::ripplenet::test_network;

    use super::*;

    #[test]
    fn ties_and_spacing_are_as_asked() {
        let mut network = test_network();
        let spec = PaymentSpec {
            ties: 3,
            spacing: std::time::Duration::from_millis(10),
            ..PaymentSpec::default()
        };
        network.add_payments(7, &spec, 1_000_000);
        let times: Vec<i64> = network.books.payments().iter().map(|p| p.modified_at).collect();
        let (a, b, c) = (999_980, 999_990, 1_000_000);
        assert_eq!(times, [a, a, a, b, b, b, c]);
    }

    #[test]
    fn a_return_links_both_payments() {
        let mut network = test_network();
        let spec = PaymentSpec { state: PaymentState::Completed, ..PaymentSpec::default() };
        let returned = network.add_payments(1, &spec, 1_000);
        let back = network.return_payment(returned, 2_000).unwrap();
        let read = |serial| -> Value { serde_json::from_str(&network.document(serial)).unwrap() };
        let (original, back) = (read(returned), read(back));
        assert_eq!(original["payment_state"], "RETURNED");
        assert_eq!(original["returned_by_payment_with_id"], back["payment_id"]);
        assert_eq!(back["returns_payment_with_id"], original["payment_id"]);
        assert_eq!(back["payment_type"], "RETURN");
        assert_eq!(back["payment_state"], "COMPLETED");
        assert_eq!(back["internal_info"]["connector_role"], "SENDING");
        assert_eq!(network.return_payment(returned, 3_000), None);
    }

    #[test]
    fn garbage_is_json_with_something_wrong_in_it() {
        let mut network = test_network();
        for kind in Garbage::ALL {
            let row = network.add_garbage(kind, PaymentState::Accepted, Role::Receiving, 1_000);
            let value: Value = serde_json::from_str(&network.document(row)).unwrap();
            let quote = &value["contract"]["quote"];
            match kind {
                Garbage::WrongTypes => assert!(value["payment_state"].is_number()),
                Garbage::NoAmount => assert!(quote.is_object() && quote.get("amount").is_none()),
                Garbage::UnknownState => assert_eq!(value["payment_state"], "VAPORISED"),
                Garbage::AbsurdAmount => assert_eq!(quote["amount"].as_str().unwrap().len(), 400),
            }
            assert_eq!(value["payment_id"], network.books.ids.id(row).to_string());
        }
        assert_eq!(network.books.count(PaymentState::Accepted), 0);
    }
}
