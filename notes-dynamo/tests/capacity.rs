//! What each operation consumes is the minimum by DynamoDB's arithmetic, as the engine counts it:
//! writes by 1 KB, strongly consistent reads by 4 KB, others at half of that
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>).
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_async::time::StaticTimeSource;
use notes_core::{
    Category, ChangesQuery, DeleteOutcome, Deletion, Expected, Expires, Fingerprint, InsertOutcome,
    Insertion, ListQuery, NewNote, Note, NoteId, NotePatch, NoteStore, Notes, PurgeAt, Revision,
    Revisions, StoreErrorKind, Timestamp, Update, UpdateOutcome, UserId,
};
use notes_dynamo::{Capacity, DynamoNoteStore, ensure_table, sort_key};
use notes_testing::Engine;

const TABLE: &str = "notes";

/// How long after the time of its id a creation is accepted.
const WINDOW: Duration = Duration::from_mins(1);

/// Whole items, in bytes: 0.5, 1, 1.1, 4, 4.1, 20 and 349 KB, the round ones just below.
const SIZES: [usize; 7] = [512, 1_000, 1_127, 4_080, 4_200, 20_400, 349_000];

struct Counted {
    store: DynamoNoteStore,
    eventual: DynamoNoteStore,
    client: Client,
    told: Arc<Mutex<Capacity>>,
    user: UserId,
    now: Timestamp,
    _engine: Engine,
}

fn count(total: &Mutex<Capacity>, capacity: Capacity) {
    let mut total = total.lock().unwrap();
    total.read_units += capacity.read_units;
    total.write_units += capacity.write_units;
}

impl Counted {
    async fn new() -> Self {
        let engine = Engine::in_memory().unwrap();
        let client = engine.client();
        ensure_table(&client, TABLE).await.unwrap();
        let told = Arc::<Mutex<Capacity>>::default();
        let total = Arc::clone(&told);
        let store = DynamoNoteStore::new(client.clone(), TABLE);
        let store = store.with_capacity_observer(move |capacity| count(&total, capacity));
        Self {
            eventual: store.clone().with_eventually_consistent_reads(),
            store,
            client,
            told,
            // As long as a Cognito user's.
            user: "3b241101-e2bb-4255-8caf-4136c566a962".parse().unwrap(),
            now: Timestamp::now(),
            _engine: engine,
        }
    }

    /// The store with changes, when it is so late: no request is sent by another clock.
    fn with_changes_at(&self, now: Timestamp) -> DynamoNoteStore {
        let config = self.client.config().to_builder();
        let clock = StaticTimeSource::from_secs(now.as_secs());
        let client = Client::from_conf(config.time_source(clock).build());
        let total = Arc::clone(&self.told);
        DynamoNoteStore::new(client, TABLE)
            .with_changes()
            .with_capacity_observer(move |capacity| count(&total, capacity))
    }

    /// What has been consumed since this was asked last: units of reads and of writes.
    fn consumed(&self) -> (f64, f64) {
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        (told.read_units, told.write_units)
    }

    fn insertion(&self, content: usize) -> Insertion {
        self.insertion_at(self.now, content)
    }

    fn insertion_at(&self, now: Timestamp, content: usize) -> Insertion {
        let title = "Milk".parse().unwrap();
        let content = "a".repeat(content).parse().unwrap();
        let new = NewNote::new(title, content).with_category("shop".parse().unwrap());
        let fingerprint = Fingerprint::of(&new);
        let id = NoteId::generate(now);
        let mut note = Note::new(self.user.clone(), id, new.title, new.content);
        note.category = new.category;
        Insertion::new(note, fingerprint, WINDOW)
    }

    async fn insert(&self, insertion: &Insertion) {
        let inserted = self.store.insert(insertion, self.now).await;
        assert_eq!(inserted.unwrap(), InsertOutcome::Inserted);
    }

    async fn item(&self, id: NoteId) -> HashMap<String, AttributeValue> {
        let get = self.client.get_item().table_name(TABLE);
        let get = get
            .key("userId", AttributeValue::S(self.user.as_str().to_owned()))
            .key("timestamp", AttributeValue::N(sort_key(id)));
        get.send().await.unwrap().item.unwrap()
    }

    /// A note whose item has this size.
    async fn note_of(&self, size: usize) -> NoteId {
        let probe = self.insertion(0);
        self.insert(&probe).await;
        let overhead = item_size(&self.item(probe.note.id).await);
        let all = NonZeroU32::MAX;
        let purged = self.store.purge(&self.user, all).await.unwrap();
        assert!(!purged.more);
        self.consumed();
        // Under the same key: how large it is depends on its digits.
        let mut insertion = probe;
        insertion.note.content = "a".repeat(size - overhead).parse().unwrap();
        self.insert(&insertion).await;
        let id = insertion.note.id;
        assert_eq!(item_size(&self.item(id).await), size);
        id
    }

