"""Distributions as text: reading the form that the command line and plans use."""

from fastrest._core.validation import unknown
from fastrest.distributions.base import Distribution, Scaled
from fastrest.distributions.families import FAMILIES


def distribution_of(text: str) -> Distribution | Scaled:
    """Return the distribution that a text of the command line stands for.

    Parameters
    ----------
    text : str
        As ``uniform:3,6``, ``lognormal:median=0.04,cv=0.5``, or ``times:uniform:0.5,1.5``.

    Returns
    -------
    Distribution or Scaled
        `Scaled` for a text that begins with ``times:``.

    Raises
    ------
    ValueError
        The text names no known distribution, or its arguments break a rule.

    Examples
    --------
    >>> from fastrest.distributions.text import distribution_of
    >>> distribution_of("normal:sd=0.5,low=3")
    normal(sd=0.5, low=3)
    """
    family, _, rest = text.partition(":")
    if family == "times":
        inner = distribution_of(rest)
        if isinstance(inner, Scaled):
            raise ValueError(f"{text}: times stands once")
        return Scaled(inner)
    if family not in FAMILIES:
        raise ValueError(unknown("distribution", family, [*FAMILIES, "times"]))
    kind = FAMILIES[family]
    given: dict[str, float] = {}
    for i, word in enumerate(rest.split(",") if rest else []):
        name, equals, number = word.rpartition("=")
        if not kind.named and not equals and i < len(kind.takes):
            name = kind.takes[i]
        elif not kind.named or name not in kind.takes:
            raise ValueError(f"{_usage(kind)}, got {word!r} in {text!r}")
        if name in given:
            raise ValueError(f"{text}: {name} is given twice")
        try:
            given[name] = float(number)
        except ValueError:
            raise ValueError(f"{text}: {name} must be a number, got {number!r}") from None
    if not given.keys() >= {*kind.needs}:
        raise ValueError(f"{_usage(kind)}, got {text!r}")
    try:
        return kind(**given)
    except (TypeError, ValueError) as error:
        raise ValueError(str(error)) from None


def _usage(kind: type[Distribution]) -> str:
    words = [f"{name}=..." if kind.named else name.upper() for name in kind.takes]
    return f"{kind.family} takes {','.join(words)}"
