"""The walls of the house stand: imports run downhill, libraries stay where they belong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_imports_keep_to_the_contracts():
    lint = Path(sys.executable).with_name("lint-imports")

    found = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stdout[found.stdout.find("Contracts") :]
