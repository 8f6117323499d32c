//! Transfers, and what belongs to them.

use serde::Serialize;
use serde_json::value::RawValue;

use super::incoming::IncomingJson;
use super::{Viewed, embedded, view};
use crate::engine::{Amount, Memo, Protocol, Refund, Transfer, iso};
use crate::store::{Envelope, EnvelopePayment, PayoutRow, StoryStatus, TransferStory};

view! {
    /// A transfer.
    pub(crate) struct TransferJson<'a> {
        transfer_id: &'a str,
        kind: &'static str,
        protocol: Option<&'static str>,
        status: &'static str,
        version: i64,
        asset: &'a str,
        network: &'a str,
        rail: &'a str,
        currency: &'a str,
        amount_expected: Option<String>,
        amount_in: Option<String>,
        amount_out: Option<String>,
        amount_fee: Option<String>,
        rail_fee: Option<String>,
        from: Option<&'a str>,
        to: Option<&'a str>,
        account: Option<&'a str>,
        memo_type: Option<&'static str>,
        memo: Option<String>,
        subject: Option<&'a str>,
        beneficiary: Option<Box<RawValue>>,
        rail_reference: Option<&'a str>,
        network_reference: Option<&'a str>,
        reason: Option<&'a str>,
        reason_code: Option<&'a str>,
        deadline: Option<String>,
        created_at: String,
        updated_at: String,
        completed_at: Option<String>,
    }
}

impl<'a> From<&'a Transfer> for TransferJson<'a> {
    fn from(transfer: &'a Transfer) -> Self {
        let text = |amount: &Option<Amount>| amount.as_ref().map(ToString::to_string);
        Self {
            transfer_id: &transfer.transfer_id,
            kind: transfer.kind.as_str(),
            protocol: transfer.protocol.map(Protocol::as_str),
            status: transfer.status.as_str(),
            version: transfer.version,
            asset: &transfer.asset,
            network: &transfer.network,
            rail: &transfer.rail,
            currency: &transfer.currency,
            amount_expected: text(&transfer.amount_expected),
            amount_in: text(&transfer.amount_in),
            amount_out: text(&transfer.amount_out),
            amount_fee: text(&transfer.amount_fee),
            rail_fee: text(&transfer.rail_fee),
            from: transfer.from_address.as_deref(),
            to: transfer.to_address.as_deref(),
            account: transfer.account.as_deref(),
            memo_type: transfer.memo.as_ref().map(Memo::memo_type),
            memo: transfer.memo.as_ref().map(Memo::text),
            subject: transfer.subject.as_deref(),
            beneficiary: transfer.beneficiary.as_deref().map(embedded),
            rail_reference: transfer.rail_reference.as_deref(),
            network_reference: transfer.network_reference.as_deref(),
            reason: transfer.message.as_deref(),
            reason_code: transfer.reason_code.as_deref(),
            deadline: transfer.deadline.map(iso),
            created_at: iso(transfer.created_at),
            updated_at: iso(transfer.updated_at),
            completed_at: transfer.completed_at.map(iso),
        }
    }
}

/// A transfer with its whole story.
#[derive(Debug, Serialize)]
pub(crate) struct TransferStoryJson<'a> {
    #[serde(flatten)]
    transfer: TransferJson<'a>,
    payment: Option<PaymentKey<'a>>,
    not_before: Option<String>,
    history: Vec<StatusJson<'a>>,
    payouts: Vec<PayoutJson<'a>>,
    envelopes: Vec<EnvelopeJson<'a>>,
    refunds: Vec<RefundJson<'a>>,
    incoming: Vec<IncomingJson<'a>>,
}

/// The payment that a transfer pays out.
#[derive(Debug, Serialize)]
struct PaymentKey<'a> {
    network: &'a str,
    payment_id: &'a str,
}

impl<'a> From<&'a TransferStory> for TransferStoryJson<'a> {
    fn from(story: &'a TransferStory) -> Self {
        let TransferStory { transfer, history, payouts, envelopes, refunds, incoming } = story;
        let payment = transfer.payment.as_ref();
        Self {
            transfer: TransferJson::from(transfer),
            payment: payment.map(|(network, payment_id)| PaymentKey { network, payment_id }),
            not_before: transfer.not_before.map(iso),
            history: history.iter().map(StatusJson::from).collect(),
            payouts: payouts.iter().map(PayoutJson::from).collect(),
            envelopes: envelopes.iter().map(EnvelopeJson::from).collect(),
            refunds: refunds.iter().map(RefundJson::from).collect(),
            incoming: incoming.iter().map(IncomingJson::from).collect(),
        }
    }
}

/// A status that a transfer or an order had.
#[derive(Debug, Serialize)]
pub(super) struct StatusJson<'a> {
    status: &'a str,
    reached_at: String,
    recorded_at: String,
    cause: &'a str,
    reason: Option<&'a str>,
    decided_by: Option<&'a str>,
}

