//! The replayer: recorded data, served on loopback in the protocols of real feeds, so that a demo goes through the
//! same pollers, decoders and doors as a live city.
//!
//! Timetables are served as they are, GTFS-Realtime is [`simulate`]d from them, civil-defence messages stand behind an
//! Atom index ([`warnings`]), and recorded observations are told one by one when they fell due ([`Senders`]).
//! Whatever is asked at the same instant of the city's clock is answered with the same bytes.

mod answer;
mod routes;
mod senders;
pub mod simulate;
mod source;
#[cfg(test)]
mod tests;
pub mod warnings;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use city::{Contract, FeedKind};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use senders::{DueObservation, Senders};
pub use source::{DemoSource, SeriesSource, TimetableSource};

use crate::clock::Clock;
use crate::config::City;

/// Why a recording cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The city has no `[demo]`.
    #[error("this city has no [demo] in its city.toml: there is nothing to replay")]
    NoDemo,
    /// A file cannot be read.
    #[error("{}: {error}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{}:{line}: expected {expected}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1; 1 where the format has no lines.
        line: usize,
        /// What should be there.
        expected: String,
    },
    /// No port on loopback, or no thread.
    #[error("the replayer cannot listen on loopback: {0}")]
    Listen(#[source] std::io::Error),
}

/// A replayer that listens. It stops when it is dropped.
#[derive(Debug)]
pub struct Replayer {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Replayer {
    /// Reads what the city's `[demo]` names, and serves it on a free port of loopback at the instants of `clock`.
    ///
    /// # Errors
    /// When the city has no `[demo]`, a file of it cannot be read, or there is no port.
    pub async fn start(clock: Arc<dyn Clock>, city: &City) -> Result<Self, ReplayError> {
        Self::serve(clock, DemoSource::of(city)?).await
    }

    /// Like [`Replayer::start`], from files named one by one.
    ///
    /// # Errors
    /// When a file cannot be read, or there is no port.
    pub async fn serve(clock: Arc<dyn Clock>, source: DemoSource) -> Result<Self, ReplayError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(ReplayError::Listen)?;
        let address = listener.local_addr().map_err(ReplayError::Listen)?;
        let read = tokio::task::spawn_blocking(move || routes::Stage::read(clock, &source, address));
        let stage = read.await.map_err(|error| ReplayError::Listen(std::io::Error::other(error)))??;
        let router = routes::router(Arc::new(stage));
        let server = tokio::spawn(async move {
            // A listener on loopback that fails is seen by every poller, which books its feeds as silent.
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the replayer stopped");
            }
        });
        Ok(Self { address, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a feed is to be polled; `None` for feeds that are sent, not polled.
    pub fn url(&self, contract: &Contract) -> Option<String> {
        let (address, feed) = (self.address, &contract.feed);
        match contract.kind {
            FeedKind::Gtfs => Some(format!("http://{address}/gtfs/{feed}.zip")),
            FeedKind::GtfsRtVehiclePositions => Some(format!("http://{address}/gtfs-rt/{feed}/vehicle-positions.pb")),
            FeedKind::GtfsRtTripUpdates => Some(format!("http://{address}/gtfs-rt/{feed}/trip-updates.pb")),
            FeedKind::CapAtom => Some(format!("http://{address}/cap/atom.xml")),
            FeedKind::GtfsRtAlerts
            | FeedKind::SensorThings
            | FeedKind::CapFiles
            | FeedKind::ControlRoom
            | FeedKind::Open311 => None,
        }
    }
}

impl Drop for Replayer {
    fn drop(&mut self) {
        self.server.abort();
    }
}
