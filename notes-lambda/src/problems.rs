//! The problem types of the API, as documentation for clients: when each occurs, and what to do about it.
//!
//! An error's body is a problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457),
//! `application/problem+json`) with `type`, `title`, `status` and `detail`. Its `type` is the address of a section of
//! this page and never changes. A deployment may have a [base](crate::ProblemBase) of its own in place of this page's
//! address, before the same names. Programs decide by `type` and `status`; `title` and `detail` are for people.
//!
//! After any response to `POST /notes` that carries an `Idempotency-Key`, the same request can be sent again with that
//! key, as often as necessary: it makes at most one note.
//!
//! # unknown-path
//!
//! Status 404. The path is neither `/notes` nor `/notes/{id}` with an id in its canonical form, nor, where the operator
//! has turned sync on, `/notes/changes`. Correct the path.
//!
//! # method-not-allowed
//!
//! Status 405. The path exists, but not with this method. `Allow` lists its methods.
//!
//! # unauthenticated
//!
//! Status 401. The request has no verified identity. Sign in again, then repeat the request.
//!
//! # invalid-idempotency-key
//!
//! Status 400. The `Idempotency-Key` is not a UUID of version 7 in lower case, bare or in double
//! quotes, or there is more than one. Send one such key, or none.
//!
//! # idempotency-key-too-old
//!
//! Status 400. The key's date is longer ago than used keys are kept: 7 days, unless the operator chose another time. So
//! the API can't tell whether an earlier attempt created the note. Check whether `GET /notes/{key}` finds it. If it
//! does not, be aware that the note may have been created and deleted: with a new key, the request creates it again.
//!
//! # idempotency-key-too-far-ahead
//!
//! Status 400. The key is dated more than 5 minutes ahead: the clock that made it is wrong. Nothing
//! was written. Correct the clock and make a new key, or send none. If `detail` says that the key is a UUIDv7 of a
//! draft, the clock is right, and the library that made the key is too old.
//!
//! # unsupported-media-type
//!
//! Status 415. The `Content-Type` is missing, or the operation does not accept it. `detail` names those that it
//! accepts; in a response to PATCH, `Accept-Patch` does too.
//!
//! # unsupported-content-encoding
//!
//! Status 415. The request has a `Content-Encoding` other than `identity`, such as `gzip`. Send the body without it.
//! Only a 415 of this type has the header `Accept-Encoding`.
//!
//! # too-large
//!
//! Status 413. The request body has more than 2.5 MiB, or the note is larger than can be stored: shorten it. The same
//! if all notes of the user together are, deleted ones included until they are purged: on DynamoDB 10 GB.
//!
//! # incomplete-body
//!
//! Status 400. The connection or the transfer coding broke off before the whole body had arrived. Repeat the request.
//!
//! # malformed-json
//!
//! Status 400. The body is empty, not UTF-8 or not JSON; `detail` says where the error is. Correct the client.
//!
//! # invalid-request
//!
//! Status 400. Members of the body or parameters of the query are not valid. `errors` lists all errors at once (at most
//! the first hundred), each with a `detail` and either the `pointer` of a member ([RFC
//! 6901](https://www.rfc-editor.org/rfc/rfc6901)) or the name of a query `parameter`.
//!
//! # invalid-precondition
//!
//! Status 400. `If-Match` or `If-None-Match` is neither `*` nor a list of entity tags ([RFC 9110
//! §13.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1)), or one of them has more than 100.
//! Send an `ETag` as it was received, with its quotes.
//!
//! # note-not-found
//!
//! Status 404. The caller has no note with this id, or it is deleted or expired. A note that expires within 30 seconds
//! is not found either by a `PATCH` that changes or removes `expiresAt`, or that renews it by the operator's retention.
//!
//! # precondition-failed
//!
//! Status 412. The note is in none of the states that `If-Match` names, because it was changed since. Or it is in one
//! of the states that `If-None-Match` names. Nothing was written. Get the note, decide again, and send the `ETag` of
//! its present state. Both may be in this response already: the note as `current`, unless it can't be read. Weak tags
//! (`W/"…"`) never match in `If-Match`. The list of notes has no entity tag: only `*` names it.
//!
//! # sync-restart
//!
//! Status 410. The `since` of `GET /notes/changes` can't be continued: it is older than the operator lets copies be
//! offline, or it comes from another user or from before the operator had all copies begin again. Forget the token, and
//! begin again without `since`. What comes then replaces the copy: see `docs/sync.md`.
//!
//! # id-spent
//!
//! Status 409. A note was created with this `Idempotency-Key`, and has been deleted or has expired since. The creation
//! succeeded once. Do not repeat it.
//!
//! # id-reused
//!
//! Status 422. A note was created with this `Idempotency-Key` and other contents. It is unchanged. Use a new key for a
//! new note.
//!
//! # unavailable
//!
//! Status 503. The request can't be served now, and nothing was written. Repeat it after the seconds in `Retry-After`;
//! if it fails again, wait longer each time.
//!
//! # outcome-unknown
//!
//! Status 503. A write was sent and its result was lost, or something failed after it: the write may have happened.
//! Repeat the request after the seconds in `Retry-After`. With the same `Idempotency-Key` (for POST, that of this
//! response) or `If-Match` that is safe: the write happens at most once. If it had happened already, the repeated POST
//! gets 201, the PATCH 200 (or 412, if someone else has changed the note since), and the DELETE 404.
//!
//! # internal-error
//!
//! Status 500. The cause is on the server, and repeating the request will not help. Tell the operator.
