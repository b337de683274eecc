"""Labels of results and parameters in Datasets and files."""

from typing import Any

from fastrest.models.model import Model, Output
from fastrest.models.quantities import Parameter, Status

STATUS = "status"
STATUS_LABELS = {
    "long_name": "status",
    "flag_masks": [int(bit) for bit in Status],
    "flag_meanings": " ".join(str(bit.name) for bit in Status),
}


def labels_of(quantity: Parameter | Output) -> dict[str, str]:
    """Return the long name and unit of a parameter or an output."""
    meaning = quantity.meaning if isinstance(quantity, Parameter) else quantity.description
    return {"long_name": meaning, "units": quantity.unit or "1"}


def axis_label(model: Model, parameter: str) -> str:
    """Return the label of a plot's axis along which a parameter varies."""
    return f"{parameter} ({model.parameters[parameter].unit or 'relative'})"


def quantity_label(output: Output) -> str:
    """Return the text along an axis of an output."""
    return f"{output.description} ({output.unit})"


def result_names(model: Model) -> tuple[Any, ...]:
    """Return the names of results in Datasets and data frames."""
    return (*model.outputs, STATUS)
