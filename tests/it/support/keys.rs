//! What docs/commands.md says of the objects of `--json`, and whether a command that was run keeps to it.

use std::fmt;
use std::process::Command;
use std::sync::LazyLock;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

const PAGE: &str = include_str!("../../../docs/commands.md");

/// Keys in their order; of a key that has objects, what keys these have.
type Keys = Vec<(String, Vec<String>)>;

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
    for (span, is_inner) in spans(told) {
        let words = span.split(", ").map(str::to_owned);
        if !words.clone().all(|word| is_key(&word)) {
            continue;
        }
        if !is_inner {
            keys.extend(words.map(|word| (word, Vec::new())));
        } else if let Some((_, inner)) = keys.last_mut() {
            inner.extend(words);
        }
    }
    keys
}

/// An object as it was printed: its keys in their order.
struct Printed(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Printed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Printed;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Printed, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Printed(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl Printed {
    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The objects at a key: one, or a list of them.
    fn objects(&self, key: &str) -> Vec<Self> {
        let value = self.0.iter().find(|(name, _)| name == key).map_or("null", |(_, it)| it.get());
        let list: Result<Vec<Self>, _> = serde_json::from_str(value);
        list.unwrap_or_else(|_| serde_json::from_str(value).into_iter().collect())
    }
}

/// Compares what a command printed with what the page says that it prints: each key, in its order, and no other.
pub(super) fn check(command: &Command, stdout: &str) {
    let args: Vec<&str> = command.get_args().filter_map(|arg| arg.to_str()).collect();
    let program = command.get_program().to_str().and_then(|path| path.rsplit('/').next());
    let Some(program) = program.filter(|name| name.starts_with("railpoll")) else { return };
    if !args.contains(&"--json") || args.contains(&"--count") {
        return;
    }
    let objects: Vec<Printed> =
        stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if objects.is_empty() || args.iter().any(|arg| matches!(*arg, "demo" | "run")) {
        return;
    }
    if program != "railpoll" {
        for object in &objects {
            let (_, what) = object.0.iter().find(|(name, _)| name == "what").unwrap();
            let what = what.get().trim_matches('"');
            let row = TABLE.iter().find(|(words, _)| *words == [what]);
            let (_, keys) =
                row.unwrap_or_else(|| panic!("docs/commands.md does not tell of {what}"));
            assert_eq!(object.names(), names(keys), "{what}, in docs/commands.md");
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
        assert_eq!(object.names(), names(keys), "{name}, in docs/commands.md");
        for (key, inner) in keys.iter().filter(|(_, inner)| !inner.is_empty()) {
            for one in object.objects(key) {
                assert_eq!(one.names(), *inner, "{key} of {name}, in docs/commands.md");
            }
        }
    }
}

fn names(keys: &Keys) -> Vec<&str> {
    keys.iter().map(|(name, _)| name.as_str()).collect()
}
