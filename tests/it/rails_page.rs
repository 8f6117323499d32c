//! The commands of docs/rails.md are run, and what they print is what the page says.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A process that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The shell's blocks behind this heading, up to the next one.
fn blocks(page: &str, heading: &str) -> Vec<String> {
    let part = page.split(heading).nth(1).unwrap();
    let part = part.split("\n### ").next().unwrap();
    part.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn its_example_is_run_as_it_stands() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/rails.md")).unwrap();
    let [setup, calls] = &blocks(&page, "### Try the example")[..] else { panic!("two blocks") };
    let folder = tempfile::tempdir().unwrap();
    let bank = root.join("docs/examples/bank.py");
    let run = |script: &str| {
        let script = script.replace("docs/examples/bank.py", bank.to_str().unwrap());
        let mut shell = Command::new("sh");
        let done = shell.args(["-euc", &script]).current_dir(folder.path()).output().unwrap();
        let error = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{script}\n{error}");
        String::from_utf8(done.stdout).unwrap()
    };
    let mut lines = setup.lines();
    run(lines.next().unwrap());
    let serve = lines.next().unwrap().split(" #").next().unwrap();
    assert!(serve.contains("serve 8000 bank.db secret"), "{serve}");
    let mut server = Command::new("python3")
        .arg(&bank)
        .args(["serve", "0", "bank.db", "secret"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map(Server)
        .unwrap();
    let mut url = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut url).unwrap();
    run(lines.next().unwrap());
    assert_eq!(lines.next(), None);
    let calls = calls.replace("http://localhost:8000/", url.trim());
    let expected: Vec<&str> = calls.lines().filter_map(|line| line.strip_prefix("# ")).collect();
    assert_eq!(expected.len(), 3);
    // The answers have no line end of their own.
    assert_eq!(run(&calls), expected.concat());
}
