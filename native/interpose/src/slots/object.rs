//! One loaded ELF object: where its import slots are, and what each of them imports.

use std::ffi::CStr;
use std::ops::Range;
use std::slice;

use libc::{Elf64_Phdr, Elf64_Sym, PF_W, PT_DYNAMIC, PT_GNU_RELRO, PT_LOAD, dl_phdr_info};
use rustix::param::page_size;

#[cfg(target_arch = "x86_64")]
mod kind {
    pub(super) const JUMP_SLOT: u32 = 7;
    pub(super) const GLOB_DAT: u32 = 6;
    pub(super) const ABSOLUTE: u32 = 1;
}
#[cfg(target_arch = "aarch64")]
mod kind {
    pub(super) const JUMP_SLOT: u32 = 1026;
    pub(super) const GLOB_DAT: u32 = 1025;
    pub(super) const ABSOLUTE: u32 = 257;
}

const DT_PLTRELSZ: u64 = 2;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
const DT_JMPREL: u64 = 23;
const DT_VERSYM: u64 = 0x6fff_fff0;
const DT_VERNEED: u64 = 0x6fff_fffe;
const DT_VERNEEDNUM: u64 = 0x6fff_ffff;

#[repr(C)]
struct Dyn {
    tag: u64,
    value: u64,
}

#[repr(C)]
struct Rela {
    offset: u64,
    info: u64,
    addend: i64,
}

#[repr(C)]
struct Verneed {
    version: u16,
    count: u16,
    file: u32,
    aux: u32,
    next: u32,
}

#[repr(C)]
struct Vernaux {
    hash: u32,
    flags: u16,
    other: u16,
    name: u32,
    next: u32,
}

/// An object in the list of the dynamic linker. It lives as long as the callback that lends it.
pub struct Object<'a> {
    name: &'a CStr,
    base: usize,
    headers: &'a [Elf64_Phdr],
}

/// A slot of an object: a word that the dynamic linker fills in with the address of an imported function.
pub(super) struct Import<'a> {
    /// Where the word is.
    pub(super) slot: usize,
    /// The symbol's name.
    pub(super) name: &'a CStr,
    /// Whether this object defines a symbol of this name itself.
    pub(super) defined_here: bool,
    /// The symbol's number, by which its version is found.
    symbol: usize,
}

impl<'a> Object<'a> {
    /// # Safety
    /// `info` comes from `dl_iterate_phdr`, whose callback has not returned yet.
    pub(super) unsafe fn new(info: &'a dl_phdr_info) -> Self {
        // SAFETY: the linker's names are strings that live as long as the object.
        let name = unsafe { CStr::from_ptr(info.dlpi_name) };
        // SAFETY: pointer and number describe the object's program headers, mapped as long as the object is.
        let headers = unsafe { slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
        Self { name, base: address(info.dlpi_addr), headers }
    }

    /// Its path; empty for the program itself.
    #[must_use]
    pub fn name(&self) -> &'a CStr {
        self.name
    }

    /// The last part of its path.
    #[must_use]
    pub fn file_name(&self) -> String {
        let name = self.name.to_string_lossy();
        name.rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// Whether an address lies in one of its segments.
    #[must_use]
    pub fn contains(&self, place: usize) -> bool {
        self.segments(PT_LOAD).any(|(range, _)| range.contains(&place))
    }

    /// Whether the segment of an address was loaded to be written to.
    pub(super) fn is_writable(&self, place: usize) -> bool {
        self.segments(PT_LOAD).any(|(range, flags)| range.contains(&place) && flags & PF_W != 0)
    }

    /// The pages that the linker made read-only after it had filled them in.
    pub(super) fn relro(&self) -> Option<Range<usize>> {
        let (range, _) = self.segments(PT_GNU_RELRO).next()?;
        let down = |place: usize| place & !(page_size() - 1);
        let pages = down(range.start)..down(range.end);
        (!pages.is_empty()).then_some(pages)
    }

    fn segments(&self, kind: u32) -> impl Iterator<Item = (Range<usize>, u32)> + '_ {
        self.headers.iter().filter(move |header| header.p_type == kind).map(|header| {
            let start = self.base.wrapping_add(address(header.p_vaddr));
            (start..start.wrapping_add(address(header.p_memsz)), header.p_flags)
        })
    }

