use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::sync::pass::{Phase, Progress};
use crate::value::timestamp::Timestamp;

/// How far a client is with its copy of a user's notes: what it has to name to get what comes next.
///
/// A text of up to [`SyncToken::MAX_BYTES`] characters, which only the service understands. It is bound to the user
/// and to the [settings](crate::SyncSettings) of the service. It is no secret and has no signature: it gives no
/// access, and whoever changes it misleads only his own client.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SyncToken(Content);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Content {
    Known {
        check: [u8; 4],
        progress: Progress,
    },
    /// A token of another version of this crate.
    OtherVersion(Vec<u8>),
}

/// The version of the encoding below. A client with a token of another version begins again.
pub(crate) const VERSION: u8 = 1;

/// Every version has one byte for the version and four for the check.
const MIN_BYTES: usize = 5;

const IDLE: u8 = 0;
const LISTING: u8 = 1;
const RUNNING: u8 = 2;

impl SyncToken {
    /// The greatest length of the text in bytes, for tokens of whatever version.
    pub const MAX_BYTES: usize = 256;

    pub(crate) const fn new(check: [u8; 4], progress: Progress) -> Self {
        Self(Content::Known { check, progress })
    }

    /// How far the client is, if the token is of this version and has this check.
    pub(crate) fn progress(&self, check: [u8; 4]) -> Option<&Progress> {
        match &self.0 {
            Content::Known {
                check: own,
                progress,
            } if *own == check => Some(progress),
            Content::Known { .. } | Content::OtherVersion(_) => None,
        }
    }

    /// The encoding: the version; the check; `last` as 6 bytes of milliseconds; the phase; for a pass its start, like
    /// `last`; and the position, which takes the rest.
    fn bytes(&self) -> Vec<u8> {
        let (check, Progress { last, phase }) = match &self.0 {
            Content::Known { check, progress } => (check, progress),
            Content::OtherVersion(bytes) => return bytes.clone(),
        };
        let mut bytes = vec![VERSION];
        bytes.extend(check);
        bytes.extend(encoded(*last));
        match phase {
            Phase::Idle => bytes.push(IDLE),
            Phase::Listing { position } => {
                bytes.push(LISTING);
                bytes.extend(position.as_bytes());
            }
            Phase::Running { start, position } => {
                bytes.push(RUNNING);
                bytes.extend(encoded(*start));
                bytes.extend(position.as_bytes());
            }
        }
        bytes
    }
}

impl Content {
    fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (&VERSION, rest) => Self::decode_known(rest),
            // No version is 0, and none is shorter.
            (1.., _) if bytes.len() >= MIN_BYTES => Some(Self::OtherVersion(bytes.to_vec())),
            _ => None,
        }
    }

    fn decode_known(bytes: &[u8]) -> Option<Self> {
        let (&check, rest) = bytes.split_first_chunk()?;
        let (last, rest) = decode_time(rest)?;
        let phase = match rest.split_first()? {
            (&IDLE, []) => Phase::Idle,
            (&LISTING, position) => Phase::Listing {
                position: position.try_into().ok()?,
            },
            (&RUNNING, rest) => {
                let (start, position) = decode_time(rest)?;
                let position = position.try_into().ok()?;
                Phase::Running { start, position }
            }
            _ => return None,
        };
        let progress = Progress { last, phase };
        Some(Self::Known { check, progress })
    }
}

/// The 48 bits of the milliseconds.
fn encoded(time: Timestamp) -> [u8; 6] {
    let [_, _, bytes @ ..] = time.as_millis().to_be_bytes();
    bytes
}

fn decode_time(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (low, rest) = bytes.split_first_chunk::<6>()?;
    let mut bytes = [0; 8];
    bytes[2..].copy_from_slice(low);
    let millis = u64::from_be_bytes(bytes);
    (millis <= Timestamp::MAX.as_millis()).then_some((Timestamp::from_millis(millis), rest))
}

impl FromStr for SyncToken {
    type Err = InvalidSyncToken;

    fn from_str(text: &str) -> Result<Self, InvalidSyncToken> {
        if text.len() > Self::MAX_BYTES {
            return Err(InvalidSyncToken);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        let content = bytes.and_then(|bytes| Content::decode(&bytes));
        content.map(Self).ok_or(InvalidSyncToken)
    }
}

impl TryFrom<String> for SyncToken {
    type Error = InvalidSyncToken;

    fn try_from(text: String) -> Result<Self, InvalidSyncToken> {
        text.parse()
    }
}

impl From<SyncToken> for String {
    fn from(token: SyncToken) -> Self {
        token.to_string()
    }
}

impl fmt::Display for SyncToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.bytes()))
    }
}

impl fmt::Debug for SyncToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SyncToken({self})")
    }
}

