//! The body of the API's responses.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The body of a response, complete in memory. [`Default`] is the empty body.
///
/// [`Api`](crate::Api) responds with this type. A layer around it that responds by itself makes one with `From`, and
/// one that looks at a body, such as for its digest, gets all of it from [`into_bytes`](Self::into_bytes), without
/// waiting for frames.
///
/// Its `Debug` shows the length and not the content, which is what users have written.
///
/// ```
/// use notes_lambda::ResponseBody;
///
/// let body = ResponseBody::from("2 litres".to_owned());
/// assert_eq!(format!("{body:?}"), "ResponseBody { bytes: 8 }");
/// assert_eq!(body.into_bytes(), "2 litres");
/// ```
#[derive(Clone, Default)]
pub struct ResponseBody(Bytes);

impl ResponseBody {
    /// All of the body, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut self.0);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("bytes", &self.0.len())
            .finish()
    }
}

impl From<Bytes> for ResponseBody {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl From<Vec<u8>> for ResponseBody {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<String> for ResponseBody {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use http_body_util::BodyExt;

    use super::*;

    #[test]
    fn a_body_is_one_frame_of_all_its_bytes_and_an_empty_one_is_none() {
        for text in ["", "Milk"] {
            let mut body = ResponseBody::from(text.to_owned());
            assert_eq!(body.size_hint().exact(), Some(text.len() as u64));
            assert_eq!(body.is_end_stream(), text.is_empty());
            let collected = body.clone().collect().now_or_never().unwrap().unwrap();
            assert_eq!(collected.to_bytes(), text);
            if !text.is_empty() {
                let frame = body.frame().now_or_never().unwrap().unwrap().unwrap();
                assert_eq!(frame.into_data().unwrap(), text);
            }
            assert!(body.is_end_stream() && body.frame().now_or_never().unwrap().is_none());
            assert_eq!(body.size_hint().exact(), Some(0));
        }
    }
}
