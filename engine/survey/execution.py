"""A survey as a generator: yields how far it is, so that whoever drives it can wait or end it.

The work is done here, by processes (`engine.survey.processes`) or by a Ray cluster
(`engine.survey.on_ray`); only this process writes.
"""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from engine.explain.pacing import Clock
from engine.models.classifier import Classifier
from engine.survey.context import Bench
from engine.survey.experiment import BATCH, BATCH_DEVICE, ROWS, ROWS_DEVICE, Item, Plan, make_plan
from engine.survey.findings import SHOWN, Findings
from engine.survey.on_ray import check_ray, on_ray
from engine.survey.processes import check_devices, on_devices
from engine.survey.records import PictureRecord
from engine.survey.report import write_report
from engine.survey.run_folder import SETTINGS, RunDir, read_settings
from engine.survey.work import work
from engine.types import SurveyFrame, SurveySettings, SurveyState, UserError

LIVE_RESAMPLES = 200
"""Bootstrap resamples while the survey runs; the report has more."""
LIVE_SHARE = 0.05
"""Part of the time that summing up may take while the survey runs."""
EVERY = 0.5
"""Seconds between two frames at least."""

Groups = Sequence[tuple[Item, ...]]
Done = Iterator[list[PictureRecord] | None]
"""Records of finished groups in any order; None in between, when there is nothing new."""


class SurveyRun:
    """One survey, from its settings to its report.

    Args:
        settings: what to do.
        classifier: the network, loaded; `devices` and `ray` load their own copies.

    Raises:
        UserError: anything about settings, folder or `out` that must be put right first; nothing
            has been overwritten then.
    """

    def __init__(self, settings: SurveySettings, classifier: Classifier) -> None:
        self.stopping = False
        self.plan = make_plan(settings, classifier)
        self.settings, rows = _resolved(settings, classifier)
        self.out = Path(settings.out).expanduser()
        for one in settings.explanations:
            if one.layer is not None:
                classifier.layer(one.layer)  # an unknown name is told at once
        kind = classifier.device.type
        check_devices(settings.devices, kind)
        if settings.ray is not None:
            check_ray()
        self.identity = identity(self.settings, classifier, self.plan, rows)
        self.bench = Bench.make(classifier, self.settings, self.plan, rows)
        self._clock = Clock()
        self._first = 0

    def stop(self) -> None:
        """End after the items in work."""
        self.stopping = True

    def frames(self) -> Iterator[SurveyFrame | None]:
        """Run; yields None between chunks and a frame now and then. The last frame tells all.

        Closing the generator gives up the items in work; all others are on disk.

        Raises:
            UserError: the run's folder cannot be used, or no picture could be surveyed.
        """
        about = {"labels": self.plan.rule, "pictures": len(self.plan.items), "torch": _versions()}
        with RunDir(self.out, self.identity, about) as kept:
            groups = [
                group
                for group in self.plan.groups(self.settings.batch)
                if any(item.index not in kept.records for item in group)
            ]
            self._clock, self._first = Clock(), len(kept.records)
            due, shown = 0.0, -1
            done = self._work(groups)
            try:
                while True:
                    try:
                        finished = next(done)
                    except StopIteration:
                        break
                    if finished:
                        kept.add(finished)
                    now = time.monotonic()
                    if now >= due and len(kept.records) != shown:
                        shown = len(kept.records)
                        frame = self.frame(kept, "running")
                        with self._clock.paused():  # a survey that is held loses no speed by it
                            yield frame
                        due = time.monotonic() + max(EVERY, (time.monotonic() - now) / LIVE_SHARE)
                    else:
                        with self._clock.paused():
                            yield None
            finally:
                if isinstance(done, Generator):
                    done.close()
            if kept.pending:
                kept.add([])
            if kept.pending:
                raise UserError(
                    f"{kept.pending} finished pictures could not be written because the disk is"
                    f" full: free space for {self.out} and run the same command again."
                )
            state: SurveyState = "finished"
            if len(kept.records) < len(self.plan.items):
                state = "stopped"
            self._check_any(kept, state)
            last = self.frame(kept, state, live=False)
            yield None
            findings = Findings(self.settings, self.plan.arms, kept.records.values())
            learned = []
            for pair in findings.learned():  # each takes a moment: let the driver breathe
                learned.append(pair)
                yield None
            write_report(self.out, self.identity, self.plan.rule, findings, last, learned)
            rows = tuple(row for row, _ in learned)
            yield replace(last, separations=(*last.separations, *rows))

    def _work(self, groups: Groups) -> Done:
        settings = self.settings
        if settings.ray is not None:
            return on_ray(self.bench, groups, self.wants_stop)
        if settings.devices:
            return on_devices(self.bench, groups, self.wants_stop)
        return self._here(groups)

    def wants_stop(self) -> bool:
        """Whether no further item should be begun."""
        return self.stopping

    def _here(self, groups: Groups) -> Done:
        threads = torch.get_num_threads()
        torch.set_num_threads(self.settings.threads or threads)
        try:
            for group in groups:
                if self.stopping:
                    return
                records = yield from work(self.bench, group)
                yield records
        finally:
            torch.set_num_threads(threads)

    def _check_any(self, kept: RunDir, state: SurveyState) -> None:
        if state != "finished" or any(r.state == "done" for r in kept.records.values()):
            return
        wrong = sum(record.state == "wrong" for record in kept.records.values())
        first = next((r.reason for r in kept.records.values() if r.state == "failed"), "")
        if wrong:
            raise UserError(
                f"the network gets none of the {len(kept.records)} pictures right"
                f" ({self.plan.rule}): check --labels and --weights."
            )
        raise UserError(f"none of the {len(kept.records)} pictures could be surveyed: {first}")

    # --- telling ------------------------------------------------------------------------------

    def frame(self, kept: RunDir, state: SurveyState, *, live: bool = True) -> SurveyFrame:
        """What is known now; with fewer resamples and statistics while `live`."""
        findings = Findings(self.settings, self.plan.arms, kept.records.values())
        total, done = len(self.plan.items), len(kept.records)
        elapsed = self._clock.seconds
        rate = (done - self._first) / elapsed if elapsed > 0 else math.nan
        most, least = findings.ends()
        notes = [self.plan.rule, kept.note, failures(findings.records)]
        if kept.pending:
            notes.append(f"{kept.pending} finished pictures are not on disk yet")
        statistics = ("mean", SHOWN, "coherence") if live else None
        return SurveyFrame(
            state=state,
            done=done,
            total=total,
            wrong=sum(record.state == "wrong" for record in findings.records),
            failed=sum(record.state == "failed" for record in findings.records),
            rate=rate,
            seconds_left=(total - done) / rate if rate > 0 else math.nan,
            arms=findings.survey_arms(),
            explanations=findings.names,
            separations=findings.separations(statistics, LIVE_RESAMPLES)
            if statistics
            else findings.separations(),
            most=most,
            least=least,
            statistic=SHOWN,
            notes=tuple(note for note in notes if note),
            out=str(self.out),
        )


