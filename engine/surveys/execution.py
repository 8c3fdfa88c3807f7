"""A survey as a generator: yields how far it is, so that whoever drives it can wait or end it.

The work is done here, by processes (`engine.surveys.processes`) or by a Ray cluster
(`engine.surveys.on_ray`); only this process writes.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from engine.explainers.pacing import Clock
from engine.models.classifier import Classifier
from engine.pictures.background import background_digest
from engine.surveys.context import WorkContext
from engine.surveys.detectors import RESAMPLES
from engine.surveys.experiment import BATCH, BATCH_DEVICE, ROWS, ROWS_DEVICE, Item, make_plan
from engine.surveys.findings import SHOWN, Findings
from engine.surveys.identity import identity
from engine.surveys.on_ray import check_ray, on_ray
from engine.surveys.processes import Task, check_devices, on_devices
from engine.surveys.records import PictureRecord
from engine.surveys.report import write_report
from engine.surveys.run_folder import SETTINGS, RunFolder, read_settings
from engine.surveys.thresholds import remember
from engine.surveys.work import work
from engine.types import (
    BadRunFolder,
    Execution,
    Experiment,
    SurveyFrame,
    SurveyState,
    UserError,
)

LIVE = ("mean", SHOWN, "coherence")
"""Statistics told while the survey runs; the report has all."""
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
    """One survey, from what is asked to its report.

    Args:
        experiment: what is asked.
        execution: where and how many at once.
        classifier: the network, loaded; `devices` and `ray` load their own copies.

    Raises:
        UserError: anything about settings, folder or `out` that must be put right first; nothing
            has been overwritten then.
    """

    def __init__(
        self, experiment: Experiment, execution: Execution, classifier: Classifier
    ) -> None:
        self.stopping = False
        self.experiment, self.execution = experiment, execution
        self.plan = make_plan(experiment, classifier)
        self.out = Path(execution.out).expanduser()
        self.batch, self.threads, rows = _resolved(execution, self.out, classifier.device.type)
        for one in experiment.explanations:
            if one.layer is not None:
                classifier.layer(one.layer)  # an unknown name is told at once
        check_devices(execution.devices, classifier.device.type)
        if execution.ray is not None:
            check_ray()
        self.identity = identity(
            experiment, classifier, self.plan, batch=self.batch, threads=self.threads, rows=rows
        )
        self.context = WorkContext.make(classifier, experiment, self.plan, rows)
        compared = any(one.has_background for one in experiment.explanations)
        self.background = background_digest(self.plan.background) if compared else ""
        self._clock = Clock()
        self._first = 0

    def stop(self) -> None:
        """End after the items in work."""
        self.stopping = True

    def __iter__(self) -> Iterator[SurveyFrame]:
        """Run; yields how far it is now and then, the last time at its end. See `frames`."""
        for frame in self.frames():
            if frame is not None:
                yield frame

    def frames(self) -> Iterator[SurveyFrame | None]:
        """Run; yields None between chunks and a frame now and then. The last frame tells all.

        Closing the generator gives up the items in work; all others are on disk.

        Raises:
            UserError: the run's folder cannot be used, or no picture could be surveyed.
        """
        about = {
            "labels": self.plan.rule,
            "background": self.background,
            "pictures": len(self.plan.items),
            "torch": _versions(),
        }
        with RunFolder(self.out, self.identity, about) as kept:
            groups = [
                group
                for group in self.plan.groups(self.batch)
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
                raise BadRunFolder(
                    f"{kept.pending} finished pictures could not be written because the disk is"
                    f" full: free space for {self.out} and run the same command again."
                )
            state: SurveyState = "finished"
            if len(kept.records) < len(self.plan.items):
                state = "stopped"
            self._check_any(kept, state)
            last = self.frame(kept, state, live=False)
            yield None
            findings = Findings(self.experiment, self.plan, kept.records.values())
            learned = []
            for pair in findings.learned():  # each takes a moment: let the driver breathe
                learned.append(pair)
                yield None
            told = self.identity, self.plan.rule, self.background
            write_report(self.out, *told, findings, last, learned)
            rows = tuple(row for row, _ in learned)
            notes = (*last.notes, *self._remember(last))
            yield replace(last, separations=(*last.separations, *rows), notes=notes)

    def _work(self, groups: Groups) -> Done:
        task, execution = Task.of(self.context, self.threads), self.execution
        if execution.ray is not None:
            kind = self.context.classifier.device.type
            return on_ray(task, kind, execution.ray, groups, self.wants_stop)
        if execution.devices:
            return on_devices(task, execution.devices, groups, self.wants_stop)
        return self._here(groups)

    def wants_stop(self) -> bool:
        """Whether no further item should be begun."""
        return self.stopping

    def _here(self, groups: Groups) -> Done:
        threads = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            for group in groups:
                if self.stopping:
                    return
                records = yield from work(self.context, group)
                yield records
        finally:
            torch.set_num_threads(threads)

    def _remember(self, last: SurveyFrame) -> tuple[str, ...]:
        """Keep the thresholds that a finished survey has found; a note where that fails."""
        if last.state != "finished":
            return ()
        try:
            remember(self.experiment.model, self.plan.explanations, last)
        except UserError as error:
            return (f"thresholds are not remembered: {str(error).rstrip('.')}",)
        return ()

    def _check_any(self, kept: RunFolder, state: SurveyState) -> None:
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

    def frame(self, kept: RunFolder, state: SurveyState, *, live: bool = True) -> SurveyFrame:
        """What is known now; with fewer resamples and statistics while `live`."""
        findings = Findings(self.experiment, self.plan, kept.records.values())
        total, done = len(self.plan.items), len(kept.records)
        elapsed = self._clock.seconds
        rate = (done - self._first) / elapsed if elapsed > 0 else math.nan
        most, least = findings.ends()
        notes = [self.plan.rule, self._background_note(), kept.note, failures(findings.records)]
        if kept.pending:
            notes.append(f"{kept.pending} finished pictures are not on disk yet")
        statistics, resamples = (LIVE, LIVE_RESAMPLES) if live else (None, RESAMPLES)
        return SurveyFrame(
            state=state,
            done=done,
            total=total,
            wrong=sum(record.state == "wrong" for record in findings.records),
            failed=sum(record.state == "failed" for record in findings.records),
            rate=rate,
            seconds_left=(total - done) / rate if math.isfinite(rate) and rate > 0 else math.nan,
            arms=findings.survey_arms(),
            explanations=tuple(self.plan.explanations),
            separations=findings.separations(statistics, resamples),
            most=most,
            least=least,
            statistic=SHOWN,
            notes=tuple(note for note in notes if note),
            out=str(self.out),
        )

    def _background_note(self) -> str:
        count = len(self.plan.background)
        return f"background: {count} pictures, digest {self.background}" if self.background else ""


def failures(records: Iterable[PictureRecord]) -> str:
    """How many pictures failed and why the first one did, or an empty string."""
    failed = sorted((r for r in records if r.state == "failed"), key=lambda r: r.index)
    if not failed:
        return ""
    count = "1 picture" if len(failed) == 1 else f"{len(failed)} pictures"
    return f"{count} failed (rows.csv says why); {failed[0].name}: {failed[0].reason.rstrip('.')}"


def _resolved(execution: Execution, out: Path, kind: str) -> tuple[int, int, int]:
    """Pictures attacked at once, threads, and rows of an explanation's forward pass: last digits
    depend on them.

    What was left open is as in the run's first session, whatever machine goes on with it.
    """
    first = read_settings(out).identity if (out / SETTINGS).exists() else {}
    here = max(1, torch.get_num_threads() // max(1, len(execution.devices)))
    batch = execution.batch or first.get("batch") or BATCH.get(kind, BATCH_DEVICE)
    threads = execution.threads or first.get("threads") or here
    rows = first.get("rows") or ROWS.get(kind, ROWS_DEVICE)
    return int(batch), int(threads), int(rows)


def _versions() -> dict[str, str | int]:
    return {"version": torch.__version__, "cpus": os.cpu_count() or 1}
