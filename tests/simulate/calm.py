"""Hypothesis without a clock: a machine that is busy fails no test."""

from hypothesis import HealthCheck, settings

calmly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
