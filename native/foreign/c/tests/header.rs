//! `deadhand.h` is what cbindgen makes of this crate.

use std::path::Path;

fn made() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let sources = cbindgen::Builder::new().with_config(config);
    let names = ["status", "error", "bytes", "handle", "store", "reader", "writer", "buffer", "slice", "span", "pool"];
    let more = ["text", "host", "event", "channel", "task"];
    let all = names.iter().chain(&more).fold(sources, |all, name| all.with_src(root.join(format!("src/{name}.rs"))));
    let mut header = Vec::new();
    all.generate().unwrap().write(&mut header);
    String::from_utf8(header).unwrap()
}

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deadhand.h")
}

#[test]
fn the_header_is_what_the_crate_says() {
    let written = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(written == made(), "run `cargo test --test header -- --ignored`");
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for function in source.split("extern \"C\" fn ").skip(1).filter_map(|rest| rest.split('(').next()) {
            assert!(!function.starts_with("deadhand_") || written.contains(&format!("{function}(")), "{function}");
        }
    }
}

#[test]
#[ignore = "writes the header instead of comparing it (2026-11-27)"]
fn write_the_header() {
    std::fs::write(path(), made()).unwrap();
}
