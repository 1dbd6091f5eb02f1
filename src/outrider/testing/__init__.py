"""Public fakes that answer by prefix, a simulated person, and the virtual clock."""

from outrider.testing.clock import Deadlock, VirtualLoop, run
from outrider.testing.fakes import FakeAgent, ScriptedAgent, steps
from outrider.testing.person import SimulatedPerson, Window

__all__ = ["Deadlock", "FakeAgent", "ScriptedAgent", "SimulatedPerson", "VirtualLoop", "Window", "run", "steps"]
