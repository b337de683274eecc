"""Tables of laboratories as text: reading finds out separator, decimal mark, units and encoding.

Excel, LibreOffice, R, pandas, MATLAB, Clampfit (.atf) and Igor (.itx) write such files.
"""

import codecs
import contextlib
import csv
import io
import itertools
import re
import sys
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastrest._core.validation import unknown
from fastrest.models.model import Model
from fastrest.models.quantities import Parameter
from fastrest.runtime.columns import UNITS, written

#: Largest number of columns, and lines that are looked at to find the separator.
MOST_COLUMNS, SAMPLE_LINES = 10_000, 20
#: Largest number of characters of an error, without the names of file and line.
LONGEST_ERROR = 600
#: Texts of a missing value, in small letters; Excel's errors are among them.
MISSING = frozenset(
    [
        *("", "na", "n/a", "nan", "null", "none", "missing", ".", "-", "--", "<na>", "#na", "#n/a"),
        *("#n/a n/a", "#num!", "#div/0!", "#value!", "#ref!", "#name?", "#null!", "1.#ind"),
        *("1.#qnan", "#nv", "#wert!", "#bezug!", "#zahl!", "#valeur!", "#nombre!"),
    ]
)
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eEdD][+-]?\d+)?", re.ASCII)
#: A number that may have a thousands separator in place of a decimal comma.
AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+", re.ASCII)
SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas", " ": "spaces"}
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class Column(NamedTuple):
    """A column: its header, the name and the unit in it, and the parameter or None."""

    header: str
    name: str
    unit: str
    parameter: Parameter | None


class LabTable(NamedTuple):
    """A table as it was read.

    Attributes
    ----------
    columns : dict of str to ndarray
        Numbers of parameters in the parameters' units, and kept columns, by their names.
    lines : list of list of str
        The header and the rows as they stand in the file, if they were asked for.
    separator, decimal : str
        The separator of the columns and the decimal mark.
    remarks : list of str
        Findings that a reader should know.
    """

    columns: dict[str, np.ndarray]
    lines: list[list[str]]
    separator: str
    decimal: str
    remarks: list[str]


def read(
    path: str,
    model: Model,
    rename: Mapping[str, str],
    keep: Sequence[str],
    keep_lines: bool = False,
) -> LabTable:
    """Read a table.

    Parameters
    ----------
    path : str
        The file, which may be a pipe: it is opened once. ``"-"`` is the standard input.
    model : Model
        The model whose parameters the columns hold.
    rename : mapping of str to str
        Parameters of columns that have other names.
    keep : sequence of str
        Columns that hold no parameter.
    keep_lines : bool
        True to return the text of the file as well.

    Returns
    -------
    LabTable

    Raises
    ------
    ValueError
        The file breaks a rule; the message begins with the file and the line.
    """
    with contextlib.ExitStack() as stack:
        file = sys.stdin.buffer if path == "-" else stack.enter_context(_opened(path))
        records = None
        try:
            text, encoding = _decoded(file)
            records = _Records(text)
            return _Reader(records, model, rename, keep).read(encoding, keep_lines)
        except ValueError as error:
            line = "" if records is None else f"line {records.line}: "
            why = str(error)
            if len(why) > LONGEST_ERROR:  # it quotes a field of any length
                why = f"{why[: LONGEST_ERROR // 2]} ... {why[-LONGEST_ERROR // 2 :]}"
            raise ValueError(f"{name_of(path)}: {line}{why}") from None


def name_of(path: str) -> str:
    """Return the name of a table in messages."""
    return "standard input" if path == "-" else path


# ---- text ----


def _opened(path: str) -> Any:
    try:
        return open(path, "rb")  # the caller's stack closes it
    except FileNotFoundError:
        raise FileNotFoundError(f"--table: there is no file {path}") from None
    except IsADirectoryError:
        raise IsADirectoryError(f"--table: {path} is a folder, not a file") from None


class _Again(io.RawIOBase):
    """A stream that gives bytes that were read from it once more."""

    def __init__(self, head: bytes, rest: Any):
        self.head, self.rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self.head[: len(buffer)] or self.rest.read(len(buffer))
        self.head = self.head[len(buffer) :]
        buffer[: len(found)] = found
        return len(found)


