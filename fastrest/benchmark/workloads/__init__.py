"""The workloads whose speed is tracked."""
