//! The settings of a function, and the error of one that can't start.

use std::error::Error;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use notes_core::{ErrorChain, Notes};

use crate::cors::CorsOrigins;
use crate::lambda::identity::IdentitySource;

/// The settings of a function, from environment variables.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// `NOTES_TABLE`: the table's [name][docs] or ARN.
    ///
    /// [docs]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
    pub table: String,
    /// `NOTES_IDENTITY`: who the user is.
    pub identity: IdentitySource,
    /// `NOTES_RETENTION_DAYS`: how long notes are kept after the last write; for ever if it is not set.
    pub retention: Option<Duration>,
    /// `NOTES_CONSISTENT_READS`: `true` (the default), or `false` for eventually consistent reads at half the price.
    pub consistent_reads: bool,
    /// `NOTES_CORS_ORIGINS`: the origins of pages that may call the API, separated by commas, or `*`; none if it is not
    /// set. `NOTES_CORS_HEADERS`: the request headers that those pages may send, separated by commas, instead of the
    /// default ones.
    pub cors_origins: CorsOrigins,
}

impl Settings {
    /// Reads the variables of this process.
    ///
    /// # Errors
    /// When a variable is missing or its value is not valid. The error names the first one.
    pub fn from_env() -> Result<Self, StartError> {
        // A value that is not Unicode is not valid. Converted lossily it still reaches its parser, which refuses it
        // and names the variable; `std::env::var` would report an optional one like one that is not set.
        Self::read(|name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()))
    }

    /// Reads the variables by a function, so that tests need not change the environment of their process.
    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, StartError> {
        // Templates set a variable to "" for a parameter that was not given.
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let required = |name| variable(name).ok_or_else(|| format!("{name} is not set"));
        let origins: CorsOrigins = optional(&variable, "NOTES_CORS_ORIGINS")?.unwrap_or_default();
        let headers = optional(&variable, "NOTES_CORS_HEADERS")?.unwrap_or_default();
        let days = optional::<NonZeroU32>(&variable, "NOTES_RETENTION_DAYS")?;
        Ok(Self {
            table: table(required("NOTES_TABLE")?)?,
            identity: parsed("NOTES_IDENTITY", &required("NOTES_IDENTITY")?)?,
            retention: days.map(|days| Duration::from_secs(u64::from(days.get()) * 24 * 60 * 60)),
            consistent_reads: optional(&variable, "NOTES_CONSISTENT_READS")?.unwrap_or(true),
            cors_origins: origins.with_request_headers(headers),
        })
    }

    /// The service over this store, with the retention of these settings.
    pub fn notes<S>(&self, store: S) -> Notes<S> {
        let notes = Notes::new(store);
        match self.retention {
            Some(retention) => notes.with_retention(retention),
            None => notes,
        }
    }
}

/// Checks a table's name or ARN. A wrong one is found at the start and not by the first request.
fn table(name: String) -> Result<String, StartError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    // arn:PARTITION:dynamodb:REGION:ACCOUNT:table/NAME
    let plain = match name.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", _, "dynamodb", _, _, table] => table.strip_prefix("table/"),
        _ => Some(&*name),
    };
    if plain.is_some_and(|name| (3..=255).contains(&name.len()) && name.bytes().all(allowed)) {
        return Ok(name);
    }
    let why = "a table's name has 3 to 255 of a-z, A-Z, 0-9, _, - and .";
    Err(format!("NOTES_TABLE is {name:?}: {why}").into())
}

