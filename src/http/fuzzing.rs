//! What must hold for every body that comes, whoever sent it.

use serde_json::value::RawValue;

use super::{Cut, brief, printable, problem_text};
use crate::engine::members;
use crate::fuzzing::assert_told;

/// A body is cut as JSON is, and what is no JSON hurts nobody.
pub fn cut(data: &[u8]) {
    let whole = Cut::object(data);
    let beginning = Cut::beginning(data);
    if let Err(why) = &whole {
        assert_told(why);
    }
    // The judge is serde's own reading, which knows nothing of ours.
    let Ok(json) = serde_json::from_slice::<&RawValue>(data) else {
        touch(&beginning, &["content", "payment_id", "", "\u{fffd}"]);
        return;
    };
    let Ok(members) = members(json) else {
        assert!(!json.get().starts_with('{') || whole.is_ok(), "an object is cut");
        return;
    };
    assert!(whole.is_ok(), "{json}");
    for cut in [whole.as_ref(), Ok(&beginning)].into_iter().flatten() {
        for (name, value) in &members {
            let named = members.iter().filter(|(other, _)| other == name).count();
            match cut.field(name) {
                Ok(Some(found)) => {
                    assert_eq!(named, 1, "{name} is there twice");
                    assert_eq!(found, value.get().as_bytes(), "{name}");
                    let raw = cut.raw(name).map(RawValue::get);
                    assert_eq!(raw, Some(value.get()).filter(|value| *value != "null"));
                }
                Ok(None) => assert!(members.is_empty(), "{name} is there, and not found"),
                Err(why) => {
                    assert!(named > 1, "{name}: {why}");
                    assert_told(&brief(&why));
                }
            }
            assert_list(cut, name, value);
        }
    }
}

/// A list is cut into as many items as it has.
fn assert_list(cut: &Cut<'_>, name: &str, value: &RawValue) {
    let items = serde_json::from_str::<Vec<&RawValue>>(value.get());
    match (items, cut.list(name)) {
        (Ok(items), Ok(found)) => {
            assert_eq!(items.len(), found.len());
            for (item, found) in items.iter().zip(&found) {
                assert_eq!(item.get().as_bytes(), *found);
            }
            assert_eq!(cut.first_of(name), found.first().copied());
        }
        (Ok(_), Err(_)) => assert!(cut.field(name).is_err(), "{name} is a list"),
        (Err(_), found) => assert!(found.is_err() || value.get().starts_with('['), "{name}"),
    }
    touch(cut, &[name]);
}

fn touch(cut: &Cut<'_>, names: &[&str]) {
    for name in names {
        let text = cut.text(name);
        assert!(text.is_none() || cut.raw(name).is_some());
        if let Ok(inner) = cut.inner(name) {
            assert!(inner.field(name).is_ok() || inner.text(name).is_none());
        }
        let items = cut.list(name).unwrap_or_default();
        assert!(items.iter().all(|item| printable(item).len() >= item.len() / 3));
    }
}

/// An error body makes one short line, and never more.
pub fn problem(data: &[u8]) {
    for status in [100, 302, 400, 404, 500, 999] {
        let text = problem_text(status, data);
        assert_told(&text);
        assert!(!text.trim().is_empty(), "{text:?} says nothing");
    }
}
