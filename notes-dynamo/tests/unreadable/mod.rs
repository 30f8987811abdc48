use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use notes_core::{
    Change, Fingerprint, InsertOutcome, Insertion, ListQuery, NewNote, Note, NoteId, NoteStore,
    Occupant, Order, StoreErrorKind, Timestamp, UserId,
};
use notes_dynamo::{DynamoNoteStore, sort_key};

/// An attribute, and a value, or none, that makes an item no note.
fn faults() -> Vec<(&'static str, Option<AttributeValue>)> {
    let text = |it: &str| Some(AttributeValue::S(it.to_owned()));
    let number = |it: &str| Some(AttributeValue::N(it.to_owned()));
    let bytes = |count| Some(AttributeValue::B(vec![0; count].into()));
    vec![
        ("title", None),
        ("title", text(" ")),
        ("title", number("1")),
        ("content", None),
        ("content", bytes(1)),
        ("category", text("")),
        ("category", number("1")),
        ("revision", None),
        ("revision", bytes(15)),
        ("revision", bytes(16)),
        ("creation", None),
        ("creation", bytes(9)),
        ("expiresAt", text("1")),
        ("expiresAt", text("99999999999")),
        ("expiresAt", bytes(8)),
        ("expiresAt", number("9999999999.5")),
        ("expiresAt", number("999999999999999")),
        ("retained", text("true")),
        ("deleted", Some(AttributeValue::Bool(false))),
        ("deleted", text("true")),
        ("deleted", Some(AttributeValue::Null(true))),
    ]
}

fn insertion(user: &UserId, id: NoteId) -> Insertion {
    let new = NewNote {
        title: "Milk".parse().unwrap(),
        content: "2 litres".parse().unwrap(),
        category: None,
        expiry: Change::Keep,
    };
    Insertion {
        fingerprint: Fingerprint::of(&new),
        note: Note {
            user: user.clone(),
            id,
            title: new.title,
            content: new.content,
            category: None,
            expiry: None,
            retained: false,
            revision: id.into(),
        },
        purge_at: None,
    }
}

/// Each item that is no note is seen as that by whoever asks for it, and named in lists, between the
/// notes around it.
pub(crate) async fn is_seen_whatever_is_wrong(client: &Client, table: &str) {
    let store = DynamoNoteStore::new(client.clone(), table);
    let now = Timestamp::now();
    let user: UserId = format!("unreadable {}", NoteId::generate(now))
        .parse()
        .unwrap();
    let (mut notes, mut unreadable) = (vec![], vec![]);
    for (number, (attribute, value)) in (0..).step_by(2).zip(faults()) {
        let id = |number| NoteId::generate(Timestamp::from_millis(now.as_millis() + number));
        let (good, bad) = (
            insertion(&user, id(number)),
            insertion(&user, id(number + 1)),
        );
        for insertion in [&good, &bad] {
            store.insert(insertion, now).await.unwrap();
        }
        let what = format!("{attribute}: {value:?}");
        spoil(client, table, &bad.note, attribute, value).await;

        let got = store.get(&user, bad.note.id, now).await;
        assert_eq!(got.unwrap_err().kind(), StoreErrorKind::Corrupt, "{what}");
        let taken = InsertOutcome::Taken(Occupant::Unreadable);
        assert_eq!(store.insert(&bad, now).await.unwrap(), taken, "{what}");
        notes.push(good.note);
        unreadable.push((bad.note.id.to_string(), what));
    }
    for order in [Order::Oldest, Order::Newest] {
        let (seen, named) = list(&store, &user, order, now).await;
        assert_eq!(seen, notes);
        let hidden = unreadable.iter().filter(|(id, _)| !named.contains(id));
        assert_eq!(hidden.collect::<Vec<_>>(), Vec::<&_>::new());
        assert_eq!(named.len(), unreadable.len());
        notes.reverse();
    }
}

async fn spoil(
    client: &Client,
    table: &str,
    note: &Note,
    attribute: &str,
    value: Option<AttributeValue>,
) {
    let key = HashMap::from([
        (
            "userId".to_owned(),
            AttributeValue::S(note.user.as_str().to_owned()),
        ),
        ("timestamp".to_owned(), AttributeValue::N(sort_key(note.id))),
    ]);
    let get = client.get_item().table_name(table).set_key(Some(key));
    let mut item = get.send().await.unwrap().item.unwrap();
    match value {
        Some(value) => item.insert(attribute.to_owned(), value),
        None => item.remove(attribute),
    };
    let put = client.put_item().table_name(table).set_item(Some(item));
    put.send().await.unwrap();
}

async fn list(
    store: &DynamoNoteStore,
    user: &UserId,
    order: Order,
    now: Timestamp,
) -> (Vec<Note>, Vec<String>) {
    let mut query = ListQuery {
        limit: 5.try_into().unwrap(),
        order,
        ..ListQuery::default()
    };
    let (mut notes, mut unreadable) = (vec![], vec![]);
    loop {
        let page = store.list(user, &query, now).await.unwrap();
        notes.extend(page.notes);
        unreadable.extend(page.unreadable);
        match page.next {
            Some(next) => query.position = Some(next),
            None => return (notes, unreadable),
        }
    }
}
