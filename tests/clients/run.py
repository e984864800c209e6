#!/usr/bin/env python3
"""Drives a running Townbell with clients that others wrote.

    TOWNBELL_BIN=target/debug/townbell python3 tests/clients/run.py [--only frost,mqtt] [--variant sandbox]

Makes the Python environment of the clients once (target/clients/venv, from requirements.txt), then hands over to
conduct.py inside it. Needs Debian's python3, python3-venv, mosquitto and mosquitto-clients.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "target" / "clients"
VENV = FOLDER / "venv"
INSTALL_S = 300


def make_environment() -> Path:
    """The environment's Python; made anew when requirements.txt is another than it was made from."""
    wanted = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()
    made_from = VENV / "made-from"
    python = VENV / "bin" / "python"
    if made_from.exists() and made_from.read_text() == wanted and python.exists():
        return python
    shutil.rmtree(VENV, ignore_errors=True)
    print(f"Making the clients' environment in {VENV.relative_to(HERE.parents[1])} ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True, timeout=INSTALL_S)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--requirement", str(HERE / "requirements.txt")], check=True, timeout=INSTALL_S)
    made_from.write_text(wanted)
    return python


def main() -> None:
    try:
        python = make_environment()
    except (subprocess.SubprocessError, OSError) as error:
        sys.exit(f"FAIL  the clients' environment: {error}\n      Debian: apt-get install python3 python3-venv")
    os.execv(python, [str(python), "-B", str(HERE / "conduct.py"), *sys.argv[1:]])


if __name__ == "__main__":
    main()
