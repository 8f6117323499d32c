//! One run of a program that is asked something, bounded in time and in what it may answer.

use std::io::{self, ErrorKind};
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// `EX_TEMPFAIL` of sysexits: surely nothing was done, and it may be tried again.
const NOT_NOW: i32 = 75;

/// How often it is looked whether a program that has said all has ended: most have at the first look.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A program and its bounds. No shell is involved.
#[derive(Debug)]
pub(crate) struct Program {
    /// A path, or a name that is looked for in `PATH`.
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
    /// How long it may run.
    pub(crate) timeout: Duration,
    /// How many bytes it may answer.
    pub(crate) answer_max: usize,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// With exit code 0, and this on standard output.
    Answered(Vec<u8>),
    /// The program says that it has done nothing.
    NotNow(String),
    /// There was no run.
    NotStarted {
        why: String,
        /// It is not there, or may not be run, which does not pass by itself.
        is_mistake: bool,
    },
    /// Nobody knows what was done.
    Unclear {
        /// What is known.
        why: String,
        /// Its exit code, if it ended by itself.
        code: Option<u16>,
    },
}

impl Ended {
    /// The exit code; none if it did not end by itself.
    pub(crate) fn exit_code(&self) -> Option<u16> {
        match self {
            Self::Answered(_) => Some(0),
            Self::NotNow(_) => u16::try_from(NOT_NOW).ok(),
            Self::Unclear { code, .. } => *code,
            Self::NotStarted { .. } => None,
        }
    }
}

impl Program {
    /// Runs it with `question` on its standard input. What it writes to standard error goes where ours goes.
    ///
    /// What the program has started ends with it: it is killed when the program has ended, when the time is up, and when
    /// this is dropped before. The program's environment is ours, without what is for us alone.
    pub(crate) async fn run(&self, question: &[u8]) -> Ended {
        let Self { program, args, timeout: limit, answer_max } = self;
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        for (name, _) in std::env::vars_os() {
            if is_ours_alone(&name.to_string_lossy()) {
                command.env_remove(name);
            }
        }
        reap_strangers();
        let started = command.spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(error) => return not_started(program, &error),
        };
        let mut group = Group::led_by(&child);
        let ended = timeout(*limit, talk(&mut child, question, *answer_max)).await;
        let unclear = |why: String| Ended::Unclear { why, code: None };
        match ended {
            Ok(Ok(answer)) => {
                // Until it is waited for its number stays its own, and killing its group hits nobody else.
                group.kill();
                match child.wait().await {
                    Ok(status) => judge(program, status, answer),
                    Err(error) => unclear(format!("`{program}` cannot be waited for: {error}")),
                }
            }
            Ok(Err(why)) => unclear(format!("`{program}` {why}")),
            Err(_) => unclear(format!("`{program}` did not answer within {limit:?}")),
        }
    }
}

/// Tells the question, hears the answer to its end, and waits until the program has ended. It is not yet waited for in the
/// system's sense.
async fn talk(child: &mut Child, question: &[u8], answer_max: usize) -> Result<Vec<u8>, String> {
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let tell = async move {
        // A program may answer without having read the question, and then the pipe breaks: that is its affair.
        if let Some(mut stdin) = stdin
            && let Err(error) = stdin.write_all(question).await
        {
            tracing::debug!(%error, "the program did not read its question");
        }
    };
    let hear = async move {
        let mut answer = Vec::new();
        if let Some(stdout) = stdout {
            let limit = u64::try_from(answer_max).unwrap_or(u64::MAX).saturating_add(1);
            stdout.take(limit).read_to_end(&mut answer).await?;
        }
        Ok(answer)
    };
    let told = async {
        let ((), answer) = tokio::join!(tell, hear);
        answer
    };
    let answer = told.await.map_err(|error: io::Error| format!("cannot be heard: {error}"))?;
    if answer.len() > answer_max {
        return Err(format!("answered more than {answer_max} bytes"));
    }
    while !has_ended(child) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(answer)
}

/// Whether a child has ended, without waiting for it: its number stays its own.
fn has_ended(child: &Child) -> bool {
    let Some(pid) = pid_of(child) else { return true };
    let looked = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | LOOK);
    !matches!(looked, Ok(None))
}

/// Only looks whether there is somebody to be waited for.
const LOOK: WaitIdOptions = WaitIdOptions::NOHANG.union(WaitIdOptions::NOWAIT);

