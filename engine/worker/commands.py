"""What each command does: at once, or by a job for the scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.types import Prediction, UserError
from engine.worker import protocol as ev
from engine.worker.jobs.attack import AttackJob
from engine.worker.jobs.base import WorkerJob
from engine.worker.jobs.explain import ExplainJob
from engine.worker.jobs.glance import GlanceJob
from engine.worker.jobs.load import LoadJob
from engine.worker.jobs.survey import SurveyJob
from engine.worker.jobs.trace import TraceJob
from engine.worker.picture_finder import Listing
from engine.worker.reporter import Reporter, failure
from engine.worker.scheduler import Scheduler

if TYPE_CHECKING:
    from engine.attacks.attack_run import AttackRun
    from engine.models.classifier import Classifier
    from engine.worker.open_picture import OpenPicture


class CommandHandler:
    """The loaded network, the open picture and the jobs on them; tells all through `reporter`.

    `listing` are the pictures that are browsed. Its methods are called on one thread.
    """

    def __init__(self, reporter: Reporter) -> None:
        self.listing = Listing(())
        self._reporter = reporter
        self._jobs: Scheduler[WorkerJob] = Scheduler(self._job_failed)
        self._classifier: Classifier | None = None
        self._predictions: dict[str, Prediction] = {}
        self._picture: OpenPicture | None = None
        self._run_id = 0  # of the attack, or the open picture where there is none
        self._survey: SurveyJob | None = None
        self._tracing: ev.TraceEvidence | None = None
        self._trace: TraceJob | None = None
        self._after_load: list[ev.Command] = []

    # --- for the thread -----------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether there is a chunk to do."""
        return self._jobs.following() is not None

    @property
    def waiting(self) -> str:
        """What is waited for, in words, where there is no chunk to do; empty for nothing."""
        return self._jobs.waiting

    def do_chunk(self) -> None:
        """One chunk of the most urgent work, if there is any."""
        job = self._jobs.following()
        if job is None:
            return
        self._reporter.beat(job.doing)
        self._jobs.do_chunk(job)
        if self._after_load and LoadJob.name not in self._jobs:
            waiting, self._after_load = self._after_load, []
            for command in waiting if self._classifier else ():
                self.take(command)

    def take(self, command: ev.Command) -> None:
        """Do what a command says, or begin it; a failure is told."""
        played = AttackJob.name in self._jobs
        try:
            self._handle(command)
        except Exception as error:
            run_id = getattr(command, "run_id", 0)
            self._reporter.emit(failure(type(command), error, run_id))
            if played and AttackJob.name not in self._jobs:
                self._show()

    def close(self) -> None:
        """End all work."""
        self._jobs.drop_all()

    def _job_failed(self, job: WorkerJob, error: Exception) -> None:
        self._reporter.emit(failure(job.command, error, job.run_id))
        if job.name == AttackJob.name:
            self._show()

    # --- commands -----------------------------------------------------------------------------

    def _handle(self, command: ev.Command) -> None:
        jobs, emit = self._jobs, self._reporter.emit
        match command:
            case ev.LoadModel(settings):
                played = AttackJob.name in jobs
                self._cancel()
                if played:  # the picture stays open until the network is there
                    self._show()
                jobs.put(LoadJob(self._reporter, settings, self._loaded))
            case ev.Cancel():
                self._cancel()
                self._show()
                self._reporter.say("")
            case ev.Glance(paths):
                predictions = self._predictions
                jobs.put(GlanceJob(self._reporter, paths, lambda: self._classifier, predictions))
            case ev.ListModels():
                from engine.models.catalog import list_networks

                emit(ev.ModelsListed(list_networks()))
            case _ if LoadJob.name in jobs:
                self._after_load.append(command)  # what follows is meant for the new network
            case ev.Open():
                self._open(command)
            case ev.StartAttack():
                self._start(command)
            case ev.Play() | ev.Pause() | ev.StepBy() | ev.Seek():
                self._move(command)
            case ev.Explain():
                jobs.drop(ExplainJob.name)
                picture = self._need_picture("there is nothing to explain.")
                jobs.put(ExplainJob(self._reporter, command, picture, self.listing))
            case ev.TraceEvidence():
                jobs.drop(TraceJob.name)
                self._tracing, self._trace = command if command.every else None, None
                self._go_on_tracing()
            case ev.Survey():
                jobs.drop(SurveyJob.name)
                self._survey = SurveyJob(self._reporter, command, self._need_classifier())
                jobs.put(self._survey)
            case ev.SteerSurvey(wish):
                if self._survey is not None and SurveyJob.name in jobs:
                    self._survey.steer(wish)
            case ev.CompareSurveys(folders):
                from engine.surveys.compare import compare

                emit(ev.SurveysCompared(compare(folders)))
            case ev.Save(folder):
                if self._picture is None:
                    raise UserError("there is no attack to save: start one first.")
                emit(ev.Saved(self._picture.save(folder)))
            case _:
                raise UserError(f"unknown command {command!r}.")

    def _loaded(self, classifier: Classifier) -> None:
        self._classifier, self._picture, self._trace = classifier, None, None
        self._predictions.clear()
        self._reporter.device = str(classifier.device)
        self._reporter.emit(ev.Loaded(classifier.info()))

    def _cancel(self) -> None:
        self._jobs.drop_all(but=SurveyJob.name)
        self._after_load.clear()

    def _open(self, command: ev.Open) -> None:
        from engine.worker.open_picture import OpenPicture

        self._jobs.drop(AttackJob.name, ExplainJob.name, TraceJob.name)
        self._picture = OpenPicture(self._need_classifier(), command.path)
        self._trace = None
        self._run_id = command.run_id
        opened = self._picture.opened(command.run_id)
        self._predictions[command.path] = opened.predictions[0]
        self._reporter.emit(opened)
        self._reporter.emit(ev.Glanced(command.path, opened.predictions[0]))

    def _start(self, command: ev.StartAttack) -> None:
        self._jobs.drop(AttackJob.name, ExplainJob.name, TraceJob.name)
        picture = self._need_picture("open one first.")
        # Even if it is refused: the attack before is then gone on with under this run.
        self._run_id, self._trace = command.run_id, None
        self._reporter.forget_rate()
        self._jobs.forget_time()
        attack = picture.start(command.settings)
        self._show(playing=command.play)
        if command.play:
            self._jobs.put(AttackJob(self._reporter, self._run_id, attack))
        self._go_on_tracing()

    def _move(self, command: ev.Play | ev.Pause | ev.StepBy | ev.Seek) -> None:
        attack = self._attack
        if attack is None:
            raise UserError("there is no attack yet: start one first.")
        self._jobs.drop(AttackJob.name)
        last, until, plays = len(attack.trace) - 1, None, False
        match command:
            case ev.Play():
                attack.seek(last)
                plays = not attack.finished
            case ev.Seek(step):
                attack.seek(step)
            case ev.StepBy(n):
                until = attack.cursor + n
                attack.seek(until)
                plays = until > last and not attack.finished
        if plays:
            self._jobs.put(AttackJob(self._reporter, self._run_id, attack, until))
        if until is None or not plays:
            self._show(playing=plays)
        if TraceJob.name not in self._jobs:  # it was cancelled, or another attack was refused
            self._go_on_tracing()

    def _go_on_tracing(self) -> None:
        asked, picture = self._tracing, self._picture
        if asked is None or picture is None or picture.attack is None:
            return
        if self._trace is None:
            self._trace = TraceJob(self._reporter, self._run_id, asked, picture, self.listing)
        self._jobs.put(self._trace)

    @property
    def _attack(self) -> AttackRun | None:
        return None if self._picture is None else self._picture.attack

    def _show(self, playing: bool = False) -> None:
        """Tell what the attack's cursor is on, if there is an attack."""
        if (attack := self._attack) is not None:
            self._reporter.emit(ev.Stepped(self._run_id, attack.frame(playing)))

    def _need_picture(self, otherwise: str) -> OpenPicture:
        if self._picture is None:
            raise UserError(f"no picture is open: {otherwise}")
        return self._picture

    def _need_classifier(self) -> Classifier:
        if self._classifier is None:
            raise UserError("no network is loaded: choose one first.")
        return self._classifier
