//! DELTA_BINARY_PACKED: the differences of neighbours, packed into as few bits as the widest of 32 of them needs.

use super::thrift::{signed, unsigned};

/// Differences of one block.
const BLOCK: usize = 128;
/// Groups of a block that have a width each.
const GROUPS: usize = 4;
/// Differences of one group.
const GROUP: usize = BLOCK / GROUPS;

/// How wide the numbers are: differences wrap at that width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Int32,
    Int64,
}

impl Width {
    /// The difference of two numbers of this width, wrapped.
    #[allow(clippy::cast_possible_truncation, reason = "that is what wrapping is")]
    fn difference(self, next: i64, before: i64) -> i64 {
        match self {
            Self::Int32 => i64::from((next as i32).wrapping_sub(before as i32)),
            Self::Int64 => next.wrapping_sub(before),
        }
    }
}

/// The numbers, encoded.
pub(super) fn encode(numbers: &[i64], width: Width) -> Vec<u8> {
    let mut out = Vec::new();
    unsigned(&mut out, BLOCK as u64);
    unsigned(&mut out, GROUPS as u64);
    unsigned(&mut out, numbers.len() as u64);
    signed(&mut out, numbers.first().copied().unwrap_or_default());
    let pairs = numbers.iter().zip(numbers.iter().skip(1));
    let differences: Vec<i64> = pairs.map(|(before, next)| width.difference(*next, *before)).collect();
    for block in differences.chunks(BLOCK) {
        let least = block.iter().copied().min().unwrap_or_default();
        signed(&mut out, least);
        let above: Vec<u64> = block.iter().map(|difference| difference.wrapping_sub(least).cast_unsigned()).collect();
        let mut groups = above.chunks(GROUP);
        let widths: [u32; GROUPS] = std::array::from_fn(|_| groups.next().map_or(0, bits));
        // A width is at most 64.
        out.extend(widths.iter().map(|width| u8::try_from(*width).unwrap_or(64)));
        for (group, width) in above.chunks(GROUP).zip(widths) {
            pack(&mut out, group, width);
        }
    }
    out
}

/// Bits of the widest.
fn bits(group: &[u64]) -> u32 {
    u64::BITS - group.iter().fold(0, |all, number| all | number).leading_zeros()
}

/// A group, the lowest bits first; one that is not full is filled with zeroes.
fn pack(out: &mut Vec<u8>, group: &[u64], width: u32) {
    let (mut waiting, mut held) = (0_u128, 0);
    for number in group.iter().copied().chain(std::iter::repeat_n(0, GROUP - group.len())) {
        waiting |= u128::from(number) << held;
        held += width;
        while held >= 8 {
            out.push((waiting & 0xFF) as u8);
            waiting >>= 8;
            held -= 8;
        }
    }
}