def _decoded(file: Any) -> tuple[io.TextIOWrapper, str]:
    """Return the text of a stream and the name of its encoding."""
    head = file.read(4096)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise ValueError("this is a workbook or another archive: save the sheet as CSV")
    encoding = next((name for mark, name in MARKS.items() if head.startswith(mark)), "")
    if not encoding and b"\0" in head:
        even, odd = (head[i::2].count(0) * 4 > len(head) for i in (0, 1))
        if even == odd:
            raise ValueError("this is not a text file")
        encoding = "utf-16-be" if even else "utf-16-le"
    again = io.BufferedReader(_Again(head, file))
    wanted = encoding or "utf-8"
    errors = "windows-1252" if wanted.startswith("utf-8") else "strict"
    return io.TextIOWrapper(again, wanted, errors, newline=""), wanted.upper()


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    """Decode bytes that are not UTF-8 as Excel writes them in Western Europe."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    try:
        return error.object[error.start : error.end].decode("cp1252"), error.end
    except UnicodeDecodeError:
        raise error from None


codecs.register_error("windows-1252", _as_windows)


def _preamble(lines: Iterator[str]) -> tuple[str | None, int, Iterator[str]]:
    """Return a declared separator, the number of lines above the header, and the other lines."""
    before = 0
    for line in lines:
        text = line.strip().strip('"')
        if text[:4].lower() == "sep=" and len(text) <= 5:
            return (text[4:] or "\t"), before + 1, lines
        if text.split() == ["ATF", "1.0"]:  # Axon text file: counts of records, then these records
            counts = next(lines, "").split()
            above = int(counts[0]) if counts and counts[0].isdecimal() else 0
            for _ in itertools.islice(lines, above):
                pass
            return "\t", before + 2 + above, lines
        if text == "IGOR":  # Igor text: WAVES/D names, BEGIN, rows, END
            names = next(lines, "").split("\t")[1:] or [""]
            next(lines, "")
            rows = itertools.takewhile(lambda row: row.strip() != "END", lines)
            header = "\t".join(name.strip().strip("'") for name in names)
            return "\t", before + 2, itertools.chain([header], (row.lstrip() for row in rows))
        if text and not text.startswith(("#", "%")):
            return None, before, itertools.chain([line], lines)
        before += 1
    return None, before, lines


def _separator(sample: list[str]) -> str:
    """Return the separator that divides the header, and the rows below it alike."""

    def quality(separator: str) -> tuple[bool, int, bool]:
        rows: list[list[str]] = []
        with contextlib.suppress(csv.Error):  # reading reports it with its line
            rows.extend(row for row in csv.reader(sample, delimiter=separator) if row)
        sizes = [len(row) for row in rows]
        alike = len({*sizes}) == 1 or (len({*sizes[1:]}) == 1 and sizes[1] - sizes[0] in (0, 1))
        if not sizes:
            return False, 0, False
        if separator == " ":  # a header of one name with its unit has spaces as well
            alike = alike and len(sizes) > 1 and sizes[1] > 1
            return alike and sizes[0] > 1, sizes[0] * alike, False
        alike = alike and (len({*sizes}) == 1 or separator == "\t" or rows[1][-1] == "")
        return alike and sizes[0] > 1, sizes[0], alike

    return max("\t;, ", key=quality)


class _Records:
    """The fields of each record of a table; blank lines and rows of separators are left out.

    Attributes
    ----------
    line : int
        The line in which the latest record begins: a quoted field may span several lines.
    """

    def __init__(self, text: io.TextIOWrapper):
        self.line, self._text = 1, text
        self.comments = 0
        lines: Iterator[str] = (line if line.strip() else "\n" for line in text)
        try:
            declared, self._above, lines = _preamble(lines)
            sample = list(itertools.islice(lines, SAMPLE_LINES))
        except UnicodeDecodeError as error:
            raise ValueError(f"{error}: is this a text file?") from None
        self.separator = declared or _separator(sample)
        self._reader = csv.reader(
            itertools.chain(sample, lines),
            strict=True,
            delimiter=self.separator,
            skipinitialspace=self.separator == " ",
        )
        self.line += self._above

    def __iter__(self) -> Iterator[list[str]]:
        width = 0
        while True:
            line = self._above + self._reader.line_num + 1
            try:
                fields = next(self._reader, None)
            except csv.Error as error:
                self.line = line
                raise ValueError(f"{error} (a quote left open?)") from None
            except UnicodeDecodeError as error:  # text is decoded some lines ahead
                self.line = line + error.object.count(b"\n", 0, error.start)
                raise
            if fields is None:
                return
            if any(field.strip() for field in fields) or fields == [""]:
                width = width or len(fields)
                if _is_comment(fields, width):
                    self.comments += 1
                    continue
                self.line = line
                yield fields


def _is_comment(fields: list[str], width: int) -> bool:
    """Return True for a comment between rows: a row may begin with #12 or #N/A as well."""
    first = fields[0].strip()
    begins = first.startswith(("#", "%")) and first.lower() not in MISSING
    return begins and (len(fields) != width or width == 1)


