//! This library is empty: the benches are in `benches/`. Run them with `cargo bench -p notes-benches`.
