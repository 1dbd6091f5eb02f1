"""The simulator: the live runtime on a virtual clock with drawn times, and a NumPy model of the same rules for millions."""

from outrider.simulate.episode import Effort, Episode, Position, Setting
from outrider.simulate.latency import ByLength, Constant, Distribution, Empirical, LogNormal, distribution
from outrider.simulate.provider import Provider
from outrider.simulate.runtime import SimulatedAgent, run_episode, run_episodes

__all__ = [
    "ByLength",
    "Constant",
    "Distribution",
    "Effort",
    "Empirical",
    "Episode",
    "LogNormal",
    "Position",
    "Provider",
    "Setting",
    "SimulatedAgent",
    "distribution",
    "run_episode",
    "run_episodes",
]
