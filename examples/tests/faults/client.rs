use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use notes_core::{NoteId, NoteStore, UserId};
use notes_lambda::Api;
use serde_json::{Value, json};
use tower_service::Service;

use crate::history::{Action, Answer, History, Record, Sighting};
use crate::simulation;

/// A device of a user. It sends one request at a time, and keeps a record of it.
pub(crate) struct Client<S> {
    pub(crate) number: usize,
    pub(crate) api: Api<S>,
    pub(crate) user: UserId,
    pub(crate) notes: Known,
    pub(crate) habits: Habits,
    pub(crate) random: fastrand::Rng,
    pub(crate) history: History,
}

/// What the devices of a user know of the user's notes.
pub(crate) type Known = Arc<Mutex<Vec<KnownNote>>>;

#[derive(Clone, Debug)]
pub(crate) struct KnownNote {
    pub(crate) id: String,
    /// Of its creation.
    pub(crate) title: String,
    /// Seen so far, the latest last.
    pub(crate) tags: Vec<String>,
}

/// How often a client does what, in relation to the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    pub(crate) create: u32,
    /// Sends an old creation again.
    pub(crate) create_again: u32,
    pub(crate) read: u32,
    pub(crate) list: u32,
    pub(crate) patch: u32,
    pub(crate) delete: u32,
    /// Of 100 requests that were answered 503, how many it sends again.
    pub(crate) repeat_percent: u32,
}

