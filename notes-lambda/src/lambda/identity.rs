//! Who the user of an event is, from what the gateway's authorizer verified.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use notes_core::UserId;
use serde_json::Value;

use crate::lambda::event::is_v2;

/// Where in an event the user is: which of the values that an authorizer of API Gateway verified.
///
/// A deployment has exactly one source; the others are ignored, so that a value which another authorizer lets the
/// caller choose can never become the identity.
///
/// None of them works for a function URL. Its only authorizer is IAM, which identifies roles and not people. Behind a
/// function URL, write a service that verifies a token and puts the user into the request of an [`Api`](crate::Api).
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
#[non_exhaustive]
pub enum IdentitySource {
    /// A claim of the token that the [JWT authorizer][docs] of an HTTP API verified.
    ///
    /// [docs]: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
    JwtClaim(String),
    /// A claim of the token that the [Cognito authorizer][docs] of a REST API verified. An HTTP API
    /// with payload format 1.0 has the claims of its JWT authorizer in the same place.
    ///
    /// [docs]: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html
    CognitoClaim(String),
    /// A key of the context that a [Lambda authorizer][docs] returned, of either kind of API. The value is a string,
    /// or an integer, whose decimal digits are then the user id.
    ///
    /// An HTTP API passes a value on with its type. Booleans and fractions are refused there, since many users would
    /// share one. A REST API converts every value to a string first, so `true` and `4.2` can't be told from strings.
    ///
    /// [docs]: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
    LambdaContext(String),
    /// The principal that the Lambda authorizer of a REST API returned.
    LambdaPrincipal,
}

impl IdentitySource {
    /// The user of an event, if the authorizer gave a value and it is a valid [`UserId`].
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
                    // A REST API puts the context's keys beside its own, which no authorizer chose.
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

/// The keys that a REST API itself adds to the context of a Lambda authorizer.
const REST_KEYS: [&str; 2] = ["principalId", "integrationLatency"];

/// A string as it is, an integer as its decimal digits, and nothing for other values.
fn decimal(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string().into()),
        _ => None,
    }
}

impl FromStr for IdentitySource {
    type Err = InvalidIdentitySource;

    fn from_str(text: &str) -> Result<Self, InvalidIdentitySource> {
        match text.split_once(':') {
            // No claim has such a name. With a stray space, every caller would get 401 and nobody would know why.
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
#[non_exhaustive]
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
