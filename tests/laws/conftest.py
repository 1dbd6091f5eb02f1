"""How hard the laws are tried: OUTRIDER_LAWS=ci (the default), thorough, or mutants (the same examples every time)."""

import os

from hypothesis import HealthCheck, Phase, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("ci", max_examples=200, deadline=None, suppress_health_check=SLOW)
settings.register_profile("thorough", max_examples=3000, deadline=None, suppress_health_check=SLOW)
settings.register_profile(
    "mutants", max_examples=80, deadline=None, derandomize=True, database=None, suppress_health_check=SLOW,
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
settings.load_profile(os.environ.get("OUTRIDER_LAWS", "ci"))
