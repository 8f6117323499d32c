//! Lists that can be read in pages and as streams.

use std::ops::Range;

use serde_json::Value;

use super::endpoint::HorizonEndpoint;
use super::history::{Header, History};
use super::keys::Key;
use super::network::{HorizonNetwork, account_key};
use super::problem::Problem;
use super::query::{Cursor, Query};
use super::{overview, render};

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Payments(Key),
    Transactions(Key),
    Ledgers,
}

impl List {
    /// Nothing, if the endpoint is no list.
    pub(super) fn of(endpoint: HorizonEndpoint, about: &str) -> Result<Option<Self>, Problem> {
        Ok(match endpoint {
            HorizonEndpoint::AccountPayments => Some(Self::Payments(account_key(about)?)),
            HorizonEndpoint::AccountTransactions => Some(Self::Transactions(account_key(about)?)),
            HorizonEndpoint::Ledgers => Some(Self::Ledgers),
            HorizonEndpoint::Root
            | HorizonEndpoint::FeeStats
            | HorizonEndpoint::Account
            | HorizonEndpoint::Transaction
            | HorizonEndpoint::Submit
            | HorizonEndpoint::SubmitAsync
            | HorizonEndpoint::ClaimableBalance
            | HorizonEndpoint::Friendbot
            | HorizonEndpoint::Sandbox
            | HorizonEndpoint::Unknown => None,
        })
    }
}

impl HorizonNetwork {
    /// The records of a list that Horizon knows, from the cursor on, as it tells them; and where each stands.
    pub(super) fn told(
        &self,
        list: List,
        query: &Query,
    ) -> Result<(Vec<Value>, Vec<String>), Problem> {
        let mut records = self.list(list, query)?;
        let token = |record: &Value| record["paging_token"].as_str().unwrap_or_default().to_owned();
        let places = records.iter().map(token).collect();
        for record in &mut records {
            self.distort_one(record);
        }
        Ok((records, places))
    }

    /// The same as they are.
    pub(super) fn list(&self, list: List, query: &Query) -> Result<Vec<Value>, Problem> {
        let (base, ledger) = (self.base.as_str(), &self.ledger);
        let history = &ledger.history;
        let end = ledger.horizon_end();
        let behind = u64::from(self.list_lag) << 32;
        let end = if list == List::Ledgers { end } else { end.saturating_sub(behind) };
        let elder = u64::from(self.elder) << 32;
        let (mut after, mut before) = (0, end);
        match (query.cursor, query.ascending) {
            (Cursor::None, _) => {}
            (Cursor::Now, true) => after = end,
            (Cursor::Now, false) => {}
            (Cursor::At(token), true) => after = token,
            (Cursor::At(token), false) => before = token.min(end),
        }
        if matches!(query.cursor, Cursor::At(token) if token < elder) {
            return Err(Problem::before_history());
        }
        after = after.max(elder.saturating_sub(1));
        let part = |list: &'_ [usize], token: &dyn Fn(usize) -> u64| {
            History::between(list, token, after, before)
        };
        let in_order = |range: Range<usize>| {
            let (start, end) = (range.start, range.end);
            range.map(move |at| if query.ascending { at } else { start + end - 1 - at })
        };
        Ok(match list {
            List::Payments(of) => {
                let all = history.payments(of);
                in_order(part(all, &|index| history.moved[index].toid))
                    .take(query.limit)
                    .map(|at| &history.moved[all[at]])
                    .map(|moved| render::payment(base, ledger, moved, query.join))
                    .collect()
            }
            List::Transactions(of) => {
                let all = history.transactions(of);
                in_order(part(all, &|index| history.transactions[index].toid))
                    .map(|at| &history.transactions[all[at]])
                    .filter(|applied| applied.successful || query.include_failed)
                    .take(query.limit)
                    .map(|applied| render::transaction(base, applied, applied.envelope.hash()))
                    .collect()
            }
            List::Ledgers => {
                let token = |header: &Header| u64::from(header.sequence) << 32;
                let all = &history.ledgers;
                let start = all.partition_point(|header| token(header) <= after);
                let end = all.partition_point(|header| token(header) < before);
                in_order(start..end.max(start))
                    .take(query.limit)
                    .map(|at| overview::ledger(base, &all[at]))
                    .collect()
            }
        })
    }
}
