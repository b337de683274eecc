"""Direction numbers of the Sobol' sequence, and their scrambling.

A coordinate of a point, as a whole number, is the exclusive or of one direction number for each bit
that is set in the Gray code of the point's index. Scrambling changes the direction numbers and the
first point only, so one kernel draws both. The plain sequence is that of
``scipy.stats.qmc.Sobol(scramble=False, bits=BITS)``; scrambling is the method of scipy's
``scramble=True``, with other random numbers.
"""

import functools
from collections.abc import Sequence

import numpy as np

from fastrest._core import _samples

BITS = _samples.BITS

#: For each dimension from the second: its primitive polynomial, as the bits of a number, and its
#: first odd numbers m. These are the first dimensions of the table new-joe-kuo-6.21201 of Joe & Kuo
#: 2008, doi:10.1137/070709359, found by their search criterion D(6).
JOE_KUO = """
3:1 7:1,3 11:1,3,1 13:1,1,1 19:1,1,3,3 25:1,3,5,13 37:1,1,5,5,17 41:1,1,5,5,5 47:1,1,7,11,19
55:1,1,5,1,1 59:1,1,1,3,11 61:1,3,5,5,31 67:1,3,3,9,7,49 91:1,1,1,15,21,21 97:1,3,1,13,27,49
103:1,1,1,15,7,5 109:1,3,1,15,13,25 115:1,1,5,5,19,61 131:1,3,7,11,23,15,103
137:1,3,7,13,13,15,69 143:1,1,3,13,7,35,63 145:1,3,5,9,1,25,53 157:1,3,1,13,9,35,107
167:1,3,1,5,27,61,31 171:1,1,5,11,19,41,61 185:1,3,5,3,3,13,69 191:1,1,7,13,1,19,1
193:1,3,7,5,13,19,59 203:1,1,3,9,25,29,41 211:1,3,5,13,23,1,55 213:1,3,7,3,13,59,17
229:1,3,1,3,5,53,69 239:1,1,5,5,23,33,13 241:1,1,7,7,1,61,123 247:1,1,7,9,13,61,49
253:1,3,3,5,3,55,33 285:1,3,1,15,31,13,49,245 299:1,3,5,15,31,59,63,97
301:1,3,1,11,11,11,77,249 333:1,3,1,11,27,43,71,9 351:1,1,7,15,21,11,81,45
355:1,3,7,3,25,31,65,79 357:1,3,1,1,19,11,3,205 361:1,1,5,9,19,21,29,157
369:1,3,7,11,1,33,89,185 391:1,3,3,3,15,9,79,71 397:1,3,7,11,15,39,119,27
425:1,1,3,1,11,31,97,225 451:1,1,1,3,23,43,57,177 463:1,3,7,7,17,17,37,71
487:1,3,1,5,27,63,123,213 501:1,1,3,5,11,43,53,133 529:1,3,5,5,29,17,47,173,479
539:1,3,3,11,3,1,109,9,69 545:1,1,1,5,17,39,23,5,343 557:1,3,1,5,25,15,31,103,499
563:1,1,1,11,11,17,63,105,183 601:1,1,5,11,9,29,97,231,363 607:1,1,5,15,19,45,41,7,383
617:1,3,7,7,31,19,83,137,221 623:1,1,1,3,23,15,111,223,83 631:1,1,5,13,31,15,55,25,161
637:1,1,3,13,25,47,39,87,257 647:1,1,1,11,21,53,125,249,293 661:1,1,7,11,11,7,57,79,323
675:1,1,5,5,17,13,81,3,131 677:1,1,7,13,23,7,65,251,475 687:1,3,5,1,9,43,3,149,11
695:1,1,3,13,31,13,13,255,487 701:1,3,3,1,5,63,89,91,127 719:1,1,3,3,1,19,123,127,237
721:1,1,5,7,23,31,37,243,289 731:1,1,5,11,17,53,117,183,491 757:1,1,1,5,1,13,13,209,345
761:1,1,3,15,1,57,115,7,33
"""


@functools.cache
def sobol_directions(dimensions: int) -> np.ndarray:
    """Return the direction numbers of the first dimensions.

    Parameters
    ----------
    dimensions : int
        The number of dimensions.

    Returns
    -------
    ndarray of uint64, (dimensions, BITS)
        Of bit 0, 1, ... of the Gray code in turn. Read-only.

    Raises
    ------
    ValueError
        The table has fewer dimensions.

    Examples
    --------
    >>> from fastrest.points.sobol_sequence import sobol_directions
    >>> [hex(one) for one in sobol_directions(2)[1, :3].tolist()]
    ['0x8000000000000', '0xc000000000000', '0xa000000000000']
    """
    table = JOE_KUO.split()
    if dimensions > len(table) + 1:
        raise ValueError(f"at most {len(table) + 1} dimensions, got {dimensions}")
    found = [[1 << (BITS - 1 - bit) for bit in range(BITS)]]
    for row in table[: dimensions - 1]:
        text, _, odd = row.partition(":")
        polynomial, m = int(text), [int(number) for number in odd.split(",")]
        degree = len(m)
        for k in range(degree, BITS):  # Bratley & Fox 1988, recurrence of m
            new = m[k - degree]
            for i in range(1, degree + 1):
                if polynomial >> (degree - i) & 1:
                    new ^= m[k - i] << i
            m.append(new)
        found.append([number << (BITS - 1 - bit) for bit, number in enumerate(m)])
    directions = np.array(found, np.uint64)
    directions.flags.writeable = False
    return directions


def scrambled_directions(
    dimensions: int, seeds: "Sequence[np.random.SeedSequence]"
) -> tuple[np.ndarray, np.ndarray]:
    """Return the direction numbers and first points of randomly scrambled sequences.

    The method is a linear matrix scramble with a digital shift (Matousek 1998,
    doi:10.1006/jcom.1998.0489). A random lower triangular matrix with ones on its diagonal mixes
    the binary digits of each dimension, and random digits are added. Every point is then uniform,
    and the points together fill the cube as evenly as before.

    Parameters
    ----------
    dimensions : int
        The number of dimensions.
    seeds : sequence of SeedSequence
        One for each sequence.

    Returns
    -------
    directions : ndarray of uint64, (seeds, dimensions, BITS)
    shifts : ndarray of uint64, (seeds, dimensions)
    """
    words = np.array([np.random.Philox(s).random_raw((dimensions, BITS + 1)) for s in seeds])
    words >>= np.uint64(64 - BITS)
    before = sobol_directions(dimensions)
    after = np.zeros((len(seeds), *before.shape), np.uint64)
    for digit in range(BITS):  # 0 is the most significant; a one there changes it and later digits
        place = np.uint64(BITS - 1 - digit)
        one = np.uint64(1) << place
        column = (words[..., digit] & (one - np.uint64(1))) | one
        after ^= (before >> place & np.uint64(1)) * column[..., None]
    return after, words[..., BITS].copy()
