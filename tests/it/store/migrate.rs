//! The schema and its versions.

use std::thread;

use railpoll::store::{Schema, Store, StoreError};

use crate::support::{TestDatabase, on_both, on_both_bare, run};

#[test]
fn an_empty_database_is_older_until_it_is_migrated() {
    on_both_bare(async |database| {
        let store = Store::create(&database.url).await.unwrap();
        store.ping().await.unwrap();
        let Schema { found, own } = store.schema().await.unwrap();
        assert_eq!(found, 0);
        let old = store.expect_current().await.unwrap_err();
        assert!(matches!(old, StoreError::Older { found: 0, .. }));
        assert!(old.to_string().contains("railpoll migrate"), "{old}");
        assert_eq!(store.migrate().await.unwrap(), Schema { found: 0, own });
        assert_eq!(store.migrate().await.unwrap(), Schema { found: own, own });
        store.expect_current().await.unwrap();
        store.close().await;
    });
}

#[test]
fn a_newer_database_is_refused_and_left_alone() {
    on_both(async |database| {
        let store = database.store().await;
        let mut person = database.person().await;
        let own = person.count("_sqlx_migrations").await;
        person
            .execute(
                "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 SELECT 999, 'from the future', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
            )
            .await
            .unwrap();
        for refused in [store.migrate().await.map(drop), store.expect_current().await] {
            let refused = refused.unwrap_err();
            assert!(matches!(refused, StoreError::Newer { found: 999, .. }), "{refused}");
            assert!(refused.to_string().contains("upgrade railpoll"), "{refused}");
        }
        assert_eq!(person.count("_sqlx_migrations").await, own + 1);
    });
}

#[test]
fn six_processes_may_open_and_migrate_at_once() {
    on_both_bare(async |database| {
        thread::scope(|scope| {
            let open = || {
                run(async {
                    let store = Store::create(&database.url).await?;
                    store.migrate().await?;
                    store.expect_current().await
                })
            };
            let handles: Vec<_> = (0..6).map(|_| scope.spawn(open)).collect();
            for handle in handles {
                handle.join().unwrap().unwrap();
            }
        });
    });
}

#[test]
fn a_database_that_can_not_write_every_text_is_refused() {
    let database = TestDatabase::in_encoding("LATIN1");
    run(async {
        let store = Store::create(&database.url).await.unwrap();
        let refused = store.migrate().await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused(_)));
        assert!(refused.to_string().contains("LATIN1"), "{refused}");
        assert_eq!(store.schema().await.unwrap().found, 0);
    });
}

#[test]
fn a_url_leads_where_it_says_or_is_an_error() {
    let open = |url: &str| run(Store::create(url)).map(drop);
    assert!(matches!(open("mysql://x"), Err(StoreError::Url(_))));
    assert!(open("sqlite:/nowhere/at/all/railpoll.db").is_err());
    let folder = tempfile::tempdir().unwrap();
    for slashes in ["", "//", "///"] {
        let file = folder.path().join(format!("{}.db", slashes.len()));
        open(&format!("sqlite:{slashes}{}", file.display())).unwrap();
        assert!(file.exists(), "{slashes}");
    }
}
