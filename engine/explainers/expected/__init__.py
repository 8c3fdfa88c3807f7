"""Expected gradients by our own estimator: streaming, shared draws, known error.

phi = E over background b and position a of (x - b) * grad f_c(b + a (x - b)), the values that
SHAP's GradientExplainer estimates (Lundberg & Lee 2017; Erion et al. 2021). How the draws are
placed is told in `sampling_design` (stratified, unbiased) and `importance` (for probabilities), the
error in `error_accumulator`.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.explainers.base import Explainer, Request
from engine.types.choices import LAYER_FORMS, LayerForm
from engine.types.fields import setting
from engine.types.settings import AtLayer, Compared, ExplainSettings, Sampled

MAPS = 60
"""Maps a query: sums, errors, deviations, and what the reader holds.

Measured by `tests.bench.explain_memory`.
"""


@dataclass(frozen=True, kw_only=True)
class Settings(Sampled, AtLayer, Compared, ExplainSettings):
    """Expected gradients: see the package's docstring.

    `layer_form`: the gradient at a layer times the activation there, or times the difference to the
    background's, which is complete.
    """

    layer_form: LayerForm = setting(
        "activation",
        "choice",
        "at a layer",
        choices=LAYER_FORMS,
        choice_labels=("× activation", "× difference"),
        hint="gradient, or its complete form",
        help="gradient times activation, or its complete form",
    )


def maps(settings: ExplainSettings, rows: int) -> int:
    """`MAPS`, and the half-clusters of one pass, which wait until all of its classes are there."""
    return MAPS + (settings.draws or rows) // 2


def explainer(request: Request) -> Explainer:
    """Begin expected gradients; `samples` counts draws.

    Raises:
        UserError: the layer does not exist, is not run once, or does not take a tensor.
    """
    from engine.explainers.expected.estimator import ExpectedGradients

    return ExpectedGradients(request)
