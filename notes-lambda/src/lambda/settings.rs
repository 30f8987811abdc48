//! The settings of a function, from environment variables.

use std::error::Error;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use notes_core::{Horizon, NoteStore, Notes, SyncSettings};

use crate::api::Api;
use crate::cors::CorsOrigins;
use crate::lambda::identity::IdentitySource;
use crate::lambda::start_error::StartError;
use crate::problem::problem_base::ProblemBase;

/// The settings of any function that serves the API, from environment variables.
///
/// | variable | value | if it is not set, or empty |
/// |---|---|---|
/// | `NOTES_IDENTITY` | `jwt:CLAIM`, `cognito:CLAIM`, `lambda:KEY`, `lambda-principal` | the function does not start |
/// | `NOTES_RETENTION_DAYS` | 1 and more | notes are kept for ever |
/// | `NOTES_SYNC_EPOCH` | any text that was never used with this table | there is no sync |
/// | `NOTES_SYNC_DAYS` | 1 and more | 90, if there is sync |
/// | `NOTES_CORS_ORIGINS` | `*`, or origins separated by commas | no page of another origin may call the API |
/// | `NOTES_CORS_HEADERS` | names separated by commas | those that the API reads, and those of tracing |
/// | `NOTES_PROBLEM_BASE` | an absolute URI | the documentation of the problems |
///
/// None is about the store. A function reads those of its own store, such as the name of a table, with
/// [`required_setting_from_env`] and [`optional_setting_from_env`].
///
/// ```no_run
/// use notes_core::MemoryNoteStore;
/// use notes_lambda::{Gateway, Settings, StartError};
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), StartError> {
///     let settings = Settings::from_env()?;
///     let api = settings.api(MemoryNoteStore::new());
///     Gateway::new(api, settings.identity).run().await
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// `NOTES_IDENTITY`: who the user is.
    pub identity: IdentitySource,
    /// `NOTES_RETENTION_DAYS`: how long notes are kept after the last write; for ever if it is not set.
    pub retention: Option<Duration>,
    /// `NOTES_SYNC_EPOCH`: sync is on if it is set, with this epoch. `NOTES_SYNC_DAYS`: its horizon, 90 days if it is
    /// not set. All functions over one table need the same of both, and a store that keeps changes.
    pub sync: Option<SyncSettings>,
    /// `NOTES_CORS_ORIGINS`: the origins of pages that may call the API, separated by commas, or `*`; none if it is not
    /// set. `NOTES_CORS_HEADERS`: the request headers that those pages may send, separated by commas, instead of the
    /// default ones.
    pub cors_origins: CorsOrigins,
    /// `NOTES_PROBLEM_BASE`: what the `type` URIs of problems start with, instead of the address of their
    /// documentation.
    pub problem_base: ProblemBase,
}

impl Settings {
    /// Reads the variables of this process. Only `NOTES_IDENTITY` has to be set.
    ///
    /// # Errors
    /// When a variable is missing or its value is not valid. The error names the first one.
    pub fn from_env() -> Result<Self, StartError> {
        Self::read(from_env)
    }

    /// Reads the variables by a function, so that tests need not change the environment of their process.
    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, StartError> {
        let origins: CorsOrigins = optional(&variable, "NOTES_CORS_ORIGINS")?.unwrap_or_default();
        let headers = optional(&variable, "NOTES_CORS_HEADERS")?.unwrap_or_default();
        let days = |name| {
            let days = optional::<NonZeroU32>(&variable, name)?;
            let seconds = |days: NonZeroU32| u64::from(days.get()) * 24 * 60 * 60;
            Ok::<_, StartError>(days.map(|days| Duration::from_secs(seconds(days))))
        };
        let horizon = days("NOTES_SYNC_DAYS")?.map(Horizon::try_from).transpose();
        let horizon = horizon.map_err(StartError::new)?.unwrap_or_default();
        let epoch = optional::<String>(&variable, "NOTES_SYNC_EPOCH")?;
        Ok(Self {
            identity: required(&variable, "NOTES_IDENTITY")?,
            retention: days("NOTES_RETENTION_DAYS")?,
            sync: epoch.map(|epoch| SyncSettings::new(epoch).with_horizon(horizon)),
            cors_origins: origins.with_request_headers(headers),
            problem_base: optional(&variable, "NOTES_PROBLEM_BASE")?.unwrap_or_default(),
        })
    }

