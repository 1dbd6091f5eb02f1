"""Public fakes that answer by prefix, fake tools, a simulated person, and the virtual clock."""

from outrider.testing.clock import Deadlock, VirtualLoop, run
from outrider.testing.fakes import FakeAgent, ScriptedAgent, steps
from outrider.testing.person import SimulatedPerson, Window
from outrider.testing.tools import FakeTools

__all__ = ["Deadlock", "FakeAgent", "FakeTools", "ScriptedAgent", "SimulatedPerson", "VirtualLoop", "Window", "run", "steps"]
