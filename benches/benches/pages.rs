//! What a page of a list costs in partitions of several sizes, and behind tombstones, on the embedded engine. Counted:
//! requests, items that the engine reads, and read units. It fails when a page costs more because of the notes that are
//! not in it. `bash benches/run pages` prints a table; `cargo test --workspace --bench pages` counts with smaller
//! partitions.
#![allow(
    clippy::print_stdout,
    reason = "a program that shows what it has counted"
)]

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::mem;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use notes_core::{
    CreateOutcome, DeleteOutcome, Expected, ListQuery, NewNote, NoteId, NoteStore, Notes, Page,
    Timestamp, UserId,
};
use notes_dynamo::{DynamoNoteStore, ensure_table, sort_key};
use notes_testing::Engine;
use serde::Serialize;

const TABLE: &str = "notes";

/// How many notes a page is asked for: as many as the smallest partition has.
const LIMIT: u8 = 10;

/// How many items `BatchWriteItem` takes.
const BATCH: usize = 25;

/// How often each page is read for its time. The pages take turns.
const ROUNDS: usize = 200;

type Result<T> = std::result::Result<T, Box<dyn Error>>;
type Item = HashMap<String, AttributeValue>;

/// What was read for one page, or for several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
struct Cost {
    requests: u32,
    /// Before the filter.
    items: i32,
    read_units: f64,
}

/// Adds up what the responses to queries say.
#[derive(Clone, Debug, Default)]
struct Counter(Arc<Mutex<Cost>>);

impl Counter {
    fn take(&self) -> Cost {
        mem::take(&mut *self.0.lock().expect("nothing panics while it is locked"))
    }
}

impl Intercept for Counter {
    fn name(&self) -> &'static str {
        "Counter"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> std::result::Result<(), BoxError> {
        let output = context.output_or_error().ok();
        if let Some(query) = output.and_then(|output| output.downcast_ref::<QueryOutput>()) {
            let consumed = query.consumed_capacity().ok_or("no consumed capacity")?;
            let mut cost = self.0.lock().map_err(|_| "a thread has panicked")?;
            cost.requests += 1;
            cost.items += query.scanned_count();
            cost.read_units += consumed.capacity_units().ok_or("no capacity units")?;
        }
        Ok(())
    }
}

/// A table and the items that its partitions are filled with.
struct Bench {
    client: Client,
    counter: Counter,
    store: DynamoNoteStore,
    now: Timestamp,
    note: Item,
    tombstone: Item,
}

/// A page that is measured.
struct Case {
    name: String,
    user: UserId,
    query: ListQuery,
}

#[derive(Debug, Serialize)]
struct Row {
    group: &'static str,
    name: String,
    notes: usize,
    #[serde(flatten)]
    cost: Cost,
    milliseconds: f64,
}

