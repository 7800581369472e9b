"""A scenario that kills its worker: in a module of its own, so that the worker has little to import."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from mscmeta.simulate import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Fatal(Scenario):
    """Kills the process that computes it, once: the file says that it has happened."""

    flag: str

    def draw(self, rng, replicates):
        if not Path(self.flag).exists():
            Path(self.flag).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return Scenario.draw(self, rng, replicates)
