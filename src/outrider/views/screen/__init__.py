"""The terminal screen of one session: the person watches, and takes part."""

from outrider.views.screen.app import PlanScreen
from outrider.views.screen.running import on_terminal, svg_of
from outrider.views.screen.terminal import Terminal

__all__ = ["PlanScreen", "Terminal", "on_terminal", "svg_of"]
