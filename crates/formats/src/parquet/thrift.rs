//! Thrift's compact protocol, as far as Parquet's metadata needs it.

/// A number of any size in bytes of seven bits, the lowest first.
pub(super) fn unsigned(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    out.push((number & 0x7F) as u8);
}

/// A number with its sign in the lowest bit.
pub(super) fn signed(out: &mut Vec<u8>, number: i64) {
    unsigned(out, (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned());
}

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// A struct that is being written; its fields come in the order of their ids.
pub(super) struct Struct<'a> {
    out: &'a mut Vec<u8>,
    last: u8,
}

impl<'a> Struct<'a> {
    pub(super) fn open(out: &'a mut Vec<u8>) -> Self {
        Self { out, last: 0 }
    }

    fn field(&mut self, id: u8, kind: u8) -> &mut Vec<u8> {
        // Ids of Parquet's structs are at most 15 apart.
        self.out.push((id - self.last) << 4 | kind);
        self.last = id;
        self.out
    }

    pub(super) fn bool(&mut self, id: u8, truth: bool) {
        self.field(id, if truth { TRUE } else { FALSE });
    }

    pub(super) fn byte(&mut self, id: u8, byte: u8) {
        self.field(id, BYTE).push(byte);
    }

    pub(super) fn i32(&mut self, id: u8, number: i32) {
        signed(self.field(id, I32), i64::from(number));
    }

    pub(super) fn i64(&mut self, id: u8, number: u64) {
        signed(self.field(id, I64), i64::try_from(number).unwrap_or(i64::MAX));
    }

    pub(super) fn binary(&mut self, id: u8, bytes: &[u8]) {
        binary(self.field(id, BINARY), bytes);
    }

    pub(super) fn nested(&mut self, id: u8, write: impl FnOnce(&mut Struct<'_>)) {
        let mut inner = Struct::open(self.field(id, STRUCT));
        write(&mut inner);
        inner.close();
    }

    pub(super) fn structs<T>(
        &mut self,
        id: u8,
        items: impl ExactSizeIterator<Item = T>,
        mut write: impl FnMut(&mut Struct<'_>, T),
    ) {
        let out = self.field(id, LIST);
        list(out, items.len(), STRUCT);
        for item in items {
            let mut inner = Struct::open(out);
            write(&mut inner, item);
            inner.close();
        }
    }

    pub(super) fn i32s(&mut self, id: u8, numbers: &[i32]) {
        let out = self.field(id, LIST);
        list(out, numbers.len(), I32);
        for number in numbers {
            signed(out, i64::from(*number));
        }
    }

    pub(super) fn texts(&mut self, id: u8, texts: &[&str]) {
        let out = self.field(id, LIST);
        list(out, texts.len(), BINARY);
        for text in texts {
            binary(out, text.as_bytes());
        }
    }

    pub(super) fn close(self) {
        self.out.push(0);
    }
}

fn list(out: &mut Vec<u8>, length: usize, kind: u8) {
    match u8::try_from(length) {
        Ok(short) if short < 15 => out.push(short << 4 | kind),
        _ => {
            out.push(0xF0 | kind);
            unsigned(out, length as u64);
        }
    }
}

fn binary(out: &mut Vec<u8>, bytes: &[u8]) {
    unsigned(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}
