//! Whatever is asked, in whatever order: the store on DynamoDB shows the same as the reference
//! implementation in memory. More cases by `PROPTEST_CASES`.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod planted;

use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use notes_core::conformance::Harness;
use notes_core::{
    Category, Change, DeleteOutcome, Deletion, Expected, Expires, Expiry, ExpiryChoice,
    Fingerprint, InsertOutcome, Insertion, ListQuery, MemoryNoteStore, NewNote, Note, NoteId,
    NotePatch, NoteStore, Order, PurgeAt, Revision, Revisions, Timestamp, Update, UpdateOutcome,
    UserId,
};
use notes_dynamo::{DynamoNoteStore, ensure_table};
use notes_testing::Engine;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use tokio::runtime::Runtime;

const TABLE: &str = "notes";

/// When the first step happens, in milliseconds.
const START: u64 = 1_800_000_000_000;

/// One of two users.
type User = bool;

#[derive(Clone, Debug)]
enum Step {
    Insert(User, NoteId, NewNote, bool),
    Get(User, NoteId),
    List(User, ListQuery),
    Update(User, NoteId, Update),
    Delete(User, NoteId, Deletion),
    Purge(User, NonZeroU32),
    /// Removes what may be removed physically so many seconds later.
    Sweep(User, u64),
    Wait(Duration),
}

/// What a step shows.
#[derive(Debug, PartialEq)]
enum Seen {
    Insert(InsertOutcome),
    Get(Option<Note>),
    /// Of all pages: where one ends is the store's affair.
    List(Vec<Note>),
    Update(UpdateOutcome),
    Delete(DeleteOutcome),
    /// How many items until there are no more: that there may be more is no promise.
    Purge(u32),
    Nothing,
}

/// Few ids, of which some are of one millisecond, so that steps meet.
fn ids() -> impl Strategy<Value = NoteId> {
    let ids = [(0, 1), (0, 2), (1, 0), (1, u128::MAX >> 54), (2, 7)];
    select(ids.map(|(millis, rest)| id(millis, rest)).to_vec())
}

fn id(millis: u64, rest: u128) -> NoteId {
    NoteId::from_ordinal(u128::from(START + millis) << 74 | rest).unwrap()
}

/// Those that notes begin with, and others later and earlier.
fn revisions() -> impl Strategy<Value = Revision> {
    prop_oneof![ids(), (0..6_u64).prop_map(|millis| id(millis, 3))].prop_map(Revision::from)
}

fn expected() -> impl Strategy<Value = Expected> {
    prop_oneof![
        2 => Just(Expected::Any),
        3 => few_revisions().prop_map(Expected::OneOf),
        2 => few_revisions().prop_map(Expected::NoneOf),
    ]
}

fn few_revisions() -> impl Strategy<Value = Revisions> {
    vec(revisions(), 0..4).prop_map(|few| few.try_into().unwrap())
}

/// Soon after the first step.
fn expiries() -> impl Strategy<Value = Expiry> {
    (0..20_u64).prop_map(|secs| (START / 1_000 + secs).try_into().unwrap())
}

fn changes<T: Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Change<T>> {
    prop_oneof![
        Just(Change::Keep),
        Just(Change::Clear),
        value.prop_map(Change::Set),
    ]
}

fn categories() -> impl Strategy<Value = Category> {
    select(vec!["shop", "🥛"]).prop_map(|text| text.parse().unwrap())
}

fn notes() -> impl Strategy<Value = NewNote> {
    let expiry = prop_oneof![
        3 => Just(ExpiryChoice::Retention),
        1 => expiries().prop_map(ExpiryChoice::At),
    ];
    let values = ("[ab]", "[ab\u{0}]{0,2}", option::of(categories()), expiry);
    values.prop_map(|(title, content, category, expiry)| {
        let mut new = NewNote::new(title.parse().unwrap(), content.parse().unwrap());
        (new.category, new.expiry) = (category, expiry);
        new
    })
}

fn patches() -> impl Strategy<Value = NotePatch> {
    (
        option::of("[ab]"),
        option::of("[ab]{0,2}"),
        changes(categories()),
        changes(expiries()),
    )
        .prop_map(|(title, content, category, expiry)| {
            let mut patch = NotePatch::default();
            patch.title = title.map(|text| text.parse().unwrap());
            patch.content = content.map(|text| text.parse().unwrap());
            (patch.category, patch.expiry) = (category, expiry);
            patch
        })
}

fn updates() -> impl Strategy<Value = Update> {
    let renewal = option::weighted(0.3, expiries());
    (patches(), renewal, expected(), revisions()).prop_map(
        |(patch, renewal, expected, revision)| {
            let mut update = Update::new(patch, expected, revision, Duration::ZERO);
            update.renewal = renewal;
            update
        },
    )
}

fn deletions() -> impl Strategy<Value = Deletion> {
    // After all steps.
    let purge_at = PurgeAt::new(id(0, 0), START / 1_000, Duration::ZERO);
    (expected(), revisions())
        .prop_map(move |(expected, revision)| Deletion::new(expected, revision, purge_at))
}

fn queries() -> impl Strategy<Value = ListQuery> {
    let time = || option::of((START - 1..START + 4).prop_map(Timestamp::from_millis));
    let order = select(vec![Order::Newest, Order::Oldest]);
    let category = option::weighted(0.3, categories());
    (1..=4_u8, order, time(), time(), option::of(ids()), category).prop_map(
        |(limit, order, created_after, created_before, position, category)| {
            let mut query = ListQuery::default()
                .with_limit(limit.try_into().unwrap())
                .with_order(order);
            (query.created_after, query.created_before) = (created_after, created_before);
            (query.position, query.category) = (position, category);
            query
        },
    )
}

