//! Customers who pay in by themselves, some of them wrongly.

use bigdecimal::BigDecimal;

use super::options::Customers;
use super::reading::ExpectedDeposit;
use crate::random::Chance;

/// What a customer without a known amount pays.
const USUAL: i32 = 10;

/// What a customer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    Announce,
    Pay(BigDecimal),
    /// The bank sends the money back.
    Bounce,
}

/// What a customer does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    Forgotten,
    Bounced,
    Short,
    Over,
}

/// What the customer of a deposit has done by the time that the bank is asked about it the `times`-th time.
///
/// `unit` is the smallest unit of the currency.
pub(super) fn act(
    customers: &Customers,
    seed: u64,
    expected: &ExpectedDeposit,
    times: u64,
    unit: &BigDecimal,
) -> Option<Act> {
    let mistake = Chance::about(seed, &expected.transfer_id).one_of([
        (customers.forgotten, Mistake::Forgotten),
        (customers.failed, Mistake::Bounced),
        (customers.short, Mistake::Short),
        (customers.over, Mistake::Over),
    ]);
    let silent = u64::from(customers.silent);
    if mistake == Some(Mistake::Forgotten) || times <= silent {
        return None;
    }
    if times <= silent + u64::from(customers.announced) {
        return Some(Act::Announce);
    }
    let asked = expected.amount.as_deref().and_then(|text| text.parse::<BigDecimal>().ok());
    let right = asked.unwrap_or_else(|| BigDecimal::from(USUAL));
    Some(match mistake {
        Some(Mistake::Bounced) => Act::Bounce,
        Some(Mistake::Short) if right > *unit => Act::Pay(right - unit),
        Some(Mistake::Over) => Act::Pay(right + unit),
        Some(Mistake::Short | Mistake::Forgotten) | None => Act::Pay(right),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn deposit(n: u32) -> ExpectedDeposit {
        ExpectedDeposit {
            transfer_id: format!("t-{n}"),
            subject: None,
            amount: Some("5.00".to_owned()),
            currency: "USD".to_owned(),
            since: String::new(),
        }
    }

    fn at(customers: &Customers, n: u32, times: u64) -> Option<Act> {
        act(customers, 1, &deposit(n), times, &"0.01".parse().unwrap())
    }

    #[test]
    fn a_deposit_is_silent_then_announced_then_there() {
        let customers = Customers { silent: 2, announced: 1, ..Customers::default() };
        let acts: Vec<Option<Act>> = (1..=4).map(|times| at(&customers, 1, times)).collect();
        let paid = Some(Act::Pay("5.00".parse().unwrap()));
        assert_eq!(acts, [None, None, Some(Act::Announce), paid.clone()]);
    }

    #[test]
    fn mistakes_keep_their_rates() {
        let customers = Customers {
            silent: 0,
            announced: 0,
            short: 100,
            over: 100,
            failed: 100,
            forgotten: 100,
        };
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        for n in 0..10_000 {
            let what = match at(&customers, n, 1) {
                None => "forgotten".to_owned(),
                Some(Act::Announce) => "announced".to_owned(),
                Some(Act::Bounce) => "bounced".to_owned(),
                Some(Act::Pay(amount)) => amount.to_plain_string(),
            };
            *seen.entry(what).or_default() += 1;
        }
        for mistake in ["forgotten", "bounced", "4.99", "5.01"] {
            assert!((850..1150).contains(&seen[mistake]), "{mistake}: {seen:?}");
        }
        assert_eq!(seen.len(), 5, "{seen:?}");
    }
}
