//! Events that no gateway sends.

use std::sync::LazyLock;

use notes_core::{NoteStore, UserId};
use notes_lambda::Gateway;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::support::{
    ALICE, NOTE, api, call, clock, event, events, identity_of, response, store, with_header,
};

static EVENTS: LazyLock<Vec<Value>> = LazyLock::new(events);

/// Texts that mean something to one part or another.
const WORDS: &[&str] = &[
    "",
    "2.0",
    "1.0",
    "$default",
    "/notes",
    "/notes/",
    "/{proxy+}",
    "/notes/{",
    "/notes/{+}",
    "GET /notes/{id}",
    "ANY /{proxy+}",
    "//notes",
    "/notes?limit=%zz#",
    "POST",
    "OPTIONS",
    "\u{0}",
    "a\r\nb: c",
    "\u{fffd}",
    "%",
    "limit=1&limit=%ff&cursor=",
    NOTE,
    "AA==",
    "*",
];

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(WORDS).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((any::<String>(), inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// What happens to one place of an event.
#[derive(Clone, Debug)]
enum Mutation {
    Remove,
    Replace(Value),
    /// The value moves under another name.
    Rename(String),
    /// What another event has.
    Graft(Index, Vec<Index>),
}

fn mutation() -> impl Strategy<Value = (Vec<Index>, Mutation)> {
    let place = || vec(any::<Index>(), 1..6);
    let mutation = prop_oneof![
        Just(Mutation::Remove),
        anything().prop_map(Mutation::Replace),
        any::<String>().prop_map(Mutation::Rename),
        (any::<Index>(), place()).prop_map(|(event, place)| Mutation::Graft(event, place)),
    ];
    (place(), mutation)
}

/// The value at this place, or as near to it as there is one.
fn at<'a>(value: &'a Value, place: &[Index]) -> &'a Value {
    let Some((first, rest)) = place.split_first() else {
        return value;
    };
    match value {
        Value::Object(members) if !members.is_empty() => at(
            members.values().nth(first.index(members.len())).unwrap(),
            rest,
        ),
        Value::Array(items) if !items.is_empty() => at(first.get(items), rest),
        _ => value,
    }
}

fn mutate(value: &mut Value, place: &[Index], mutation: &Mutation, events: &[Value]) {
    let (first, rest) = place.split_first().unwrap();
    let Value::Object(members) = value else {
        if let Value::Array(items) = value
            && !items.is_empty()
        {
            let item = first.index(items.len());
            match mutation {
                Mutation::Replace(new) if rest.is_empty() => items[item] = new.clone(),
                _ if rest.is_empty() => drop(items.remove(item)),
                _ => mutate(&mut items[item], rest, mutation, events),
            }
        }
        return;
    };
    let Some(name) = (!members.is_empty()).then(|| {
        members
            .keys()
            .nth(first.index(members.len()))
            .unwrap()
            .clone()
    }) else {
        return;
    };
    let child = &members[&name];
    if !rest.is_empty() && (child.is_object() || child.is_array()) {
        return mutate(&mut members[&name], rest, mutation, events);
    }
    let old = members.remove(&name).unwrap();
    match mutation {
        Mutation::Remove => {}
        Mutation::Replace(new) => drop(members.insert(name, new.clone())),
        Mutation::Rename(other) => drop(members.insert(other.clone(), old)),
        Mutation::Graft(event, place) => {
            let graft = at(event.get(events), place).clone();
            members.insert(name, graft);
        }
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.unwrap().block_on(future)
}

/// Checks that it is a response as a gateway takes it, and no failure.
#[track_caller]
fn is_response(response: &Value, event: &Value) {
    let status = response["statusCode"].as_u64().unwrap();
    let expected = [
        200, 201, 204, 304, 400, 401, 404, 405, 409, 412, 413, 415, 422,
    ];
    assert!(expected.contains(&status), "{response} to {event}");
    for (name, value) in response["headers"].as_object().unwrap() {
        assert!(value.is_string(), "{name}: {value}");
    }
    assert_eq!(response["isBase64Encoded"], false);
    assert!(status < 400 || response["body"]["status"] == status || response["body"] == "");
}

fn may_be_met(condition: &Value) -> bool {
    match condition {
        Value::String(text) => text.trim() == "*" || text.contains(NOTE),
        // One format has lists of values.
        Value::Array(items) => items.iter().any(may_be_met),
        _ => false,
    }
}

/// A case is cheap here, so there are more of them than elsewhere.
fn many_cases() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    config.cases = config.cases.saturating_mul(6);
    config
}

proptest! {
    #![proptest_config(many_cases())]

    #[test]
    fn any_change_to_an_event_still_has_a_response(
        which: Index,
        mutations in vec(mutation(), 1..8),
    ) {
        let mut event = which.get(&EVENTS).clone();
        for (place, mutation) in &mutations {
            mutate(&mut event, place, mutation, &EVENTS);
        }
        is_response(&run(response(event.clone())), &event);
    }

    #[test]
    fn anything_has_a_response(event in anything()) {
        is_response(&run(response(event.clone())), &event);
    }

    #[test]
    fn a_condition_is_never_left_out_whatever_it_is(condition in anything()) {
        for name in ["rest-update-stale", "http-update-base64"] {
            let is_met = may_be_met(&condition);
            let event = if name.starts_with("rest") {
                with_header(event(name), "If-Match", condition.clone())
            } else {
                with_header(event(name), "if-match", condition.clone())
            };
            let status = run(async {
                let store = store().await;
                let mut gateway = Gateway::new(api(store.clone()), identity_of(&event));
                let response = call(&mut gateway, event.clone()).await;
                let alice: UserId = ALICE.parse().unwrap();
                let note = store.get(&alice, NOTE.parse().unwrap(), clock()).await.unwrap().unwrap();
                assert_eq!(response["statusCode"] == 200, note.title.as_str() != "Bread");
                response["statusCode"].as_u64().unwrap()
            });
            prop_assert!(is_met || status == 400 || status == 412, "{status}: {condition}");
        }
    }
}

#[test]
fn a_body_of_any_size_and_bytes_has_a_response() {
    for body in [
        json!("{".repeat(100_000)),
        json!("[".repeat(3 << 20)),
        json!("\u{0}"),
        json!("/////w=="),
    ] {
        for is_base64_encoded in [true, false] {
            let mut event = event("http-create");
            event["body"] = body.clone();
            event["isBase64Encoded"] = json!(is_base64_encoded);
            is_response(&run(response(event)), &json!("a body"));
        }
    }
}
