use std::collections::BTreeSet;
use std::sync::Arc;

use notes_core::{MemoryNoteStore, Notes};
use notes_lambda::{
    Api, CorsOrigins, Gateway, GatewayResponse, IdentitySource, Settings, StartError,
};
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::delayed::Delayed;
use crate::support::{api, bread, call, event, identity_of, store};

#[test]
fn the_public_types_go_from_thread_to_thread() {
    fn goes<T: Send + Sync + 'static>() {}
    fn is_cloned<T: Clone>() {}
    goes::<Api<MemoryNoteStore>>();
    goes::<Gateway<MemoryNoteStore>>();
    is_cloned::<Gateway<MemoryNoteStore>>();
    goes::<GatewayResponse>();
    goes::<CorsOrigins>();
    goes::<IdentitySource>();
    goes::<StartError>();
    goes::<Settings>();
}

#[tokio::test]
async fn a_gateway_serves_several_invocations_at_the_same_time() {
    const TOGETHER: usize = 16;
    let barrier = Arc::new(Barrier::new(TOGETHER));
    // No operation goes on before all have begun.
    let store = Delayed::new(store().await, move || {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
        }
    });
    let event = event("rest-get");
    let gateway = Gateway::new(api(store), identity_of(&event));
    let mut calls = JoinSet::new();
    for _ in 0..TOGETHER {
        let (mut gateway, event) = (gateway.clone(), event.clone());
        calls.spawn(async move { call(&mut gateway, event).await });
    }
    for response in calls.join_all().await {
        assert_eq!(response["body"], bread());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn creations_at_the_same_time_are_all_kept_each_for_its_user() {
    let gateway = Gateway::new(
        Api::new(Notes::new(MemoryNoteStore::new())),
        "jwt:sub".parse().unwrap(),
    );
    let of_user = |name, user: usize| {
        let mut event = event(name);
        let claims = &mut event["requestContext"]["authorizer"]["jwt"]["claims"];
        claims["sub"] = json!(format!("user {user}"));
        event["headers"]
            .as_object_mut()
            .unwrap()
            .remove("idempotency-key");
        event
    };
    let mut calls = JoinSet::new();
    for number in 0..200 {
        let mut gateway = gateway.clone();
        let event = of_user("http-create", number % 4);
        calls.spawn(async move { (number % 4, call(&mut gateway, event).await) });
    }
    let mut ids = [const { BTreeSet::new() }; 4];
    for (user, response) in calls.join_all().await {
        assert_eq!(response["statusCode"], 201);
        ids[user].insert(response["body"]["id"].to_string());
    }
    for (user, ids) in ids.into_iter().enumerate() {
        assert_eq!(ids.len(), 50);
        let mut list = of_user("http-list-encoded-query", user);
        list["rawQueryString"] = json!("limit=100");
        let page = call(&mut gateway.clone(), list).await;
        let items = page["body"]["items"].as_array().unwrap().iter();
        let listed: BTreeSet<_> = items.map(|item| item["id"].to_string()).collect();
        assert_eq!(listed, ids);
    }
}
