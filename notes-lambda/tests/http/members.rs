use crate::client::client;

#[tokio::test]
async fn all_faults_of_a_body_are_named_at_once() {
    let client = client();
    let (path, _) = client.note().await;
    let body = r#"{"title":"","content":7,"category":"\ud800","category":"a","expiresAt":"tomorrow",
        "id":"x","createdAt":null,"updatedAt":1,"etag":"","color":"red","a~b/c":1}"#;
    for call in [client.post(body), client.patch(&path, body)] {
        let answer = call.send().await;
        answer.is_problem(400, "invalid-request");
        let mut places = answer.places();
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
async fn each_kind_of_fault_is_400_that_names_its_member() {
    let client = client();
    for (member, place) in [
        (r#""color":1"#, "/color"),
        (r#""etag":null"#, "/etag"),
        (r#""category":"a","category":"a""#, "/category"),
        (r#""category":"\udd5b""#, "/category"),
        (r#""category":["a"]"#, "/category"),
        (r#""category":"""#, "/category"),
        (r#""expiresAt":1900000000"#, "/expiresAt"),
        (r#""expiresAt":"2026-11-22T18:47:00""#, "/expiresAt"),
        (r#""expiresAt":"2020-01-01T00:00:00Z""#, "/expiresAt"),
    ] {
        let body = format!(r#"{{"title":"a","content":"",{member}}}"#);
        let answer = client.post(body).send().await;
        answer.is_problem(400, "invalid-request");
        assert_eq!(answer.places(), [place]);
    }
    for (body, places) in [
        ("{}", &["/title", "/content"][..]),
        (r#"{"title":null,"content":null}"#, &["/title", "/content"]),
        (r#"{"title":"a"}"#, &["/content"]),
        ("[]", &[""]),
        ("null", &[""]),
    ] {
        let answer = client.post(body).send().await;
        answer.is_problem(400, "invalid-request");
        assert_eq!(answer.places(), places);
    }
}

#[tokio::test]
async fn an_answer_to_very_many_faults_is_small() {
    let client = client();
    let members: Vec<_> = (0..150_000).map(|it| format!("\"{it}\":0")).collect();
    let answer = client
        .post(format!("{{{}}}", members.join(",")))
        .send()
        .await;
    answer.is_problem(400, "invalid-request");
    assert_eq!(answer.places().len(), 100);
    assert!(answer.json()["detail"].as_str().unwrap().contains("150002"));
}
