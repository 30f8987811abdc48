//! This library is empty: the functions are in `src/bin/`. `bash benches/lambda/run` builds and measures them.
