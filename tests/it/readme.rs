//! What the documentation says: its commands run, its links lead somewhere, its flags exist.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use railpoll::engine::{AlertName, Poller};
use railpoll_sandbox::PaymentSpec;
use railpoll_sandbox::horizon::Keys;

use crate::support::databases::Kind;
use crate::support::world::{World, binary, finish};

/// A line that begins so is run, with fewer payments.
const DEMO: &str = "cargo run --release -- demo";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page, with its text.
fn pages() -> Vec<(PathBuf, String)> {
    let names = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];
    let mut pages: Vec<PathBuf> = names.map(|name| root().join(name)).into();
    let docs = fs::read_dir(root().join("docs")).unwrap();
    pages.extend(docs.map(|entry| entry.unwrap().path()));
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.into_iter().map(|page| (page.clone(), fs::read_to_string(page).unwrap())).collect()
}

/// The insides of the fenced blocks in `language`.
pub(crate) fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    let opening = format!("```{language}");
    for line in text.lines() {
        match &mut block {
            Some(inside) if line == "```" => {
                blocks.push(std::mem::take(inside));
                block = None;
            }
            Some(inside) => {
                inside.push_str(line);
                inside.push('\n');
            }
            None if line == opening => block = Some(String::new()),
            None => {}
        }
    }
    blocks
}

/// The lines of the shell's blocks, without comments; continued lines are one.
pub(crate) fn shell_lines(text: &str) -> Vec<String> {
    let lines = blocks(text, "sh").concat().replace("\\\n", " ");
    lines.lines().map(|line| line.split(" #").next().unwrap_or(line).trim().to_owned()).collect()
}

/// What a line of the README is run as; none if it is not one to be run.
fn runnable(line: &str, world: &World) -> Option<Command> {
    let line = line.replacen(DEMO, "railpoll demo --payments 30 --transfers 20", 1);
    let line = line.replace("--payments 300", "--payments 30");
    let mut words = line.split_whitespace();
    let program = match words.next()? {
        "railpoll" => "railpoll",
        "railpoll-accepted" if !line.contains("--loop") => "accepted",
        _ => return None,
    };
    let mut command = Command::new(binary(program));
    command.args(words).current_dir(world.folder.path()).env_clear();
    // The tenant of the README is played by the sandbox.
    if program == "accepted" {
        let sandbox = &world.sandbox;
        for (key, value) in [
            ("base_url", sandbox.base_url()),
            ("token_url", sandbox.token_url()),
            ("audience", sandbox.audience().to_owned()),
            ("client_id", sandbox.client_id().to_owned()),
        ] {
            command.arg("--set").arg(format!("networks.acme.{key}={value}"));
        }
        command.args(["--set", "database.url=sqlite:railpoll.db"]);
    }
    Some(command)
}

#[test]
fn its_commands_run() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let world = World::new(Kind::Sqlite);
    world.sandbox.add_payments(3, &PaymentSpec::default());
    let config = blocks(&readme, "toml").concat();
    fs::write(world.folder.path().join("acme.toml"), config).unwrap();
    let seed = Keys::of("distribution").seed();
    for (name, secret) in [
        ("acme-secret", world.sandbox.client_secret()),
        ("bank-secret", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
        ("stellar-seeds", &seed),
    ] {
        let file = world.folder.path().join(name);
        fs::write(&file, secret).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let mut run = 0;
    for line in shell_lines(&readme) {
        let Some(mut command) = runnable(&line, &world) else { continue };
        let ended = finish(&mut command);
        assert_eq!(ended.code, Some(0), "{line}\n{}\n{}", ended.stdout, ended.stderr);
        run += 1;
    }
    assert!(run >= 10, "only {run} lines were run");
}

#[test]
fn its_test_command_is_there() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(shell_lines(&readme).iter().any(|line| line == "./scripts/test"));
    let mode = fs::metadata(root().join("scripts/test")).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0o111, "{mode:o}");
}

/// What a heading is called in a link.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
}

#[test]
fn every_link_leads_somewhere() {
    for (page, text) in pages() {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("https://") {
                continue;
            }
            let (file, section) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            assert!(file.exists(), "{}: {target}", page.display());
            if !section.is_empty() {
                let there = fs::read_to_string(&file).unwrap();
                let mut headings = there.lines().filter(|line| line.starts_with('#'));
                let found = headings.any(|heading| anchor(heading) == section);
                assert!(found, "{}: {target}", page.display());
            }
        }
    }
}

