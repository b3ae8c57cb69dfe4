"""Build the specimens for the running interpreter: both twins of each, into one folder.

    python native/specimens/build.py [--out DIR] [--sanitize NAME]        prints the folder as its last line

With `--sanitize address` (or another name that the compiler's -fsanitize takes) only those in C are built, so
instrumented; give a folder of their own.

Standard library only. What is up to date is left alone; what changed is built in a temporary
folder and renamed into place, so that two builds may run at once. Without a C compiler or without
cargo the specimens that need it are reported as "not built here" and the rest is built.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
C, RUST, RUST_CTYPES = HERE / "c", HERE / "rust", HERE / "rust-ctypes"
TWINS = {"bug": "0", "fixed": "1"}
CFLAGS = ["-std=gnu11", "-O1", "-g", "-fPIC", "-shared", "-Wl,-Bsymbolic", "-Wall", "-Wextra"]
CFLAGS += ["-Wno-cast-function-type", "-Wno-missing-field-initializers", f"-ffile-prefix-map={HERE}=."]


class BuildError(RuntimeError):
    """A compiler refused a specimen."""


def default_directory() -> Path:
    """Where the specimens for the running interpreter go when nobody says otherwise."""
    return HERE / "build" / str(sys.implementation.cache_tag)


def build(out: Path | None = None, sanitize: str = "") -> Path:
    """Bring every specimen up to date in `out`, which is returned; instrumented, and those in C only, with `sanitize`."""
    out = (default_directory() if out is None else Path(out)).resolve()
    (out / ".stamps").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=out) as scratch:
        _build_c(out, Path(scratch), [f"-fsanitize={sanitize}", "-fno-omit-frame-pointer"] if sanitize else [])
        if not sanitize:
            _build_rust(out, Path(scratch))
            _build_rust_ctypes(out, Path(scratch))
    return out


def _build_c(out: Path, scratch: Path, extra: list[str]) -> None:
    compiler = os.environ.get("CC", "gcc")
    if shutil.which(compiler) is None:
        _not_built("C", f"no C compiler {compiler!r}; install it or set CC")
        return
    headers = sysconfig.get_path("include")
    has_headers = Path(headers, "Python.h").exists()
    if not has_headers:
        _not_built("raw C API", f"no Python.h in {headers}")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [
            pool.submit(_build_c_twin, [compiler, *CFLAGS, *extra, f"-I{headers}"], source, twin, out, scratch)
            for source in sorted(C.glob("*.c"))
            for twin in TWINS
            if has_headers or source.with_suffix(".py").exists()
        ]
    for job in jobs:
        job.result()


def _build_c_twin(compiler: list[str], source: Path, twin: str, out: Path, scratch: Path) -> None:
    """An extension module or, where a wrapper stands beside the source, a plain library and the wrapper."""
    module, wrapper = f"spec_{source.stem}_{twin}", source.with_suffix(".py")
    is_plain = wrapper.exists()
    product = f"lib{source.stem}_{twin}.so" if is_plain else module + sysconfig.get_config_var("EXT_SUFFIX")
    inputs = [source, C / "window.h", *([wrapper] if is_plain else [C / "specimen.h"])]
    with _Stamp(out, module, compiler, inputs) as stamp:
        if stamp.is_current(product, *([f"{module}.py"] if is_plain else [])):
            return
        flags = [f"-DFIXED={TWINS[twin]}", f"-DMODULE={module}", "-o", str(scratch / product)]
        _run([*compiler, str(source), *flags])
        (scratch / product).replace(out / product)
        if is_plain:
            _place(wrapper, f"{module}.py", out, scratch)


def _build_rust(out: Path, scratch: Path) -> None:
    if shutil.which("cargo") is None:
        _not_built("Rust", "no cargo")
        return
    product = "spec_rust.abi3.so"
    command = ["cargo", "build", "--release", "--locked", "--quiet"]
    command += ["--manifest-path", str(RUST / "Cargo.toml"), "--target-dir", str(RUST / "target")]
    inputs = [RUST / "Cargo.toml", RUST / "Cargo.lock", *sorted((RUST / "src").glob("*.rs"))]
    with _Stamp(out, "spec_rust", command, inputs) as stamp:
        if stamp.is_current(product):
            return
        _run(command, PYO3_NO_PYTHON="1")  # abi3: one library for all interpreters
        _place(RUST / "target" / "release" / "libspec_rust.so", product, out, scratch)


def _build_rust_ctypes(out: Path, scratch: Path) -> None:
    """Plain libraries, one per twin with all specimens in it, and their wrappers."""
    if shutil.which("cargo") is None:
        return
    wrappers = sorted(RUST_CTYPES.glob("*.py"))
    sources = [RUST / "src" / "window.rs", *sorted((RUST_CTYPES / "src").glob("*.rs"))]
    for twin in TWINS:
        product = f"librust_ctypes_{twin}.so"
        modules = {f"spec_{wrapper.stem}_{twin}.py": wrapper for wrapper in wrappers}
        target = RUST_CTYPES / "target" / twin
        command = ["cargo", "build", "--release", "--locked", "--quiet"]
        command += ["--manifest-path", str(RUST_CTYPES / "Cargo.toml"), "--target-dir", str(target)]
        command += ["--features", "fixed"] if twin == "fixed" else []
        inputs = [RUST_CTYPES / "Cargo.toml", RUST_CTYPES / "Cargo.lock", *sources, *wrappers]
        with _Stamp(out, f"rust_ctypes_{twin}", command, inputs) as stamp:
            if stamp.is_current(product, *modules):
                continue
            _run(command)
            _place(target / "release" / "libspec_rust_ctypes.so", product, out, scratch)
            for module, wrapper in modules.items():
                _place(wrapper, module, out, scratch)


def _place(made: Path, product: str, out: Path, scratch: Path) -> None:
    """A copy of `made`, whole from the moment on that it is there."""
    shutil.copyfile(made, scratch / product)
    (scratch / product).replace(out / product)


class _Stamp:
    """Remembers from what a product was made; written only when its block ends well."""

    def __init__(self, out: Path, name: str, command: list[str], inputs: list[Path]) -> None:
        digest = hashlib.sha256(repr((command, sysconfig.get_config_var("SOABI"))).encode())
        for path in [Path(__file__), *inputs]:
            digest.update(path.read_bytes())
        self.out, self.path, self.text = out, out / ".stamps" / name, digest.hexdigest()

    def is_current(self, *products: str) -> bool:
        if not all((self.out / product).exists() for product in products):
            return False
        return self.path.exists() and self.path.read_text() == self.text

    def __enter__(self) -> _Stamp:  # noqa: PYI034  typing.Self is newer than Python 3.10
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if kind is None:
            fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}")
            fresh.write_text(self.text)
            fresh.replace(self.path)


def _run(command: list[str], **environment: str) -> None:
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    sys.stderr.write(done.stderr)


def _not_built(what: str, why: str) -> None:
    print(f"not built here: the {what} specimens ({why})", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the specimens for this interpreter.")
    parser.add_argument("--out", type=Path, help="folder to build into")
    parser.add_argument("--sanitize", default="", help="build those in C with -fsanitize=NAME")
    options = parser.parse_args()
    try:
        print(build(options.out, options.sanitize))
    except BuildError as error:
        sys.exit(f"a specimen does not compile:\n{error}")


if __name__ == "__main__":
    main()
