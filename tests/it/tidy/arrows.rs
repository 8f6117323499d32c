//! Who uses whom: the paths that a room's files name, against the table of ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, module, of_tests};

/// The rooms, each with those that it may use.
pub(super) struct House(BTreeMap<String, BTreeSet<String>>);

/// Compiled for tests and fuzzing alone, it asserts what every room's readers promise: rooms use it, and it uses them.
const OF_TESTS: &str = "fuzzing";

impl House {
    /// As the table of a page has it: its rows begin with a link to a room, and end with what that may use.
    pub(super) fn from_page(page: &str) -> Self {
        let mut house: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let table = page.lines().skip_while(|line| !line.contains("| may use |")).skip(2);
        for row in table.take_while(|line| line.starts_with('|')) {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let room = cells[0].split(']').next().unwrap_or_default().trim_start_matches('[');
            let room = room.trim_start_matches("src/").trim_end_matches(".rs");
            let mut may_use = BTreeSet::new();
            for word in cells[cells.len() - 1].split(", ") {
                match word {
                    "nothing of ours" => {}
                    "all above" => may_use.extend(house.keys().cloned()),
                    one => _ = may_use.insert(one.to_owned()),
                }
            }
            house.insert(room.to_owned(), may_use);
        }
        let named = house.values().flatten();
        let strange: Vec<&String> = named.filter(|room| !house.contains_key(*room)).collect();
        assert!(strange.is_empty(), "no room of the house is called {strange:?}");
        assert!(house.contains_key("engine"), "the table of the house was not found");
        Self(house)
    }
}

/// What is used that may not be, and which rooms the table does not have.
pub(super) fn faults(house: &House, sources: &[Source]) -> Vec<String> {
    let of_tests = of_tests(sources);
    let mut faults = Vec::new();
    for source in sources {
        let Some(room) = room_of(source) else { continue };
        let Some(may_use) = house.0.get(room) else {
            faults.push(format!("{}:1: ARCHITECTURE.md has no row of {room}", source.path));
            continue;
        };
        for (line, used) in uses(source) {
            let is_played = used == "sandbox" && of_tests.contains(&source.path);
            if used != room && used != OF_TESTS && !may_use.contains(&used) && !is_played {
                faults.push(format!("{}:{line}: {room} may not use {used}", source.path));
            }
        }
    }
    faults
}

/// The room that a file belongs to. None: it is the whole's own, and joins the rooms.
fn room_of(source: &Source) -> Option<&str> {
    if let Some((place, _)) = source.path.split_once('/').filter(|(place, _)| *place != "src") {
        return Some(place);
    }
    source.modules().first().copied().filter(|room| *room != OF_TESTS)
}

/// The rooms that a file names, each with its line.
fn uses(source: &Source) -> Vec<(usize, String)> {
    let code = source.code();
    let depths = depths(&code, source.modules().len());
    let mut found = Vec::new();
    let mut note = |at: usize, names: Vec<&str>| {
        let line = code[..at].matches('\n').count() + 1;
        found.extend(names.iter().map(|name| (line, (*name).to_owned())));
    };
    for (at, _) in code.match_indices("railpoll_sandbox::") {
        note(at, vec!["sandbox"]);
    }
    // Other packages see the whole of ours under its name, and `crate` is themselves there.
    let is_inside = source.path.starts_with("src/");
    let whole = if is_inside { "crate::" } else { "railpoll::" };
    for (at, _) in code.match_indices(whole).filter(|(at, _)| begins(&code, *at)) {
        note(at, heads(&code[at + whole.len()..]));
    }
    if !is_inside {
        return found;
    }
    for (at, _) in code.match_indices("super::").filter(|(at, _)| begins(&code, *at)) {
        let rest = code[at..].trim_start_matches("super::");
        let supers = (code.len() - at - rest.len()) / "super::".len();
        let line = code[..at].matches('\n').count();
        if supers == depths[line] {
            note(at, heads(rest));
        }
    }
    found
}

/// Whether a path begins here, and is not the end of another.
fn begins(code: &str, at: usize) -> bool {
    let before = code[..at].chars().next_back();
    !before.is_some_and(|c| c.is_alphanumeric() || "_:".contains(c))
}

/// How many modules each line is in, in a file that is `depth` deep itself.
fn depths(code: &str, depth: usize) -> Vec<usize> {
    let mut endings: Vec<String> = Vec::new();
    let deep = |line: &str| {
        if endings.last().is_some_and(|ending| ending == line) {
            endings.pop();
        }
        if let Some((indent, _)) = module(line, " {") {
            endings.push(format!("{indent}}}"));
        }
        depth + endings.len()
    };
    code.lines().map(deep).collect()
}