fn main() -> Result<()> {
    // What `cargo bench` passes, and `cargo test` does not.
    let is_bench = env::args().any(|argument| argument == "--bench");
    let (sizes, tombstones, rounds) = if is_bench {
        (&[10, 1_000, 100_000][..], 10_000, ROUNDS)
    } else {
        (&[10, 1_000][..], 1_000, 1)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let rows = runtime.block_on(run(sizes, tombstones, rounds))?;
    println!("{}", serde_json::to_string(&rows)?);
    Ok(())
}

/// The number of the user who has deleted all notes but the oldest ten.
const DELETER: usize = 1;

/// A user whose id is as long as a Cognito user's.
fn user(number: usize) -> Result<UserId> {
    Ok(format!("3b241101-e2bb-4255-8caf-{number:012}").parse()?)
}

/// A number below a million with a comma after its thousands.
fn with_commas(number: usize) -> String {
    match number {
        1_000.. => format!("{},{:03}", number / 1_000, number % 1_000),
        _ => number.to_string(),
    }
}

async fn run(sizes: &[usize], tombstones: usize, rounds: usize) -> Result<Vec<Row>> {
    let engine = Engine::in_memory()?;
    let bench = Bench::new(&engine).await?;
    let cases = bench.cases(sizes, tombstones).await?;
    let mut rows = bench.measure(&cases, rounds).await?;
    for row in &rows[1..] {
        if (row.notes, row.cost) != (rows[0].notes, rows[0].cost) {
            return Err(format!("{row:?} costs something else than {:?}", rows[0]).into());
        }
    }
    rows.push(bench.pass_tombstones(tombstones).await?);
    Ok(rows)
}

impl Bench {
    async fn new(engine: &Engine) -> Result<Self> {
        let counter = Counter::default();
        let config = engine.client().config().to_builder();
        let client = Client::from_conf(config.interceptor(counter.clone()).build());
        ensure_table(&client, TABLE).await?;
        let store = DynamoNoteStore::new(client.clone(), TABLE);

        // A note and a tombstone as the store writes them.
        let notes = Notes::new(store.clone());
        let user = user(0)?;
        let mut items = Vec::new();
        for is_deleted in [false, true] {
            let new = NewNote::new("Milk".parse()?, "a".repeat(850).parse()?);
            let id = notes.new_id();
            let created = notes.create(&user, id, new).await?;
            assert!(matches!(created, CreateOutcome::Created(_)), "{created:?}");
            if is_deleted {
                let deleted = notes.delete(&user, id, &Expected::Any).await?;
                assert_eq!(deleted, DeleteOutcome::Deleted);
            }
            let get = client.get_item().table_name(TABLE);
            let get = get
                .key("userId", AttributeValue::S(user.as_str().to_owned()))
                .key("timestamp", AttributeValue::N(sort_key(id)));
            items.push(get.send().await?.item.ok_or("no item")?);
        }
        let [note, tombstone] = items.try_into().map_err(|_| "two items")?;
        Ok(Self {
            client,
            counter,
            store,
            now: Timestamp::now(),
            note,
            tombstone,
        })
    }

    /// The id of the item with this age in milliseconds: a UUID of version 7 without random bits. It ends in 1,
    /// because a number is the shorter the more zeros it ends in.
    fn id(&self, age: usize) -> Result<NoteId> {
        let created = self.now.as_millis() - u64::try_from(age)?;
        let (high, low) = (created >> 16, created & 0xFFFF);
        Ok(format!("{high:08x}-{low:04x}-7000-8000-000000000001").parse()?)
    }

    /// Writes copies of an item, one for each of these ages.
    async fn fill(&self, user: &UserId, item: &Item, ages: std::ops::Range<usize>) -> Result<()> {
        let mut ages = ages.peekable();
        while ages.peek().is_some() {
            let mut writes = Vec::new();
            for age in ages.by_ref().take(BATCH) {
                let mut item = item.clone();
                item.insert(
                    "userId".to_owned(),
                    AttributeValue::S(user.as_str().to_owned()),
                );
                let key = AttributeValue::N(sort_key(self.id(age)?));
                item.insert("timestamp".to_owned(), key);
                let put = PutRequest::builder().set_item(Some(item)).build()?;
                writes.push(WriteRequest::builder().put_request(put).build());
            }
            let batch = self.client.batch_write_item().request_items(TABLE, writes);
            let output = batch.send().await?;
            assert!(output.unprocessed_items.unwrap_or_default().is_empty());
        }
        Ok(())
    }

    /// Fills the partitions. Each page that comes back has as many notes as it is asked for.
    async fn cases(&self, sizes: &[usize], tombstones: usize) -> Result<Vec<Case>> {
        let first = ListQuery::default().with_limit(LIMIT.try_into()?);
        let mut cases = Vec::new();
        for size in sizes {
            let user = user(*size)?;
            self.fill(&user, &self.note, 0..*size).await?;
            if *size > usize::from(LIMIT) {
                cases.push(Case {
                    name: format!("in the middle of {} notes", with_commas(*size)),
                    user: user.clone(),
                    query: first.clone().with_position(self.id(size / 2)?),
                });
            }
            cases.push(Case {
                name: format!("the first of {} notes", with_commas(*size)),
                user,
                query: first.clone(),
            });
        }
        // The first pages come first, the smallest partition's at the very beginning: the others are compared with it.
        cases.sort_by_key(|case| case.query.position.is_some());
        let user = user(DELETER)?;
        self.fill(&user, &self.tombstone, 0..tombstones).await?;
        self.fill(&user, &self.note, tombstones..tombstones + 10)
            .await?;
        cases.push(Case {
            name: format!(
                "after {} tombstones, by its cursor",
                with_commas(tombstones)
            ),
            user,
            query: first.with_position(self.id(tombstones - 1)?),
        });
        Ok(cases)
    }

    async fn read(&self, user: &UserId, query: &ListQuery) -> Result<(Page, Cost, Duration)> {
        self.counter.take();
        let started = Instant::now();
        let page = self.store.list(user, query, self.now).await?;
        Ok((page, self.counter.take(), started.elapsed()))
    }

    async fn measure(&self, cases: &[Case], rounds: usize) -> Result<Vec<Row>> {
        let mut rows: Vec<Row> = Vec::new();
        let mut times = vec![Vec::new(); cases.len()];
        for round in 0..rounds {
            for (case, times) in cases.iter().zip(&mut times) {
                let (page, cost, time) = self.read(&case.user, &case.query).await?;
                times.push(time);
                if round == 0 {
                    rows.push(Row {
                        group: "a page of 10",
                        name: case.name.clone(),
                        notes: page.notes.len(),
                        cost,
                        milliseconds: 0.0,
                    });
                }
            }
        }
        for (row, times) in rows.iter_mut().zip(&mut times) {
            times.sort_unstable();
            row.milliseconds = times[times.len() / 2].as_secs_f64() * 1_000.0;
        }
        Ok(rows)
    }

    /// The pages from the first one, which has only tombstones, to the first one that has notes.
    async fn pass_tombstones(&self, tombstones: usize) -> Result<Row> {
        let user = user(DELETER)?;
        let mut query = ListQuery::default().with_limit(LIMIT.try_into()?);
        let (mut total, mut taken, mut pages) = (Cost::default(), Duration::ZERO, 0);
        let page = loop {
            let (page, cost, time) = self.read(&user, &query).await?;
            pages += 1;
            total.requests += cost.requests;
            total.items += cost.items;
            total.read_units += cost.read_units;
            taken += time;
            // By the store's documentation: 8 requests, the first with the page's limit, each other with 100 items.
            if cost.requests > 8 || cost.items > 710 {
                return Err(format!("a page costs {cost:?}").into());
            }
            if !page.notes.is_empty() {
                break page;
            }
            query.position = Some(page.next.ok_or("no notes behind the tombstones")?);
        };
        Ok(Row {
            group: "all pages until the first note",
            name: format!(
                "{pages} pages, behind {} tombstones",
                with_commas(tombstones)
            ),
            notes: page.notes.len(),
            cost: total,
            milliseconds: taken.as_secs_f64() * 1_000.0,
        })
    }
}
