"""A simulated executor of many workers: time is virtual, and no task is computed."""

import concurrent.futures as cf
import heapq
from collections import deque

import numpy as np

from fastrest.runtime.workers import Done


class Cluster(cf.Executor):
    """Workers that take tasks in the order of submission, each task for a virtual time.

    Parameters
    ----------
    workers : int
    seconds : float
        Time of a point.
    answer : callable
        Returns the result of a task.
    rng : int, optional
        The seed of the speeds of tasks, which differ by 30 % around the mean.
    caller : float
        Virtual time that the caller takes for one result.
    """

    def __init__(self, workers, seconds, answer, rng=1, caller=1e-4):
        self._max_workers = workers
        self.seconds, self.answer, self.caller = seconds, answer, caller
        self.speed = np.random.default_rng(rng)
        self.now = self.busy = self.end = 0.0
        self.free = workers
        self.waiting, self.running, self.ended = deque(), [], deque()
        self.tasks = []

    def submit(self, work, task, *parcels):
        future = cf.Future()
        self.tasks.append(task)
        self.waiting.append((future, task))
        self._start(self.now)
        return future

    def _start(self, time):
        while self.waiting and self.free:
            future, task = self.waiting.popleft()
            took = (task.stop - task.start) * self.seconds * self.speed.uniform(0.7, 1.3)
            heapq.heappush(self.running, (time + took, len(self.tasks), id(future), future, task))
            self.free -= 1
            self.busy += took
            future.took = took

    def put(self, future):
        """Take the place of the caller's queue: a task has ended."""
        self.ended.append(future)

    def get(self):
        """Take the place of the caller's queue: time passes until a task ends."""
        self.now += self.caller
        while self.running and (not self.ended or self.running[0][0] <= self.now):
            time, *_, future, task = heapq.heappop(self.running)
            if not self.ended:
                self.now = max(self.now, time)
            self.end = time
            self.free += 1
            self._start(time)
            future.set_result(Done(self.answer(task), future.took, future.took))
        return self.ended.popleft()

    @property
    def share(self):
        """The part of the workers' time in which they were busy."""
        return self.busy / (self._max_workers * self.end)
