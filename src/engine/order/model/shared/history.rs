//! Histories that follow from a seed.

use std::collections::BTreeMap;

use super::engine::Amount;
use super::engine::order::{
    FreeText, Late, OrderTerms, Overpayment, ReferencePattern, ReferenceRules, TermsOfShops,
    Tolerance,
};
use super::{Fact, Happening, Wished};

/// `shop` is strict, and gives credit; `mall` forgives 1, sends back what is too much, takes what is an hour late, and reads
/// other names and free text.
pub(crate) fn terms() -> TermsOfShops {
    let one: Amount = "1".parse().unwrap();
    let mall = OrderTerms {
        tolerance: Tolerance::Amount(one),
        overpayment: Overpayment::Refund,
        late: Late::Accept(chrono::TimeDelta::hours(1)),
        reference: ReferenceRules {
            by_alt_id: true,
            pattern: ReferencePattern::parse("invoice {}"),
            free_text: Some(FreeText::Hash),
        },
        ..OrderTerms::default()
    };
    TermsOfShops::new(BTreeMap::from([
        ("shop".to_owned(), OrderTerms::default()),
        ("mall".to_owned(), mall),
    ]))
}

/// The facts that follow from a seed: so many at least, each possible or not.
pub(crate) fn history(seed: u64, facts: usize) -> Vec<Happening> {
    let mut dice = Dice(seed);
    let mut told: Vec<Happening> = Vec::new();
    let mut at = 0;
    while told.len() < facts {
        let number = told.len();
        // Now and then something is told twice, or one thing leads to the next.
        let next = match dice.below(60) {
            0 => dice.late(number),
            1 => dice.freed(number),
            2 => dice.paid(number),
            3..=7 if number > 0 => vec![(0, told[dice.below(number)].fact.clone())],
            _ => vec![(dice.pause(), dice.fact(number))],
        };
        for (pause, fact) in next {
            at += pause;
            told.push(Happening { at, fact });
        }
    }
    told
}

