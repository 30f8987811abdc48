/// Whether a text has no visible character: it is empty, or all its characters are white space or have no
/// glyph.
///
/// Those without a glyph are Unicode's
/// [`Default_Ignorable_Code_Point`](https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point)s,
/// such as zero-width spaces and joiners, directional marks, fillers, variation selectors and tags, and two
/// symbols whose glyph is blank. Next to visible characters they are allowed: emoji need them.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|char| char.is_whitespace() || is_invisible(char))
}

/// Whether a character that is not white space has no glyph.
fn is_invisible(char: char) -> bool {
    let at = IGNORABLE.partition_point(|&(_, last)| last < char);
    let is_ignorable = IGNORABLE.get(at).is_some_and(|&(first, _)| first <= char);
    is_ignorable || BLANK_SYMBOLS.contains(&char)
}

/// Braille pattern blank, and musical symbol null notehead.
const BLANK_SYMBOLS: [char; 2] = ['\u{2800}', '\u{1d159}'];

/// The first and last character of each range of `Default_Ignorable_Code_Point` in
/// [Unicode 17](https://www.unicode.org/Public/17.0.0/ucd/DerivedCoreProperties.txt). Later versions rarely
/// change it, since it also contains code points that are reserved for such characters.
const IGNORABLE: [(char, char); 17] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fff8}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

#[cfg(test)]
mod tests {
    use icu_properties::CodePointSetData;
    use icu_properties::props::DefaultIgnorableCodePoint;

    use super::*;

    #[test]
    fn the_table_is_unicodes() {
        let unicode = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        for char in '\0'..=char::MAX {
            let expected = unicode.contains(char) || BLANK_SYMBOLS.contains(&char);
            assert_eq!(is_invisible(char), expected, "{char:?}");
        }
    }

    #[test]
    fn text_is_blank_where_nothing_of_it_is_seen() {
        for text in [
            "",
            " \t\u{a0}\u{3000}\n",
            "\u{200b}",
            "\u{feff}",
            "\u{2060}\u{ad}",
            "\u{3164}",
            "\u{2800}",
            "\u{202e} \u{202c}",
            "\u{fe0f}\u{200d}",
            "\u{e0067}\u{e007f}",
        ] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in [
            "a",
            "\u{200b}a",
            "\u{2764}\u{fe0f}",
            "👩\u{200d}🔬",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "1\u{fe0f}\u{20e3}",
            "می\u{200c}خواهم",
            "\u{2801}",
            "\u{301}",
            "\0",
        ] {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
