//! Money that is laid down for somebody who has no trustline yet.

use stellar_xdr::{
    ClaimClaimableBalanceOp, ClaimPredicate, ClaimableBalanceId, Claimant, ClaimantV0,
    CreateClaimableBalanceOp, Hash,
};

use super::rules::op;
use super::*;

#[tokio::test]
async fn a_claimable_balance_waits_for_its_claimant() {
    let bench = Bench::plain().await;
    let kim = bench.sandbox.account("kim", "100").unwrap();
    let claimant = |who: &Keys, predicate| {
        Claimant::ClaimantTypeV0(ClaimantV0 { destination: who.key().account_id(), predicate })
    };
    let wait_for = |who: &Keys, predicate| {
        op(OperationBody::CreateClaimableBalance(CreateClaimableBalanceOp {
            asset: asset(&bench.usd).unwrap(),
            amount: 42,
            claimants: vec![claimant(who, predicate)].try_into().unwrap(),
        }))
    };
    let in_time = wait_for(&kim, ClaimPredicate::BeforeRelativeTime(60));
    assert_eq!(bench.failure(&bench.bank, in_time).await, "op_not_supported");
    let create = wait_for(&kim, ClaimPredicate::Unconditional);
    assert_eq!(bench.submit(&bench.signed(&bench.bank, vec![create])).await.0, 200);
    let PaidBy::ClaimableBalance(id) = bench.sandbox.payments_to(&kim.account())[0].kind.clone()
    else {
        panic!("no claimable balance")
    };
    let (status, balance) = bench.get(&format!("/claimable_balances/{id}")).await;
    assert_eq!((status, &balance["amount"]), (200, &Value::from("0.0000042")));
    bench.assert_in_order();
    let claim = || {
        let hash = keys::hash_of(id.strip_prefix("00000000").unwrap()).unwrap();
        let balance_id = ClaimableBalanceId::ClaimableBalanceIdTypeV0(Hash(hash));
        op(OperationBody::ClaimClaimableBalance(ClaimClaimableBalanceOp { balance_id }))
    };
    let lee = bench.holder("lee");
    assert_eq!(bench.failure(&lee, claim()).await, "op_cannot_claim");
    assert_eq!(bench.failure(&kim, claim()).await, "op_no_trust");
    bench.sandbox.trust(&kim, &bench.usd, "1").unwrap();
    assert_eq!(bench.submit(&bench.signed(&kim, vec![claim()])).await.0, 200);
    assert_eq!(bench.sandbox.balance(&kim.account(), &bench.usd), Some(42));
    bench.assert_in_order();
}

#[tokio::test]
async fn a_claimed_balance_is_there_no_more_once_horizon_knows() {
    let bench = Bench::plain().await;
    let kim = bench.holder("kim");
    let ClaimantV0 { destination, predicate } = ClaimantV0 {
        destination: kim.key().account_id(),
        predicate: ClaimPredicate::Unconditional,
    };
    let body = OperationBody::CreateClaimableBalance(CreateClaimableBalanceOp {
        asset: asset(&bench.usd).unwrap(),
        amount: 42,
        claimants: vec![Claimant::ClaimantTypeV0(ClaimantV0 { destination, predicate })]
            .try_into()
            .unwrap(),
    });
    let lag = |ledgers| bench.lag(ledgers);
    lag(1);
    let (status, _) = bench.submit_async(&bench.signed(&bench.bank, vec![op(body)])).await;
    assert_eq!(status, 201);
    let PaidBy::ClaimableBalance(id) = bench.sandbox.payments()[0].kind.clone() else {
        panic!("no claimable balance")
    };
    let look = async || bench.get(&format!("/claimable_balances/{id}")).await.0;
    assert_eq!(look().await, 404);
    lag(0);
    assert_eq!(look().await, 200);
    lag(1);
    bench.sandbox.claim(&kim, &id).unwrap();
    assert_eq!(look().await, 200);
    lag(0);
    assert_eq!(look().await, 404);
    assert_eq!(bench.sandbox.balance(&kim.account(), &bench.usd), Some(42));
    assert!(bench.sandbox.claim(&kim, &id).unwrap_err().0.contains("op_does_not_exist"));
    bench.assert_in_order();
}
