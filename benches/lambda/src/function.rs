//! One process of a function, started as Lambda starts it.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use crate::Result;
use crate::runtime_api::{RuntimeApi, Step};
use crate::stub::Stub;

/// How long to wait for a function, which may run under valgrind.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running function. It is killed when it is dropped.
pub(crate) struct Function {
    process: Child,
    pid: Pid,
    api: RuntimeApi,
    pub(crate) started: Instant,
}

impl Function {
    /// Starts a binary, by a program that observes it or by itself.
    pub(crate) async fn start(binary: &Path, observer: &[OsString], stub: &Stub) -> Result<Self> {
        let api = RuntimeApi::start().await?;
        let mut command = match observer {
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(binary);
                command
            }
            [] => Command::new(binary),
        };
        command
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("LANG", "en_US.UTF-8")
            .env("TZ", ":UTC")
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_SESSION_TOKEN", "test")
            .env("AWS_ENDPOINT_URL_DYNAMODB", &stub.url)
            .env("SSL_CERT_FILE", &stub.roots)
            .env("NOTES_TABLE", "notes")
            .env("NOTES_IDENTITY", "cognito:sub")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        let started = Instant::now();
        let process = command
            .spawn()
            .map_err(|error| format!("{}: {error}", binary.display()))?;
        let id = process.id().ok_or("the function has ended")?;
        Ok(Self {
            process,
            pid: Pid::from_raw(id.try_into()?),
            api,
            started,
        })
    }

    /// Waits until the function asks for an event.
    pub(crate) async fn ready(&mut self) -> Result<()> {
        match self.step().await? {
            Step::Ready => Ok(()),
            Step::Failed(error) => Err(format!("it failed: {error}").into()),
            Step::Responded(..) => Err("it did not ask for an event".into()),
        }
    }

    /// Hands an event to the function, waits for a successful response, and returns when it came.
    pub(crate) async fn respond(&mut self, event: Vec<u8>) -> Result<Instant> {
        self.api.events.send(event)?;
        match self.step().await? {
            Step::Responded(at, body) => {
                let response: Value = serde_json::from_slice(&body)?;
                match response["statusCode"].as_u64() {
                    Some(200..=299) => Ok(at),
                    _ => Err(format!("not a success: {response}").into()),
                }
            }
            Step::Failed(error) => Err(format!("it failed: {error}").into()),
            Step::Ready => Err("it did not respond".into()),
        }
    }

    async fn step(&mut self) -> Result<Step> {
        tokio::select! {
            step = self.api.steps.recv() => Ok(step.ok_or("the Runtime API has ended")?),
            status = self.process.wait() => Err(format!("it ended: {}", status?).into()),
            () = tokio::time::sleep(PATIENCE) => Err("it does nothing".into()),
        }
    }

    /// The id of its process.
    pub(crate) fn id(&self) -> Pid {
        self.pid
    }

    /// The CPU time that all its threads have taken, of the user and of the system.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        Ok(clock_getcpuclockid(self.pid)?.now()?.into())
    }

    /// The most memory that it has had, in MiB.
    pub(crate) fn peak_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.ok_or("no VmHWM")?.trim().trim_end_matches(" kB");
        Ok(peak.parse::<f64>()? / 1024.0)
    }

    /// Ends the function by a signal, so that its observer writes down what it has seen.
    ///
    /// valgrind is in the function's process. strace has it as a child, and would keep a signal of its own to itself.
    pub(crate) async fn end(mut self) -> Result<()> {
        let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.pid))?;
        let function = match children.split_whitespace().next() {
            Some(child) => Pid::from_raw(child.parse()?),
            None => self.pid,
        };
        kill(function, Signal::SIGTERM)?;
        timeout(PATIENCE, self.process.wait()).await??;
        Ok(())
    }
}
