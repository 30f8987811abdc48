//! A DynamoDB engine inside this process, and clients of engines.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, Region};
use dynoxide::Database;
use tokio::sync::oneshot;

/// A DynamoDB engine inside this process, on a loopback port of its own.
///
/// It runs on a thread of its own, because it blocks that thread while it handles a request. When it is dropped, it
/// finishes the requests under way and stops.
///
/// Only for development: it does not authenticate anyone. Every program on this machine, and every page in a browser on
/// it, can read and write its tables if it finds the port.
#[derive(Debug)]
pub struct Engine {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How often items past their time to live are removed.
const SWEEP_INTERVAL: Duration = Duration::from_mins(1);

impl Engine {
    /// An engine whose tables are in memory.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn in_memory() -> Result<Self, Box<dyn Error>> {
        Self::start(Database::memory()?)
    }

    /// An engine whose tables are in a file, which is created if it does not exist. What the engine has acknowledged is
    /// on the disk.
    ///
    /// # Errors
    /// When the file can't be used as a database, or no port can be bound.
    pub fn in_file(path: &Path) -> Result<Self, Box<dyn Error>> {
        let path = path.to_str().ok_or("the path is not UTF-8")?;
        Self::start(Database::new(path)?)
    }

    fn start(database: Database) -> Result<Self, Box<dyn Error>> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let serve = async move {
            let listener = tokio::net::TcpListener::from_std(listener)
                .expect("the runtime drives network sockets");
            tokio::spawn(sweep(database.clone()));
            let stopped = async {
                // An error means that the sender was dropped, which is a request to stop as well.
                let _ = stopped.await;
            };
            dynoxide::server::serve_with_shutdown(listener, database, stopped)
                .await
                .expect("serving ends when told to");
        };
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(std::thread::spawn(move || runtime.block_on(serve))),
        })
    }

    /// The endpoint's URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client of this engine.
    #[must_use]
    pub fn client(&self) -> Client {
        client(&self.url())
    }
}

/// A client of the DynamoDB at this URL, with the region and the credentials of the AWS SDK's environment variables.
/// The defaults are for engines that check neither.
#[must_use]
pub fn client(url: &str) -> Client {
    let given = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let variable = |name, default: &str| given(name).unwrap_or_else(|| default.to_owned());
    let credentials = Credentials::new(
        variable("AWS_ACCESS_KEY_ID", "local"),
        variable("AWS_SECRET_ACCESS_KEY", "local"),
        given("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    let config = notes_dynamo::client_config()
        .region(Region::new(variable("AWS_REGION", "us-east-1")))
        .credentials_provider(credentials)
        .endpoint_url(url);
    Client::from_conf(config.build())
}

/// Removes expired items, as the time to live of a DynamoDB table does.
async fn sweep(database: Database) {
    let mut interval = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        interval.tick().await;
        let database = database.clone();
        // If it fails, the next sweep tries again. No result depends on it: the store hides expired items by itself.
        let _ = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
