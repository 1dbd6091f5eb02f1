"""Tools that act on the world: what each does to it, and how a step is run."""

from outrider.tools.environments import Forkable
from outrider.tools.loading import toolbox_from
from outrider.tools.tool import Tool, tool
from outrider.tools.toolbox import Described, Toolbox
from outrider.tools.typed import Key

__all__ = ["Described", "Forkable", "Key", "Tool", "Toolbox", "tool", "toolbox_from"]
