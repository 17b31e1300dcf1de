"""Puts the promoted release and the spoken samples into the wheel; the rest of the build is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

CARRIED = ("models/promoted", "data/samples")
PULL = "get it with `dvc pull --allow-missing` before you build a wheel"


class Carrying(build_py):
    """Copies what serving/promoted.py looks for into undertone/carried; an editable install finds it in the clone."""

    def run(self) -> None:
        """Build the packages, then copy.

        Raises:
            SystemExit: a folder is missing; a wheel without a release would serve nothing.
        """
        super().run()
        if not self.editable_mode:
            for folder in CARRIED:
                if not Path(folder).is_dir():
                    raise SystemExit(f"there is no {folder}: {PULL}")
                shutil.copytree(folder, Path(self.build_lib) / "undertone/carried" / folder, dirs_exist_ok=True)


setup(cmdclass={"build_py": Carrying})