fn pid_of(child: &Child) -> Option<Pid> {
    child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
}

/// Whether a variable of our environment is for us alone: what systemd and the database's client are told by, and our own
/// settings. Secrets may be in them, or places where secrets are.
fn is_ours_alone(name: &str) -> bool {
    const NAMES: [&str; 8] = [
        "CREDENTIALS_DIRECTORY",
        "NOTIFY_SOCKET",
        "WATCHDOG_PID",
        "WATCHDOG_USEC",
        "INVOCATION_ID",
        "JOURNAL_STREAM",
        "LISTEN_FDS",
        "LISTEN_PID",
    ];
    NAMES.contains(&name) || ["RAILPOLL_", "PG"].iter().any(|start| name.starts_with(start))
}

/// The children that we have started and wait for ourselves.
static CHILDREN: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// The first process of a container is given the children of all that die before them, and must wait for them when they
/// have ended: nobody else does.
fn reap_strangers() {
    if std::process::id() != 1 {
        return;
    }
    let children = CHILDREN.lock().unwrap_or_else(PoisonError::into_inner);
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid =
            entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid.filter(|pid| !children.contains(pid)) {
            let ended = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
            // No child of ours has this number, or it lives.
            if let Ok(Some(_)) = waitid(WaitId::Pid(pid), ended) {
                tracing::debug!(pid = pid.as_raw_nonzero(), "a stranger's child has ended");
            }
        }
    }
}

fn judge(program: &str, status: ExitStatus, answer: Vec<u8>) -> Ended {
    match status.code() {
        Some(0) => Ended::Answered(answer),
        Some(NOT_NOW) => Ended::NotNow(format!("`{program}` says: not now")),
        code => Ended::Unclear {
            why: format!("`{program}` ended with {status}"),
            code: code.and_then(|code| u16::try_from(code).ok()),
        },
    }
}

fn not_started(program: &str, error: &io::Error) -> Ended {
    Ended::NotStarted {
        why: format!("`{program}` cannot be started: {error}"),
        is_mistake: matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied),
    }
}

/// The processes of one run. Dropped, they are killed.
struct Group {
    leader: Option<Pid>,
    /// Whether the leader has not been waited for: then the number is still its own.
    lives: bool,
}

impl Group {
    fn led_by(child: &Child) -> Self {
        let leader = pid_of(child);
        CHILDREN.lock().unwrap_or_else(PoisonError::into_inner).extend(leader);
        Self { leader, lives: true }
    }

    /// Ends whatever is left of it.
    fn kill(&mut self) {
        if let Some(leader) = self.leader.filter(|_| self.lives)
            && let Err(error) = kill_process_group(leader, Signal::KILL)
        {
            tracing::debug!(%error, "a program could not be killed");
        }
        self.lives = false;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
        if let Some(leader) = self.leader {
            let mut children = CHILDREN.lock().unwrap_or_else(PoisonError::into_inner);
            children.retain(|child| *child != leader);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(line: &str) -> Program {
        let args = vec!["-c".to_owned(), line.to_owned()];
        let program = "/bin/sh".to_owned();
        Program { program, args, timeout: Duration::from_secs(30), answer_max: 64 * 1024 }
    }

    async fn answer(line: &str) -> String {
        let ended = shell(line).run(b"").await;
        let Ended::Answered(answer) = ended else { panic!("{ended:?}") };
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn what_a_program_started_ends_with_it() {
        let pid = answer("sleep 1000 >/dev/null 2>&1 & echo $!").await;
        let stat = format!("/proc/{}/stat", pid.trim());
        for _ in 0..1_000 {
            // It is gone, or nobody has waited for it yet.
            match std::fs::read_to_string(&stat) {
                Ok(text) if !text.contains(") Z ") => tokio::task::yield_now().await,
                Ok(_) | Err(_) => return,
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        panic!("{pid} lives");
    }

    #[test]
    fn a_programs_environment_has_nothing_that_is_for_us_alone() {
        for name in
            ["CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "RAILPOLL__DATABASE__URL", "PGPASSWORD"]
        {
            assert!(is_ours_alone(name), "{name}");
        }
        for name in ["PATH", "HOME", "LANG", "JAVA_HOME"] {
            assert!(!is_ours_alone(name), "{name}");
        }
    }
}