def failures(records: Iterable[PictureRecord]) -> str:
    """How many pictures failed and why the first one did, or an empty string."""
    failed = sorted((r for r in records if r.state == "failed"), key=lambda r: r.index)
    if not failed:
        return ""
    count = "1 picture" if len(failed) == 1 else f"{len(failed)} pictures"
    return f"{count} failed (rows.csv says why); {failed[0].name}: {failed[0].reason.rstrip('.')}"


def _resolved(settings: SurveySettings, classifier: Classifier) -> tuple[SurveySettings, int]:
    """With everything filled in that last digits depend on, and the rows of a forward pass.

    What was left open is as in the run's first session, whatever machine goes on with it.
    """
    kind = classifier.device.type
    out = Path(settings.out).expanduser()
    first = read_settings(out).get("identity", {}) if (out / SETTINGS).exists() else {}
    here = max(1, torch.get_num_threads() // max(1, len(settings.devices)))
    batch = settings.batch or first.get("batch") or BATCH.get(kind, BATCH_DEVICE)
    threads = settings.threads or first.get("threads") or here
    rows = first.get("rows") or ROWS.get(kind, ROWS_DEVICE)
    return replace(settings, batch=int(batch), threads=int(threads)), int(rows)


def identity(
    settings: SurveySettings, classifier: Classifier, plan: Plan, rows: int
) -> dict[str, Any]:
    """Everything that the numbers depend on, as JSON's own types."""
    found = asdict(settings)
    for name in ("out", "devices", "ray", "folder", "model"):
        del found[name]
    for one in found["explanations"]:
        del one["background"]
    plain: dict[str, Any] = _lists(found)
    return plain | {
        "network": f"{classifier.name} {digest(classifier)}",
        "folder": f"{len(plan.items)} pictures {plan.digest[:16]}",
        "device": classifier.device.type,
        "rows": rows,
    }


def digest(classifier: Classifier) -> str:
    """Short checksum of a network's weights and labels."""
    found = hashlib.sha256("\n".join(classifier.labels).encode())
    for name, tensor in classifier.module.state_dict().items():
        found.update(name.encode())
        found.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()[:16]


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lists(each) for key, each in value.items()}
    return [_lists(each) for each in value] if isinstance(value, (list, tuple)) else value


def _versions() -> dict[str, str | int]:
    return {"version": torch.__version__, "cpus": os.cpu_count() or 1}
