"""NumPy, for the modules that cannot do without it: nothing else of ours imports it."""

from __future__ import annotations

from typing import TypeAlias

from outrider.errors import BadOption

try:
    import numpy as np
    from numpy.typing import NDArray
except ImportError:
    raise BadOption("simulating many episodes at once needs NumPy; install it with: pip install 'outrider[bench]'") from None

Array: TypeAlias = NDArray[np.float64]
Truth: TypeAlias = NDArray[np.bool_]
Some: TypeAlias = NDArray[np.intp] | slice
"""Some of the episodes."""

__all__ = ["Array", "NDArray", "Some", "Truth", "np"]
