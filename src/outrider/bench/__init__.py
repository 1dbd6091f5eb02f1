"""Evidence: what schedulers come to on recorded runs and on real models, and what can be said of the differences.

``rows`` and ``journals`` read recorded runs, ``suites`` names those that come with Outrider; ``traces`` makes agents of a run;
``schedulers`` are what is compared; ``harness`` runs them all by the live runtime on a virtual clock; ``statistics`` and
``expectation`` say how sure a figure is; ``advice`` says whether it would help; ``live`` compares on real models.
"""
