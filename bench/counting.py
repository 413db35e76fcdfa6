"""Embedded mode's settings with one middleware around everything, which tells what an answer cost."""

from controlplane.settings.development import *  # noqa: F403 a mode starts from all of another
from controlplane.settings.development import MIDDLEWARE as USUAL

MIDDLEWARE = ["bench.cost.cost", *USUAL]