impl<'a> From<&'a StoryStatus> for StatusJson<'a> {
    fn from(status: &'a StoryStatus) -> Self {
        Self {
            status: &status.status,
            reached_at: iso(status.reached_at),
            recorded_at: iso(status.recorded_at),
            cause: &status.source,
            reason: status.reason.as_deref(),
            decided_by: status.decided_by.as_deref(),
        }
    }
}

#[derive(Debug, Serialize)]
struct PayoutJson<'a> {
    payout_id: &'a str,
    purpose: &'static str,
    place: &'a str,
    amount: String,
    currency: &'a str,
    status: &'static str,
    attempts: i64,
    reference: Option<&'a str>,
    answer: Option<&'a str>,
    intended_at: String,
    tried_at: Option<String>,
    finished_at: Option<String>,
}

impl<'a> From<&'a PayoutRow> for PayoutJson<'a> {
    fn from(payout: &'a PayoutRow) -> Self {
        Self {
            payout_id: &payout.payout_id,
            purpose: payout.purpose.as_str(),
            place: &payout.rail,
            amount: payout.amount.to_string(),
            currency: &payout.currency,
            status: payout.status.as_str(),
            attempts: payout.attempts,
            reference: payout.reference.as_deref(),
            answer: payout.answer.as_deref(),
            intended_at: iso(payout.intended_at),
            tried_at: payout.tried_at.map(iso),
            finished_at: payout.finished_at.map(iso),
        }
    }
}

view! {
    /// An envelope.
    pub(crate) struct EnvelopeJson<'a> {
        envelope_id: &'a str,
        network: &'a str,
        source_account: &'a str,
        sequence: String,
        status: &'static str,
        attempts: i64,
        fee: i64,
        max_time: String,
        ledger: Option<i64>,
        result: Option<&'a str>,
        created_at: String,
        sent_at: Option<String>,
        finished_at: Option<String>,
        payments: Vec<EnvelopePaymentJson<'a>>,
    }
}

#[derive(Debug, Serialize)]
struct EnvelopePaymentJson<'a> {
    operation: &'a str,
    transfer_id: Option<&'a str>,
    refund_id: Option<&'a str>,
    to: &'a str,
    amount: String,
    balance_id: Option<&'a str>,
}

impl<'a> From<&'a Envelope> for EnvelopeJson<'a> {
    fn from(envelope: &'a Envelope) -> Self {
        Self {
            envelope_id: &envelope.envelope_id,
            network: &envelope.network,
            source_account: &envelope.source_account,
            sequence: envelope.sequence.to_string(),
            status: envelope.status.as_str(),
            attempts: envelope.attempts,
            fee: envelope.fee,
            max_time: iso(envelope.max_time),
            ledger: envelope.ledger,
            result: envelope.result.as_deref(),
            created_at: iso(envelope.created_at),
            sent_at: envelope.sent_at.map(iso),
            finished_at: envelope.finished_at.map(iso),
            payments: envelope.payments.iter().map(EnvelopePaymentJson::from).collect(),
        }
    }
}

impl<'a> From<&'a EnvelopePayment> for EnvelopePaymentJson<'a> {
    fn from(payment: &'a EnvelopePayment) -> Self {
        Self {
            operation: &payment.operation,
            transfer_id: payment.transfer_id.as_deref(),
            refund_id: payment.refund_id.as_deref(),
            to: &payment.destination,
            amount: payment.amount.to_string(),
            balance_id: payment.balance_id.as_deref(),
        }
    }
}

#[derive(Debug, Serialize)]
struct RefundJson<'a> {
    refund_id: &'a str,
    place: &'a str,
    amount: String,
    asset_id: &'a str,
    to: Option<&'a str>,
    status: &'static str,
    reason: &'a str,
    decided_by: Option<&'a str>,
    reference: Option<&'a str>,
    answer: Option<&'a str>,
    created_at: String,
    finished_at: Option<String>,
}

impl<'a> From<&'a Refund> for RefundJson<'a> {
    fn from(refund: &'a Refund) -> Self {
        Self {
            refund_id: &refund.refund_id,
            place: &refund.place,
            amount: refund.amount.to_string(),
            asset_id: &refund.asset,
            to: refund.destination.as_deref(),
            status: refund.status.as_str(),
            reason: &refund.reason,
            decided_by: refund.decided_by.as_deref(),
            reference: refund.reference.as_deref(),
            answer: refund.message.as_deref(),
            created_at: iso(refund.created_at),
            finished_at: refund.finished_at.map(iso),
        }
    }
}

impl Viewed for Transfer {
    type View<'a> = TransferJson<'a>;
    const KEYS: &'static [&'static str] = TransferJson::KEYS;

    fn view(&self) -> TransferJson<'_> {
        self.into()
    }
}

impl Viewed for Envelope {
    type View<'a> = EnvelopeJson<'a>;
    const KEYS: &'static [&'static str] = EnvelopeJson::KEYS;

    fn view(&self) -> EnvelopeJson<'_> {
        self.into()
    }
}
