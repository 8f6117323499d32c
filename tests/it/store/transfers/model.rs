//! Random steps against a model of what must come of them.

use std::collections::{BTreeMap, HashMap};

use railpoll::engine::{
    Actor, Cause, Changes, MOVES, NewRefund, NewTransfer, Poller, Step, Transfer, TransferKind,
    TransferStatus, legal,
};
use railpoll::store::{Lease, Store, StoreError};

use super::{amount, blank, create, deposit, lease, read, withdrawal};
use crate::support::on_both;
use crate::support::payments::at;

/// Numbers that are as good as random, and the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

fn everyone() -> Vec<NewTransfer> {
    (0..12)
        .flat_map(|n| {
            let send = NewTransfer {
                kind: TransferKind::Send,
                status: TransferStatus::PendingSender,
                ..withdrawal(&format!("s{n}"))
            };
            let exchange = NewTransfer {
                amount_out: Some(amount("9")),
                amount_fee: Some(amount("1")),
                to_address: Some("G".to_owned()),
                ..blank(&format!("x{n}"), TransferKind::DepositExchange, TransferStatus::Incomplete)
            };
            [deposit(&format!("d{n}")), withdrawal(&format!("w{n}")), send, exchange]
        })
        .collect()
}

struct Actors(HashMap<&'static str, Lease>);

impl Actors {
    async fn hire(store: &Store) -> Self {
        let mut leases = HashMap::new();
        for poller in [Poller::PendingDeposits, Poller::Outgoing, Poller::Watch] {
            leases.insert(poller.name(), lease(store, poller, "place").await);
        }
        Self(leases)
    }

    fn lease(&self, actor: Actor) -> Option<&Lease> {
        self.0.get(actor.as_str())
    }
}

/// A refund that a step needs.
fn refund_of(step: &Step<'_>) -> NewRefund {
    NewRefund {
        refund_id: step.changes.refund_id.clone().unwrap(),
        transfer_id: Some(step.transfer.transfer_id.clone()),
        incoming: None,
        place: "place".to_owned(),
        amount: amount("1"),
        asset: "USD".to_owned(),
        destination: None,
        memo: None,
        beneficiary: None,
        reason: "a test".to_owned(),
    }
}

/// A legal step from where the transfer stands, if there is one for `by`.
fn legal_step<'a>(
    transfer: &'a Transfer,
    by: Actor,
    dice: &mut Dice,
    n: usize,
) -> Option<Step<'a>> {
    let rows: Vec<_> = MOVES
        .iter()
        .filter(|row| row.by == by && row.kinds.contains(&transfer.kind))
        .filter(|row| row.from.contains(&transfer.status))
        .collect();
    let row = rows.get(dice.below(rows.len().max(1)))?;
    let begins = matches!(row.cause, Cause::RefundDecided | Cause::ArrivalReturned);
    let money = (transfer.amount_in.is_none()
        && matches!(row.cause, Cause::Arrived | Cause::ArrivalHeld | Cause::ArrivalReturned))
    .then(|| amount("10"));
    let changes = Changes {
        refund_id: begins.then(|| format!("r{n}-{}", transfer.transfer_id)),
        amount_in: money,
        ..Changes::default()
    };
    Some(Step { transfer, to: row.to, cause: row.cause, changes })
}

#[test]
fn random_steps_do_what_the_model_does() {
    on_both(async |database| {
        let store = database.store().await;
        let actors = Actors::hire(&store).await;
        create(&store, &everyone()).await;
        let ids: Vec<String> = everyone().into_iter().map(|one| one.transfer_id).collect();
        let mut model: BTreeMap<String, Transfer> = BTreeMap::new();
        for id in &ids {
            model.insert(id.clone(), read(&store, id).await);
        }
        // Copies that somebody read a while ago.
        let mut stale = model.clone();
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
        let pollers = [Poller::PendingDeposits, Poller::Outgoing, Poller::Watch].map(Actor::Poller);
        let all = [&pollers[..], &[Actor::Operator]].concat();
        let mut moves = ids.len();
        for round in 0..90 {
            let by = all[dice.below(all.len())];
            let known = model.clone();
            let mut steps = Vec::new();
            for id in &ids {
                let copy = if dice.below(4) == 0 { &stale[id] } else { &known[id] };
                let busy = by == Actor::Operator && copy.is_refunding();
                if !busy && dice.below(3) > 0 {
                    steps.extend(legal_step(copy, by, &mut dice, round));
                }
            }
            let refunds: Vec<NewRefund> = steps
                .iter()
                .filter(|step| step.changes.refund_id.is_some())
                .map(refund_of)
                .collect();
            let time = at(1_000_000 + i64::try_from(round).unwrap());
            let moved = store
                .move_transfers(crate::support::by(actors.lease(by)), &steps, &refunds, time)
                .await
                .unwrap();
            for step in &steps {
                let id = &step.transfer.transfer_id;
                let fits = step.transfer.version == known[id].version;
                assert_eq!(moved.contains(id), fits, "round {round}: {step:?}");
                if fits {
                    model.insert(id.clone(), step.taken(time).unwrap());
                    moves += 1;
                }
            }
            refuse_something(&store, &actors, &known, &mut dice).await;
            if round % 7 == 0 {
                stale = model.clone();
            }
        }
        assert!(moves > 300, "{moves} moves are too few to tell");
        agree(&store, &model, moves).await;
    });
}

/// A step that the table does not have is refused, whoever makes it.
async fn refuse_something(
    store: &Store,
    actors: &Actors,
    known: &BTreeMap<String, Transfer>,
    dice: &mut Dice,
) {
    let transfers: Vec<&Transfer> = known.values().collect();
    let transfer = transfers[dice.below(transfers.len())];
    let to = TransferStatus::ALL[dice.below(TransferStatus::ALL.len())];
    let cause = Cause::ALL[dice.below(Cause::ALL.len())];
    if legal(transfer.kind, transfer.status, to, cause).is_ok() {
        return;
    }
    for lease in actors.0.values().map(Some).chain([None]) {
        let steps = [Step::new(transfer, to, cause)];
        let refused = store.move_transfers(crate::support::by(lease), &steps, &[], at(0)).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{steps:?}: {refused:?}");
    }
}

/// The database has what the model has, and its history, events and counts agree.
async fn agree(store: &Store, model: &BTreeMap<String, Transfer>, moves: usize) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (id, expected) in model {
        let story = store.transfer_story(id).await.unwrap().unwrap();
        assert_eq!(&story.transfer, expected);
        assert_eq!(i64::try_from(story.history.len()).unwrap(), expected.version, "{id}");
        assert_eq!(story.history.last().unwrap().status, expected.status.as_str());
        *counts.entry(expected.status.as_str()).or_default() += 1;
    }
    let told = store.transfer_counts().await.unwrap();
    let told: BTreeMap<&str, u64> =
        told.iter().map(|count| (count.status.as_str(), count.transfers)).collect();
    assert_eq!(told, counts);
    let mut versions: HashMap<String, i64> = HashMap::new();
    let mut events = 0;
    for event in store.events_after(0, 100_000).await.unwrap() {
        if event.subject.starts_with("transfer/") {
            let version = versions.entry(event.subject).or_default();
            *version += 1;
            assert_eq!(event.version, *version, "each version is told once, in order");
            events += 1;
        }
    }
    assert_eq!(events, moves);
}