/// Numbers that follow from a seed: splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(sides).unwrap()).unwrap()
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    fn perhaps<T>(&mut self, chance: usize, some: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(chance) == 0).then(|| some(self))
    }

    /// Mostly minutes; now and then so long that what is open is over.
    fn pause(&mut self) -> i64 {
        match self.below(30) {
            0 => 2 * 3600 + 1,
            1 => 49 * 3600,
            2 => 0,
            _ => i64::try_from(self.below(600)).unwrap(),
        }
    }

    /// An order expires, and its money comes a little late.
    fn late(&mut self, number: usize) -> Vec<(i64, Fact)> {
        let (shop, order) = (self.of(&["shop", "mall", "mall"]), format!("late{number}"));
        let (id, wallet) = (format!("m{number}"), self.wallet());
        let comes = Fact::Ordered {
            shop,
            order: order.clone(),
            alt_id: None,
            customer: Some(self.customer()),
            price: "60".to_owned(),
            claim: None,
        };
        let amount = self.of(&["40", "59.5", "60", "100"]).to_owned();
        let memo = Self::named(shop, &order);
        let pays = Fact::Received { shop, id: id.clone(), wallet, asset: "xtr", amount, memo };
        let pause = i64::try_from(self.below(4000)).unwrap();
        vec![(9, comes), (7201, Fact::Swept), (pause, pays), (9, Fact::Confirmed { id })]
    }

    /// How a memo names an order at a shop.
    fn named(shop: &str, order: &str) -> String {
        if shop == "mall" { format!("invoice {order}") } else { order.to_owned() }
    }

    /// An order is paid, or nearly, and paid again or its money taken back.
    fn paid(&mut self, number: usize) -> Vec<(i64, Fact)> {
        let (shop, order, wallet) = (self.shop(), format!("paid{number}"), self.wallet());
        let comes = Fact::Ordered {
            shop,
            order: order.clone(),
            alt_id: None,
            customer: Some(self.customer()),
            price: "60".to_owned(),
            claim: None,
        };
        let memo = Self::named(shop, &order);
        let mut pays = |id: String| {
            let amount = self.of(&["59.5", "60", "100"]).to_owned();
            let (wallet, memo) = (wallet.clone(), memo.clone());
            Fact::Received { shop, id, wallet, asset: "xtr", amount, memo }
        };
        let (first, second) = (format!("m{number}"), format!("s{number}"));
        vec![
            (9, comes),
            (9, pays(first.clone())),
            (9, Fact::Confirmed { id: first.clone() }),
            (9, pays(second.clone())),
            (9, Fact::Confirmed { id: second }),
            (9, Fact::Reversed { id: first }),
        ]
    }

    /// Money was kept for an order that ends: it is free for others of its customer.
    fn freed(&mut self, number: usize) -> Vec<(i64, Fact)> {
        let (shop, wallet, customer) = (self.shop(), self.wallet(), self.customer());
        let order = |order: &str, price: &str| Fact::Ordered {
            shop,
            order: format!("{order}{number}"),
            alt_id: None,
            customer: Some(customer.clone()),
            price: price.to_owned(),
            claim: Some(wallet.clone()),
        };
        let (id, memo) = (format!("m{number}"), Self::named(shop, &format!("big{number}")));
        let (asset, amount) = ("xtr", "60".to_owned());
        let pays =
            Fact::Received { shop, id: id.clone(), wallet: wallet.clone(), asset, amount, memo };
        let cancel = Fact::Wished { shop, order: format!("big{number}"), wish: Wished::Cancel };
        vec![
            (9, order("big", "1000")),
            (9, order("small", "50")),
            (9, pays),
            (9, Fact::Confirmed { id }),
            (9, cancel),
            (9, Fact::SettledWallet { wallet }),
        ]
    }

    fn shop(&mut self) -> &'static str {
        self.of(&["shop", "shop", "mall"])
    }

    fn order(&mut self) -> String {
        self.of(&["1", "2", "3", "4", "5", "6"]).to_owned()
    }

    fn customer(&mut self) -> String {
        self.of(&["alice", "bob", "carol"]).to_owned()
    }

    fn wallet(&mut self) -> String {
        self.of(&["a", "b", "c", "n"]).to_owned()
    }

    fn amount(&mut self) -> String {
        self.of(&["5", "10", "25", "40", "59.5", "60", "99", "100"]).to_owned()
    }

    fn money(&mut self) -> String {
        format!("p{}", self.below(12))
    }

    fn memo(&mut self) -> String {
        let order = self.order();
        match self.below(8) {
            0..=3 => order,
            4 => format!("#{order}"),
            5 => format!("for order {order}, thanks"),
            6 => format!("invoice {order}"),
            _ => String::new(),
        }
    }

    fn fact(&mut self, number: usize) -> Fact {
        match self.below(26) {
            0..=4 => self.ordered(),
            5..=10 => Fact::Received {
                shop: self.shop(),
                id: self.money(),
                wallet: self.wallet(),
                asset: self.of(&["xtr", "xtr", "xtr", "xtr", "xtr", "xtr", "eur"]),
                amount: self.amount(),
                memo: self.memo(),
            },
            11..=15 => Fact::Confirmed { id: self.money() },
            16 => self.undone(),
            17 | 18 => {
                let (shop, order, wallet) = (self.shop(), self.order(), self.wallet());
                Fact::Claimed { shop, order, wallet }
            }
            19 => {
                let (shop, customer) = (self.shop(), self.customer());
                let amount = self.of(&["15", "45", "105", "-20", "0"]).to_owned();
                Fact::Noted { shop, id: format!("n{number}"), customer, amount }
            }
            20..=22 => {
                Fact::Wished { shop: self.shop(), order: self.order(), wish: self.wish(number) }
            }
            23 => self.settled(),
            _ => Fact::Swept,
        }
    }

    fn ordered(&mut self) -> Fact {
        let (shop, order) = (self.shop(), self.order());
        let claim = self.perhaps(3, Self::wallet);
        Fact::Ordered {
            shop,
            alt_id: self.perhaps(2, |_| format!("#{order}")),
            order,
            customer: self.perhaps(6, |_| ()).map_or_else(|| Some(self.customer()), |()| None),
            price: self.of(&["0", "10", "25", "50", "60", "100", "100"]).to_owned(),
            claim,
        }
    }

    fn undone(&mut self) -> Fact {
        let id = self.money();
        match self.below(4) {
            0 => Fact::Reversed { id },
            1 => Fact::ShopCancelled { shop: self.shop(), order: self.order() },
            _ => Fact::Cancelled { id },
        }
    }

    fn settled(&mut self) -> Fact {
        if self.below(2) == 0 {
            Fact::SettledWallet { wallet: self.wallet() }
        } else {
            Fact::SettledCustomer { shop: self.shop(), customer: self.customer() }
        }
    }

    fn wish(&mut self, number: usize) -> Wished {
        match self.below(8) {
            0 => Wished::Fulfil { id: format!("n{number}") },
            1 | 2 => Wished::Cancel,
            3 => Wished::Memo(self.of(&["gift", "rush"]).to_owned()),
            4 => Wished::Price(self.of(&["0", "10", "25", "99"]).to_owned()),
            5 => Wished::Reassign(self.customer()),
            _ => Wished::Reset,
        }
    }
}