    /// What the dynamic section says, if there is one to read.
    pub(super) fn imports(&self) -> Option<Imports<'a>> {
        let (section, _) = self.segments(PT_DYNAMIC).next()?;
        let mut found = Imports::default();
        let mut at = section.start as *const Dyn;
        for _ in 0..section.len() / size_of::<Dyn>() {
            // SAFETY: within the dynamic section, which stays mapped and is an array of such pairs.
            let Dyn { tag, value } = unsafe { at.read() };
            let place = self.relocated(value);
            match tag {
                0 => break,
                DT_SYMTAB => found.symbols = place,
                DT_STRTAB => found.strings = place,
                DT_JMPREL => found.tables[0].0 = place,
                DT_PLTRELSZ => found.tables[0].1 = address(value),
                DT_RELA => found.tables[1].0 = place,
                DT_RELASZ => found.tables[1].1 = address(value),
                DT_VERSYM => found.version_numbers = place,
                DT_VERNEED => found.versions_needed = place,
                DT_VERNEEDNUM => found.files_needed = address(value),
                _ => {}
            }
            at = at.wrapping_add(1);
        }
        found.base = self.base;
        (found.symbols != 0 && found.strings != 0).then_some(found)
    }

    /// glibc's linker relocates the dynamic section in place, others do not.
    fn relocated(&self, value: u64) -> usize {
        let value = address(value);
        if value < self.base { self.base.wrapping_add(value) } else { value }
    }
}

/// The tables that say what an object imports.
#[derive(Default)]
pub(super) struct Imports<'a> {
    base: usize,
    symbols: usize,
    strings: usize,
    /// Relocations of the procedure linkage table, and the others: address and size in bytes.
    tables: [(usize, usize); 2],
    version_numbers: usize,
    versions_needed: usize,
    files_needed: usize,
    object: std::marker::PhantomData<&'a Object<'a>>,
}

impl<'a> Imports<'a> {
    /// Every slot that is filled in with the plain address of a named symbol.
    pub(super) fn iter(&self) -> impl Iterator<Item = Import<'a>> + '_ {
        self.tables.iter().flat_map(|&(start, bytes)| Self::table(start, bytes)).filter_map(|rela| self.import(rela))
    }

    fn table(start: usize, bytes: usize) -> &'a [Rela] {
        if start == 0 {
            return &[];
        }
        // SAFETY: the dynamic section names a table of this size, which stays mapped as long as the object.
        unsafe { slice::from_raw_parts(start as *const Rela, bytes / size_of::<Rela>()) }
    }

    fn import(&self, rela: &Rela) -> Option<Import<'a>> {
        let symbol = address(rela.info >> 32);
        let kind = address(rela.info & 0xffff_ffff);
        let plain = [kind::JUMP_SLOT, kind::GLOB_DAT, kind::ABSOLUTE].iter().any(|each| *each as usize == kind);
        if !plain || symbol == 0 || rela.addend != 0 {
            return None;
        }
        let entry = (self.symbols as *const Elf64_Sym).wrapping_add(symbol);
        // SAFETY: relocations name symbols of this object's own table.
        let Elf64_Sym { st_name, st_shndx, .. } = unsafe { entry.read() };
        let name = self.string(st_name)?;
        Some(Import {
            slot: self.base.wrapping_add(address(rela.offset)),
            name,
            defined_here: st_shndx != 0,
            symbol,
        })
    }

    fn string(&self, offset: u32) -> Option<&'a CStr> {
        if offset == 0 {
            return None;
        }
        let start = (self.strings as *const libc::c_char).wrapping_add(offset as usize);
        // SAFETY: the object's tables name strings of its own string table, which are terminated.
        Some(unsafe { CStr::from_ptr(start) })
    }

    /// The version of a symbol that an import asks for, if it asks for one.
    pub(super) fn version(&self, import: &Import<'_>) -> Option<&'a CStr> {
        if self.version_numbers == 0 || self.versions_needed == 0 {
            return None;
        }
        let number = (self.version_numbers as *const u16).wrapping_add(import.symbol);
        // SAFETY: the table has a number for every symbol.
        let wanted = unsafe { number.read() } & 0x7fff;
        let mut file = self.versions_needed;
        for _ in 0..self.files_needed {
            // SAFETY: the dynamic section says how many files are needed, each with such a record.
            let need = unsafe { (file as *const Verneed).read() };
            let mut version = file + need.aux as usize;
            for _ in 0..need.count {
                // SAFETY: the record says how many versions follow.
                let aux = unsafe { (version as *const Vernaux).read() };
                if aux.other == wanted {
                    return self.string(aux.name);
                }
                version += aux.next as usize;
            }
            file += need.next as usize;
        }
        None
    }
}

#[expect(clippy::cast_possible_truncation, reason = "an address of a 64-bit object is one of this process")]
const fn address(value: u64) -> usize {
    value as usize
}
