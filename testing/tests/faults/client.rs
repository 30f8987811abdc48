use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use notes_core::{Expiry, NoteId, NoteStore, UserId};
use notes_lambda::Api;
use serde_json::{Value, json};
use tower_service::Service;

use crate::clock::Clock;
use crate::history::{
    Action, Condition, Field, Fields, History, Record, Response, Sighting, seconds,
};

/// A device of a user. It sends one request at a time, and keeps a record of it.
pub(crate) struct Client<S> {
    pub(crate) number: usize,
    pub(crate) api: Api<S>,
    pub(crate) user: UserId,
    /// How often all that the user had was purged.
    pub(crate) life: usize,
    pub(crate) notes: Known,
    pub(crate) habits: Habits,
    pub(crate) random: fastrand::Rng,
    pub(crate) clock: Clock,
    pub(crate) history: History,
}

/// What the devices of a user know of the user's notes.
pub(crate) type Known = Arc<Mutex<Vec<KnownNote>>>;

#[derive(Clone, Debug)]
pub(crate) struct KnownNote {
    pub(crate) id: String,
    /// What its creation asked for.
    pub(crate) creation: Fields,
    /// Seen so far, the latest last.
    pub(crate) tags: Vec<String>,
    /// Asked for so far, in seconds: each at most once.
    pub(crate) expiries: BTreeSet<u64>,
}

/// How often a client does what, in relation to the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    pub(crate) create: u32,
    /// Sends an old creation again.
    pub(crate) create_again: u32,
    /// Uses an old id for another creation.
    pub(crate) create_other: u32,
    pub(crate) read: u32,
    pub(crate) list: u32,
    pub(crate) patch: u32,
    pub(crate) delete: u32,
    /// Of 100 creations, how many say when the note expires.
    pub(crate) creations_with_expiry_percent: u32,
    /// Of 100 changes, how many do.
    pub(crate) patches_with_expiry_percent: u32,
    /// In how many seconds at most that is: each of these is as likely as the others.
    pub(crate) expires_within: &'static [u64],
    /// Whether a creation may leave that to the retention setting.
    pub(crate) leaves_expiry: bool,
    /// Of 100 requests that failed, how many it sends again.
    pub(crate) repeat_percent: u32,
}

const TEXTS: [Field; 3] = [Field::Title, Field::Content, Field::Category];

