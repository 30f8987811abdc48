//! Events of API Gateway and of function URLs: which kind an event is, and the HTTP request that is in it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::ORIGIN;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body_util::Full;
use serde_json::Value;

use crate::request::path_prefix::PathPrefix;
use crate::request::query::DecodedQuery;
use crate::request::route::Route;

/// Whether the event has payload format 2.0 (HTTP API, function URL) and not 1.0 (REST API, HTTP API).
pub(crate) fn is_v2(event: &Value) -> bool {
    event.get("version").and_then(Value::as_str) == Some("2.0")
}

/// Whether an event carries no request and only keeps the function warm: a schedule of `EventBridge`, an event of one
/// of the usual warm-up plugins, or an event without members.
pub(crate) fn is_warm_up(event: &Value) -> bool {
    let Some(members) = event.as_object() else {
        return false;
    };
    let is_request = members.contains_key("requestContext") || members.contains_key("httpMethod");
    let is_named = match members.get("source").and_then(Value::as_str) {
        Some("aws.events" | "aws.scheduler" | "serverless-plugin-warmup") => true,
        // This is what the npm package lambda-warmer sends.
        _ => members.get("warmer") == Some(&Value::Bool(true)),
    };
    !is_request && (is_named || members.is_empty())
}

/// The HTTP request that an event of API Gateway or of a function URL carries, in payload format
/// [1.0 or 2.0][formats].
///
/// Its path is one that the API knows (`/notes`, `/notes/{id}`, `/notes/changes`), whatever stage, domain or base path
/// mapping it came through. Its query is in its extensions, and not in its URI. Any member of an event may be missing
/// or of another type. The result is `None` if the event has no method, or if a part of it can't be part of an HTTP
/// request.
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
    // An HTTP API decodes the path. A `?` or `#` that was encoded in it must not start a query or a fragment.
    let uri = path(event, is_v2).replace('?', "%3F").replace('#', "%23");
    let query = query(event, is_v2);
    let headers = headers(event)?;
    let body = body(event)?;
    let mut request = Request::new(Full::from(body));
    *request.method_mut() = method;
    // A path that is not a valid URI can't be one of the API's paths: the default, `/`, leads to a 404.
    *request.uri_mut() = uri.parse().unwrap_or_default();
    *request.headers_mut() = headers;
    request.extensions_mut().insert(query);
    Some(request)
}

/// The stage or base path that precedes `/notes` in the path as the client sends it.
///
/// Only for the path of all notes, because only a creation needs it, for `Location`. `None` if the event does not
/// contain that path.
pub(crate) fn prefix(event: &Value) -> Option<PathPrefix> {
    let path = text(event, "/requestContext/path");
    let path = path.or_else(|| text(event, "/requestContext/http/path"))?;
    let prefix = path.trim_end_matches('/').strip_suffix("/notes")?;
    Some(PathPrefix::new(prefix))
}

/// The `Origin` header of an event.
///
/// Read by itself, because an event from which no request can be made needs it too: a page can't read the 400
/// without CORS headers.
pub(crate) fn origin(event: &Value) -> Option<HeaderValue> {
    let mut headers = multi_value(event, "multiValueHeaders", "headers");
    let (_, origin) = headers.find(|(name, _)| name.eq_ignore_ascii_case(ORIGIN.as_str()))?;
    HeaderValue::from_bytes(origin?.as_bytes()).ok()
}

/// The string at this JSON pointer, if there is one.
fn text<'a>(event: &'a Value, pointer: &str) -> Option<&'a str> {
    event.pointer(pointer)?.as_str()
}

