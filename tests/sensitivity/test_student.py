"""Student's t: its quantiles against those of scipy."""

import pytest
from scipy import stats

from fastrest.sensitivity.estimators import student


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 15, 31, 100])
def test_student_equals_scipys(freedom):
    assert student(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)