/// The helps of all commands, asked for once each.
#[derive(Default)]
struct Helps(BTreeMap<String, String>);

impl Helps {
    /// The help of `railpoll status` and so on.
    fn of(&mut self, command: &str) -> &str {
        self.0.entry(command.to_owned()).or_insert_with(|| {
            let mut words = command.split(' ');
            let program = words.next().unwrap();
            let program = program.strip_prefix("railpoll-").unwrap_or(program);
            let ended = finish(Command::new(binary(program)).args(words).arg("--help"));
            assert_eq!(ended.code, Some(0), "{command} --help: {}", ended.stderr);
            ended.stdout
        })
    }

    /// The commands under it.
    fn commands(&mut self, command: &str) -> Vec<String> {
        let lines = self.of(command).lines().skip_while(|line| *line != "Commands:").skip(1);
        let named = lines.take_while(|line| !line.is_empty());
        named.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
    }

    /// Whether it has a flag, and whether a value follows that. None: it has not.
    fn flag(&mut self, command: &str, flag: &str) -> Option<bool> {
        let options = self.of(command).lines().map(str::trim).filter(|line| line.starts_with('-'));
        let named = |line: &&str| {
            line.split_whitespace().map(|word| word.trim_end_matches(',')).any(|word| word == flag)
        };
        options.filter(|line| !line.starts_with("- ")).find(named).map(|line| line.contains('<'))
    }

    /// What is wrong with a command line, if anything.
    fn fault(&mut self, line: &str) -> Option<String> {
        let mut words = line.split_whitespace().peekable();
        let mut command = words.next()?.to_owned();
        while let Some(word) = words.next() {
            let word = word.trim_matches(['[', ']', '…', '\'', '"', ',']);
            if ["|", ">", "help"].contains(&word) {
                return None;
            }
            if word.starts_with('-') {
                let flag = word.split('=').next().unwrap_or(word);
                match self.flag(&command, flag) {
                    None => return Some(format!("{command} has no {flag}")),
                    // Where a value may be left out, another flag is none.
                    Some(true) if !word.contains('=') => {
                        words.next_if(|value| !value.starts_with("--"));
                    }
                    Some(true | false) => {}
                }
                continue;
            }
            let commands = self.commands(&command);
            if commands.is_empty() || !word.starts_with(|c: char| c.is_ascii_lowercase()) {
                continue;
            }
            for one in word.split('|') {
                if !commands.iter().any(|known| known == one) {
                    return Some(format!("{command} has no {one}"));
                }
            }
            command = format!("{command} {}", word.split('|').next().unwrap_or(word));
        }
        None
    }
}

/// The pieces of code in a page's text: what stands in backticks outside of the blocks.
fn code_spans(text: &str) -> Vec<String> {
    let outside: Vec<&str> = text.split("```").step_by(2).collect();
    let spans = outside.iter().flat_map(|part| part.split('`').skip(1).step_by(2));
    spans.map(|span| span.replace("\\|", "|").replace('\n', " ")).collect()
}

fn is_ours(line: &str) -> bool {
    let program = line.split(' ').next().unwrap_or(line);
    program == "railpoll" || Poller::ALL.iter().any(|poller| poller.binary() == program)
}

