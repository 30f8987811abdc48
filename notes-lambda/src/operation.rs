//! The operations of the API, by name.

/// An operation of the API. `HEAD` counts as the operation of `GET`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}
