use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use notes_core::Notes;

use crate::{CorsOrigins, Identity};

/// The settings of a function, from environment variables.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// `NOTES_TABLE`: the table's name.
    pub table: String,
    /// `NOTES_IDENTITY`: who the user is.
    pub identity: Identity,
    /// `NOTES_RETENTION_DAYS`: how long notes are kept after the last write; for ever where it is
    /// not set.
    pub retention: Option<Duration>,
    /// `NOTES_CONSISTENT_READS`: `true` (the default) or `false`, for half the price.
    pub consistent_reads: bool,
    /// `NOTES_CORS_ORIGINS`: the origins of pages that may call the API, separated by commas, or
    /// `*`; none where it is not set.
    pub cors_origins: CorsOrigins,
}

impl Settings {
    /// Reads the variables of this process.
    ///
    /// # Errors
    /// Names the first variable that is missing or has no valid value.
    pub fn from_env() -> Result<Self, Init> {
        Self::read(|name| std::env::var(name).ok())
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Init> {
        let variable = |name| variable(name).filter(|it| !it.is_empty());
        let required = |name| variable(name).ok_or_else(|| format!("{name} is not set"));
        let days = optional::<u32>(&variable, "NOTES_RETENTION_DAYS")?;
        Ok(Self {
            table: required("NOTES_TABLE")?,
            identity: parsed("NOTES_IDENTITY", &required("NOTES_IDENTITY")?)?,
            retention: days.map(|it| Duration::from_secs(u64::from(it) * 24 * 60 * 60)),
            consistent_reads: optional(&variable, "NOTES_CONSISTENT_READS")?.unwrap_or(true),
            cors_origins: optional(&variable, "NOTES_CORS_ORIGINS")?.unwrap_or_default(),
        })
    }

    /// The service over this store.
    pub fn notes<S>(&self, store: S) -> Notes<S> {
        let notes = Notes::new(store);
        match self.retention {
            Some(retention) => notes.with_retention(retention),
            None => notes,
        }
    }
}

fn optional<T: FromStr<Err: fmt::Display>>(
    variable: &impl Fn(&'static str) -> Option<String>,
    name: &'static str,
) -> Result<Option<T>, Init> {
    variable(name).map(|it| parsed(name, &it)).transpose()
}

fn parsed<T: FromStr<Err: fmt::Display>>(name: &str, value: &str) -> Result<T, Init> {
    let parsed = value.parse();
    parsed.map_err(|error| format!("{name} is {value:?}: {error}").into())
}

/// Why a function can't start or go on. Its `Debug`, which is what a `main` that returns it prints,
/// is one line with all causes.
pub struct Init(pub(crate) Box<dyn Error + Send + Sync>);

impl fmt::Debug for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let causes = std::iter::successors(self.0.source(), |&cause| cause.source());
        causes
            .into_iter()
            .try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Init {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}
