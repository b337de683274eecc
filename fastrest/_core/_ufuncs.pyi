import numpy as np

from fastrest._core._kernels import Equation

def make_ufunc(equation: Equation, name: str, doc: str) -> np.ufunc: ...
