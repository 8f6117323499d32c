//! The source as text: its files, without their comments, and what of them is for tests alone.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The repository's folder.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of Rust.
pub(super) struct Source {
    /// From the repository's folder: `src/engine/state.rs`.
    pub(super) path: String,
    /// What stands in it.
    pub(super) text: String,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// All files below these folders, in order.
    pub(super) fn all(folders: &[&str]) -> Vec<Self> {
        let mut files = Vec::new();
        for folder in folders {
            walk(&root().join(folder), &mut files);
        }
        files.sort();
        let named = |file: &PathBuf| file.strip_prefix(root()).unwrap().display().to_string();
        let read = |file: &PathBuf| fs::read_to_string(file).unwrap();
        let sources: Vec<Self> =
            files.iter().map(|file| Self::new(&named(file), &read(file))).collect();
        assert!(!sources.is_empty(), "{folders:?}: nothing was found");
        sources
    }

    /// Its text with nothing where comments stand; the lines are as many.
    pub(super) fn code(&self) -> String {
        let code =
            |line: &str| if is_comment(line) { "\n".to_owned() } else { format!("{line}\n") };
        self.text.lines().map(code).collect()
    }

    /// The names of the modules that lead to it: `["engine", "state"]`.
    pub(super) fn modules(&self) -> Vec<&str> {
        let path = self.path.split_once("src/").map_or(&*self.path, |(_, path)| path);
        let path = path.trim_end_matches(".rs");
        let path = path.trim_end_matches("/mod");
        path.split('/').filter(|part| !["lib", "main"].contains(part)).collect()
    }

    /// The lines of its code that are not in a module for tests, each with its number from 1.
    pub(super) fn lines_of_product(&self) -> Vec<(usize, String)> {
        let code = self.code();
        let mut lines = Vec::new();
        let (mut is_marked, mut ending) = (false, None);
        for (number, line) in (1..).zip(code.lines()) {
            if let Some(end) = &ending {
                if line == end {
                    ending = None;
                }
                continue;
            }
            if is_for_tests(line) {
                is_marked = true;
            } else if is_marked && let Some((indent, _)) = module(line, " {") {
                ending = Some(format!("{indent}}}"));
            } else {
                is_marked &= line.trim_start().starts_with("#[");
                lines.push((number, line.to_owned()));
            }
            is_marked &= ending.is_none();
        }
        lines
    }

    /// Where the files are that it declares for tests alone, without `.rs`.
    fn declared_for_tests(&self) -> Vec<String> {
        let stem = self.path.trim_end_matches(".rs");
        let folder = ["/mod", "/lib", "/main"].iter().find_map(|end| stem.strip_suffix(end));
        let folder = folder.unwrap_or(stem);
        let mut found = Vec::new();
        let mut is_marked = false;
        for line in self.text.lines() {
            if is_marked && let Some((_, name)) = module(line, ";") {
                found.push(format!("{folder}/{name}"));
            }
            is_marked = is_for_tests(line) || (is_marked && line.trim_start().starts_with("#["));
        }
        found
    }
}

/// The files among `sources` that no build has but one for tests, by their paths.
pub(super) fn of_tests(sources: &[Source]) -> BTreeSet<String> {
    let declared: Vec<String> = sources.iter().flat_map(Source::declared_for_tests).collect();
    let is_below = |path: &str, place: &String| {
        path.strip_prefix(place.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    };
    let paths = sources.iter().map(|source| &source.path);
    paths.filter(|path| declared.iter().any(|place| is_below(path, place))).cloned().collect()
}

/// The indent and the name of the module that a line declares, if it ends so.
pub(super) fn module<'a>(line: &'a str, ending: &str) -> Option<(&'a str, &'a str)> {
    let declared = line.trim_start();
    let indent = &line[..line.len() - declared.len()];
    let (before, name) = declared.strip_suffix(ending)?.rsplit_once("mod ")?;
    let is_public = before.starts_with("pub") && before.ends_with(' ');
    ((before.is_empty() || is_public) && !name.contains(' ')).then_some((indent, name))
}

fn is_for_tests(line: &str) -> bool {
    ["#[cfg(test)]", "#[cfg(any(test, fuzzing))]"].contains(&line.trim())
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn what_is_for_tests_alone_is_told_apart() {
    let text = "#[cfg(test)]\nmod tests;\n#[cfg(any(test, fuzzing))]\npub(crate) mod fuzzing;\nmod real;\n";
    let paths = ["src/a/mod.rs", "src/a/tests.rs", "src/a/fuzzing/deep.rs", "src/a/real.rs"];
    let sources = paths.map(|path| Source::new(path, text));
    assert_eq!(Vec::from_iter(of_tests(&sources)), ["src/a/fuzzing/deep.rs", "src/a/tests.rs"]);

    let text = "fn a() {}\n#[cfg(test)]\n#[expect(x)]\nmod tests {\n    fn b() {\n    }\n}\n// c\nfn d() {}\n";
    let lines = Source::new("src/a.rs", text).lines_of_product();
    let told: Vec<(usize, &str)> =
        lines.iter().map(|(number, line)| (*number, line.as_str())).collect();
    assert_eq!(told, [(1, "fn a() {}"), (3, "#[expect(x)]"), (8, ""), (9, "fn d() {}")]);
}
