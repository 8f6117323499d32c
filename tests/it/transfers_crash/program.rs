//! The other side of a rail that is a program: who listens to its calls, and its books.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use railpoll_sandbox::{HookAnswer, Phase};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::killing::Killer;
use super::rails::{Paid, Side};
use crate::support::world::World;

const TEXT: &str = include_str!("bank_program.py");

/// A folder with the program, its books, and the socket at which it tells of its calls.
pub(crate) struct Program {
    folder: TempDir,
    ear: Arc<Ear>,
    listening: Option<JoinHandle<()>>,
}

/// Who hears of each call.
#[derive(Default)]
struct Ear {
    killer: Mutex<Option<Arc<Killer>>>,
    is_over: Mutex<bool>,
}

impl Ear {
    /// Answers each call, and lets nobody wait.
    fn listen(&self, listener: &UnixListener) {
        for call in listener.incoming() {
            if *self.is_over.lock().unwrap() {
                break;
            }
            let killer = self.killer.lock().unwrap().clone();
            let answer = killer.map_or(HookAnswer::Go, |killer| killer.call(Phase::AfterApply));
            if answer == HookAnswer::Cut {
                call.unwrap().write_all(b"killed").unwrap();
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        *self.ear.is_over.lock().unwrap() = true;
        UnixStream::connect(self.path("calls")).unwrap();
        if let Some(listening) = self.listening.take() {
            listening.join().unwrap();
        }
    }
}

impl Program {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The books, once no program is at work any more: those go on whose daemon was killed.
    fn books(&self) -> Vec<Value> {
        File::options()
            .append(true)
            .create(true)
            .open(self.path("running"))
            .unwrap()
            .lock()
            .unwrap();
        let text = fs::read_to_string(self.path("books")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Side for Program {
    const CURRENCY: &str = "USD";

    fn open(_world: &World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("program.py"), TEXT).unwrap();
        let listener = UnixListener::bind(folder.path().join("calls")).unwrap();
        let ear = Arc::new(Ear::default());
        let hears = Arc::clone(&ear);
        let listening = Some(thread::spawn(move || hears.listen(&listener)));
        Self { folder, ear, listening }
    }

    fn section(&self) -> String {
        let (program, folder) = (self.path("program.py"), self.folder.path());
        format!(
            "kind = \"command\"\ncommand = [\"{}\", \"-IS\", \"{}\", \"{}\"]\ntimeout = \"20s\"\n",
            python().display(),
            program.display(),
            folder.display()
        )
    }

    fn beneficiary(&self, course: &str) -> String {
        json!({ "course": course }).to_string()
    }

    fn subject(&self, n: u64) -> String {
        format!("order {n}")
    }

    fn prepare_payouts(&self) {}

    fn pay_in(&self) -> Vec<&'static str> {
        let arrived = json!({ "order 1": "10.50", "order 2": "10.50" });
        fs::write(self.path("arrived"), arrived.to_string()).unwrap();
        // It tells only what it is asked about, and that is no incoming money that must find its transfer.
        Vec::new()
    }

    fn arm(&self, killer: Arc<Killer>) {
        *self.ear.killer.lock().unwrap() = Some(killer);
    }

    fn disarm(&self) {
        *self.ear.killer.lock().unwrap() = None;
    }

    fn paid(&self, at: &str) -> Vec<Paid> {
        let books = self.books();
        let wrong: Vec<_> = books.iter().filter_map(|line| line.get("wrong")).collect();
        assert!(wrong.is_empty(), "{at}: {wrong:?}");
        check_questions(&books, at);
        let paid = books.iter().filter(|line| line.get("paid").is_some());
        let word = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
        paid.map(|line| (word(line, "transfer"), word(line, "amount").parse().unwrap())).collect()
    }
}

/// Nobody hands the same payout over again before he has asked what became of it. (Which came first cannot be told from
/// the books: a program whose daemon is dead writes late.)
fn check_questions(books: &[Value], at: &str) {
    for line in books {
        let Some(key) = line["taken"].as_str() else { continue };
        let ordered = books.iter().filter(|line| line["ordered"] == key).count();
        let asks =
            |line: &&Value| line["asked"].as_array().is_some_and(|all| all.contains(&json!(key)));
        let asked = books.iter().filter(asks).count();
        assert!(
            ordered <= asked + 1,
            "{at}: {key} was ordered {ordered} times, asked about {asked}"
        );
    }
}

/// Daemons run without a `PATH`.
fn python() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|folder| folder.join("python3"));
    found.into_iter().find(|program| Path::exists(program)).unwrap()
}
