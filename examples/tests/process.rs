//! The real program, `local_api`: built, started, asked, and told to stop.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed unwrap fails the test; a test that is skipped says so"
)]

mod program;
mod support;

use std::collections::BTreeSet;
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use futures_util::future::join_all;
use notes_testing::Engine;
use program::{Program, fails};
use reqwest::Method;
use support::response::send;
use support::user::User;
use support::wire::{HalfSent, Wire};
use support::{eventually, ids, new_key, note};
use tempfile::TempDir;
use tokio::sync::mpsc;

/// Well below the time after which a server gives up on connections that are in use.
const PROMPTLY: Duration = Duration::from_secs(5);

#[tokio::test]
async fn the_printed_curl_lines_work_when_pasted() {
    let program = Program::start(&["--in-memory"]);
    assert!(program.greeting.contains(&program.url));
    let lines: Vec<_> = program
        .greeting
        .lines()
        .filter(|line| line.starts_with("curl "))
        .collect();
    assert_eq!(lines.len(), 4);
    for (line, status) in lines.into_iter().zip(["201", "200", "200", "200"]) {
        let Some(response) = program::pasted(line) else {
            println!("skipped, because there is no curl");
            return;
        };
        let start = format!("HTTP/1.1 {status} ");
        assert!(response.starts_with(&start), "{line}\n{response}");
    }
    let alice = program.user_with_token("alice");
    let notes = alice.all().await;
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0]["category"], "shop");
}

#[tokio::test]
async fn the_printed_page_has_all_it_needs_from_this_program() {
    let program = Program::start(&["--in-memory"]);
    assert!(
        program
            .greeting
            .contains(&format!("{}/docs\n", program.url))
    );
    let nobody = program.new_user();
    let get = async |path: &str| send(nobody.anonymous(Method::GET, path)).await.expect(200);
    let page = get("/docs").await;
    assert_eq!(page.header("content-type"), "text/html");
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none';")
    );
    let attributes = page.body.split(['"', '\'']);
    let files: Vec<_> = attributes.filter(|value| value.starts_with('/')).collect();
    assert_eq!(files.len(), 4);
    for file in files {
        assert!(!get(file).await.body.is_empty(), "{file}");
    }
    let description = get("/docs/openapi.json").await;
    assert_eq!(description.header("content-type"), "application/json");
    assert!(description.json()["paths"]["/notes"].is_object());
}

#[tokio::test]
async fn the_notes_app_has_all_it_needs_from_this_program() {
    let program = Program::start(&["--in-memory"]);
    assert!(program.greeting.contains(&format!("{}/\n", program.url)));
    let nobody = program.new_user();
    let get = async |path: &str| send(nobody.anonymous(Method::GET, path)).await.expect(200);
    let page = get("/").await;
    assert_eq!(page.header("content-type"), "text/html");
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none';")
    );
    // What the page names, and what the service worker keeps for the time without a network.
    let worker = get("/sw.js").await;
    assert_eq!(worker.header("content-type"), "text/javascript");
    let named = [page.body.as_str(), worker.body.as_str()].join("\"");
    let mut files: Vec<_> = named
        .split(['"', '`'])
        .map(|text| text.trim_start_matches("./"))
        .filter(|text| {
            [".js", ".css", ".svg"]
                .iter()
                .any(|&ending| text.ends_with(ending))
        })
        .collect();
    files.sort_unstable();
    files.dedup();
    assert_eq!(files, ["icon.svg", "index.css", "index.js", "sign-in.js"]);
    for file in files {
        assert!(!get(&format!("/{file}")).await.body.is_empty(), "{file}");
    }
}

#[tokio::test]
async fn notes_survive_a_restart() {
    let mut program = Program::start(&[]);
    let alice = program.new_user();
    let created = alice.create(&note("Milk")).await.expect(201).json();
    for signal in ["TERM", "INT"] {
        program.signal(signal);
        assert_eq!(program.ended().code(), Some(0));
        program.start_again();
        let alice = program.user_with_token(&alice.id);
        assert_eq!(alice.all().await, std::slice::from_ref(&created));
    }
}

