"""MATLAB's ``.mat`` files of version 7.3, which are HDF5: the form that COFW comes in.

The files come from the network. Nothing is read but the variables asked for, and of a cell array the one cell;
links, data kept in other files and unusual compression are refused; sizes are checked before anything is
allocated.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from facealign.config import open_file
from facealign.data.record import BadSample

_MEGABYTES = 256
_HDF5_FILTERS = (1, 2, 3)  # deflate, shuffle, Fletcher's checksum: what MATLAB uses; others may be plug-ins
_FETCH_AGAIN = "the file is damaged; fetch it again"


class MatFile73:
    """An open file, to be used in a ``with`` statement.

    MATLAB keeps arrays by columns and HDF5 by rows: a 507 × 87 matrix is stored as 87 × 507. What is given here
    has MATLAB's order of axes.

    Args:
        path: The file.
        place: What messages call it.

    Raises:
        BadSample: On entering: the file cannot be read, or is not of version 7.3.
    """

    def __init__(self, path: Path, place: str) -> None:
        self._path, self._place = path, place
        self._file: Any = None

    def __enter__(self) -> Self:
        import h5py  # large: settings are read without it

        self._check_kind()
        with self._reporting(self._place):
            # Data sets lie on read-only and network file systems, where locks fail.
            self._file = h5py.File(self._path, "r", locking=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def matrix(self, name: str, columns: int) -> NDArray[np.float64]:
        """A matrix of real numbers with ``columns`` columns.

        Raises:
            BadSample: There is none, or it is of another kind or shape.
        """
        with self._reporting(f"{self._place}:{name}"):
            data = self._checked(self._variable(name), f"{self._place}:{name}")
            if data.ndim != 2 or data.shape[0] != columns or data.dtype.kind not in "fiu":
                shape = " × ".join(map(str, reversed(data.shape)))
                raise BadSample(
                    f"{self._place}:{name}",
                    f"is {shape or 'one'} of {data.dtype}; it should be rows of {columns} numbers",
                )
            return np.ascontiguousarray(data[()].T, dtype=np.float64)

    def cells(self, name: str) -> int:
        """How many cells a row or column of cells has.

        Raises:
            BadSample: There is none, or it is something else.
        """
        with self._reporting(f"{self._place}:{name}"):
            return int(self._cell_array(name).size)

    def cell(self, name: str, index: int) -> NDArray[Any]:
        """The array in cell ``index``, counted from 0.

        Raises:
            BadSample: There is no such cell, or it holds no array.
        """
        place = f"{self._place}:{name}{{{index + 1}}}"
        with self._reporting(place):
            array = self._cell_array(name)
            if not 0 <= index < array.size:
                raise BadSample(place, f"{name} has {array.size} cells")
            reference = array[(0, index) if array.shape[0] == 1 else (index, 0)]
            if not reference:
                raise BadSample(place, "is empty")
            return np.asarray(self._checked(self._file[reference], place)[()].T)

    def _variable(self, name: str) -> Any:
        import h5py

        link = self._file.get(name, getlink=True)
        if link is None:
            there = ", ".join(ascii(key)[1:-1] for key in list(self._file)[:8]) or "nothing"
            raise BadSample(self._place, f"has no variable {name}; it holds {there}")
        if not isinstance(link, h5py.HardLink):
            raise BadSample(self._place, f"{name} is a link to somewhere else; fetch the original file")
        return self._file[name]

    def _cell_array(self, name: str) -> Any:
        import h5py

        array = self._checked(self._variable(name), self._place)
        if h5py.check_ref_dtype(array.dtype) is not h5py.Reference or array.ndim != 2 or 1 not in array.shape:
            raise BadSample(self._place, f"{name} is not a row or a column of cells")
        return array

    def _checked(self, data: Any, place: str) -> Any:
        """The HDF5 dataset, once it is clear that reading it stays inside this file and within bounds."""
        import h5py

        if not isinstance(data, h5py.Dataset):
            raise BadSample(place, "is not an array")
        if data.external or data.is_virtual:
            raise BadSample(place, "is kept in another file; fetch the original file")
        layout = data.id.get_create_plist()
        filters = [layout.get_filter(i)[0] for i in range(layout.get_nfilters())]
        if not set(filters) <= set(_HDF5_FILTERS):
            raise BadSample(place, f"is compressed by the HDF5 filters {filters}, which MATLAB does not use")
        if data.dtype.hasobject and h5py.check_ref_dtype(data.dtype) is None:
            raise BadSample(place, f"holds values of varying length ({data.dtype}), not an array")
        if data.shape is None:
            raise BadSample(place, "is empty")
        elements = max(math.prod(data.shape), math.prod(data.chunks or (0,)))
        if elements * data.dtype.itemsize > _MEGABYTES * 2**20:
            shape = " × ".join(map(str, data.shape))
            raise BadSample(place, f"is said to be {shape} of {data.dtype}, more than {_MEGABYTES} MB")
        return data

    def _check_kind(self) -> None:
        import h5py

        try:
            with open_file(self._path) as stream:
                start = stream.read(128)
        except OSError as error:
            raise BadSample(self._place, f"cannot be read: {error.strerror}") from None
        if not h5py.is_hdf5(self._path):
            if start[126:128] in (b"IM", b"MI"):
                raise BadSample(
                    self._place, "is of MATLAB's version 5; fetch the original, which is of 7.3 (HDF5)"
                )
            raise BadSample(self._place, "is not a .mat file of MATLAB's version 7.3 (HDF5); fetch it again")

    @contextmanager
    def _reporting(self, place: str) -> Iterator[None]:
        """Translate the errors that h5py raises on damaged files into one message; it documents none."""
        try:
            yield
        except BadSample:
            raise
        except (OSError, RuntimeError, LookupError, ValueError, TypeError, ArithmeticError, MemoryError) as error:
            text = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
            raise BadSample(place, f"cannot be read ({text}); {_FETCH_AGAIN}") from None
