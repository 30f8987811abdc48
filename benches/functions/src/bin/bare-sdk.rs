//! The same operations on the AWS SDK and nothing else: no validation, no conditions, no idempotency, no log.
//!
//! It is trimmed as the notes functions are: one thread, `ring`, no tracing subscriber, the few roots that
//! it needs, and one read during the start that opens the connection.

use std::collections::HashMap;
use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use aws_lambda_events::encodings::Body;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const SECONDS_KEPT: u64 = 90 * 24 * 60 * 60;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let store = &Store {
        client: client()?,
        table: env::var("NOTES_TABLE")?,
    };
    // Whatever comes of it: the first event finds out.
    let _ = store.get("-", "0").await;
    run(service_fn(
        move |event: LambdaEvent<ApiGatewayProxyRequest>| async move {
            let (status, body) = store.respond(&event.payload).await?;
            let mut response = ApiGatewayProxyResponse::default();
            response.status_code = status;
            let json = "application/json".parse()?;
            response.headers.insert("content-type", json);
            response.body = Some(Body::Text(body.to_string()));
            Ok::<_, Error>(response)
        },
    ))
    .await
}

fn client() -> Result<Client, Error> {
    // The measured notes functions read the same file, since the stub's root is in no function.
    let roots = std::fs::read(env::var("SSL_CERT_FILE")?)?;
    let roots = TrustStore::empty().with_pem_certificate(roots);
    let tls = TlsContext::builder().with_trust_store(roots).build()?;
    let http = Builder::new()
        .tls_provider(Provider::rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build_https();
    let credentials = Credentials::new(
        env::var("AWS_ACCESS_KEY_ID")?,
        env::var("AWS_SECRET_ACCESS_KEY")?,
        env::var("AWS_SESSION_TOKEN").ok(),
        None,
        "environment",
    );
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(env::var("AWS_REGION")?))
        .credentials_provider(credentials)
        .http_client(http);
    if let Ok(url) = env::var("AWS_ENDPOINT_URL_DYNAMODB") {
        config = config.endpoint_url(url);
    }
    Ok(Client::from_conf(config.build()))
}

/// What a caller sends.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Draft {
    title: Option<String>,
    content: Option<String>,
    category: Option<String>,
}

/// What a caller gets.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Note {
    timestamp: String,
    expires_at: u64,
    title: String,
    content: String,
    category: String,
}

impl Note {
    fn from_item(item: &HashMap<String, AttributeValue>) -> Self {
        let text = |name: &str| {
            let value = item.get(name).and_then(|value| value.as_s().ok());
            value.cloned().unwrap_or_default()
        };
        let number = |name: &str| item.get(name).and_then(|value| value.as_n().ok());
        Self {
            timestamp: number("timestamp").cloned().unwrap_or_default(),
            expires_at: number("expiresAt")
                .and_then(|digits| digits.parse().ok())
                .unwrap_or_default(),
            title: text("title"),
            content: text("content"),
            category: text("category"),
        }
    }
}

struct Store {
    client: Client,
    table: String,
}

type Reply = Result<(i64, Value), Error>;

fn s(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn n(value: &impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

impl Store {
    async fn respond(&self, request: &ApiGatewayProxyRequest) -> Reply {
        let user = request.request_context.authorizer.fields.get("claims");
        let Some(user) = user.and_then(|claims| claims.get("sub")?.as_str()) else {
            return Ok((401, json!({"message": "no user"})));
        };
        let id = request.path_parameters.get("id").map(String::as_str);
        let body = request.body.as_deref().unwrap_or_default();
        match (request.http_method.as_str(), id) {
            ("POST", None) => self.create(user, serde_json::from_str(body)?).await,
            ("GET", None) => {
                let limit = request.query_string_parameters.first("limit");
                let limit = limit.and_then(|limit| limit.parse().ok()).unwrap_or(20);
                self.list(user, limit).await
            }
            ("GET", Some(id)) => self.get(user, id).await,
            ("PATCH", Some(id)) => self.update(user, id, serde_json::from_str(body)?).await,
            ("DELETE", Some(id)) => self.delete(user, id).await,
            _ => Ok((404, json!({"message": "no such route"}))),
        }
    }

    async fn create(&self, user: &str, draft: Draft) -> Reply {
        let now = now();
        let note = Note {
            timestamp: now.to_string(),
            expires_at: now + SECONDS_KEPT,
            title: draft.title.unwrap_or_default(),
            content: draft.content.unwrap_or_default(),
            category: draft.category.unwrap_or_default(),
        };
        let request = self.client.put_item().table_name(&self.table);
        request
            .item("userId", s(user))
            .item("timestamp", n(&note.timestamp))
            .item("expiresAt", n(&note.expires_at))
            .item("title", s(&note.title))
            .item("content", s(&note.content))
            .item("category", s(&note.category))
            .send()
            .await?;
        Ok((201, serde_json::to_value(note)?))
    }

    async fn get(&self, user: &str, id: &str) -> Reply {
        let request = self.client.get_item().table_name(&self.table);
        let found = request
            .key("userId", s(user))
            .key("timestamp", n(&id))
            .send()
            .await?;
        match found.item {
            Some(item) => Ok((200, serde_json::to_value(Note::from_item(&item))?)),
            None => Ok((404, json!({"message": "no such note"}))),
        }
    }

    async fn list(&self, user: &str, limit: i32) -> Reply {
        let request = self.client.query().table_name(&self.table);
        let page = request
            .key_condition_expression("userId = :u")
            .expression_attribute_values(":u", s(user))
            .scan_index_forward(false)
            .limit(limit)
            .send()
            .await?;
        let notes: Vec<_> = page.items().iter().map(Note::from_item).collect();
        Ok((200, json!({"notes": serde_json::to_value(notes)?})))
    }

    async fn update(&self, user: &str, id: &str, draft: Draft) -> Reply {
        let mut sets = vec!["expiresAt = :expiresAt"];
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("userId", s(user))
            .key("timestamp", n(&id))
            .condition_expression("attribute_exists(userId)")
            .expression_attribute_values(":expiresAt", n(&(now() + SECONDS_KEPT)));
        for (value, set, place) in [
            (draft.title, "title = :title", ":title"),
            (draft.content, "content = :content", ":content"),
            (draft.category, "category = :category", ":category"),
        ] {
            if let Some(value) = value {
                sets.push(set);
                request = request.expression_attribute_values(place, AttributeValue::S(value));
            }
        }
        let expression = format!("SET {}", sets.join(", "));
        match request.update_expression(expression).send().await {
            Ok(_) => Ok((200, json!({"id": id}))),
            Err(error) => {
                let error = error.into_service_error();
                if error.is_conditional_check_failed_exception() {
                    Ok((404, json!({"message": "no such note"})))
                } else {
                    Err(error.into())
                }
            }
        }
    }

    async fn delete(&self, user: &str, id: &str) -> Reply {
        let request = self.client.delete_item().table_name(&self.table);
        request
            .key("userId", s(user))
            .key("timestamp", n(&id))
            .send()
            .await?;
        Ok((200, json!({})))
    }
}
