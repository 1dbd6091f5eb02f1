"""Public fakes that answer by prefix, and the virtual clock."""

from outrider.testing.clock import Deadlock, VirtualLoop, run
from outrider.testing.fakes import FakeAgent, ScriptedAgent, steps

__all__ = ["Deadlock", "FakeAgent", "ScriptedAgent", "VirtualLoop", "run", "steps"]
