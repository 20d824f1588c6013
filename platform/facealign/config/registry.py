"""Names to components: what a settings file may name, and what the tests run over."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from facealign.config.errors import UserError

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """A mapping from name to component, filled by ``register`` in the component's own file.

    Args:
        kind: What is registered, as a message calls it: "method", "source".
        package: Dotted name of the module, or of the package whose modules, register themselves; they are imported
            at first use.
    """

    def __init__(self, kind: str, package: str) -> None:
        self._kind = kind
        self._package = package
        self._entries: dict[str, T] = {}
        self._discovered = False

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator: put a component under ``name``.

        Raises:
            ValueError: ``name`` is taken.
        """

        def put(component: T) -> T:
            if name in self._entries:
                raise ValueError(f"{self._kind} {name!r} is registered twice; give one of the two another name")
            self._entries[name] = component
            return component

        return put

    def __getitem__(self, name: str) -> T:
        self._discover()
        if name not in self._entries:
            raise UserError(f"unknown {self._kind} {name!r}; known are: {', '.join(self)}")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        self._discover()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        self._discover()
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        self._discover()
        return len(self._entries)

    def _discover(self) -> None:
        if self._discovered:
            return
        self._discovered = True
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(getattr(package, "__path__", ())):
            importlib.import_module(f"{self._package}.{module.name}")
