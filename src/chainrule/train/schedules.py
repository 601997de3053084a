"""Learning rates over the course of a training: functions of the share that is done, for `fit(schedule=...)`."""

__all__ = ["one_cycle"]


def one_cycle(done: float, warm_up: float = 0.2, start: float = 0.0, end: float = 0.0) -> float:
    """A straight line from `start` up to 1 during the share `warm_up`, and another down to `end`.

    `done` is the share of the training so far.

    Small steps first, while the gradients are wild; large ones to get far; small ones to settle.
    After Smith, Topin: Super-convergence (2018), without its last, still smaller phase.
    """
    if done < warm_up:
        return start + (1 - start) * done / warm_up
    return end + (1 - end) * (1 - done) / (1 - warm_up)