/// The path that the API knows, from the route that the gateway matched.
///
/// The event's own path may have a stage or a base path in front, and nothing says where a base path ends. So that path
/// is used only for the default route, without the stage. A catch-all route has the rest of the path as its parameter.
fn path(event: &Value, is_v2: bool) -> String {
    let route = if is_v2 {
        text(event, "/routeKey").and_then(|key| Some(key.split_once(' ')?.1))
    } else {
        // With payload format 1.0, an HTTP API gives its default route this name.
        text(event, "/resource").filter(|resource| *resource != "$default")
    };
    // Encoded again, so that a decoded slash in it does not make two path segments.
    let parameter = |name: &str| {
        let value = event.get("pathParameters")?.get(name)?.as_str()?;
        Some(form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>())
    };
    match route {
        Some(route) if route.ends_with("/notes") => "/notes".to_owned(),
        Some(route) if route.ends_with(Route::CHANGES) => Route::CHANGES.to_owned(),
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
            // A stage may be called `notes`, and a domain's path does not have it.
            let inside = path
                .strip_prefix('/')
                .and_then(|path| path.strip_prefix(stage))
                .filter(|path| path.starts_with("/notes"));
            inside.unwrap_or(path).to_owned()
        }
    }
}

/// The query, decoded. A REST API decodes it, so that it would have to be encoded to be part of a URI.
fn query(event: &Value, is_v2: bool) -> DecodedQuery {
    if is_v2 {
        let raw = text(event, "/rawQueryString").unwrap_or_default();
        let pairs = form_urlencoded::parse(raw.as_bytes());
        return DecodedQuery(pairs.into_owned().collect());
    }
    let parameters = multi_value(
        event,
        "multiValueQueryStringParameters",
        "queryStringParameters",
    );
    let pairs = parameters.filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    DecodedQuery(pairs.collect())
}

/// All headers with all their values; `None` if one of them can't be a header.
fn headers(event: &Value) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in multi_value(event, "multiValueHeaders", "headers") {
        // Never skipped: if an If-Match that can't be converted were left out, a conditional write would become an
        // unconditional one.
        let name: HeaderName = name.parse().ok()?;
        let value = HeaderValue::from_bytes(value?.as_bytes()).ok()?;
        // Fails beyond 32,768 names, the most that a `HeaderMap` holds.
        headers.try_append(name, value).ok()?;
    }
    Some(headers)
}

/// Names and values from the member `lists`, an object of lists, or, where that is missing or empty, from the member
/// `values`, an object with one value each. `None` stands for a value that is not a string.
fn multi_value<'a>(
    event: &'a Value,
    lists: &str,
    values: &str,
) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
    let map = |name| {
        event
            .get(name)
            .and_then(Value::as_object)
            .filter(|map| !map.is_empty())
    };
    let all = map(lists).or_else(|| map(values)).into_iter().flatten();
    all.flat_map(|(name, value)| {
        let list = value.as_array().filter(|list| !list.is_empty());
        let list = list.map_or(std::slice::from_ref(value), Vec::as_slice);
        list.iter().map(|value| (name.as_str(), value.as_str()))
    })
}

