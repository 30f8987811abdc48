use std::time::Duration;

use notes_core::{
    CreateOutcome, DeleteOutcome, Expected, NewNote, NotePatch, Timestamp, UpdateOutcome,
};

use crate::support::{World, all, create, user};

#[tokio::test]
async fn what_is_exported_and_imported_is_the_same_to_the_last_date() {
    let world = World::with_tables(&["notes", "copy"]).await;
    let (alice, notes) = (user("alice"), world.notes("notes"));
    let created = create(&notes, &alice, 3).await;
    let retaining = notes.clone().with_retention(Duration::from_hours(24));
    let new = || NewNote::new("Bank".parse().unwrap(), "".parse().unwrap());
    for new in [
        new().with_category("task".parse().unwrap()),
        new().with_expiry("2999-01-01T00:00:00Z".parse().unwrap()),
        new(),
    ] {
        let outcome = retaining.create(&alice, notes.new_id(), new).await;
        assert!(matches!(outcome, Ok(CreateOutcome::Created(_))));
    }
    // Its revision is later than its id.
    let later = notes
        .clone()
        .with_clock(|| Timestamp::now().saturating_add(Duration::from_mins(1)));
    let patch = NotePatch::default().with_title("Changed".parse().unwrap());
    let (id, any) = (created[0].id, Expected::Any);
    let outcome = later.update(&alice, id, patch, &any).await;
    assert!(matches!(outcome, Ok(UpdateOutcome::Updated(_))));

    let file = world.path("alice.jsonl");
    let said = world
        .succeed("notes", &["export", "--user", "alice", &file])
        .await;
    assert!(said.starts_with("6 notes are in "), "{said}");
    let said = world.succeed("copy", &["import", &file]).await;
    assert_eq!(said, "6 created, 0 there before\n");

    let before = all(&notes, &alice).await;
    assert!(before[0].updated_at() > before[0].created_at());
    assert_eq!(all(&world.notes("copy"), &alice).await, before);
}

#[tokio::test]
async fn an_import_that_is_repeated_doubles_nothing_and_brings_nothing_back() {
    let world = World::with_tables(&["notes"]).await;
    let (alice, notes) = (user("alice"), world.notes("notes"));
    let created = create(&notes, &alice, 4).await;
    let file = world.path("alice.jsonl");
    world
        .succeed("notes", &["export", "--user", "alice", &file])
        .await;

    let deleted = notes.delete(&alice, created[0].id, &Expected::Any).await;
    assert_eq!(deleted.unwrap(), DeleteOutcome::Deleted);
    let patch = NotePatch::default().with_title("Changed".parse().unwrap());
    let changed = created[1].id;
    let outcome = notes.update(&alice, changed, patch, &Expected::Any).await;
    assert!(matches!(outcome, Ok(UpdateOutcome::Updated(_))));
    let before = all(&notes, &alice).await;

    for _ in 0..2 {
        let said = world.succeed("notes", &["import", &file]).await;
        assert_eq!(
            said,
            "0 created, 3 there before, 1 deleted or expired since\n"
        );
    }
    assert_eq!(all(&notes, &alice).await, before);
}

/// A script sees that something is missing, and has everything else.
#[tokio::test]
async fn what_could_not_be_exported_or_imported_is_an_error() {
    let world = World::with_tables(&["notes", "copy"]).await;
    let (alice, notes) = (user("alice"), world.notes("notes"));
    let created = create(&notes, &alice, 3).await;
    world.put("notes", "alice", notes.new_id()).await;
    let file = world.path("alice.jsonl");
    let export = ["export", "--user", "alice", &file];
    let said = world.run("notes", &export).await;
    assert!(!said.succeeded);
    assert!(said.out.starts_with("3 notes are in "), "{}", said.out);
    let error = "notes: 1 items are not in it, because they can't be read\n";
    assert!(said.err.ends_with(error), "{}", said.err);

    let (copy, [taken, spoilt, _]) = (world.notes("copy"), [0, 1, 2].map(|nth| created[nth].id));
    let other = NewNote::new("Other".parse().unwrap(), "".parse().unwrap());
    let outcome = copy.create(&alice, taken, other).await;
    assert!(matches!(outcome, Ok(CreateOutcome::Created(_))));
    world.put("copy", "alice", spoilt).await;
    let said = world.run("copy", &["import", &file]).await;
    assert!(!said.succeeded);
    assert!(said.out.starts_with("1 created, 0 there"), "{}", said.out);
    assert_eq!(said.err, "notes: 2 notes are not stored\n");
}

#[tokio::test]
async fn an_import_can_give_the_notes_to_another_user() {
    let world = World::with_tables(&["notes"]).await;
    let notes = world.notes("notes");
    create(&notes, &user("alice"), 2).await;
    let file = world.path("alice.jsonl");
    world
        .succeed("notes", &["export", "--user", "alice", &file])
        .await;
    let said = world
        .succeed("notes", &["import", "--user", "bob", &file])
        .await;
    assert_eq!(said, "2 created, 0 there before\n");
    assert_eq!(all(&notes, &user("bob")).await.len(), 2);
}

#[tokio::test]
async fn a_line_that_is_no_note_is_named_and_ends_the_import() {
    let world = World::with_tables(&["notes"]).await;
    let notes = world.notes("notes");
    create(&notes, &user("alice"), 2).await;
    let file = world.path("alice.jsonl");
    world
        .succeed("notes", &["export", "--user", "alice", &file])
        .await;
    let blank = std::fs::read_to_string(&file)
        .unwrap()
        .replacen("Note 1", " ", 1);
    std::fs::write(&file, blank).unwrap();
    let said = world.run("notes", &["import", &file]).await;
    assert!(!said.succeeded);
    assert!(
        said.err.starts_with("notes: line 2: a title may not be"),
        "{}",
        said.err
    );
}

#[tokio::test]
async fn an_export_overwrites_no_file() {
    let world = World::with_tables(&["notes"]).await;
    let file = world.path("alice.jsonl");
    std::fs::write(&file, "mine").unwrap();
    let said = world
        .run("notes", &["export", "--user", "alice", &file])
        .await;
    assert!(!said.succeeded);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[tokio::test]
async fn an_erased_user_has_nothing_left_and_others_have_all() {
    let world = World::with_tables(&["notes"]).await;
    let notes = world.notes("notes");
    create(&notes, &user("alice"), 3).await;
    let of_bob = create(&notes, &user("bob"), 2).await;
    let said = world.run("notes", &["erase", "--user", "alice"]).await;
    assert!(
        !said.succeeded && said.err.contains("--yes"),
        "{}",
        said.err
    );
    assert_eq!(all(&notes, &user("alice")).await.len(), 3);
    let said = world
        .succeed("notes", &["erase", "--user", "alice", "--yes"])
        .await;
    assert_eq!(said, "3 items were removed\n");
    assert_eq!(all(&notes, &user("alice")).await, []);
    assert_eq!(all(&notes, &user("bob")).await, of_bob);
}
