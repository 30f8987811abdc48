use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Seek, Write};
use std::path::Path;

use notes_core::{ListQuery, NoteId, Notes, Order, PageLimit, UserId};
use notes_dynamo::DynamoNoteStore;

use crate::{BoxError, line, progress};

/// Writes the live notes of a user into a file, and continues an export that was interrupted.
///
/// The position in the list is the id in the last complete line. Ids are in the order of creation, so what was created
/// meanwhile comes later; what was changed or deleted meanwhile is in the file as it was.
///
/// # Errors
/// Also when there are items that can't be read: the file then has all notes but these. An export that continues does
/// not look again at what came before.
pub(crate) async fn export(
    notes: &Notes<DynamoNoteStore>,
    user: &UserId,
    file: &Path,
) -> Result<(), BoxError> {
    if file.exists() {
        return Err(format!("{} is there already", file.display()).into());
    }
    let part = file.with_added_extension("part");
    let mut output = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&part)?;
    let Written { mut count, last } = continue_after(&mut output, user)?;
    let mut output = BufWriter::new(output);
    let mut query = ListQuery::default()
        .with_order(Order::Oldest)
        .with_limit(PageLimit::LARGEST);
    query.position = last;
    let bar = progress::of_items();
    let mut left_out = 0_usize;
    loop {
        let page = notes.list(user, &query).await?;
        for note in &page.notes {
            output.write_all(&line::write(note)?)?;
        }
        output.flush()?;
        for id in &page.unreadable {
            bar.suspend(|| eprintln!("left out: item {id} can't be read"));
        }
        left_out += page.unreadable.len();
        count += page.notes.len();
        bar.set_position(count as u64);
        let Some(next) = page.next else { break };
        query = query.with_position(next);
    }
    output.into_inner()?.sync_all()?;
    std::fs::rename(&part, file)?;
    bar.finish_and_clear();
    println!("{count} notes are in {}", file.display());
    match left_out {
        0 => Ok(()),
        _ => Err(format!("{left_out} items are not in it, because they can't be read").into()),
    }
}

/// What an interrupted export has written.
struct Written {
    count: usize,
    last: Option<NoteId>,
}

/// Leaves the file's complete lines, and its end to write at.
fn continue_after(file: &mut File, user: &UserId) -> Result<Written, BoxError> {
    let mut reader = BufReader::new(&*file);
    let (mut complete, mut count, mut last, mut text) = (0, 0, None, Vec::new());
    loop {
        let mut next = Vec::new();
        let length = reader.read_until(b'\n', &mut next)?;
        if !next.ends_with(b"\n") {
            break;
        }
        complete += length as u64;
        count += 1;
        text = next;
    }
    if count > 0 {
        let note = line::read(&text)?;
        if note.user != *user {
            return Err("the interrupted export is that of another user".into());
        }
        last = Some(note.id);
    }
    file.set_len(complete)?;
    file.seek(std::io::SeekFrom::End(0))?;
    Ok(Written { count, last })
}
