"""Numbers of examples of property tests."""

from hypothesis import settings


def examples(n):
    """Return settings of n examples under the profile "full", and of a part of them by default.

    The ``max_examples`` of a profile is read as a percentage.
    """
    return settings(max_examples=max(5, n * settings.default.max_examples // 100))