#[test]
fn every_command_and_flag_exists() {
    let mut helps = Helps::default();
    let (mut faults, mut seen) = (Vec::new(), 0);
    for (page, text) in pages() {
        for line in shell_lines(&text).into_iter().chain(code_spans(&text)) {
            let line = line.trim_start_matches("sudo -u railpoll ");
            let line = line.trim_start_matches("sudo railpoll-as-service ");
            let line = line.replacen("cargo run --release --", "railpoll", 1);
            if is_ours(&line) {
                seen += 1;
                let fault = helps.fault(&line);
                faults.extend(fault.map(|fault| format!("{}: `{line}`: {fault}", page.display())));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(seen > 50, "only {seen} commands were found");
}

/// What the comments of a file say, each apart: some of them are helps.
fn comments(source: &str, sign: &str) -> Vec<String> {
    let mut comments = vec![String::new()];
    for line in source.lines() {
        match (line.trim_start().strip_prefix(sign), comments.last_mut()) {
            (Some(text), Some(comment)) => {
                comment.push_str(text.trim_start_matches(['/', '!']).trim());
                comment.push('\n');
            }
            _ => comments.push(String::new()),
        }
    }
    comments
}

/// The commands that messages, hints, helps and examples in a source file name.
fn commands_in(source: &str) -> Vec<String> {
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let code: Vec<&str> = source.lines().filter(is_code).collect();
    let code = code.join("\n").replace("\\\n", " ");
    let mut commands: Vec<String> =
        comments(source, "//").iter().flat_map(|comment| code_spans(comment)).collect();
    for opening in ["`", "\"", "\n  "] {
        let ending: &[_] = if opening.len() == 1 { &['`', '"'] } else { &['\n', '"'] };
        let needle = format!("{opening}railpoll");
        for (at, _) in code.match_indices(&needle) {
            let rest = &code[at + opening.len()..];
            let text = &rest[..rest.find(ending).unwrap_or(rest.len())];
            // In examples a remark follows, apart from the command.
            let text = text.split("   ").next().unwrap_or(text);
            commands.push(text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    commands
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_command_in_a_message_exists() {
    let mut helps = Helps::default();
    let (mut faults, mut seen, mut files) = (Vec::new(), 0, Vec::new());
    sources(&root().join("src"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(&text);
        for line in commands_in(product).into_iter().filter(|line| is_ours(line)) {
            seen += 1;
            let fault = helps.fault(&line);
            faults.extend(fault.map(|fault| format!("{}: `{line}`: {fault}", file.display())));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(seen > 80, "only {seen} commands were found");
}

#[test]
fn every_command_in_the_defaults_exists() {
    let file = fs::read_to_string(root().join("config/railpoll.toml")).unwrap();
    let (mut helps, mut seen) = (Helps::default(), 0);
    for comment in comments(&file, "#") {
        for line in code_spans(&comment).iter().filter(|line| is_ours(line)) {
            seen += 1;
            assert_eq!(helps.fault(line), None, "{line}");
        }
    }
    assert!(seen > 3, "only {seen} commands were found");
}

#[test]
fn a_command_in_any_part_of_a_source_is_found() {
    let source = "//! `railpoll one\n//! two`\nlet a = \"x `railpoll three` y\"; // no\n    /// `railpoll four`\n\
                  \"Examples:\n  railpoll five     # remark\n\"";
    let found = ["railpoll one two", "railpoll four", "railpoll three", "railpoll five"];
    assert_eq!(commands_in(source), found);
}

#[test]
fn the_advice_of_alerts_is_that_of_the_page() {
    let page = fs::read_to_string(root().join("docs/operate.md")).unwrap();
    for name in AlertName::ALL {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/operate.md has no row of {name}"));
        let cells: Vec<&str> = row.split(" | ").collect();
        assert_eq!((cells.len(), cells[2]), (4, name.advice()), "{name}");
    }
}

#[test]
fn every_metric_that_a_rule_asks_for_has_its_row() {
    let page = fs::read_to_string(root().join("docs/operate.md")).unwrap();
    let [rules] = &blocks(&page, "yaml")[..] else { panic!("one block") };
    let file = fs::read_to_string(root().join("packaging/prometheus/railpoll.rules.yml"));
    assert_eq!(*rules, file.unwrap(), "scripts/check-prometheus tries the file");
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let asked = rules.split(|c| !is_part(c)).filter(|word| word.starts_with("railpoll_"));
    let mut seen = 0;
    for name in asked {
        seen += 1;
        assert!(page.contains(&format!("| `{name}`")), "docs/operate.md has no row of {name}");
    }
    assert!(seen > 7, "only {seen} metrics were found");
}

#[test]
fn a_command_that_does_not_exist_is_found() {
    let mut helps = Helps::default();
    for good in ["railpoll status --all", "railpoll -c x.toml payments list|show --network acme"] {
        assert_eq!(helps.fault(good), None);
    }
    for bad in ["railpoll payouts", "railpoll status --every", "railpoll payments list|drop"] {
        assert!(helps.fault(bad).is_some(), "{bad}");
    }
}
