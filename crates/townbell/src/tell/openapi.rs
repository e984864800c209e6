//! The OpenAPI 3.1 document, generated from the types; `api/openapi.json` is its committed copy.

use axum::Json;
use utoipa::OpenApi;

use super::sensorthings::bodies::Bodies;
use super::views::Problem;
use super::{
    actions, alerts, api, calls, health, metrics, notifications, pages, rule_files, rules, sensorthings, series, stream,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Townbell",
        description = "A city operations centre. It holds things, places, public vehicles, hazards, alerts and plans; never persons.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        api::health,
        api::city,
        api::state,
        alerts::alerts,
        api::alert,
        api::acknowledge,
        actions::assign,
        actions::snooze,
        actions::wake,
        actions::comment,
        actions::silence,
        actions::end_silence,
        actions::cover,
        actions::end_cover,
        calls::silences,
        calls::on_call,
        health::alarm_health,
        notifications::notifications,
        notifications::push_keys,
        notifications::subscribe,
        notifications::unsubscribe,
        api::feeds,
        rule_files::rules,
        rule_files::rule,
        rule_files::save,
        rule_files::remove,
        rules::backtest,
        rules::moved,
        series::series,
        series::values,
        series::buckets,
        series::latest,
        series::count,
        series::things,
        api::forecast,
        stream::live,
        metrics::metrics,
        pages::tile,
        document,
        sensorthings::root,
        sensorthings::root_slash,
        sensorthings::read,
        sensorthings::create,
        sensorthings::update,
        sensorthings::replace,
        sensorthings::delete
    ),
    modifiers(&Bodies),
    components(schemas(crate::rulebook::RulesEvent, crate::picture::VehicleChanges, crate::picture::ObservationEvent, city::AlertChange, Problem))
)]
struct Document;

/// The document as text, as it is committed.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn text() -> Result<String, serde_json::Error> {
    Document::openapi().to_pretty_json().map(|json| json + "\n")
}

/// `GET /api/openapi.json`
#[utoipa::path(get, path = "/api/openapi.json", responses((status = 200, description = "this document", content_type = "application/json")))]
pub async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
