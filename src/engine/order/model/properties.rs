//! What holds after each fact, in thousands of histories.

use std::collections::BTreeMap;

use super::shared::{Happening, Keeper, history, terms};
use super::{Answer, Fact, engine};
use engine::IncomingStatus;
use engine::books::{Balance, BookAccount, Entry};
use engine::order::{OrderStatus, legal};

/// The books, the credits and the orders fit together.
fn fits(keeper: &Keeper, seed: u64) {
    let mut sums: BTreeMap<(BookAccount, String), Balance> = BTreeMap::new();
    for entry in &keeper.entries {
        let again = Entry::new(entry.kind, entry.occasion.clone(), entry.lines().to_vec());
        assert_eq!(again.as_ref(), Ok(entry), "seed {seed}: it is balanced");
        for line in entry.lines() {
            let key = (line.account.clone(), line.asset.clone());
            let sum = sums.entry(key).or_insert_with(Balance::zero);
            *sum = sum.plus(&line.amount);
        }
    }
    for ((wallet, asset), credit) in &keeper.credits {
        let account = (BookAccount::Wallet(wallet.clone()), asset.clone());
        assert_eq!(sums.get(&account), Some(credit), "seed {seed}: {wallet}");
    }
    for order in keeper.orders.values() {
        let paid = sums.get(&(order.key.account(), order.asset.clone()));
        let paid = paid.cloned().unwrap_or_else(Balance::zero);
        let subject = order.key.subject();
        let heard = |told: &&(String, &str)| told.0 == subject && told.1 == "order.paid";
        let heard = keeper.events.iter().filter(heard).count();
        if order.status == OrderStatus::Paid {
            let price = Balance::of(order.price.clone());
            assert_eq!((paid, heard), (price, 1), "seed {seed}: {subject}");
        } else {
            assert_eq!((paid.is_zero(), heard), (true, 0), "seed {seed}: {subject}");
            assert!(
                !order.price.is_zero() || !order.status.is_open(),
                "seed {seed}: {subject} of 0"
            );
        }
    }
}

/// What holds between before and after a fact.
fn follows(before: &Keeper, after: &Keeper, happening: &Happening, answer: &Answer, seed: u64) {
    let told = |what: &str| format!("seed {seed}, {happening:?}: {what}");
    if *answer != Answer::Done {
        assert_eq!(before.events, after.events, "{}", told("a refusal is no news"));
        assert_eq!(before.orders, after.orders, "{}", told("a refusal changes nothing"));
        assert_eq!(before.links, after.links, "{}", told("a refusal links nobody"));
        assert_eq!(
            before.entries.len(),
            after.entries.len(),
            "{}",
            told("a refusal books nothing")
        );
    }
    for step in &after.steps[before.steps.len()..] {
        if let Some(cause) = step.cause.filter(|_| step.from != Some(step.after.status)) {
            assert_eq!(legal(step.from, step.after.status, cause), Ok(()), "{}", told("a move"));
        }
    }
    let may_owe = matches!(happening.fact, Fact::Reversed { .. } | Fact::Noted { .. });
    for (key, credit) in &after.credits {
        let had = before.credits.get(key).cloned().unwrap_or_else(Balance::zero);
        let least = had.min(Balance::zero());
        assert!(may_owe || *credit >= least, "{}", told(&format!("{key:?} owes {credit}")));
    }
    for (key, order) in &before.orders {
        let is = &after.orders[key];
        assert!(
            order.status != OrderStatus::Paid || is.status == OrderStatus::Paid,
            "{}",
            told("paid is final")
        );
        assert!(
            is.version >= order.version && is.arrival == order.arrival,
            "{}",
            told("versions rise")
        );
    }
    for (key, money) in &before.money {
        let is = &after.money[key];
        assert_eq!(
            (&is.wallet, &is.amount, &is.asset),
            (&money.wallet, &money.amount, &money.asset)
        );
        let was_found = money.order.is_none() || is.order == money.order;
        assert!(
            was_found || is.status == IncomingStatus::Cancelled,
            "{}",
            told("an order is kept")
        );
    }
}

/// After money was final, nothing is left that its sender's customers could pay.
fn nothing_is_left(after: &Keeper, happening: &Happening, seed: u64) {
    let Fact::Confirmed { id } = &happening.fact else { return };
    let Some(money) = after.money.values().find(|money| money.key.incoming_id == *id) else {
        return;
    };
    let mut settled = after.clone();
    settled.takes(&Fact::SettledWallet { wallet: money.wallet.clone() });
    assert_eq!(settled.settlements, after.settlements, "seed {seed}, {happening:?}");
}

#[test]
fn in_two_thousand_histories_everything_fits_after_each_fact() {
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 1..=2_000 {
        let mut keeper = Keeper::new(terms());
        for happening in history(seed, 50) {
            let before = keeper.clone();
            let answer = keeper.happens(&happening);
            follows(&before, &keeper, &happening, &answer, seed);
            if keeper.events.len() > before.events.len() {
                fits(&keeper, seed);
                nothing_is_left(&keeper, &happening, seed);
            }
        }
        let entries = keeper.entries.iter().map(|entry| entry.kind.to_string());
        let causes =
            keeper.steps.iter().filter_map(|step| step.cause).map(|one| format!("cause {one}"));
        let reviews = keeper.reviews.iter().map(|review| format!("review {}", review.why));
        let statuses = keeper.money.values().map(|money| format!("money {}", money.status));
        for what in entries.chain(causes).chain(reviews).chain(statuses) {
            *met.entry(what).or_default() += 1;
        }
    }
    // The histories meet all that there is: what they never meet they do not judge.
    use engine::order::{OrderCause, ReviewWhy};
    let causes = OrderCause::ALL.map(|cause| format!("cause {cause}"));
    let reviews = ReviewWhy::ALL.map(|why| format!("review {why}"));
    let statuses = IncomingStatus::ALL.map(|status| format!("money {status}"));
    let entries = ["confirmed", "settlement", "credit_note", "tolerance", "refund", "reversal"];
    for what in causes.iter().chain(&reviews).chain(&statuses).map(String::as_str).chain(entries) {
        assert!(met.get(what).is_some_and(|count| *count > 5), "{what}: {met:#?}");
    }
}

#[test]
fn a_history_is_the_same_for_ever() {
    assert_eq!(history(7, 60), history(7, 60));
    assert_ne!(history(7, 60), history(8, 60));
}
