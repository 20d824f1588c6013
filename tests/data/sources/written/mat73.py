"""MATLAB's version 7.3 as MATLAB writes it: text before the HDF5, arrays by columns, cells as references."""

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

_BLOCK = 512


def write_mat73(path: Path, matrices: dict[str, np.ndarray], cells: dict[str, Sequence[np.ndarray]]) -> None:
    """``cells`` become columns of cells; arrays are given in MATLAB's order of axes."""
    with h5py.File(path, "w", userblock_size=_BLOCK) as file:
        for name, matrix in matrices.items():
            put(file, name, matrix)
        for name, arrays in cells.items():
            references = []
            for i, array in enumerate(arrays):
                put(file, f"#refs#/{name}{i}", array)
                references.append(file[f"#refs#/{name}{i}"].ref)
            cell = file.create_dataset(name, (1, len(arrays)), dtype=h5py.ref_dtype)
            cell[0] = references
            cell.attrs["MATLAB_class"] = np.bytes_("cell")
    header = f"{'MATLAB 7.3 MAT-file, Platform: GLNXA64':<124}".encode() + b"\x00\x02IM"
    with path.open("r+b") as stream:
        stream.write(header.ljust(_BLOCK, b"\0"))


def put(file: h5py.File, name: str, array: np.ndarray) -> None:
    """An array of numbers, compressed."""
    data = file.create_dataset(name, data=np.ascontiguousarray(array.T), chunks=True, compression="gzip")
    names = {"float64": "double", "uint8": "uint8"}
    data.attrs["MATLAB_class"] = np.bytes_(names.get(array.dtype.name, array.dtype.name))
