//! The problem types of the API: when each occurs, and what a client does about it.
//!
//! An error's body is a problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457),
//! `application/problem+json`) with `type`, `title`, `status` and `detail`. Its `type` is the
//! address of a section of this page and never changes: decide by it and by the status, and show
//! `title` and `detail` to people only.
//!
//! Any answer to `POST /notes` that carries an `Idempotency-Key` can be followed by the same
//! request with that key, as often as it takes: it makes at most one note.
//!
//! # unknown-path
//!
//! Status 404. The path is neither `/notes` nor `/notes/` and an id in its canonical form. Correct
//! the path.
//!
//! # method-not-allowed
//!
//! Status 405. The path exists and does not have this method; `Allow` lists those that it has.
//!
//! # unauthenticated
//!
//! Status 401. Nothing verified says who the caller is. Sign in again, then repeat the request.
//!
//! # invalid-idempotency-key
//!
//! Status 400. The `Idempotency-Key` is not a UUID of version 7 in lower case, bare or in double
//! quotes, or there is more than one. Send one such key, or none.
//!
//! # idempotency-key-too-old
//!
//! Status 400. The key is dated before the time for which used keys are kept, 7 days unless the
//! operator chose another. Whether an earlier attempt created the note can't be told from the key
//! alone: look whether `GET /notes/{key}` finds it; if not, a new key may make a note that was
//! there before and was deleted.
//!
//! # idempotency-key-too-far-ahead
//!
//! Status 400. The key is dated more than 5 minutes ahead: the clock that made it is wrong. Nothing
//! was written. Make a key with a right clock, or send none. Where `detail` says that the key is a
//! UUIDv7 of a draft, the clock is right and the library that made the key is too old.
//!
//! # unsupported-media-type
//!
//! Status 415. The `Content-Type` is missing or is not one that the operation takes; `detail` names
//! them, and for PATCH so does `Accept-Patch`.
//!
//! # unsupported-content-encoding
//!
//! Status 415. The request has a `Content-Encoding` other than `identity`, such as `gzip`; a 415 of
//! this kind has `Accept-Encoding`, and one for the `Content-Type` does not. Send the body as it is.
//!
//! # too-large
//!
//! Status 413. The request body has more than 2.5 MiB, or the note more than can be stored. Shorten
//! it.
//!
//! # incomplete-body
//!
//! Status 400. The connection or the transfer coding broke before the whole body had arrived.
//! Repeat the request.
//!
//! # malformed-json
//!
//! Status 400. The body is empty, not UTF-8 or not JSON; `detail` says where. Correct the client.
//!
//! # invalid-request
//!
//! Status 400. Members of the body or parameters of the query are not as they have to be. `errors`
//! lists all faults at once (the first hundred), each with a `detail` and either the `pointer` of a
//! member ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) or the name of a query `parameter`.
//!
//! # invalid-precondition
//!
//! Status 400. `If-Match` or `If-None-Match` is neither `*` nor a list of entity tags ([RFC 9110
//! §13.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1)), or one of them has more than 100.
//! Send an `ETag` as it was received, with its quotes.
//!
//! # note-not-found
//!
//! Status 404. The caller has no note with this id, or it is deleted or expired. A `PATCH` that moves
//! or removes `expiresAt`, or renews it by the operator's retention, does not find a note that expires
//! within 30 seconds.
//!
//! # precondition-failed
//!
//! Status 412. The note is in none of the states that `If-Match` names: it was changed since. Or it is
//! in one of those that `If-None-Match` names. Nothing was written. `ETag`, where present, names the
//! present state: get the note, decide again, and send that tag. Weak tags (`W/"…"`) never match in
//! `If-Match`. The list of notes has no tag: only `*` names it.
//!
//! # id-spent
//!
//! Status 409. A note was created with this `Idempotency-Key`, and is deleted or expired: the
//! creation has happened and is over. Do not repeat it.
//!
//! # id-reused
//!
//! Status 422. A note was created with this `Idempotency-Key` and other contents, and is as it was.
//! Use a new key for a new note.
//!
//! # unavailable
//!
//! Status 503. The request can't be served now, and nothing was written. Repeat it after the
//! seconds in `Retry-After`, then more slowly.
//!
//! # outcome-unknown
//!
//! Status 503. A write was sent and its answer was lost, or something failed after it: it may have
//! happened. Repeat the request after the seconds in `Retry-After`. With the same `Idempotency-Key`
//! (for POST, that of the answer) or `If-Match` that is safe: the write happens at most once. Where
//! it had happened, the repeated POST answers 201, the PATCH 200 (or 412 where someone else has
//! changed the note since), the DELETE 404.
//!
//! # internal-error
//!
//! Status 500. The cause is on the server, and a repetition will not help. Tell the operator.
