//! The program under test as a process.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::DEADLINE;
use crate::support::user::User;

/// The program, as it is in the working tree: built when it is first asked for.
fn executable() -> &'static Path {
    static EXECUTABLE: OnceLock<PathBuf> = OnceLock::new();
    EXECUTABLE.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        // What cargo tells a test about its package is no business of another build: ring would see a
        // change in it, and be built again with all that needs it.
        for (name, _) in std::env::vars_os() {
            let told = name.to_string_lossy();
            if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(name);
            }
        }
        let built = cargo
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .args(["build", "--example", "local_api", "--frozen"])
            .args(["--message-format=json", "--profile", &profile()])
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(built.status.success());
        let messages = String::from_utf8(built.stdout).unwrap();
        let mut executables = messages.lines().filter_map(|line| {
            let message: Value = serde_json::from_str(line).ok()?;
            (message["target"]["name"] == "local_api")
                .then(|| Some(message["executable"].as_str()?.into()))?
        });
        executables.next_back().unwrap()
    })
}

/// The profile that this test is built with: `target/debug/deps/process-…`.
fn profile() -> String {
    let own = std::env::current_exe().unwrap();
    let directory = own.ancestors().nth(2).and_then(Path::file_name).unwrap();
    match directory.to_str().unwrap() {
        "debug" => "dev".to_owned(),
        other => other.to_owned(),
    }
}

/// A running program, in a directory of its own. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Program {
    options: Vec<String>,
    directory: TempDir,
    running: Running,
    pub(crate) url: String,
    /// All that it printed.
    pub(crate) greeting: String,
}

/// A process that is killed when dropped.
#[derive(Debug)]
struct Running {
    child: Child,
    /// Open, so that the program may print more.
    _output: Option<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts it on a free port with these options, and waits until it serves.
    pub(crate) fn start(options: &[&str]) -> Self {
        let options: Vec<_> = options.iter().map(|&option| option.to_owned()).collect();
        let directory = TempDir::new().unwrap();
        let (running, greeting) = Running::start(&options, directory.path());
        Self {
            url: url_in(&greeting),
            options,
            directory,
            running,
            greeting,
        }
    }

    /// Starts it once more in the same directory with the same options.
    pub(crate) fn start_again(&mut self) {
        (self.running, self.greeting) = Running::start(&self.options, self.directory.path());
        self.url = url_in(&self.greeting);
    }

    pub(crate) fn new_user(&self) -> User {
        User::new(&self.url)
    }

    pub(crate) fn user_with_token(&self, token: &str) -> User {
        User {
            id: token.to_owned(),
            token: token.to_owned(),
            ..self.new_user()
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.url.strip_prefix("http://").unwrap().parse().unwrap()
    }

    /// Whether nobody listens at its address any more.
    pub(crate) fn is_closed(&self) -> bool {
        TcpStream::connect(self.address()).is_err()
    }

    /// The names of the files in its directory.
    pub(crate) fn files(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.directory.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    /// Removes the files in its directory.
    pub(crate) fn remove_files(&self) {
        for file in self.files() {
            std::fs::remove_file(self.directory.path().join(file)).unwrap();
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let process = self.running.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &process]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        self.running.ended()
    }
}

impl Running {
    /// Starts the program, and reads what it prints once it serves.
    fn start(options: &[String], directory: &Path) -> (Self, String) {
        let mut child = Command::new(executable())
            .args(["--port", "0"])
            .args(options)
            .current_dir(directory)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = String::new();
        while !greeting.ends_with("stops it.\n") {
            let read = output.read_line(&mut greeting).unwrap();
            assert!(read > 0, "it ended after {greeting:?}");
        }
        let running = Self {
            child,
            _output: Some(output),
        };
        (running, greeting)
    }

    fn ended(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < DEADLINE, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn url_in(greeting: &str) -> String {
    let line = greeting.lines().find(|line| line.contains("listens on"));
    let url = line.and_then(|line| line.split(' ').next_back());
    url.unwrap().to_owned()
}

/// The message with which the program ends by itself, with this exit code, when started with these
/// options.
pub(crate) fn fails(options: &[&str], code: i32) -> String {
    let directory = TempDir::new().unwrap();
    let child = Command::new(executable())
        .args(options)
        .current_dir(directory.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut running = Running {
        child,
        _output: None,
    };
    let status = running.ended();
    let mut message = String::new();
    let errors = running.child.stderr.as_mut().unwrap();
    errors.read_to_string(&mut message).unwrap();
    assert_eq!(status.code(), Some(code), "{options:?}: {message}");
    assert!(!message.contains("panicked"), "{message}");
    message
}

/// What a line prints when a person pastes it into a shell, or `None` if there is no curl.
pub(crate) fn pasted(line: &str) -> Option<String> {
    let shell = |line: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).env("NO_PROXY", "127.0.0.1");
        shell.stderr(Stdio::null()).output().unwrap()
    };
    shell("command -v curl").status.success().then(|| {
        let output = shell(line);
        assert!(output.status.success(), "{line}");
        String::from_utf8(output.stdout).unwrap()
    })
}
