//! Transfers to pay out.

use chrono::{DateTime, Utc};
use railpoll::engine::{NewTransfer, TransferKind, TransferStatus};
use railpoll::store::Store;

use crate::support::Outcome;

/// Creates so many sends whose money is in. Their ids are random, as those of real ones.
pub(crate) async fn seed(store: &Store, transfers: usize, now: DateTime<Utc>) -> Outcome<()> {
    let mut left = transfers;
    while left > 0 {
        let new: Vec<NewTransfer> =
            (0..std::cmp::min(left, 1_000)).map(|_| send()).collect::<Outcome<_>>()?;
        let bad = store.create_transfers(None, &new, now).await?;
        if !bad.is_empty() {
            return Err(format!("{bad:?}").into());
        }
        left -= new.len();
    }
    Ok(())
}

fn send() -> Outcome<NewTransfer> {
    let ten = Some("10.00".parse()?);
    Ok(NewTransfer {
        transfer_id: uuid::Uuid::new_v4().to_string(),
        kind: TransferKind::Send,
        protocol: None,
        status: TransferStatus::PendingReceiver,
        asset: "usd".to_owned(),
        rail: "bank".to_owned(),
        currency: "USD".to_owned(),
        network: "acme".to_owned(),
        amount_expected: None,
        amount_in: ten.clone(),
        amount_out: ten,
        amount_fee: Some("0".parse()?),
        from_address: None,
        to_address: None,
        memo: None,
        account: None,
        beneficiary: Some(r#"{"name":"Ada","iban":"DE02120300000000202051"}"#.to_owned()),
        subject: Some("Rent of November".to_owned()),
        rail_reference: None,
        deadline: None,
        payment: None,
        created_at: None,
    })
}
