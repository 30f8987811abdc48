use std::fmt;
use std::str::FromStr;

/// The [name][docs] or the ARN of a table, checked for its form, for settings: a wrong one is found at the start
/// and not by the first request.
///
/// ```
/// use notes_dynamo::TableName;
///
/// let table: TableName = "notes-prod".parse()?;
/// assert!("my notes".parse::<TableName>().is_err());
/// # Ok::<(), notes_dynamo::InvalidTableName>(())
/// ```
///
/// [docs]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableName(String);

impl FromStr for TableName {
    type Err = InvalidTableName;

    fn from_str(text: &str) -> Result<Self, InvalidTableName> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        // arn:PARTITION:dynamodb:REGION:ACCOUNT:table/NAME
        let name = match text.splitn(6, ':').collect::<Vec<_>>()[..] {
            ["arn", _, "dynamodb", _, _, table] => table.strip_prefix("table/"),
            _ => Some(text),
        };
        if name.is_some_and(|name| (3..=255).contains(&name.len()) && name.bytes().all(allowed)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidTableName)
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<TableName> for String {
    fn from(name: TableName) -> Self {
        name.0
    }
}

/// A text is not a [`TableName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a table's name has 3 to 255 of a-z, A-Z, 0-9, _, - and .")]
#[non_exhaustive]
pub struct InvalidTableName;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_known_by_name_or_arn() {
        let longest = "n".repeat(255);
        let arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/notes";
        for text in ["n_0", "Notes-prod.eu", &longest, arn] {
            let name: TableName = text.parse().unwrap();
            assert_eq!(name.to_string(), text);
            assert_eq!(String::from(name), text);
        }
    }

    #[test]
    fn what_no_table_can_be_called_is_refused() {
        for text in [
            "",
            "no",
            &"n".repeat(256),
            "notes table",
            "notes\n",
            "Z\u{fc}rich",
            "arn:",
            "arn:aws:s3:::notes",
            "arn:aws:dynamodb:a:1:index/notes",
        ] {
            assert_eq!(text.parse::<TableName>(), Err(InvalidTableName), "{text:?}");
        }
    }
}