    fn later(&self) -> Revision {
        NoteId::generate(Timestamp::from_millis(self.now.as_millis() + 1)).into()
    }
}

/// The [size of an item](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html).
fn item_size(item: &HashMap<String, AttributeValue>) -> usize {
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Bool(_) => 1,
        AttributeValue::N(digits) => digits.trim_end_matches('0').len().div_ceil(2) + 1,
        other => panic!("no attribute of a note: {other:?}"),
    };
    item.iter()
        .map(|(name, attribute)| name.len() + value(attribute))
        .sum()
}

fn units(size: usize, unit: usize) -> f64 {
    f64::from(u32::try_from(size.div_ceil(unit)).unwrap())
}

fn writes(size: usize) -> f64 {
    units(size, 1 << 10)
}

fn reads(size: usize) -> f64 {
    units(size, 4 << 10)
}

#[tokio::test]
async fn insert_consumes_the_units_of_its_item() {
    let counted = Counted::new().await;
    for size in SIZES {
        counted.note_of(size).await;
        assert_eq!(counted.consumed(), (0.0, writes(size)), "{size}");
    }
}

#[tokio::test]
async fn get_consumes_the_units_of_its_item_and_half_of_them_where_reads_are_eventual() {
    let counted = Counted::new().await;
    for size in SIZES {
        let id = counted.note_of(size).await;
        counted.consumed();
        for (store, factor) in [(&counted.store, 1.0), (&counted.eventual, 0.5)] {
            let note = store.get(&counted.user, id, counted.now).await.unwrap();
            assert!(note.is_some());
            assert_eq!(counted.consumed(), (reads(size) * factor, 0.0), "{size}");
        }
    }
}

#[tokio::test]
async fn update_and_delete_consume_the_units_of_the_item_and_read_nothing() {
    let counted = Counted::new().await;
    for size in SIZES {
        let id = counted.note_of(size).await;
        counted.consumed();
        let patch = NotePatch::default().with_title("Beer".parse().unwrap());
        let update = Update::new(patch, Expected::Any, counted.later(), WINDOW);
        let (user, now) = (&counted.user, counted.now);
        let outcome = counted.store.update(user, id, &update, now).await;
        assert!(matches!(outcome, Ok(UpdateOutcome::Updated(_))));
        assert_eq!(counted.consumed(), (0.0, writes(size)), "{size}");

        let deletion = Deletion::new(
            update.revision.into(),
            NoteId::generate(Timestamp::from_millis(now.as_millis() + 2)).into(),
            PurgeAt::new(id, now.as_secs(), WINDOW),
        );
        let outcome = counted.store.delete(user, id, &deletion, now).await;
        assert_eq!(outcome.unwrap(), DeleteOutcome::Deleted);
        assert_eq!(counted.consumed(), (0.0, writes(size)), "{size}");
    }
}

#[tokio::test]
async fn list_consumes_the_units_of_all_its_items_together() {
    let counted = Counted::new().await;
    for size in SIZES {
        // No more than one query reads, which is 1 MB.
        let count = if size > 50_000 { 2 } else { 20 };
        let first = counted.note_of(size).await;
        let content = counted.store.get(&counted.user, first, counted.now).await;
        let content = content.unwrap().unwrap().content.as_str().len();
        let mut sizes = vec![size];
        for _ in 1..count {
            let insertion = counted.insertion(content);
            counted.insert(&insertion).await;
            sizes.push(item_size(&counted.item(insertion.note.id).await));
        }
        counted.consumed();
        let limit = u8::try_from(count).unwrap().try_into().unwrap();
        let query = ListQuery::default().with_limit(limit);
        let expected = reads(sizes.iter().sum());
        for (store, factor) in [(&counted.store, 1.0), (&counted.eventual, 0.5)] {
            let page = store.list(&counted.user, &query, counted.now).await;
            assert_eq!(page.unwrap().notes.len(), count);
            assert_eq!(counted.consumed(), (expected * factor, 0.0), "{size}");
        }
        // So that the next size is alone.
        let purged = counted.store.purge(&counted.user, NonZeroU32::MAX).await;
        assert!(!purged.unwrap().more);
    }
}

