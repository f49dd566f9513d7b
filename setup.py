"""Carries the definitions and catalogues, which lie beside `server/`, inside it in a wheel."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

CARRIED = ("workflow_defs", "translations")


class CarryData(build_py):
    """The usual build, and the two folders that server/kernel/places.py looks for."""

    def run(self) -> None:
        super().run()
        for name in CARRIED if not self.editable_mode else ():
            shutil.copytree(name, Path(self.build_lib, "server", name), dirs_exist_ok=True)


setup(cmdclass={"build_py": CarryData})
