//! The reference implementation passes the suite that it is the reference of.

notes_core::conformance!(mod conformance_memory, notes_core::MemoryNoteStore::new());
