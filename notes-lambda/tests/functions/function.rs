//! A function's process, and events for it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use notes_core::{NoteId, Timestamp};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::endpoint::TABLE;
use crate::runtime_api::RuntimeApi;

/// The binaries behind the API, and the event that each is for. Cargo builds them with this test.
pub(crate) const FUNCTIONS: [(&str, &str); 6] = [
    (env!("CARGO_BIN_EXE_create-note"), "http-create"),
    (env!("CARGO_BIN_EXE_list-notes"), "http-list-encoded-query"),
    (env!("CARGO_BIN_EXE_list-changes"), "http-changes"),
    (env!("CARGO_BIN_EXE_get-note"), "http-get"),
    (env!("CARGO_BIN_EXE_update-note"), "http-update-base64"),
    (env!("CARGO_BIN_EXE_delete-note"), "http-delete"),
];
pub(crate) const ALL: &str = env!("CARGO_BIN_EXE_notes-api");

/// What an invocation may take where nothing hangs.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// The variables of a function that is set up.
pub(crate) fn variables(endpoint: &str) -> Vec<(&'static str, String)> {
    [
        ("NOTES_TABLE", TABLE),
        ("NOTES_IDENTITY", "jwt:sub"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

/// The same with sync, which `list-changes` is for.
pub(crate) fn variables_with_sync(endpoint: &str) -> Vec<(&'static str, String)> {
    let mut variables = variables(endpoint);
    variables.push(("NOTES_SYNC_EPOCH", "1".to_owned()));
    variables
}

/// A process that Lambda started, ended with this.
pub(crate) struct Function {
    process: Child,
    /// What it writes on standard output.
    log: JoinHandle<String>,
    pub(crate) lambda: RuntimeApi,
}

/// Starts a binary as Lambda does, with these variables beside Lambda's own and no others.
fn command(
    binary: impl AsRef<OsStr>,
    lambda: &RuntimeApi,
    variables: &[(&str, String)],
) -> Command {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", lambda.address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "notes")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// What a function says that does not start.
pub(crate) async fn output(binary: &str, variables: &[(&str, String)]) -> (Output, RuntimeApi) {
    let lambda = RuntimeApi::start().await;
    let output = command(binary, &lambda, variables).output();
    let output = tokio::time::timeout(TIMEOUT, output).await.unwrap();
    (output.unwrap(), lambda)
}

impl Function {
    /// A function that has asked for its first invocation.
    pub(crate) async fn start(binary: &str, variables: &[(&str, String)]) -> Self {
        Self::start_with(binary, &[], variables).await
    }

    /// The same of a program that is a function only with these arguments.
    pub(crate) async fn start_with(
        program: impl AsRef<OsStr>,
        arguments: &[&str],
        variables: &[(&str, String)],
    ) -> Self {
        let lambda = RuntimeApi::start().await;
        let mut command = command(program, &lambda, variables);
        let mut process = command.args(arguments).spawn().unwrap();
        let mut stdout = process.stdout.take().unwrap();
        // Read while it runs, as a full pipe would stop it.
        let log = tokio::spawn(async move {
            let mut log = String::new();
            stdout.read_to_string(&mut log).await.unwrap();
            log
        });
        let mut function = Self {
            process,
            log,
            lambda,
        };
        tokio::select! {
            () = function.lambda.asked(1) => {}
            status = function.process.wait() => panic!("it ended: {status:?}"),
        }
        function
    }

    pub(crate) async fn invoke(&mut self, event: &Value, timeout: Duration) -> Value {
        let event = serde_json::to_vec(event).unwrap();
        tokio::select! {
            outcome = self.lambda.invoke(event, timeout) => outcome.response(),
            status = self.process.wait() => panic!("it ended: {status:?}"),
        }
    }

    /// The memory that it has in use, in KiB.
    pub(crate) fn resident(&self) -> u64 {
        let status = format!("/proc/{}/status", self.process.id().unwrap());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let size = line.unwrap().trim().strip_suffix(" kB").unwrap();
        size.parse().unwrap()
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn terminate(mut self) -> ExitStatus {
        let id = self.process.id().unwrap().to_string();
        let kill = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(kill.unwrap().success());
        self.process.wait().await.unwrap()
    }

    /// Waits until it has ended by itself: its status, and what it has written on standard output and standard error.
    pub(crate) async fn ended(self) -> (ExitStatus, String, String) {
        let output = self.process.wait_with_output().await.unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status, self.log.await.unwrap(), stderr)
    }

    /// Checks that it still runs, and ends it: what it has written on standard output and standard error.
    pub(crate) async fn end(mut self) -> (String, String) {
        assert_eq!(self.process.try_wait().unwrap(), None);
        self.process.start_kill().unwrap();
        let (_, stdout, stderr) = self.ended().await;
        (stdout, stderr)
    }

    /// Checks that it still runs, and has written nothing but its log. The lines of that.
    pub(crate) async fn end_quietly(self) -> Vec<Value> {
        let (log, stderr) = self.end().await;
        assert_eq!(stderr, "");
        let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    }
}

/// The event in the gateway tests' file of this name.
pub(crate) fn event(name: &str) -> Value {
    let events = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gateway/events");
    let path = Path::new(events).join(name).with_extension("json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// An event that creates a note of this id.
pub(crate) fn creation(id: NoteId) -> Value {
    let mut event = event("http-create");
    event["headers"]["idempotency-key"] = json!(id);
    event
}

/// An event about the note of this id, without a condition.
pub(crate) fn about(name: &str, id: NoteId) -> Value {
    let mut event = event(name);
    event["pathParameters"]["id"] = json!(id);
    event["headers"].as_object_mut().unwrap().remove("if-match");
    event
}

/// The event of a function in [`FUNCTIONS`], about the note of this id where it is about one.
pub(crate) fn of_note(name: &str, id: NoteId) -> Value {
    match name {
        "http-create" => creation(id),
        "http-list-encoded-query" | "http-changes" => event(name),
        _ => about(name, id),
    }
}

pub(crate) fn new_id() -> NoteId {
    NoteId::generate(Timestamp::now())
}

#[track_caller]
pub(crate) fn is_problem(response: &Value, status: u16, slug: &str) {
    assert_eq!(response["statusCode"], status, "{response}");
    let of_type = response["body"]["type"].as_str().unwrap();
    assert!(of_type.ends_with(&format!("#{slug}")), "{response}");
}