#[tokio::test]
async fn acknowledged_notes_survive_kill_9_under_load() {
    let mut program = Program::start(&[]);
    let alice = program.new_user();
    let (acknowledge, mut acknowledged) = mpsc::unbounded_channel();
    let load: Vec<_> = (0..16)
        .map(|_| {
            let (alice, acknowledge) = (alice.clone(), acknowledge.clone());
            tokio::spawn(async move {
                loop {
                    let key = new_key();
                    let sent = alice.creation(&key, &note("Milk")).send().await;
                    match sent {
                        Ok(response) if response.status() == 201 => acknowledge.send(key).unwrap(),
                        Ok(response) => panic!("{response:?}"),
                        Err(_) => return,
                    }
                }
            })
        })
        .collect();
    drop(acknowledge);

    let mut kept = BTreeSet::new();
    while let Some(key) = acknowledged.recv().await {
        kept.insert(key);
        if kept.len() == 300 {
            program.signal("KILL");
        }
    }
    for task in load {
        task.await.unwrap();
    }
    assert!(kept.len() >= 300);
    assert_eq!(program.ended().code(), None);

    program.start_again();
    let listed = program.user_with_token(&alice.id).all().await;
    let listed: BTreeSet<_> = ids(&listed).into_iter().map(str::to_owned).collect();
    let lost: Vec<_> = kept.difference(&listed).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[tokio::test]
async fn a_signal_lets_running_requests_finish() {
    for signal in ["TERM", "INT"] {
        let mut program = Program::start(&[]);
        let (alice, key) = (program.new_user(), new_key());
        let running = HalfSent::creation(&alice, &key, &note("Milk")).await;
        program.signal(signal);
        eventually("the port is closed", async || {
            program.is_closed().then_some(())
        })
        .await;
        assert_eq!(running.finish().await, 201);
        assert_eq!(program.ended().code(), Some(0));
        program.start_again();
        let alice = program.user_with_token(&alice.id);
        alice.get(&key).await.expect(200);
    }
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let mut program = Program::start(&["--in-memory"]);
    let alice = program.new_user();
    // It stays in the client's pool.
    alice.create(&note("Milk")).await.expect(201);
    let silent = TcpStream::connect(program.address()).unwrap();
    let told = Instant::now();
    program.signal("TERM");
    assert_eq!(program.ended().code(), Some(0));
    assert!(told.elapsed() < PROMPTLY, "{:?}", told.elapsed());
    drop((alice, silent));
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let program = Program::start(&["--in-memory"]);
    let address = program.address();
    assert!(address.ip().is_loopback());
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, address.port()));
    assert!(TcpStream::connect(v6).is_err());
    // Nothing is sent: this only asks for a route.
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let outward = socket
        .connect("192.0.2.1:9")
        .and_then(|()| socket.local_addr());
    match outward {
        Ok(own) if !own.ip().is_loopback() => {
            let outward = SocketAddr::from((own.ip(), address.port()));
            assert!(TcpStream::connect(outward).is_err(), "{outward}");
        }
        _ => println!("skipped: this machine has loopback only"),
    }
}

/// The status of the response to a request for the page, sent byte for byte with this target and these
/// headers.
async fn status_of(program: &Program, target: &str, headers: &[String]) -> u16 {
    let mut wire = Wire::open(&program.url).await;
    let start = [format!("GET {target} HTTP/1.1")];
    let end = ["Connection: close", "", ""].map(str::to_owned);
    let request = [&start[..], headers, &end].concat().join("\r\n");
    wire.send(request.as_bytes()).await.unwrap();
    let response = String::from_utf8(wire.read_to_end().await).unwrap();
    let status = response.strip_prefix("HTTP/1.1 ").unwrap();
    status[..3].parse().unwrap()
}

