//! Money that reached us, and what a person makes of what belongs to no transfer.

use super::transfers::{TransferMoved, find as find_transfer};
use super::{ActionError, Actions, ids};
use crate::config::NetworkKind;
use crate::engine::decide::accept::accepted;
use crate::engine::decide::moves::possible;
use crate::engine::decide::returns::refund_of_incoming;
use crate::engine::{
    Amount, Cause, Incoming, IncomingStatus, Refusal, RefusalCode, Step, Transfer, legal, no_rail,
    released_to,
};
use crate::store::{Deed, IncomingRow, Store};

/// Which incoming payment is meant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IncomingNamed<'a> {
    /// Its id, or the beginning of it.
    pub(crate) id: &'a str,
    /// The network or rail that it came on, where several have such an id.
    pub(crate) place: Option<&'a str>,
}

/// Money that goes back.
#[derive(Debug)]
pub(crate) struct IncomingRefunded {
    pub(crate) incoming: Incoming,
    pub(crate) refund_id: String,
    pub(crate) amount: Amount,
    /// To whom.
    pub(crate) to: String,
}

/// The incoming payment that is meant: the one with this id, or whose id alone begins so.
pub(crate) async fn find(
    store: &Store,
    named: IncomingNamed<'_>,
) -> Result<IncomingRow, ActionError> {
    let IncomingNamed { id, place } = named;
    let mut found = store.incoming_beginning(id, place, ids::CANDIDATES).await?;
    if found.iter().any(|row| row.incoming.incoming_id == *id) {
        found.retain(|row| row.incoming.incoming_id == *id);
    } else if !ids::may_begin(id) {
        found.clear();
    }
    let of = |row: &IncomingRow| row.incoming.incoming_id.clone();
    if found.iter().any(|row| of(row) != of(&found[0])) {
        let all: Vec<String> = found.iter().map(of).collect();
        return Err(ids::ambiguous("incoming payments", id, &all).into());
    }
    match (found.pop(), found.is_empty()) {
        (Some(row), true) => Ok(row),
        (Some(_), false) => {
            let text = format!(
                "incoming payment {id} is on several networks or rails: say which with --place"
            );
            Err(Refusal::new(RefusalCode::Ambiguous, text).into())
        }
        (None, _) => {
            let text = format!("there is no incoming payment {id}{}", ids::too_short(id));
            let missing = Refusal::new(RefusalCode::NotFound, text);
            Err(missing.hint("`railpoll transfers incoming list --all` shows what there is").into())
        }
    }
}

/// Money that is not confirmed yet, or was taken back, is nobody's to give.
fn expect_confirmed(row: &IncomingRow) -> Result<(), ActionError> {
    if row.status == IncomingStatus::Confirmed {
        return Ok(());
    }
    let text = format!("incoming payment {} is {}", row.incoming.incoming_id, row.status);
    let refusal = Refusal::new(RefusalCode::WrongState, text);
    Err(refusal.hint("only money that is confirmed goes anywhere").into())
}

