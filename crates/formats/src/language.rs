//! Which of several languages to take (BCP 47 tags; lookup after RFC 4647, section 3.4, reduced to two steps).

/// Index of the best of `available` (`None`: the text says no language) for a reader of `wanted`, the best first:
/// the same tag, else the same primary language, else a text without a language, else the first. `None` only when
/// nothing is available.
pub(crate) fn choose<'a>(
    available: &(impl Iterator<Item = Option<&'a str>> + Clone),
    wanted: &[&str],
) -> Option<usize> {
    let primary = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let same = |want: &str| available.clone().position(|tag| tag.is_some_and(|tag| tag.eq_ignore_ascii_case(want)));
    let close = |want: &str| available.clone().position(|tag| tag.is_some_and(|tag| primary(tag) == primary(want)));
    wanted
        .iter()
        .find_map(|want| same(want).or_else(|| close(want)))
        .or_else(|| available.clone().position(|tag| tag.is_none_or(str::is_empty)))
        .or_else(|| available.clone().next().map(|_| 0))
}

#[cfg(test)]
mod tests {
    use super::choose;

    #[test]
    fn the_best_language_wins() {
        let pick = |tags: &[Option<&str>], wanted: &[&str]| choose(&tags.iter().copied(), wanted);
        assert_eq!(pick(&[Some("en-CA"), Some("fr-CA")], &["fr-CA", "en"]), Some(1), "same tag");
        assert_eq!(pick(&[Some("en-CA"), Some("pt-PT")], &["pt-BR", "en"]), Some(1), "same primary language");
        assert_eq!(pick(&[Some("en-CA"), None], &["pt-BR"]), Some(1), "no language said");
        assert_eq!(pick(&[Some("en-CA"), Some("fr")], &["pt-BR"]), Some(0), "the first");
        assert_eq!(pick(&[], &["pt-BR"]), None);
    }
}