/// Sixty expired notes of 350 KB: more than 20 MB that no page shows.
#[tokio::test]
async fn a_page_reads_less_than_two_megabytes_whatever_is_hidden() {
    let counted = Counted::new().await;
    let soon = Timestamp::from_millis(counted.now.as_millis() + 10_000);
    for _ in 0..60 {
        let mut insertion = counted.insertion(350_000);
        insertion.note.expires = Expires::Chosen(soon.as_secs().try_into().unwrap());
        counted.insert(&insertion).await;
    }
    counted.consumed();
    let (mut query, mut pages) = (ListQuery::default(), 0);
    loop {
        let page = counted
            .store
            .list(&counted.user, &query, soon)
            .await
            .unwrap();
        assert_eq!(page.notes, []);
        let (read_units, _) = counted.consumed();
        assert!(read_units <= 512.0, "{read_units}");
        pages += 1;
        query.position = page.next;
        if query.position.is_none() {
            break;
        }
    }
    assert!(pages <= 31, "{pages}");
}

#[tokio::test]
async fn what_cannot_write_consumes_one_read() {
    let counted = Counted::new().await;
    let notes = Notes::new(counted.store.clone());
    let retitle = NotePatch::default().with_title("Beer".parse().unwrap());
    let never = Expected::OneOf(Revisions::EMPTY);
    for size in SIZES {
        let id = counted.note_of(size).await;
        counted.consumed();
        for (patch, expected, changes_nothing) in [
            (NotePatch::default(), Expected::Any, true),
            (NotePatch::default(), never.clone(), true),
            (retitle.clone(), never.clone(), false),
        ] {
            let outcome = notes.update(&counted.user, id, patch, &expected).await;
            let is_updated = matches!(outcome.unwrap(), UpdateOutcome::Updated(_));
            assert_eq!(is_updated, changes_nothing, "{expected:?}");
            assert_eq!(counted.consumed(), (reads(size), 0.0), "{size}");
        }
        let outcome = notes.delete(&counted.user, id, &never).await;
        assert!(matches!(outcome, Ok(DeleteOutcome::Stale(Some(_)))));
        assert_eq!(counted.consumed(), (reads(size), 0.0), "{size}");
    }
}

/// Attributes of others count, too.
#[tokio::test]
async fn an_update_of_an_item_that_would_outgrow_400_kb_is_too_large() {
    let counted = Counted::new().await;
    let insertion = counted.insertion(100);
    counted.insert(&insertion).await;
    let (user, id) = (&counted.user, insertion.note.id);
    let update_item = counted.client.update_item().table_name(TABLE);
    let foreign = update_item
        .key("userId", AttributeValue::S(user.as_str().to_owned()))
        .key("timestamp", AttributeValue::N(sort_key(id)))
        .update_expression("SET ofOthers = :text")
        .expression_attribute_values(":text", AttributeValue::S("a".repeat(100_000)));
    foreign.send().await.unwrap();
    let patch = NotePatch::default().with_content("a".repeat(350_000).parse().unwrap());
    let update = Update::new(patch, Expected::Any, counted.later(), WINDOW);
    let error = counted.store.update(user, id, &update, counted.now).await;
    assert_eq!(error.unwrap_err().kind(), StoreErrorKind::TooLarge);
    let note = counted.store.get(user, id, counted.now).await.unwrap();
    assert_eq!(note, Some(insertion.note));
}

/// The length in milliseconds of the windows in which several writes of a note count once for the index of changes.
const INDEX_WINDOW: u64 = 1 << 20;

/// A note that is changed and deleted at these times, counted in windows, and what each write consumes.
async fn writes_of_a_note(changes: bool, windows: [u64; 4]) -> Vec<f64> {
    let counted = Counted::new().await;
    let user = &counted.user;
    // In the middle of a window, so that a second later is still in it.
    let middle = counted.now.as_millis() / INDEX_WINDOW * INDEX_WINDOW + INDEX_WINDOW / 2;
    let at = |write: usize| {
        let millis = middle + windows[write] * INDEX_WINDOW + u64::try_from(write).unwrap() * 1_000;
        let now = Timestamp::from_millis(millis);
        let store = if changes {
            counted.with_changes_at(now)
        } else {
            counted.store.clone()
        };
        (store, now, Revision::from(NoteId::generate(now)))
    };
    let mut consumed = Vec::new();
    let (store, now, _) = at(0);
    let insertion = counted.insertion_at(now, 100);
    let id = insertion.note.id;
    let outcome = store.insert(&insertion, now).await.unwrap();
    assert_eq!(outcome, InsertOutcome::Inserted);
    consumed.push(counted.consumed().1);
    for write in 1..=2 {
        let (store, now, revision) = at(write);
        let patch = NotePatch::default().with_title("Beer".parse().unwrap());
        let update = Update::new(patch, Expected::Any, revision, WINDOW);
        let updated = store.update(user, id, &update, now).await.unwrap();
        assert!(matches!(updated, UpdateOutcome::Updated(_)), "{updated:?}");
        consumed.push(counted.consumed().1);
    }
    let (store, now, revision) = at(3);
    let deletion = Deletion::new(
        Expected::Any,
        revision,
        PurgeAt::new(id, now.as_secs(), WINDOW),
    );
    let deleted = store.delete(user, id, &deletion, now).await.unwrap();
    assert_eq!(deleted, DeleteOutcome::Deleted);
    consumed.push(counted.consumed().1);
    consumed
}

