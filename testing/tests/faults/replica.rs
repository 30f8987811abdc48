use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use notes_core::{NoteId, NoteStore, UserId};
use notes_lambda::Api;
use serde_json::{Value, json};
use tokio::time::timeout;
use tower_service::Service;

use crate::clock::Clock;
use crate::history::History;

/// A device that keeps a copy of a user's notes, and changes notes while it is offline. It does what `docs/sync.md`
/// asks of clients. The way between it and the servers loses requests and responses.
pub(crate) struct Replica<S> {
    pub(crate) servers: Vec<Api<S>>,
    pub(crate) user: UserId,
    pub(crate) random: fastrand::Rng,
    pub(crate) clock: Clock,
    pub(crate) history: History,
    pub(crate) lost_percent: u8,
    pub(crate) flaw: Option<ReplicaFlaw>,
    /// All of this is on the device's disk, and survives a crash of it.
    pub(crate) disk: Disk,
}

/// What a client may get wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplicaFlaw {
    SavesTheTokenFirst,
    KeepsWhatIsNotNamed,
    KeepsItsGenerationInALaterListing,
    KeepsWhatIsGone,
}

#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) notes: BTreeMap<String, Held>,
    outbox: VecDeque<Edit>,
    token: Option<String>,
    generation: u64,
}

/// A note as the server has shown it, and in which generation.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) note: Value,
    generation: u64,
}

/// A change that the server does not know yet.
#[derive(Clone, Debug)]
enum Edit {
    Create {
        id: String,
        body: Value,
    },
    /// With the note as it was when the user changed it.
    Change {
        base: Value,
        patch: Value,
    },
    Delete {
        base: Value,
    },
}

/// Why a round with the server was given up: nothing came back, or the request has to be sent later.
#[derive(Debug)]
struct Later;

