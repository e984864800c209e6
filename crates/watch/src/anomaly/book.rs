//! What has been seen, in so many entries: a cover of all of it that grows coarser instead of longer.
//!
//! The doubling method for k centres (Charikar, Chekuri, Feder, Motwani 1997): a thing is entered when nothing within
//! `tolerance` is there yet; when the book is full, the tolerance doubles and what is then too near to another entry
//! goes. So every thing that was ever seen stays within a known distance of an entry, whatever came, in whatever order.

use serde::{Deserialize, Serialize};

/// Distances below so much of the numbers they are between are rounding (2^-20; an `f32` keeps 24 bits).
const ROUNDING: f64 = 1.0 / (1 << 20) as f64;

/// Things of one kind, each of `N` numbers; `N` must be the same in all calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Book {
    /// Entries one after the other.
    entries: Vec<f32>,
    /// Entries of the time before the last turn: still known, no longer written.
    before: Vec<f32>,
    /// Root mean square distance within which two things are one.
    tolerance: f64,
}

impl Book {
    /// How far the nearest known thing is (root mean square over the numbers), 0 for the very first; then it is known.
    pub(super) fn take<const N: usize>(&mut self, seen: [f32; N], entries_max: usize) -> f64 {
        let here = nearest(&self.entries, seen);
        let least = here.unwrap_or(f64::MAX).min(nearest(&self.before, seen).unwrap_or(f64::MAX));
        if here.is_none_or(|distance| distance > self.tolerance) {
            if self.entries.len() >= entries_max * N {
                self.thin::<N>(entries_max);
            }
            self.entries.reserve_exact((entries_max * N).saturating_sub(self.entries.len()));
            self.entries.extend_from_slice(&seen);
        }
        let size = seen.iter().fold(0.0, |size: f64, part| size.max(f64::from(part.abs())));
        if least >= f64::MAX || least <= size * ROUNDING { 0.0 } else { least }
    }

    /// Begins anew, and keeps what there is as the time before; the time before that is forgotten.
    pub(super) fn turn(&mut self) {
        self.before = std::mem::take(&mut self.entries);
        self.before.shrink_to_fit();
        self.tolerance = 0.0;
    }

    /// Makes room by doubling the tolerance until an entry has gone.
    fn thin<const N: usize>(&mut self, entries_max: usize) {
        if self.tolerance <= 0.0 {
            self.tolerance = self.closest::<N>();
        }
        while self.entries.len() >= entries_max.max(1) * N {
            self.tolerance *= 2.0;
            let mut left: Vec<f32> = Vec::with_capacity(entries_max * N);
            for entry in self.entries.as_chunks::<N>().0 {
                if nearest(&left, *entry).is_none_or(|distance| distance > self.tolerance) {
                    left.extend_from_slice(entry);
                }
            }
            self.entries = left;
        }
    }

    /// The distance of the two entries that are nearest to each other; more than nothing.
    fn closest<const N: usize>(&self) -> f64 {
        let entries = self.entries.as_chunks::<N>().0;
        let apart = (1..entries.len()).filter_map(|at| nearest(entries[..at].as_flattened(), entries[at]));
        apart.filter(|distance| *distance > 0.0).fold(f64::MAX, f64::min).min(f64::MAX.sqrt())
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        (self.entries.capacity() + self.before.capacity()) * size_of::<f32>()
    }
}

/// Root mean square distance to the nearest entry; `None` when there is none.
fn nearest<const N: usize>(entries: &[f32], seen: [f32; N]) -> Option<f64> {
    let mut least = f64::MAX;
    for entry in entries.as_chunks::<N>().0 {
        let mut sum = 0.0;
        for (kept, now) in entry.iter().zip(seen) {
            let apart = f64::from(*kept) - f64::from(now);
            sum += apart * apart;
        }
        least = least.min(sum);
    }
    (least < f64::MAX).then(|| (least / N as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_stays_within_twice_the_tolerance_of_an_entry() {
        let mut book = Book::default();
        let seen: Vec<[f32; 2]> = (0_u16..5_000).map(|n| [f32::from(n % 1_009), f32::from(n % 907)]).collect();
        for thing in &seen {
            book.take(*thing, 64);
            assert!(book.entries.len() <= 64 * 2);
        }
        for thing in &seen {
            let distance = nearest(&book.entries, *thing).expect("entries");
            assert!(distance <= 2.0 * book.tolerance, "{distance} of {}", book.tolerance);
        }
    }

    #[test]
    fn what_is_known_is_no_news_and_after_two_turns_it_is_again() {
        let mut book = Book::default();
        for n in 0_u8..100 {
            book.take([f32::from(n)], 192);
        }
        assert!(book.take([55.0], 192).abs() < f64::EPSILON);
        assert!((book.take([120.0], 192) - 21.0).abs() < 1e-9);
        book.turn();
        assert!(book.take([54.0], 192).abs() < f64::EPSILON, "the time before is still known");
        book.turn();
        assert!((book.take([44.0], 192) - 10.0).abs() < 1e-9, "only 54 was seen since the last turn but one");
    }
}