/// An insert adds an entry to the index: one unit. The first write of a note in a window removes that and adds
/// another: two units. Another one in the same window leaves it as it is.
#[tokio::test]
async fn the_index_of_changes_costs_the_first_write_of_a_note_in_a_window() {
    assert_eq!(
        writes_of_a_note(true, [0, 1, 1, 2]).await,
        [2.0, 3.0, 1.0, 3.0]
    );
    assert_eq!(
        writes_of_a_note(true, [0, 1, 1, 1]).await,
        [2.0, 3.0, 1.0, 1.0]
    );
    assert_eq!(
        writes_of_a_note(true, [0, 0, 0, 0]).await,
        [2.0, 1.0, 1.0, 1.0]
    );
}

/// On the same table, whose index is empty.
#[tokio::test]
async fn without_changes_the_index_costs_nothing() {
    assert_eq!(writes_of_a_note(false, [0, 1, 1, 2]).await, [1.0; 4]);
}

#[tokio::test]
async fn a_page_of_changes_consumes_one_read_and_the_units_of_each_item() {
    let counted = Counted::new().await;
    let (user, now) = (&counted.user, counted.now);
    let store = counted.with_changes_at(now);
    let (all, since_now) = (ChangesQuery::live(), ChangesQuery::since(now));
    for query in [&all, &since_now] {
        let page = store.changes(user, query, now).await.unwrap();
        assert_eq!(page.changes, []);
        assert_eq!(counted.consumed(), (1.0, 0.0), "nothing has changed");
    }
    // Those that were written without changes are in no index.
    for _ in 0..20 {
        counted.insert(&counted.insertion(100)).await;
    }
    counted.consumed();
    let page = store.changes(user, &since_now, now).await.unwrap();
    assert_eq!(page.changes, []);
    assert_eq!(
        counted.consumed(),
        (1.0, 0.0),
        "nothing has changed with changes on"
    );
    let mut sizes = Vec::new();
    for content in [100, 3_900, 4_100, 20_000] {
        let insertion = counted.insertion(content);
        let outcome = store.insert(&insertion, now).await.unwrap();
        assert_eq!(outcome, InsertOutcome::Inserted);
        sizes.push(item_size(&counted.item(insertion.note.id).await));
    }
    counted.consumed();
    let page = store.changes(user, &since_now, now).await.unwrap();
    assert_eq!(page.changes.len(), sizes.len());
    let items: f64 = sizes.iter().map(|size| reads(*size)).sum();
    assert_eq!(counted.consumed(), (1.0 + items, 0.0));
}

#[tokio::test]
async fn the_time_of_the_change_takes_27_bytes() {
    let counted = Counted::new().await;
    let insertion = counted.insertion(100);
    counted.insert(&insertion).await;
    let without = item_size(&counted.item(insertion.note.id).await);
    let purged = counted.store.purge(&counted.user, NonZeroU32::MIN).await;
    assert_eq!(purged.unwrap().removed, 1);
    let store = counted.with_changes_at(counted.now);
    let outcome = store.insert(&insertion, counted.now).await.unwrap();
    assert_eq!(outcome, InsertOutcome::Inserted);
    let with = item_size(&counted.item(insertion.note.id).await);
    assert_eq!(with, without + 27);
}

#[tokio::test]
async fn purge_consumes_one_read_and_one_write_of_each_item() {
    let counted = Counted::new().await;
    for size in SIZES {
        counted.note_of(size).await;
        counted.consumed();
        let purged = counted.store.purge(&counted.user, NonZeroU32::MIN).await;
        assert_eq!(purged.unwrap().removed, 1);
        assert_eq!(counted.consumed(), (reads(size), writes(size)), "{size}");
    }
}

#[tokio::test]
async fn the_overhead_of_a_note_is_bounded() {
    let counted = Counted::new().await;
    let text = |note: &Note| {
        let category = note.category.as_ref().map_or("", Category::as_str);
        note.title.as_str().len() + note.content.as_str().len() + category.len()
    };
    let expiry = 4_000_000_000.try_into().unwrap();
    for (expires, most) in [
        (Expires::Never, 160),
        (Expires::Chosen(expiry), 160),
        (Expires::Retained(expiry), 167),
    ] {
        let mut insertion = counted.insertion(100);
        insertion.note.expires = expires;
        counted.insert(&insertion).await;
        let size = item_size(&counted.item(insertion.note.id).await);
        let overhead = size - text(&insertion.note);
        assert!(overhead <= most, "{overhead} with {expires:?}");
    }
}
