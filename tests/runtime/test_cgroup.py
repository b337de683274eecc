"""Limits of control groups, of both versions, in a file system that the tests make."""

import pytest

from fastrest.runtime import cgroup


@pytest.fixture
def write(monkeypatch, tmp_path):
    monkeypatch.setattr(cgroup, "ROOT", tmp_path)

    def to(path, text):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    return to


def test_limits_of_the_own_group_and_of_those_above_are_seen(write):
    write("proc/self/cgroup", "0::/user.slice/job.scope\n")
    for folder, cpus, limit in [("", "max", "max"), ("/user.slice", "800000", "5000"),
                                ("/user.slice/job.scope", "150000", "9000")]:  # fmt: skip
        write(f"sys/fs/cgroup{folder}/cpu.max", f"{cpus} 100000\n")
        write(f"sys/fs/cgroup{folder}/memory.max", f"{limit}\n")
        write(f"sys/fs/cgroup{folder}/memory.current", "1000\n")
        write(f"sys/fs/cgroup{folder}/memory.stat", "anon 5\ninactive_file 100\n")

    assert list(cgroup.cpu_quotas()) == [1.5, 8.0]
    assert list(cgroup.free_memory()) == [8100, 4100]


def test_limits_of_version_1_are_seen(write):
    write("proc/self/cgroup", "4:memory:/slurm/job\n3:cpu,cpuacct:/slurm\n1:name=systemd:/x\n")
    write("sys/fs/cgroup/cpu,cpuacct/slurm/cpu.cfs_quota_us", "250000")
    write("sys/fs/cgroup/cpu,cpuacct/slurm/cpu.cfs_period_us", "100000")
    write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1")
    write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000")
    write("sys/fs/cgroup/memory/slurm/job/memory.limit_in_bytes", "5000")
    write("sys/fs/cgroup/memory/slurm/job/memory.usage_in_bytes", "6000")
    write("sys/fs/cgroup/memory/slurm/job/memory.stat", "total_inactive_file 1500")

    assert list(cgroup.cpu_quotas()) == [2.5]
    assert list(cgroup.free_memory()) == [500]


@pytest.mark.parametrize("text", ["", "nonsense", "0::/../../elsewhere", ":::", "0::/absent/group"])
def test_a_group_that_is_not_seen_has_no_limit(write, text):
    write("proc/self/cgroup", text)
    assert list(cgroup.cpu_quotas()) == []
    assert list(cgroup.free_memory()) == []
