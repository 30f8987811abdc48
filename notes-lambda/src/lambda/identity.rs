use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use notes_core::UserId;
use serde_json::Value;

/// Which of the things that an authorizer of API Gateway verified is the user. One holds per
/// deployment, and all others are ignored.
///
/// The caller of a function URL is known by none of them: it has no authorizer but IAM, and IAM knows
/// roles, which are not people. Behind a function URL, give [`Api`](crate::Api) the user by a service
/// of your own that verifies a token.
///
/// As a setting it is written `jwt:CLAIM`, `cognito:CLAIM`, `lambda:KEY` or `lambda-principal`.
///
/// ```
/// use notes_lambda::IdentitySource;
///
/// let identity: IdentitySource = "jwt:sub".parse()?;
/// assert_eq!(identity, IdentitySource::JwtClaim("sub".to_owned()));
/// # Ok::<(), notes_lambda::InvalidIdentitySource>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentitySource {
    /// A claim of the token that the [JWT authorizer][docs] of an HTTP API verified.
    ///
    /// [docs]: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
    JwtClaim(String),
    /// A claim of the token that the [Cognito authorizer][docs] of a REST API verified. An HTTP API
    /// with payload format 1.0 tells the claims of its JWT authorizer in the same place.
    ///
    /// [docs]: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html
    CognitoClaim(String),
    /// A key of the context that a [Lambda authorizer][docs] returned, of either kind of API: a text,
    /// or an integer, which is its decimal text.
    ///
    /// An HTTP API hands over a value as the authorizer returned it, and a REST API makes a text of it
    /// first: there `42`, `true` and `4.2` can't be told from texts. Behind an HTTP API a boolean or a
    /// fraction is no user, since as a name it would be that of many.
    ///
    /// [docs]: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
    LambdaContext(String),
    /// The principal that the Lambda authorizer of a REST API returned.
    LambdaPrincipal,
}

impl IdentitySource {
    /// The user of an event, if the authorizer gave one that can be a [`UserId`].
    pub(crate) fn user(&self, event: &Value) -> Option<UserId> {
        let authorizer = event.get("requestContext")?.get("authorizer")?;
        let is_v2 = is_v2(event);
        let value = match self {
            Self::JwtClaim(claim) if is_v2 => authorizer.get("jwt")?.get("claims")?.get(claim),
            Self::CognitoClaim(claim) if !is_v2 => authorizer.get("claims")?.get(claim),
            Self::LambdaContext(key) => {
                let context = if is_v2 {
                    authorizer.get("lambda")?
                } else {
                    // A REST API puts the context beside what it says itself.
                    Some(authorizer).filter(|_| !REST_KEYS.contains(&&**key))?
                };
                return decimal(context.get(key)?)?.parse().ok();
            }
            Self::LambdaPrincipal if !is_v2 => authorizer.get("principalId"),
            _ => None,
        };
        value?.as_str()?.parse().ok()
    }
}

/// The keys that a REST API adds to the context of a Lambda authorizer.
const REST_KEYS: [&str; 2] = ["principalId", "integrationLatency"];

/// A text as it is, and an integer as its decimal text.
fn decimal(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string().into()),
        _ => None,
    }
}

/// Whether the event has payload format 2.0 (HTTP API, function URL) or 1.0 (REST API, HTTP API).
pub(crate) fn is_v2(event: &Value) -> bool {
    event.get("version").and_then(Value::as_str) == Some("2.0")
}

impl FromStr for IdentitySource {
    type Err = InvalidIdentitySource;

    fn from_str(text: &str) -> Result<Self, InvalidIdentitySource> {
        match text.split_once(':') {
            // No claim is called so: with a space too many, nobody would ever be known.
            Some((_, name)) if name.is_empty() || name != name.trim() => Err(InvalidIdentitySource),
            Some(("jwt", claim)) => Ok(Self::JwtClaim(claim.to_owned())),
            Some(("cognito", claim)) => Ok(Self::CognitoClaim(claim.to_owned())),
            Some(("lambda", key)) => Ok(Self::LambdaContext(key.to_owned())),
            None if text == "lambda-principal" => Ok(Self::LambdaPrincipal),
            _ => Err(InvalidIdentitySource),
        }
    }
}

impl fmt::Display for IdentitySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JwtClaim(claim) => write!(f, "jwt:{claim}"),
            Self::CognitoClaim(claim) => write!(f, "cognito:{claim}"),
            Self::LambdaContext(key) => write!(f, "lambda:{key}"),
            Self::LambdaPrincipal => f.write_str("lambda-principal"),
        }
    }
}

/// A text is not an [`IdentitySource`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an identity is jwt:CLAIM, cognito:CLAIM, lambda:KEY or lambda-principal")]
pub struct InvalidIdentitySource;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_names_one_source() {
        for (text, identity) in [
            ("jwt:sub", IdentitySource::JwtClaim("sub".to_owned())),
            (
                "jwt:https://notes.example/user",
                IdentitySource::JwtClaim("https://notes.example/user".to_owned()),
            ),
            (
                "cognito:cognito:username",
                IdentitySource::CognitoClaim("cognito:username".to_owned()),
            ),
            (
                "lambda:userId",
                IdentitySource::LambdaContext("userId".to_owned()),
            ),
            ("lambda-principal", IdentitySource::LambdaPrincipal),
        ] {
            assert_eq!(text.parse(), Ok(identity.clone()));
            assert_eq!(identity.to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            ":",
            "jwt",
            "jwt:",
            ":sub",
            "sub",
            "cognito:",
            "lambda:",
            "lambda",
            "JWT:sub",
            " jwt:sub",
            "jwt :sub",
            "jwt: sub",
            "jwt:sub ",
            "jwt:sub\n",
            "jwt=sub",
            "lambda-principal:",
            "lambda-principal:userId",
            "lambda-principal ",
            "principal",
            "header:x-user-id",
            "header",
            "iam:userId",
        ] {
            assert_eq!(
                text.parse::<IdentitySource>(),
                Err(InvalidIdentitySource),
                "{text:?}"
            );
        }
    }
}
