//! Where it is found, and what stays as it is.

use super::*;

fn found(text: &str) -> Vec<String> {
    found_in("rules/a.toml", text, &[]).into_iter().map(|error| error.to_string()).collect()
}

const PHONE: &str = "holds what looks like a telephone number; say a role, not a person";

#[test]
fn texts_names_comments_and_numbers_are_searched_and_the_place_is_told() {
    let cases = [
        ("first_action = \"Call 51 99988-7766.\"", "1:22"),
        ("a = 1\nfirst_action = \"Look.\" # else 51 99988-7766", "2:31"),
        ("# 51 99988-7766\n", "1:3"),
        // With an escape no line of the file shows it.
        ("a = 1\n  b = \"51 9\\u0039988-7766\"", "2:7"),
        ("b = \"\"\"\nRing\n51 99988-7766\"\"\"", "3:1"),
        ("b = '# no comment' # 51_99988_7766", "1:22"),
        ("\"51 99988-7766\" = 1", "1:2"),
        ("above = 51999887766", "1:9"),
        ("[open]\nwhen = { of = [\"51 99988-7766\"] }", "2:17"),
        // No TOML, and nothing is hidden by that.
        ("b = \"51 99988-7766", "1:6"),
        ("b = = \n# 51 99988-7766", "2:3"),
    ];
    for (text, place) in cases {
        let told = found(text);
        assert!(told.contains(&format!("rules/a.toml:{place}: {PHONE}")), "{text:?}: {told:?}");
        assert!(!told.concat().contains("99988"), "what it was is not repeated: {told:?}");
    }
    let named = found_in("rules/maria@example.org.toml", "", &[]);
    assert_eq!(named.len(), 1, "a rule's name is kept as well: {named:?}");
}

#[test]
fn readings_times_and_sharps_in_texts_are_left_alone() {
    let text = "# From 2024-05-01 12:00 on, levels of 2.4 3.1 2.2 1.0 2.6 m\nwhat = \"Gauge #87450004\"\n\
        readings = [1, 2, 2, 3, 4, 4, 5, 5, 6]\nat = 2024-05-01T12:00:00-03:00\nposition = [-51.23163, -30.02703]\n\
        every = \"10 min\" # feed 430000012345\n";
    assert_eq!(found(text), [] as [String; 0]);
}

#[test]
fn where_a_desk_is_reached_may_be_said_there_and_nowhere_else() {
    let of_desks = |text: &str| found_in("oncall.toml", text, &OF_DESKS).len();
    let text = "[[channel]]\nname = \"sms\"\nnumbers = [\"+555133330000\"]\n# numbers = [\"+555133330000\"]\n";
    assert_eq!(of_desks(text), 0);
    assert_eq!(of_desks(&text.replace("\"sms\"", "\"51-99988-7766\"")), 1);
    assert_eq!(of_desks(&text.replace("# numbers =", "# at night")), 1);
}
