//! The name that somebody meant who wrote one that is not there.

/// Of names that are there, the one that takes the fewest strokes to write instead; none where all are quite others.
pub(super) fn nearest<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let nearest = names.into_iter().map(|name| (strokes(wrong, name), name)).min()?;
    // More than half of it is no slip of the pen.
    (nearest.0 * 2 <= wrong.chars().count().max(nearest.1.chars().count())).then_some(nearest.1)
}

/// Characters to add, take away or replace (Levenshtein's distance).
fn strokes(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (count, one) in (1..).zip(from.chars()) {
        let mut left = count;
        let mut next = vec![left];
        for (other, above) in to.iter().zip(row.windows(2)) {
            let [diagonal, over] = *above else { continue };
            left = (diagonal + usize::from(one != *other)).min(over + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_found_and_another_word_is_not() {
        let names = ["lake-above-2-5m", "lake-will-pass-3m", "heavy-rain"];
        assert_eq!(nearest("heavyrain", names), Some("heavy-rain"));
        assert_eq!(nearest("lake-wil-pass-3m", names), Some("lake-will-pass-3m"));
        assert_eq!(nearest("tram", names), None);
        assert_eq!(nearest("", []), None);
        assert_eq!((strokes("kitten", "sitting"), strokes("", "abc"), strokes("abc", "")), (3, 3, 3));
    }
}
