//! Envelopes that the Python SDK made of the same plans: `scripts/check-stellar vectors` makes them anew.

use chrono::DateTime;
use serde::Deserialize;

use super::super::*;
use crate::engine::Memo;

const CASES: &str = include_str!("../fixtures/envelopes.jsonl");

#[derive(Deserialize)]
struct Case {
    name: String,
    passphrase: String,
    seeds: Vec<String>,
    plan: PlanOfCase,
    fee_bump: Option<BumpOfCase>,
    hash: String,
    xdr: String,
    balance_ids: Vec<Option<String>>,
}

#[derive(Deserialize)]
struct PlanOfCase {
    source: String,
    payer: String,
    sequence: String,
    fee_per_operation: u32,
    memo: Option<(String, String)>,
    max_time: i64,
    operations: Vec<OperationOfCase>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum OperationOfCase {
    Pay { to: String, asset: String, amount: String },
    CreateAccount { account: String, starting_balance: String },
    CreateClaimableBalance { claimant: String, asset: String, amount: String },
}

#[derive(Deserialize)]
struct BumpOfCase {
    payer: String,
    seed: String,
    fee_per_operation: u32,
    fee: i64,
    hash: String,
    xdr: String,
}

impl From<PlanOfCase> for EnvelopePlan {
    fn from(plan: PlanOfCase) -> Self {
        Self {
            source: plan.source,
            payer: plan.payer,
            sequence: plan.sequence.parse().unwrap(),
            fee_per_operation: plan.fee_per_operation,
            memo: plan.memo.map(|(kind, value)| Memo::parse(&kind, &value).unwrap()),
            max_time: DateTime::from_timestamp(plan.max_time, 0).unwrap(),
            operations: plan.operations.into_iter().map(Planned::from).collect(),
        }
    }
}

impl From<OperationOfCase> for Planned {
    fn from(operation: OperationOfCase) -> Self {
        match operation {
            OperationOfCase::Pay { to, asset, amount } => {
                Self::Pay { to, asset: asset.parse().unwrap(), amount: amount.parse().unwrap() }
            }
            OperationOfCase::CreateAccount { account, starting_balance } => {
                Self::CreateAccount { account, starting_balance: starting_balance.parse().unwrap() }
            }
            OperationOfCase::CreateClaimableBalance { claimant, asset, amount } => {
                Self::CreateClaimableBalance {
                    claimant,
                    asset: asset.parse().unwrap(),
                    amount: amount.parse().unwrap(),
                }
            }
        }
    }
}

fn cases() -> impl Iterator<Item = Case> {
    CASES.lines().map(|line| serde_json::from_str(line).unwrap())
}

fn signed(case: Case) -> Envelope {
    let plan = EnvelopePlan::from(case.plan);
    let mut accounts = vec![plan.source.clone(), plan.payer.clone()];
    accounts.dedup();
    let authorities: Vec<_> =
        accounts.iter().map(|account| Authority::of_master_key(account)).collect();
    let mut envelope = Envelope::build(&plan, NetworkId::new(&case.passphrase)).unwrap();
    envelope.sign(&Keys::parse(&case.seeds.join("\n")).unwrap(), &authorities).unwrap();
    assert_eq!(envelope.missing(&authorities), [], "{}", case.name);
    envelope
}

#[test]
fn every_shape_is_the_same_byte_for_byte() {
    let mut count = 0;
    for case in cases() {
        let (name, hash, xdr) = (case.name.clone(), case.hash.clone(), case.xdr.clone());
        let balance_ids = case.balance_ids.clone();
        let envelope = signed(case);
        assert_eq!(envelope.hash_hex(), hash, "{name}");
        assert_eq!(envelope.to_xdr_base64().unwrap(), xdr, "{name}");
        assert_eq!(envelope.balance_ids().unwrap(), balance_ids, "{name}");
        count += 1;
    }
    assert_eq!(count, 16);
}

#[test]
fn every_shape_is_read_as_it_was_written() {
    for case in cases() {
        let (name, xdr) = (case.name.clone(), case.xdr.clone());
        let read = Envelope::parse(&xdr, NetworkId::new(&case.passphrase)).unwrap();
        assert_eq!(read.source(), case.plan.source, "{name}");
        assert_eq!(read.sequence().to_string(), case.plan.sequence, "{name}");
        assert_eq!(read.max_time().unwrap().timestamp(), case.plan.max_time, "{name}");
        assert_eq!(read.operations(), case.plan.operations.len(), "{name}");
        assert_eq!(read, signed(case), "{name}");
    }
}

#[test]
fn every_shape_tells_its_plan() {
    for case in cases() {
        let envelope = Envelope::parse(&case.xdr, NetworkId::new(&case.passphrase)).unwrap();
        assert_eq!(envelope.plan(), Ok(EnvelopePlan::from(case.plan)), "{}", case.name);
    }
}

#[test]
fn fee_bumps_are_the_same_byte_for_byte() {
    let mut count = 0;
    for mut case in cases() {
        let name = case.name.clone();
        let Some(bump) = case.fee_bump.take() else { continue };
        let keys = Keys::parse(&bump.seed).unwrap();
        let payer = Authority::of_master_key(&bump.payer);
        let found = signed(case).fee_bump(&payer, bump.fee_per_operation, &keys).unwrap();
        let wanted = FeeBump { xdr_base64: bump.xdr, hash_hex: bump.hash, fee: bump.fee };
        assert_eq!(found, wanted, "{name}");
        count += 1;
    }
    assert_eq!(count, 2);
}