    /// The service over this store, with the retention and the sync of these settings.
    pub fn notes<S>(&self, store: S) -> Notes<S> {
        let mut notes = Notes::new(store);
        if let Some(retention) = self.retention {
            notes = notes.with_retention(retention);
        }
        if let Some(sync) = &self.sync {
            notes = notes.with_sync(sync.clone());
        }
        notes
    }

    /// The API over this store, with all of these settings that are about an API.
    pub fn api<S: NoteStore>(&self, store: S) -> Api<S> {
        Api::new(self.notes(store))
            .with_cors_origins(self.cors_origins.clone())
            .with_problem_base(self.problem_base.clone())
    }
}

/// The parsed value of an environment variable that has to be set, for the settings that are a function's own.
///
/// ```
/// use notes_lambda::required_setting_from_env;
///
/// let error = required_setting_from_env::<String>("THE_TABLE_OF_MY_FUNCTION").unwrap_err();
/// assert_eq!(error.to_string(), "THE_TABLE_OF_MY_FUNCTION is not set");
/// ```
///
/// # Errors
/// When the variable is not set, is empty, or has a value that can't be parsed. The error names the variable, shows its
/// value, and has the parser's error as its source.
pub fn required_setting_from_env<T>(name: &str) -> Result<T, StartError>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    required(&from_env, name)
}

/// The parsed value of an environment variable; `None` if it is not set or empty. Templates set a variable to the empty
/// text for a parameter that was not given.
///
/// ```
/// let days = notes_lambda::optional_setting_from_env::<u32>("DAYS_IN_THE_TRASH")?;
/// assert_eq!(days, None);
/// # Ok::<(), notes_lambda::StartError>(())
/// ```
///
/// # Errors
/// When it has a value that can't be parsed, as in [`required_setting_from_env`].
pub fn optional_setting_from_env<T>(name: &str) -> Result<Option<T>, StartError>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    optional(&from_env, name)
}

/// A variable of this process.
///
/// A value that is not Unicode is not valid. Converted lossily it still reaches its parser, which refuses it and so
/// names the variable; `std::env::var` would report an optional one like one that is not set.
fn from_env(name: &str) -> Option<String> {
    Some(std::env::var_os(name)?.to_string_lossy().into_owned())
}

fn required<T>(variable: &impl Fn(&str) -> Option<String>, name: &str) -> Result<T, StartError>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    optional(variable, name)?.ok_or_else(|| StartError::new(format!("{name} is not set")))
}

fn optional<T>(
    variable: &impl Fn(&str) -> Option<String>,
    name: &str,
) -> Result<Option<T>, StartError>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    let Some(value) = variable(name).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    value.parse().map(Some).map_err(|source: T::Err| {
        StartError::new(InvalidSetting {
            name: name.to_owned(),
            value,
            source: source.into(),
        })
    })
}

/// A variable has a value that can't be parsed; the source says why.
#[derive(Debug, thiserror::Error)]
#[error("{name} is {value:?}")]
struct InvalidSetting {
    name: String,
    value: String,
    source: Box<dyn Error + Send + Sync>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: [(&str, &str); 1] = [("NOTES_IDENTITY", "jwt:sub")];

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
    fn an_identity_is_enough_and_no_table_is_asked_for() {
        let settings = read(&LEAST).unwrap();
        assert_eq!(
            settings.identity,
            IdentitySource::JwtClaim("sub".to_owned())
        );
        assert_eq!(settings.retention, None);
        assert_eq!(settings.sync, None);
        assert_eq!(settings.cors_origins, CorsOrigins::default());
        assert_eq!(settings.problem_base, ProblemBase::default());
    }

