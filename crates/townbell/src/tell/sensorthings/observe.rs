//! `POST /v1.1/CreateObservations` (18-088, clause 13.3).

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sensorthings::read::observation_address;

use crate::sensing::Array;
use crate::tell::App;
use crate::tell::problem::Refusal;

/// Takes a data array, and answers with a link or `"error"` a row, in the order of the body. With `Prefer:
/// return=minimal` (RFC 7240) nobody wants the links, and half of the work is spared; if rows were refused they are
/// told all the same.
pub(super) async fn create_observations(
    app: &App,
    base: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Refusal> {
    let minimal = headers.get_all("prefer").iter().any(|value| {
        let wishes = value.to_str().unwrap_or_default();
        wishes.split(',').any(|wish| wish.trim().eq_ignore_ascii_case("return=minimal"))
    });
    let array = app.sensing.create_observations(&app.door, &app.readers, body, !minimal).await?;
    let kind = [(header::CONTENT_TYPE, "application/json")];
    if minimal && array.refused.is_empty() {
        return Ok((StatusCode::CREATED, kind, "[]").into_response());
    }
    Ok((StatusCode::CREATED, kind, links(base, &array)).into_response())
}

/// A link a row; `"error"` for one that was refused.
pub(super) fn links(base: &str, array: &Array) -> Vec<u8> {
    // A link has some 70 characters.
    let mut out = Vec::with_capacity(array.count * 80 + 2);
    let mut refused = array.refused.iter().peekable();
    let mut taken = (0..array.observations.len()).filter_map(|row| array.observations.key(row));
    out.push(b'[');
    for row in 0..array.count {
        if row > 0 {
            out.push(b',');
        }
        let text = match refused.next_if(|(place, _)| *place == row) {
            Some(_) => "error".to_owned(),
            None => taken.next().map(|key| observation_address(base, &key)).unwrap_or_default(),
        };
        // invariant: a text can always be written into memory.
        let _written = serde_json::to_writer(&mut out, &text);
    }
    out.push(b']');
    out
}
