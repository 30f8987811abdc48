//! Who takes part.

use std::path::{Path, PathBuf};

use crate::events::Operation;

/// A function, or one function for each operation.
#[derive(Debug)]
pub(crate) struct Contestant {
    pub(crate) name: String,
    pub(crate) directory: PathBuf,
    /// The one binary of all operations; if there is none, each operation has its own.
    binary: Option<&'static str>,
}

impl Contestant {
    /// The functions that the others are compared with.
    pub(crate) fn baselines(directory: &Path) -> Vec<Self> {
        let baseline = |binary: &'static str| Self {
            name: binary.to_owned(),
            directory: directory.to_owned(),
            binary: Some(binary),
        };
        vec![baseline("null"), baseline("bare-sdk")]
    }

    /// The notes functions in this directory.
    pub(crate) fn notes(name: &str, directory: &Path) -> Self {
        Self {
            name: name.to_owned(),
            directory: directory.to_owned(),
            binary: None,
        }
    }

    /// The operations whose sizes and counts are of interest: one of each binary, or only this one.
    pub(crate) fn operations(&self, only: Option<Operation>) -> Vec<Operation> {
        match (self.binary, only) {
            (Some("null"), _) => vec![Operation::Get],
            (_, Some(only)) => vec![only],
            (_, None) => Operation::ALL.to_vec(),
        }
    }

    /// The binary that serves this operation.
    pub(crate) fn binary(&self, operation: Operation) -> PathBuf {
        self.directory
            .join(self.binary.unwrap_or(operation.function()))
    }
}