# ---- columns ----


class _Reader:
    """Columns of a table, row after row."""

    def __init__(
        self, records: _Records, model: Model, rename: Mapping[str, str], keep: Sequence[str]
    ):
        self.records, self.model, self.rename, self.keep = records, model, rename, keep
        self.decimal = ""

    def read(self, encoding: str, keep_lines: bool) -> LabTable:
        rows = iter(self.records)
        header, above = next(rows, []), self.records.line
        first, line = next(rows, None), self.records.line
        self.records.line = above  # the checks that follow are about the header
        header = _named(header, first, self.records.separator)
        for name in (*self.rename, *self.keep):
            if name not in header:
                raise ValueError(unknown("column", name, header))
        columns = [self._column(name) for name in header]
        _check_once(columns)
        self._check_permeabilities([column for column in columns if column])
        if first is None:
            raise ValueError("no rows below the header")
        found: list[Any] = [array("d") if c and c.parameter else [] for c in columns]
        numbers = [(j, c.header, found[j]) for j, c in enumerate(columns) if c and c.parameter]
        texts = [(j, found[j]) for j, c in enumerate(columns) if c and not c.parameter]
        lines = [header] if keep_lines else []
        self.records.line = line
        for fields in itertools.chain([first], rows):
            if len(fields) != len(header):
                fields = _fitted(fields, len(header))
            for j, name, column in numbers:
                column.append(self._number(name, fields[j].strip()))
            for j, kept in texts:
                kept.append(fields[j].strip())
            if keep_lines:
                lines.append(fields)
        return LabTable(
            {c.name: self._array(c, found[j]) for j, c in enumerate(columns) if c},
            lines,
            self.records.separator,
            self.decimal or ".",
            self._remarks(columns, encoding),
        )

    def _column(self, header: str) -> Column | None:
        """Return a column, or None for row names, which have no name."""
        if not header:
            return None
        match = re.fullmatch(r"(.*\S)\s*[(\[]([^()\[\]]*)[)\]]", header)
        name, unit = (header, "") if match is None else match.groups()
        if header in self.keep or name in self.keep:
            return Column(header, header, "", None)
        if header in self.rename:
            name = header
        elif name.lower() in ("t", "temp", "temperature") and unit.strip() in UNITS["°C"]:
            name = "celsius"
        parameter = self.model.parameters.get(self.rename.get(name, name))
        if parameter is None:
            raise ValueError(
                f"column {header!r}: {self.model.unknown_parameter(name)} "
                "(--rename gives the column another name, --keep carries it along)"
            )
        column = Column(header, name, written(unit), parameter)
        _conversion(column)
        return column

    def _check_permeabilities(self, columns: Sequence[Column]) -> None:
        """Raise the ValueError if permeabilities have different units: only their ratios count."""
        weights = self.model.weights
        units = {c.parameter.name: c.unit for c in columns if c.parameter}
        if any(units.get(name) for name in weights) and len({units.get(n) for n in weights}) > 1:
            raise ValueError(
                f"columns {', '.join(weights)} must all have one unit, or none: only ratios count"
            )

    def _number(self, name: str, text: str) -> float:
        """Return the number of a field, NaN if it is missing; the first mark seen is the mark."""
        text = text.replace("\u2212", "-")  # a minus sign
        try:
            if "," not in text and self.decimal != ",":
                if "." in text:
                    self.decimal = "."
                if text.isascii() and "_" not in text:  # Python alone reads 1_000 as a number
                    return float(text)
        except ValueError:
            pass
        if text.lower() in MISSING:
            return np.nan
        if NUMBER.fullmatch(text) or AMBIGUOUS.fullmatch(text):
            mark = "," if "," in text else "." if "." in text else self.decimal
            comma = mark == "," and not self.decimal and self.records.separator != ";"
            if (comma and AMBIGUOUS.fullmatch(text)) or text.count(",") > 1:
                raise ValueError(
                    f"column {name!r}: {text!r} may have a separator of thousands or a decimal "
                    "comma: write the numbers of this table without separators of thousands"
                )
            if self.decimal in ("", mark):
                self.decimal = mark
                return float(text.replace(",", ".").replace("d", "e").replace("D", "e"))
        mark = {".": "point", ",": "comma", "": ""}[self.decimal]
        hint = f" (the decimal mark of this table is a {mark})" if NUMBER.fullmatch(text) else ""
        raise ValueError(
            f"column {name!r} must be a number, or empty if it is missing, got {text!r}{hint}"
        )

    def _array(self, column: Column, values: Any) -> np.ndarray:
        if column.parameter:
            factor, offset = _conversion(column)
            return np.asarray(values) * factor + offset
        if all(re.fullmatch(r"-?[1-9]\d{0,17}|0", text, re.ASCII) for text in values):
            return np.array(values, dtype=np.int64)
        try:  # identifiers such as 007, or of more digits than doubles hold, are text
            if not any(re.match(r"[+-]?(0\d|\d{16})", text) for text in values):
                return np.array([self._number(column.header, text) for text in values])
        except ValueError:
            pass
        return np.array(values, dtype=np.str_)

    def _remarks(self, columns: Sequence[Column | None], encoding: str) -> list[str]:
        found = []
        if self.records.separator != "," and len(columns) > 1:
            found.append(f"columns separated by {SEPARATORS.get(self.records.separator, 'marks')}")
        if self.decimal == ",":
            found.append("decimal commas")
        if not encoding.startswith("UTF-8"):
            found.append(f"text in {encoding}")
        if any(column is None for column in columns):
            found.append("row names in the first column")
        if self.records.comments:
            found.append("comments left out")
        for column in columns:
            if column and column.parameter and _conversion(column) != (1.0, 0.0):
                found.append(f"{column.header} converted to {column.parameter.unit}")
        return found


