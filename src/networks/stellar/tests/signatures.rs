//! Plans that are refused, and signatures: enough, not too many, and of the right transaction.

use super::*;
use crate::engine::Memo;

const OTHER_SEED: &str = "SAAACAQDAQCQMBYIBEFAWDANBYHRAEISCMKBKFQXDAMRUGY4DUPB6NKI";

fn network() -> NetworkId {
    NetworkId::new(PASSPHRASE)
}

fn envelope() -> Envelope {
    Envelope::build(&plan(vec![pay(CUSTOMER, "1")]), network()).unwrap()
}

fn signer(key: &str, weight: u32) -> AccountSigner {
    AccountSigner { key: key.to_owned(), weight }
}

/// The channel's own key; and for the payer two of three keys, where the payer's own counts nothing.
fn shared() -> Vec<Authority> {
    let other = keys(&[OTHER_SEED]).accounts().remove(0);
    let signers = [signer(PAYER, 0), signer(CHANNEL, 1), signer(CUSTOMER, 1), signer(&other, 1)];
    let thresholds = Thresholds { low: 1, medium: 2 };
    let payer = Authority::new(PAYER, thresholds, &signers, Level::Medium);
    vec![Authority::of_master_key(CHANNEL), payer]
}

#[test]
fn what_cannot_be_paid_is_not_built() {
    let build = |plan: &EnvelopePlan| Envelope::build(plan, network()).map(|_| ());
    let one = |operation| build(&plan(vec![operation]));
    let create = |account: &str| Planned::CreateAccount {
        account: account.to_owned(),
        starting_balance: "2.01".parse().unwrap(),
    };
    let claimable = |claimant: &str| Planned::CreateClaimableBalance {
        claimant: claimant.to_owned(),
        asset: usd(),
        amount: "1".parse().unwrap(),
    };
    assert_eq!(one(pay(CUSTOMER, "0")), Err(BuildError::Nothing));
    assert!(matches!(one(pay(CUSTOMER, "0.00000001")), Err(BuildError::Amount(_))));
    assert!(matches!(one(pay("GABC", "1")), Err(BuildError::Address(_))));
    assert_eq!(one(pay(MUXED, "1")), Ok(()));
    assert_eq!(one(create(MUXED)), Err(BuildError::Muxed(MUXED.to_owned())));
    assert_eq!(one(claimable(MUXED)), Err(BuildError::Muxed(MUXED.to_owned())));
    assert_eq!(build(&plan(Vec::new())), Err(BuildError::Operations(0)));
    assert_eq!(build(&plan(vec![pay(CUSTOMER, "1"); 101])), Err(BuildError::Operations(101)));
    assert_eq!(build(&plan(vec![pay(CUSTOMER, "1"); 100])), Ok(()));
    let made = |change: fn(&mut EnvelopePlan)| {
        let mut plan = plan(vec![pay(CUSTOMER, "1")]);
        change(&mut plan);
        build(&plan)
    };
    assert_eq!(made(|plan| plan.sequence = 0), Err(BuildError::Sequence(0)));
    let epoch = made(|plan| plan.max_time = chrono::DateTime::UNIX_EPOCH);
    assert!(matches!(epoch, Err(BuildError::Time(_))), "no bound at all");
    let long = made(|plan| plan.memo = Some(Memo::Text("x".repeat(29))));
    assert_eq!(long, Err(BuildError::Memo));
    assert!(matches!(made(|plan| plan.fee_per_operation = u32::MAX), Ok(())));
    assert!(matches!(
        made(|plan| {
            plan.fee_per_operation = u32::MAX;
            plan.operations = vec![pay(CUSTOMER, "1"); 2];
        }),
        Err(BuildError::Fee(u32::MAX))
    ));
}