#[tokio::test]
async fn it_serves_no_name_that_somebody_made_point_to_it() {
    let program = Program::start(&["--in-memory"]);
    let port = program.address().port();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        (format!("LOCALHOST:{port}"), 200),
        (format!("LocalHost:{port}"), 200),
        (format!("notes.example:{port}"), 421),
        (format!("localhost.notes.example:{port}"), 421),
        (format!("localhost@notes.example:{port}"), 421),
        (format!("127.0.0.1:{port}, 127.0.0.1:{port}"), 421),
        ("127.0.0.1".to_owned(), 421),
        (String::new(), 421),
    ] {
        let headers = [format!("Host: {host}")];
        assert_eq!(
            status_of(&program, "/docs", &headers).await,
            status,
            "{host}"
        );
    }
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let program = Program::start(&["--in-memory"]);
    let port = program.address().port();
    let ours = format!("Host: localhost:{port}");
    let other = format!("Host: notes.example:{port}");
    for headers in [
        vec![],
        vec![ours.clone(), other.clone()],
        vec![other, ours.clone()],
        vec![ours.clone(), ours],
    ] {
        assert_eq!(
            status_of(&program, "/docs", &headers).await,
            400,
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn the_host_in_a_requests_target_is_as_good_as_that_in_its_header() {
    let program = Program::start(&["--in-memory"]);
    let port = program.address().port();
    let (ours, other) = (format!("localhost:{port}"), format!("notes.example:{port}"));
    for (target, header, status) in [
        (&ours, Some(&ours), 200),
        (&ours, None, 200),
        (&ours, Some(&other), 421),
        (&other, Some(&ours), 421),
        (&other, None, 421),
    ] {
        let headers: Vec<_> = header
            .map(|host| format!("Host: {host}"))
            .into_iter()
            .collect();
        let found = status_of(&program, &format!("http://{target}/docs"), &headers).await;
        assert_eq!(found, status, "{target} {headers:?}");
    }
}

/// The first bytes of a response's headers in HTTP/2 (RFC 7541): the status, which is in a table or
/// written in full.
const HTTP2_STATUSES: [(&[u8], u16); 3] = [
    (&[0x88], 200),
    (&[0x8c], 400),
    (&[0x48, 0x82, 0x68, 0x41], 421),
];

/// The same over HTTP/2 without TLS and without an upgrade, with this `:authority` and `Host`.
async fn http2_status_of(program: &Program, authority: Option<&str>, host: Option<&str>) -> u16 {
    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        let head = [0, 0, length, kind, flags, 0, 0, 0, stream];
        [&head[..], payload].concat()
    }
    const SETTINGS: u8 = 4;
    const HEADERS: u8 = 1;
    const END_OF_STREAM_AND_HEADERS: u8 = 5;

    // `:method: GET`, `:scheme: http`, then `:path` with its value.
    let mut headers = [&[0x82, 0x86, 0x04, 5][..], b"/docs"].concat();
    for (name, value) in [(&[0x01][..], authority), (b"\x00\x04host", host)] {
        if let Some(value) = value {
            headers.extend(name);
            headers.push(value.len().try_into().unwrap());
            headers.extend(value.as_bytes());
        }
    }
    let mut wire = Wire::open(&program.url).await;
    let mut request = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    request.extend(frame(SETTINGS, 0, 0, &[]));
    request.extend(frame(HEADERS, END_OF_STREAM_AND_HEADERS, 1, &headers));
    wire.send(&request).await.unwrap();
    loop {
        let head = wire.read(9).await;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let payload = wire.read(length.try_into().unwrap()).await;
        if head[3] == HEADERS {
            let known = HTTP2_STATUSES
                .iter()
                .find(|(start, _)| payload.starts_with(start));
            return known.unwrap_or_else(|| panic!("{payload:x?}")).1;
        }
    }
}

#[tokio::test]
async fn http2_is_no_way_around_the_name() {
    let program = Program::start(&["--in-memory"]);
    let port = program.address().port();
    let (ours, other) = (format!("localhost:{port}"), format!("notes.example:{port}"));
    for (authority, host, status) in [
        (Some(&ours), None, 200),
        (None, Some(&ours), 200),
        (Some(&ours), Some(&ours), 200),
        (Some(&other), None, 421),
        (None, Some(&other), 421),
        (Some(&ours), Some(&other), 421),
        (Some(&other), Some(&ours), 421),
        (None, None, 400),
    ] {
        let (authority, host) = (authority.map(String::as_str), host.map(String::as_str));
        let found = http2_status_of(&program, authority, host).await;
        assert_eq!(found, status, "{authority:?} {host:?}");
    }
}

/// The origin that may, in the response to a preflight request of a page of this one.
async fn preflight(user: &User, origin: &str) -> Option<String> {
    let request = user
        .anonymous(Method::OPTIONS, "/notes")
        .header("Origin", origin)
        .header("Access-Control-Request-Method", "POST")
        .header(
            "Access-Control-Request-Headers",
            "authorization,content-type",
        );
    let response = send(request).await.expect(204);
    let allowed = response.has("access-control-allow-origin");
    assert_eq!(response.has("access-control-allow-headers"), allowed);
    allowed.then(|| response.header("access-control-allow-origin").to_owned())
}

#[tokio::test]
async fn a_page_of_a_development_server_may_call_it_and_no_other_page() {
    let program = Program::start(&["--in-memory"]);
    let alice = program.new_user();
    for origin in [
        "http://localhost:5173",
        "http://127.0.0.1:8080",
        "http://localhost",
    ] {
        assert_eq!(preflight(&alice, origin).await.as_deref(), Some(origin));
        let request = alice
            .request(Method::GET, "/notes")
            .header("Origin", origin);
        let response = send(request).await.expect(200);
        assert_eq!(response.header("access-control-allow-origin"), origin);
    }
    for origin in [
        "https://notes.example",
        "http://localhost.notes.example:5173",
        "https://localhost:5173",
        "null",
    ] {
        assert_eq!(preflight(&alice, origin).await, None);
    }
}

#[tokio::test]
async fn further_origins_are_options() {
    let program = Program::start(&[
        "--in-memory",
        "--cors-origin=https://notes.example",
        "--cors-origin",
        "capacitor://localhost",
    ]);
    let alice = program.new_user();
    for origin in [
        "https://notes.example",
        "capacitor://localhost",
        "http://localhost:5173",
    ] {
        assert_eq!(preflight(&alice, origin).await.as_deref(), Some(origin));
    }
    assert_eq!(preflight(&alice, "https://other.example").await, None);
}

#[test]
fn there_is_no_option_to_listen_elsewhere() {
    for option in ["--host", "--bind", "--address", "--listen", "--interface"] {
        let message = fails(&[option, "0.0.0.0"], 2);
        assert!(message.contains(option), "{message}");
    }
}

#[tokio::test]
async fn notes_in_memory_end_with_the_program_and_leave_no_file() {
    let mut program = Program::start(&["--in-memory"]);
    let alice = program.new_user();
    alice.create(&note("Milk")).await.expect(201);
    assert!(program.files().is_empty());
    program.signal("TERM");
    assert_eq!(program.ended().code(), Some(0));
    program.start_again();
    assert!(program.user_with_token(&alice.id).all().await.is_empty());
}

#[tokio::test]
async fn a_copy_goes_on_after_a_restart_and_begins_anew_after_the_notes_are_gone() {
    let token_of = async |user: &User| {
        let mut token = String::new();
        loop {
            let path = format!("/notes/changes?since={token}");
            let path = path.strip_suffix("?since=").unwrap_or(&path);
            let page = send(user.request(Method::GET, path)).await.expect(200);
            page.json()["token"]
                .as_str()
                .unwrap()
                .clone_into(&mut token);
            if page.json()["more"] == false {
                return token;
            }
        }
    };
    for options in [&[][..], &["--in-memory"]] {
        let mut program = Program::start(options);
        let alice = program.new_user();
        alice.create(&note("Milk")).await.expect(201);
        let path = format!("/notes/changes?since={}", token_of(&alice).await);
        let stop = |program: &mut Program| {
            program.signal("TERM");
            assert_eq!(program.ended().code(), Some(0));
        };
        if options.is_empty() {
            stop(&mut program);
            program.start_again();
            let again = program.user_with_token(&alice.id);
            send(again.request(Method::GET, &path)).await.expect(200);
        }
        stop(&mut program);
        program.remove_files();
        program.start_again();
        let again = program.user_with_token(&alice.id);
        let response = send(again.request(Method::GET, &path)).await;
        response.expect_problem(410, "sync-restart");
    }
}

#[tokio::test]
async fn notes_are_in_a_file_where_the_program_was_started_unless_it_is_told_another() {
    let program = Program::start(&[]);
    assert!(program.files().contains("notes.db"));
    let elsewhere = TempDir::new().unwrap();
    let file = elsewhere.path().join("my notes.db");
    let program = Program::start(&["--data", file.to_str().unwrap()]);
    assert!(program.files().is_empty());
    assert!(file.exists());
    assert!(program.greeting.contains(file.to_str().unwrap()));
}

#[tokio::test]
async fn a_table_at_an_endpoint_is_made_when_missing_and_used_when_there() {
    let engine = Engine::in_memory().unwrap();
    let url = engine.url();
    let mut program = Program::start(&["--endpoint", &url, "--table", "team-notes"]);
    let alice = program.new_user();
    let created = alice.create(&note("Milk")).await.expect(201).json();
    let tables = engine.client().list_tables().send().await.unwrap();
    assert_eq!(tables.table_names(), ["team-notes"]);
    assert!(program.files().is_empty());

    program.signal("TERM");
    assert_eq!(program.ended().code(), Some(0));
    program.start_again();
    let alice = program.user_with_token(&alice.id);
    assert_eq!(alice.all().await, [created]);
}

#[test]
fn contradicting_options_are_errors_that_name_them() {
    let (endpoint, table) = ("--endpoint=http://127.0.0.1:9", "--table=notes");
    for (options, named) in [
        (
            &["--in-memory", "--data=a.db"][..],
            ["--in-memory", "--data"],
        ),
        (&[endpoint], ["--endpoint", "--table"]),
        (&[table], ["--table", "--endpoint"]),
        (&[endpoint, table, "--data=a.db"], ["--endpoint", "--data"]),
        (
            &[endpoint, table, "--in-memory"],
            ["--endpoint", "--in-memory"],
        ),
        (&["--port=65536"], ["--port", "65536"]),
        (&["--port=three"], ["--port", "three"]),
        (&["--data"], ["--data", "FILE"]),
        (&["--dat=a.db"], ["--dat", "unexpected"]),
        (
            &["--cors-origin=notes.example"],
            ["--cors-origin", "notes.example"],
        ),
        (&["--endpoint=", table], ["--endpoint", "URL"]),
    ] {
        let message = fails(options, 2);
        for part in named {
            assert!(message.contains(part), "{options:?}: {message}");
        }
    }
}

#[test]
fn a_taken_port_is_an_error_that_names_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let message = fails(&["--port", &port, "--in-memory"], 1);
    assert!(
        message.contains(&port) && message.contains("in use"),
        "{message}"
    );
}

