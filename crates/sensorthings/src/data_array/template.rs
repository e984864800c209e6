//! How a group is written: loggers write every group of a body the same but for its datastream and its rows, so the
//! next one is read by comparing bytes with the one before, which was read member by member.

use city::DatastreamId;

use super::cursor::Cursor;

/// The bytes of a group around what differs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Template<'a> {
    /// From the brace to the id of the datastream.
    head: &'a [u8],
    /// From there to the count of rows, where one is written.
    counted: Option<&'a [u8]>,
    /// From there to the rows.
    middle: &'a [u8],
    /// From behind the rows to behind the closing brace.
    tail: &'a [u8],
}

/// Where what differs stands in a group that was read member by member; each with its end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    start: usize,
    /// Members so far.
    members: usize,
    pub(super) id: Option<(usize, usize)>,
    pub(super) count: Option<(usize, usize)>,
    pub(super) rows: Option<(usize, usize)>,
}

impl Marks {
    pub(super) fn of_group(start: usize) -> Self {
        Self { start, ..Self::default() }
    }

    /// Another member comes.
    pub(super) fn member(&mut self) {
        self.members += 1;
    }

    /// The template of the group that ends here, if it is written as the standard writes it: datastream, components,
    /// perhaps a count, rows, and nothing more.
    pub(super) fn template<'a>(&self, cursor: &Cursor<'a>) -> Option<Template<'a>> {
        let ((id, id_end), (rows, rows_end)) = (self.id?, self.rows?);
        let expected = if self.count.is_some() { 4 } else { 3 };
        if self.members != expected || id_end > rows {
            return None;
        }
        let (counted, middle) = match self.count {
            Some((count, count_end)) if id_end <= count && count_end <= rows => {
                (Some(cursor.between(id_end, count)), cursor.between(count_end, rows))
            }
            Some(_) => return None,
            None => (None, cursor.between(id_end, rows)),
        };
        let tail = cursor.between(rows_end, cursor.at());
        Some(Template { head: cursor.between(self.start, id), counted, middle, tail })
    }
}

impl Template<'_> {
    /// Steps over the beginning of a group, up to its rows, and gives its datastream and the count of its rows, where one is written; `None`, and the cursor where it
    /// was, when it is written otherwise.
    #[inline]
    pub(super) fn opens(&self, cursor: &mut Cursor<'_>) -> Option<(DatastreamId, Option<u32>)> {
        let mut ahead = cursor.clone();
        ahead.gap();
        ahead.takes(self.head).then_some(())?;
        let id = ahead.whole()?;
        let mut count = None;
        if let Some(counted) = self.counted {
            ahead.takes(counted).then_some(())?;
            count = Some(ahead.whole()?);
        }
        ahead.takes(self.middle).then_some(())?;
        *cursor = ahead;
        Some((DatastreamId(id), count))
    }

    /// Steps over the end of a group, from behind its rows; false, and the cursor where it was, when it is another.
    #[inline]
    pub(super) fn closes(&self, cursor: &mut Cursor<'_>) -> bool {
        cursor.takes(self.tail)
    }
}
