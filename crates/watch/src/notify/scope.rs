//! Which rules a silence reaches: whoever asks for it has to answer for what they watch.

use city::{Datastream, DatastreamId, FeedId, SilenceScope};

use crate::rule::{Kind, Rule, Voice};

/// Whether a silence may keep an alert of a rule quiet, at some severity.
pub fn reaches(scope: &SilenceScope, rule: &Rule, datastreams: &[Datastream]) -> bool {
    (scope.rules.is_empty() || scope.rules.contains(&rule.id))
        && (scope.subjects.is_empty() || scope.subjects.iter().any(|subject| rule.looks_at(subject)))
        && (scope.feeds.is_empty() || rests_on(rule, datastreams).iter().any(|feed| scope.feeds.contains(feed)))
}

/// Whether any rule has such a subject.
pub fn is_subject(subject: &str, rules: &[Rule]) -> bool {
    rules.iter().any(|rule| rule.looks_at(subject))
}

/// The feeds that alerts of a rule may name as what they rest on.
fn rests_on(rule: &Rule, datastreams: &[Datastream]) -> Vec<FeedId> {
    let of = |fits: &dyn Fn(&Datastream) -> bool| {
        datastreams.iter().filter(|stream| fits(stream)).map(|stream| stream.feed.clone()).collect::<Vec<_>>()
    };
    let of_series = |ids: &[DatastreamId]| of(&|stream| ids.contains(&stream.id));
    match &rule.kind {
        Kind::Figure(_) | Kind::Rise(_) => of_series(rule.kind.datastreams()),
        Kind::Absence(absence) => {
            let feeds = absence.of.iter().flat_map(|voice| match voice {
                Voice::Feed(feed) => vec![feed.clone()],
                Voice::Datastream(id) => of_series(&[*id]),
                Voice::Thing(thing) => of(&|stream| stream.thing == *thing),
            });
            feeds.collect()
        }
        Kind::Warning(warning) => vec![warning.feed.clone()],
        Kind::Requests(requests) => vec![requests.feed.clone()],
        Kind::Fence(fence) => vec![fence.feed.clone()],
        Kind::Trip(_) | Kind::Zone(_) | Kind::Headway(_) => {
            rule.kind.runs().into_iter().flat_map(|(_, live)| live).cloned().collect()
        }
        Kind::Combined(_) => Vec::new(),
    }
}
