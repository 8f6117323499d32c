//! What money that comes in may be for. Each kind of claimant is looked up in a way of its own.

use std::collections::HashSet;

use serde_json::json;

use crate::engine::{MemoKey, Transfer};
use crate::store::db::Sql;
use crate::store::db::values::Arg;
use crate::store::transfers::rows::{kept, transfer_from};
use crate::store::{Store, StoreError};

/// In PostgreSQL each key is looked up by itself: see `known`.
const BY_MEMO: Sql = Sql::Each {
    sqlite: "SELECT t.* FROM json_each($1) k JOIN transfers t ON t.memo = k.value ->> 'memo' AND t.account = k.value ->> 'account' \
                 AND t.memo_type = k.value ->> 'memo_type'",
    postgres: "SELECT t.* FROM jsonb_to_recordset($1) AS k (account text, memo text, memo_type text) CROSS JOIN LATERAL \
               (SELECT * FROM transfers WHERE memo = k.memo AND account = k.account AND memo_type = k.memo_type OFFSET 0) t",
};

const BY_SUBJECT: Sql = Sql::Each {
    sqlite: "SELECT * FROM transfers WHERE rail = $1 AND comes_in = 'rail' AND subject_key IN (SELECT value FROM json_each($2))",
    postgres: "SELECT t.* FROM unnest($2::text[]) AS k (subject) CROSS JOIN LATERAL \
               (SELECT * FROM transfers WHERE subject_key = k.subject AND rail = $1 AND comes_in = 'rail' OFFSET 0) t",
};

impl Store {
    /// The transfers that these keys lead to, whether they are over or not. Subjects are of the rail `source`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn transfers_for(
        &self,
        source: &str,
        keys: &[MemoKey],
    ) -> Result<Vec<Transfer>, StoreError> {
        let (mut memos, mut subjects) = (Vec::new(), Vec::new());
        for key in keys.iter().collect::<HashSet<_>>() {
            match key {
                MemoKey::Memo { account, memo } => memos.push(json!({
                    "account": kept(account), "memo": kept(&memo.text()), "memo_type": memo.memo_type(),
                })),
                MemoKey::Subject(subject) => subjects.push(subject.clone()),
            }
        }
        let mut rows = Vec::new();
        if !memos.is_empty() {
            rows.extend(self.db.rows(BY_MEMO, &[Arg::Json(json!(memos).to_string())]).await?);
        }
        if !subjects.is_empty() {
            let args = [Arg::Text(source), Arg::Texts(subjects)];
            rows.extend(self.db.rows(BY_SUBJECT, &args).await?);
        }
        rows.iter().map(transfer_from).collect()
    }
}
