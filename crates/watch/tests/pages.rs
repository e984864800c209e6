//! Pages of a backtest: who would have been called, and which of it by night.
#![allow(clippy::expect_used, reason = "a helper that fails has failed the test")]

mod town;

use city::record::Entry;
use city::{DeskAction, DeskActionKind, Severity, Silence, SilenceId, SilenceScope, Time};
use jiff::tz::TimeZone;
use town::{at, load, parts, reading};
use watch::pages::Nights;
use watch::{Parts, RuleFile, Trial, notify};

const RULE: &str = "kind = \"threshold\"\nwhat = \"The lake\"\ndatastream = 1\nstatistic = \"last\"\n[open]\nabove = 2.4\n\
                    for = \"10 min\"\n[close]\nbelow = 2.35\n";

/// What calls nobody is no page: quiet hours hold it until the morning, a silence keeps it quiet.
#[test]
fn a_page_is_a_call_and_not_an_opening() {
    let level = |minute: i64| if minute >= 1380 { 2.6 } else { 2.2 };
    let entries: Vec<Entry> = (1200..1800).step_by(5).map(|minute| reading(1, at(minute), level(minute))).collect();
    let zone = TimeZone::get("America/Sao_Paulo").expect("a zone");
    let on_call = |more: &str| {
        let text = format!(
            "{more}\n[[channel]]\nname = \"wall\"\nkind = \"screen\"\n[[channel]]\nname = \"desks\"\nkind = \"screen\"\n\
             [[reach]]\nrole = \"water_desk\"\nat_least = \"info\"\nchannels = [\"wall\", \"desks\"]\n\
             [[reach]]\nrole = \"transit_desk\"\nat_least = \"info\"\nchannels = [\"wall\"]\n\
             [[escalation]]\nat_least = \"info\"\nremind_every = \"2 h\"\nstep = [{{ after = \"0 s\", roles = [\"owner\"] }}, \
             {{ after = \"1 h\", roles = [\"transit_desk\"] }}]\n"
        );
        notify::parse(RuleFile { path: "oncall.toml", text: &text }, &town::roles()).expect("it loads")
    };
    let nights = |more: &str, before: &[(DeskAction, Time)]| {
        let parts = Parts { rules: load(&[("above", RULE)]).expect("a rule"), on_call: Some(on_call(more)), ..parts() };
        let mut trial = Trial::new(parts, &"above".into(), None).expect("the rule is there");
        for (action, when) in before {
            trial.role_did(action, *when);
        }
        for entry in &entries {
            trial.entry(entry);
        }
        let done = trial.finish(None);
        assert_eq!(done.rings.len(), 1);
        done.nights(&zone)
    };
    // Two channels are one call. Opened at 23:10, stepped at 00:11, reminded at 02:11 and 04:11.
    assert_eq!(nights("", &[]), Nights { pages: 1, untaken: 4 });
    let quiet = "[quiet]\nfrom = \"22:00\"\nto = \"06:30\"\nat_most = \"moderate\"\n";
    assert_eq!(nights(quiet, &[]), Nights::default(), "it waits for the morning");
    let silence = Silence {
        id: SilenceId::new("silence-1"),
        reason: "Works at the quay".to_owned(),
        scope: SilenceScope {
            rules: vec!["above".into()],
            subjects: Vec::new(),
            feeds: Vec::new(),
            severity_at_most: Severity::Severe,
        },
        from: at(600),
        until: at(2400),
        repeat: None,
    };
    let silenced = DeskAction { role: "water_desk".to_owned(), what: DeskActionKind::Silence(silence) };
    assert_eq!(nights("", &[(silenced, at(600))]), Nights::default(), "a silence of the day before holds");
}
