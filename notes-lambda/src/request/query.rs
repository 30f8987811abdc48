//! The query parameters of `GET /notes` and `GET /notes/changes`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Display;

use http::request::Parts;
use notes_core::{
    InvalidOrder, InvalidPageLimit, InvalidTimestamp, ListQuery, Order, PageLimit, SyncToken,
    Timestamp,
};

use crate::cursor::Cursor;
use crate::problem::Problem;
use crate::problem::validation::{Location, ValidationErrors};
use crate::response::note_json::View;

pub(crate) const LIMIT: &str = "limit";
pub(crate) const CURSOR: &str = "cursor";
pub(crate) const SINCE: &str = "since";
pub(crate) const ORDER: &str = "order";
pub(crate) const CREATED_AFTER: &str = "createdAfter";
pub(crate) const CREATED_BEFORE: &str = "createdBefore";
pub(crate) const CATEGORY: &str = "category";
pub(crate) const VIEW: &str = "view";

/// A query's names and values, decoded, in the extensions of a request whose gateway has decoded them. They replace the
/// query of its URI.
#[derive(Clone, Debug)]
pub(crate) struct DecodedQuery(pub(crate) Vec<(String, String)>);

/// Which notes a request to `GET /notes` asks for, and how much of each.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ViewedQuery {
    pub(crate) list: ListQuery,
    pub(crate) view: View,
}

/// Reads the query of a request to `GET /notes`, and finds all errors at once.
///
/// A cursor contains the order of its list; an explicit `order` has to be the same.
pub(crate) fn of_request(head: &Parts) -> Result<ViewedQuery, Problem> {
    of_list(Parameters::of_request(head))
}

/// The same for a query as it is in a URI.
#[cfg(any(test, feature = "openapi"))]
pub(crate) fn read(query: Option<&str>) -> Result<ViewedQuery, Problem> {
    of_list(Parameters::parse(query))
}

fn of_list(mut parameters: Parameters<'_>) -> Result<ViewedQuery, Problem> {
    let limit = parameters.take(LIMIT, limit);
    let cursor: Option<Cursor> = parameters.take(CURSOR, str::parse);
    let order = parameters.take(ORDER, order);
    let mut query = ListQuery::default()
        .with_limit(limit.unwrap_or_default())
        .with_order(order.or(cursor.map(Cursor::order)).unwrap_or_default());
    query.created_after = parameters.take(CREATED_AFTER, |text| timestamp(text, str::parse));
    query.created_before = parameters.take(CREATED_BEFORE, |text| {
        // Notes have whole milliseconds. A note of .123 is earlier than a bound of .1230001 and has to be listed,
        // so this bound is rounded up.
        timestamp(text, Timestamp::parse_rounding_up)
    });
    query.category = parameters.take(CATEGORY, str::parse);
    query.position = cursor.map(Cursor::position);
    let view = parameters.take(VIEW, view).unwrap_or_default();
    if cursor.is_some_and(|cursor| cursor.order() != query.order) {
        parameters.error(CURSOR, "comes from a list in the other order");
    }
    parameters.finish(ViewedQuery { list: query, view })
}

/// The query of `GET /notes/changes`.
#[derive(Debug)]
pub(crate) struct ChangesQuery {
    pub(crate) since: Option<SyncToken>,
    pub(crate) limit: PageLimit,
}

/// Reads the query of a request to `GET /notes/changes`, and finds all errors at once.
pub(crate) fn of_changes(head: &Parts) -> Result<ChangesQuery, Problem> {
    read_changes(Parameters::of_request(head))
}

/// The same for a query as it is in a URI.
#[cfg(feature = "openapi")]
pub(crate) fn changes(query: &str) -> Result<ChangesQuery, Problem> {
    read_changes(Parameters::parse(Some(query)))
}

fn read_changes(mut parameters: Parameters<'_>) -> Result<ChangesQuery, Problem> {
    let since = parameters.take(SINCE, str::parse::<SyncToken>);
    let limit = parameters.take(LIMIT, limit);
    // There is no reason for a client to want less, and each page costs a request.
    let limit = limit.unwrap_or(PageLimit::LARGEST);
    parameters.finish(ChangesQuery { since, limit })
}