impl<S: NoteStore + 'static> Client<S> {
    /// Sends requests until all clients have sent so many.
    pub(crate) async fn work(mut self, requests: usize) {
        while self.history.requests() < requests {
            self.act().await;
            let pause = Duration::from_millis(self.random.u64(0..50));
            tokio::time::sleep(pause).await;
        }
    }

    async fn act(&mut self) {
        let habits = self.habits;
        let Some(note) = self.choose_note() else {
            return self.create().await;
        };
        let weights = [
            habits.create,
            habits.create_again,
            habits.read,
            habits.list,
            habits.patch,
            habits.delete,
        ];
        let mut point = self.random.u32(..weights.iter().sum::<u32>());
        let mut chosen = 0;
        while point >= weights[chosen] {
            point -= weights[chosen];
            chosen += 1;
        }
        let action = match chosen {
            0 => return self.create().await,
            1 => Action::Create { title: note.title },
            2 => Action::Read,
            3 => return self.list().await,
            4 => Action::Patch {
                content: format!("change {} by {}", self.history.moment(), self.number),
                if_match: self.choose_tag(&note.tags),
            },
            _ => Action::Delete {
                if_match: self.choose_tag(&note.tags),
            },
        };
        self.perform(&action, Some(note.id)).await;
    }

    /// Mostly one of those that the user's other devices are at, too.
    fn choose_note(&mut self) -> Option<KnownNote> {
        let notes = self.notes.lock().unwrap();
        let recent = notes.len().saturating_sub(4);
        let from = if self.random.u8(..4) == 0 { 0 } else { recent };
        self.random.choice(&notes[from..]).cloned()
    }

    /// None, the last, or one that may be stale.
    fn choose_tag(&mut self, seen: &[String]) -> Option<String> {
        let recent = &seen[seen.len().saturating_sub(3)..];
        match self.random.u8(..4) {
            0 | 1 => None,
            2 => seen.last().cloned(),
            _ => self.random.choice(recent).cloned(),
        }
    }

    async fn create(&mut self) {
        let title = format!("creation {} by {}", self.history.moment(), self.number);
        let key = self.random.bool().then(|| {
            let now = simulation::time(self.history.moment());
            NoteId::generate(now).to_string()
        });
        self.perform(&Action::Create { title }, key).await;
    }

    /// Sends a request, and maybe again when it was answered 503: a creation with the key that the
    /// answer has.
    async fn perform(&mut self, action: &Action, mut id: Option<String>) {
        loop {
            let record = self.request(action, id).await;
            let answered = !matches!(record.answer, Answer::NotWritten | Answer::Unknown);
            if answered || self.random.u32(..100) >= self.habits.repeat_percent {
                return;
            }
            id = Some(record.note);
        }
    }

    async fn request(&mut self, action: &Action, id: Option<String>) -> Record {
        let path = match (action, &id) {
            (Action::Create { .. }, _) | (_, None) => "/notes".to_owned(),
            (_, Some(id)) => format!("/notes/{id}"),
        };
        let (method, header, body) = match action {
            Action::Create { title } => (
                Method::POST,
                id.as_ref().map(|it| ("Idempotency-Key", it)),
                Some(json!({"title": title, "content": title})),
            ),
            Action::Read => (Method::GET, None, None),
            Action::Patch { content, if_match } => (
                Method::PATCH,
                if_match.as_ref().map(|it| ("If-Match", it)),
                Some(json!({"content": content})),
            ),
            Action::Delete { if_match } => (
                Method::DELETE,
                if_match.as_ref().map(|it| ("If-Match", it)),
                None,
            ),
        };
        let begun = self.history.moment();
        let (response, body) = self.send(method, &path, header, body).await;
        let note = match response.headers().get("Idempotency-Key") {
            Some(key) => key.to_str().unwrap().to_owned(),
            None => id.unwrap(),
        };
        let record = Record {
            client: self.number,
            note,
            action: action.clone(),
            begun,
            ended: self.history.moment(),
            answer: answer(response.status().as_u16(), &body),
        };
        self.learn(&record);
        self.history.push(record.clone());
        record
    }

    fn learn(&self, record: &Record) {
        let mut notes = self.notes.lock().unwrap();
        if let Action::Create { title } = &record.action
            && !notes.iter().any(|it| it.id == record.note)
        {
            notes.push(KnownNote {
                id: record.note.clone(),
                title: title.clone(),
                tags: Vec::new(),
            });
        }
        let known = notes.iter_mut().find(|it| it.id == record.note);
        if let (Some(known), Some(sighting)) = (known, record.sighting())
            && known.tags.last() != Some(&sighting.tag)
        {
            known.tags.push(sighting.tag.clone());
        }
    }

    /// Reads all pages. Each note in them was seen, and each known one that is not in them was not.
    pub(crate) async fn list(&mut self) {
        let known: Vec<_> = self.notes.lock().unwrap().clone();
        let begun = self.history.moment();
        let limit = self.random.u8(5..=100);
        let mut items = Vec::new();
        let mut path = format!("/notes?limit={limit}");
        loop {
            let (response, page) = self.send(Method::GET, &path, None, None).await;
            if response.status() != 200 {
                assert_eq!(response.status(), 503, "{page}");
                return;
            }
            assert_eq!(page.get("unreadable"), None);
            items.extend(page["items"].as_array().unwrap().clone());
            let Some(cursor) = page["nextCursor"].as_str() else {
                break;
            };
            path = format!("/notes?limit={limit}&cursor={cursor}");
        }
        let ended = self.history.moment();
        let seen = items.iter().map(|it| {
            let id = it["id"].as_str().unwrap().to_owned();
            (id, Answer::Note(sighting(it)))
        });
        let seen: Vec<_> = seen.collect();
        let missing = known
            .into_iter()
            .filter(|known| !seen.iter().any(|(id, _)| *id == known.id))
            .map(|known| (known.id, Answer::Missing))
            .collect::<Vec<_>>();
        for (note, answer) in seen.into_iter().chain(missing) {
            self.history.push(Record {
                client: self.number,
                note,
                action: Action::Read,
                begun,
                ended,
                answer,
            });
        }
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        header: Option<(&str, &String)>,
        body: Option<Value>,
    ) -> (Response<()>, Value) {
        let mut request = Request::builder().method(method).uri(path);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        if body.is_some() {
            request = request.header("Content-Type", "application/json");
        }
        let body = Full::<Bytes>::from(body.map_or_else(String::new, |it| it.to_string()));
        let request = request.extension(self.user.clone()).body(body).unwrap();
        self.history.count_request();
        let Ok(response) = self.api.call(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        (Response::from_parts(head, ()), body)
    }
}

fn answer(status: u16, body: &Value) -> Answer {
    let problem = body["type"].as_str().unwrap_or_default();
    let slug = problem.split('#').next_back().unwrap();
    match (status, slug) {
        (200 | 201, _) => Answer::Note(sighting(body)),
        (204, _) => Answer::Deleted,
        (404, "note-not-found") => Answer::Missing,
        (412, "precondition-failed") => Answer::Stale,
        (409, "id-spent") => Answer::Spent,
        (503, "unavailable") => Answer::NotWritten,
        (503, "outcome-unknown") => Answer::Unknown,
        _ => Answer::Other(format!("{status} {body}")),
    }
}

fn sighting(note: &Value) -> Sighting {
    let text = |member: &str| note[member].as_str().unwrap().to_owned();
    Sighting {
        title: text("title"),
        content: text("content"),
        tag: text("etag"),
    }
}
