"""torchvision, imported even where its compiled operators do not match torch.

A CPU build of torch beside torchvision's usual wheel (which links CUDA) cannot load them, and
torchvision then fails at import while it describes `nms`. Classification networks need none of
these operators, so declaring the two that are missed is enough.
"""

from __future__ import annotations

from typing import Any

import torch

try:
    import torchvision
except RuntimeError as error:
    if "torchvision::" not in str(error):
        raise
    _library: Any = torch.library  # which releases of torch annotate in part
    _declared = _library.Library("torchvision", "DEF")
    for _name in ("nms", "qnms"):
        _schema = f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        _declared.define(_schema)
    import torchvision

__all__ = ["torchvision"]