/// A text is not a [`SyncToken`] of any version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token of this service")]
pub struct InvalidSyncToken;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sync::position::ChangePosition;

    const LAST: Timestamp = Timestamp::from_millis(1_795_373_220_123);
    const START: Timestamp = Timestamp::from_millis(1_795_373_999_456);
    const CHECK: [u8; 4] = [0xde, 0xad, 0xbe, 0xef];

    fn token(phase: Phase) -> SyncToken {
        SyncToken::new(CHECK, Progress { last: LAST, phase })
    }

    fn position() -> ChangePosition {
        ChangePosition::try_from(&b"0123456789abcdef"[..]).unwrap()
    }

    fn parse(bytes: &[u8]) -> Result<SyncToken, InvalidSyncToken> {
        BASE64_URL_SAFE_NO_PAD.encode(bytes).parse()
    }

    /// Clients keep tokens for months: if the encoding changed, all of them would begin again.
    #[test]
    fn the_text_of_version_1_never_changes() {
        let position = position();
        for (phase, text) in [
            (Phase::Idle, "Ad6tvu8BogSVQRsA"),
            (
                Phase::Listing {
                    position: position.clone(),
                },
                "Ad6tvu8BogSVQRsBMDEyMzQ1Njc4OWFiY2RlZg",
            ),
            (
                Phase::Running {
                    start: START,
                    position,
                },
                "Ad6tvu8BogSVQRsCAaIEoSVgMDEyMzQ1Njc4OWFiY2RlZg",
            ),
        ] {
            assert_eq!(token(phase.clone()).to_string(), text);
            assert_eq!(text.parse(), Ok(token(phase)));
        }
    }

    #[test]
    fn only_its_own_check_shows_the_progress() {
        let token = token(Phase::Idle);
        assert!(token.progress(CHECK).is_some());
        assert_eq!(token.progress([0xde, 0xad, 0xbe, 0xee]), None);
    }

    #[test]
    fn a_token_of_another_version_is_a_token_without_progress() {
        let mut bytes = token(Phase::Idle).bytes();
        for version in [2, 255] {
            bytes[0] = version;
            let other = parse(&bytes).unwrap();
            assert_eq!(other.progress(CHECK), None);
            assert_eq!(other.to_string().parse(), Ok(other));
        }
        bytes[0] = 0;
        assert_eq!(parse(&bytes), Err(InvalidSyncToken));
        assert_eq!(parse(&[2; MIN_BYTES - 1]), Err(InvalidSyncToken));
        assert!(parse(&[2; MIN_BYTES]).is_ok());
        assert!(
            "A".repeat(SyncToken::MAX_BYTES + 4)
                .parse::<SyncToken>()
                .is_err()
        );
    }

    #[test]
    fn what_no_service_has_made_is_no_token() {
        for text in [
            "",
            "A",
            "AQ",
            "Ad6tvu8BogQLs5s",
            "Ad6tvu8BogQLs5sA=",
            "Ad6tvu8BogQLs5sB+/",
            "é",
        ] {
            assert_eq!(text.parse::<SyncToken>(), Err(InvalidSyncToken), "{text}");
        }
        let idle = token(Phase::Idle).bytes();
        let with_more = [&idle[..], &[0]].concat();
        assert_eq!(parse(&with_more), Err(InvalidSyncToken));
        let of_no_phase = [&idle[..11], &[3]].concat();
        assert_eq!(parse(&of_no_phase), Err(InvalidSyncToken));
        let too_late = [&idle[..5], &[0xff; 6], &[IDLE]].concat();
        assert_eq!(parse(&too_late), Err(InvalidSyncToken));
        let too_long = [&idle[..11], &[LISTING], &[0; ChangePosition::MAX_BYTES + 1]].concat();
        assert_eq!(parse(&too_long), Err(InvalidSyncToken));
    }

    fn phases() -> impl Strategy<Value = Phase> {
        let positions = prop::collection::vec(any::<u8>(), 0..=ChangePosition::MAX_BYTES)
            .prop_map(|bytes| ChangePosition::try_from(&bytes[..]).unwrap());
        prop_oneof![
            Just(Phase::Idle),
            positions
                .clone()
                .prop_map(|position| Phase::Listing { position }),
            (0..=Timestamp::MAX.as_millis(), positions).prop_map(|(start, position)| {
                let start = Timestamp::from_millis(start);
                Phase::Running { start, position }
            }),
        ]
    }

    proptest! {
        #[test]
        fn every_progress_survives_its_text(
            check: [u8; 4],
            last in 0..=Timestamp::MAX.as_millis(),
            phase in phases(),
        ) {
            let progress = Progress { last: Timestamp::from_millis(last), phase };
            let token = SyncToken::new(check, progress.clone());
            let text = token.to_string();
            prop_assert!(text.len() <= SyncToken::MAX_BYTES);
            let parsed: SyncToken = text.parse().unwrap();
            prop_assert_eq!(parsed.progress(check), Some(&progress));
        }

        /// Two texts never mean the same token.
        #[test]
        fn a_text_that_is_a_token_is_the_text_of_that_token(
            mut bytes in prop::collection::vec(any::<u8>(), 0..60),
            known: bool,
        ) {
            if let (true, Some(version)) = (known, bytes.first_mut()) {
                *version = VERSION;
            }
            let text = BASE64_URL_SAFE_NO_PAD.encode(bytes);
            if let Ok(token) = text.parse::<SyncToken>() {
                prop_assert_eq!(token.to_string(), text);
            }
        }
    }
}
