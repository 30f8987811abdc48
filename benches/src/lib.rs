//! This library is empty: the benches are in `benches/`. `bash benches/run` runs them.
