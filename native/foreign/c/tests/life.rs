//! A C program that calls every function of the header, under a plain C compiler.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where cargo has put the library that belongs to this test.
fn libraries() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().find(|folder| folder.join("libdeadhand_core_c.so").is_file()).unwrap().to_owned()
}

fn run(command: &mut Command) {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{command:?}: {}\n{out}{err}", done.status);
}

#[test]
fn the_program_in_c_lives_through_everything() {
    let (program, libraries) = (root().join("tests/life.c"), libraries());
    let folder = std::env::temp_dir().join(format!("deadhand-life-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let made = folder.join("life");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let warnings = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g"];
    let mut build = Command::new(compiler);
    build.args(warnings).arg("-I").arg(root()).arg(&program).arg("-o").arg(&made).arg("-L").arg(&libraries);
    run(build.args(["-ldeadhand_core_c", "-lpthread", "-lm"]));
    run(Command::new(&made).arg(folder.join("life.redb")).env("LD_LIBRARY_PATH", &libraries));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_program_calls_every_function() {
    let header = std::fs::read_to_string(root().join("deadhand.h")).unwrap();
    let program = std::fs::read_to_string(root().join("tests/life.c")).unwrap();
    let word = |text: &str| text.rsplit(['*', ' ']).next().unwrap_or_default().to_owned();
    let code = header.lines().filter(|line| !line.starts_with("//") && !line.starts_with(' '));
    let functions = code.filter_map(|line| line.split_once('(')).map(|(before, _)| word(before));
    let functions: Vec<_> = functions.filter(|name| name.starts_with("deadhand_")).collect();
    assert!(functions.len() > 80, "{functions:?}");
    let never: Vec<_> = functions.iter().filter(|name| !program.contains(&format!("{name}("))).collect();
    assert!(never.is_empty(), "{never:?}");
}
