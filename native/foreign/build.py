"""Build the foreign surfaces of the core: the same core, reached by other roads than PyO3.

    python native/foreign/build.py [--out DIR]        prints the folder as its last line

Standard library only, and one folder for every Python: nothing here is made for one interpreter. What is up to date is
left alone; what changed is made in a temporary folder and renamed into place, so that two builds may run at once.
Without cargo nothing can be built, and that is said.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
NATIVE = HERE.parent
TARGET = HERE / "target"
C_LIBRARY = "libdeadhand_core_c.so"
"""Beside it lies `deadhand.h`."""


class BuildError(RuntimeError):
    """Cargo refused a surface."""


def default_directory() -> Path:
    """Where the surfaces go when nobody says otherwise."""
    return Path(os.environ.get("DEADHAND_FOREIGN") or HERE / "build")


def build(out: Path | None = None) -> Path:
    """Bring every surface up to date in `out`, which is returned."""
    out = (default_directory() if out is None else Path(out)).resolve()
    (out / ".stamps").mkdir(parents=True, exist_ok=True)
    if shutil.which("cargo") is None:
        print("not built here: the foreign surfaces (no cargo)", file=sys.stderr)
        return out
    with tempfile.TemporaryDirectory(prefix=".building-", dir=out) as scratch:
        _build_c(out, Path(scratch))
    _build_uniffi(out)
    return out


def _build_c(out: Path, scratch: Path) -> None:
    """The C library with its header, and the Python packages over it: shared modules, and one that speaks C."""
    crate, python = HERE / "c", HERE / "python"
    packages = [*sources(python / "surface"), python / "core_ctypes.py", python / "core_cffi.py"]
    with Stamp(out, "c", [*sources(crate), *packages]) as stamp:
        if stamp.is_current(C_LIBRARY, "deadhand.h", "core_ctypes", "core_cffi"):
            return
        cargo("build", "--release", manifest=crate / "Cargo.toml")
        place(TARGET / "release" / C_LIBRARY, out / C_LIBRARY, scratch)
        place(crate / "deadhand.h", out / "deadhand.h", scratch)
        for name in ("core_ctypes", "core_cffi"):
            package = scratch / name
            shutil.copytree(python / "surface", package)
            shutil.copyfile(python / f"{name}.py", package / "_low.py")
            shutil.rmtree(out / name, ignore_errors=True)
            package.replace(out / name)


def _build_uniffi(out: Path) -> None:
    """The binding that UniFFI generates: its folder knows how."""
    script = HERE / "uniffi" / "build.py"
    if not script.is_file():
        print("not built here: the UniFFI surface (no native/foreign/uniffi)", file=sys.stderr)
        return
    with Stamp(out, "uniffi", [*sources(script.parent), HERE / "python" / "core_uniffi.py"]) as stamp:
        how = runpy.run_path(str(script))
        if not stamp.is_current(*how["PRODUCTS"]):
            try:
                how["build"](out)
            except RuntimeError as error:
                raise BuildError(str(error)) from error


class Stamp:
    """Remembers from what a surface was made; written only when its block ends well."""

    def __init__(self, out: Path, name: str, inputs: list[Path]) -> None:
        digest = hashlib.sha256()
        for path in [Path(__file__), *inputs, *sources(NATIVE / "core"), *sources(NATIVE / "guard")]:
            digest.update(path.read_bytes())
        self.out, self.path, self.text = out, out / ".stamps" / name, digest.hexdigest()

    def is_current(self, *products: str) -> bool:
        """Whether everything is there, and made from what is here now."""
        if not all((self.out / product).exists() for product in products):
            return False
        return self.path.exists() and self.path.read_text() == self.text

    def __enter__(self) -> Stamp:  # noqa: PYI034  typing.Self is newer than Python 3.10
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if kind is None:
            fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}")
            fresh.write_text(self.text)
            fresh.replace(self.path)


def sources(folder: Path) -> list[Path]:
    """What a crate or a Python folder is built from."""
    kinds = {".c", ".h", ".lock", ".py", ".rs", ".toml", ".udl"}
    found = (path for path in folder.rglob("*") if path.suffix in kinds and path.is_file())
    return sorted(path for path in found if not {"target", "__pycache__"} & set(path.relative_to(folder).parts))


def cargo(verb: str, *options: str, manifest: Path) -> None:
    """Run cargo on a crate below this folder. Raises BuildError with what it said."""
    command = ["cargo", verb, *options, "--locked", "--quiet", "--manifest-path", str(manifest), "--target-dir", str(TARGET)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    sys.stderr.write(done.stderr)


def place(made: Path, product: Path, scratch: Path) -> None:
    """Put a file in place in one step: somebody may have the old one loaded."""
    shutil.copyfile(made, scratch / product.name)
    (scratch / product.name).replace(product)


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the foreign surfaces of the core.")
    parser.add_argument("--out", type=Path, help="folder to build into")
    try:
        print(build(parser.parse_args().out))
    except BuildError as error:
        sys.exit(f"a foreign surface does not compile:\n{error}")


if __name__ == "__main__":
    main()
