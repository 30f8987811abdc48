use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use form_urlencoded::Serializer;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body_util::Full;
use serde_json::Value;

use crate::identity::is_v2;

/// Makes the request out of an event of API Gateway or of a function URL, with the path that the API
/// knows (`/notes`, `/notes/{id}`) whatever stage, domain or mapping it came through.
///
/// Payload formats [1.0 and 2.0][formats]. Nothing in an event is relied upon to be there. `None`
/// where it has no method, or something in it can't be part of a request.
///
/// [formats]: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
pub(crate) fn request(event: &mut Value) -> Option<Request<Full<Bytes>>> {
    let is_v2 = is_v2(event);
    let method = if is_v2 {
        "/requestContext/http/method"
    } else {
        "/httpMethod"
    };
    let method: Method = text(event, method)?.parse().ok()?;
    let mut uri = path(event, is_v2);
    let query = query(event, is_v2);
    if !query.is_empty() {
        uri = format!("{uri}?{query}");
    }
    let headers = headers(event)?;
    let body = body(event)?;
    let mut request = Request::new(Full::from(body));
    *request.method_mut() = method;
    // What is no URI is no path of ours either.
    *request.uri_mut() = uri.parse().unwrap_or_default();
    *request.headers_mut() = headers;
    Some(request)
}

/// The path as the client sees it, with its stage or base path.
pub(crate) fn visible_path(event: &Value) -> Option<&str> {
    text(event, "/requestContext/path").or_else(|| text(event, "/requestContext/http/path"))
}

fn text<'a>(event: &'a Value, pointer: &str) -> Option<&'a str> {
    event.pointer(pointer)?.as_str()
}

/// Routed by what the gateway says the route is. Only a catch-all route leaves that to the path.
fn path(event: &Value, is_v2: bool) -> String {
    let route = if is_v2 {
        text(event, "/routeKey").and_then(|it| Some(it.split_once(' ')?.1))
    } else {
        text(event, "/resource")
    };
    let parameter = |name: &str| {
        let value = event.get("pathParameters")?.get(name)?.as_str()?;
        Some(form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>())
    };
    match route {
        Some(route) if route.ends_with("/notes") => "/notes".to_owned(),
        Some(route) => match route.rsplit_once("/{") {
            Some((parent, name)) if name.ends_with("+}") => {
                let rest = text(
                    event,
                    &format!("/pathParameters/{}", name.trim_end_matches("+}")),
                );
                let parent = if parent.ends_with("/notes") {
                    "/notes"
                } else {
                    ""
                };
                format!("{parent}/{}", rest.unwrap_or_default())
            }
            Some((parent, name)) if parent.ends_with("/notes") => {
                let id = parameter(name.trim_end_matches('}'));
                format!("/notes/{}", id.unwrap_or_default())
            }
            _ => "/".to_owned(),
        },
        None => {
            let path = text(event, if is_v2 { "/rawPath" } else { "/path" }).unwrap_or("/");
            let stage = text(event, "/requestContext/stage").unwrap_or("$default");
            let inside = path
                .strip_prefix('/')
                .and_then(|it| it.strip_prefix(stage))
                .filter(|it| is_v2 && it.starts_with('/'));
            inside.unwrap_or(path).to_owned()
        }
    }
}

/// The query, encoded anew: a REST API hands over its parameters decoded.
fn query(event: &Value, is_v2: bool) -> String {
    let mut query = Serializer::new(String::new());
    if is_v2 {
        let raw = text(event, "/rawQueryString").unwrap_or_default();
        query.extend_pairs(form_urlencoded::parse(raw.as_bytes()));
        return query.finish();
    }
    let parameters = multi_value(
        event,
        "multiValueQueryStringParameters",
        "queryStringParameters",
    );
    query.extend_pairs(parameters).finish()
}

fn headers(event: &Value) -> Option<HeaderMap> {
    multi_value(event, "multiValueHeaders", "headers")
        .map(|(name, value)| {
            // A header that is left out may have been a condition: better no request.
            let name: HeaderName = name.parse().ok()?;
            Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
        })
        .try_fold(HeaderMap::new(), |mut headers, header| {
            let (name, value) = header?;
            headers.append(name, value);
            Some(headers)
        })
}

/// All values of a map of lists, or, where there is none, of a map of values.
fn multi_value<'a>(
    event: &'a Value,
    lists: &str,
    values: &str,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let map = |name| {
        event
            .get(name)
            .and_then(Value::as_object)
            .filter(|it| !it.is_empty())
    };
    let all = map(lists).or_else(|| map(values)).into_iter().flatten();
    all.flat_map(|(name, value)| {
        let list = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        list.iter()
            .filter_map(|it| Some((name.as_str(), it.as_str()?)))
    })
}

fn body(event: &mut Value) -> Option<Vec<u8>> {
    let Some(Value::String(body)) = event.get_mut("body").map(Value::take) else {
        return Some(Vec::new());
    };
    match event.get("isBase64Encoded").and_then(Value::as_bool) {
        Some(true) => BASE64_STANDARD.decode(body).ok(),
        _ => Some(body.into_bytes()),
    }
}
