//! From addresses to functions, in the process that reads the journal.

use std::fs;
use std::path::Path;

use addr2line::Loader;
use object::{Object, ObjectSegment};

/// One function at an address; there are several where calls were inlined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Symbol {
    /// Its name, demangled.
    pub function: String,
    /// Its source file, if the debug information says so.
    pub file: Option<String>,
    /// The line in it.
    pub line: Option<u32>,
}

/// The functions at each of `offsets` into the file at `path`, the innermost first. What cannot be read has none.
#[must_use]
pub fn resolve(path: &Path, offsets: &[u64]) -> Vec<Vec<Symbol>> {
    let Some(addresses) = addresses(path, offsets) else { return vec![Vec::new(); offsets.len()] };
    let Ok(loader) = Loader::new(path) else { return vec![Vec::new(); offsets.len()] };
    addresses.iter().map(|address| address.map_or_else(Vec::new, |address| functions(&loader, address))).collect()
}

/// Where the file wants its bytes to be mapped.
fn addresses(path: &Path, offsets: &[u64]) -> Option<Vec<Option<u64>>> {
    let data = fs::read(path).ok()?;
    let file = object::File::parse(data.as_slice()).ok()?;
    let segments: Vec<(u64, u64, u64)> = file
        .segments()
        .map(|segment| {
            let (start, length) = segment.file_range();
            (start, length, segment.address())
        })
        .collect();
    let find = |offset: &u64| {
        segments.iter().find_map(|(start, length, address)| {
            let inside = offset.checked_sub(*start).filter(|inside| inside < length)?;
            Some(address + inside)
        })
    };
    Some(offsets.iter().map(find).collect())
}

fn functions(loader: &Loader, address: u64) -> Vec<Symbol> {
    let mut found = Vec::new();
    if let Ok(mut frames) = loader.find_frames(address) {
        while let Ok(Some(frame)) = frames.next() {
            let Some(function) = frame.function else { continue };
            let Ok(name) = function.demangle() else { continue };
            let place = frame.location;
            let file = place.as_ref().and_then(|place| place.file).map(str::to_owned);
            found.push(Symbol { function: name.into_owned(), file, line: place.and_then(|place| place.line) });
        }
    }
    if found.is_empty()
        && let Some(name) = loader.find_symbol(address)
    {
        let function = addr2line::demangle_auto(name.into(), None).into_owned();
        found.push(Symbol { function, file: None, line: None });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[inline(never)]
    fn landmark() -> usize {
        std::hint::black_box(landmark as *const () as usize)
    }

    #[test]
    fn a_function_of_this_program_is_found_by_its_place_in_the_file() {
        let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux");
        let place = landmark();
        let (path, offset) = maps
            .lines()
            .find_map(|line| {
                let mut parts = line.split_whitespace();
                let (start, end) = parts.next()?.split_once('-')?;
                let offset = usize::from_str_radix(parts.nth(1)?, 16).ok()?;
                let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
                let inside = range.contains(&place).then(|| place - range.start)?;
                Some((parts.nth(2)?.to_owned(), offset + inside))
            })
            .expect("a mapping of this function");
        let found = resolve(path.as_ref(), &[offset as u64, u64::MAX]);
        assert!(found[0].iter().any(|each| each.function.ends_with("landmark")), "{found:?}");
        assert!(found[1].is_empty());
        assert!(resolve("/nowhere".as_ref(), &[0])[0].is_empty());
    }
}
