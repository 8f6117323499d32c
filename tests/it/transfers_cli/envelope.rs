//! Envelopes that wait for people: shown, signed with a wallet or with seeds, and sent.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use ed25519_dalek::{Signer as _, SigningKey};
use railpoll::engine::{Clock, RetryPolicy};
use railpoll::networks::stellar::{
    Authority, Envelope, Horizon, HorizonOptions, Keys as Seeds, NetworkId, SubmitAnswer,
};
use railpoll_sandbox::horizon::{HorizonOptions as SandboxOptions, Keys};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use stellar_strkey::ed25519::{PrivateKey, PublicKey};
use stellar_xdr::{
    DecoratedSignature, Limits, Memo, MuxedAccount, Operation, OperationBody, Preconditions,
    SequenceNumber, SetOptionsOp, Signature, SignatureHint, Signer, SignerKey, TimeBounds,
    TimePoint, Transaction, TransactionEnvelope, TransactionExt, TransactionV1Envelope, Uint256,
    WriteXdr as _,
};

use super::{check_keys, command, done, json, refused, run};
use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, Setting, on_both_kinds, us};
use crate::support::world::finish;

fn public(keys: &Keys) -> [u8; 32] {
    PublicKey::from_string(&keys.account()).unwrap().0
}

/// Puts the payments of our account under these keys too: of weight 1 each, and 3 are needed.
fn share_with(anchor: &Anchor, owners: &[Keys]) {
    let options = HorizonOptions {
        network: "stellar".to_owned(),
        horizon_url: anchor.horizon.url(),
        passphrase: anchor.horizon.passphrase(),
        timeout: std::time::Duration::from_secs(10),
        requests_per_second: 1_000,
        retry: RetryPolicy { max_attempts: 3, max_interval: std::time::Duration::from_millis(2) },
    };
    let horizon = Horizon::new(options, Clock::system(), |_| {}).unwrap();
    let wait = &anchor.transfers.world;
    let ours = Keys::of("distribution");
    let state = wait.wait(horizon.account(&ours.account())).unwrap().unwrap();
    let mut operations: Vec<Operation> = Vec::new();
    for owner in owners {
        let key = SignerKey::Ed25519(Uint256(public(owner)));
        operations.push(set(SetOptionsOp { signer: Some(Signer { key, weight: 1 }), ..nothing() }));
    }
    operations.push(set(SetOptionsOp { med_threshold: Some(3), ..nothing() }));
    let end = u64::try_from(Clock::system().now().timestamp() + 60).unwrap();
    let tx = Transaction {
        source_account: MuxedAccount::Ed25519(Uint256(public(&ours))),
        fee: 10_000,
        seq_num: SequenceNumber(state.source.sequence + 1),
        cond: Preconditions::Time(TimeBounds { min_time: TimePoint(0), max_time: TimePoint(end) }),
        memo: Memo::None,
        operations: operations.try_into().unwrap(),
        ext: TransactionExt::V0,
    };
    let mut envelope = TransactionV1Envelope { tx, signatures: Vec::new().try_into().unwrap() };
    let hash = envelope.hash(Sha256::digest(anchor.horizon.passphrase()).into()).unwrap();
    let seed = PrivateKey::from_string(&ours.seed()).unwrap();
    let signature = SigningKey::from_bytes(&seed.0).sign(&hash).to_bytes().to_vec();
    let [.., a, b, c, d] = public(&ours);
    let signature = DecoratedSignature {
        hint: SignatureHint([a, b, c, d]),
        signature: Signature(signature.try_into().unwrap()),
    };
    envelope.signatures = vec![signature].try_into().unwrap();
    let xdr = TransactionEnvelope::Tx(envelope).to_xdr_base64(Limits::none()).unwrap();
    let answer = wait.wait(horizon.submit(&xdr)).unwrap();
    assert!(matches!(answer, SubmitAnswer::Applied { .. }), "{answer:?}");
}

fn set(op: SetOptionsOp) -> Operation {
    Operation { source_account: None, body: OperationBody::SetOptions(op) }
}

fn nothing() -> SetOptionsOp {
    SetOptionsOp {
        inflation_dest: None,
        clear_flags: None,
        set_flags: None,
        master_weight: None,
        low_threshold: None,
        med_threshold: None,
        high_threshold: None,
        home_domain: None,
        signer: None,
    }
}

/// What a wallet with this key makes of an envelope.
fn signed(anchor: &Anchor, xdr: &str, keys: &Keys) -> String {
    let mut envelope = Envelope::parse(xdr, NetworkId::new(&anchor.horizon.passphrase())).unwrap();
    let seeds = Seeds::parse(&keys.seed()).unwrap();
    envelope.sign(&seeds, &[Authority::of_master_key(&keys.account())]).unwrap();
    envelope.to_xdr_base64().unwrap()
}

