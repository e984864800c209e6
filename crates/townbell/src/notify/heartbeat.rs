//! The heartbeat to an outside checker, which rings when it no longer hears us (a dead man's switch). It beats only
//! while the watch moves and the store commits: silence says that something is wrong, whatever it is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch as signal;
use watch::notify::Url;
use watch::notify::config::Heartbeat;

use super::watchman::BLIND_AFTER;
use super::web::{self, Web};
use super::{Earnest, Undelivered, secret};
use crate::desk::Desk;

/// Attempts to reach the checker at one beat.
const ATTEMPTS: u32 = 2;

/// Beats until told to stop.
///
/// # Errors
/// When no HTTP client can be made.
pub async fn beat(
    earnest: Earnest,
    heartbeat: Heartbeat,
    folder: PathBuf,
    desk: Desk,
    mut stopped: signal::Receiver<bool>,
) -> Result<(), reqwest::Error> {
    let web = Web::new(earnest)?;
    let every = Duration::from_millis(heartbeat.every.as_ms().unsigned_abs());
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut failing, mut still) = (false, false);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            _ = stopped.wait_for(|stop| *stop) => return Ok(()),
        }
        if !moves(&desk).await {
            // Silence is what the checker understands; where it takes a plain word too, it gets it once.
            if let (false, Some(fail)) = (still, &heartbeat.fail) {
                let _unreached = ask(&web, fail, &heartbeat, &folder).await;
            }
            still = true;
            continue;
        }
        still = false;
        let mut answer = Ok(());
        for _ in 0..ATTEMPTS {
            answer = ask(&web, &heartbeat.url, &heartbeat, &folder).await;
            if answer.is_ok() {
                break;
            }
        }
        if answer.is_err() != failing {
            failing = answer.is_err();
            if let Err(undelivered) = &answer {
                tracing::warn!(why = undelivered.why, "the outside checker does not hear the heartbeat");
            } else {
                tracing::warn!("the outside checker hears the heartbeat again");
            }
        }
    }
}

/// The watch has seen a tick lately, and what is written now comes to the disk.
async fn moves(desk: &Desk) -> bool {
    let ticks = desk.pulse().since_beat().is_some_and(|since| since <= BLIND_AFTER);
    ticks && !desk.failed() && matches!(tokio::time::timeout(BLIND_AFTER, desk.prove()).await, Ok(Ok(())))
}

async fn ask(web: &Web, url: &Url, heartbeat: &Heartbeat, folder: &Path) -> Result<(), Undelivered> {
    let mut request = web.client().get(web::check(url).await?);
    if let Some(token) = &heartbeat.secret {
        request = request.bearer_auth(secret::read(token, folder)?.reveal());
    }
    web::deliver(request).await.map(drop)
}
