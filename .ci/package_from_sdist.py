"""Build as a packager would: sdist, wheel from the unpacked sdist, fresh environment. Usage: package_from_sdist.py DIR."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("README.md", "LICENSE-MIT", "LICENSE-APACHE", "tox.ini", "native/Cargo.lock", "native/specimens/specimens.toml", "native/foreign/c/deadhand.h")
IN_WHEEL = ("deadhand/", "deadhand-")
FORBIDDEN = ("specimen", "foreign", "core_c", "tests/", "strategies/", "spec_")


def main(scratch: Path) -> None:
    """Every step in turn; the first that fails ends the process with its reason."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    sdist = build("--sdist", ROOT, scratch / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(scratch / "source", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (source,) = (scratch / "source").iterdir()
    missing = [name for name in NEEDED if not (source / name).exists()]
    if missing:
        sys.exit(f"{sdist.name} lacks {', '.join(missing)}")
    built = [str(path.relative_to(source)) for path in source.rglob("*") if path.suffix in (".so", ".pyc", ".o")]
    if built:
        sys.exit(f"{sdist.name} holds build products: {', '.join(built[:5])}")
    wheel = build("--wheel", source, scratch / "wheel")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    strangers = [name for name in names if not name.startswith(IN_WHEEL) or any(part in name for part in FORBIDDEN)]
    if strangers:
        sys.exit(f"{wheel.name} holds what is no part of the product: {', '.join(strangers[:5])}")
    environment = scratch / "environment"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    run(str(python), "-m", "pip", "install", "--quiet", str(wheel))
    version = run(str(environment / "bin" / "deadhand"), "--version", cwd=scratch).strip()
    expected = wheel.name.split("-")[1]
    if expected not in version.split():
        sys.exit(f"deadhand --version says {version!r}; the wheel is {expected}")
    print(f"{sdist.name} -> {wheel.name} ({len(names)} files) -> {version}")


def build(what: str, source: Path, out: Path) -> Path:
    """Build one distribution and return its path."""
    run(sys.executable, "-m", "build", what, "--outdir", str(out), str(source))
    (product,) = out.iterdir()
    return product


def run(*command: str, cwd: Path = ROOT) -> str:
    """Run a command; what it printed. Its failure ends this process with its output."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=dict(os.environ))
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
