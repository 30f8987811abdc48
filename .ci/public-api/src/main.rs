//! Lists the public API of a crate, one item a line, from the file that `rustdoc --output-format json` has made.
#![forbid(unsafe_code)]

use std::env;
use std::error::Error;

use public_api::Builder;

fn main() -> Result<(), Box<dyn Error>> {
    let file = env::args()
        .nth(1)
        .ok_or("the JSON file of a crate is missing")?;
    let api = Builder::from_rustdoc_json(file).omit_blanket_impls(true);
    for item in api.build()?.items().map(ToString::to_string) {
        println!("{item}");
    }
    Ok(())
}
