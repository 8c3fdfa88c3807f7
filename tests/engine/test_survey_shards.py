"""Sharing the work changes nothing but the time it takes, whoever dies meanwhile."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.builtin import sample_folder
from engine.models.classifier import Classifier
from engine.surveys import processes
from engine.surveys.execution import SurveyRun
from engine.surveys.processes import load_now
from engine.types import ModelSettings, SurveyFrame, UserError, explain_settings
from tests.engine.surveying import Asked, attacks, rows, settings, survey


def asked(out: Path, limit: int, **sharing: Any) -> Asked:
    return settings(
        sample_folder(),
        out,
        attacks=attacks(epsilons=[0.02], targets=["similar"], steps=3),
        explanations=(explain_settings(samples=4, score="logit"),),
        references=("fixed",),
        limit=limit,
        batch=2,
        **sharing,
    )


@pytest.fixture(scope="module")
def network() -> Classifier:
    return load_now(ModelSettings(), "cpu")


@pytest.fixture(scope="module")
def whole(network: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "run"
    survey(asked(out, 8), network)
    return out


def kill_one(run: Iterator[SurveyFrame | None], find: object) -> tuple[int, SurveyFrame]:
    """Kill a process that `find` names once something is done; deaths and the last frame."""
    killed, last = 0, None
    for frame in run:
        last = frame or last
        if not killed and last is not None and last.done:
            for pid in find():  # type: ignore[operator]
                os.kill(pid, signal.SIGKILL)
                killed += 1
                break
    assert last is not None
    return killed, last


def test_two_processes_give_what_one_gives_even_if_one_dies(
    network: Classifier, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools, inner = [], processes.ProcessPoolExecutor

    def noted(*arguments: object) -> object:
        pools.append(inner(*arguments))  # type: ignore[arg-type]
        return pools[-1]

    monkeypatch.setattr(processes, "ProcessPoolExecutor", noted)
    shared = asked(tmp_path / "run", 8, devices=("cpu", "cpu"))
    run = SurveyRun(*shared, network).frames()
    killed, last = kill_one(run, lambda: [pid for pool in pools for pid in pool._processes or ()])
    assert (killed, last.state) == (1, "finished")
    assert rows(tmp_path / "run") == rows(whole)


def test_a_run_that_one_process_began_two_can_end(
    network: Classifier, whole: Path, tmp_path: Path
) -> None:
    run = SurveyRun(*asked(tmp_path / "run", 8), network)
    for frame in run.frames():
        if frame is not None and frame.done:
            run.stop()
    survey(asked(tmp_path / "run", 8, devices=("cpu",)), network)
    assert rows(tmp_path / "run") == rows(whole)


def test_a_device_that_is_not_here_is_told(network: Classifier, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="device 'cuda:7' is not here"):
        survey(asked(tmp_path / "run", 2, devices=("cuda:7",)), network)


@pytest.mark.slow
def test_ray_gives_what_one_process_gives_even_if_a_worker_is_killed(
    network: Classifier, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="ray is not installed (the extra `ray`)")
    psutil = pytest.importorskip("psutil", reason="finding ray's workers takes psutil")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent.parent))
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")

    def workers() -> list[int]:
        mine = psutil.Process().children(recursive=True)
        return [one.pid for one in mine if one.name().startswith("ray::_work")]

    try:
        run = SurveyRun(*asked(tmp_path / "run", 8, ray=""), network).frames()
        killed, last = kill_one(run, workers)
    finally:
        ray.shutdown()
    assert (killed, last.state) == (1, "finished")
    assert rows(tmp_path / "run") == rows(whole)


def test_no_cluster_at_the_address_is_told(network: Classifier, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="ray is not installed (the extra `ray`)")
    with pytest.raises(UserError, match=r"no Ray cluster at 127\.0\.0\.1:1"):
        survey(asked(tmp_path / "run", 2, ray="127.0.0.1:1"), network)