/// The body, decoded, moved out of the event so that up to 6 MB are not copied; `None` if it is not valid Base64.
fn body(event: &mut Value) -> Option<Vec<u8>> {
    let Some(Value::String(body)) = event.get_mut("body").map(Value::take) else {
        return Some(Vec::new());
    };
    match event.get("isBase64Encoded").and_then(Value::as_bool) {
        Some(true) => BASE64_STANDARD.decode(body).ok(),
        _ => Some(body.into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    const ID: &str = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d";

    fn uri(mut event: Value) -> String {
        request(&mut event).unwrap().uri().to_string()
    }

    fn v1(resource: &str, parameters: &Value, path: &str) -> String {
        uri(json!({
            "resource": resource, "path": path, "httpMethod": "GET", "pathParameters": parameters,
            "requestContext": {"stage": "prod"},
        }))
    }

    fn v2(route: &str, parameters: &Value, stage: &str, path: &str) -> String {
        uri(json!({
            "version": "2.0", "routeKey": route, "rawPath": path, "pathParameters": parameters,
            "requestContext": {"stage": stage, "http": {"method": "GET"}},
        }))
    }

    #[test]
    fn the_route_decides_whatever_the_path_is() {
        let note = format!("/notes/{ID}");
        let id = json!({"id": ID});
        for path in ["/", "/prod/notes", "/base/path/notes/x", "", "no path"] {
            assert_eq!(v1("/notes", &Value::Null, path), "/notes");
            assert_eq!(v1("/v1/notes", &Value::Null, path), "/notes");
            assert_eq!(v1("/notes/{id}", &id, path), note);
            assert_eq!(v1("/other", &id, path), "/");
            assert_eq!(v1("/other/{id}", &id, path), "/");
            assert_eq!(v1("/footnotes", &id, path), "/");
            assert_eq!(v2("POST /notes", &Value::Null, "prod", path), "/notes");
            assert_eq!(v2("ANY /v1/notes", &Value::Null, "prod", path), "/notes");
            assert_eq!(v2("GET /notes/{id}", &id, "prod", path), note);
            assert_eq!(v2("GET /other", &id, "prod", path), "/");
            let no_parameters = &Value::Null;
            assert_eq!(
                v1("/v1/notes/changes", no_parameters, path),
                "/notes/changes"
            );
            assert_eq!(
                v2("GET /notes/changes", no_parameters, "prod", path),
                "/notes/changes"
            );
            assert_eq!(v1("/other/changes", no_parameters, path), "/");
        }
    }

    #[test]
    fn a_parameter_may_have_any_name_and_is_never_more_than_one_segment() {
        let named = json!({"noteId": "a/b?c#d %2F"});
        let path = "/notes/a%2Fb%3Fc%23d+%252F";
        assert_eq!(v1("/notes/{noteId}", &named, "/"), path);
        assert_eq!(v2("GET /notes/{noteId}", &named, "$default", "/"), path);
        for none in [json!(null), json!({}), json!({"id": 7}), json!("id")] {
            assert_eq!(v1("/notes/{id}", &none, "/"), "/notes/");
        }
    }

    #[test]
    fn a_catch_all_route_leaves_it_to_the_path_within_it() {
        let rest = json!({"proxy": format!("notes/{ID}")});
        let note = format!("/notes/{ID}");
        let path = format!("/base{note}");
        assert_eq!(v1("/{proxy+}", &rest, &path), note);
        assert_eq!(v1("/v1/{proxy+}", &rest, &path), note);
        assert_eq!(v2("ANY /{proxy+}", &rest, "prod", &path), note);
        let rest = json!({"rest": ID});
        assert_eq!(v1("/notes/{rest+}", &rest, &path), note);
        assert_eq!(v2("GET /notes/{rest+}", &rest, "prod", &path), note);
        assert_eq!(v1("/{proxy+}", &Value::Null, &path), "/");
    }

    #[test]
    fn a_default_route_leaves_it_to_the_path_within_the_stage() {
        let none = Value::Null;
        assert_eq!(v2("$default", &none, "$default", "/notes"), "/notes");
        assert_eq!(v2("$default", &none, "prod", "/prod/notes"), "/notes");
        assert_eq!(v2("$default", &none, "notes", "/notes/notes"), "/notes");
        assert_eq!(v2("$default", &none, "prod", "/production"), "/production");
        assert_eq!(
            v2("$default", &none, "prod", "/other/notes"),
            "/other/notes"
        );
        assert_eq!(v1("$default", &none, "/prod/notes"), "/notes");
    }

    #[test]
    fn a_decoded_path_never_begins_a_query() {
        let rest = json!({"proxy": "notes?limit=1#x"});
        assert_eq!(v1("/{proxy+}", &rest, "/"), "/notes%3Flimit=1%23x");
        let path = "/notes?limit=1";
        assert_eq!(v2("$default", &rest, "$default", path), "/notes%3Flimit=1");
    }

    #[test]
    fn a_path_that_is_no_uri_is_nowhere() {
        let rest = json!({"proxy": "notes\u{0}\n"});
        assert_eq!(v1("/{proxy+}", &rest, "/"), "/");
    }

    #[test]
    fn a_path_is_seen_with_what_is_in_front_of_it() {
        let prefix = |event: Value| Some(prefix(&event)?.as_str().to_owned());
        let v1 = |path| json!({"path": "/notes", "requestContext": {"path": path}});
        assert_eq!(prefix(v1("/prod/notes")).unwrap(), "/prod");
        assert_eq!(prefix(v1("/prod/notes/")).unwrap(), "/prod");
        assert_eq!(prefix(v1("/notes")).unwrap(), "");
        assert_eq!(prefix(v1("/prod/other")), None);
        let v2 = json!({"version": "2.0", "requestContext": {"http": {"path": "/b/notes"}}});
        assert_eq!(prefix(v2).unwrap(), "/b");
        assert_eq!(prefix(json!({"path": "/notes"})), None);
    }

    #[test]
    fn a_query_is_the_same_in_both_formats() {
        let pairs = |mut event: Value| {
            let request = request(&mut event).unwrap();
            assert_eq!(request.uri(), "/notes");
            let DecodedQuery(pairs) = request.extensions().get().unwrap();
            pairs.clone()
        };
        let v1 = json!({
            "resource": "/notes", "httpMethod": "GET",
            "queryStringParameters": {"a": "3", "b": ""},
            "multiValueQueryStringParameters": {"a": ["1 &", "3"], "b": [""]},
        });
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let both = [("a", "1 &"), ("a", "3"), ("b", "")].map(owned);
        assert_eq!(pairs(v1), both);
        let v1 = json!({
            "resource": "/notes", "httpMethod": "GET", "queryStringParameters": {"a": "\u{e9}"},
            "multiValueQueryStringParameters": null,
        });
        assert_eq!(pairs(v1), [("a", "\u{e9}")].map(owned));
        let v2 = json!({
            "version": "2.0", "routeKey": "GET /notes", "rawQueryString": "a=1%20%26&a=3&b",
            "queryStringParameters": {"a": "1 &,3", "b": ""},
            "requestContext": {"http": {"method": "GET"}},
        });
        assert_eq!(pairs(v2), both);
    }

    fn with(name: &str, value: Value) -> Option<Request<Full<Bytes>>> {
        let mut event = json!({"resource": "/notes", "httpMethod": "POST"});
        event[name] = value;
        request(&mut event)
    }

    #[test]
    fn all_values_of_a_header_arrive_and_its_case_does_not_matter() {
        let mut event = json!({
            "resource": "/notes", "httpMethod": "GET",
            "headers": {"IF-match": "2"}, "multiValueHeaders": {"IF-match": ["1", "2"]},
        });
        let all = request(&mut event).unwrap();
        let all: Vec<_> = all.headers().get_all("if-match").iter().collect();
        assert_eq!(all, ["1", "2"]);
        for none in [json!(null), json!({})] {
            event["multiValueHeaders"] = none;
            let one = request(&mut event).unwrap();
            assert_eq!(one.headers()["If-Match"], "2");
        }
        event.as_object_mut().unwrap().remove("multiValueHeaders");
        assert_eq!(request(&mut event).unwrap().headers().len(), 1);
        event["headers"] = Value::Null;
        assert!(request(&mut event).unwrap().headers().is_empty());
    }

    #[test]
    fn a_header_beyond_ascii_is_carried() {
        let request = with("headers", json!({"x": "\u{e9}"})).unwrap();
        assert_eq!(request.headers()["x"], "\u{e9}".as_bytes());
    }

    #[test]
    fn a_header_that_can_not_be_carried_is_no_request() {
        for headers in [
            json!({"If-Match": "a\nb"}),
            json!({"If-Match": "\u{0}"}),
            json!({"If-Match": "\u{7f}"}),
            json!({"If-Match": 7}),
            json!({"If-Match": null}),
            json!({"If-Match": {}}),
            json!({"If-Match": []}),
            json!({"If Match": "a"}),
            json!({"If-Match:": "a"}),
            json!({"": "a"}),
            json!({"\u{e9}": "a"}),
        ] {
            assert!(with("headers", headers.clone()).is_none(), "{headers}");
            let mut lists = headers;
            for (_, value) in lists.as_object_mut().unwrap() {
                *value = json!(["a", value.take()]);
            }
            assert!(
                with("multiValueHeaders", lists.clone()).is_none(),
                "{lists}"
            );
        }
    }

    #[test]
    fn more_headers_than_can_be_carried_are_no_request() {
        let names = (0..33_000).map(|number| (format!("x-{number}"), json!("")));
        let headers: Value = names.collect::<Map<_, _>>().into();
        assert!(with("headers", headers.clone()).is_none());
        assert!(with("multiValueHeaders", headers).is_none());
        let values = vec![json!("\"a\""); 33_000];
        let all = with("multiValueHeaders", json!({"If-Match": values})).unwrap();
        assert_eq!(all.headers().get_all("if-match").iter().count(), 33_000);
    }

    #[test]
    fn what_only_keeps_the_function_warm_is_known_by_its_source_or_by_having_nothing() {
        for event in [
            json!({}),
            json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}),
            json!({"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": "{}"}),
            json!({"source": "serverless-plugin-warmup"}),
            json!({"warmer": true, "concurrency": 3}),
        ] {
            assert!(is_warm_up(&event), "{event}");
        }
        for event in [
            json!(null),
            json!([]),
            json!("aws.events"),
            json!({"source": "aws.s3"}),
            json!({"source": ["aws.events"]}),
            json!({"warmer": "true"}),
            json!({"Records": []}),
            json!({"source": "aws.events", "httpMethod": "GET"}),
            json!({"warmer": true, "requestContext": {"http": {"method": "GET"}}}),
        ] {
            assert!(!is_warm_up(&event), "{event}");
        }
    }

    fn body_of(text: &Value, is_base64_encoded: &Value) -> Option<Vec<u8>> {
        body(&mut json!({"body": text, "isBase64Encoded": is_base64_encoded}))
    }

    #[test]
    fn a_body_is_text_or_base64_as_the_event_says() {
        assert_eq!(body_of(&json!("TWlsaw=="), &json!(true)).unwrap(), b"Milk");
        for no in [json!(false), json!(null), json!("true"), json!(1)] {
            assert_eq!(body_of(&json!("TWlsaw=="), &no).unwrap(), b"TWlsaw==");
        }
        assert_eq!(body_of(&json!("/+8="), &json!(true)).unwrap(), [0xff, 0xef]);
        assert_eq!(body_of(&json!(""), &json!(true)).unwrap(), b"");
        assert_eq!(body_of(&json!(null), &json!(true)).unwrap(), b"");
        assert_eq!(body(&mut json!({})).unwrap(), b"");
    }

    #[test]
    fn a_body_that_is_not_base64_is_no_request() {
        for body in [
            "TWlsaw",
            "TWlsaw=",
            "TWlsa%==",
            "{\"a\": 1}",
            "TWls\naw==",
            "_-8=",
        ] {
            assert_eq!(body_of(&json!(body), &json!(true)), None, "{body}");
        }
    }

    #[test]
    fn an_event_without_a_method_is_no_request() {
        for mut event in [
            json!(null),
            json!([]),
            json!("GET /notes"),
            json!({}),
            json!({"httpMethod": "G T"}),
            json!({"httpMethod": ""}),
            json!({"httpMethod": 7}),
            json!({"version": "2.0", "httpMethod": "GET"}),
            json!({"Records": [{"eventSource": "aws:sqs", "body": "x"}]}),
        ] {
            assert!(request(&mut event).is_none(), "{event}");
        }
    }
}
