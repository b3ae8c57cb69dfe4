//! Records for the journal, in `MessagePack`.

/// Builds one record.
#[derive(Debug, Default)]
pub(crate) struct Record(Vec<u8>);

impl Record {
    /// Begin an array.
    pub(crate) fn array(mut self, length: usize) -> Self {
        match u8::try_from(length) {
            Ok(short @ 0..16) => self.0.push(0x90 | short),
            _ => {
                self.0.push(0xdc);
                self.0.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
            }
        }
        self
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        let bytes = &text.as_bytes()[..text.len().min(usize::from(u8::MAX))];
        self.0.push(0xd9);
        self.0.extend(u8::try_from(bytes.len()));
        self.0.extend(bytes);
        self
    }

    pub(crate) fn number(mut self, number: i64) -> Self {
        self.0.push(0xd3);
        self.0.extend(number.to_be_bytes());
        self
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn what_msgpack_says() {
        let record = Record::default().array(3).text("C").number(-1).array(16);
        let expected = [0x93, 0xd9, 1, b'C', 0xd3, 255, 255, 255, 255, 255, 255, 255, 255, 0xdc, 0, 16];
        assert_eq!(record.bytes(), expected);
    }
}
