//! Exports: `$resultFormat=csv` and `$resultFormat=parquet` of any query of Observations (CSV of any collection), as
//! long as it is, in bounded memory.

use axum::body::{Body, Bytes};
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use sensorthings::read::Export;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::resource;
use crate::limits::EXPORT_CHUNKS_MAX;
use crate::tell::App;
use crate::tell::problem::Refusal;

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Parquet,
}

/// Whether a query asks for an export.
pub(super) fn asked(uri: &Uri) -> Option<Format> {
    let format = uri.query()?.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == "$resultFormat" || key.eq_ignore_ascii_case("%24resultFormat")).then_some(value)
    })?;
    match format.to_ascii_lowercase().as_str() {
        "csv" => Some(Format::Csv),
        "parquet" => Some(Format::Parquet),
        _ => None,
    }
}

/// Streams an export. Everything is checked before the first byte; a reader that goes away ends it.
pub(super) fn stream(app: &App, base: &str, uri: &Uri, format: Format) -> Result<Response, Refusal> {
    let (path, query) = (resource(uri).to_owned(), uri.query().unwrap_or_default().to_owned());
    let now = app.clock.now();
    let export = {
        let reader = app.readers.get()?;
        app.sensing.with(&reader, base, now, |catalogue, series, context| {
            Export::new(catalogue, series, context, &path, &query)
        })?
    };
    let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(EXPORT_CHUNKS_MAX);
    let (app, base) = (app.clone(), base.to_owned());
    tokio::task::spawn_blocking(move || {
        let result = match format {
            Format::Csv => write_csv(&app, &base, export, &sender),
            Format::Parquet => write_parquet(&app, &base, export, &sender),
        };
        if let Err(error) = result {
            tracing::warn!(%error, "an export was broken off");
            // The reader sees a broken stream rather than a short file.
            let _gone = sender.blocking_send(Err(error));
        }
    });
    let kind = match format {
        Format::Csv => sensorthings::read::CSV,
        Format::Parquet => "application/vnd.apache.parquet",
    };
    let body = Body::from_stream(ReceiverStream::new(receiver));
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

type Sender = mpsc::Sender<Result<Bytes, std::io::Error>>;

fn failed(error: impl std::fmt::Display) -> std::io::Error {
    std::io::Error::other(error.to_string())
}

fn write_csv(app: &App, base: &str, mut export: Export, sender: &Sender) -> Result<(), std::io::Error> {
    loop {
        let chunk = {
            // Taken anew for each chunk: nothing is held while a slow reader reads.
            let reader = app.readers.get().map_err(failed)?;
            app.sensing.with(&reader, base, app.clock.now(), |catalogue, series, _| export.next_csv(catalogue, series))
        };
        match chunk.map_err(failed)? {
            Some(chunk) => {
                if sender.blocking_send(Ok(chunk.into())).is_err() {
                    return Ok(());
                }
            }
            None => return Ok(()),
        }
    }
}

fn write_parquet(app: &App, base: &str, mut export: Export, sender: &Sender) -> Result<(), std::io::Error> {
    let mut writer = formats::parquet::Writer::new(&export.selected(), sensorthings::read::observation_id);
    if sender.blocking_send(Ok(writer.start().into())).is_err() {
        return Ok(());
    }
    loop {
        let batch = {
            let reader = app.readers.get().map_err(failed)?;
            app.sensing
                .with(&reader, base, app.clock.now(), |catalogue, series, _| export.next_batch(catalogue, series))
        };
        let Some(batch) = batch.map_err(failed)? else { break };
        if sender.blocking_send(Ok(writer.rows(&batch).into())).is_err() {
            return Ok(());
        }
    }
    let _gone = sender.blocking_send(Ok(writer.finish().into()));
    Ok(())
}
