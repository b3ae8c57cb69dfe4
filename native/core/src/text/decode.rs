//! From bytes to text: strictly, with the place and kind of the first fault, or lossily.

use super::TextError;
use crate::fenced::fenced;

/// The bytes as text.
///
/// # Errors
/// The first fault: [`TextError::NotUtf8`], [`TextError::Truncated`] or, for surrogates in the encoding that Python's
/// `surrogatepass` gives them, [`TextError::Surrogate`].
pub fn strict(bytes: &[u8]) -> Result<&str, TextError> {
    fenced(|| {
        #[cfg(test)]
        crate::planted::here("text.strict");
        std::str::from_utf8(bytes).map_err(|error| fault(bytes, error.valid_up_to()))
    })
}

/// The bytes as text that C can read.
///
/// # Errors
/// As for [`strict`]; [`TextError::InteriorNul`], also for a NUL at the end: the one that C needs is added later.
pub fn strict_for_c(bytes: &[u8]) -> Result<&str, TextError> {
    let text = strict(bytes)?;
    match bytes.iter().position(|byte| *byte == 0) {
        Some(offset) => Err(TextError::InteriorNul { offset }),
        None => Ok(text),
    }
}

/// The bytes as text, with U+FFFD for whatever does not fit: one for each surrogate, and otherwise as Unicode says, one
/// for each longest run of bytes that could have begun a character.
///
/// # Errors
/// Only a panic, which nothing should cause.
pub fn lossy(bytes: &[u8]) -> Result<String, TextError> {
    fenced(|| {
        #[cfg(test)]
        crate::planted::here("text.lossy");
        Ok(replaced(bytes))
    })
}

fn replaced(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (good, skipped) = match std::str::from_utf8(rest) {
            Ok(all) => (all, rest.len() - all.len()),
            Err(error) => {
                let (good, bad) = rest.split_at(error.valid_up_to());
                let skipped = if surrogate(bad).is_some() { 3 } else { error.error_len().unwrap_or(bad.len()) };
                // It was found valid just now.
                (std::str::from_utf8(good).unwrap_or_default(), skipped)
            }
        };
        text.push_str(good);
        if skipped > 0 {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        rest = &rest[good.len() + skipped..];
    }
    text
}

/// What is wrong at that offset, at which something is.
fn fault(bytes: &[u8], offset: usize) -> TextError {
    let rest = &bytes[offset..];
    if let Some(code_point) = surrogate(rest) {
        let escaped = code_point.checked_sub(0xDC00).and_then(|low| u8::try_from(low).ok()).filter(|low| *low >= 0x80);
        return TextError::Surrogate { offset, code_point, escaped };
    }
    match std::str::from_utf8(rest) {
        Err(error) if error.error_len().is_none() => TextError::Truncated { offset, length: length(rest[0]) },
        _ => TextError::NotUtf8 { offset, byte: rest[0] },
    }
}

/// The surrogate at the start of the bytes, in the encoding that UTF-8 would give it if it were a character.
fn surrogate(bytes: &[u8]) -> Option<u32> {
    match *bytes {
        [0xED, second @ 0xA0..=0xBF, third @ 0x80..=0xBF, ..] => {
            Some(0xD000 | u32::from(second & 0x3F) << 6 | u32::from(third & 0x3F))
        }
        _ => None,
    }
}

