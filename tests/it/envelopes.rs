//! Envelopes judged by another implementation, the Python SDK: see `scripts/check-stellar`. Never skipped: the virtual
//! environment that it needs is made if it is missing.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use chrono::DateTime;
use railpoll::engine::Memo;
use railpoll::networks::stellar::{
    Authority, Envelope, EnvelopePlan, Keys, NetworkId, OPERATIONS_MAX, Planned, StellarAsset,
    amount,
};
use serde_json::{Value, json};
use stellar_strkey::ed25519::{MuxedAccount, PrivateKey, PublicKey};
use tempfile::tempdir;

/// Enough for each kind of anything to meet each other one; the judge takes 10 ms for an operation.
const CASES: u64 = 120;

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 ^ (self.0 >> 33)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }

    fn bytes(&mut self) -> [u8; 32] {
        std::array::from_fn(|_| u8::try_from(self.below(256)).unwrap())
    }

    /// A seed, and its account.
    fn key(&mut self) -> (String, String) {
        let seed = PrivateKey(self.bytes()).as_unredacted().to_string().as_str().to_owned();
        let account = Keys::parse(&seed).unwrap().accounts().remove(0);
        (seed, account)
    }

    fn account(&mut self) -> String {
        self.key().1
    }

    /// `G…`, or `M…` with any number.
    fn destination(&mut self) -> String {
        let account = self.account();
        if self.below(3) > 0 {
            return account;
        }
        let ed25519 = PublicKey::from_string(&account).unwrap().0;
        let id = [0, 1, u64::MAX, self.roll()][usize::try_from(self.below(4)).unwrap()];
        MuxedAccount { ed25519, id }.to_string().as_str().to_owned()
    }

    fn asset(&mut self) -> StellarAsset {
        let code = ["U", "USDC", "EURO5", "ABCDEFGHIJ12"][usize::try_from(self.below(4)).unwrap()];
        match self.below(4) {
            0 => StellarAsset::Native,
            _ => StellarAsset::credit(code, &self.account()).unwrap(),
        }
    }

    fn stroops(&mut self) -> i64 {
        let any = i64::try_from(self.roll() >> (1 + self.below(62))).unwrap();
        [1, i64::MAX, 20_100_000, any.max(1)][usize::try_from(self.below(4)).unwrap()]
    }

    fn memo(&mut self) -> Option<Memo> {
        match self.below(6) {
            0 => None,
            1 => Some(Memo::Text(String::new())),
            2 => Some(Memo::Text("28 bytes: äöü and 🚂...".to_owned())),
            3 => {
                Some(Memo::Id([0, u64::MAX, self.roll()][usize::try_from(self.below(3)).unwrap()]))
            }
            4 => Some(Memo::Hash(self.bytes())),
            _ => Some(Memo::Return(self.bytes())),
        }
    }

    fn operation(&mut self) -> Planned {
        let amount = amount(self.stroops()).unwrap();
        match self.below(4) {
            0 => Planned::CreateAccount { account: self.account(), starting_balance: amount },
            1 => Planned::CreateClaimableBalance {
                claimant: self.account(),
                asset: self.asset(),
                amount,
            },
            _ => Planned::Pay { to: self.destination(), asset: self.asset(), amount },
        }
    }
}

fn json_of_operation(operation: &Planned) -> Value {
    match operation {
        Planned::Pay { to, asset, amount } => json!({
            "type": "pay", "to": to, "asset": asset.to_string(), "amount": amount.to_string()
        }),
        Planned::CreateAccount { account, starting_balance } => json!({
            "type": "create_account", "account": account, "starting_balance": starting_balance.to_string()
        }),
        Planned::CreateClaimableBalance { claimant, asset, amount } => json!({
            "type": "create_claimable_balance", "claimant": claimant, "asset": asset.to_string(),
            "amount": amount.to_string()
        }),
    }
}

fn json_of_plan(plan: &EnvelopePlan) -> Value {
    json!({
        "source": plan.source, "payer": plan.payer, "sequence": plan.sequence.to_string(),
        "fee_per_operation": plan.fee_per_operation,
        "memo": plan.memo.as_ref().map(|memo| [memo.memo_type().to_owned(), memo.text()]),
        "max_time": plan.max_time.timestamp(),
        "operations": plan.operations.iter().map(json_of_operation).collect::<Vec<_>>(),
    })
}

