//! What an errand comes to: whom to pay, what, and from which account of ours.

use super::Sender;
use super::errand::Errand;
use crate::engine::{Amount, Memo, Refund, Transfer, TransferStatus, asset_of};
use crate::networks::stellar::StellarAsset;
use crate::store::StoreError;

/// What is to be paid.
pub(super) struct Due {
    /// `G…` or `M…`, if it is right.
    pub(super) to: String,
    pub(super) asset: StellarAsset,
    pub(super) amount: Amount,
    pub(super) memo: Option<Memo>,
    /// Whose money it is, `G…`.
    pub(super) payer: String,
    pub(super) claimable_balances: bool,
}

/// Why nobody can tell what an errand comes to.
pub(super) enum Gap {
    /// A person must look.
    Hold(String),
    /// The configuration may change.
    Wait(String),
}

impl Sender {
    /// What `errand` comes to.
    pub(super) async fn facts(&self, errand: &Errand) -> Result<Result<Due, Gap>, StoreError> {
        match errand {
            Errand::Deposit(transfer) => Ok(self.of_deposit(transfer)),
            Errand::Refund(refund, transfer) => {
                let incoming = match &refund.incoming {
                    Some((source, id)) => self.desk.store.incoming_with_id(source, id).await?,
                    None => None,
                };
                let received_by = incoming.map(|row| row.incoming.account);
                Ok(self.of_refund(refund, transfer.as_deref(), received_by))
            }
        }
    }

    fn of_deposit(&self, transfer: &Transfer) -> Result<Due, Gap> {
        let asset = asset_of(&self.assets, transfer)
            .ok_or_else(|| Gap::Wait(format!("the asset {} is not configured", transfer.asset)))?;
        let missing = |what: &str| Gap::Hold(format!("it cannot be paid: {what} is not known"));
        Ok(Due {
            to: transfer.to_address.clone().ok_or_else(|| missing("the receiver's address"))?,
            asset: asset.code.parse().map_err(|_| missing("the asset"))?,
            amount: transfer.amount_out.clone().ok_or_else(|| missing("the amount"))?,
            memo: transfer.memo.clone(),
            payer: asset.account.clone(),
            claimable_balances: asset.claimable_balances,
        })
    }

    /// Money goes back from the account that it came to.
    fn of_refund(
        &self,
        refund: &Refund,
        transfer: Option<&Transfer>,
        received_by: Option<String>,
    ) -> Result<Due, Gap> {
        let elsewhere = transfer.filter(|one| one.status != TransferStatus::PendingAnchor);
        if let Some(transfer) = elsewhere {
            return Err(Gap::Wait(format!("its transfer is {}", transfer.status)));
        }
        let asset = transfer.and_then(|transfer| asset_of(&self.assets, transfer));
        let missing = |what: &str| Gap::Hold(format!("it cannot go back: {what} is not known"));
        let payer = received_by
            .or_else(|| transfer.and_then(|transfer| transfer.account.clone()))
            .or_else(|| asset.map(|asset| asset.account.clone()));
        Ok(Due {
            to: refund.destination.clone().ok_or_else(|| missing("who paid"))?,
            asset: refund.asset.parse().map_err(|_| missing("the asset"))?,
            amount: refund.amount.clone(),
            memo: refund.memo.clone(),
            payer: payer.ok_or_else(|| missing("which of our accounts has it"))?,
            claimable_balances: asset.is_some_and(|asset| asset.claimable_balances),
        })
    }
}
