use std::num::NonZeroU32;

use notes_core::{NoteStore, Notes, UserId};
use notes_dynamo::DynamoNoteStore;

use crate::{BoxError, progress};

/// How many items are removed between two steps of the progress bar.
const BUDGET: NonZeroU32 = NonZeroU32::new(500).unwrap();

/// What `Notes::erase` does, with a progress bar.
pub(crate) async fn erase(notes: &Notes<DynamoNoteStore>, user: &UserId) -> Result<(), BoxError> {
    let bar = progress::of_items();
    loop {
        let purged = notes.store().purge(user, BUDGET).await?;
        bar.inc(purged.removed.into());
        if !purged.more {
            break;
        }
    }
    let removed = bar.position();
    bar.finish_and_clear();
    println!("{removed} items were removed");
    Ok(())
}
