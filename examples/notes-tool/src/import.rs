use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Seek};
use std::path::{Path, PathBuf};

use futures_util::{StreamExt, TryStreamExt, stream};
use notes_core::{Note, Notes, UserId};
use notes_dynamo::DynamoNoteStore;
use serde::{Deserialize, Serialize};

use crate::insert::{CONCURRENCY, Counts, insert};
use crate::{BoxError, line, progress};

/// How many lines are stored before the place is noted. An import that was killed repeats at most these.
const LINES_BETWEEN_NOTES: usize = 200;

/// Stores the notes of an export. Each has its own id, so repeating a line changes nothing.
///
/// # Errors
/// Also when some of them could not be stored. All others are.
pub(crate) async fn import(
    notes: &Notes<DynamoNoteStore>,
    table: &str,
    user: Option<&UserId>,
    file: &Path,
) -> Result<(), BoxError> {
    let place_file = file.with_added_extension("imported");
    let target = Target {
        table: table.to_owned(),
        user: user.map(|user| user.as_str().to_owned()),
    };
    let mut input = BufReader::new(File::open(file)?);
    let mut place = skip_imported(&mut input, Place::read(&place_file, &target))?;
    if place.lines > 0 {
        println!("continuing after line {}", place.lines);
    }
    let bar = progress::of_bytes(file.metadata()?.len());
    let mut counts = Counts::default();
    loop {
        let batch = read_batch(&mut input, user, &mut place)?;
        if batch.is_empty() {
            break;
        }
        let mut inserted = stream::iter(batch)
            .map(|note| insert(notes, note))
            .buffer_unordered(CONCURRENCY);
        while let Some(inserted) = inserted.try_next().await? {
            counts.add(inserted);
        }
        // Only now, as all that comes before the place has been acknowledged.
        place.write(&place_file, &target)?;
        bar.set_position(place.bytes);
    }
    if place_file.exists() {
        std::fs::remove_file(&place_file)?;
    }
    bar.finish_and_clear();
    println!("{counts}");
    match counts.refused() {
        0 => Ok(()),
        refused => Err(format!("{refused} notes are not stored").into()),
    }
}

/// Skips what has been imported up to this place, unless the file begins with something else: then it is another one
/// of the same name, and is imported from its start.
fn skip_imported(input: &mut (impl BufRead + Seek), imported: Place) -> io::Result<Place> {
    let (mut place, mut text) = (Place::default(), Vec::new());
    while place.bytes < imported.bytes && input.read_until(b'\n', &mut text)? > 0 {
        place = place.after(&text);
        text.clear();
    }
    if place == imported {
        return Ok(place);
    }
    input.rewind()?;
    Ok(Place::default())
}

/// The next notes, and the place after them.
fn read_batch(
    input: &mut impl BufRead,
    user: Option<&UserId>,
    place: &mut Place,
) -> Result<Vec<Note>, BoxError> {
    let (mut batch, mut text) = (Vec::new(), Vec::new());
    while batch.len() < LINES_BETWEEN_NOTES {
        text.clear();
        if input.read_until(b'\n', &mut text)? == 0 {
            break;
        }
        *place = place.after(&text);
        let mut note =
            line::read(&text).map_err(|error| format!("line {}: {error}", place.lines))?;
        if let Some(user) = user {
            note.user = user.clone();
        }
        batch.push(note);
    }
    Ok(batch)
}

/// Where the notes of a file go. The place of an import into another table says nothing of this one.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Target {
    table: String,
    user: Option<String>,
}

/// Up to where a file has been imported.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    lines: u64,
    bytes: u64,
    /// Of all lines before. Another version of Rust may compute another one, and the import then starts again.
    hash: u64,
}

impl Place {
    /// The place after this line.
    fn after(self, line: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        (self.hash, line).hash(&mut hasher);
        Self {
            lines: self.lines + 1,
            bytes: self.bytes + line.len() as u64,
            hash: hasher.finish(),
        }
    }

    /// The place that was noted for this target. The start, if there is none: that is only slower.
    fn read(file: &Path, target: &Target) -> Self {
        let noted = std::fs::read(file).ok();
        let noted = noted.and_then(|noted| serde_json::from_slice::<(Target, Self)>(&noted).ok());
        noted
            .filter(|(of, _)| of == target)
            .map_or_else(Self::default, |(_, place)| place)
    }

    /// Replaces the file as a whole, so that it is never half written.
    fn write(self, file: &Path, target: &Target) -> Result<(), BoxError> {
        let new: PathBuf = file.with_added_extension("new");
        std::fs::write(&new, serde_json::to_vec(&(target, self))?)?;
        Ok(std::fs::rename(&new, file)?)
    }
}
