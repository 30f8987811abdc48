use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, mpsc};
use std::thread;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use notes_core::Notes;
use notes_dynamo::{DynamoNoteStore, ensure_table};
use notes_examples::LocalApi;
use notes_testing::Engine;
use tokio::sync::oneshot;

use super::{Below, Server};

/// The table of a server in this process.
pub(crate) const TABLE: &str = "notes";

const THREAD: &str = "notes-server";

impl Server {
    /// A server in this process, on a runtime of its own: that of a test ends with the test.
    pub(crate) fn in_process() -> Self {
        watch_panics();
        let (ready, is_ready) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let serve = async move {
            let engine = Engine::in_memory().unwrap();
            let requests = Requests::default();
            let config = engine.client().config().to_builder();
            let client = Client::from_conf(config.interceptor(requests.clone()).build());
            ensure_table(&client, TABLE).await.unwrap();
            let api = LocalApi::bind(0).await.unwrap();
            let below = Below {
                engine: engine.url(),
                requests,
                _stop: stop,
            };
            let url = api.url();
            ready.send(Self {
                url,
                below: Some(below),
            })?;
            let notes = Notes::new(DynamoNoteStore::new(client, TABLE));
            let stopped = async {
                let _ = stopped.await;
            };
            api.serve(notes, stopped).await?;
            Ok::<_, Box<dyn std::error::Error>>(())
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name(THREAD)
            .enable_all()
            .build()
            .unwrap();
        let thread = thread::Builder::new().name(THREAD.to_owned());
        thread
            .spawn(move || runtime.block_on(serve).unwrap())
            .unwrap();
        is_ready.recv().unwrap()
    }
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// How often a server in this process has panicked.
pub(crate) fn panics() -> usize {
    PANICS.load(Ordering::Relaxed)
}

fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // A test's thread has the test's name, and the engine's has none.
            if matches!(thread::current().name(), None | Some(THREAD)) {
                PANICS.fetch_add(1, Ordering::Relaxed);
            }
            report(panic);
        }));
    });
}

/// The requests that a client sends, by the names of their operations: each attempt counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests(Arc<Mutex<Vec<String>>>);

impl Requests {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        self.all().iter().filter(|sent| *sent == operation).count()
    }
}

impl Intercept for Requests {
    fn name(&self) -> &'static str {
        "Requests"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target");
        let (_, operation) = target
            .and_then(|target| target.split_once('.'))
            .ok_or("no target")?;
        self.0.lock().unwrap().push(operation.to_owned());
        Ok(())
    }
}
