"""What programs ask before they go on without a graphics card: there is none here."""

__all__ = ["device_count", "is_available", "manual_seed", "manual_seed_all"]


def is_available() -> bool:
    """Whether tensors can lie on a graphics card: no."""
    return False


def device_count() -> int:
    """The number of graphics cards that can be used: 0."""
    return 0


def manual_seed(seed: int) -> None:
    """Does nothing, as there is nothing to seed; `chainrule.manual_seed` seeds all random numbers."""


def manual_seed_all(seed: int) -> None:
    """Does nothing, as there is nothing to seed; `chainrule.manual_seed` seeds all random numbers."""
