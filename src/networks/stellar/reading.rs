//! What an envelope does, read back out of the ledger's own form.

use stellar_xdr::{
    Asset, ClaimPredicate, Claimant, ClaimantV0, CreateAccountOp, CreateClaimableBalanceOp, Memo,
    Operation, OperationBody, PaymentOp,
};

use super::address::Address;
use super::asset::StellarAsset;
use super::envelope::{Envelope, EnvelopeError};
use super::plan::{EnvelopePlan, Planned};
use super::rules::{OperationKind, Sent};
use super::stroops::amount;
use crate::engine;

impl Envelope {
    /// The plan that this envelope carries out: what a person reads before signing, and what is compared with our books.
    ///
    /// # Errors
    /// [`EnvelopeError::Kind`] if it does something that no plan of ours does.
    pub fn plan(&self) -> Result<EnvelopePlan, EnvelopeError> {
        self.read_plan().ok_or(EnvelopeError::Kind)
    }

    fn read_plan(&self) -> Option<EnvelopePlan> {
        let tx = &self.inner.tx;
        let operations = tx.operations.iter().map(planned).collect::<Option<Vec<_>>>()?;
        let source = Address::from_xdr(tx.source_account.clone()).to_string();
        let mut payers = tx.operations.iter().map(|operation| {
            let account = operation.source_account.clone();
            account.map_or_else(|| source.clone(), |account| Address::from_xdr(account).to_string())
        });
        let payer = payers.next()?;
        let count = u32::try_from(operations.len()).ok()?;
        let is_one_payer = payers.all(|other| other == payer);
        let is_plain_fee = tx.fee.checked_rem(count) == Some(0);
        (is_one_payer && is_plain_fee).then_some(())?;
        Some(EnvelopePlan {
            fee_per_operation: tx.fee / count,
            payer,
            sequence: self.sequence(),
            memo: memo(&tx.memo)?,
            max_time: self.max_time()?,
            operations,
            source,
        })
    }
}

impl EnvelopePlan {
    /// The same as something that may have been sent, with the most that may be offered for an operation and the margin
    /// that [`margin`](super::margin) tells.
    #[must_use]
    pub fn sent(&self, max_fee: u32, margin: std::time::Duration) -> Sent {
        Sent {
            sequence: self.sequence,
            max_time: self.max_time,
            operations: self.operations.iter().map(Planned::kind).collect(),
            fee_per_operation: self.fee_per_operation,
            max_fee,
            margin,
        }
    }
}

impl Planned {
    /// What kind of operation it is.
    #[must_use]
    pub const fn kind(&self) -> OperationKind {
        match self {
            Self::Pay { .. } => OperationKind::Pay,
            Self::CreateAccount { .. } => OperationKind::CreateAccount,
            Self::CreateClaimableBalance { .. } => OperationKind::CreateClaimableBalance,
        }
    }
}

fn planned(operation: &Operation) -> Option<Planned> {
    if let OperationBody::Payment(PaymentOp { destination, asset, amount: stroops }) =
        &operation.body
    {
        let to = Address::from_xdr(destination.clone()).to_string();
        return Some(Planned::Pay { to, asset: credit(asset)?, amount: amount(*stroops)? });
    }
    if let OperationBody::CreateAccount(CreateAccountOp { destination, starting_balance }) =
        &operation.body
    {
        let account = destination.to_string();
        return Some(Planned::CreateAccount {
            account,
            starting_balance: amount(*starting_balance)?,
        });
    }
    if let OperationBody::CreateClaimableBalance(CreateClaimableBalanceOp {
        asset,
        amount: stroops,
        claimants,
    }) = &operation.body
        && let [Claimant::ClaimantTypeV0(ClaimantV0 { destination, predicate })] =
            claimants.as_slice()
        && *predicate == ClaimPredicate::Unconditional
    {
        let claimant = destination.to_string();
        let (asset, amount) = (credit(asset)?, amount(*stroops)?);
        return Some(Planned::CreateClaimableBalance { claimant, asset, amount });
    }
    None
}

fn credit(asset: &Asset) -> Option<StellarAsset> {
    let (code, issuer) = match asset {
        Asset::Native => return Some(StellarAsset::Native),
        Asset::CreditAlphanum4(asset) => (asset.asset_code.to_string(), &asset.issuer),
        Asset::CreditAlphanum12(asset) => (asset.asset_code.to_string(), &asset.issuer),
    };
    StellarAsset::credit(&code, &issuer.to_string()).ok()
}

/// The memo; None if it is a text that is none.
fn memo(memo: &Memo) -> Option<Option<engine::Memo>> {
    Some(match memo {
        Memo::None => None,
        Memo::Text(text) => Some(engine::Memo::Text(text.to_utf8_string().ok()?)),
        Memo::Id(id) => Some(engine::Memo::Id(*id)),
        Memo::Hash(bytes) => Some(engine::Memo::Hash(bytes.0)),
        Memo::Return(bytes) => Some(engine::Memo::Return(bytes.0)),
    })
}
