//! One run of a program that is asked something, bounded in time and in what it may answer.

use std::io::{self, ErrorKind};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// `EX_TEMPFAIL` of sysexits: surely nothing was done, and it may be tried again.
const NOT_NOW: i32 = 75;

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
    /// Dropped before its end, it kills the program and all that the program has started, as it does when the time is up.
    pub(crate) async fn run(&self, question: &[u8]) -> Ended {
        let Self { program, args, timeout: limit, answer_max } = self;
        let started = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(error) => return not_started(program, &error),
        };
        let mut group = Group::led_by(&child);
        let ended = timeout(*limit, talk(&mut child, question, *answer_max)).await;
        let unclear = |why: String| Ended::Unclear { why, code: None };
        match ended {
            Ok(Ok((status, answer))) => {
                // It has been waited for, so its number may be another's by now.
                group.release();
                judge(program, status, answer)
            }
            Ok(Err(why)) => unclear(format!("`{program}` {why}")),
            Err(_) => unclear(format!("`{program}` did not answer within {limit:?}")),
        }
    }
}

/// Tells the question, hears the answer to its end, and only then waits for the program: until it is waited for, its
/// number stays its own, and killing its group hits nobody else.
async fn talk(
    child: &mut Child,
    question: &[u8],
    answer_max: usize,
) -> Result<(ExitStatus, Vec<u8>), String> {
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
    let status = child.wait().await.map_err(|error| format!("cannot be waited for: {error}"))?;
    Ok((status, answer))
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
}

impl Group {
    fn led_by(child: &Child) -> Self {
        let pid = child.id().and_then(|id| i32::try_from(id).ok());
        Self { leader: pid.and_then(Pid::from_raw) }
    }

    /// They may go on living.
    fn release(&mut self) {
        self.leader = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader
            && let Err(error) = kill_process_group(leader, Signal::KILL)
        {
            tracing::warn!(%error, "a program could not be killed");
        }
    }
}
