"""The list of all workloads."""

from fastrest.benchmark.workloads.base import Workload
from fastrest.benchmark.workloads.reductions import FactoredWorkload, SummaryWorkload
from fastrest.benchmark.workloads.spaces import ExactWorkload, PopulationWorkload, SampledWorkload
from fastrest.benchmark.workloads.values import GridWorkload, ScalarWorkload, TableWorkload

#: The workloads by name, in the order in which they are measured and shown.
WORKLOADS: dict[str, type[Workload]] = {
    one.name: one
    for one in (
        TableWorkload,
        GridWorkload,
        SummaryWorkload,
        FactoredWorkload,
        SampledWorkload,
        ExactWorkload,
        PopulationWorkload,
        ScalarWorkload,
    )
}
