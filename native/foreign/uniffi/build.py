"""Build the UniFFI surface: the library, the Python binding that UniFFI generates for it, and our adapter beside it.

Standard library only; `native/foreign/build.py` calls `build`. One cargo run makes both the library and the generator,
which so are of one version. Everything is made in a temporary folder and renamed into place.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

CRATE = Path(__file__).resolve().parent
FOREIGN = CRATE.parent
TARGET = FOREIGN / "target"
LIBRARY = "libdeadhand_foreign_uniffi.so"
BINDING = "deadhand_core_uniffi.py"
ADAPTER = "core_uniffi.py"
PRODUCTS = (LIBRARY, BINDING, ADAPTER)


def build(out: Path) -> None:
    """Bring the library, the generated binding and the adapter up to date in `out`. Raises RuntimeError."""
    _run("cargo", "build", "--release", "--locked", "--quiet", "--features", "cli", "--target-dir", str(TARGET))
    out.mkdir(parents=True, exist_ok=True)
    made = TARGET / "release"
    with tempfile.TemporaryDirectory(prefix=".building-", dir=out) as scratch:
        generated = Path(scratch)
        options = ["--language", "python", "--no-format", "--out-dir", str(generated)]
        _run(str(made / "uniffi-bindgen"), "generate", *options, str(made / LIBRARY))
        shutil.copyfile(made / LIBRARY, generated / LIBRARY)
        shutil.copyfile(FOREIGN / "python" / ADAPTER, generated / ADAPTER)
        for product in PRODUCTS:
            (generated / product).replace(out / product)


def _run(*command: str) -> None:
    """In the crate's folder, where the generator asks cargo for what it needs to know."""
    done = subprocess.run(command, cwd=CRATE, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        raise RuntimeError(message)


if __name__ == "__main__":
    build(FOREIGN / "build")
