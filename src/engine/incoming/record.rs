//! A payment that reached us, as its source tells it.

use chrono::{DateTime, Utc};

use crate::engine::{Amount, Memo, words};

words! {
    /// How we know of money.
    pub enum IncomingKind: "kind of incoming money" {
        /// A network, or a rail, has told of it.
        OnChain = "on_chain",
        /// A person has credited it.
        Manual = "manual",
    }
}

/// A payment that reached an account of ours, on a network or on a rail that tells a feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// The source's id of it: the operation's number on the network, or the rail's row. Where a network can take back what
    /// it has told, what it tells anew has another.
    pub incoming_id: String,
    /// The configured network's or rail's name.
    pub source: String,
    /// The account of ours that it reached.
    pub account: String,
    /// Who paid.
    pub from: Option<String>,
    /// How much has reached us.
    pub amount: Amount,
    /// What the rail kept of what was paid, if it tells.
    pub fee: Option<Amount>,
    /// Of what: `CODE:ISSUER`, `native`, or a currency.
    pub asset: String,
    /// The memo that it carries.
    pub memo: Option<Memo>,
    /// The subject that it carries, on a rail.
    pub subject: Option<String>,
    /// The id in the muxed address that it was paid to.
    pub muxed_id: Option<u64>,
    /// The transaction's hash, or the rail's reference.
    pub reference: String,
    /// When, by the source's clock.
    pub at: DateTime<Utc>,
    /// As the source told it.
    pub raw: String,
}

/// What names an incoming payment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IncomingKey {
    /// The configured network's or rail's name.
    pub source: String,
    /// The source's id of it.
    pub incoming_id: String,
}

impl IncomingKey {
    /// What events, alerts and the audit call it.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("incoming/{}/{}", self.source, self.incoming_id)
    }
}

impl Incoming {
    /// What names it.
    #[must_use]
    pub fn key(&self) -> IncomingKey {
        IncomingKey { source: self.source.clone(), incoming_id: self.incoming_id.clone() }
    }

    /// In what `other`, which is told under the same key, is not the same money: which fact it is, what it was, and what it is
    /// now. What one of them does not tell is no contradiction, and no more is how or when it is told.
    #[must_use]
    pub fn contradicted_by(&self, other: &Self) -> Option<(&'static str, String, String)> {
        let both = |was: Option<&String>, is: Option<&String>| Some((was?.clone(), is?.clone()));
        let memo = |one: &Self| one.memo.as_ref().map(ToString::to_string);
        let facts = [
            ("amount", Some((self.amount.to_string(), other.amount.to_string()))),
            ("asset", both(Some(&self.asset), Some(&other.asset))),
            ("account", both(Some(&self.account), Some(&other.account))),
            ("reference", both(Some(&self.reference), Some(&other.reference))),
            ("from", both(self.from.as_ref(), other.from.as_ref())),
            ("memo", both(memo(self).as_ref(), memo(other).as_ref())),
            ("subject", both(self.subject.as_ref(), other.subject.as_ref())),
        ];
        facts.into_iter().find_map(|(fact, told)| {
            let (was, is) = told?;
            // 10 is 10.00.
            let is_same = was == is || (fact == "amount" && self.amount == other.amount);
            (!is_same).then_some((fact, was, is))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fixtures::at;

    fn paid() -> Incoming {
        Incoming {
            incoming_id: "1".to_owned(),
            source: "stellar".to_owned(),
            account: "GUS".to_owned(),
            from: Some("GPAYER".to_owned()),
            amount: "10".parse().unwrap(),
            fee: None,
            asset: "native".to_owned(),
            memo: Some(Memo::Id(7)),
            subject: None,
            muxed_id: None,
            reference: "hash".to_owned(),
            at: at(1),
            raw: "{}".to_owned(),
        }
    }

    #[test]
    fn other_money_under_the_same_key_is_told_from_the_same_told_again() {
        let one = paid();
        assert_eq!(one.key().subject(), "incoming/stellar/1");
        let again = Incoming {
            amount: "10.00".parse().unwrap(),
            from: None,
            memo: None,
            at: at(2),
            raw: "[]".to_owned(),
            ..paid()
        };
        assert_eq!(one.contradicted_by(&again), None);
        let more = Incoming { amount: "11".parse().unwrap(), ..paid() };
        let told = ("amount", "10".to_owned(), "11".to_owned());
        assert_eq!(one.contradicted_by(&more), Some(told));
        let (fact, ..) =
            one.contradicted_by(&Incoming { memo: Some(Memo::Id(8)), ..paid() }).unwrap();
        assert_eq!(fact, "memo");
        let (fact, ..) =
            one.contradicted_by(&Incoming { from: Some("GX".to_owned()), ..paid() }).unwrap();
        assert_eq!(fact, "from");
    }
}