/// One envelope of ours, signed, with all that the judge needs to make its own.
fn case(number: u64, dice: &mut Dice) -> Value {
    let passphrase = format!("Network {number}");
    let (payer_seed, payer) = dice.key();
    let (channel_seed, channel) = dice.key();
    let uses_channel = dice.below(2) == 0;
    let few = [1, 1, 1, 2, 5][usize::try_from(dice.below(5)).unwrap()];
    let count = if number == 0 { OPERATIONS_MAX } else { few };
    let fee_per_operation = 100 + u32::try_from(dice.below(10_000)).unwrap();
    let plan = EnvelopePlan {
        source: if uses_channel { channel.clone() } else { payer.clone() },
        payer: payer.clone(),
        sequence: i64::try_from(1 + (dice.roll() >> 1)).unwrap_or(i64::MAX),
        fee_per_operation,
        memo: dice.memo(),
        max_time: DateTime::from_timestamp(1_800_000_000 + i64::try_from(number).unwrap(), 0)
            .unwrap(),
        operations: (0..count).map(|_| dice.operation()).collect(),
    };
    let (accounts, seeds) = if uses_channel {
        (vec![channel, payer.clone()], vec![channel_seed, payer_seed.clone()])
    } else {
        (vec![payer.clone()], vec![payer_seed.clone()])
    };
    let authorities: Vec<_> =
        accounts.iter().map(|account| Authority::of_master_key(account)).collect();
    let mut envelope = Envelope::build(&plan, NetworkId::new(&passphrase)).unwrap();
    envelope.sign(&Keys::parse(&seeds.join("\n")).unwrap(), &authorities).unwrap();
    let more = fee_per_operation * [1, 10][usize::try_from(dice.below(2)).unwrap()];
    let bump = envelope
        .fee_bump(&Authority::of_master_key(&payer), more, &Keys::parse(&payer_seed).unwrap())
        .unwrap();
    json!({
        "name": format!("case {number}"), "passphrase": passphrase, "seeds": seeds,
        "plan": json_of_plan(&plan), "xdr": envelope.to_xdr_base64().unwrap(),
        "hash": envelope.hash_hex(), "balance_ids": envelope.balance_ids().unwrap(),
        "fee_bump": {
            "payer": payer, "seed": payer_seed, "fee_per_operation": more,
            "fee": bump.fee, "xdr": bump.xdr_base64, "hash": bump.hash_hex,
        },
    })
}

fn python(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(root.join("scripts/venv"));
    command.args(["python", "scripts/check-stellar"]).args(arguments).current_dir(root);
    command.output().unwrap()
}

fn judge(cases: &[Value]) -> Output {
    let folder = tempdir().unwrap();
    let file = folder.path().join("envelopes.jsonl");
    let mut lines = String::new();
    for case in cases {
        writeln!(lines, "{case}").unwrap();
    }
    std::fs::write(&file, lines).unwrap();
    python(&["verify", file.to_str().unwrap()])
}

/// The vectors of the unit tests are what they are said to be.
#[test]
fn the_fixture_is_what_another_implementation_makes() {
    let output = python(&["vectors"]);
    let fixture = include_str!("../../src/networks/stellar/fixtures/envelopes.jsonl");
    assert_eq!(String::from_utf8_lossy(&output.stdout), fixture);
}

#[test]
fn another_implementation_makes_the_same_bytes() {
    let mut dice = Dice(7);
    let cases: Vec<_> = (0..CASES).map(|number| case(number, &mut dice)).collect();
    let output = judge(&cases);
    let (told, wrong) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{wrong}");
    let wanted = format!("{CASES} envelopes");
    assert!(
        told.starts_with(&wanted) && told.contains(&format!("{CASES} fee bumps verified")),
        "{told}"
    );
}

/// The judge is no use if it lets everything pass.
#[test]
fn another_implementation_sees_what_is_wrong() {
    let good = case(1, &mut Dice(3));
    let other = case(2, &mut Dice(5));
    let spoil = |path: &str, value: Value| {
        let mut case = good.clone();
        *case.pointer_mut(path).unwrap() = value;
        case["name"] = json!(format!("spoiled {path}"));
        case
    };
    let spoiled = [
        spoil("/hash", other["hash"].clone()),
        spoil("/xdr", other["xdr"].clone()),
        spoil("/passphrase", json!("another network")),
        spoil("/plan/sequence", json!("8")),
        spoil("/plan/max_time", json!(1_900_000_000)),
        spoil("/plan/memo", json!(["id", "424242"])),
        spoil("/plan/fee_per_operation", json!(99)),
        spoil(
            "/plan/operations/0",
            json!({ "type": "pay", "to": good["plan"]["payer"], "asset": "native", "amount": "1" }),
        ),
        spoil("/seeds", other["seeds"].clone()),
        spoil("/balance_ids", json!(["00"])),
        spoil("/fee_bump/xdr", other["fee_bump"]["xdr"].clone()),
        spoil("/fee_bump/fee", json!(1)),
    ];
    let names: Vec<_> =
        spoiled.iter().map(|case| format!("{}: ", case["name"].as_str().unwrap())).collect();
    let output = judge(&[&spoiled[..], &[good]].concat());
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{wrong}");
    for name in &names {
        assert!(wrong.lines().any(|line| line.starts_with(name)), "{name}: {wrong}");
    }
    assert!(
        wrong.contains(&format!("{} of {} envelopes", names.len(), names.len() + 1)),
        "{wrong}"
    );
}
