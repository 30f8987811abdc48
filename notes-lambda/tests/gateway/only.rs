use notes_lambda::{Gateway, Operation};
use serde_json::Value;

use crate::support::{api, call, event, identity_of, is_problem, store};

/// Each operation, an event of each kind of gateway for it, and its status.
const OPERATIONS: [(Operation, [&str; 2], u16); 6] = [
    (Operation::Create, ["rest-create", "http-create"], 201),
    (
        Operation::List,
        ["rest-list", "http-list-encoded-query"],
        200,
    ),
    (Operation::Get, ["rest-get", "http-get"], 200),
    (
        Operation::Update,
        ["rest-update-if-match", "http-update-base64"],
        200,
    ),
    (Operation::Delete, ["rest-delete", "http-delete"], 204),
    (Operation::Changes, ["rest-changes", "http-changes"], 200),
];

async fn response(
    choice: impl Fn(Operation) -> bool + Send + Sync + 'static,
    event: Value,
) -> Value {
    let api = api(store().await).only(choice);
    call(&mut Gateway::new(api, identity_of(&event)), event).await
}

#[tokio::test]
async fn a_function_of_one_operation_serves_it_and_none_of_the_others() {
    for (own, ..) in OPERATIONS {
        for (operation, names, status) in OPERATIONS {
            for name in names {
                let response = response(move |operation| operation == own, event(name)).await;
                if operation == own {
                    assert_eq!(response["statusCode"], status, "{own:?}: {name}");
                } else {
                    is_problem(&response, 404, "unknown-path");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_function_of_several_operations_serves_them_and_none_of_the_others() {
    let chosen = [Operation::List, Operation::Delete];
    for (operation, names, status) in OPERATIONS {
        for name in names {
            let response = response(move |other| chosen.contains(&other), event(name)).await;
            if chosen.contains(&operation) {
                assert_eq!(response["statusCode"], status, "{name}");
            } else {
                is_problem(&response, 404, "unknown-path");
            }
        }
    }
}

#[tokio::test]
async fn a_choice_of_nothing_serves_nothing_and_a_later_choice_replaces_it() {
    for (operation, names, status) in OPERATIONS {
        let event = event(names[0]);
        let api = api(store().await).only(|_| false);
        let mut gateway = Gateway::new(api.clone(), identity_of(&event));
        is_problem(
            &call(&mut gateway, event.clone()).await,
            404,
            "unknown-path",
        );
        let mut gateway = Gateway::new(
            api.only(move |other| other == operation),
            identity_of(&event),
        );
        assert_eq!(call(&mut gateway, event).await["statusCode"], status);
    }
}

#[tokio::test]
async fn a_function_of_all_operations_serves_each() {
    for (_, names, status) in OPERATIONS {
        for name in names {
            let mut gateway = Gateway::new(api(store().await), identity_of(&event(name)));
            let response = call(&mut gateway, event(name)).await;
            assert_eq!(response["statusCode"], status, "{name}");
        }
    }
}

#[tokio::test]
async fn a_route_that_is_not_its_own_is_404_before_the_identity() {
    let response = response(
        |operation| operation == Operation::Create,
        event("http-no-authorizer"),
    )
    .await;
    is_problem(&response, 404, "unknown-path");
}

#[tokio::test]
async fn head_belongs_to_the_function_of_get() {
    let head = response(|operation| operation == Operation::Get, event("rest-head")).await;
    assert_eq!(head["statusCode"], 200);
}