def _named(header: list[str], first: list[str] | None, separator: str) -> list[str]:
    """Return the names of the columns; that of row names is empty."""
    names = [name.strip() for name in header]
    while names and not names[-1]:  # commas at the end of each line, as Excel leaves them
        names.pop()
    if not names:
        raise ValueError("a header with column names is needed")
    if len(names) > MOST_COLUMNS:
        raise ValueError(f"a table may have {MOST_COLUMNS:,} columns, got {len(names):,}")
    for name, count in Counter(names).items():
        if count > 1 or (not name and names[0]):
            raise ValueError(f"each column needs its own name, got {name!r}")
    if first and separator in "\t " and len(first) == len(names) + 1 and first[-1].strip():
        names.insert(0, "")  # R leaves out the name of the row names
    return names


def _check_once(columns: Sequence[Column | None]) -> None:
    """Raise the ValueError for two columns of one parameter, such as K_out (mM) and K_out (M)."""
    seen: dict[str, str] = {}
    for column in filter(None, columns):
        if column.name in seen:
            raise ValueError(
                f"columns {seen[column.name]!r} and {column.header!r} both have values of "
                f"{column.name}: carry one along by --keep"
            )
        seen[column.name] = column.header


def _fitted(fields: list[str], count: int) -> list[str]:
    """Return the fields of a row without empty ones beyond the header."""
    if len(fields) > count and not any(field.strip() for field in fields[count:]):
        return fields[:count]
    raise ValueError(f"{len(fields)} values for {count} columns")


def _conversion(column: Column) -> tuple[float, float]:
    """Return factor and offset from a column's unit to its parameter's."""
    assert column.parameter is not None
    unit, known = column.parameter.unit, UNITS[column.parameter.unit]
    if column.unit in ("", "1") or (not unit and column.parameter.name != "pump_ratio"):
        return 1.0, 0.0  # permeabilities have one unit, which has been checked
    if column.unit not in known:
        rule = unit or "no unit"
        raise ValueError(f"column {column.header!r} must be in {rule}, got {column.unit!r}")
    return known[column.unit]