impl Actions<'_> {
    /// Gives money that was not matched to the transfer that it is for.
    ///
    /// # Errors
    /// There is no such money or transfer, or the one does not fit the other.
    pub(crate) async fn assign_incoming(
        &self,
        named: IncomingNamed<'_>,
        transfer_id: &str,
        reason: &str,
        deed: &Deed,
    ) -> Result<TransferMoved, ActionError> {
        let row = find(self.store, named).await?;
        expect_confirmed(&row)?;
        let transfer = find_transfer(self.store, transfer_id).await?;
        let (id, incoming) = (&transfer.transfer_id, &row.incoming);
        let Some(asset) = self.settings.assets.get(&transfer.asset) else {
            let asset = &transfer.asset;
            let text = format!("the asset {asset} of transfer {id} is not in the configuration");
            return Err(Refusal::new(RefusalCode::NotConfigured, text).into());
        };
        let Some(side) = &asset.rail else {
            let text = format!("transfer {id}: {}", no_rail(&asset.name));
            return Err(Refusal::new(RefusalCode::NotConfigured, text).into());
        };
        let (place, expected) = if transfer.kind.is_deposit() {
            (&transfer.rail, side.currency.clone())
        } else {
            (&transfer.network, asset.code.clone())
        };
        if incoming.asset != expected || incoming.source != *place {
            let text = format!(
                "{} {} came on {}, and transfer {id} is of {expected} on {place}: send it back with `railpoll transfers \
                 incoming refund`",
                incoming.amount, incoming.asset, incoming.source
            );
            return Err(Refusal::new(RefusalCode::Unfit, text).into());
        }
        let (goes_out, fee) = accepted(&transfer, &incoming.amount, &self.settings.assets)?;
        let step = step(&transfer, incoming, goes_out, fee, reason);
        if legal(transfer.kind, transfer.status, step.to, step.cause).is_err() {
            let (status, possible) = (transfer.status, possible(&transfer));
            let text = format!("transfer {id} is {status}, and takes no money: {possible}");
            return Err(Refusal::new(RefusalCode::WrongState, text).into());
        }
        let (source, incoming_id) = (&incoming.source, &incoming.incoming_id);
        self.store.assign_incoming(source, incoming_id, &step, deed, self.now).await?;
        Ok(TransferMoved::by(&step))
    }

    /// Sends money that was not matched back to where it came from. `beneficiary` is whom a rail pays, as JSON, where it
    /// did not tell who paid.
    ///
    /// # Errors
    /// There is no such money, or nobody knows whom to pay.
    pub(crate) async fn refund_incoming(
        &self,
        named: IncomingNamed<'_>,
        beneficiary: Option<&str>,
        reason: &str,
        deed: &Deed,
    ) -> Result<IncomingRefunded, ActionError> {
        let row = find(self.store, named).await?;
        expect_confirmed(&row)?;
        let incoming = row.incoming;
        let is_on_rail = self.settings.rails.contains_key(&incoming.source);
        self.expect_sender(&incoming)?;
        let to = receiver(&incoming, beneficiary, is_on_rail)?;
        let (source, id) = (&incoming.source, &incoming.incoming_id);
        let refunds = self.store.refunds_of_incoming(source, id).await?;
        let mut refund = refund_of_incoming(&incoming, is_on_rail, refunds, reason.to_owned());
        refund.beneficiary = beneficiary.map(str::to_owned).or(refund.beneficiary);
        self.store.refund_incoming(source, id, &refund, deed, self.now).await?;
        let (refund_id, amount) = (refund.refund_id, refund.amount);
        Ok(IncomingRefunded { incoming, refund_id, amount, to })
    }
}

impl Actions<'_> {
    /// Wallets that only report send nothing: an order to them would stand for ever.
    fn expect_sender(&self, incoming: &Incoming) -> Result<(), Refusal> {
        let network = self.settings.networks.get(&incoming.source);
        if network.is_none_or(|network| !matches!(network.kind, NetworkKind::Tari)) {
            return Ok(());
        }
        let text =
            format!("the wallets of {} only report: nothing goes back there", incoming.source);
        let hint = "send it back by hand, and take its credit with `railpoll orders credit --amount -AMOUNT`";
        Err(Refusal::new(RefusalCode::Unfit, text).hint(hint))
    }
}

/// Who gets the money back.
fn receiver(
    incoming: &Incoming,
    beneficiary: Option<&str>,
    is_on_rail: bool,
) -> Result<String, Refusal> {
    let (source, id) = (&incoming.source, &incoming.incoming_id);
    let (code, text) = match (beneficiary, &incoming.from) {
        (Some(_), _) if !is_on_rail => (
            RefusalCode::Unfit,
            format!(
                "{id} goes back on the network {source}, to where it came from: --beneficiary is for rails"
            ),
        ),
        (Some(beneficiary), _) => return Ok(beneficiary.to_owned()),
        (None, Some(from)) => return Ok(from.clone()),
        (None, None) if is_on_rail => (
            RefusalCode::NobodyKnown,
            format!(
                "nobody knows who sent {id}: say whom rail {source} is to pay with --beneficiary"
            ),
        ),
        (None, None) => (
            RefusalCode::NobodyKnown,
            format!(
                "nobody knows who sent {id}: send it back by hand, or give it to a transfer with `railpoll transfers \
                 incoming assign`"
            ),
        ),
    };
    Err(Refusal::new(code, text))
}

fn step<'a>(
    transfer: &'a Transfer,
    incoming: &Incoming,
    goes_out: Amount,
    fee: Amount,
    reason: &str,
) -> Step<'a> {
    let paid = Transfer { amount_in: Some(incoming.amount.clone()), ..transfer.clone() };
    let mut step = Step::new(transfer, released_to(&paid), Cause::Assigned);
    let changes = &mut step.changes;
    changes.amount_in = paid.amount_in;
    changes.amount_out = Some(goes_out);
    changes.amount_fee = Some(fee);
    changes.from_address.clone_from(&incoming.from);
    let reference = Some(incoming.reference.clone());
    if transfer.kind.is_deposit() {
        changes.rail_reference = reference;
    } else {
        changes.network_reference = reference;
    }
    changes.message = Some(reason.to_owned());
    step
}