fn limit(text: &str) -> Result<PageLimit, InvalidPageLimit> {
    // `u8::from_str` would also take a leading plus.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidPageLimit);
    }
    text.parse::<u8>().map_err(|_| InvalidPageLimit)?.try_into()
}

fn order(text: &str) -> Result<Order, &'static str> {
    text.parse()
        .map_err(|InvalidOrder| "has to be newest or oldest")
}

fn view(text: &str) -> Result<View, &'static str> {
    match text {
        "full" => Ok(View::Full),
        "summary" => Ok(View::Summary),
        _ => Err("has to be full or summary"),
    }
}

fn timestamp(
    text: &str,
    parse: fn(&str) -> Result<Timestamp, InvalidTimestamp>,
) -> Result<Timestamp, String> {
    parse(text).map_err(|invalid| {
        // In a query, a plus means a space. So the plus of an offset such as +01:00 arrives as a space.
        if text.contains(' ') && parse(&text.replace(' ', "+")).is_ok() {
            "has a space where its offset has to have a +: send that as %2B".to_owned()
        } else {
            invalid.to_string()
        }
    })
}

/// The parameters of a query that are not taken yet, and the errors found so far.
struct Parameters<'a> {
    left: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    errors: ValidationErrors,
}

impl<'a> Parameters<'a> {
    /// The parameters of a request, whose gateway may have decoded them.
    fn of_request(head: &'a Parts) -> Self {
        match head.extensions.get() {
            Some(DecodedQuery(pairs)) => Self::new(
                pairs
                    .iter()
                    .map(|(name, value)| (name.as_str().into(), value.as_str().into())),
            ),
            None => Self::parse(head.uri.query()),
        }
    }

    /// The parameters of a query as it is in a URI.
    fn parse(query: Option<&'a str>) -> Self {
        Self::new(form_urlencoded::parse(query.unwrap_or_default().as_bytes()))
    }

    fn new(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Self {
        Self {
            left: pairs.collect(),
            errors: ValidationErrors::default(),
        }
    }

    /// Removes a parameter and parses its value.
    fn take<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let taken: Vec<_> = self
            .left
            .extract_if(.., |(parameter, _)| parameter == name)
            .collect();
        match taken.as_slice() {
            [] => {}
            [(_, text)] if text.is_empty() => self.error(name, "is empty"),
            [(_, text)] => match parse(text) {
                Ok(value) => return Some(value),
                Err(why) => self.error(name, why),
            },
            _ => self.error(name, "is there more than once"),
        }
        None
    }

    fn error(&mut self, name: &str, why: impl Display) {
        self.errors.add(Location::Parameter(name.to_owned()), why);
    }

    /// The value made of the parameters taken, if there were no errors and no parameter is left over.
    fn finish<T>(mut self, value: T) -> Result<T, Problem> {
        for name in self
            .left
            .into_iter()
            .map(|(name, _)| name)
            .collect::<BTreeSet<_>>()
        {
            let location = Location::Parameter(name.into_owned());
            self.errors.add(location, "is not a parameter of this path");
        }
        Ok(self.errors.none_or(Some(value))?)
    }
}

#[cfg(test)]
mod tests {
    use notes_core::NoteId;

    use super::*;

    const ID: &str = "019b5e4c-9c1b-7e2a-8000-5e0c1f7a3b2d";

    fn errors(query: &str) -> String {
        match read(Some(query)) {
            Err(Problem::Invalid(errors)) => serde_json::to_string(errors.listed()).unwrap(),
            other => panic!("{query}: {other:?}"),
        }
    }

