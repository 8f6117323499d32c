//! What docs/commands.md says of the objects of `--json`, and whether a command that was run keeps to it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/commands.md");

/// Keys by name; of a key that has objects, what keys these have.
type Keys = BTreeMap<String, BTreeSet<String>>;

/// The rows of the table: words of a command, and the keys of its objects.
static TABLE: LazyLock<Vec<(Vec<String>, Keys)>> = LazyLock::new(|| {
    let rows = PAGE.lines().skip_while(|line| *line != "| command | keys |").skip(2);
    let mut table: Vec<(Vec<String>, Keys)> = Vec::new();
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [commands, told] = cells[..] else { panic!("two cells: {row}") };
        let above = table.last().map(|(_, keys)| keys.clone()).unwrap_or_default();
        let begun = if told.starts_with("these, and") { above } else { Keys::new() };
        let keys = keys_of(told, begun);
        for (command, _) in spans(commands) {
            let words = command.split(' ').map(str::to_owned).collect();
            table.push((words, keys.clone()));
        }
    }
    assert!(table.len() > 30, "{table:?}");
    table
});

/// What stands between backticks, and whether in brackets.
fn spans(text: &str) -> Vec<(&str, bool)> {
    let mut depth = 0;
    let mut found = Vec::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            found.push((part, depth > 0));
        } else {
            depth += part.matches('(').count();
            depth -= part.matches(')').count();
        }
    }
    found
}

fn keys_of(told: &str, mut keys: Keys) -> Keys {
    let is_key = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let mut last = None;
    for (span, is_inner) in spans(told) {
        let words: Vec<&str> = span.split(", ").collect();
        if !words.iter().all(|word| is_key(word)) {
            continue;
        }
        for word in words {
            if !is_inner {
                keys.entry(word.to_owned()).or_default();
                last = Some(word.to_owned());
            } else if let Some(inner) = last.as_ref().and_then(|last| keys.get_mut(last)) {
                inner.insert(word.to_owned());
            }
        }
    }
    keys
}

/// Compares what a command printed with what the page says that it prints: each key, and no other.
pub(super) fn check(command: &Command, stdout: &str) {
    let args: Vec<&str> = command.get_args().filter_map(|arg| arg.to_str()).collect();
    let program = command.get_program().to_str().and_then(|path| path.rsplit('/').next());
    let Some(program) = program.filter(|name| name.starts_with("railpoll")) else { return };
    if !args.contains(&"--json") || args.contains(&"--count") {
        return;
    }
    let objects = stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let objects: Vec<Value> = objects.filter(Value::is_object).collect();
    if objects.is_empty() || args.iter().any(|arg| matches!(*arg, "demo" | "run")) {
        return;
    }
    if program != "railpoll" {
        for object in &objects {
            let what = object["what"].as_str().unwrap_or_else(|| panic!("{object} is what?"));
            let row = TABLE.iter().find(|(words, _)| *words == [what]);
            let (_, keys) =
                row.unwrap_or_else(|| panic!("docs/commands.md does not tell of {what}"));
            assert_eq!(
                names(object),
                keys.keys().cloned().collect(),
                "{what}, in docs/commands.md"
            );
        }
        return;
    }
    let is_run = |words: &[String]| {
        let (flags, names): (Vec<_>, Vec<_>) = words.iter().partition(|word| word.starts_with('-'));
        args.windows(names.len()).any(|part| part == names)
            && flags.iter().all(|flag| args.contains(&flag.as_str()))
    };
    let row = TABLE.iter().filter(|(words, _)| is_run(words)).max_by_key(|(words, _)| words.len());
    let Some((words, keys)) = row else { panic!("docs/commands.md does not tell of {args:?}") };
    let name = words.join(" ");
    for object in &objects {
        assert_eq!(names(object), keys.keys().cloned().collect(), "{name}, in docs/commands.md");
        for (key, inner) in keys.iter().filter(|(_, inner)| !inner.is_empty()) {
            let value = &object[key];
            let single = Some(value).filter(|value| value.is_object()).into_iter();
            for one in value.as_array().into_iter().flatten().chain(single) {
                assert_eq!(names(one), *inner, "{key} of {name}, in docs/commands.md");
            }
        }
    }
}

fn names(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}
