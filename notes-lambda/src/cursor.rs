//! The `cursor` parameter of a list, and the `nextCursor` of a page.

use std::fmt;
use std::str::FromStr;

use notes_core::{NoteId, Order};

/// Where the next page of a list starts: the list's order, and the last note of the page before.
///
/// Clients receive it as `nextCursor` and send it back unchanged. The text has [`Cursor::LENGTH`] ASCII characters: a
/// version, the order, and the position as a number. Parsing accepts exactly what [`Display`](fmt::Display) writes, so
/// a cursor has one spelling.
///
/// A cursor contains nothing about the user and is not signed: a forged one only reaches notes that its sender could
/// list without it.
///
/// ```
/// use notes_core::Order;
/// use notes_lambda::Cursor;
///
/// let cursor = Cursor::new(Order::Oldest, "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d".parse()?);
/// let text = cursor.to_string();
/// assert_eq!(text.len(), Cursor::LENGTH);
/// assert_eq!(text.parse(), Ok(cursor));
/// # Ok::<(), notes_core::InvalidNoteId>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    order: Order,
    position: NoteId,
}

/// The hexadecimal digits of a [`NoteId::ordinal`], which has 122 bits.
const DIGITS: usize = 31;

impl Cursor {
    /// The length of a cursor's text, in bytes.
    pub const LENGTH: usize = 2 + DIGITS;

    /// The cursor of the page that starts after this note, in this order.
    #[must_use]
    pub const fn new(order: Order, position: NoteId) -> Self {
        Self { order, position }
    }

    /// The order of the list.
    #[must_use]
    pub const fn order(self) -> Order {
        self.order
    }

    /// The note after which the next page starts.
    #[must_use]
    pub const fn position(self) -> NoteId {
        self.position
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = match self.order {
            Order::Newest => 'n',
            Order::Oldest => 'o',
        };
        write!(f, "1{order}{:0DIGITS$x}", self.position.ordinal())
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (order, digits) = if let Some(digits) = text.strip_prefix("1n") {
            (Order::Newest, digits)
        } else if let Some(digits) = text.strip_prefix("1o") {
            (Order::Oldest, digits)
        } else {
            return Err(InvalidCursor);
        };
        // `from_str_radix` would also take upper case and a leading plus.
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if digits.len() != DIGITS || !digits.bytes().all(is_digit) {
            return Err(InvalidCursor);
        }
        let ordinal = u128::from_str_radix(digits, 16).map_err(|_| InvalidCursor)?;
        let position = NoteId::from_ordinal(ordinal).ok_or(InvalidCursor)?;
        Ok(Self { order, position })
    }
}

/// A text is not a [`Cursor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor: send the nextCursor of the page before as it is")]
#[non_exhaustive]
pub struct InvalidCursor;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_cursor() -> impl Strategy<Value = Cursor> {
        let order = prop_oneof![Just(Order::Newest), Just(Order::Oldest)];
        (order, 0..1_u128 << 122)
            .prop_map(|(order, ordinal)| Cursor::new(order, NoteId::from_ordinal(ordinal).unwrap()))
    }

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_written(cursor in any_cursor()) {
            let text = cursor.to_string();
            prop_assert_eq!(text.len(), Cursor::LENGTH);
            prop_assert_eq!(text.parse(), Ok(cursor));
        }

        #[test]
        fn only_what_is_written_is_read(text in "1[no][0-9a-fA-F+]{31}|\\PC{0,40}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }

        #[test]
        fn a_changed_length_is_refused(cursor in any_cursor(), end in 0..Cursor::LENGTH) {
            let text = cursor.to_string();
            prop_assert_eq!(text[..end].parse::<Cursor>(), Err(InvalidCursor));
            prop_assert_eq!(format!("{text}0").parse::<Cursor>(), Err(InvalidCursor));
        }
    }

    /// Clients keep cursors across our releases.
    #[test]
    fn the_text_of_version_1_never_changes() {
        let id: NoteId = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d".parse().unwrap();
        let newest = "1n0066d793270 6f8a8000 5e0c1f7a3b2d".replace(' ', "");
        assert_eq!(Cursor::new(Order::Newest, id).to_string(), newest);
        let oldest = newest.replacen('n', "o", 1);
        assert_eq!(Cursor::new(Order::Oldest, id).to_string(), oldest);
    }

    #[test]
    fn a_number_that_is_no_position_is_refused() {
        let beyond = format!("1n{:031x}", 1_u128 << 122);
        assert_eq!(beyond.parse::<Cursor>(), Err(InvalidCursor));
        assert!(
            format!("1n{:031x}", (1_u128 << 122) - 1)
                .parse::<Cursor>()
                .is_ok()
        );
    }
}