/// The parsed value of a variable that need not be set.
fn optional<T: FromStr<Err: fmt::Display>>(
    variable: &impl Fn(&'static str) -> Option<String>,
    name: &'static str,
) -> Result<Option<T>, StartError> {
    variable(name).map(|value| parsed(name, &value)).transpose()
}

/// A parsed value, or an error that names the variable.
fn parsed<T: FromStr<Err: fmt::Display>>(name: &str, value: &str) -> Result<T, StartError> {
    let parsed = value.parse();
    parsed.map_err(|error| format!("{name} is {value:?}: {error}").into())
}

/// Why a function can't start, or can't continue. A `main` that returns an error prints its `Debug`, so the `Debug` of
/// this one is a single line with all causes, without quotes and type names.
pub struct StartError(pub(crate) Box<dyn Error + Send + Sync>);

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", ErrorChain(&*self.0))
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for StartError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: [(&str, &str); 2] = [("NOTES_TABLE", "notes"), ("NOTES_IDENTITY", "jwt:sub")];

    fn read(variables: &[(&str, &str)]) -> Result<Settings, StartError> {
        Settings::read(|name| {
            let value = variables.iter().rfind(|variable| variable.0 == name)?.1;
            Some(value.to_owned())
        })
    }

    fn read_with(name: &str, value: &str) -> Result<Settings, StartError> {
        read(&[&LEAST[..], &[(name, value)]].concat())
    }

    #[track_caller]
    fn refused(name: &str, value: &str) -> String {
        let line = format!("{:?}", read_with(name, value).unwrap_err());
        assert!(line.starts_with(name), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
        line
    }

    #[test]
    fn a_table_and_an_identity_are_enough() {
        let settings = read(&LEAST).unwrap();
        assert_eq!(settings.table, "notes");
        assert_eq!(
            settings.identity,
            IdentitySource::JwtClaim("sub".to_owned())
        );
        assert_eq!(settings.retention, None);
        assert!(settings.consistent_reads);
        assert_eq!(settings.cors_origins, CorsOrigins::default());
    }

    #[test]
    fn each_setting_is_read() {
        let settings = read(&[
            ("NOTES_TABLE", "prod-notes"),
            ("NOTES_IDENTITY", "lambda-principal"),
            ("NOTES_RETENTION_DAYS", "90"),
            ("NOTES_CONSISTENT_READS", "false"),
            ("NOTES_CORS_ORIGINS", "https://notes.example"),
            ("NOTES_CORS_HEADERS", "Authorization, X-Client"),
        ]);
        let settings = settings.unwrap();
        assert_eq!(settings.table, "prod-notes");
        assert_eq!(settings.identity, IdentitySource::LambdaPrincipal);
        let days = Duration::from_secs(90 * 86_400);
        assert_eq!(settings.retention, Some(days));
        assert!(!settings.consistent_reads);
        let origins: CorsOrigins = "https://notes.example".parse().unwrap();
        let headers = "authorization, x-client".parse().unwrap();
        assert_eq!(settings.cors_origins, origins.with_request_headers(headers));
    }

    #[test]
    fn a_table_is_known_by_name_or_arn() {
        let longest = "n".repeat(255);
        let arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/notes";
        for table in ["n_0", "Notes-prod.eu", &longest, arn] {
            assert_eq!(read_with("NOTES_TABLE", table).unwrap().table, table);
        }
        refused("NOTES_TABLE", &"n".repeat(256));
    }

    #[test]
    fn an_empty_optional_setting_is_not_set() {
        for name in [
            "NOTES_RETENTION_DAYS",
            "NOTES_CONSISTENT_READS",
            "NOTES_CORS_ORIGINS",
            "NOTES_CORS_HEADERS",
        ] {
            let settings = read_with(name, "").unwrap();
            assert_eq!(settings.retention, None);
            assert!(settings.consistent_reads);
            assert_eq!(settings.cors_origins, CorsOrigins::default());
        }
    }

    #[test]
    fn a_missing_or_empty_setting_is_one_line_that_names_it() {
        for (name, _) in LEAST {
            let others: Vec<_> = LEAST
                .into_iter()
                .filter(|variable| variable.0 != name)
                .collect();
            let missing = format!("{:?}", read(&others).unwrap_err());
            assert_eq!(missing, format!("{name} is not set"));
            assert_eq!(refused(name, ""), missing);
        }
    }

    #[test]
    fn a_wrong_setting_is_one_line_that_names_it_and_shows_its_value() {
        for (name, values) in [
            (
                "NOTES_TABLE",
                &[
                    "no",
                    "notes table",
                    "notes\n",
                    "Zürich",
                    "arn:",
                    "arn:aws:s3:::notes",
                    "arn:aws:dynamodb:a:1:index/notes",
                ][..],
            ),
            ("NOTES_IDENTITY", &["sub", "jwt", "header:x-user\n"]),
            (
                "NOTES_RETENTION_DAYS",
                &["0", "-1", "1.5", "ninety", "90d", "4294967296", " 90"],
            ),
            (
                "NOTES_CONSISTENT_READS",
                &["1", "TRUE", "yes", "off", "true\n"],
            ),
            (
                "NOTES_CORS_ORIGINS",
                &["notes.example", "https://a.example/", ",", "null"],
            ),
            ("NOTES_CORS_HEADERS", &["if match", ",", "authorization:"]),
        ] {
            for value in values {
                let line = refused(name, value);
                assert!(line.contains(&format!("{value:?}: ")), "{line}");
            }
        }
    }

    #[test]
    fn what_is_not_unicode_is_refused_and_not_overlooked() {
        refused("NOTES_RETENTION_DAYS", &String::from_utf8_lossy(b"9\xff"));
    }

    #[test]
    fn the_longest_retention_is_no_overflow() {
        let settings = read_with("NOTES_RETENTION_DAYS", "4294967295").unwrap();
        let retention = settings.retention.unwrap().as_secs();
        assert_eq!(retention, 4_294_967_295 * 86_400);
    }

    #[test]
    fn a_reason_not_to_start_is_one_line_with_its_causes() {
        let cause = std::io::Error::other("the cause");
        let error = notes_core::StoreError::new(notes_core::StoreErrorKind::Denied, cause);
        let line = format!("{:?}", StartError::from(error));
        assert!(line.ends_with(": the cause"), "{line}");
        assert_eq!(line.lines().count(), 1);
    }
}
