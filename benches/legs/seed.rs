//! Transfers to begin with.

use railpoll::engine::{
    Clock, Evidence, Memo, NewTransfer, Operator, TransferKind, TransferStatus,
};
use railpoll::store::{Deed, Store};

use super::anchor::{NETWORK, RAIL, us};
use crate::support::Outcome;

/// How a transfer begins.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// Its money is in, and has to go out on the rail.
    Send,
    /// A deposit whose money is to come in on the rail.
    Deposit,
    /// A deposit whose money is in, and has to go out to one of these accounts.
    PaidDeposit(Vec<String>),
    /// A withdrawal whose money is to come in on the network: its memo is its number.
    Withdrawal,
}

/// Creates so many in the database of `url`. Their ids are random, as those of real ones.
pub(crate) async fn seed(url: &str, what: &What, transfers: usize) -> Outcome<()> {
    let (store, now) = (Store::create(url).await?, Clock::system().now());
    let deed = Deed {
        operator: Operator {
            name: "bench".to_owned(),
            evidence: Evidence::Claimed,
            uid: 0,
            login_uid: None,
            host: String::new(),
            origin: "command",
        },
        reason: None,
    };
    let numbers: Vec<usize> = (0..transfers).collect();
    for some in numbers.chunks(1_000) {
        let new: Vec<NewTransfer> =
            some.iter().map(|number| new(what, *number)).collect::<Outcome<_>>()?;
        let bad = store.create_transfers(&deed, &new, now).await?;
        if !bad.is_empty() {
            return Err(format!("{bad:?}").into());
        }
    }
    store.close().await;
    Ok(())
}

/// How many transfers have come to a status.
pub(crate) async fn count(store: &Store, status: TransferStatus) -> Outcome<usize> {
    let counts = store.transfer_counts().await?;
    let there = counts.iter().filter(|count| count.status == status);
    Ok(usize::try_from(there.map(|count| count.transfers).sum::<u64>())?)
}

fn new(what: &What, number: usize) -> Outcome<NewTransfer> {
    let ten = Some("10.00".parse()?);
    let begun = NewTransfer {
        transfer_id: uuid::Uuid::new_v4().to_string(),
        kind: TransferKind::Deposit,
        protocol: None,
        status: TransferStatus::PendingUserTransferStart,
        asset: "usdc".to_owned(),
        rail: RAIL.to_owned(),
        currency: "USD".to_owned(),
        network: NETWORK.to_owned(),
        amount_expected: ten.clone(),
        amount_in: None,
        amount_out: None,
        amount_fee: None,
        from_address: None,
        to_address: None,
        memo: None,
        account: None,
        beneficiary: None,
        subject: Some(format!("Rent {number}")),
        rail_reference: None,
        deadline: None,
        payment: None,
        created_at: None,
    };
    let paid = |begun, status| {
        let nothing = Some("0".parse()?);
        Outcome::Ok(NewTransfer {
            status,
            amount_in: ten.clone(),
            amount_out: ten.clone(),
            amount_fee: nothing,
            ..begun
        })
    };
    let beneficiary = Some(r#"{"name":"Ada","iban":"DE02120300000000202051"}"#.to_owned());
    Ok(match what {
        What::Send => {
            let send = NewTransfer { kind: TransferKind::Send, beneficiary, ..begun };
            paid(send, TransferStatus::PendingReceiver)?
        }
        What::Deposit => NewTransfer { to_address: Some(us()), ..begun },
        What::PaidDeposit(to) => {
            let deposit = NewTransfer { to_address: to.get(number % to.len()).cloned(), ..begun };
            paid(deposit, TransferStatus::PendingAnchor)?
        }
        What::Withdrawal => NewTransfer {
            kind: TransferKind::Withdrawal,
            memo: Some(Memo::Id(u64::try_from(number)?)),
            account: Some(us()),
            beneficiary,
            ..begun
        },
    })
}