impl<S: NoteStore + 'static> Replica<S> {
    /// Edits, pushes and pulls, until all clients have sent so many requests.
    pub(crate) async fn work(&mut self, requests: usize) {
        while self.history.requests() < requests {
            for _ in 0..self.random.u8(0..3) {
                self.edit();
            }
            let _ = self.round().await;
            let millis = if self.random.u8(..10) == 0 {
                0..900_000
            } else {
                0..500
            };
            let pause = Duration::from_millis(self.random.u64(millis));
            tokio::time::sleep(pause).await;
        }
    }

    /// Pushes and pulls now and then, until something has ended.
    pub(crate) async fn follow(&mut self, end: impl Future) {
        let mut end = pin!(end);
        loop {
            let pause = Duration::from_millis(self.random.u64(..2_400_000));
            if timeout(pause, end.as_mut()).await.is_ok() {
                return;
            }
            let _ = self.round().await;
        }
    }

    /// Goes on until all edits have arrived and a pass that began then has ended.
    pub(crate) async fn catch_up(&mut self) {
        let lost_percent = std::mem::take(&mut self.lost_percent);
        for _ in 0..1_000 {
            if self.push().await.is_err() || self.pull().await.is_err() {
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
            // The pass may have begun before the last writes.
            if self.disk.outbox.is_empty() && self.pull().await.is_ok() {
                self.lost_percent = lost_percent;
                return;
            }
        }
        panic!("the copy does not become complete: {:?}", self.disk.outbox);
    }

    async fn round(&mut self) -> Result<(), Later> {
        self.push().await?;
        self.pull().await?;
        Ok(())
    }

    /// The user changes something.
    fn edit(&mut self) {
        let stamp = format!("edit {}", self.random.u64(..));
        let held: Vec<_> = self.disk.notes.values().map(|held| &held.note).collect();
        let base = self.random.choice(held).cloned();
        let edit = match (base, self.random.u8(..10)) {
            (None, _) | (_, 0..3) => Edit::Create {
                id: NoteId::generate(self.clock.at_server(0)).to_string(),
                body: json!({"title": stamp, "content": stamp}),
            },
            (Some(base), 3..8) => Edit::Change {
                base,
                patch: json!({"content": stamp}),
            },
            (Some(base), _) => Edit::Delete { base },
        };
        self.disk.outbox.push_back(edit);
    }

    /// Sends the edits, the oldest first, each until it has its response.
    async fn push(&mut self) -> Result<(), Later> {
        while let Some(edit) = self.disk.outbox.front().cloned() {
            match edit {
                Edit::Create { id, body } => self.push_creation(&id, &body).await?,
                Edit::Change { base, patch } => {
                    let (status, response) = self
                        .send_edit(Method::PATCH, &base, Some(patch.clone()))
                        .await?;
                    match status {
                        200 => {
                            self.disk.outbox.pop_front();
                            self.rebase(&response);
                            self.store(response);
                        }
                        404 => self.gone(&base),
                        412 => self.conflict(&base, &response, Some(patch)),
                        _ => return Err(Later),
                    }
                }
                Edit::Delete { base } => {
                    let (status, response) = self.send_edit(Method::DELETE, &base, None).await?;
                    match status {
                        204 | 404 => self.gone(&base),
                        412 => self.conflict(&base, &response, None),
                        _ => return Err(Later),
                    }
                }
            }
        }
        Ok(())
    }

    async fn push_creation(&mut self, id: &str, body: &Value) -> Result<(), Later> {
        let header = Some(("Idempotency-Key", id));
        let (status, response) = self
            .send(Method::POST, "/notes", header, Some(body))
            .await?;
        let problem = response["type"].as_str().unwrap_or_default().to_owned();
        match status {
            201 => {
                self.disk.outbox.pop_front();
                self.store(response);
            }
            409 => {
                self.disk.notes.remove(id);
                self.disk.outbox.pop_front();
            }
            400 if problem.ends_with("#idempotency-key-too-old") => {
                // Whether it was created before, a complete copy says.
                self.pull().await?;
                // A page that named it as gone has removed the edit.
                let first = self.disk.outbox.front();
                if !matches!(first, Some(Edit::Create { id: first, .. }) if first == id) {
                    return Ok(());
                }
                self.disk.outbox.pop_front();
                if !self.disk.notes.contains_key(id) {
                    let id = NoteId::generate(self.clock.at_server(0)).to_string();
                    let body = body.clone();
                    self.disk.outbox.push_front(Edit::Create { id, body });
                }
            }
            _ => return Err(Later),
        }
        Ok(())
    }

    /// Another device was first. What it changed is taken over; an edit of something else is made again on it.
    fn conflict(&mut self, base: &Value, problem: &Value, patch: Option<Value>) {
        self.disk.outbox.pop_front();
        let current = &problem["current"];
        if current.is_null() {
            return;
        }
        self.store(current.clone());
        let untouched = current["content"] == base["content"];
        match patch {
            Some(patch) if untouched => self.disk.outbox.push_front(Edit::Change {
                base: current.clone(),
                patch,
            }),
            // Both are kept: the edit becomes another note.
            Some(patch) => self.disk.outbox.push_front(Edit::Create {
                id: NoteId::generate(self.clock.at_server(0)).to_string(),
                body: json!({"title": base["title"], "content": patch["content"]}),
            }),
            // Who deletes a note that has changed since has not seen what would be lost.
            None => {}
        }
    }

    fn store(&mut self, note: Value) {
        let id = note["id"].as_str().unwrap().to_owned();
        let generation = self.disk.generation;
        self.disk.notes.insert(id, Held { note, generation });
    }

    /// What this device has written is what its later edits of the note were made on.
    fn rebase(&mut self, note: &Value) {
        for edit in &mut self.disk.outbox {
            if let Edit::Change { base, .. } | Edit::Delete { base } = edit
                && base["id"] == note["id"]
            {
                *base = note.clone();
            }
        }
    }

    fn gone(&mut self, base: &Value) {
        self.disk.notes.remove(base["id"].as_str().unwrap());
        self.disk.outbox.pop_front();
    }

    /// Reads pages until the copy is complete.
    async fn pull(&mut self) -> Result<(), Later> {
        loop {
            if self.disk.token.is_none()
                && (self.flaw != Some(ReplicaFlaw::KeepsItsGenerationInALaterListing)
                    || self.disk.generation == 0)
            {
                self.disk.generation += 1;
            }
            let limit = self.random.u8(1..=20);
            let mut path = format!("/notes/changes?limit={limit}");
            if let Some(token) = &self.disk.token {
                path = format!("{path}&since={token}");
            }
            let (status, page) = self.send(Method::GET, &path, None, None).await?;
            match status {
                200 => {}
                410 => {
                    self.disk.token = None;
                    continue;
                }
                _ => return Err(Later),
            }
            if self.apply(&page)? {
                return Ok(());
            }
        }
    }

    /// Takes a page over, all of it or, in a crash, nothing. Returns whether the copy is complete.
    fn apply(&mut self, page: &Value) -> Result<bool, Later> {
        let token = page["token"].as_str().unwrap().to_owned();
        if self.flaw == Some(ReplicaFlaw::SavesTheTokenFirst) {
            self.disk.token = Some(token.clone());
        }
        if self.crashes() {
            return Err(Later);
        }
        let generation = self.disk.generation;
        for item in page["items"].as_array().unwrap() {
            let id = item["id"].as_str().unwrap().to_owned();
            let note = item.clone();
            self.disk.notes.insert(id, Held { note, generation });
        }
        for id in page
            .get("gone")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let gone = id.as_str().unwrap();
            if self.flaw != Some(ReplicaFlaw::KeepsWhatIsGone) {
                self.disk.notes.remove(gone);
            }
            // Its creation has happened, though no response came.
            let is_of_it = |edit: &Edit| matches!(edit, Edit::Create { id, .. } if id == gone);
            self.disk.outbox.retain(|edit| !is_of_it(edit));
        }
        assert_eq!(page.get("unreadable"), None);
        self.disk.token = Some(token);
        if page["more"] == true {
            return Ok(false);
        }
        let as_of = page["asOf"].as_str().unwrap();
        let keeps = self.flaw == Some(ReplicaFlaw::KeepsWhatIsNotNamed);
        self.disk.notes.retain(|_, held| {
            let is_named = held.generation == generation || keeps;
            is_named && is_live(&held.note, as_of)
        });
        Ok(true)
    }

    fn crashes(&mut self) -> bool {
        // The overlap of passes repeats most of what a page had: a lost page matters only in a listing, and listings
        // are rare.
        let percent = match self.flaw {
            Some(ReplicaFlaw::SavesTheTokenFirst) => 50,
            _ => 5,
        };
        self.lost_percent > 0 && self.random.u8(..100) < percent
    }

    async fn send_edit(
        &mut self,
        method: Method,
        base: &Value,
        body: Option<Value>,
    ) -> Result<(u16, Value), Later> {
        let path = format!("/notes/{}", base["id"].as_str().unwrap());
        let tag = base["etag"].as_str().unwrap();
        self.send(method, &path, Some(("If-Match", tag)), body.as_ref())
            .await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        header: Option<(&str, &str)>,
        body: Option<&Value>,
    ) -> Result<(u16, Value), Later> {
        self.history.count_request();
        if self.random.u8(..100) < self.lost_percent {
            return Err(Later);
        }
        let mut request = Request::builder().method(method).uri(path);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        if body.is_some() {
            request = request.header("Content-Type", "application/json");
        }
        let body = body.map_or_else(String::new, Value::to_string);
        let body = Full::<Bytes>::from(body);
        let request = request.extension(self.user.clone()).body(body).unwrap();
        let server = self.random.usize(..self.servers.len());
        let Ok(response) = self.servers[server].call(request).await;
        if self.random.u8(..100) < self.lost_percent {
            return Err(Later);
        }
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }
}

/// Whether a note has not expired at this time. Both have the form in which times compare as texts, but for the
/// fraction of a second.
pub(crate) fn is_live(note: &Value, at: &str) -> bool {
    let Some(expiry) = note["expiresAt"].as_str() else {
        return true;
    };
    expiry.trim_end_matches('Z') > &at[..19]
}