fn steps() -> impl Strategy<Value = Step> {
    let user = any::<User>;
    let budget = (1..4_u32).prop_map(|items| NonZeroU32::new(items).unwrap());
    prop_oneof![
        6 => (user(), ids(), notes(), any::<bool>())
            .prop_map(|(user, id, note, retained)| Step::Insert(user, id, note, retained)),
        3 => (user(), ids()).prop_map(|(user, id)| Step::Get(user, id)),
        3 => (user(), queries()).prop_map(|(user, query)| Step::List(user, query)),
        6 => (user(), ids(), updates()).prop_map(|(user, id, update)| Step::Update(user, id, update)),
        3 => (user(), ids(), deletions()).prop_map(|(user, id, deletion)| Step::Delete(user, id, deletion)),
        1 => (user(), budget).prop_map(|(user, budget)| Step::Purge(user, budget)),
        1 => (user(), select(vec![0, 3_600, 3_605, 3_610, 3_800]))
            .prop_map(|(user, secs)| Step::Sweep(user, secs)),
        1 => (1..5_000_u64).prop_map(|millis| Step::Wait(Duration::from_millis(millis))),
    ]
}

fn insertion(user: &UserId, id: NoteId, new: &NewNote, retained: bool) -> Insertion {
    let (title, content) = (new.title.clone(), new.content.clone());
    let mut note = Note::new(user.clone(), id, title, content);
    note.category.clone_from(&new.category);
    note.expires = match new.expiry {
        ExpiryChoice::At(expiry) if retained => Expires::Retained(expiry),
        ExpiryChoice::At(expiry) => Expires::Chosen(expiry),
        ExpiryChoice::Retention | ExpiryChoice::Never => Expires::Never,
    };
    Insertion::new(note, Fingerprint::of(new), Duration::ZERO)
}

async fn seen(store: &dyn NoteStore, users: &[UserId; 2], step: &Step, now: Timestamp) -> Seen {
    let of = |user: &User| &users[usize::from(*user)];
    match step {
        Step::Insert(user, id, new, retained) => {
            let insertion = insertion(of(user), *id, new, *retained);
            Seen::Insert(store.insert(&insertion, now).await.unwrap())
        }
        Step::Get(user, id) => Seen::Get(store.get(of(user), *id, now).await.unwrap()),
        Step::List(user, query) => {
            let mut query = query.clone();
            let mut notes = vec![];
            loop {
                let page = store.list(of(user), &query, now).await.unwrap();
                assert!(page.notes.len() <= query.limit.get() && page.unreadable.is_empty());
                notes.extend(page.notes);
                match page.next {
                    Some(next) => query.position = Some(next),
                    None => return Seen::List(notes),
                }
            }
        }
        Step::Update(user, id, update) => {
            Seen::Update(store.update(of(user), *id, update, now).await.unwrap())
        }
        Step::Delete(user, id, deletion) => {
            Seen::Delete(store.delete(of(user), *id, deletion, now).await.unwrap())
        }
        Step::Purge(user, budget) => {
            let mut removed = 0;
            loop {
                let purged = store.purge(of(user), *budget).await.unwrap();
                assert!(purged.removed <= budget.get());
                removed += purged.removed;
                if !purged.more {
                    return Seen::Purge(removed);
                }
            }
        }
        Step::Sweep(..) | Step::Wait(_) => Seen::Nothing,
    }
}

struct Dynamo {
    runtime: Runtime,
    store: DynamoNoteStore,
    client: Client,
    _engine: Engine,
}

static DYNAMO: LazyLock<Dynamo> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let engine = Engine::in_memory().unwrap();
    let client = engine.client();
    let table = ensure_table(&client, TABLE);
    runtime.block_on(table).unwrap();
    Dynamo {
        runtime,
        store: DynamoNoteStore::new(client.clone(), TABLE),
        client,
        _engine: engine,
    }
});

/// Two users whom no other case has, one's id the beginning of the other's.
fn new_users() -> [UserId; 2] {
    static CASES: AtomicUsize = AtomicUsize::new(0);
    let case = CASES.fetch_add(1, Ordering::Relaxed);
    [format!("alice{case:06}"), format!("alice{case:06}x")].map(|name| name.parse().unwrap())
}

/// Where the stores show something else, if they do.
fn difference(other: &dyn NoteStore, steps: &[Step]) -> Option<String> {
    let memory = MemoryNoteStore::new();
    let users = new_users();
    let mut now = START;
    for step in steps {
        if let Step::Wait(duration) = step {
            now += u64::try_from(duration.as_millis()).unwrap();
        }
        let (one, two) = DYNAMO.runtime.block_on(async {
            let now = Timestamp::from_millis(now);
            if let Step::Sweep(user, secs) = step {
                let later = Timestamp::from_millis(now.as_millis() + secs * 1_000);
                let user = &users[usize::from(*user)];
                memory.sweep(user, later).await;
                planted::sweep(&DYNAMO.client, TABLE, user, later).await;
            }
            let memory = seen(&memory, &users, step, now).await;
            (memory, seen(other, &users, step, now).await)
        });
        if one != two {
            return Some(format!(
                "{step:?} at {now}: in memory {one:?}, else {two:?}"
            ));
        }
    }
    None
}

proptest! {
    #[test]
    fn dynamodb_shows_what_memory_shows(steps in vec(steps(), 1..40)) {
        prop_assert_eq!(difference(&DYNAMO.store, &steps), None);
    }
}