    fn error(parameter: &str, detail: &str) -> String {
        format!(r#"[{{"parameter":"{parameter}","detail":"{detail}"}}]"#)
    }

    fn cursor(order: Order) -> Cursor {
        let id: NoteId = ID.parse().unwrap();
        Cursor::new(order, id)
    }

    #[test]
    fn nothing_is_required() {
        assert_eq!(read(None).unwrap(), ViewedQuery::default());
        assert_eq!(read(Some("")).unwrap(), ViewedQuery::default());
        assert_eq!(read(Some("&&")).unwrap(), ViewedQuery::default());
    }

    #[test]
    fn a_limit_is_1_to_100() {
        assert_eq!(read(Some("limit=1")).unwrap().list.limit.get(), 1);
        assert_eq!(read(Some("limit=100")).unwrap().list.limit.get(), 100);
        for limit in [
            "0",
            "101",
            "256",
            "-1",
            "%2B5",
            "1.0",
            "ten",
            "%31 ",
            "99999999999",
        ] {
            assert_eq!(
                errors(&format!("limit={limit}")),
                error("limit", "a page has 1 to 100 notes")
            );
        }
    }

    #[test]
    fn a_cursor_brings_its_order() {
        let oldest = cursor(Order::Oldest);
        let query = read(Some(&format!("cursor={oldest}"))).unwrap();
        assert_eq!(query.list.order, Order::Oldest);
        assert_eq!(query.list.position, Some(oldest.position()));
        assert_eq!(
            read(Some(&format!("cursor={oldest}&order=oldest"))).unwrap(),
            query
        );
    }

    #[test]
    fn a_cursor_is_of_no_use_in_the_other_order() {
        let oldest = cursor(Order::Oldest);
        assert_eq!(
            errors(&format!("cursor={oldest}&order=newest")),
            error("cursor", "comes from a list in the other order")
        );
    }

    #[test]
    fn bounds_of_time_never_include_a_note_at_the_bound() {
        let fine = "2026-11-22T18:47:00.1230001Z";
        let query = read(Some(&format!("createdAfter={fine}&createdBefore={fine}"))).unwrap();
        assert_eq!(query.list.created_after.unwrap().as_millis() % 1_000, 123);
        assert_eq!(query.list.created_before.unwrap().as_millis() % 1_000, 124);
    }

    #[test]
    fn a_category_is_trimmed_and_checked_like_that_of_a_note() {
        let query = read(Some("category=%20shop+")).unwrap();
        assert_eq!(query.list.category, Some("shop".parse().unwrap()));
        let why = "a category may not be empty or only white space or invisible characters";
        assert_eq!(errors("category=%20"), error("category", why));
    }

    #[test]
    fn a_view_is_full_or_summary() {
        assert_eq!(read(Some("view=full")).unwrap(), ViewedQuery::default());
        assert_eq!(read(Some("view=summary")).unwrap().view, View::Summary);
        let why = "has to be full or summary";
        assert_eq!(errors("view=Summary"), error("view", why));
    }

    #[test]
    fn a_plus_that_became_a_space_is_explained() {
        let query = read(Some("createdAfter=2026-11-22T18:47:00%2B01:00")).unwrap();
        assert!(query.list.created_after.is_some());
        let why = "has a space where its offset has to have a +: send that as %2B";
        for name in ["createdAfter", "createdBefore"] {
            let query = format!("{name}=2026-11-22T18:47:00+01:00");
            assert_eq!(errors(&query), error(name, why));
        }
        assert!(errors("createdAfter=2026-11-22+18:47:00Z").contains("RFC 3339"));
    }

    #[test]
    fn all_errors_are_found_at_once() {
        assert_eq!(
            errors(
                "order=up&limit=&cursor=x&createdAfter&since=1&limit=2&createdBefore=&%20=1&since=1"
            ),
            r#"[{"parameter":"limit","detail":"is there more than once"},"#.to_owned()
                + r#"{"parameter":"cursor","detail":"not a cursor: send the nextCursor of the page before as it is"},"#
                + r#"{"parameter":"order","detail":"has to be newest or oldest"},"#
                + r#"{"parameter":"createdAfter","detail":"is empty"},"#
                + r#"{"parameter":"createdBefore","detail":"is empty"},"#
                + r#"{"parameter":" ","detail":"is not a parameter of this path"},"#
                + r#"{"parameter":"since","detail":"is not a parameter of this path"}]"#
        );
    }

    #[test]
    fn an_empty_value_is_an_error_of_any_parameter() {
        for name in [
            "limit",
            "cursor",
            "order",
            "createdAfter",
            "createdBefore",
            "category",
            "view",
        ] {
            assert_eq!(errors(&format!("{name}=")), error(name, "is empty"));
        }
    }
}
