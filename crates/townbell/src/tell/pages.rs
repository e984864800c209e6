//! The pages of the control room and of the public, embedded in the binary, and the tiles of the basemap.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::App;
use super::problem::{Refusal, Refused};

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Web;

/// Pages that the browser draws by itself; all of them are the one `index.html`.
const DRAWN_IN_BROWSER: [&str; 10] =
    ["", "map", "feeds", "alerts", "rules", "silences", "on-call", "alarm-health", "public", "charter"];

/// Whether the pages were built into this binary.
pub fn built() -> bool {
    Web::get("index.html").is_some()
}

/// `GET /` and everything that is no other route.
pub async fn page(uri: Uri, headers: HeaderMap) -> Result<Response, Refusal> {
    let path = uri.path().trim_start_matches('/');
    let drawn =
        DRAWN_IN_BROWSER.iter().any(|page| path == *page || page.len() > 1 && path.starts_with(&format!("{page}/")));
    let name = if drawn { "index.html" } else { path };
    if let Some(file) = Web::get(name) {
        return Ok(serve(name, file, &headers));
    }
    if drawn {
        return Err(Refusal::unavailable("the pages were not built into this binary: run `make run`"));
    }
    match Web::get("index.html").filter(|_| wants_page(&headers)) {
        // A person who mistyped an address gets a page that says so, and the status says it to programs.
        Some(index) => {
            let mut response = serve("index.html", index, &HeaderMap::new());
            *response.status_mut() = axum::http::StatusCode::NOT_FOUND;
            Ok(response)
        }
        None => Err(Refusal::not_found(format!("nothing is at /{}", path.chars().take(80).collect::<String>()))),
    }
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|kind| kind.trim().starts_with("text/html"))
}

fn serve(name: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let tag = crate::feeds::poll::hexadecimal(hash.get(..8).unwrap_or_default());
    let tag = format!("\"{tag}\"");
    let cache = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return axum::http::StatusCode::NOT_MODIFIED.into_response();
    }
    let kind = match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "json" | "webmanifest" => "application/json",
        "png" => "image/png",
        _ => "application/octet-stream",
    };
    let mut response = file.data.into_owned().into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// `GET /tiles/{z}/{x}/{y}.mvt`: a vector tile (MVT 2.1). 204 where there is nothing.
#[utoipa::path(get, path = "/tiles/{z}/{x}/{y}", params(("z" = u8, Path), ("x" = u32, Path), ("y" = String, Path, description = "row, with the ending .mvt")),
    responses((status = 200, content_type = "application/vnd.mapbox-vector-tile"), (status = 204), Refused<400>, Refused<404>))]
pub async fn tile(State(app): State<App>, Path((z, x, y)): Path<(u8, u32, String)>) -> Result<Response, Refusal> {
    let row = y.strip_suffix(".mvt").and_then(|row| row.parse::<u32>().ok());
    let (Some(tiles), Some(y)) = (&app.tiles, row) else {
        return Err(Refusal::not_found("expected /tiles/Z/X/Y.mvt, in a city that has a basemap"));
    };
    let tile = tiles.tile(z, x, y).map_err(|error| Refusal::unavailable(error.to_string()))?;
    Ok(match tile {
        Some(bytes) => {
            let kind =
                [(header::CONTENT_TYPE, "application/vnd.mapbox-vector-tile"), (header::CACHE_CONTROL, "max-age=3600")];
            (kind, bytes).into_response()
        }
        None => axum::http::StatusCode::NO_CONTENT.into_response(),
    })
}
