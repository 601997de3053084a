"""What all schedulers of the learning rate share."""

from __future__ import annotations

from typing import Any

from chainrule.optim.optimizer import Optimizer

__all__ = ["LRScheduler", "of_each_group"]


class LRScheduler:
    """The base of schedulers; one defines `get_lr`. `last_epoch` is t; given, the time after which to go on.

    It sets the rate of every parameter group of `optimizer`, at first and at each `step()`. After `add_param_group` it
    has to be made anew: `step()` refuses a group that it does not know, where most of PyTorch's go on. Errors: KeyError
    where it is to go on, and the optimizer does not know its first rates; ValueError in `step()` for another number of
    groups.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if last_epoch != -1 and any("initial_lr" not in group for group in optimizer.param_groups):
            raise KeyError("resuming at last_epoch needs 'initial_lr' in every parameter group of the optimizer")
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        LRScheduler.step(self)

    def get_lr(self) -> list[float]:
        """The rate of every parameter group at time `last_epoch`."""
        raise NotImplementedError(f"{type(self).__name__} does not define get_lr()")

    def get_last_lr(self) -> list[float]:
        """The rates now in use."""
        return list(self._last_lr)

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next time, or to the given one, and set the optimizer's rates."""
        self._check_groups()
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self._last_lr = self.get_lr()
        for group, lr in zip(self.optimizer.param_groups, self._last_lr, strict=True):
            group["lr"] = lr

    def _check_groups(self) -> None:
        """Refuse, before anything changes, an optimizer that has other groups than those that the rates are for."""
        known, groups = len(self.base_lrs), len(self.optimizer.param_groups)
        if known != groups:
            raise ValueError(
                f"{type(self).__name__} was made for {known} parameter group{'s' * (known != 1)}, the optimizer has "
                f"{groups} now: make the scheduler after add_param_group"
            )

    def state_dict(self) -> dict[str, Any]:
        """All that it knows, except for the optimizer and functions."""
        return {key: value for key, value in vars(self).items() if key not in ("optimizer", "lr_lambdas", "schedulers")}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where another one stopped."""
        vars(self).update(state_dict)


def of_each_group(name: str, value: float | list[float], optimizer: Optimizer) -> list[float]:
    """One value for each parameter group, or one for all."""
    groups = len(optimizer.param_groups)
    values = list(value) if isinstance(value, list | tuple) else [value] * groups
    if len(values) != groups:
        raise ValueError(f"{name}: {len(values)} values for {groups} parameter groups")
    return values