/// The first names of what follows: one, or those of a list in braces.
fn heads(rest: &str) -> Vec<&str> {
    let Some(list) = rest.strip_prefix('{') else { return Vec::from_iter(head(rest)) };
    let (mut names, mut depth, mut begin) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.extend(head(list[begin..at].trim_start()));
                begin = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

/// The name of a module that a path begins with: what is not written small is no room.
fn head(path: &str) -> Option<&str> {
    let end = path.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
    let name = &path[..end.unwrap_or(path.len())];
    (!name.is_empty() && name != "self").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
        | folder | what | may use |\n|---|---|---|\n\
        | [src/engine](src/engine/mod.rs) | rules | nothing of ours |\n\
        | [src/program.rs](src/program.rs) | a run | nothing of ours |\n\
        | [src/store](src/store/mod.rs) | tables | engine |\n\
        | [src/daemon](src/daemon/mod.rs) | runs | all above |\n\
        | [src/views](src/views/mod.rs) | JSON | engine, store |\n\
        | [src/cli](src/cli/mod.rs) | commands | all above, sandbox |\n\
        | [sandbox](sandbox/README.md) | plays | nothing of ours |\n\
        | [pollers](pollers/accepted.rs) | mains | daemon |\n\n| not | a | room |\n";

    fn told(path: &str, text: &str) -> Vec<String> {
        faults(&House::from_page(TABLE), &[Source::new(path, text)])
    }

    #[test]
    fn an_arrow_the_other_way_is_found() {
        for (path, text, fault) in [
            ("src/engine/a.rs", "\nuse crate::store::X;", "2: engine may not use store"),
            ("src/engine/a.rs", "use crate::store;", "1: engine may not use store"),
            ("src/engine/a.rs", "x(\n    crate::daemon::Y)", "2: engine may not use daemon"),
            ("src/store/mod.rs", "use super::views::X;", "1: store may not use views"),
            ("src/store/a/b.rs", "super::super::super::cli::f();", "1: store may not use cli"),
            (
                "src/store/a.rs",
                "mod tests {\n    super::super::super::cli::f();\n}",
                "2: store may not use cli",
            ),
            (
                "src/store/a.rs",
                "use crate::{\n    engine::{X, views},\n    views::{Y},\n};",
                "1: store may not use views",
            ),
            ("src/daemon/a.rs", "use crate::views::X;", "1: daemon may not use views"),
            ("src/program.rs", "use crate::engine::X;", "1: program may not use engine"),
            ("src/store/a.rs", "use railpoll_sandbox::X;", "1: store may not use sandbox"),
            ("sandbox/src/a.rs", "use railpoll::engine::X;", "1: sandbox may not use engine"),
            ("pollers/a.rs", "railpoll::store::main()", "1: pollers may not use store"),
            ("src/odd/a.rs", "", "1: ARCHITECTURE.md has no row of odd"),
        ] {
            assert_eq!(told(path, text), [format!("{path}:{fault}")], "{text}");
        }
    }

    #[test]
    fn the_right_way_is_let_be() {
        for (path, text) in [
            ("src/engine/a.rs", "// use crate::store::X;\nuse crate::engine::b::X;"),
            ("src/store/a.rs", "use super::cli;\nuse crate::fuzzing::f;"),
            ("src/store/a.rs", "mod tests {\n    use super::super::cli;\n}\nuse super::daemon::X;"),
            ("src/daemon/a.rs", "use crate::{engine::X, program, store::{Y, Z}};"),
            ("src/cli/a.rs", "use railpoll_sandbox::X;\ncrate::views::payment();"),
            ("src/lib.rs", "mod engine;\npub use crate::cli::main;"),
            ("sandbox/src/a.rs", "use crate::clock::X;\nrailpoll_sandbox::x();"),
            ("pollers/a.rs", "railpoll::daemon::main()"),
        ] {
            assert_eq!(told(path, text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn tests_may_have_a_sandbox() {
        let sources = [
            Source::new("src/store/mod.rs", "#[cfg(test)]\nmod tests;\nmod real;\n"),
            Source::new("src/store/tests.rs", "use railpoll_sandbox::X;"),
            Source::new("src/store/real.rs", "use railpoll_sandbox::X;"),
        ];
        let faults = faults(&House::from_page(TABLE), &sources);
        assert_eq!(faults, ["src/store/real.rs:1: store may not use sandbox"]);
    }
}
