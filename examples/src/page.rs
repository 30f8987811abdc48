//! The page at `/docs`: Swagger UI and the OpenAPI description.

use axum::Router;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::routing::get;

/// The content security policy: the page may only use what comes from this server, and the icons in its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The routes of the page. Its files are embedded in the program, so that it works without a network.
pub(crate) fn routes() -> Router {
    let files = [
        ("/docs", "text/html", include_str!("../assets/page.html")),
        (
            "/docs/page.css",
            "text/css",
            include_str!("../assets/page.css"),
        ),
        (
            "/docs/page.js",
            "text/javascript",
            include_str!("../assets/page.js"),
        ),
        (
            "/docs/swagger-ui.css",
            "text/css",
            include_str!("../assets/swagger-ui/swagger-ui.css"),
        ),
        (
            "/docs/swagger-ui-bundle.js",
            "text/javascript",
            include_str!("../assets/swagger-ui/swagger-ui-bundle.js"),
        ),
    ];
    let description = async || {
        let headers = [
            (CONTENT_TYPE, "application/json"),
            (CACHE_CONTROL, "no-cache"),
        ];
        (headers, notes_lambda::openapi())
    };
    let routes = Router::new().route("/docs/openapi.json", get(description));
    files
        .into_iter()
        .fold(routes, |routes, (path, of_type, text)| {
            let headers = [
                (CONTENT_TYPE, of_type),
                (CONTENT_SECURITY_POLICY, POLICY),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
                // After an update of this program, the browser must not show the old files.
                (CACHE_CONTROL, "no-cache"),
            ];
            routes.route(path, get(async move || (headers, text)))
        })
}
