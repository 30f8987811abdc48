//! How the public types may be used: across threads, in logs, as errors.

use std::error::Error;
use std::fmt::Debug;
use std::sync::atomic::AtomicU8;

use notes_core::MemoryNoteStore;
use notes_lambda::{
    Api, CorsHeaders, CorsOrigins, Cursor, Deadline, Diagnostics, Gateway, GatewayResponse,
    IdentitySource, InvalidCorsHeaders, InvalidCorsOrigins, InvalidCursor, InvalidIdentitySource,
    InvalidOperation, InvalidProblemBase, NoteJson, Operation, PathPrefix, ProblemBase,
    ResponseBody, Settings, StartError,
};

const fn is_shared<T: Debug + Send + Sync + Unpin>() {}
const fn is_cloned<T: Clone>() {}
const fn is_error<T: Error + Send + Sync + 'static>() {}

macro_rules! assert_all {
    ($check:ident: $($type:ty),* $(,)?) => {
        const _: () = { $($check::<$type>();)* };
    };
}

assert_all!(is_shared:
    Api<MemoryNoteStore>, CorsHeaders, CorsOrigins, Cursor, Deadline, Diagnostics,
    Gateway<MemoryNoteStore>, GatewayResponse, IdentitySource, NoteJson<'_>, Operation, PathPrefix,
    ProblemBase, ResponseBody, Settings, StartError,
);

// Each request clones the service, whatever its store is: an atomic number can't be cloned.
assert_all!(is_cloned:
    Api<MemoryNoteStore>, Api<AtomicU8>, Gateway<MemoryNoteStore>, Gateway<AtomicU8>,
);

assert_all!(is_error:
    InvalidCorsHeaders, InvalidCorsOrigins, InvalidCursor, InvalidIdentitySource, InvalidOperation,
    InvalidProblemBase, StartError,
);