impl<S: NoteStore + 'static> Client<S> {
    /// Sends requests until all clients have sent so many.
    pub(crate) async fn work(&mut self, requests: usize) {
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
            habits.create_other,
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
            1 => Action::Create(note.creation),
            2 => Action::Create(self.new_note(Some(&note.id))),
            3 => Action::Read,
            4 => return self.list().await,
            5 => {
                let patch = self.new_patch(&note.id);
                Action::Patch(patch, self.choose_condition(&note.tags))
            }
            _ => Action::Delete(self.choose_condition(&note.tags)),
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

    /// None, or one on the last tag, or on one that may be stale.
    fn choose_condition(&mut self, seen: &[String]) -> Condition {
        let recent = &seen[seen.len().saturating_sub(3)..];
        let tag = match self.random.u8(..6) {
            0..=2 => None,
            3 | 4 => seen.last(),
            _ => self.random.choice(recent),
        };
        match tag {
            None => Condition::None,
            Some(tag) if self.random.u8(..4) == 0 => Condition::IsNot(tag.clone()),
            Some(tag) => Condition::Is(tag.clone()),
        }
    }

    /// A text that nobody else writes.
    fn stamp(&self, what: &str) -> String {
        format!("{what} {} by {}", self.history.moment(), self.number)
    }

    fn new_note(&mut self, id: Option<&str>) -> Fields {
        let stamp = self.stamp("creation");
        let category = self.random.bool().then(|| stamp.clone());
        let says_expiry = self.random.u32(..100) < self.habits.creations_with_expiry_percent;
        let expiry = says_expiry.then(|| self.choose_expiry(id));
        let leaves_expiry = self.habits.leaves_expiry && expiry.is_none() && self.random.bool();
        let mut fields = Fields::from([
            (Field::Title, Some(stamp.clone())),
            (Field::Content, Some(stamp)),
            (Field::Category, category),
        ]);
        if !leaves_expiry {
            fields.insert(Field::Expiry, expiry.map(text));
        }
        fields
    }

    /// A change of some fields of a note, at least one of them to a value that the note never had.
    fn new_patch(&mut self, id: &str) -> Fields {
        let stamp = self.stamp("change");
        let mut fields = Fields::new();
        if self.random.u32(..100) < self.habits.patches_with_expiry_percent {
            let expiry = (self.random.u8(..8) != 0).then(|| self.choose_expiry(Some(id)));
            fields.insert(Field::Expiry, expiry.map(text));
            // The retention setting may give the note the same expiry: then another value has to tell them apart.
            if expiry.is_some() && !self.habits.leaves_expiry && self.random.bool() {
                return fields;
            }
        }
        let changed = self.random.choice(TEXTS).unwrap();
        fields.insert(changed, Some(stamp.clone()));
        for field in TEXTS {
            if field != changed && self.random.u8(..4) == 0 {
                let clears = field == Field::Category && self.random.bool();
                fields.insert(field, (!clears).then(|| stamp.clone()));
            }
        }
        fields
    }

    /// An expiry that nobody has asked for with this note.
    fn choose_expiry(&mut self, id: Option<&str>) -> u64 {
        let notes = Arc::clone(&self.notes);
        let mut notes = notes.lock().unwrap();
        let Some(note) = notes.iter_mut().find(|note| Some(note.id.as_str()) == id) else {
            return self.expiry_not_in(&BTreeSet::new());
        };
        let expiry = self.expiry_not_in(&note.expiries);
        note.expiries.insert(expiry);
        expiry
    }

    /// Not so soon that all clocks would have to be the same.
    fn expiry_not_in(&mut self, taken: &BTreeSet<u64>) -> u64 {
        let most = *self.random.choice(self.habits.expires_within).unwrap();
        let seconds = self.clock.peek_millis() / 1_000 + self.random.u64(5..=most);
        // Of so many, one is not taken.
        let most = seconds + u64::try_from(taken.len()).unwrap();
        (seconds..=most)
            .find(|second| !taken.contains(second))
            .unwrap()
    }

    async fn create(&mut self) {
        let fields = self.new_note(None);
        let key = self.random.bool().then(|| {
            let now = self.clock.at_server(0);
            NoteId::generate(now).to_string()
        });
        self.perform(&Action::Create(fields), key).await;
    }

    /// Sends the creations of some of the user's notes again.
    pub(crate) async fn create_all_again(&mut self) {
        let known: Vec<_> = self.notes.lock().unwrap().clone();
        for note in known.into_iter().rev().take(4) {
            let action = Action::Create(note.creation);
            self.perform(&action, Some(note.id)).await;
        }
    }

    /// Sends a request, and maybe again when it failed: a creation with the key that
    /// the response has.
    async fn perform(&mut self, action: &Action, mut id: Option<String>) {
        loop {
            let record = self.request(action, id).await;
            let has_failed = matches!(
                record.response,
                Response::NotWritten | Response::Unknown | Response::Failed
            );
            if !has_failed || self.random.u32(..100) >= self.habits.repeat_percent {
                return;
            }
            id = Some(record.note);
        }
    }

    async fn request(&mut self, action: &Action, id: Option<String>) -> Record {
        let path = match (action, &id) {
            (Action::Create(_), _) | (_, None) => "/notes".to_owned(),
            (_, Some(id)) => format!("/notes/{id}"),
        };
        let (method, header, body) = match action {
            Action::Create(fields) => (
                Method::POST,
                id.as_ref().map(|id| ("Idempotency-Key", id)),
                Some(json_of(fields)),
            ),
            Action::Read => (Method::GET, None, None),
            Action::Patch(fields, condition) => {
                (Method::PATCH, header(condition), Some(json_of(fields)))
            }
            Action::Delete(condition) => (Method::DELETE, header(condition), None),
        };
        let begun = (self.history.moment(), self.clock.peek_millis());
        let (response, body) = self.send(method, &path, header, body).await;
        let note = match response.headers().get("Idempotency-Key") {
            Some(key) => key.to_str().unwrap().to_owned(),
            None => id.unwrap(),
        };
        let record = Record {
            client: self.number,
            note,
            life: self.life,
            action: action.clone(),
            begun: begun.0,
            ended: self.history.moment(),
            times: (begun.1, self.clock.peek_millis()),
            response: read_response(response.status().as_u16(), &body),
        };
        self.learn(&record);
        self.history.push(record.clone());
        record
    }

    fn learn(&self, record: &Record) {
        let mut notes = self.notes.lock().unwrap();
        if let Action::Create(fields) = &record.action
            && !notes.iter().any(|known| known.id == record.note)
        {
            let expiry = fields.get(&Field::Expiry).and_then(Option::as_deref);
            notes.push(KnownNote {
                id: record.note.clone(),
                creation: fields.clone(),
                tags: Vec::new(),
                expiries: expiry.and_then(seconds).into_iter().collect(),
            });
        }
        let known = notes.iter_mut().find(|known| known.id == record.note);
        if let (Some(known), Some(sighting)) = (known, record.sighting())
            && known.tags.last() != Some(&sighting.tag)
        {
            known.tags.push(sighting.tag.clone());
        }
    }

    /// Reads all pages. Each note in them was seen, and each known one that is not in them was not.
    pub(crate) async fn list(&mut self) {
        let known: Vec<_> = self.notes.lock().unwrap().clone();
        let begun = (self.history.moment(), self.clock.peek_millis());
        let limit = self.random.u8(5..=100);
        let mut items = Vec::new();
        let mut path = format!("/notes?limit={limit}");
        loop {
            let (response, page) = self.send(Method::GET, &path, None, None).await;
            if response.status() != 200 {
                let response = read_response(response.status().as_u16(), &page);
                let fails = matches!(response, Response::NotWritten | Response::Failed);
                assert!(fails, "{page}");
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
        let times = (begun.1, self.clock.peek_millis());
        let seen = items.iter().map(|item| {
            let id = item["id"].as_str().unwrap().to_owned();
            (id, Response::Note(sighting(item)))
        });
        let seen: Vec<_> = seen.collect();
        let missing = known
            .into_iter()
            .filter(|known| !seen.iter().any(|(id, _)| *id == known.id))
            .map(|known| (known.id, Response::Missing))
            .collect::<Vec<_>>();
        for (note, response) in seen.into_iter().chain(missing) {
            self.history.push(Record {
                client: self.number,
                note,
                life: self.life,
                action: Action::Read,
                begun: begun.0,
                ended,
                times,
                response,
            });
        }
    }

    /// All notes, page by page, as they are shown.
    pub(crate) async fn all(&mut self) -> Vec<Value> {
        let (mut items, mut path) = (Vec::new(), "/notes?limit=100".to_owned());
        loop {
            let (response, page) = self.send(Method::GET, &path, None, None).await;
            if response.status() != 200 {
                continue;
            }
            items.extend(page["items"].as_array().unwrap().clone());
            let Some(cursor) = page["nextCursor"].as_str() else {
                return items;
            };
            path = format!("/notes?limit=100&cursor={cursor}");
        }
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        header: Option<(&str, &String)>,
        body: Option<Value>,
    ) -> (http::Response<()>, Value) {
        let mut request = Request::builder().method(method).uri(path);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        if body.is_some() {
            request = request.header("Content-Type", "application/json");
        }
        let body = body.map_or_else(String::new, |body| body.to_string());
        let body = Full::<Bytes>::from(body);
        let request = request.extension(self.user.clone()).body(body).unwrap();
        self.history.count_request();
        let Ok(response) = self.api.call(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        (http::Response::from_parts(head, ()), body)
    }
}

fn header(condition: &Condition) -> Option<(&'static str, &String)> {
    match condition {
        Condition::None => None,
        Condition::Is(tag) => Some(("If-Match", tag)),
        Condition::IsNot(tag) => Some(("If-None-Match", tag)),
    }
}

/// An expiry as the API writes it.
fn text(seconds: u64) -> String {
    Expiry::try_from(seconds).unwrap().to_string()
}

fn name(field: Field) -> &'static str {
    match field {
        Field::Title => "title",
        Field::Content => "content",
        Field::Category => "category",
        Field::Expiry => "expiresAt",
    }
}

fn json_of(fields: &Fields) -> Value {
    let members = fields
        .iter()
        .map(|(field, value)| (name(*field).to_owned(), json!(value)));
    members.collect()
}

fn read_response(status: u16, body: &Value) -> Response {
    let problem = body["type"].as_str().unwrap_or_default();
    let slug = problem.split('#').next_back().unwrap();
    match (status, slug) {
        (200 | 201, _) => Response::Note(sighting(body)),
        (204, _) => Response::Deleted,
        (404, "note-not-found") => Response::Missing,
        (412, "precondition-failed") => Response::Stale,
        (409, "id-spent") => Response::Spent,
        (422, "id-reused") => Response::OtherContents,
        (400, "idempotency-key-too-old") => Response::TooLate,
        (400, "invalid-request") if body["errors"][0]["pointer"] == "/expiresAt" => {
            Response::TooLate
        }
        (503, "unavailable") => Response::NotWritten,
        (503, "outcome-unknown") => Response::Unknown,
        (500, "internal-error") => Response::Failed,
        _ => Response::Other(format!("{status} {body}")),
    }
}

fn sighting(note: &Value) -> Sighting {
    let value = |field| {
        let value = note[name(field)].as_str();
        (field, value.map(str::to_owned))
    };
    Sighting {
        fields: TEXTS
            .into_iter()
            .chain([Field::Expiry])
            .map(value)
            .collect(),
        tag: note["etag"].as_str().unwrap().to_owned(),
    }
}