#[test]
fn an_envelope_waits_for_signatures_and_takes_those_that_are_wanted() {
    let shared = shared();
    let mut ours = envelope();
    assert_eq!(ours.missing(&shared).len(), 2);
    ours.sign(&keys(&[CHANNEL_SEED, PAYER_SEED]), &shared).unwrap();
    // The channel's key is a signer of the payer too: one signature does for both.
    let missing = ours.missing(&shared);
    assert_eq!(missing.iter().map(|missing| missing.weight).collect::<Vec<_>>(), [1]);
    assert_eq!(missing[0].account, PAYER);
    assert_eq!(missing[0].signers.len(), 2, "the two that have not signed: {missing:?}");

    let mut theirs = Envelope::parse(&ours.to_xdr_base64().unwrap(), network()).unwrap();
    theirs.sign(&keys(&[OTHER_SEED]), &shared).unwrap();
    assert_eq!(ours.take_signatures(&theirs, &shared), Ok(1));
    assert_eq!(ours.missing(&shared), []);
    assert_eq!(ours.take_signatures(&theirs, &shared), Ok(0), "it is there already");
    assert_eq!(ours, theirs);
    assert_eq!(ours.hash_hex(), envelope().hash_hex(), "signatures are not part of it");
}

#[test]
fn there_is_never_a_signature_more_than_needed() {
    let mut envelope = envelope();
    envelope.sign(&keys(&[PAYER_SEED, OTHER_SEED, CHANNEL_SEED]), &shared()).unwrap();
    assert_eq!(envelope.missing(&shared()), []);
    let again = envelope.clone();
    envelope.sign(&keys(&[PAYER_SEED, OTHER_SEED, CHANNEL_SEED]), &shared()).unwrap();
    assert_eq!(envelope, again, "signing twice changes nothing");
    let stored = Envelope::parse(&envelope.to_xdr_base64().unwrap(), network()).unwrap();
    assert_eq!(stored.missing(&shared()), []);
}

#[test]
fn signatures_of_something_else_are_not_taken() {
    let alone = [Authority::of_master_key(CHANNEL)];
    let mut ours = envelope();
    let mut other = Envelope::build(&plan(vec![pay(CUSTOMER, "2")]), network()).unwrap();
    other.sign(&keys(&[CHANNEL_SEED]), &alone).unwrap();
    assert!(matches!(ours.take_signatures(&other, &alone), Err(EnvelopeError::Other { .. })));
    // The same transaction, signed for another network.
    let mut foreign =
        Envelope::build(&plan(vec![pay(CUSTOMER, "1")]), NetworkId::new("x")).unwrap();
    foreign.sign(&keys(&[CHANNEL_SEED]), &alone).unwrap();
    let foreign = Envelope::parse(&foreign.to_xdr_base64().unwrap(), network()).unwrap();
    assert_eq!(ours.take_signatures(&foreign, &alone), Ok(0), "the signature is wrong");
    assert_eq!(ours.missing(&alone).len(), 1);
}

#[test]
fn what_is_no_envelope_is_refused() {
    let mut signed = envelope();
    signed.sign(&keys(&[CHANNEL_SEED, PAYER_SEED]), &[Authority::of_master_key(PAYER)]).unwrap();
    let bump =
        signed.fee_bump(&Authority::of_master_key(PAYER), 100, &keys(&[PAYER_SEED])).unwrap();
    assert_eq!(Envelope::parse(&bump.xdr_base64, network()), Err(EnvelopeError::Kind));
    for text in ["", "AAAA", "not base64", &"A".repeat(1 << 20)] {
        let found = Envelope::parse(text, network());
        assert!(matches!(found, Err(EnvelopeError::Unreadable(_))), "{found:?}");
    }
}

#[test]
fn a_fee_bump_offers_more_and_is_signed() {
    let envelope = envelope();
    let payer = Authority::of_master_key(PAYER);
    let bump = |fee, seed| envelope.fee_bump(&payer, fee, &keys(&[seed]));
    assert_eq!(bump(99, PAYER_SEED), Err(BumpError::TooLittle { offered: 99, inner: 100 }));
    assert!(matches!(bump(1000, OTHER_SEED), Err(BumpError::Unsigned(_))));
    assert_eq!(bump(1000, PAYER_SEED).unwrap().fee, 2000, "for one operation and one more");
}
