"""Learning rates over the course of a training: functions of the share that is done, for `fit(schedule=...)`."""

__all__ = ["one_cycle"]


def one_cycle(done: float, warm_up: float = 0.2) -> float:
    """A straight line up to 1 during the share `warm_up`, and another down to 0 at the end; `done` is the share so far.

    Small steps first, while the gradients are wild; large ones to get far; small ones to settle.
    After Smith, Topin: Super-convergence (2018), without its last, still smaller phase.
    """
    return min(done / warm_up, (1 - done) / (1 - warm_up))
