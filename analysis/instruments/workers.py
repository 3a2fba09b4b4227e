"""Processes that share the work, and end with the one that started them, however it ends."""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed


def results_as_they_come(function, jobs, workers):
    """Pairs (job, function(job)), in the order in which they are done.

    workers : processes, each with one thread; 1 is this process, as it is

    If a job raises, or this process is interrupted, the others are not waited for.
    """
    if workers == 1:
        yield from ((job, function(job)) for job in jobs)
        return
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(theirs,))
    try:
        futures = {pool.submit(function, job): job for job in jobs}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException:
        ours.close()
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()
    ours.close()


def _start(parent):
    """Prepare a worker. `parent` is the end of a pipe of which the other is open as long as anybody waits for it."""
    import sklearn.linear_model  # noqa: F401, a limit holds for the libraries that are loaded when it is set
    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt of all is the parent's to tell
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    threadpool_limits(1)


def _end_with(parent):
    try:
        parent.recv()
    except EOFError:
        os._exit(1)
