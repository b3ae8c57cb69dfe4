//! Facts about the build that only the build knows, for `build_info()`.

use std::env;
use std::fs;

const LOCK_FILE: &str = "../Cargo.lock";

fn main() {
    pass("DEADHAND_PROFILE", &env::var("PROFILE").unwrap_or_default());
    pass("DEADHAND_TARGET", &env::var("TARGET").unwrap_or_default());
    pass("DEADHAND_PYO3", &locked_version("pyo3").unwrap_or_default());
    let is = |name: &str, value: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).is_ok_and(|found| found == value);
    tell("rustc-check-cfg=cfg(page_guard)");
    if is("OS", "linux") && is("ENV", "gnu") && is("POINTER_WIDTH", "64") {
        tell("rustc-cfg=page_guard");
    }
    tell("rerun-if-changed=build.rs");
    tell(&format!("rerun-if-changed={LOCK_FILE}"));
}

/// The version of a package in the workspace's lock file.
fn locked_version(package: &str) -> Option<String> {
    let lock = fs::read_to_string(LOCK_FILE).ok()?;
    let name = format!("name = \"{package}\"");
    let version = lock.lines().skip_while(|line| *line != name).nth(1)?;
    Some(version.strip_prefix("version = \"")?.strip_suffix('"')?.to_owned())
}

fn pass(name: &str, value: &str) {
    tell(&format!("rustc-env={name}={}", if value.is_empty() { "unknown" } else { value }));
}

/// Standard output is how a build script speaks to cargo; the lint against printing knows.
fn tell(line: &str) {
    println!("cargo::{line}");
}