    #[test]
    fn each_setting_is_read() {
        let settings = read(&[
            ("NOTES_IDENTITY", "lambda-principal"),
            ("NOTES_RETENTION_DAYS", "90"),
            ("NOTES_SYNC_EPOCH", "2026-11"),
            ("NOTES_SYNC_DAYS", "30"),
            ("NOTES_CORS_ORIGINS", "https://notes.example"),
            ("NOTES_CORS_HEADERS", "Authorization, X-Client"),
            ("NOTES_PROBLEM_BASE", "https://notes.example/problems#"),
        ]);
        let settings = settings.unwrap();
        assert_eq!(settings.identity, IdentitySource::LambdaPrincipal);
        let days = Duration::from_secs(90 * 86_400);
        assert_eq!(settings.retention, Some(days));
        let month = Duration::from_secs(30 * 86_400);
        let sync = SyncSettings::new("2026-11").with_horizon(month.try_into().unwrap());
        assert_eq!(settings.sync, Some(sync));
        assert!(settings.notes(()).has_sync());
        let origins: CorsOrigins = "https://notes.example".parse().unwrap();
        let headers = "authorization, x-client".parse().unwrap();
        assert_eq!(settings.cors_origins, origins.with_request_headers(headers));
        let base = settings.problem_base.to_string();
        assert_eq!(base, "https://notes.example/problems#");
    }

    #[test]
    fn an_api_has_the_settings_that_are_about_an_api() {
        let settings = read(&[
            LEAST[0],
            ("NOTES_RETENTION_DAYS", "90"),
            ("NOTES_CORS_ORIGINS", "https://notes.example"),
            ("NOTES_PROBLEM_BASE", "tag:notes.example,2026:"),
        ]);
        let settings = settings.unwrap();
        let store = notes_core::MemoryNoteStore::new();
        let api = Api::new(settings.notes(store.clone()))
            .with_cors_origins(settings.cors_origins.clone())
            .with_problem_base(settings.problem_base.clone());
        let api = format!("{api:?}");
        assert_eq!(format!("{:?}", settings.api(store)), api);
        for shown in ["7776000", "https://notes.example", "tag:notes.example"] {
            assert!(api.contains(shown), "{shown} is not in {api}");
        }
    }

    #[test]
    fn an_empty_optional_setting_is_not_set() {
        for name in [
            "NOTES_RETENTION_DAYS",
            "NOTES_CORS_ORIGINS",
            "NOTES_CORS_HEADERS",
            "NOTES_PROBLEM_BASE",
            "NOTES_SYNC_EPOCH",
            "NOTES_SYNC_DAYS",
        ] {
            let settings = read_with(name, "").unwrap();
            assert_eq!(settings.retention, None);
            assert_eq!(settings.sync, None);
            assert_eq!(settings.cors_origins, CorsOrigins::default());
            assert_eq!(settings.problem_base, ProblemBase::default());
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
            ("NOTES_IDENTITY", &["sub", "jwt", "header:x-user\n"][..]),
            (
                "NOTES_RETENTION_DAYS",
                &["0", "-1", "1.5", "ninety", "90d", "4294967296", " 90"],
            ),
            ("NOTES_SYNC_DAYS", &["0", "-1", "ninety", "4294967296"]),
            (
                "NOTES_CORS_ORIGINS",
                &["notes.example", "https://a.example/", ",", "null"],
            ),
            ("NOTES_CORS_HEADERS", &["if match", ",", "authorization:"]),
            (
                "NOTES_PROBLEM_BASE",
                &["/problems/", "https://notes.example"],
            ),
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
    fn a_setting_of_a_functions_own_is_read_like_the_others() {
        let read = |value: Option<&str>| {
            let value = value.map(str::to_owned);
            optional::<bool>(&|_| value.clone(), "CONSISTENT_READS")
        };
        assert_eq!(read(Some("false")).unwrap(), Some(false));
        assert_eq!(read(Some("")).unwrap(), None);
        assert_eq!(read(None).unwrap(), None);
        for value in ["1", "TRUE", "yes", "off", "true\n"] {
            let error = read(Some(value)).unwrap_err();
            let line =
                format!("CONSISTENT_READS is {value:?}: provided string was not `true` or `false`");
            assert_eq!(format!("{error:?}"), line);
        }
    }

    #[test]
    fn the_error_of_a_wrong_setting_has_the_parsers_error_as_its_source() {
        let error = read_with("NOTES_IDENTITY", "sub").unwrap_err();
        assert_eq!(error.to_string(), "NOTES_IDENTITY is \"sub\"");
        let source = error.source().unwrap().to_string();
        assert_eq!(source, crate::InvalidIdentitySource.to_string());
    }
}
