//! Integers of variable length (LEB128), and a reader of bytes that never reads past their end.

/// Bytes that end too soon, or say what cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) &'static str);

/// Writes an unsigned integer, seven bits a byte, the lowest first.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        // The low seven bits, and the mark that more follow.
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Writes a signed integer; small ones of either sign are short.
pub(crate) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put(out, zigzag(value));
}

fn zigzag(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Broken> {
        let (first, rest) = self.0.split_first().ok_or(Broken("it ends too soon"))?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Broken("it ends too soon"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    pub(crate) fn unsigned(&mut self) -> Result<u64, Broken> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Broken("an integer is too long"));
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Broken("an integer is too long"))
    }

    pub(crate) fn signed(&mut self) -> Result<i64, Broken> {
        self.unsigned().map(unzigzag)
    }

    /// A number of things of which each takes at least one byte of what is left.
    pub(crate) fn length(&mut self) -> Result<usize, Broken> {
        let length = usize::try_from(self.unsigned()?).unwrap_or(usize::MAX);
        if length > self.len() { Err(Broken("a length is past the end")) } else { Ok(length) }
    }

    pub(crate) fn float(&mut self) -> Result<f64, Broken> {
        let taken = self.take(8)?;
        let mut raw = [0; 8];
        raw.copy_from_slice(taken);
        Ok(f64::from_le_bytes(raw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_back_and_broken_ones_are_told() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put(&mut out, value);
            assert_eq!(Bytes(&out).unsigned(), Ok(value));
            assert!(Bytes(&out[..out.len() - 1]).unsigned().is_err());
        }
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            let mut out = Vec::new();
            put_signed(&mut out, value);
            assert_eq!(Bytes(&out).signed(), Ok(value));
        }
        assert!(Bytes(&[0xff; 20]).unsigned().is_err());
        assert!(Bytes(&[100, 1]).length().is_err());
    }
}