fn file(anchor: &Anchor, name: &str, text: &str, mode: u32) -> String {
    let path = anchor.transfers.world.folder.path().join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn xdr(anchor: &Anchor) -> String {
    done(anchor, &["envelope", "show", "d", "--xdr"]).trim().to_owned()
}

#[test]
fn an_account_of_several_is_paid_from_when_enough_have_signed() {
    on_both_kinds(|kind| {
        let anchor = Anchor::with(kind, &Setting::default(), SandboxOptions::default());
        let owners = ["ada", "bob", "eve"].map(Keys::of);
        share_with(&anchor, &owners);
        let customer = anchor.customer("customer");
        let none = refused(&anchor, &["envelope", "show", "d"]);
        assert!(none.contains("there is no envelope and no transfer d"), "{none}");
        anchor.create(&anchor.deposit("d", &customer.account()));
        let none = refused(&anchor, &["envelope", "show", "d"]);
        assert!(none.contains("there is no envelope for transfer d"), "{none}");
        anchor.send();
        let listed = json(&anchor, &["envelope", "list"]);
        assert_eq!((listed.len(), &listed[0]["status"]), (1, &json!("waiting_signatures")));
        let hash = listed[0]["envelope_id"].as_str().unwrap();
        let told = done(&anchor, &["envelope", "show", hash]);
        for words in [
            "waiting_signatures",
            "payment",
            &customer.account(),
            "transfer d",
            "Signatures missing",
            "2 needed",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
        let object = json(&anchor, &["envelope", "show", "d"]).remove(0);
        check_keys(
            &object,
            "envelope_id, network, source_account, sequence, status, attempts, fee, max_time, ledger, result, \
             created_at, sent_at, finished_at, payments, payer, memo_type, memo, operations, xdr, missing",
        );
        assert_eq!(object["missing"][0]["weight"], 2);
        assert_eq!(object["missing"][0]["account"], us());
        check_keys(&object["operations"][0], "operation, to, asset_id, amount");

        // A wallet's signature through a pipe, then seeds.
        let wallet = file(&anchor, "signed", &signed(&anchor, &xdr(&anchor), &owners[0]), 0o644);
        let mut sign =
            command(&anchor, &["envelope", "sign", "d", "--signed", "-", "--reason", "looked"]);
        let ended = finish(sign.stdin(Stdio::from(fs::File::open(&wallet).unwrap()))).expect(0);
        assert!(ended.stdout.contains("1 needed"), "{}", ended.stdout);
        let again =
            refused(&anchor, &["envelope", "sign", "d", "--signed", &wallet, "--reason", "looked"]);
        assert!(again.contains("no signature that is missing was given"), "{again}");
        anchor.send();
        assert_eq!(anchor.paid(), []);
        let seeds = file(&anchor, "seeds", &format!("# bob\n{}\n", owners[1].seed()), 0o600);
        let told =
            json(&anchor, &["envelope", "sign", hash, "--seeds", &seeds, "--reason", "looked"])
                .remove(0);
        check_keys(&told, "envelope_id, complete, missing");
        assert_eq!((&told["complete"], &told["missing"]), (&json!(true), &json!([])));
        anchor.send();
        assert_eq!(anchor.transfers.status("d"), "completed");
        anchor.check_paid(&[customer.account()]);
        let over =
            refused(&anchor, &["envelope", "sign", "d", "--seeds", &seeds, "--reason", "looked"]);
        assert!(over.contains("is done and takes no signatures"), "{over}");
        assert_eq!(json(&anchor, &["envelope", "show", "d"])[0]["missing"], json!(null));
        assert_eq!(done(&anchor, &["envelope", "list"]), "no envelope waits for signatures\n");
    });
}

#[test]
fn signatures_of_something_else_are_refused() {
    let setting = Setting { channels: 1, has_channel_seeds: false, ..Setting::default() };
    let anchor = Anchor::with(Kind::Sqlite, &setting, SandboxOptions::default());
    let customer = anchor.customer("customer");
    anchor.create(&anchor.deposit("d", &customer.account()));
    anchor.send();
    let before = xdr(&anchor);
    let channel = Keys::of("channel 0");
    let sign = |how: &str, name: &str| {
        refused(&anchor, &["envelope", "sign", "d", how, name, "--reason", "looked"])
    };

    let stranger = signed(&anchor, &before, &Keys::of("stranger"));
    let told = sign("--signed", &file(&anchor, "stranger", &stranger, 0o644));
    assert!(told.contains("no signature that is missing was given"), "{told}");
    let told = sign("--signed", &file(&anchor, "garbage", "AAAA", 0o644));
    assert!(told.contains("this is not an envelope"), "{told}");
    let told = sign("--signed", "no-such-file");
    assert!(told.contains("no-such-file cannot be read"), "{told}");
    let open = file(&anchor, "open", &channel.seed(), 0o644);
    let told = sign("--seeds", &open);
    assert!(told.contains("can be used by others (mode 644)"), "{told}");
    let wrong = file(&anchor, "wrong", "not a seed", 0o600);
    let told = sign("--seeds", &wrong);
    assert!(told.contains("line 1 is no seed") && !told.contains("not a seed"), "{told}");
    let both = run(
        &anchor,
        &["envelope", "sign", "d", "--seeds", &wrong, "--signed", "x", "--reason", "looked"],
    );
    assert_eq!(both.code, Some(64));
    assert_eq!(run(&anchor, &["envelope", "sign", "d", "--reason", "looked"]).code, Some(64));

    anchor.transfers.world.wait(anchor.horizon.go_down());
    let good = file(&anchor, "good", &channel.seed(), 0o600);
    let down = run(&anchor, &["envelope", "sign", "d", "--seeds", &good, "--reason", "looked"]);
    assert_eq!(down.code, Some(69), "{}", down.stderr);
    let shown = run(&anchor, &["envelope", "show", "d"]);
    assert_eq!(shown.code, Some(69));
    assert!(shown.stdout.contains(&customer.account()), "what it does is told: {}", shown.stdout);
    anchor.transfers.world.wait(anchor.horizon.come_up());
    assert_eq!(xdr(&anchor), before);
    done(&anchor, &["envelope", "sign", "d", "--seeds", &good, "--reason", "looked"]);
    anchor.send();
    assert_eq!(anchor.transfers.status("d"), "completed");
    anchor.check_paid(&[customer.account()]);
}
