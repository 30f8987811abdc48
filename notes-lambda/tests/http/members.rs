use crate::client::client;

#[tokio::test]
async fn all_errors_of_a_body_are_named_at_once() {
    let client = client();
    let (path, _) = client.note().await;
    let body = r#"{"title":"","content":7,"category":"\ud800","category":"a","expiresAt":"tomorrow",
        "id":"x","createdAt":null,"updatedAt":1,"etag":"","color":"red","a~b/c":1}"#;
    for call in [client.post(body), client.patch(&path, body)] {
        let response = call.send().await;
        response.is_problem(400, "invalid-request");
        let mut places = response.places();
        places.sort();
        assert_eq!(
            places,
            [
                "/a~0b~1c",
                "/category",
                "/color",
                "/content",
                "/createdAt",
                "/etag",
                "/expiresAt",
                "/id",
                "/title",
                "/updatedAt",
            ]
        );
    }
}

#[tokio::test]
async fn each_kind_of_error_is_400_that_names_its_member() {
    let client = client();
    for (member, place) in [
        (r#""color":1"#, "/color"),
        (r#""etag":null"#, "/etag"),
        (r#""category":"a","category":"a""#, "/category"),
        (r#""category":"\udd5b""#, "/category"),
        (r#""category":["a"]"#, "/category"),
        (r#""category":"""#, "/category"),
        (r#""category":"\u2800""#, "/category"),
        (r#""category":" \u200b ""#, "/category"),
        (r#""expiresAt":1900000000"#, "/expiresAt"),
        (r#""expiresAt":"2026-11-22T18:47:00""#, "/expiresAt"),
        (r#""expiresAt":"2020-01-01T00:00:00Z""#, "/expiresAt"),
        (r#""expiresAt":"2999-01-01T00:00:00+24:00""#, "/expiresAt"),
        (r#""expiresAt":"2999-01-01T00:00:60Z""#, "/expiresAt"),
        (r#""expiresAt":"9999-12-31T23:59:59-01:00""#, "/expiresAt"),
        (r#""expiresAt":"+010000-01-01T00:00:00Z""#, "/expiresAt"),
    ] {
        let body = format!(r#"{{"title":"a","content":"",{member}}}"#);
        let response = client.post(body).send().await;
        response.is_problem(400, "invalid-request");
        assert_eq!(response.places(), [place]);
    }
    for (body, places) in [
        ("{}", &["/title", "/content"][..]),
        (r#"{"title":null,"content":null}"#, &["/title", "/content"]),
        (r#"{"title":"a"}"#, &["/content"]),
        ("[]", &[""]),
        ("null", &[""]),
    ] {
        let response = client.post(body).send().await;
        response.is_problem(400, "invalid-request");
        assert_eq!(response.places(), places);
    }
}

#[tokio::test]
async fn a_title_of_which_nothing_is_visible_is_blank() {
    let client = client();
    for title in [
        r"\u200b",
        r"\ufeff",
        r"\u2060",
        r"\u00ad",
        r"\u3164",
        r"\u2800",
        r"\u115f\u1160",
        r"\u17b4",
        r"\u180e",
        r"\u202e \u202c",
        r"\ufe0f\u200d",
        r"\udb40\udc67",
    ] {
        let body = format!(r#"{{"title":"{title}","content":""}}"#);
        let response = client.post(body).send().await;
        response.is_problem(400, "invalid-request");
        assert_eq!(response.places(), ["/title"], "{title}");
    }
    for title in ["❤\u{fe0f}", "👩\u{200d}🔬", "\u{200b}Milk"] {
        let body = format!(r#"{{"title":"{title}","content":""}}"#);
        let response = client.post(body).send().await;
        assert_eq!(response.status, 201, "{title}");
        assert_eq!(response.json()["title"], title);
    }
}

#[tokio::test]
async fn a_far_date_for_never_is_taken_as_that_date() {
    let client = client();
    for (text, expected) in [
        ("9999-12-31", None),
        ("9999-12-31T00:00:00Z", Some("9999-12-31T00:00:00Z")),
        ("9999-12-31T23:59:59Z", Some("9999-12-31T23:59:59Z")),
        ("9999-12-31T23:59:59.9999999Z", Some("9999-12-31T23:59:59Z")),
    ] {
        let body = format!(r#"{{"title":"a","content":"","expiresAt":"{text}"}}"#);
        let response = client.post(body).send().await;
        if let Some(expected) = expected {
            assert_eq!(response.json()["expiresAt"], expected);
        } else {
            response.is_problem(400, "invalid-request");
            let why = response.json()["errors"][0]["detail"].to_string();
            assert!(why.contains("null means never"), "{why}");
        }
    }
}

#[tokio::test]
async fn an_expiry_is_rfc_3339_with_any_number_of_digits() {
    let client = client();
    for (text, expected) in [
        ("2999-01-01T00:00:00.0000000000Z", "2999-01-01T00:00:00Z"),
        ("2999-01-01T00:00:00.0000000001Z", "2999-01-01T00:00:01Z"),
        ("2999-01-01T00:00:00+23:59", "2998-12-31T00:01:00Z"),
        ("2998-12-31T23:59:60Z", "2999-01-01T00:00:00Z"),
        ("2998-12-31T18:59:60-05:00", "2999-01-01T00:00:00Z"),
    ] {
        let body = format!(r#"{{"title":"a","content":"","expiresAt":"{text}"}}"#);
        let response = client.post(body).send().await;
        assert_eq!(response.status, 201, "{text}");
        assert_eq!(response.json()["expiresAt"], expected, "{text}");
    }
}

#[tokio::test]
async fn a_response_to_very_many_errors_is_small() {
    let client = client();
    let members: Vec<_> = (0..150_000)
        .map(|number| format!("\"{number}\":0"))
        .collect();
    let response = client
        .post(format!("{{{}}}", members.join(",")))
        .send()
        .await;
    response.is_problem(400, "invalid-request");
    assert_eq!(response.places().len(), 100);
    assert!(
        response.json()["detail"]
            .as_str()
            .unwrap()
            .contains("150002")
    );
}
