//! The operations of the API, by name.

use std::fmt;
use std::str::FromStr;

/// An operation of the API. `HEAD` counts as the operation of `GET`.
///
/// As text it is `create`, `list`, `get`, `update`, `delete` or `changes`.
///
/// ```
/// use notes_lambda::Operation;
///
/// assert_eq!("list".parse(), Ok(Operation::List));
/// assert_eq!(Operation::List.to_string(), "list");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `POST /notes`
    Create,
    /// `GET /notes`
    List,
    /// `GET /notes/{id}`
    Get,
    /// `PATCH /notes/{id}`
    Update,
    /// `DELETE /notes/{id}`
    Delete,
    /// `GET /notes/changes`
    Changes,
}

impl Operation {
    /// All operations that there are in this version.
    pub const ALL: &'static [Self] = &[
        Self::Create,
        Self::List,
        Self::Get,
        Self::Update,
        Self::Delete,
        Self::Changes,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::List => "list",
            Self::Get => "get",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Changes => "changes",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Operation {
    type Err = InvalidOperation;

    fn from_str(text: &str) -> Result<Self, InvalidOperation> {
        let mut all = Self::ALL.iter().copied();
        all.find(|operation| operation.as_str() == text)
            .ok_or(InvalidOperation)
    }
}

/// A text is not an [`Operation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an operation is create, list, get, update, delete or changes")]
#[non_exhaustive]
pub struct InvalidOperation;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_every_operation_once() {
        for (index, operation) in Operation::ALL.iter().enumerate() {
            assert_eq!(*operation as usize, index);
        }
        // The last one: adding a variant makes this match incomplete, and the list has to grow with it.
        let next = |operation| match operation {
            Operation::Create => Some(Operation::List),
            Operation::List => Some(Operation::Get),
            Operation::Get => Some(Operation::Update),
            Operation::Update => Some(Operation::Delete),
            Operation::Delete => Some(Operation::Changes),
            Operation::Changes => None,
        };
        let all = std::iter::successors(Some(Operation::Create), |operation| next(*operation));
        assert!(all.eq(Operation::ALL.iter().copied()));
    }

    #[test]
    fn an_operation_comes_back_from_its_text_and_from_no_other() {
        for operation in Operation::ALL {
            assert_eq!(operation.to_string().parse(), Ok(*operation));
        }
        for text in ["", "Create", "create ", "create-note", "POST /notes", "all"] {
            assert_eq!(text.parse::<Operation>(), Err(InvalidOperation), "{text:?}");
        }
    }
}
