//! The list of notes with which the JSON of a page begins, cut so that it fits into a response.

use serde::Serialize;

use crate::response::envelope::{self, Envelope};
use crate::response::note_json::NoteJson;

const START: &[u8] = br#"{"items":["#;

/// An object whose first member, `items`, is being written.
///
/// It is written member by member and not derived, because a note's length in the JSON decides whether it fits: each is
/// serialised once, in its place, and removed if it does not.
#[derive(Debug)]
pub(crate) struct Items(Vec<u8>);

impl Items {
    /// A list without notes, in a buffer with room for so many bytes, as far as a response may have them.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        let mut json = Vec::with_capacity(bytes.min(envelope::MAX_BYTES));
        json.extend_from_slice(START);
        Self(json)
    }

    /// Adds a note if it fits into the envelope, or if it `must` be there whether it fits or not. Returns whether it
    /// was added.
    pub(crate) fn push(
        &mut self,
        note: &NoteJson<'_>,
        envelope: &mut Envelope,
        must: bool,
    ) -> serde_json::Result<bool> {
        let end = self.0.len();
        if end > START.len() {
            self.0.push(b',');
        }
        let start = self.0.len();
        serde_json::to_writer(&mut self.0, note)?;
        let is_added = envelope.try_reserve(&self.0[start..]) || must;
        if !is_added {
            self.0.truncate(end);
        }
        Ok(is_added)
    }

    /// Ends the list; other members may follow.
    pub(crate) fn finish(mut self) -> Members {
        self.0.push(b']');
        Members(self.0)
    }
}

/// An object to which members are added.
#[derive(Debug)]
pub(crate) struct Members(Vec<u8>);

impl Members {
    /// Adds a member.
    pub(crate) fn add(&mut self, name: &str, value: &impl Serialize) -> serde_json::Result<()> {
        self.0.push(b',');
        serde_json::to_writer(&mut self.0, name)?;
        self.0.push(b':');
        serde_json::to_writer(&mut self.0, value)
    }

    /// The whole JSON.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }
}
