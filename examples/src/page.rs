//! The pages of the server, embedded in the program so that they work without a network: the notes app at `/`, and at
//! `/docs` Swagger UI with the OpenAPI description.

use axum::Router;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::routing::get;
use notes_core::NoteStore;
use notes_lambda::Api;

/// A file of a page: its path, its type and its text.
type File = (&'static str, &'static str, &'static str);

/// The notes app, as built from `examples/app`.
const APP: [File; 7] = [
    ("/", HTML, include_str!("../assets/app/index.html")),
    ("/index.css", CSS, include_str!("../assets/app/index.css")),
    (
        "/index.js",
        JAVASCRIPT,
        include_str!("../assets/app/index.js"),
    ),
    (
        "/sign-in.js",
        JAVASCRIPT,
        include_str!("../assets/app/sign-in.js"),
    ),
    ("/sw.js", JAVASCRIPT, include_str!("../assets/app/sw.js")),
    (
        "/icon.svg",
        "image/svg+xml",
        include_str!("../assets/app/icon.svg"),
    ),
    (
        "/manifest.webmanifest",
        "application/manifest+json",
        include_str!("../assets/app/manifest.webmanifest"),
    ),
];

/// The app may only use what comes from this server.
const APP_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                          img-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
                          form-action 'none'; frame-ancestors 'none'";

const DOCS: [File; 5] = [
    ("/docs", HTML, include_str!("../assets/page.html")),
    ("/docs/page.css", CSS, include_str!("../assets/page.css")),
    (
        "/docs/page.js",
        JAVASCRIPT,
        include_str!("../assets/page.js"),
    ),
    (
        "/docs/swagger-ui.css",
        CSS,
        include_str!("../assets/swagger-ui/swagger-ui.css"),
    ),
    (
        "/docs/swagger-ui-bundle.js",
        JAVASCRIPT,
        include_str!("../assets/swagger-ui/swagger-ui-bundle.js"),
    ),
];

/// Swagger UI may also use the icons in its style sheet.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                           img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html";
const CSS: &str = "text/css";
const JAVASCRIPT: &str = "text/javascript";

/// The routes of the pages, and this API for all else: any other path, and any other method of theirs.
pub(crate) fn routes<S: NoteStore + 'static>(api: Api<S>) -> Router {
    let description = async || {
        let headers = [
            (CONTENT_TYPE, "application/json"),
            (CACHE_CONTROL, "no-cache"),
        ];
        (headers, notes_lambda::openapi())
    };
    let description = get(description).fallback_service(api.clone());
    let routes = Router::new().route("/docs/openapi.json", description);
    let app = APP.map(|file| (file, APP_POLICY));
    let docs = DOCS.map(|file| (file, DOCS_POLICY));
    let routes =
        app.into_iter()
            .chain(docs)
            .fold(routes, |routes, ((path, of_type, text), policy)| {
                let headers = [
                    (CONTENT_TYPE, of_type),
                    (CONTENT_SECURITY_POLICY, policy),
                    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
                    // After an update of this program, the browser must not show the old files.
                    (CACHE_CONTROL, "no-cache"),
                ];
                let page = get(async move || (headers, text)).fallback_service(api.clone());
                routes.route(path, page)
            });
    routes.fallback_service(api)
}
