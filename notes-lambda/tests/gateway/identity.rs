use notes_core::MemoryNoteStore;
use notes_lambda::{Gateway, IdentitySource};
use serde_json::{Value, json};

use crate::support::{ALICE, api, bread, call, event, is_problem, store};

async fn list_as(identity: &str, event: Value) -> Value {
    let identity: IdentitySource = identity.parse().unwrap();
    call(&mut Gateway::new(api(store().await), identity), event).await
}

#[track_caller]
fn is_alice(response: &Value) {
    assert_eq!(response["statusCode"], 200, "{response}");
    assert_eq!(response["body"], json!({"items": [bread()]}));
}

#[track_caller]
fn is_nobody(response: &Value) {
    is_problem(response, 401, "unauthenticated");
    assert_eq!(response["headers"]["www-authenticate"], "Bearer");
}

const V1: &str = "rest-no-authorizer";
const V2: &str = "http-no-authorizer";

/// A list through this kind of gateway, whose authorizer says this.
fn authorized(kind: &str, authorizer: Value) -> Value {
    let mut event = event(kind);
    event["requestContext"]["authorizer"] = authorizer;
    event
}

/// Each setting, and an event with this value where that setting looks for it, in each kind of
/// gateway that has such a place.
fn right_places(value: &Value) -> [(&'static str, Value); 5] {
    [
        (
            "jwt:sub",
            authorized(
                V2,
                json!({"jwt": {"claims": {"sub": value}, "scopes": null}}),
            ),
        ),
        (
            "cognito:sub",
            authorized(V1, json!({"claims": {"sub": value}})),
        ),
        (
            "lambda:sub",
            authorized(V1, json!({"sub": value, "principalId": "gateway"})),
        ),
        (
            "lambda:sub",
            authorized(V2, json!({"lambda": {"sub": value}})),
        ),
        (
            "lambda-principal",
            authorized(V1, json!({"principalId": value, "sub": "gateway"})),
        ),
    ]
}

/// Places where no setting looks.
fn wrong_places() -> Vec<Value> {
    let mut all = vec![
        authorized(V1, json!(ALICE)),
        authorized(V1, json!([ALICE])),
        // The other format's places, and those of other authorizers.
        authorized(V1, json!({"jwt": {"claims": {"sub": ALICE}}})),
        authorized(V1, json!({"lambda": {"sub": ALICE, "principalId": ALICE}})),
        authorized(V1, json!({"iam": {"userId": ALICE, "sub": ALICE}})),
        authorized(V1, json!({"claims": {"claims": {"sub": ALICE}}})),
        authorized(V1, json!({"claims": {"Sub": ALICE, "sub ": ALICE}})),
        authorized(V1, json!({"claims": {"sub": null, "username": ALICE}})),
        authorized(V2, json!({"claims": {"sub": ALICE}})),
        authorized(V2, json!({"sub": ALICE, "principalId": ALICE})),
        authorized(V2, json!({"jwt": {"sub": ALICE, "scopes": [ALICE]}})),
        authorized(V2, json!({"iam": {"userId": ALICE, "sub": ALICE}})),
        authorized(
            V2,
            json!({"iam": {"cognitoIdentity": {"identityId": ALICE}}}),
        ),
        event("http-iam-authorizer"),
    ];
    // What the caller wrote itself, and what surrounds the authorizer.
    for kind in [V1, V2] {
        for (pointer, value) in [
            ("/headers", headers()),
            ("/multiValueHeaders", lists(headers())),
            ("/queryStringParameters", names()),
            ("/multiValueQueryStringParameters", lists(names())),
            ("/pathParameters", names()),
            ("/stageVariables", names()),
            (
                "/authorizer",
                json!({"claims": names(), "jwt": {"claims": names()}}),
            ),
            (
                "/requestContext/identity",
                json!({"user": ALICE, "caller": ALICE, "sub": ALICE}),
            ),
            ("/requestContext/claims", names()),
            ("/requestContext/sub", json!(ALICE)),
            ("/requestContext/principalId", json!(ALICE)),
            ("/sub", json!(ALICE)),
            ("/principalId", json!(ALICE)),
        ] {
            let mut event = event(kind);
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            event.pointer_mut(parent).unwrap()[name] = value;
            // An unknown parameter of a query is 400, but only after the identity.
            all.push(event);
        }
    }
    all
}

fn names() -> Value {
    json!({"sub": ALICE, "principalId": ALICE})
}

fn headers() -> Value {
    json!({
        "authorization": format!("Bearer {ALICE}"), "sub": ALICE, "principalId": ALICE,
        "jwt": ALICE, "x-user-id": ALICE, "x-amzn-oidc-identity": ALICE, "claims": ALICE,
    })
}

fn lists(mut values: Value) -> Value {
    for (_, value) in values.as_object_mut().unwrap() {
        *value = json!([value.take()]);
    }
    values
}

const SETTINGS: [&str; 7] = [
    "jwt:sub",
    "cognito:sub",
    "lambda:sub",
    "lambda-principal",
    "jwt:principalId",
    "cognito:principalId",
    "lambda:principalId",
];

#[tokio::test]
async fn each_setting_has_its_place() {
    for (identity, event) in right_places(&json!(ALICE)) {
        is_alice(&list_as(identity, event).await);
    }
    is_alice(&list_as("lambda:userId", event("rest-lambda-authorizer")).await);
    is_alice(&list_as("lambda-principal", event("rest-lambda-authorizer")).await);
    is_alice(&list_as("lambda:userId", event("http-lambda-authorizer")).await);
    is_alice(&list_as("cognito:sub", event("rest-list")).await);
}

#[tokio::test]
async fn no_setting_looks_into_the_place_of_another() {
    for (own, place) in right_places(&json!(ALICE)) {
        for identity in SETTINGS {
            if identity == own {
                continue;
            }
            // The value that its own place has in the same event is somebody else's.
            let response = list_as(identity, place.clone()).await;
            let has_own = place["requestContext"]["authorizer"]["principalId"] == "gateway"
                && identity == "lambda-principal"
                || place["requestContext"]["authorizer"]["sub"] == "gateway"
                    && identity == "lambda:sub";
            if has_own {
                assert_eq!(
                    response["body"],
                    json!({"items": []}),
                    "{identity} of {own}"
                );
            } else {
                is_nobody(&response);
            }
        }
    }
}

#[tokio::test]
async fn no_setting_looks_anywhere_else_and_least_of_all_into_a_header() {
    for place in wrong_places() {
        for identity in SETTINGS {
            let response = list_as(identity, place.clone()).await;
            assert_eq!(response["statusCode"], 401, "{identity} in {place}");
            is_nobody(&response);
        }
    }
}

#[tokio::test]
async fn without_an_authorizer_there_is_no_user() {
    for kind in [V1, V2] {
        for identity in SETTINGS {
            is_nobody(&list_as(identity, event(kind)).await);
            let null = authorized(kind, json!(null));
            is_nobody(&list_as(identity, null).await);
            let empty = authorized(kind, json!({}));
            is_nobody(&list_as(identity, empty).await);
        }
    }
}

#[tokio::test]
async fn a_value_that_can_be_no_user_id_is_no_user() {
    for value in [
        json!(null),
        json!(""),
        json!(true),
        json!(false),
        json!(4.2),
        json!(42.0),
        json!(1e300),
        json!([ALICE]),
        json!([42]),
        json!({"sub": ALICE}),
        json!("a".repeat(256)),
        // 128 characters of two bytes each.
        json!("é".repeat(128)),
        json!("alice\n"),
        json!("\u{0}"),
        json!("al\u{7f}ice"),
        json!("\u{85}"),
    ] {
        for (identity, event) in right_places(&value) {
            is_nobody(&list_as(identity, event).await);
        }
    }
}

#[tokio::test]
async fn any_other_text_is_a_user_of_its_own() {
    for value in [
        "a".repeat(255),
        "é".repeat(127),
        " ".to_owned(),
        ALICE.to_uppercase(),
        format!("{ALICE} "),
        "eu-central-1:7c0f|auth0".to_owned(),
    ] {
        for (identity, event) in right_places(&json!(value)) {
            let response = list_as(identity, event).await;
            assert_eq!(response["statusCode"], 200, "{response}");
            assert_eq!(response["body"], json!({"items": []}));
        }
    }
}

#[tokio::test]
async fn an_integer_of_a_lambda_authorizers_context_is_its_decimal_text() {
    for (number, text) in [
        (json!(42), "42"),
        (json!(0), "0"),
        (json!(-7), "-7"),
        (json!(u64::MAX), "18446744073709551615"),
        (json!(i64::MIN), "-9223372036854775808"),
    ] {
        let store = MemoryNoteStore::new();
        let creation = |kind: &str, authorizer: Value| {
            let mut event = event(kind);
            event["requestContext"]["authorizer"] = authorizer;
            event
        };
        let mut gateway = Gateway::new(api(store), "lambda:userId".parse().unwrap());
        let created = creation("http-create", json!({"lambda": {"userId": number}}));
        assert_eq!(call(&mut gateway, created).await["statusCode"], 201);
        // As a REST API hands it over, and as something in between may.
        for value in [json!(text), number.clone()] {
            for listing in [
                authorized(V1, json!({"userId": value, "principalId": "gateway"})),
                authorized(V2, json!({"lambda": {"userId": value}})),
            ] {
                let page = call(&mut gateway, listing).await;
                assert_eq!(page["body"]["items"][0]["title"], "Milk", "{value}: {page}");
            }
        }
    }
}

#[tokio::test]
async fn a_number_is_a_user_in_no_other_place() {
    for (identity, event) in right_places(&json!(7)) {
        let response = list_as(identity, event).await;
        match identity {
            "lambda:sub" => assert_eq!(response["body"], json!({"items": []})),
            _ => is_nobody(&response),
        }
    }
}

#[tokio::test]
async fn what_a_rest_api_says_beside_the_context_is_no_user() {
    for key in ["principalId", "integrationLatency"] {
        let event = event("rest-lambda-authorizer");
        assert!(!event["requestContext"]["authorizer"][key].is_null());
        is_nobody(&list_as(&format!("lambda:{key}"), event).await);
    }
}