/// How many bytes a character has that starts with this one.
fn length(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(bytes: &[u8]) -> String {
        strict(bytes).unwrap_err().to_string()
    }

    #[test]
    fn a_fault_is_told_with_its_place_and_kind() {
        assert_eq!(strict("grün 🦀\0".as_bytes()).unwrap(), "grün 🦀\0");
        assert!(matches!(strict(b"ab\xFFcd"), Err(TextError::NotUtf8 { offset: 2, byte: 0xFF })));
        assert!(matches!(strict(b"\x80"), Err(TextError::NotUtf8 { offset: 0, byte: 0x80 })));
        assert!(matches!(strict(b"a\xC0\x80"), Err(TextError::NotUtf8 { offset: 1, byte: 0xC0 })), "overlong NUL");
        assert!(matches!(strict(b"a\xE2\x82"), Err(TextError::Truncated { offset: 1, length: 3 })));
        assert!(matches!(strict(b"\xF0\x9F\xA6"), Err(TextError::Truncated { offset: 0, length: 4 })));
        assert!(matches!(strict(b"\xC3"), Err(TextError::Truncated { offset: 0, length: 2 })));
        assert!(matches!(strict(b"\xC3("), Err(TextError::NotUtf8 { offset: 0, byte: 0xC3 })));
    }

    #[test]
    fn a_surrogate_is_refused_and_says_what_python_meant() {
        // "a\udcff" with surrogatepass: the byte 0xff, escaped.
        let escaped = strict(b"a\xED\xB3\xBF").unwrap_err();
        let expected = TextError::Surrogate { offset: 1, code_point: 0xDCFF, escaped: Some(0xFF) };
        assert_eq!(escaped.to_string(), expected.to_string());
        assert!(message(b"a\xED\xB3\xBF").contains("stands for the byte 0xff: pass os.fsencode(text) as bytes"));
        for (bytes, code_point, escaped) in [
            (b"\xED\xA0\x80", 0xD800, None),
            (b"\xED\xB0\x80", 0xDC00, None),
            (b"\xED\xB1\xBF", 0xDC7F, None),
            (b"\xED\xB2\x80", 0xDC80, Some(0x80)),
            (b"\xED\xB4\x80", 0xDD00, None),
            (b"\xED\xBF\xBF", 0xDFFF, None),
        ] {
            let Err(TextError::Surrogate { offset: 0, code_point: found, escaped: byte }) = strict(bytes) else {
                panic!("{code_point:#x}")
            };
            assert_eq!((found, byte), (code_point, escaped));
        }
        assert_eq!(strict(b"\xED\x9F\xBF").unwrap(), "\u{D7FF}", "the last before them");
    }

    #[test]
    fn c_gets_no_text_that_it_would_cut() {
        assert_eq!(strict_for_c(b"abc").unwrap(), "abc");
        assert!(matches!(strict_for_c(b"ab\0c"), Err(TextError::InteriorNul { offset: 2 })));
        assert!(matches!(strict_for_c(b"abc\0"), Err(TextError::InteriorNul { offset: 3 })));
        assert!(matches!(strict_for_c(b"\0\xFF"), Err(TextError::NotUtf8 { offset: 1, .. })), "text first");
    }

    #[test]
    fn a_surrogate_is_one_replacement_and_other_faults_are_as_usual() {
        assert_eq!(replaced(b"a\xED\xB3\xBFb"), "a\u{FFFD}b");
        assert_eq!(replaced(b"\xED\xA0"), String::from_utf8_lossy(b"\xED\xA0"));
        assert_eq!(replaced(b"\xE2\x82"), "\u{FFFD}");
        assert_eq!(replaced(b""), "");
    }

    /// Bytes that are often nearly text.
    fn nearly_text() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            any::<char>().prop_map(|one| one.to_string().into_bytes()),
            any::<u8>().prop_map(|one| vec![one]),
            (0xA0..=0xBF_u8, 0x80..=0xBF_u8).prop_map(|(second, third)| vec![0xED, second, third]),
            Just(vec![0xE2, 0x82]),
        ];
        proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
            #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

            #[test]
            fn strict_says_what_std_says_and_where(bytes in nearly_text()) {
                let offset = match (strict(&bytes), std::str::from_utf8(&bytes)) {
                    (Ok(ours), Ok(theirs)) => {
     prop_assert_eq!(ours, theirs);
     return Ok(());
    }
                    (Err(TextError::NotUtf8 { offset, byte }), Err(_)) => {
                        prop_assert_eq!(bytes[offset], byte);
                        offset
                    }
                    (Err(TextError::Truncated { offset, length }), Err(_)) => {
                        prop_assert!(offset + length > bytes.len());
                        offset
                    }
                    (Err(TextError::Surrogate { offset, code_point, .. }), Err(_)) => {
                        prop_assert!((0xD800..0xE000).contains(&code_point));
                        offset
                    }
                    (ours, theirs) => return Err(TestCaseError::fail(format!("{ours:?}, {theirs:?}"))),
                };
                prop_assert_eq!(offset, std::str::from_utf8(&bytes).unwrap_err().valid_up_to());
            }

            #[test]
            fn lossy_is_std_s_but_for_surrogates(bytes in nearly_text()) {
                // With every surrogate replaced beforehand there is nothing left in which they could differ.
                let mut plain = Vec::new();
                let mut at = 0;
                while at < bytes.len() {
                    let found = surrogate(&bytes[at..]).is_some();
                    plain.extend(if found { "\u{FFFD}".as_bytes() } else { &bytes[at..=at] });
                    at += if found { 3 } else { 1 };
                }
                prop_assert_eq!(replaced(&bytes), String::from_utf8_lossy(&plain));
            }
        }
}
