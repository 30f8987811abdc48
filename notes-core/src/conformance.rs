//! The conformance suite: how to know that a [`NoteStore`] keeps the promises of the port.
//!
//! Each case is one clause of the port's documentation, named as a sentence. [`conformance!`] turns
//! all of them into tests of one store; none can be left out. A store joins by a [`Harness`]:
//!
//! ```
//! use notes_core::MemoryNoteStore;
//!
//! notes_core::conformance!(mod conformance_memory, notes_core::MemoryNoteStore::new());
//! ```
//!
//! Cases use the real time, a user of their own each, and concurrency where the clause is about it,
//! so they also run against a store that others use.
//!
//! [`conformance!`]: crate::conformance!

use async_trait::async_trait;

use crate::{MemoryNoteStore, NoteId, NoteStore, UserId};

pub mod insert;

/// A store under test.
#[async_trait]
pub trait Harness: Send + Sync {
    /// The store.
    fn store(&self) -> &dyn NoteStore;

    /// Puts an item under the key of this note that is there and can't be read as a note, past the
    /// store's own checks.
    async fn plant_unreadable(&self, user: &UserId, id: NoteId);
}

#[async_trait]
impl Harness for MemoryNoteStore {
    fn store(&self) -> &dyn NoteStore {
        self
    }

    async fn plant_unreadable(&self, user: &UserId, id: NoteId) {
        self.plant_unreadable(user, id);
    }
}

/// Makes a module of tests, one per case of the [suite](crate::conformance), for one store.
///
/// The expression is evaluated in each test, may `.await`, and gives a
/// [`Harness`](crate::conformance::Harness); its paths are absolute, or start with `crate`. The crate
/// that calls it needs `tokio` with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! conformance {
    (mod $module:ident, $harness:expr) => {
        $crate::conformance! {
            mod $module, $harness;
            insert {
                stores_the_note_as_given
            }
        }
    };
    (mod $module:ident, $harness:expr; $($method:ident { $($case:ident)* })*) => {
        #[cfg(test)]
        mod $module {
            $(mod $method {
                $(
                    #[::tokio::test(flavor = "multi_thread")]
                    async fn $case() {
                        let harness = $harness;
                        $crate::conformance::$method::$case(&harness).await;
                    }
                )*
            })*
        }
    };
}