#[test]
fn a_file_that_is_no_data_file_is_an_error_that_names_it() {
    let directory = TempDir::new().unwrap();
    let directory_itself = directory.path().to_str().unwrap().to_owned();
    let text = directory.path().join("shopping.txt");
    std::fs::write(&text, "milk, bread and butter\n".repeat(500)).unwrap();
    let missing = directory.path().join("missing").join("notes.db");
    let messages = [
        &directory_itself,
        text.to_str().unwrap(),
        missing.to_str().unwrap(),
    ]
    .map(|file| (file, fails(&["--port", "0", "--data", file], 1)));
    let named = |(file, message): &(&str, String)| message.contains(file);
    assert!(messages.iter().all(named), "{messages:#?}");
    let kept = std::fs::read_to_string(text).unwrap();
    assert!(kept.starts_with("milk, bread and butter\n"));
}

#[test]
fn an_endpoint_that_does_not_respond_is_an_error_that_names_it() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{closed}");
    let message = fails(&["--port", "0", "--endpoint", &url, "--table", "notes"], 1);
    assert!(message.contains(&closed.to_string()), "{message}");
}

#[tokio::test]
async fn a_table_with_another_key_is_an_error_that_names_it() {
    let engine = Engine::in_memory().unwrap();
    let attribute = AttributeDefinition::builder()
        .attribute_name("userId")
        .attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder()
        .attribute_name("userId")
        .key_type(KeyType::Hash);
    let client = engine.client();
    let table = client.create_table().table_name("people");
    let table = table.billing_mode(BillingMode::PayPerRequest);
    let table = table.attribute_definitions(attribute.build().unwrap());
    let table = table.key_schema(key.build().unwrap());
    table.send().await.unwrap();
    let options = [
        "--port",
        "0",
        "--endpoint",
        &engine.url(),
        "--table",
        "people",
    ];
    let message = fails(&options, 1);
    for named in [
        "people",
        "its key is userId (S, HASH)",
        "timestamp (N, RANGE)",
    ] {
        assert!(message.contains(named), "{message}");
    }
}

#[tokio::test]
async fn concurrent_requests_of_several_users_work() {
    let program = Program::start(&[]);
    let users: Vec<_> = (0..8).map(|_| program.new_user()).collect();
    let milk = note("Milk");
    let visit = async |user: &User| {
        let created = user.create(&milk).await.expect(201);
        let id = created.id();
        let found = (user.get(&id).await, user.list("").await);
        assert_eq!(found.0.expect(200).json(), created.json());
        assert!(found.1.items().contains(&created.json()));
        user.delete(&id).await.expect(204);
    };
    let visits = users.iter().cycle().take(80).map(visit);
    join_all(visits).await;
    let left = join_all(users.iter().map(User::all)).await;
    assert!(left.iter().all(Vec::is_empty));
}
