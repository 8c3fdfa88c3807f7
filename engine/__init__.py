"""Attacks on image classifiers, and the evidence (SHAP values) for what they say, as a library.

Everything here is imported on first use: `import engine` loads neither torch nor numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.library import (
        Classifier,
        attack,
        compare,
        explain,
        load,
        networks,
        prepare,
        run_attack,
        save_step,
        statistics,
        survey,
    )
    from engine.types import (
        EXPLAINERS,
        METHODS,
        AttackSettings,
        AttackStep,
        Execution,
        Experiment,
        ExplainSettings,
        Explanation,
        ModelSettings,
        UserError,
        attack_settings,
        explain_settings,
    )

__all__ = [
    "EXPLAINERS",
    "METHODS",
    "AttackSettings",
    "AttackStep",
    "Classifier",
    "Execution",
    "Experiment",
    "ExplainSettings",
    "Explanation",
    "ModelSettings",
    "UserError",
    "attack",
    "attack_settings",
    "compare",
    "explain",
    "explain_settings",
    "load",
    "networks",
    "prepare",
    "run_attack",
    "save_step",
    "statistics",
    "survey",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    types = import_module("engine.types")
    home = types if name in types.__all__ else import_module("engine.library")
    return getattr(home, name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
